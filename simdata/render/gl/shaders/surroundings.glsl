// Light from everywhere but the lights.

uniform vec3 sky;     // linear light from above …
uniform vec3 ground;  // … and from below
uniform vec3 up;      // world's z, view frame

vec3 from_everywhere(Surface surface) {
    vec3 mirror = reflect(-surface.view, surface.normal);
    vec3 scattered = mix(ground, sky, 0.5 + 0.5 * dot(surface.normal, up));
    float blur = mix(0.15, 1.0, surface.roughness);
    vec3 mirrored = mix(ground, sky, smoothstep(-blur, blur, dot(mirror, up)));
    return surface.diffuse * scattered + surface.glossy * mirrored;
}
