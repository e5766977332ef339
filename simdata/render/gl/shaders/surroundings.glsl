// Light from everywhere but the lights: what the middle of the scene sees around it, and a constant.

#include "ambient.glsl"

uniform float ambient;
uniform sampler3D mirrored;   // a panorama a roughness, from 0 to 1
uniform vec3 seen_from;       // where they were seen from
uniform vec3 room[2];         // the box on which what they show lies: its low and its high corner

// What is seen from a point in a direction, if it lies on the walls of the room.
// Source: Lagarde & Zanuttini, "Local Image-based Lighting With Parallax-corrected Cubemaps" (2012).
vec3 mirrored_along(vec3 way, vec3 at, float roughness) {
    vec3 reach = (mix(room[0], room[1], step(0.0, way)) - at) / way;
    vec3 met = at + max(min(min(reach.x, reach.y), reach.z), 0.0) * way;
    float levels = float(textureSize(mirrored, 0).z);
    vec2 place = panorama_place(normalize(met - seen_from), 0.0);
    return textureLod(mirrored, vec3(place, (roughness * (levels - 1.0) + 0.5) / levels), 0.0).rgb;
}

// `at`: view frame. The light of the field is that on a surface without relief: relief turns it as it would the light
// where the panoramas were seen from.
vec3 from_everywhere(Surface surface, vec3 at, Around around) {
    float n_v = max(dot(surface.normal, surface.view), 1e-3);
    vec3 plain = read_by(harmonics, world_from_view * surface.facing);
    vec3 turned = read_by(harmonics, world_from_view * surface.normal);
    vec3 way = world_from_view * reflect(-surface.view, surface.normal);
    way = mix(way, vec3(1e-6), lessThan(abs(way), vec3(1e-6)));
    vec3 scattered = ambient + around.lit.light * clamp(turned / max(plain, 1e-6), 0.5, 2.0);
    vec3 seen = mirrored_along(way, world_from_view * at + eye, surface.roughness);
    seen = ambient + around.lit.mirrored * seen;
    vec3 albedo = surface.diffuse + surface.glossy;  // what stands near is taken to have the same
    return surface.diffuse * scattered * brightened(around.open, albedo)
        + surface.glossy * mix(albedo * scattered, seen, glossy_openness(around.open, n_v, surface.roughness));
}
