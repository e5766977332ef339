#version 430
// Opens pixels of a target that is shut: there all is drawn that is nearer than infinity.

void main() { gl_FragDepth = 1.0; }
