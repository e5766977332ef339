#version 430
// One sample a pixel, where half resolution knows what is seen. llvmpipe pays for the field where it is not read, too.

#include "shade.glsl"
