"""Generators of a sensor's noise: the same for the same use, seed and instant."""

from __future__ import annotations

import struct
import zlib

import numpy as np


def seeded(use: str, seed: int, t: float = 0.0) -> np.random.Generator:
    """Return a generator keyed by what it is for, a whole number from 0 on and an instant, seconds."""
    instant = struct.unpack("<2I", struct.pack("<d", t + 0.0))  # -0.0 is 0.0
    return np.random.Generator(np.random.SFC64((zlib.crc32(use.encode()), seed, *instant)))
