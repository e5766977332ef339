"""Families on their way to rooms of their own."""

from __future__ import annotations

import numpy as np

from simdata.noise import fractal, noise
from simdata.texture.field import Family, Field, Layer, even
from simdata.texture.field import level as _level


def _uv(size: int) -> tuple[np.ndarray, np.ndarray]:
    centers = (np.arange(size) + 0.5) / size
    return centers[None, :], centers[:, None]


def _boards(generator: np.random.Generator, size: int) -> np.ndarray:
    """Wooden boards side by side along u: grain, a tone a board, dark joints."""
    boards = 4
    _, v = _uv(size)
    board = np.minimum((v * boards).astype(int), boards - 1)
    tone = generator.uniform(-0.35, 0.35, boards)[board]
    grain = fractal(generator, size, 2, 24, 3) * 0.35 + _rings(generator, size) * 0.4
    inside = (v * boards) % 1.0
    joint = np.minimum(inside, 1 - inside) < 0.012 * boards / 4
    return np.where(joint, 0.0, np.clip(0.55 + tone + 0.5 * grain, 0.08, 1))


def _rings(generator: np.random.Generator, size: int) -> np.ndarray:
    """Year rings, stretched along u and bent by noise; about [-1, 1]."""
    _, v = _uv(size)
    bend = fractal(generator, size, 1, 3, 3)
    return np.sin(2 * np.pi * (6 * v + 1.6 * bend))


def _checks(generator: np.random.Generator, size: int) -> np.ndarray:
    """A tartan: the same uneven bands across and along."""
    edges = np.sort(generator.uniform(0, 1, 2 * int(generator.integers(1, 4))))
    across, along = (np.searchsorted(edges, (2 * x) % 1.0) % 2 for x in _uv(size))
    return 0.5 * (across + along) + 0.05 * noise(generator, size, 32, 32)


def _label(generator: np.random.Generator, size: int) -> np.ndarray:
    """A printed label: bands, a badge, and lines that pass for text from a distance."""
    u, v = _uv(size)
    field = np.zeros((size, size))
    edges = np.sort(generator.uniform(0.05, 0.95, 4))
    field += np.where((v > edges[0]) & (v < edges[1]), 0.75, 0.0) + np.where(
        (v > edges[2]) & (v < edges[3]), 1.0, 0.0
    )
    center_u, center_v, radius = (
        generator.uniform(0.25, 0.75),
        generator.uniform(0.3, 0.7),
        generator.uniform(0.1, 0.2),
    )
    badge = np.hypot(u - center_u, v - center_v)
    field = np.where(badge < radius, 1 - np.round(field), np.where(badge < radius * 1.12, 0.5, field))
    for line in range(int(generator.integers(3, 7))):
        top, left = 0.08 + 0.045 * line, (center_u + 0.3) % 0.55 + 0.05
        width = generator.uniform(0.12, 0.32)
        ink = (v > top) & (v < top + 0.02) & (u > left) & (u < left + width)
        field = np.where(ink & (noise(generator, size, 48, 4) > -0.25), 0.9 - field * 0.8, field)
    return np.clip(field, 0, 1)


def _marble(generator: np.random.Generator, size: int) -> np.ndarray:
    u, v = _uv(size)
    turbulence = sum(np.abs(noise(generator, size, 2 << k, 2 << k)) / (1 << k) for k in range(5))
    veins = np.abs(np.sin(2 * np.pi * (u + v) + 3.2 * turbulence))
    return 0.25 + 0.75 * veins**0.35 + 0.05 * noise(generator, size, 8, 8)


def _plaster(generator: np.random.Generator, size: int) -> np.ndarray:
    return _level(fractal(generator, size, 3, 3, 5))


def _speckle(generator: np.random.Generator, size: int) -> np.ndarray:
    """Stoneware or terrazzo: specks of two sizes on a calm ground."""
    specks = (noise(generator, size, 40, 40) > 0.52).astype(float) + 0.6 * (
        noise(generator, size, 20, 20) > 0.5
    )
    return np.clip(0.12 * _level(noise(generator, size, 4, 4)) + specks, 0, 1)


def _stripes(generator: np.random.Generator, size: int) -> np.ndarray:
    _, v = _uv(size)
    edges = np.sort(generator.uniform(0, 1, 2 * int(generator.integers(2, 5))))
    return (np.searchsorted(edges, v) % 2).astype(float) * np.ones((size, size))


def _tiles(generator: np.random.Generator, size: int) -> np.ndarray:
    """Square tiles: a tone a tile, pale joints, slight clouds."""
    u, v = _uv(size)
    count = 4
    tone = generator.uniform(0.0, 0.3, (count, count))
    row, column = ((np.minimum((x * count).astype(int), count - 1)) for x in (v, u))
    gap = np.minimum.reduce(
        np.broadcast_arrays(*(np.minimum((x * count) % 1, 1 - (x * count) % 1) for x in (u, v)))
    )
    return np.where(
        gap < 0.025, 1.0, np.clip(tone[row, column] + 0.12 * fractal(generator, size, 4, 4), 0, 0.6)
    )


def _weave(generator: np.random.Generator, size: int) -> np.ndarray:
    u, v = _uv(size)
    threads = 24
    warp, weft = (0.5 + 0.5 * np.cos(2 * np.pi * threads * x) for x in (u, v))
    over = (np.floor(u * threads) + np.floor(v * threads)) % 2
    return np.clip(np.where(over == 1, warp, weft) * 0.7 + 0.3 * _level(noise(generator, size, 12, 12)), 0, 1)


def _wood(generator: np.random.Generator, size: int) -> np.ndarray:
    return _level(_rings(generator, size) * 0.5 + fractal(generator, size, 2, 32, 3) * 0.6)


def _flat(tone):
    return lambda generator, size: Field(tone(generator, size), even(size), even(size))


FAMILIES: dict[str, Family] = {
    "boards": _flat(_boards),
    "checks": _flat(_checks),
    "label": _flat(_label),
    "marble": _flat(_marble),
    "plaster": _flat(_plaster),
    "speckle": _flat(_speckle),
    "stripes": _flat(_stripes),
    "tiles": _flat(_tiles),
    "weave": _flat(_weave),
    "wood": _flat(_wood),
}

LAYERS: dict[str, Layer] = {
    "dust": _plaster,
}
