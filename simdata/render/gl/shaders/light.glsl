// Lights, and how much of each a point receives.

// In plain uniforms: llvmpipe gathers what is in storage buffers pixel by pixel, which costs as much as all
// else together.

const int MAX_LIGHTS = 16, MAX_SHADOWS = 4;
uniform int lamp_count;   // suns and lamps come first …
uniform int light_count;  // … then rectangles
uniform vec4 light_position[MAX_LIGHTS];  // xyz: where a lamp stands, or the unit way to a sun; w: 1 lamp, 0 sun
uniform vec4 light_color[MAX_LIGHTS];     // rgb: linear, times strength; w: radius of a lamp, m; sine of a sun's
uniform vec4 light_axis[MAX_LIGHTS];      // xyz: unit, where a spot points; w: cosine at which it ends, -1 for none
uniform vec4 light_extra[MAX_LIGHTS];     // x: cosine at which a spot begins to fade; y, w: its first map and its last, -1 for none; z: 1 + number of a portal that shows something, else 0
uniform vec4 light_across[MAX_LIGHTS];    // xyz: from the middle of a rectangle to its side …
uniform vec4 light_along[MAX_LIGHTS];     // … and to its top, m
uniform mat4 shadow_from_view[MAX_SHADOWS];  // OpenCV axes: z from the light
uniform vec4 shadow_tile[MAX_SHADOWS];    // xy: corner of its tile in the atlas, z: side; of 1. w: texels a side
uniform vec4 shadow_range[MAX_SHADOWS];   // x, y: nearest and farthest z; z: half width, m (at z = 1 for a lamp)

struct Light {
    vec4 position, color, axis, extra;
};

struct Shadow {
    mat4 light_from_view;
    vec4 tile, range;
};

Light light_of(int i) { return Light(light_position[i], light_color[i], light_axis[i], light_extra[i]); }

Shadow shadow_of(int i) { return Shadow(shadow_from_view[i], shadow_tile[i], shadow_range[i]); }

uniform sampler2DShadow shadow_lit;  // compares
uniform sampler2D shadow_depth;      // the same atlas, as it is

// Points evenly over the unit disk: `sunflower` k of n, where each ray of them is the one before times GOLDEN. In no
// table, because llvmpipe gathers from those, too.
// Source: Vogel, "A better way to construct the sunflower head" (1979).
const int SEARCH = 12, FILTER = 16;
const mat2 GOLDEN = mat2(-0.7373689, 0.6754903, -0.6754903, -0.7373689);

float sunflower(int k, int n) { return sqrt((float(k) + 0.5) / float(n)); }

// Noise, and a rotation by it, that differ between neighbouring pixels. Source: Jimenez, "Next Generation Post Processing in
// Call of Duty: Advanced Warfare" (2014).
float noise_of(vec2 pixel) { return fract(52.9829189 * fract(dot(pixel, vec2(0.06711056, 0.00583715)))); }

mat2 turn_of(vec2 pixel) {
    float angle = 6.2831853 * noise_of(pixel);
    return mat2(cos(angle), sin(angle), -sin(angle), cos(angle));
}

float map_depth(Shadow shadow, bool lamp, float z) {
    float near = shadow.range.x, far = shadow.range.y;
    return (lamp ? far * (z - near) / z : z - near) / (far - near);
}

float metric_depth(Shadow shadow, bool lamp, float depth) {
    float near = shadow.range.x, far = shadow.range.y;
    return lamp ? near * far / (far - depth * (far - near)) : near + depth * (far - near);
}

// The finest of a light's maps that holds a point. Near the border of one, some pixels take the next: the line where
// shadows grow softer is none that can be seen.
Shadow shadow_at(Light light, vec3 at) {
    Shadow shadow = shadow_of(max(int(light.extra.y), 0));
    float border = 0.95 - 0.2 * noise_of(gl_FragCoord.xy);
    for (int finer = int(light.extra.y) + 1; finer <= int(light.extra.w); finer++) {
        vec3 place = (shadow_from_view[finer] * vec4(at, 1.0)).xyz;
        float edge = border * shadow_range[finer].z * (light.position.w > 0.5 ? max(place.z, 0.0) : 1.0);
        if (max(abs(place.x), abs(place.y)) < edge) shadow = shadow_of(finer);
    }
    return shadow;
}

