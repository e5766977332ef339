// What a white diffuse surface reads by its normal, world frame.
// Source: Ramamoorthi & Hanrahan, "An Efficient Representation for Irradiance Environment Maps" (2001).

vec3 read_by(vec3 light[9], vec3 n) {
    vec3 sum = 0.282095 * light[0];
    sum += 0.488603 * (n.y * light[1] + n.z * light[2] + n.x * light[3]);
    sum += 1.092548 * (n.x * n.y * light[4] + n.y * n.z * light[5] + n.x * n.z * light[7]);
    sum += 0.315392 * (3.0 * n.z * n.z - 1.0) * light[6] + 0.546274 * (n.x * n.x - n.y * n.y) * light[8];
    return max(sum, 0.0);
}
