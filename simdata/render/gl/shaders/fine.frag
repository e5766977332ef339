#version 430
// Beside edges and behind glass, where half resolution may know nothing of what is seen.

#define BEYOND_HALF
#include "shade.glsl"
