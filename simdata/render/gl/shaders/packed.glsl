// Openness in the last ten bits of a depth, which keeps 1 part in 8000.

float packed_open(float open, float depth) {
    return uintBitsToFloat((floatBitsToUint(depth) & ~1023u) | uint(1023.0 * clamp(open, 0.0, 1.0) + 0.5));
}

float open_of(float both) { return float(floatBitsToUint(both) & 1023u) / 1023.0; }

float depth_of(float both) { return uintBitsToFloat(floatBitsToUint(both) & ~1023u); }
