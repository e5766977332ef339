"""A material's textures with its colours in them, for renderers that cannot recolour in a shader."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from simdata.color import Srgb, linear, linear_from_srgb, srgb_from_linear
from simdata.material import FieldTexture, Layer, Material, Three
from simdata.texture.maps import SIZE, layer_mask, texture_maps

WHITE: Srgb = (1.0, 1.0, 1.0)
# Tables to go to light and back: of bytes, and of steps of light so fine that a byte is off by 0.6 at most.
LIGHT = np.array([linear_from_srgb(value / 255) for value in range(256)], np.float32)
STEPS = 1 << 14
ENCODED = np.array([round(255 * srgb_from_linear(k / STEPS)) for k in range(STEPS + 1)], np.uint8)


@dataclass(frozen=True)
class Baked:
    """Pictures of a material's surface; row 0 is v = 1.

    Attributes:
        color: (size, size, 3) uint8 sRGB, base colour included.
        roughness, metallic: (size, size) uint8, 255 is 1.
        slopes: (size, size, 2) float32, how the relief rises along u and v, tile sides a tile side; the
            texture's `relief` is included.
        repeat: how often the pictures repeat across one unit of UV, along u and v.
    """

    color: np.ndarray
    roughness: np.ndarray
    metallic: np.ndarray
    slopes: np.ndarray
    repeat: tuple[float, float]


def bake(
    texture: FieldTexture, base_color: Srgb = WHITE, layer: Layer | None = None, size: int = SIZE
) -> np.ndarray:
    """Return a texture as a tileable picture, (size, size, 3) uint8 sRGB; row 0 is v = 1.

    base_color: sRGB, multiplies it. layer: lies on it; its tile is the texture's.

    Raises:
        UnknownNameError: no such family or layer.
    """
    maps = texture_maps(texture.family, texture.seed, size)
    light = _light(maps, texture, base_color)
    if layer is not None:
        cover = covered(layer_mask(layer.family, layer.seed, size), layer.amount)
        light = _under(light, linear(layer.color), cover)
    return _encoded(light)


def baked(
    material: Material,
    size: int = SIZE,
    picture: np.ndarray | None = None,
    surface: np.ndarray | None = None,
) -> Baked:
    """Return all that textures say about a material.

    picture: (H, W, 3) uint8 sRGB, the file of a material whose texture is an `ImageTexture`.
    surface: (H, W, 4) uint8, the map beside it, if there is one.
    Where texture and layer repeat unequally often, the pictures span the wider of the two tiles, and the
    other goes into it a whole number of times.

    Raises:
        UnknownNameError: no such family or layer.
    """
    repeat = _widest(material)
    light, roughness, metallic, slopes = _bare(material, size, picture, repeat)
    if surface is not None and material.texture is not None:
        fitted = cv2.resize(surface, (size, size), interpolation=cv2.INTER_AREA)
        told = _spread(fitted, material.texture.repeat, repeat).astype(np.float32)
        roughness, metallic, slopes = told[..., :1] / 255, told[..., 1:2] / 255, (told[..., 2:] - 128) / 127
    if (layer := material.layer) is not None:
        mask = _spread(layer_mask(layer.family, layer.seed, size), layer.repeat, repeat)
        cover = covered(mask, layer.amount)
        light = _under(light, linear(layer.color), cover)
        roughness = _under(roughness, (layer.roughness,), cover)
        metallic = _under(metallic, (layer.metallic,), cover)
    return Baked(_encoded(light), _bytes(roughness[..., 0]), _bytes(metallic[..., 0]), slopes, repeat)


def _bare(
    material: Material, size: int, picture: np.ndarray | None, repeat: tuple[float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return colour (linear), roughness, metalness and slopes below the layer."""
    texture = material.texture
    if isinstance(texture, FieldTexture):
        maps = _spread(texture_maps(texture.family, texture.seed, size), texture.repeat, repeat)
        roughness = _shares(maps, texture.roughness, material.roughness)
        metallic = _shares(maps, texture.metallic, material.metallic)
        slopes = (maps[..., 2:].astype(np.float32) - 128) * np.float32(texture.relief / 127)
        return _light(maps, texture, material.base_color), roughness, metallic, slopes
    light, one = (np.ones((size, size, channels), np.float32) for channels in (3, 1))
    light *= np.array(linear(material.base_color), np.float32)
    if texture is not None and picture is not None:
        fitted = cv2.resize(LIGHT[picture], (size, size), interpolation=cv2.INTER_AREA)
        light *= _spread(fitted, texture.repeat, repeat)
    flat = np.zeros((size, size, 2), np.float32)
    return light, material.roughness * one, material.metallic * one, flat


