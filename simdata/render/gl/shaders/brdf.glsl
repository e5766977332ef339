// Metal/rough surfaces, varnished or not. Radiances are in units where a white diffuse surface that faces a light
// of strength 1 reads 1, so the 1 / pi of Lambert's law is in the strength and the lobe below carries a pi.

struct Surface {
    vec3 diffuse;       // albedo of the part that scatters, less what the glossy part keeps from it
    vec3 specular;      // reflectance at normal incidence
    float roughness;
    float alpha;        // GGX width: roughness squared
    vec3 normal;        // bent by the relief
    vec3 view;          // unit, from the surface, as are all three
    vec3 facing;        // not bent: of the varnish
    vec3 glossy;        // share of light from everywhere that the glossy part sends to the viewer
    vec3 gain;          // of the lobe: light that leaves after several bounces, or off the back of a pane
    float coat;         // how much of a varnish is on top …
    float coat_roughness;
    float veil;         // … and the share of light that it keeps from what is below
    vec3 emission;
    vec3 through;       // share of the light behind that comes through, tinted
};

uniform sampler2D albedo;  // `albedo.frag`

const float SMOOTHEST = 0.05;  // roughness of the sharpest lobe
const float DIELECTRIC = 0.04;  // reflectance at normal incidence of a refractive index of 1.5

// Source: Schlick, "An Inexpensive BRDF Model for Physically-based Rendering" (1994).
vec3 fresnel(vec3 at_normal, float cosine) {
    float edge = 1.0 - cosine;
    return at_normal + (1.0 - at_normal) * (edge * edge) * (edge * edge) * edge;
}

// The height-correlated Smith term over 4 n_l n_v.
// Source: Heitz, "Understanding the Masking-Shadowing Function in Microfacet-Based BRDFs" (2014), eq. 99.
float visibility(float alpha, float n_l, float n_v) {
    float a2 = alpha * alpha;
    float masking = n_l * sqrt(n_v * n_v * (1.0 - a2) + a2) + n_v * sqrt(n_l * n_l * (1.0 - a2) + a2);
    return 0.5 / max(masking, 1e-5);
}

// pi * D * V of the microfacet model: GGX.
// Source: Walter et al., "Microfacet Models for Refraction" (2007).
float lobe(float alpha, float n_h, float n_l, float n_v) {
    float a2 = alpha * alpha;
    float d = n_h * n_h * (a2 - 1.0) + 1.0;
    return a2 / (d * d) * visibility(alpha, n_l, n_v);
}

// What the lobe sends to the viewer of light from everywhere: x for a mirror, y for Schlick's edge alone.
vec2 of_everywhere(float roughness, float n_v) {
    vec2 last = vec2(textureSize(albedo, 0) - 1);
    return textureLod(albedo, (vec2(sqrt(n_v), roughness) * last + 0.5) / (last + 1.0), 0.0).rg;
}

// Give the glossy part its share: what leaves after several bounces among the microfacets is not lost.
// Source: Turquin, "Practical Multiple Scattering Compensation for Microfacet Models" (2019).
void share_out(inout Surface surface) {
    vec2 share = of_everywhere(surface.roughness, max(dot(surface.normal, surface.view), 0.0));
    surface.gain = 1.0 + surface.specular * (1.0 / share.x - 1.0);
    surface.glossy = mix(share.yyy, share.xxx, surface.specular) * surface.gain;
    surface.diffuse *= 1.0 - mix(share.y, share.x, DIELECTRIC) * (1.0 + DIELECTRIC * (1.0 / share.x - 1.0));
    share = of_everywhere(surface.coat_roughness, max(dot(surface.facing, surface.view), 0.0));
    surface.veil = surface.coat * mix(share.y, share.x, DIELECTRIC);
}

// Let light through a thin wall: it mirrors on both sides, 2 R / (1 + R) in all, and tints the rest by how far that
// goes within.
// Source: Pharr, Jakob & Humphreys, "Physically Based Rendering" (2023), 9.5 (thin dielectrics); Snell and Beer for
// the way within.
void glaze(inout Surface surface, vec3 tint, float transmission) {
    vec3 both = 2.0 / (1.0 + surface.glossy);
    float sine = length(cross(surface.normal, surface.view)) / 1.5;
    vec3 tinted = pow(tint, vec3(inversesqrt(1.0 - sine * sine)));
    surface.through = transmission * (1.0 - both * surface.glossy) * tinted;
    surface.gain *= mix(vec3(1.0), both, transmission);
    surface.glossy *= mix(vec3(1.0), both, transmission);
    surface.diffuse *= 1.0 - transmission;
}

// The varnish alone.
Surface varnish(Surface surface) {
    float roughness = surface.coat_roughness;
    vec3 none = vec3(0.0), glossy = vec3(surface.veil);
    return Surface(none, vec3(DIELECTRIC), roughness, roughness * roughness, surface.facing, surface.view,
        surface.facing, glossy, vec3(surface.coat), 0.0, roughness, 0.0, none, none);
}

vec3 glint(Surface surface, vec3 normal, vec3 to_light, vec3 at_normal, float alpha) {
    vec3 halfway = normalize(surface.view + to_light);
    float n_l = max(dot(normal, to_light), 0.0), n_v = max(dot(normal, surface.view), 1e-4);
    float n_h = max(dot(normal, halfway), 0.0);
    return n_l * lobe(alpha, n_h, n_l, n_v) * fresnel(at_normal, max(dot(surface.view, halfway), 0.0));
}

// 1 where it is varnished: loops end early, branches skip nothing.
int coats(Surface surface) { return int(ceil(surface.coat)); }

// What a light of strength 1 from `to_light` (unit) makes the surface send to the viewer.
vec3 reflected(Surface surface, vec3 to_light) {
    vec3 scattered = surface.diffuse * max(dot(surface.normal, to_light), 0.0);
    vec3 glossy = surface.gain * glint(surface, surface.normal, to_light, surface.specular, surface.alpha);
    vec3 light = (1.0 - surface.veil) * (scattered + glossy);
    for (int coat = 0; coat < coats(surface); coat++) {
        float alpha = surface.coat_roughness * surface.coat_roughness;
        light += surface.coat * glint(surface, surface.facing, to_light, vec3(DIELECTRIC), alpha);
    }
    return light;
}
