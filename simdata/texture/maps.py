"""The tables of families and layers, and their members as the texels that renderers take."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simdata.errors import UnknownNameError
from simdata.rng import Stream
from simdata.texture import cloth, display, ground, layer, masonry, metal, printed, sheet, stone, wood
from simdata.texture.field import Family, Field

# Texels a side.
SIZE = 512

_ROOMS = (printed, display, wood, stone, masonry, ground, metal, cloth, sheet)
_ALL: dict[str, Family] = {name: family for room in _ROOMS for name, family in room.FAMILIES.items()}
FAMILIES = {name: _ALL[name] for name in sorted(_ALL)}
LAYERS = layer.LAYERS


@lru_cache(maxsize=64)
def texture_maps(family: str, seed: int, size: int = SIZE) -> np.ndarray:
    """Return one member of a family as (size, size, 4) uint8; row 0 is v = 1.

    Channels: the shares of tone 1 and of the accent (tone 0 has the rest), and the slopes of the relief along
    u and along v, tile sides of height a tile side of way: (channel - 128) / 127.

    Raises:
        UnknownNameError: no such family.
    """
    if family not in FAMILIES:
        raise UnknownNameError("texture family", family, sorted(FAMILIES))
    field = FAMILIES[family](Stream(seed).child("texture", family).generator(), size)
    maps = np.empty((size, size, 4), np.uint8)
    accent = np.clip(field.accent, 0, 1)
    for channel, share in enumerate((np.clip(field.tone, 0, 1) * (1 - accent), accent)):
        maps[..., channel] = np.rint(255 * share)
    for channel, slope in enumerate(slopes(field), 2):
        maps[..., channel] = np.rint(128 + 127 * np.clip(slope, -1, 1))
    maps.flags.writeable = False
    return maps


def slopes(field: Field) -> tuple[np.ndarray, np.ndarray]:
    """Return how the relief rises along u and v, (size, size) each: central differences around the tile."""
    height, size = field.height, len(field.height)
    u, v = (np.roll(height, -1, axis) - np.roll(height, 1, axis) for axis in (1, 0))
    return u * size / 2, -v * size / 2  # rows go down, v goes up


def texture_field(family: str, seed: int, size: int = SIZE) -> np.ndarray:
    """Return the share of the second of two colours, for a material without an accent, (size, size) uint8.

    Raises:
        UnknownNameError: no such family.
    """
    tone, accent = np.moveaxis(texture_maps(family, seed, size)[..., :2], -1, 0)
    return np.minimum(255 - accent, tone) + accent


@lru_cache(maxsize=64)
def layer_mask(family: str, seed: int, size: int = SIZE) -> np.ndarray:
    """Return one member of a family of layers, (size, size) uint8; row 0 is v = 1.

    Values spread evenly over 0 to 255: a layer of some amount covers the texels above 255 (1 - amount).

    Raises:
        UnknownNameError: no such layer.
    """
    if family not in LAYERS:
        raise UnknownNameError("layer family", family, sorted(LAYERS))
    field = LAYERS[family](Stream(seed).child("layer", family).generator(), size)
    steps = np.rint(65535 * (field - field.min()) / np.ptp(field)).astype(np.uint16)  # sorted by radix
    mask = np.empty(field.size, np.uint8)
    mask[np.argsort(steps, axis=None, kind="stable")] = np.arange(field.size) * 256 // field.size
    mask.flags.writeable = False
    return mask.reshape(field.shape)
