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

// As `read_by` takes it: its light at a point of a surface, world frame.
vec3[9] field_at(vec3 at, vec3 n) {
    vec3 place = field_place(at + field_off * n), block = vec3(0.0, 0.0, 1.0 / BLOCKS);
    vec3 light[9];
    for (int color = 0; color < 3; color++) {
        vec4 low = textureLod(field, place + float(color) * block, 0.0);
        vec4 high = textureLod(field, place + float(3 + color) * block, 0.0);
        for (int k = 0; k < 4; k++) {
            light[k][color] = low[k];
            light[4 + k][color] = high[k];
        }
    }
    light[8] = textureLod(field, place + 6.0 * block, 0.0).rgb;
    return light;
}