// Share of the light that reaches a point: 1 lit, 0 in shadow; 1 where it is not `wanted`. The penumbra grows with
// the distance between what casts the shadow and what receives it.
// Source: Fernando, "Percentage-Closer Soft Shadows" (2005); depths along the receiver's plane as in
// Isidoro, "Shadow Mapping: GPU-based Tips and Techniques" (2006).
float arriving(Light light, vec3 at, vec3 facing, mat2 turn, bool wanted) {
    Shadow shadow = shadow_at(light, at);
    bool lamp = light.position.w > 0.5;
    vec3 q = (shadow.light_from_view * vec4(at, 1.0)).xyz;
    vec3 n = mat3(shadow.light_from_view) * facing;
    float half_width = shadow.range.z * (lamp ? q.z : 1.0);  // of the map where the point is, m
    vec2 center = 0.5 + 0.5 * q.xy / half_width;
    wanted = wanted && light.extra.y >= 0.0 && q.z > shadow.range.x && q.z < shadow.range.y && clamp(center, 0.0, 1.0) == center;
    float texel = 2.0 * half_width / shadow.tile.w;
    // How fast the receiver's plane recedes across the light's rays; steeper than 2 degrees is left to acne.
    float towards_light = lamp ? dot(n, q) / q.z : n.z;
    vec2 slope = clamp(-n.xy / min(towards_light, -1e-3), -32.0, 32.0);
    float bias = texel * (1.0 + 0.75 * (abs(slope.x) + abs(slope.y)));
    // What stands nearer to a lamp than halfway is taken to stand there.
    float spread = light.color.w * (lamp ? min((q.z - shadow.range.x) / shadow.range.x, 1.0) : q.z - shadow.range.x);
    float widest = clamp(spread, texel, 0.25 * half_width);

    float blockers = 0.0, summed = 0.0, texels = shadow.tile.w / shadow.tile.z;  // of the whole atlas
    vec2 ray = turn[0];
    for (int tap = 0; tap < (wanted ? SEARCH : 0); tap++) {
        float far = sunflower(tap, SEARCH);
        vec2 way = (widest * far * far * far * far + 2.5 * texel) * far * ray;  // most look near, for what nearly touches
        vec2 where = clamp(center + 0.5 * way / half_width, 0.5 / shadow.tile.w, 1.0 - 0.5 / shadow.tile.w);
        float z = metric_depth(shadow, lamp, texelFetch(shadow_depth, ivec2(texels * (shadow.tile.xy + shadow.tile.z * where)), 0).r);
        // Only what lies in the cone from the point to the light can stand between.
        float reach = light.color.w * (q.z - z) / (lamp ? z : 1.0) + 3.0 * texel;
        if (z < q.z + dot(slope, way) - bias && length(way) < reach) { blockers += 1.0; summed += z; }
        ray = GOLDEN * ray;
    }

    float blocker = summed / max(blockers, 1.0);
    float width = light.color.w * max(q.z - blocker, 0.0) / (lamp ? blocker : 1.0);
    width = clamp(width, 2.0 * texel, max(widest, 2.0 * texel));
    float lit = 0.0;
    ray = turn[0];
    for (int tap = 0; tap < (blockers > 0.0 ? FILTER : 0); tap++) {
        vec2 way = width * sunflower(tap, FILTER) * ray;
        vec2 where = clamp(center + 0.5 * way / half_width, 0.5 / shadow.tile.w, 1.0 - 0.5 / shadow.tile.w);
        float z = q.z + dot(slope, way) - bias;
        lit += textureLod(shadow_lit, vec3(shadow.tile.xy + shadow.tile.z * where, map_depth(shadow, lamp, z)), 0.0);
        ray = GOLDEN * ray;
    }
    return blockers > 0.0 ? lit / float(FILTER) : 1.0;
}

// The unit way from a point to a light, and its strength there before anything stands between (w).
vec4 towards(Light light, vec3 at) {
    if (light.position.w < 0.5) return vec4(light.position.xyz, 1.0);
    vec3 arm = light.position.xyz - at;
    float distance = max(length(arm), max(light.color.w, 1e-3));
    vec3 way = arm / distance;
    float spot = light.axis.w < -0.5 ? 1.0 : smoothstep(light.axis.w, light.extra.x, dot(-way, light.axis.xyz));
    return vec4(way, spot / (distance * distance));
}
