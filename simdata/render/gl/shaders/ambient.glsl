// Openness of a point, from half resolution, and what it does to light from everywhere.

uniform sampler2D opens;  // openness, depth
uniform vec4 lens;        // 1 / focal lengths, principal point, whole pixels
uniform ivec4 open_bounds;  // half pixels of this view: left, top, right, bottom, inside
uniform float samples;    // pixels of this picture along the side of one

float openness(vec3 at, vec3 facing) {
    vec2 where = gl_FragCoord.xy / (2.0 * samples) - 0.25;
    ivec2 corner = ivec2(floor(where));
    vec2 share = where - vec2(corner);
    float sum = 0.0, weights = 0.0, scale = 1.0 / (at.z * (0.01 + 2.0 * lens.x)), plane = dot(facing, at);
    for (int i = 0; i < 4; i++) {
        ivec2 step_to = ivec2(i & 1, i >> 1), there = clamp(corner + step_to, open_bounds.xy, open_bounds.zw);
        vec2 other = texelFetch(opens, there, 0).rg;
        vec3 place = other.y * vec3((vec2(2 * there) + 0.5 - lens.zw) * lens.xy, 1.0);
        vec2 near = mix(1.0 - share, share, vec2(step_to));
        float weight = (near.x * near.y + 0.01) * (clamp(1.0 - abs(dot(facing, place) - plane) * scale, 0.0, 1.0) + 1e-3);
        sum += weight * other.x;
        weights += weight;
    }
    return sum / weights;
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
