#version 430
// The share of the light from everywhere that reaches a surface past what stands near it.
// Source: Jimenez, Wu, Pesce & Jarabo, "Practical Realtime Strategies for Accurate Indirect Occlusion" (2016).

uniform sampler2D depths;   // planar z, m; 0 for nothing
uniform sampler2D normals;  // view frame
uniform ivec4 bounds;       // of what was drawn: left, top, right, bottom; the last two are outside
uniform vec4 lens;          // 1 / focal lengths, principal point, pixels
uniform float radius;       // m
uniform float reach;        // pixels

layout(location = 0) out vec2 open;  // and the depth at which it holds, 0 for nothing

const int SLICES = 2, STEPS = 4;
const float PI = 3.1415927;

vec3 place_of(ivec2 pixel) {
    float z = texelFetch(depths, pixel, 0).r;
    return z * vec3((vec2(pixel) + 0.5 - lens.zw) * lens.xy, 1.0);
}

// The cosine of the horizon, as seen from `at` towards the viewer, along one way across the picture.
float horizon(ivec2 here, vec3 at, vec3 normal, vec3 view, vec2 way, float pixels, float jitter, float lowest) {
    float highest = lowest;
    for (int i = 0; i < STEPS; i++) {
        float far = (float(i) + jitter) / float(STEPS);
        ivec2 there = here + ivec2(round(way * max(pixels * far * far, 1.0 + float(i))));
        ivec2 inside = clamp(there, bounds.xy, bounds.zw - 1);
        vec3 place = place_of(inside), arm = place - at;
        float squared = dot(arm, arm), per_length = inversesqrt(max(squared, 1e-12));
        float near = clamp(2.0 - 2.0 * squared / (radius * radius), 0.0, 1.0);
        // A plane does not hide its own sky, though pixels do not lie quite on the way.
        near *= clamp(20.0 * dot(arm, normal) * per_length - 0.2, 0.0, 1.0);
        if (inside != there || place.z == 0.0) near = 0.0;
        highest = max(highest, mix(lowest, dot(arm, view) * per_length, near));
    }
    return highest;
}

float arc(float h, float n) { return 0.25 * (cos(n) + 2.0 * h * sin(n) - cos(2.0 * h - n)); }

void main() {
    ivec2 half_pixel = ivec2(gl_FragCoord.xy), here = clamp(2 * half_pixel, bounds.xy, bounds.zw - 1);
    vec3 at = place_of(here), normal = texelFetch(normals, here, 0).xyz;
    open = vec2(1.0, 0.0);
    if (at.z == 0.0) return;
    vec3 view = -normalize(at);
    float pixels = min(radius / (at.z * max(lens.x, lens.y)), reach);
    // Each of 4 x 4 neighbours looks other ways and other distances; their mean is taken next.
    int turn = ((half_pixel.x & 3) << 2 | (half_pixel.y & 3)) * 7 & 15;
    float jitter = (float(turn * 11 & 15) + 0.5) / 16.0, sum = 0.0;
    for (int slice = 0; slice < SLICES; slice++) {
        float angle = PI * (float(slice) + (float(turn) + 0.5) / 16.0) / float(SLICES);
        vec2 way = vec2(cos(angle), sin(angle));
        vec3 flat_way = vec3(way, 0.0), across = normalize(cross(flat_way, view));
        vec3 projected = normal - across * dot(normal, across);
        float size = max(length(projected), 1e-4);
        float n = sign(dot(flat_way - view * dot(flat_way, view), projected))
            * acos(clamp(dot(projected, view) / size, -1.0, 1.0));
        float ahead = horizon(here, at, normal, view, way, pixels, jitter, cos(n + 0.5 * PI));
        float behind = horizon(here, at, normal, view, -way, pixels, jitter, cos(n - 0.5 * PI));
        sum += size * (arc(-acos(clamp(behind, -1.0, 1.0)), n) + arc(acos(clamp(ahead, -1.0, 1.0)), n));
    }
    open = vec2(clamp(sum / float(SLICES), 0.0, 1.0), at.z);
}
