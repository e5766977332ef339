#version 430
// What the lobe sends to a viewer of light from everywhere, over the root of n_v (columns) and roughness (rows):
// x for a mirror, y for Schlick's edge alone.

#include "brdf.glsl"

uniform int side;  // of the table

const int STEPS = 48;  // along each of two random numbers

layout(location = 0) out vec2 share;

// The mean over the microfacets that the viewer sees.
// Source: Dupuy & Benyoub, "Sampling Visible GGX Normals with Spherical Caps" (2023).
void main() {
    vec2 place = (gl_FragCoord.xy - 0.5) / float(side - 1);
    float n_v = max(place.x * place.x, 1e-4), roughness = max(place.y, SMOOTHEST), alpha = roughness * roughness;
    float unmasked = n_v + sqrt(n_v * n_v * (1.0 - alpha * alpha) + alpha * alpha);
    vec3 view = vec3(sqrt(1.0 - n_v * n_v), 0.0, n_v), stretch = vec3(alpha, alpha, 1.0);
    vec3 pole = normalize(view * stretch);
    share = vec2(0.0);
    for (int k = 0; k < STEPS * STEPS; k++) {
        float up = mix(1.0, -pole.z, (float(k / STEPS) + 0.5) / float(STEPS));
        float turn = 3.14159265 * (float(k % STEPS) + 0.5) / float(STEPS);  // half: the other is its mirror image
        vec3 cap = vec3(sqrt(1.0 - up * up) * vec2(cos(turn), sin(turn)), up);
        vec3 halfway = normalize((cap + pole) * stretch);
        float v_h = dot(view, halfway), n_l = 2.0 * v_h * halfway.z - n_v;
        if (n_l <= 0.0) continue;
        float weight = 2.0 * n_l * visibility(alpha, n_l, n_v) * unmasked / float(STEPS * STEPS);
        share += weight * vec2(1.0, fresnel(vec3(0.0), v_h).x);
    }
}
