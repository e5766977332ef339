#version 430
// The sky where nothing stands before it.

#include "panorama.glsl"

uniform sampler2D sky;
uniform mat3 world_from_pixel;
uniform float heading;

layout(location = 0) out vec4 light;

void main() {
    vec3 way = normalize(world_from_pixel * vec3(gl_FragCoord.xy, 1.0));
    light = vec4(textureLod(sky, panorama_place(way, heading), 0.0).rgb, 1.0);
}
