#version 430
// One triangle over the whole target, behind everything.

void main() {
    vec2 corner = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    gl_Position = vec4(4.0 * corner - 1.0, 1.0, 1.0);
}
