"""Periodic gradient noise, as NumPy pictures: what textures and clouds are made of."""

from __future__ import annotations

from functools import lru_cache

import numpy as np


def noise(generator: np.random.Generator, size: int, cells_x: int, cells_y: int) -> np.ndarray:
    """Return periodic gradient noise of about [-1, 1], (size, size).

    Source: Perlin, "Improving Noise" (2002): gradients on a lattice, here one that wraps around, blended by
    the quintic fade.
    """
    angles = generator.uniform(0, 2 * np.pi, (cells_y, cells_x))
    weight_x, pull_x = _lattice(size, cells_x)
    weight_y, pull_y = _lattice(size, cells_y)
    # The sum over a texel's four corners factors into rows and columns: two small matrix products.
    slope_x = weight_y @ np.cos(angles) @ pull_x.T
    slope_y = pull_y @ np.sin(angles) @ weight_x.T
    return (slope_x + slope_y) * np.sqrt(2)


@lru_cache(maxsize=64)
def _lattice(size: int, cells: int) -> tuple[np.ndarray, np.ndarray]:
    """Return (size, cells) each: the weights of the lattice points beside a texel, and their ways there."""
    position = (np.arange(size) + 0.5) * cells / size
    left = np.floor(position).astype(int)
    d = position - left
    fade = d * d * d * (d * (d * 6 - 15) + 10)
    weight, pull = np.zeros((2, size, cells))
    texel = np.arange(size)
    for side, share in ((0, 1 - fade), (1, fade)):
        np.add.at(weight, (texel, (left + side) % cells), share)
        np.add.at(pull, (texel, (left + side) % cells), share * (d - side))
    return weight, pull


def fractal(
    generator: np.random.Generator, size: int, cells_x: int, cells_y: int, octaves: int = 4
) -> np.ndarray:
    """Add octaves of noise, each twice as fine and half as strong; about [-1, 1]."""
    total = np.zeros((size, size))
    for octave in range(octaves):
        total += noise(generator, size, cells_x << octave, cells_y << octave) / (1 << octave)
    return total
