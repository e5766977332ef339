// Light from all around but the lights, at the places of a grid: what a white diffuse surface reads.

uniform sampler3D field;     // blocks of heights, one after another; each texel some coefficients
uniform vec2 field_first, field_rate;  // x and y of the first place, m, and places a metre
uniform mat3 field_ramps;    // how the number of a height rises with z: each from where, how fast, how far
uniform vec3 field_off;      // m off a surface, by its normal, where its light is read

const float BLOCKS = 7.0;

// Where the first block shows a point, 0 to 1.
vec3 field_place(vec3 at) {
    vec3 size = vec3(textureSize(field, 0));
    float height = 0.5;
    for (int k = 0; k < 3; k++) height += clamp((at.z - field_ramps[k].x) * field_ramps[k].y, 0.0, field_ramps[k].z);
    vec2 across = clamp((at.xy - field_first) * field_rate + 0.5, vec2(0.5), size.xy - 0.5);
    return vec3(across, height) / size;
}

// What white diffuse surfaces read at a point by two normals, the first that of the surface there; world frame. In no
// array, which llvmpipe would keep in memory.
// Source: Ramamoorthi & Hanrahan, "An Efficient Representation for Irradiance Environment Maps" (2001).
void field_light(vec3 at, vec3 n, vec3 m, out vec3 by_n, out vec3 by_m) {
    vec3 place = field_place(at + field_off * n), block = vec3(0.0, 0.0, 1.0 / BLOCKS);
    vec4 low_n = vec4(0.282095, 0.488603 * n.yzx), low_m = vec4(0.282095, 0.488603 * m.yzx);
    vec4 high_n = vec4(1.092548 * n.xy * n.yz, 0.315392 * (3.0 * n.z * n.z - 1.0), 1.092548 * n.x * n.z);
    vec4 high_m = vec4(1.092548 * m.xy * m.yz, 0.315392 * (3.0 * m.z * m.z - 1.0), 1.092548 * m.x * m.z);
    vec3 last = textureLod(field, place + 6.0 * block, 0.0).rgb;
    by_n = 0.546274 * (n.x * n.x - n.y * n.y) * last;
    by_m = 0.546274 * (m.x * m.x - m.y * m.y) * last;
    for (int k = 0; k < 3; k++) {
        vec4 low = textureLod(field, place + float(k) * block, 0.0);
        vec4 high = textureLod(field, place + float(3 + k) * block, 0.0);
        by_n[k] += dot(low_n, low) + dot(high_n, high);
        by_m[k] += dot(low_m, low) + dot(high_m, high);
    }
    by_n = max(by_n, 0.0);
    by_m = max(by_m, 0.0);
}
