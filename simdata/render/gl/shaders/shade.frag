#version 430
// Linear light from each surface to the camera; alpha is 1 where there is a surface.

#include "srgb.glsl"
#include "brdf.glsl"
#include "light.glsl"
#include "area.glsl"
#include "haze.glsl"
#include "surface.glsl"
#include "surroundings.glsl"

in vec3 position;
in vec3 normal;
in vec2 uv;

layout(location = 0) out vec4 light_out;

void main() {
    vec2 along = dFdx(uv), across = dFdy(uv);
    vec3 facing = normalize(normal) * (gl_FrontFacing ? 1.0 : -1.0);
    Surface surface = surface_at(uv, along, across, facing, -normalize(position));
    mat2 turn = turn_of(gl_FragCoord.xy);
    vec3 light = from_everywhere(surface, position, openness(position, facing));
    for (int i = 0; i < lamp_count; i++) {
        Light lamp = light_of(i);
        vec4 way = towards(lamp, position);
        if (dot(facing, way.xyz) <= 0.0 || way.w <= 0.0) continue;
        float share = lamp.extra.y < 0.0 ? 1.0 : arriving(lamp, position, facing, turn);
        light += share * way.w * lamp.color.rgb * reflected(surface, way.xyz);
    }
    for (int i = lamp_count; i < light_count; i++)
        light += from_area(light_of(i), light_across[i].xyz, light_along[i].xyz, surface, position, facing, turn);
    light_out = vec4(hazed(light, length(position)), 1.0);
}