def _widest(material: Material) -> tuple[float, float]:
    repeats = [part.repeat for part in (material.texture, material.layer) if part is not None]
    return (min(r[0] for r in repeats), min(r[1] for r in repeats)) if repeats else (1.0, 1.0)


def _bytes(share: np.ndarray) -> np.ndarray:
    return np.rint(255 * share).astype(np.uint8)


def _encoded(light: np.ndarray) -> np.ndarray:
    """Return sRGB bytes of linear light in [0, 1]."""
    return ENCODED[(light * STEPS + np.float32(0.5)).astype(np.uint16)]


def covered(mask: np.ndarray, amount: float) -> np.ndarray:
    """Return how much of each texel (H, W) of a layer's mask is covered, 0 to 1; `amount` on average.

    Where covered and bare meet it goes over 8 of the mask's steps.
    """
    soft = max(min(8.0, 512 * amount, 512 * (1 - amount)), 1.0)
    return np.clip((mask + np.float32(0.5 - 256 * (1 - amount))) / np.float32(soft) + np.float32(0.5), 0, 1)


def _light(maps: np.ndarray, texture: FieldTexture, base_color: Srgb) -> np.ndarray:
    """Return linear (H, W, 3) of tone and accent, times a base colour."""
    base = np.array(linear(base_color))
    return _mixed(
        maps, [base * linear(end) for end in (*texture.colors, texture.accent or texture.colors[1])]
    )


def _shares(maps: np.ndarray, three: Three | None, one: float) -> np.ndarray:
    """Return (H, W, 1) of what tone 0, tone 1 and the accent have each, or all have."""
    ends = (one,) * 3 if three is None else three
    return _mixed(maps, [(end,) for end in ends])


def _mixed(maps: np.ndarray, ends: Sequence[Sequence[float] | np.ndarray]) -> np.ndarray:
    """Mix (H, W, n) from what tone 0, tone 1 and the accent have."""
    low, *others = (np.asarray(end, np.float32) for end in ends)
    steps = np.linspace(0, 1, 256, dtype=np.float32)[:, None]
    high, accent = (((end - low) * steps)[maps[..., channel]] for channel, end in enumerate(others))
    return np.clip(low + high + accent, 0, 1)


def _under(below: np.ndarray, above: Sequence[float], cover: np.ndarray) -> np.ndarray:
    return below + (np.asarray(above, np.float32) - below) * cover[..., None]


def _spread(tile: np.ndarray, own: tuple[float, float], repeat: tuple[float, float]) -> np.ndarray:
    """Return a tile (size, size, …) as often beside itself as it goes into a wider one, as large."""
    times = [max(1, round(a / b)) for a, b in zip(own, repeat, strict=True)]
    if times == [1, 1]:
        return tile
    shrunk = cv2.resize(tile, None, fx=1 / times[0], fy=1 / times[1], interpolation=cv2.INTER_AREA)
    wide = np.tile(shrunk, (times[1], times[0], *(1,) * (tile.ndim - 2)))
    return cv2.resize(wide, tile.shape[1::-1], interpolation=cv2.INTER_LINEAR)
