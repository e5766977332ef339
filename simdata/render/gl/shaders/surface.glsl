// What a surface is like where a pixel sees it.

struct Material {
    vec3 base;       // linear
    int texture;     // 0 none, 1 a field, 2 a picture
    vec2 repeat;     // of it over one unit of uv
    vec3 low, high, accent;  // linear, of tone 0, of tone 1 and of the accent
    vec3 roughness;  // of tone 0, tone 1 and accent
    vec3 metallic;
    float relief;    // height
    int surface;     // 1 where `skin` says roughness, metalness and slopes, else 0
    vec3 loss;       // x: variance of its slopes; y: level at which half of it is gone, z: share that goes a level
    float coat, coat_roughness;
    float emission, transmission;
};

struct Layer {
    int count;  // 1 where something lies on the material, else 0
    float amount;
    vec3 color;  // linear
    float roughness, metallic;
    vec2 repeat;
    vec2 loss;  // y and z as of the material, of its mask
};

uniform Material material;
uniform Layer layer;
uniform sampler2D map;   // a field: shares of tone 1 and of the accent, slopes; or a picture
uniform sampler2D skin;  // beside a picture: roughness, metalness, slopes
uniform sampler2D mask;  // of the layer
uniform float glow;      // of what surfaces emit: 1, or 0 where that would light others

const int ANISOTROPY = 8;        // most samples along a footprint
const float SOFT = 8.0 / 256.0;  // of a layer's edge, in the values of its mask
const float GRAZING = 0.02;      // least cosine between a bent normal and the way to the viewer

// What a pixel covers of a texture: `taps` samples along its longer side, each as wide as the shorter.
struct Footprint {
    vec2 axis;
    int taps;
    float level;   // of each
    float spread;  // level of the whole
};

Footprint footprint(sampler2D map, vec2 along, vec2 across) {
    vec2 texels = vec2(textureSize(map, 0));
    float a = length(along * texels), b = length(across * texels);
    float longest = max(max(a, b), 1e-6), shortest = max(min(a, b), longest / float(ANISOTROPY));
    int taps = int(ceil(longest / shortest - 0.01));
    return Footprint(a > b ? along : across, taps, log2(shortest), 0.5 * log2(longest * shortest));
}

// Filter a texture over the long, thin footprint that a pixel has on a slanted surface. By hand, because
// llvmpipe's own takes seconds a picture.
// Source: McCormack et al., "Feline: Fast Elliptical Lines for Anisotropic Texture Mapping" (1999).
vec4 filtered(sampler2D map, vec2 where, Footprint seen) {
    vec4 sum = vec4(0.0);
    float taps = float(seen.taps);
    for (int tap = 0; tap < seen.taps; tap++) sum += textureLod(map, where + ((float(tap) + 0.5) / taps - 0.5) * seen.axis, seen.level);
    return sum / max(taps, 1.0);
}

// Share of a map's variance that a footprint averages away.
float lost(Footprint seen, vec2 loss) { return clamp(0.5 + loss.y * (seen.spread - loss.x), 0.0, 1.0); }

// The unit ways, square to the normal, in which u and v grow.
// Source: Schueler, "Normal Mapping without Precomputed Tangents", ShaderX 5 (2006).
mat2x3 rising(vec3 normal, vec3 along, vec3 across, vec2 uv_along, vec2 uv_across) {
    vec3 one = cross(across, normal), two = cross(normal, along);
    float turn = dot(along, one) < 0.0 ? -1.0 : 1.0;
    vec3 u = one * uv_along.x + two * uv_across.x, v = one * uv_along.y + two * uv_across.y;
    return mat2x3(u * (turn / max(length(u), 1e-20)), v * (turn / max(length(v), 1e-20)));
}

// Tilt a normal against the slopes, but never away from the viewer.
vec3 bent(vec3 normal, mat2x3 ways, vec2 slopes, vec3 view) {
    vec3 tilted = normalize(normal - ways * slopes);
    return normalize(tilted + max(GRAZING - dot(tilted, view), 0.0) * view);
}

