// What comes to a point from all around and past what stands near, from half resolution.

#include "packed.glsl"
#include "around.glsl"

uniform sampler2D opens;    // light, its red with what is mirrored; depth with openness
uniform vec4 lens;          // 1 / focal lengths, principal point, whole pixels
uniform ivec4 open_bounds;  // half pixels of this view: left, top, right, bottom, inside
uniform float samples;      // pixels of this picture along the side of one

struct Around {
    Lit lit;     // by the surface that is not bent
    float open;  // share of all directions in which nothing stands near
};

Around around_of(vec3 at, vec3 facing) {
    vec2 where = gl_FragCoord.xy / (2.0 * samples) - 0.25;
    ivec2 corner = ivec2(floor(where));
    vec2 share = where - vec2(corner);
    float weights = 0.0, beside = 0.0, scale = 1.0 / (at.z * (0.01 + 2.0 * lens.x)), plane = dot(facing, at);
    Around sum = Around(Lit(vec3(0.0), 0.0), 0.0);
    for (int i = 0; i < 4; i++) {
        ivec2 step_to = ivec2(i & 1, i >> 1), there = clamp(corner + step_to, open_bounds.xy, open_bounds.zw);
        vec4 other = texelFetch(opens, there, 0);
        vec3 place = number_of(other.w) * vec3((vec2(2 * there) + 0.5 - lens.zw) * lens.xy, 1.0);
        vec2 near = mix(1.0 - share, share, vec2(step_to));
        float in_plane = clamp(1.0 - abs(dot(facing, place) - plane) * scale, 0.0, 1.0);
        float weight = (near.x * near.y + 0.01) * (in_plane + 1e-3);
        sum.lit.light += weight * other.rgb;
        sum.lit.mirrored += weight * share_of(other.r);
        sum.open += weight * share_of(other.w);
        weights += weight;
        beside += in_plane;
    }
    sum.lit.light /= weights;
    sum.lit.mirrored /= weights;
    sum.open /= weights;
#ifdef BEYOND_HALF
    // Where half resolution knows nothing of this surface. Loops end early, branches skip nothing.
    for (int i = 0; i < (beside < 0.1 ? 1 : 0); i++)
        sum.lit = lit_around(at, facing);
#endif
    return sum;
}

// What is near and hides the sky is lit, too: less is lost, the brighter the surface.
// Source: Jimenez et al. (2016), section 5: a cubic fit to traced paths.
vec3 brightened(float open, vec3 albedo) {
    vec3 a = 2.0404 * albedo - 0.3324, b = -4.7951 * albedo + 0.6417, c = 2.7552 * albedo + 0.6903;
    return max(vec3(open), ((open * a + b) * open + c) * open);
}

// The share of what is mirrored that comes past what stands near.
// Source: Lagarde & de Rousiers, "Moving Frostbite to Physically Based Rendering" (2014), listing 26.
float glossy_openness(float open, float n_v, float roughness) {
    return clamp(pow(n_v + open, exp2(-16.0 * roughness - 1.0)) - 1.0 + open, 0.0, 1.0);
}
