"""Generators of a sensor's noise: the same for the same seeds and instant."""

from __future__ import annotations

import struct

import numpy as np


def seeded(*seeds: int, t: float | None = None) -> np.random.Generator:
    """Return a generator keyed by whole numbers, 0 or more, and an instant, seconds."""
    instant = () if t is None else struct.unpack("<2I", struct.pack("<d", t + 0.0))  # -0.0 is 0.0
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence((*seeds, *instant))))
