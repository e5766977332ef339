"""Procedural texture fields: tileable NumPy pictures, baked once per family and seed.

A family is a function `(generator, size) -> (size, size) float in [0, 1]` that tiles without a seam. The
material recolours it with two colours, so one field serves many looks and every renderer sees the same.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from simdata.errors import UnknownNameError
from simdata.material import FieldTexture
from simdata.noise import fractal, noise
from simdata.rng import Stream

# Texels a side. TinyRenderer has no mip-maps: finer fields only alias.
SIZE = 256

Field = Callable[[np.random.Generator, int], np.ndarray]


def bake(texture: FieldTexture, size: int = SIZE) -> np.ndarray:
    """Return the texture as a tileable picture, (size, size, 3) uint8 sRGB; row 0 is v = 1.

    Raises:
        UnknownNameError: no such family.
    """
    low, high = (np.asarray(color) for color in texture.colors)
    ramp = low + (high - low) * np.linspace(0, 1, 256)[:, None]
    return np.rint(255 * ramp).astype(np.uint8)[texture_field(texture.family, texture.seed, size)]


@lru_cache(maxsize=256)
def texture_field(family: str, seed: int, size: int = SIZE) -> np.ndarray:
    """Return one member of a family, (size, size) uint8: 0 takes the first colour, 255 the second."""
    if family not in FAMILIES:
        raise UnknownNameError("texture family", family, sorted(FAMILIES))
    field = FAMILIES[family](Stream(seed).child("texture", family).generator(), size)
    field = np.rint(255 * np.clip(field, 0, 1)).astype(np.uint8)
    field.flags.writeable = False
    return field


def texture_maps(family: str, seed: int, size: int = SIZE) -> np.ndarray:
    """Return one member of a family as (size, size, 4) uint8; row 0 is v = 1.

    Channels: tone, accent, and the slopes of the relief along u and along v, tile sides of height a tile side
    of way: (channel - 128) / 127.
    """
    field = texture_field(family, seed, size)
    flat = np.full_like(field, 128)
    return np.stack([field, np.zeros_like(field), flat, flat], -1)


def layer_mask(family: str, seed: int, size: int = SIZE) -> np.ndarray:
    """Return one member of a family of layers, (size, size) uint8; row 0 is v = 1.

    Values spread evenly over 0 to 255: a layer of some amount covers the texels above 255 (1 - amount).
    """
    if family not in LAYERS:
        raise UnknownNameError("layer family", family, sorted(LAYERS))
    field = LAYERS[family](Stream(seed).child("layer", family).generator(), size)
    ranks = np.argsort(np.argsort(field, axis=None, kind="stable"), kind="stable").reshape(field.shape)
    return np.rint(255 * ranks / (field.size - 1)).astype(np.uint8)


def _level(field: np.ndarray) -> np.ndarray:
    """Stretch a field to [0, 1], leaving 1 % at each end to clip."""
    low, high = np.quantile(field, (0.01, 0.99))
    return np.clip((field - low) / (high - low), 0, 1)


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


FAMILIES: dict[str, Field] = {
    "boards": _boards,
    "checks": _checks,
    "label": _label,
    "marble": _marble,
    "plaster": _plaster,
    "speckle": _speckle,
    "stripes": _stripes,
    "tiles": _tiles,
    "weave": _weave,
    "wood": _wood,
}

LAYERS: dict[str, Field] = {
    "dust": _plaster,
}
