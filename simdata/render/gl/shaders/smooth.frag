#version 430
// Light from all around, and the mean of 4 x 4 half pixels' openness, of those that lie in one plane.

#include "around.glsl"
#include "packed.glsl"

uniform sampler2D opens;    // and depth
uniform sampler2D normals;  // of whole pixels, view frame
uniform ivec4 bounds;       // whole pixels
uniform vec4 lens;

layout(location = 0) out vec4 around;  // light, its red with what is mirrored; depth with openness

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy), low = bounds.xy / 2, high = (bounds.zw - 1) / 2;
    vec2 own = texelFetch(opens, here, 0).rg;
    around = vec4(0.0);
    if (own.y == 0.0) return;
    ivec2 pixel = clamp(2 * here, bounds.xy, bounds.zw - 1);
    vec3 normal = texelFetch(normals, pixel, 0).xyz, at = own.y * vec3((vec2(pixel) + 0.5 - lens.zw) * lens.xy, 1.0);
    float plane = dot(normal, at);
    float scale = 1.0 / (own.y * (0.02 + 4.0 * lens.x)), sum = 0.0, weights = 0.0;
    for (int y = -2; y < 2; y++)
        for (int x = -2; x < 2; x++) {
            ivec2 there = clamp(here + ivec2(x, y), low, high);
            vec2 other = texelFetch(opens, there, 0).rg;
            vec3 place = other.y * vec3((vec2(2 * there) + 0.5 - lens.zw) * lens.xy, 1.0);
            float weight = clamp(1.0 - abs(dot(normal, place) - plane) * scale, 0.0, 1.0) * step(1e-9, other.y) + 1e-4;
            sum += weight * other.x;
            weights += weight;
        }
    Lit lit = lit_around(at, normal);
    around = vec4(lit.light, packed_share(sum / weights, own.y));
    around.r = packed_share(lit.mirrored, around.r);
}
