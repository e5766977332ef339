"""Textures on the device, mip-mapped, within a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import moderngl
import numpy as np

from simdata.material import ImageTexture, Layer, Texture
from simdata.render.stored import stored, stored_surface
from simdata.texture import layer_mask, texture_maps
from simdata.texture.baked import LIGHT

SRGB8_ALPHA8 = 0x8C43  # Source: OpenGL 4.5 specification, table 8.12


@dataclass(frozen=True)
class Loss:
    """What mip-maps average away of a map.

    Attributes:
        variance: of the map itself, over all its channels.
        half: level at which half of it is gone.
        rate: share of it that goes a level, about there.
    """

    variance: float = 0.0
    half: float = 0.0
    rate: float = 0.0


@dataclass(frozen=True, eq=False)
class Baked:
    """A texture on the device.

    Attributes:
        mean: of its first channels: a field's shares of tone 1 and accent, a picture's linear colour.
        loss: what its mip-maps lose of a field's slopes, or of a mask's values.
    """

    texture: moderngl.Texture
    mean: np.ndarray
    loss: Loss = Loss()

    @property
    def size(self) -> int:
        """Return the bytes that it takes, mip-maps included."""
        return self.texture.width * self.texture.height * self.texture.components * 4 // 3


class Textures:
    """Textures by content; the least used go when their bytes pass the limit.

    Args:
        context: where they are.
        store: folder of imported pictures.
        limit: bytes of texels, mip-maps included.
    """

    def __init__(self, context: moderngl.Context, store: Path | None, limit: int = 384 << 20) -> None:
        self._context, self._store, self._limit, self._held = context, store, limit, 0
        self._baked: OrderedDict[tuple[object, ...], Baked] = OrderedDict()

    def get(self, texture: Texture | Layer) -> Baked:
        """Return a texture, or the mask of a layer; it is made when it is first asked for.

        Raises:
            RenderError: a picture is not in the store, or cannot be read.
            UnknownNameError: no such family.
        """
        return self._kept(_key(texture), partial(self._bake, texture))

    def surface(self, texture: ImageTexture) -> Baked:
        """Return the map of roughness, metalness and slopes beside a picture.

        Raises:
            RenderError: it is not in the store, or cannot be read.
        """
        return self._kept(("surface", texture.sha256), partial(self._skin, texture))

    def _kept(self, key: tuple[object, ...], make: Callable[[], Baked]) -> Baked:
        found = self._baked.pop(key, None)
        if found is None:
            found = make()
            found.texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            self._held += found.size
        self._baked[key] = found
        return found

    def trim(self) -> None:
        """Drop what is over the limit; call it when nothing is being drawn."""
        while self._held > self._limit and len(self._baked) > 1:
            _, found = self._baked.popitem(last=False)
            self._held -= found.size
            found.texture.release()

    def release(self) -> None:
        """Give everything back."""
        for found in self._baked.values():
            found.texture.release()
        self._baked.clear()
        self._held = 0

    def _bake(self, texture: Texture | Layer) -> Baked:
        if isinstance(texture, ImageTexture):
            picture = stored(texture, self._store)
            return Baked(self._picture(picture), LIGHT[picture].mean((0, 1)))
        if isinstance(texture, Layer):
            mask = layer_mask(texture.family, texture.seed)[..., None]
            return Baked(self._texels(mask), mask.mean((0, 1)) / 255, _loss(mask / 255))
        maps = texture_maps(texture.family, texture.seed)
        return Baked(self._texels(maps), maps.mean((0, 1)) / 255, _loss((maps[..., 2:] - 128.0) / 127))

    def _texels(self, maps: np.ndarray) -> moderngl.Texture:
        maps = np.flipud(maps)  # row 0 is v = 1, OpenGL's is v = 0
        texture = self._context.texture(maps.shape[1::-1], maps.shape[2], maps.tobytes())
        texture.build_mipmaps()
        for level, smaller in enumerate(_halves(maps), 1):
            texture.write(smaller.tobytes(), level=level)
        return texture

    def _skin(self, texture: ImageTexture) -> Baked:
        maps = stored_surface(texture, self._store)
        return Baked(self._texels(maps), maps.mean((0, 1)) / 255, _loss((maps[..., 2:] - 128.0) / 127))

    def _picture(self, picture: np.ndarray) -> moderngl.Texture:
        rgba = np.flipud(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA))
        size = picture.shape[1::-1]
        made = self._context.texture(size, 4, rgba.tobytes(), internal_format=SRGB8_ALPHA8)
        made.build_mipmaps()
        return made


def _key(texture: Texture | Layer) -> tuple[object, ...]:
    if isinstance(texture, ImageTexture):
        return ("image", texture.sha256)
    return (type(texture).__name__, texture.family, texture.seed)


def _halves(maps: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a square map, its side a power of two, half as large again and again.

    Each is rounded once: drivers make them of one another and round up, 6 of 255 in the end.
    """
    mean: np.ndarray = maps.astype(np.float32)
    while len(mean) > 1:
        mean = cv2.resize(mean, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
        yield np.rint(mean).astype(np.uint8)


def _loss(values: np.ndarray) -> Loss:
    """Measure a map (S, S, C), S a power of two, level by level."""
    left = []
    while True:
        left.append(float(values.var(axis=(0, 1)).sum()))
        size = len(values) // 2
        if not size:
            break
        values = values.reshape(size, 2, size, 2, -1).mean(axis=(1, 3))
    if left[0] == 0:
        return Loss()
    gone = 1 - np.array(left) / left[0]
    quarter, half, most = np.interp((0.25, 0.5, 0.75), gone, np.arange(len(gone)))
    return Loss(left[0], float(half), float(0.5 / min(most - quarter, half)))  # nothing at level 0
