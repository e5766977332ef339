// Haze between the camera and what it sees.

uniform vec4 haze;  // rgb: what it shows when nothing is seen through it; w: density, 1 / m

vec3 hazed(vec3 light, float distance) { return mix(haze.rgb, light, exp(-haze.w * distance)); }
