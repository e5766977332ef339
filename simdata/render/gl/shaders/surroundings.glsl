// Light from everywhere but the lights: what the middle of the scene sees around it, and a constant.

#include "ambient.glsl"
#include "panorama.glsl"

uniform float ambient;
uniform vec3 harmonics[9];    // what a white diffuse surface reads by its normal, world frame, where …
uniform sampler3D mirrored;   // a panorama a roughness, from 0 to 1
uniform vec3 seen_from;       // … the panoramas were seen from
uniform vec3 room[2];         // the box on which what they show lies: its low and its high corner

// Source: Ramamoorthi & Hanrahan, "An Efficient Representation for Irradiance Environment Maps" (2001).
vec3 scattered_by(vec3 n) {
    vec3 sum = 0.282095 * harmonics[0];
    sum += 0.488603 * (n.y * harmonics[1] + n.z * harmonics[2] + n.x * harmonics[3]);
    sum += 1.092548 * (n.x * n.y * harmonics[4] + n.y * n.z * harmonics[5] + n.x * n.z * harmonics[7]);
    sum += 0.315392 * (3.0 * n.z * n.z - 1.0) * harmonics[6] + 0.546274 * (n.x * n.x - n.y * n.y) * harmonics[8];
    return max(sum, 0.0);
}

// What is seen from a point in a direction, if it lies on the walls of the room.
// Source: Lagarde & Zanuttini, "Local Image-based Lighting With Parallax-corrected Cubemaps" (2012).
vec3 mirrored_along(vec3 way, vec3 at, float roughness) {
    vec3 reach = (mix(room[0], room[1], step(0.0, way)) - at) / way;
    vec3 met = at + max(min(min(reach.x, reach.y), reach.z), 0.0) * way;
    float levels = float(textureSize(mirrored, 0).z);
    vec2 place = panorama_place(normalize(met - seen_from), 0.0);
    return textureLod(mirrored, vec3(place, (roughness * (levels - 1.0) + 0.5) / levels), 0.0).rgb;
}

const vec3 LUMINANCE = vec3(0.2126, 0.7152, 0.0722);

// `at`: view frame. The light of the field is that on a surface without relief: relief turns it as it would the light
// where the panoramas were seen from. What is mirrored is darker where less than half as much light is as there.
vec3 from_everywhere(Surface surface, vec3 at, Around around) {
    float n_v = max(dot(surface.normal, surface.view), 1e-3);
    vec3 there = scattered_by(world_from_view * surface.facing), turned = scattered_by(world_from_view * surface.normal);
    vec3 way = world_from_view * reflect(-surface.view, surface.normal);
    way = mix(way, vec3(1e-6), lessThan(abs(way), vec3(1e-6)));
    vec3 scattered = ambient + around.light * clamp(turned / max(there, 1e-6), 0.5, 2.0);
    float dimmed = min(2.0 * dot(around.light, LUMINANCE) / max(dot(there, LUMINANCE), 1e-6), 1.0);
    vec3 seen = ambient + dimmed * mirrored_along(way, world_from_view * at + eye, surface.roughness);
    vec3 albedo = surface.diffuse + surface.glossy;  // what stands near is taken to have the same
    return surface.diffuse * scattered * brightened(around.open, albedo)
        + surface.glossy * mix(albedo * scattered, seen, glossy_openness(around.open, n_v, surface.roughness));
}
