#version 430
// Every pass over the scene: vertices from node frames to the view, one pose a node.

layout(std430, binding = 0) readonly buffer Poses { mat4 view_from_node[]; };
uniform mat4 clip_from_view;

in vec3 in_position;
in vec3 in_normal;
in vec2 in_uv;
in int in_node;

out vec3 position;  // metres, view frame (OpenCV axes)
out vec3 normal;
out vec2 uv;
flat out int node;

invariant gl_Position;

void main() {
    vec4 in_view = view_from_node[in_node] * vec4(in_position, 1.0);
    position = in_view.xyz;
    normal = mat3(view_from_node[in_node]) * in_normal;
    uv = in_uv;
    node = in_node;
    gl_Position = clip_from_view * in_view;
}
