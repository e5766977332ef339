#version 430
// What a white diffuse surface reads of the lights alone, at places anywhere: the view is the world.

#include "brdf.glsl"
#include "light.glsl"
#include "area.glsl"

uniform sampler2D places;   // world frame, m
uniform sampler2D normals;

layout(location = 0) out vec4 arrives;

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy);
    vec3 at = texelFetch(places, here, 0).xyz, normal = texelFetch(normals, here, 0).xyz, none = vec3(0.0);
    Surface chalk = Surface(vec3(1.0), none, 1.0, 1.0, normal, normal, normal, none, none, 0.0, 1.0, 0.0, none, none);
    mat2 turn = turn_of(gl_FragCoord.xy);
    vec3 light = none;
    for (int i = 0; i < lamp_count; i++) {
        Light lamp = light_of(i);
        vec4 way = towards(lamp, at);
        bool lit = dot(normal, way.xyz) > 0.0 && way.w > 0.0;
        float share = lit ? arriving(lamp, at, normal, turn, lit) * way.w : 0.0;
        light += share * lamp.color.rgb * reflected(chalk, way.xyz);
    }
    for (int i = lamp_count; i < light_count; i++)
        light += from_area(light_of(i), light_across[i].xyz, light_along[i].xyz, chalk, at, normal, turn, mat3(1.0));
    arrives = vec4(light, 1.0);
}
