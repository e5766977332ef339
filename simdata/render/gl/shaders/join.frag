#version 430
// One picture of two: the mean of a pixel's samples where it has several.

uniform sampler2D light;
uniform sampler2D fine;
uniform sampler2D edges;
uniform int samples;  // along each side of a pixel

layout(location = 0) out vec4 joined;

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy);
    joined = texelFetch(light, here, 0);
    if (texelFetch(edges, here, 0).r < 0.5) return;
    joined = vec4(0.0);
    for (int y = 0; y < samples; y++)
        for (int x = 0; x < samples; x++) joined += texelFetch(fine, here * samples + ivec2(x, y), 0);
    joined /= float(samples * samples);
}
