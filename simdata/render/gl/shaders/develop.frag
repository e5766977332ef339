#version 430
// From linear light to the picture: expose, compress, encode.

#include "srgb.glsl"

uniform sampler2D light;   // rgb linear, times alpha; alpha the share of the pixel that surfaces cover
uniform float exposure;
uniform vec3 backdrop;     // sRGB, shown as it is where nothing was hit

layout(location = 0) out vec4 rgb;

// A filmic curve with a straight middle: toe, line, shoulder.
// Source: Uchimura, "HDR theory and practice" (CEDEC 2017), with P 1, a 1, m 0.22, l 0.4, c 1.33, b 0.
vec3 filmic(vec3 x) {
    const float p = 1.0, a = 1.0, m = 0.22, l = 0.4, c = 1.33;
    const float l0 = (p - m) * l / a, s0 = m + l0, s1 = m + a * l0, c2 = a * p / (p - s1);
    vec3 toe = m * pow(x / m, vec3(c));
    vec3 line = m + a * (x - m);
    vec3 shoulder = p - (p - s1) * exp(-c2 * (x - s0) / p);
    vec3 w0 = 1.0 - smoothstep(0.0, m, x), w2 = step(s0, x);
    return toe * w0 + line * (1.0 - w0 - w2) + shoulder * w2;
}

void main() {
    vec4 sum = texelFetch(light, ivec2(gl_FragCoord.xy), 0);
    vec3 surfaces = sum.a > 0.0 ? filmic(exposure * sum.rgb / sum.a) : vec3(0.0);
    vec3 shown = mix(linear_from_srgb(backdrop), surfaces, sum.a);
    rgb = vec4(srgb_from_linear(clamp(shown, 0.0, 1.0)), 1.0);
}
