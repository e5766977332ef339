#version 430
// Linear light from each surface to the camera; alpha is 1 where there is a surface.

#include "srgb.glsl"
#include "brdf.glsl"
#include "light.glsl"

struct Material {
    vec4 base;    // rgb: linear; w: roughness
    vec4 low;     // rgb: sRGB of a field's 0; w: metallic
    vec4 high;    // rgb: sRGB of a field's 1; w: what textures it: 0 nothing, 1 a field, 2 a picture
    vec4 repeat;  // xy: of the texture over one unit of uv
};

uniform Material material;
uniform sampler2D field;
uniform sampler2D picture;
uniform vec3 sky;     // linear light from above …
uniform vec3 ground;  // … and from below
uniform vec3 up;      // world's z, view frame

const int ANISOTROPY = 8;  // most samples along a footprint

in vec3 position;
in vec3 normal;
in vec2 uv;

layout(location = 0) out vec4 light_out;

// Filter a texture over the long, thin footprint that a pixel has on a slanted surface: several samples along
// it, each as wide as it is thin. By hand, because llvmpipe's own takes seconds a picture.
// Source: McCormack et al., "Feline: Fast Elliptical Lines for Anisotropic Texture Mapping" (1999).
vec4 filtered(sampler2D map, vec2 where, vec2 along, vec2 across) {
    vec2 texels = vec2(textureSize(map, 0));
    float a = length(along * texels), b = length(across * texels);
    vec2 axis = a > b ? along : across;
    float longest = max(max(a, b), 1e-6), shortest = max(min(a, b), longest / float(ANISOTROPY));
    float lod = log2(shortest);
    int taps = int(ceil(longest / shortest - 0.01));
    vec4 sum = vec4(0.0);
    for (int tap = 0; tap < taps; tap++) sum += textureLod(map, where + ((float(tap) + 0.5) / float(taps) - 0.5) * axis, lod);
    return sum / float(taps);
}

// `along` and `across`: how uv changes from pixel to pixel.
vec3 base_color(vec2 along, vec2 across) {
    vec2 repeat = material.repeat.xy, where = uv * repeat;
    if (material.high.w > 1.5) return material.base.rgb * filtered(picture, where, along * repeat, across * repeat).rgb;
    if (material.high.w > 0.5) {
        float value = filtered(field, where, along * repeat, across * repeat).r;
        return material.base.rgb * linear_from_srgb(mix(material.low.rgb, material.high.rgb, value));
    }
    return material.base.rgb;
}

vec3 from_everywhere(Surface surface, float roughness) {
    float n_v = max(dot(surface.normal, surface.view), 1e-3);
    vec3 mirror = reflect(-surface.view, surface.normal);
    vec3 scattered = mix(ground, sky, 0.5 + 0.5 * dot(surface.normal, up));
    float blur = mix(0.15, 1.0, roughness);
    vec3 mirrored = mix(ground, sky, smoothstep(-blur, blur, dot(mirror, up)));
    vec3 glossy = reflectance(surface.specular, roughness, n_v);
    return (1.0 - glossy) * surface.diffuse * scattered + glossy * mirrored;
}

void main() {
    vec2 along = dFdx(uv), across = dFdy(uv);
    vec3 facing = normalize(normal) * (gl_FrontFacing ? 1.0 : -1.0);
    vec3 color = base_color(along, across);
    float metallic = material.low.w, roughness = max(material.base.w, 0.05);
    Surface surface = Surface(
        color * (1.0 - metallic), mix(vec3(0.04), color, metallic), roughness * roughness, facing, -normalize(position)
    );
    mat2 turn = turn_of(gl_FragCoord.xy);
    vec3 light = from_everywhere(surface, roughness);
    for (int i = 0; i < light_count; i++) {
        Light lamp = light_of(i);
        vec4 way = towards(lamp, position);
        if (dot(facing, way.xyz) <= 0.0 || way.w <= 0.0) continue;
        float share = lamp.extra.y < 0.0 ? 1.0 : arriving(lamp, position, facing, turn);
        light += share * way.w * lamp.color.rgb * reflected(surface, way.xyz);
    }
    light_out = vec4(light, 1.0);
}
