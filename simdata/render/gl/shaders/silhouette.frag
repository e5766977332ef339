#version 430
// One bit an object in every pixel it covers, whatever stands before it.

layout(std430, binding = 4) readonly buffer Slots { int slot_of_node[]; };  // -1: no labelled object
layout(std430, binding = 5) buffer Bits { uint bits[]; };
uniform int width;
uniform int words;  // of 32 objects, a pixel

flat in int node;

void main() {
    int slot = slot_of_node[node];
    ivec2 pixel = ivec2(gl_FragCoord.xy);
    if (slot >= 0) atomicOr(bits[(pixel.y * width + pixel.x) * words + (slot >> 5)], 1u << (slot & 31));
}