// How much of the layer lies on a place: what its mask has above an edge. What is left of a mask that is averaged
// away is spread as wide as it was; in the end, the layer lies everywhere alike.
float coverage(vec2 uv, vec2 along, vec2 across) {
    vec2 repeat = layer.repeat;
    Footprint seen = footprint(mask, along * repeat, across * repeat);
    float gone = lost(seen, layer.loss), left = inversesqrt(max(1.0 - gone, 0.05));
    float value = 0.5 + left * (textureLod(mask, uv * repeat, seen.spread).r - 0.5);
    float above = clamp((value - 1.0 + layer.amount) / SOFT + layer.amount, 0.0, 1.0);
    return mix(above, layer.amount, gone);
}

// What a material is like at one place.
struct Texel {
    vec3 color;  // linear
    float roughness, metallic;
    vec2 slopes;
};

Texel texel_at(vec2 uv, Footprint seen, Footprint skinned) {
    if (material.texture == 0) seen.taps = 0;  // loops end early, branches skip nothing
    vec4 found = filtered(map, uv * material.repeat, seen);
    float field = material.texture == 1 ? 1.0 : 0.0;
    vec3 share = vec3(1.0 - field * (found.x + found.y), field * found.xy);
    vec3 ramp = mat3(material.low, material.high, material.accent) * share;
    vec3 color = material.base * (material.texture == 2 ? found.rgb : ramp);
    vec4 own = vec4(dot(share, material.roughness), dot(share, material.metallic), found.zw);
    if (material.surface == 0) skinned.taps = 0;
    own = mix(own, filtered(skin, uv * material.repeat, skinned), float(material.surface));
    vec2 slopes = max(field, float(material.surface)) * material.relief * (255.0 * own.zw - 128.0) / 127.0;
    return Texel(color, own.x, own.y, slopes);
}

// Slopes too fine to be seen make a surface rougher.
// Source: Olano & Baker, "LEAN Mapping" (2010): a lobe's width squared is twice the variance along a way.
float roughened(float roughness, Footprint seen) {
    float width = pow(max(roughness, SMOOTHEST), 4.0) + material.loss.x * lost(seen, material.loss.yz);
    return sqrt(sqrt(min(width, 1.0)));
}

// `facing`: unit, view frame, on the viewer's side.
Surface surface_at(vec3 position, vec3 facing, vec2 uv) {
    vec2 along = dFdx(uv), across = dFdy(uv), repeat = material.repeat;
    mat2x3 ways = rising(facing, dFdx(position), dFdy(position), along * repeat, across * repeat);
    Footprint seen = footprint(map, along * repeat, across * repeat);
    Footprint skinned = footprint(skin, along * repeat, across * repeat);
    Texel texel = texel_at(uv, seen, skinned);
    if (material.surface == 1) seen = skinned;  // whose slopes are lost
    float bare = 1.0;
    for (int i = 0; i < layer.count; i++) bare -= coverage(uv, along, across);
    vec3 color = mix(layer.color, texel.color, bare);
    float metallic = mix(layer.metallic, texel.metallic, bare);

    Surface surface;
    surface.view = -normalize(position);
    surface.facing = facing;
    surface.normal = bent(facing, ways, texel.slopes, surface.view);
    surface.diffuse = color * (1.0 - metallic);
    surface.specular = mix(vec3(DIELECTRIC), color, metallic);
    surface.roughness = roughened(mix(layer.roughness, texel.roughness, bare), seen);
    surface.alpha = surface.roughness * surface.roughness;
    surface.coat = bare * material.coat;
    surface.coat_roughness = max(material.coat_roughness, SMOOTHEST);
    surface.emission = glow * bare * material.emission * texel.color;
    share_out(surface);
    glaze(surface, texel.color, bare * (1.0 - metallic) * material.transmission);
    return surface;
}
