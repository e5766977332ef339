// Light from all around on a surface, by the field, beside that where the panoramas were seen from.

#include "field.glsl"
#include "harmonics.glsl"

const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);

uniform vec3 harmonics[9];   // what a white diffuse surface reads there
uniform mat3 world_from_view;
uniform vec3 eye;            // where the view is, world frame, m

struct Lit {
    vec3 light;      // what a white diffuse surface reads
    float mirrored;  // what comes from where a mirror looks, beside what comes there, at most 1
};

// View frame.
Lit lit_around(vec3 at, vec3 facing) {
    vec3 n = world_from_view * facing, way = world_from_view * reflect(normalize(at), facing);
    vec3 light[9] = field_at(world_from_view * at + eye, n);
    float here = dot(read_by(light, way), LUMINANCE), there = dot(read_by(harmonics, way), LUMINANCE);
    return Lit(read_by(light, n), min(here / max(there, 1e-6), 1.0));
}
