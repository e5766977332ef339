#version 430
// Shuts what needs no more samples off from a finer picture: a depth that nothing can be before.

uniform sampler2D edges;
uniform int samples;  // along each side of a pixel

void main() {
    if (texelFetch(edges, ivec2(gl_FragCoord.xy) / samples, 0).r > 0.5) discard;
    gl_FragDepth = 0.0;
}
