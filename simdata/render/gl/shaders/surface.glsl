// What a surface is like where a pixel sees it.

struct Material {
    vec4 base;    // rgb: linear; w: roughness
    vec4 low;     // rgb: sRGB of a field's 0; w: metallic
    vec4 high;    // rgb: sRGB of a field's 1; w: what textures it: 0 nothing, 1 a field, 2 a picture
    vec4 repeat;  // xy: of the texture over one unit of uv
};

uniform Material material;
uniform sampler2D field;
uniform sampler2D picture;

const int ANISOTROPY = 8;  // most samples along a footprint

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
vec3 base_color(vec2 uv, vec2 along, vec2 across) {
    vec2 repeat = material.repeat.xy, where = uv * repeat;
    if (material.high.w > 1.5) return material.base.rgb * filtered(picture, where, along * repeat, across * repeat).rgb;
    if (material.high.w > 0.5) {
        float value = filtered(field, where, along * repeat, across * repeat).r;
        return material.base.rgb * linear_from_srgb(mix(material.low.rgb, material.high.rgb, value));
    }
    return material.base.rgb;
}

// `facing` and `view`: unit, from the surface, view frame.
Surface surface_at(vec2 uv, vec2 along, vec2 across, vec3 facing, vec3 view) {
    vec3 color = base_color(uv, along, across);
    float metallic = material.low.w, roughness = max(material.base.w, 0.05);
    return Surface(color * (1.0 - metallic), mix(vec3(0.04), color, metallic), roughness, roughness * roughness, facing, view);
}
