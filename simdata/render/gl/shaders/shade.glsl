// Linear light from each surface to the camera; alpha is 1 where there is a surface.

#include "brdf.glsl"
#include "light.glsl"
#include "area.glsl"
#include "haze.glsl"
#include "surface.glsl"
#include "surroundings.glsl"

in vec3 position;
in vec3 normal;
in vec2 uv;

uniform sampler2D behind;  // what is seen without any glass
uniform int fineness;      // its samples along each side of a pixel

layout(location = 0) out vec4 light_out;

// Add what lies behind a pane.
vec4 seen_through(Surface surface, vec3 light) {
    vec4 sum = vec4(0.0);
    ivec2 first = ivec2(gl_FragCoord.xy) * fineness;
    for (int y = 0; y < fineness; y++)
        for (int x = 0; x < fineness; x++) sum += texelFetch(behind, first + ivec2(x, y), 0);
    sum /= float(fineness * fineness);
    vec3 through = (1.0 - surface.veil) * surface.through;
    vec3 before = sum.a * hazed(vec3(0.0), length(position));  // the haze is seen once
    return vec4(light + through * (sum.rgb - before), 1.0 - dot(through, vec3(1.0 / 3.0)) * (1.0 - sum.a));
}

void main() {
    vec3 facing = normalize(normal) * (gl_FrontFacing ? 1.0 : -1.0);
    Surface surface = surface_at(position, facing, uv);
    mat2 turn = turn_of(gl_FragCoord.xy);
    Around around = around_of(position, facing);
    vec3 light = (1.0 - surface.veil) * (from_everywhere(surface, position, around) + surface.emission);
    for (int coat = 0; coat < coats(surface); coat++) light += from_everywhere(varnish(surface), position, around);
    for (int i = 0; i < lamp_count; i++) {
        Light lamp = light_of(i);
        vec4 way = towards(lamp, position);
        bool lit = dot(facing, way.xyz) > 0.0 && way.w > 0.0;
        float share = lit ? arriving(lamp, position, facing, turn, lit) * way.w : 0.0;
        light += share * lamp.color.rgb * reflected(surface, way.xyz);
    }
    for (int i = lamp_count; i < light_count; i++)
        light += from_area(light_of(i), light_across[i].xyz, light_along[i].xyz, surface, position, facing, turn, world_from_view);
    light_out = vec4(hazed(light, length(position)), 1.0);
    for (int pane = 0; pane < int(ceil(material.transmission)); pane++) light_out = seen_through(surface, light_out.rgb);
}
