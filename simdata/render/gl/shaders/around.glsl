// Light from all around on a surface, by the field, beside that where the panoramas were seen from.

#include "field.glsl"

const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);

uniform vec3 harmonics[9];   // what a white diffuse surface reads there
uniform mat3 world_from_view;
uniform vec3 eye;            // where the view is, world frame, m

struct Lit {
    vec3 light;      // what a white diffuse surface reads
    float mirrored;  // what comes from where a mirror looks, beside what comes there, at most 1
};

// Source: Ramamoorthi & Hanrahan, "An Efficient Representation for Irradiance Environment Maps" (2001).
vec3 read_there(vec3 n) {
    vec3 sum = 0.282095 * harmonics[0];
    sum += 0.488603 * (n.y * harmonics[1] + n.z * harmonics[2] + n.x * harmonics[3]);
    sum += 1.092548 * (n.x * n.y * harmonics[4] + n.y * n.z * harmonics[5] + n.x * n.z * harmonics[7]);
    sum += 0.315392 * (3.0 * n.z * n.z - 1.0) * harmonics[6] + 0.546274 * (n.x * n.x - n.y * n.y) * harmonics[8];
    return max(sum, 0.0);
}

// View frame.
Lit lit_around(vec3 at, vec3 facing) {
    vec3 way = world_from_view * reflect(normalize(at), facing), light, along;
    field_light(world_from_view * at + eye, world_from_view * facing, way, light, along);
    return Lit(light, min(dot(along, LUMINANCE) / max(dot(read_there(way), LUMINANCE), 1e-6), 1.0));
}
