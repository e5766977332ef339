// Where a picture of all directions shows one of them, 0 to 1: row 0 is straight up, the middle column looks
// along `heading` (world frame), and to the right is clockwise from above.

vec2 panorama_place(vec3 way, float heading) {
    float azimuth = way.x == 0.0 && way.y == 0.0 ? 0.0 : atan(way.y, way.x);
    return vec2(0.5 - (azimuth - heading) / 6.2831853, acos(clamp(way.z, -1.0, 1.0)) / 3.1415927);
}
