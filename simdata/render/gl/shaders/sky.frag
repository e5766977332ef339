#version 430
// The sky where nothing stands before it, and haze before that; alpha is how much of it all is light.

#include "haze.glsl"
#include "panorama.glsl"

uniform sampler2D sky;
uniform mat3 world_from_pixel;
uniform float heading;
uniform float far;      // m, how far away it counts as
uniform float visible;  // 1, or 0 where there is no sky

layout(location = 0) out vec4 light;

void main() {
    vec3 way = normalize(world_from_pixel * vec3(gl_FragCoord.xy, 1.0));
    vec3 seen = visible * textureLod(sky, panorama_place(way, heading), 0.0).rgb;
    light = vec4(hazed(seen, far), mix(1.0 - exp(-haze.w * far), 1.0, visible));
}
