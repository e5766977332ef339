// What comes to a point from all around and past what stands near, from half resolution.

#include "packed.glsl"
#ifdef BEYOND_HALF
#include "field.glsl"
#endif

uniform sampler2D opens;    // light, and openness with depth
uniform vec4 lens;          // 1 / focal lengths, principal point, whole pixels
uniform ivec4 open_bounds;  // half pixels of this view: left, top, right, bottom, inside
uniform float samples;      // pixels of this picture along the side of one
uniform mat3 world_from_view;
uniform vec3 eye;           // where the view is, world frame, m

struct Around {
    vec3 light;  // what a white diffuse surface reads that is not bent
    float open;  // share of all directions in which nothing stands near
};

Around around_of(vec3 at, vec3 facing) {
    vec2 where = gl_FragCoord.xy / (2.0 * samples) - 0.25;
    ivec2 corner = ivec2(floor(where));
    vec2 share = where - vec2(corner);
    float weights = 0.0, beside = 0.0, scale = 1.0 / (at.z * (0.01 + 2.0 * lens.x)), plane = dot(facing, at);
    Around sum = Around(vec3(0.0), 0.0);
    for (int i = 0; i < 4; i++) {
        ivec2 step_to = ivec2(i & 1, i >> 1), there = clamp(corner + step_to, open_bounds.xy, open_bounds.zw);
        vec4 other = texelFetch(opens, there, 0);
        vec3 place = depth_of(other.w) * vec3((vec2(2 * there) + 0.5 - lens.zw) * lens.xy, 1.0);
        vec2 near = mix(1.0 - share, share, vec2(step_to));
        float in_plane = clamp(1.0 - abs(dot(facing, place) - plane) * scale, 0.0, 1.0);
        float weight = (near.x * near.y + 0.01) * (in_plane + 1e-3);
        sum.light += weight * other.rgb;
        sum.open += weight * open_of(other.w);
        weights += weight;
        beside += in_plane;
    }
    sum.light /= weights;
    sum.open /= weights;
#ifdef BEYOND_HALF
    // Where half resolution knows nothing of this surface. Loops end early, branches skip nothing.
    for (int i = 0; i < (beside < 0.1 ? 1 : 0); i++)
        sum.light = field_light(world_from_view * at + eye, world_from_view * facing);
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
