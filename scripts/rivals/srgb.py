"""sRGB of arrays. Source: IEC 61966-2-1."""

from __future__ import annotations

import numpy as np


def coded(light: np.ndarray) -> np.ndarray:
    """Encode linear light, [0, 1]."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decoded(color: np.ndarray) -> np.ndarray:
    """Decode sRGB, [0, 1]."""
    return np.where(color <= 0.04045, color / 12.92, ((color + 0.055) / 1.055) ** 2.4)
