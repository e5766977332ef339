#version 430
// Depth alone: shadow maps, and what is in front before anything is shaded.

void main() {}
