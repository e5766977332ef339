#version 430
// Where one sample a pixel is not enough: beside another object, a crease or a step in depth.

uniform sampler2D ids;
uniform sampler2D depths;   // metres
uniform sampler2D normals;
uniform ivec4 bounds;       // of the view in its target: left, top, right, bottom; the last two are outside

const float CREASE = 0.94;  // cosine of 20 degrees
const float STEP = 0.01;    // of the depth

layout(location = 0) out vec4 edge;

bool differs(ivec2 here, ivec2 there) {
    there = clamp(there, bounds.xy, bounds.zw - 1);
    float id = texelFetch(ids, here, 0).r;
    if (id != texelFetch(ids, there, 0).r) return true;
    float depth = texelFetch(depths, here, 0).r;
    return id > 0.0 && (
        dot(texelFetch(normals, here, 0).xyz, texelFetch(normals, there, 0).xyz) < CREASE
        || abs(depth - texelFetch(depths, there, 0).r) > STEP * depth
    );
}

void main() {
    ivec2 here = ivec2(gl_FragCoord.xy);
    bool any = differs(here, here + ivec2(1, 0)) || differs(here, here - ivec2(1, 0))
        || differs(here, here + ivec2(0, 1)) || differs(here, here - ivec2(0, 1));
    edge = vec4(any ? 1.0 : 0.0);
}
