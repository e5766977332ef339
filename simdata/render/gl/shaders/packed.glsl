// A share of one in the last ten bits of a positive number, which keeps 1 part in 8000.

float packed_share(float share, float number) {
    return uintBitsToFloat((floatBitsToUint(number) & ~1023u) | uint(1023.0 * clamp(share, 0.0, 1.0) + 0.5));
}

float share_of(float both) { return float(floatBitsToUint(both) & 1023u) / 1023.0; }

float number_of(float both) { return uintBitsToFloat(floatBitsToUint(both) & ~1023u); }
