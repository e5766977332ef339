// Rectangles that shine to one side, equally bright from wherever they are seen; but portals are as bright as the sky
// behind them.

#include "panorama.glsl"

uniform sampler3D outside;  // what portals show, blurred, a panorama each

// What lies behind a portal, as a window's reveal does, sees the sky through an opening so much farther out, m.
const float REVEAL = 0.35;

// What a side of a polygon adds to its irradiance; both ends are unit vectors from the surface.
// Source: Hill & Heitz, "Real-Time Area Lighting: a Journey from Research to Production" (2016): a fit to the
// angle over its sine.
float side_of(vec3 from, vec3 to, vec3 normal) {
    float x = dot(from, to), y = abs(x);
    float fit = (0.8543985 + (0.4965155 + 0.0145206 * y) * y) / (3.4175940 + (4.1616724 + y) * y);
    float ratio = x > 0.0 ? fit : 0.5 * inversesqrt(max(1.0 - x * x, 1e-7)) - fit;
    return ratio * dot(cross(from, to), normal);
}

// The share of a surface's light that a polygon makes up, what is below its horizon cut off.
// Source: Lambert, "Photometria" (1760), as in Baum, Rushmeier & Winget, "Improving Radiosity Solutions Through
// the Use of Analytically Determined Form-factors" (1989), eq. 4.
float form_factor(vec3 corners[4], vec3 normal) {
    float sum = 0.0;
    vec3 sets = normal, rises = normal;  // where its outline crosses the horizon
    for (int i = 0; i < 4; i++) corners[i] = normalize(corners[i]);
    for (int i = 0; i < 4; i++) {
        vec3 from = corners[i], to = corners[(i + 1) & 3];
        float height = dot(from, normal), other = dot(to, normal);
        vec3 level = normalize(from * other - to * height) * (height < 0.0 ? 1.0 : -1.0);
        if (height < 0.0) from = level;
        if (other < 0.0) to = level;
        if (height < 0.0 && other >= 0.0) rises = level;
        if (height >= 0.0 && other < 0.0) sets = level;
        if (height >= 0.0 || other >= 0.0) sum += side_of(from, to, normal);
    }
    sum += side_of(sets, rises, normal);
    return abs(sum);
}

// Its highlight is that of the point of it which lies nearest to the mirrored ray, spread over the solid angle
// it fills: a small one is a lamp, a large one is seen in a mirror as bright as it is.
// Source: Karis, "Real Shading in Unreal Engine 4" (2013); the spread is ours, it has both limits.
vec3 mirrored_area(Surface surface, vec3 way, float angle, vec3 share) {
    float n_l = max(dot(surface.normal, way), 0.0), n_v = max(dot(surface.normal, surface.view), 1e-4);
    float n_h = max(dot(surface.normal, normalize(surface.view + way)), 0.0), a2 = surface.alpha * surface.alpha;
    float spread = a2 / (a2 + angle / 12.5663706);
    return share * lobe(surface.alpha, n_h, n_l, n_v) * n_l * spread * angle / 3.1415927;
}

// What a portal shows on average, by the middles of its quarters; 1 for other lights.
vec3 sky_of(float portal, vec3 middle, vec3 across, vec3 along, mat3 world_from_view) {
    float layer = (portal - 0.5) / float(textureSize(outside, 0).z);
    vec3 sum = vec3(portal > 0.0 ? 0.0 : 1.0);
    for (int quarter = 0; quarter < (portal > 0.0 ? 4 : 0); quarter++) {
        vec3 way = middle + (float(quarter & 1) - 0.5) * across + (float(quarter >> 1) - 0.5) * along;
        sum += 0.25 * textureLod(outside, vec3(panorama_place(world_from_view * normalize(way), 0.0), layer), 0.0).rgb;
    }
    return sum;
}

// `at`: view frame; `across`, `along`: from its middle to its sides.
vec3 from_area(Light light, vec3 across, vec3 along, Surface surface, vec3 at, vec3 facing, mat2 turn, mat3 world_from_view) {
    vec3 middle = light.position.xyz - at, shines = light.axis.xyz;
    float portal = light.extra.z, beyond = dot(middle, shines);
    bool reveal = portal > 0.0 && beyond > 0.0;
    if (reveal) middle -= REVEAL * shines;
    bool lit = dot(middle, shines) < -1e-3 * length(across + along);  // not behind it, nor seen edge on
    vec3 corners[4] = vec3[](middle - across - along, middle + across - along, middle + across + along, middle - across + along);
    float share = form_factor(corners, surface.normal);
    vec3 mirror = reflect(-surface.view, surface.normal);
    float ahead = dot(mirror, shines), reach = ahead < 0.0 ? dot(middle, shines) / ahead : 1e3;
    vec3 off = reach * mirror - middle;
    vec2 place = clamp(vec2(dot(off, across) / dot(across, across), dot(off, along) / dot(along, along)), -1.0, 1.0);
    vec3 arm = middle + place.x * across + place.y * along, way = normalize(arm);
    float size = 4.0 * length(across) * length(along);
    float angle = size * max(-dot(way, shines), 0.0) / dot(arm, arm);
    vec3 glossy = fresnel(surface.specular, max(dot(surface.view, normalize(surface.view + way)), 0.0));
    vec3 mirrors = mirrored_area(surface, way, angle, surface.gain * glossy);
    vec3 light_out = (1.0 - surface.veil) * (surface.diffuse * share + mirrors);
    for (int coat = 0; coat < coats(surface); coat++) {
        vec3 varnished = surface.coat * fresnel(vec3(DIELECTRIC), max(dot(surface.view, normalize(surface.view + way)), 0.0));
        light_out += mirrored_area(varnish(surface), way, angle, varnished);
    }
    // Where its middle goes below the horizon a body shades itself, and that is in the form factor already.
    float above = reveal ? 0.0 : smoothstep(0.0, 0.25, dot(facing, normalize(middle)));
    float arrives = mix(1.0, arriving(light, at, facing, turn, above > 0.0 && lit), above);
    vec3 shown = light.color.rgb * 3.1415927 / size;
    shown *= sky_of(portal, middle, across, along, world_from_view);
    return lit ? arrives * shown * light_out : vec3(0.0);
}
