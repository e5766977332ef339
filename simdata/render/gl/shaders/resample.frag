#version 430
// Linear light along a lens's own rays, from the faces that hold it.

uniform sampler2D rays;   // rgb: camera frame, `samples` along each side of a pixel; a: 0 where there is none
uniform sampler2D faces;  // the atlas
uniform int samples;
uniform int face_count;
uniform mat3 face_from_camera[6];
uniform vec4 projection[6];  // xy: focal lengths, zw: principal point in the atlas; pixels
uniform vec4 bounds[6];      // of the face in the atlas: left, top, right, bottom; pixels
uniform vec3 eye;            // where on the aperture we look from, camera frame, metres
uniform float focus;         // metres along a ray to what is sharp

layout(location = 0) out vec4 light;

void main() {
    vec2 size = vec2(textureSize(faces, 0));
    light = vec4(0.0);
    for (int y = 0; y < samples; y++)
        for (int x = 0; x < samples; x++) {
            vec4 ray = texelFetch(rays, ivec2(gl_FragCoord.xy) * samples + ivec2(x, y), 0);
            if (ray.a == 0.0) continue;
            vec3 way = ray.xyz * focus - eye;
            int face = 0;
            vec3 local = face_from_camera[0] * way;
            for (int i = 1; i < face_count; i++) {
                vec3 other = face_from_camera[i] * way;
                if (other.z > local.z) { face = i; local = other; }
            }
            vec2 place = local.xy / local.z * projection[face].xy + projection[face].zw;
            place = clamp(place, bounds[face].xy + 0.5, bounds[face].zw - 0.5);
            light += textureLod(faces, place / size, 0.0);
        }
    light /= float(samples * samples);
}
