#version 430
// The truth at pixel centres.

in vec3 position;
in vec3 normal;
flat in int node;

layout(location = 0) out float node_id;  // float holds integers to 2^24, and one clear serves all targets
layout(location = 1) out float depth;    // planar z, metres
layout(location = 2) out vec4 shading_normal;

void main() {
    node_id = float(node + 1);
    depth = position.z;
    shading_normal = vec4(normalize(normal) * (gl_FrontFacing ? 1.0 : -1.0), 0.0);
}
