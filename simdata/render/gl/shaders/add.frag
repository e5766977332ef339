#version 430
// A share of one picture, for the sum of many.

uniform sampler2D light;
uniform float share;

layout(location = 0) out vec4 sum;

void main() { sum = share * texelFetch(light, ivec2(gl_FragCoord.xy), 0); }
