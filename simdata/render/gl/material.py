"""Materials on the device, and their textures, mip-mapped, within a bound."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import cv2
import moderngl
import numpy as np

from simdata.color import linear_from_srgb
from simdata.errors import RenderError
from simdata.material import FieldTexture, ImageTexture, Material, Texture
from simdata.render.gl.program import Program
from simdata.scene import Scene
from simdata.texture import texture_field

SRGB8_ALPHA8 = 0x8C43  # Source: OpenGL 4.5 specification, table 8.12
FIELD_UNIT, PICTURE_UNIT = 0, 1


class Textures:
    """Textures by content; the least used go when their bytes pass the limit.

    Args:
        context: where they are.
        store: folder of imported pictures.
        limit: bytes of texels, mip-maps included.
    """

    def __init__(self, context: moderngl.Context, store: Path | None, limit: int = 256 << 20) -> None:
        self._context, self._store, self._limit, self._held = context, store, limit, 0
        self._textures: OrderedDict[tuple[object, ...], moderngl.Texture] = OrderedDict()

    def get(self, texture: Texture) -> moderngl.Texture:
        """Return a texture, made when it is first asked for.

        Raises:
            RenderError: a picture is not in the store, or cannot be read.
        """
        key = _key(texture)
        found = self._textures.pop(key, None)
        if found is None:
            found = self._field(texture) if isinstance(texture, FieldTexture) else self._picture(texture)
            found.build_mipmaps()
            found.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
            self._held += _size(found)
        self._textures[key] = found
        return found

    def trim(self) -> None:
        """Drop what is over the limit; call it when nothing is being drawn."""
        while self._held > self._limit and len(self._textures) > 1:
            _, texture = self._textures.popitem(last=False)
            self._held -= _size(texture)
            texture.release()

    def release(self) -> None:
        """Give everything back."""
        for texture in self._textures.values():
            texture.release()
        self._textures.clear()
        self._held = 0

    def _field(self, texture: FieldTexture) -> moderngl.Texture:
        field = np.flipud(texture_field(texture.family, texture.seed))  # row 0 is v = 1, OpenGL's is v = 0
        return self._context.texture(field.shape[::-1], 1, field.tobytes())

    def _picture(self, texture: ImageTexture) -> moderngl.Texture:
        if self._store is None:
            raise RenderError(f"texture {texture.sha256[:12]}… is in a store; open the renderer with store=")
        path = self._store / f"{texture.sha256}.png"
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
        if picture is None:
            raise RenderError(f"{path} cannot be read as a picture: import its mesh again")
        rgba = np.flipud(cv2.cvtColor(picture, cv2.COLOR_RGB2RGBA))
        return self._context.texture(picture.shape[1::-1], 4, rgba.tobytes(), internal_format=SRGB8_ALPHA8)


class Materials:
    """The materials of a scene's nodes; nodes of one material are drawn together.

    Args:
        scene: its look is read.
        textures: the cache.

    Raises:
        RenderError: a picture is not in the store, or cannot be read.
    """

    def __init__(self, scene: Scene, textures: Textures) -> None:
        of_nodes = [scene.spec.look.material(node) for node in scene.nodes]
        self._textures, self._materials = textures, list(dict.fromkeys(of_nodes))
        number = {material: k for k, material in enumerate(self._materials)}
        self._number_of = [number[material] for material in of_nodes]
        self._rows = [_row(material) for material in self._materials]
        for material in self._materials:
            if material.texture is not None:
                textures.get(material.texture)

    def groups(self, nodes: list[int], program: Program) -> Iterator[list[int]]:
        """Tell a program of each material in turn, and give the nodes that are made of it."""
        number_of = self._number_of.__getitem__
        for number, group in groupby(sorted(nodes, key=number_of), key=number_of):
            texture = self._materials[number].texture
            if texture is not None:
                unit = FIELD_UNIT if isinstance(texture, FieldTexture) else PICTURE_UNIT
                self._textures.get(texture).use(unit)
            program.set(**self._rows[number])
            yield list(group)


def _key(texture: Texture) -> tuple[object, ...]:
    if isinstance(texture, FieldTexture):
        return ("field", texture.family, texture.seed)
    return ("image", texture.sha256)


def _size(texture: moderngl.Texture) -> int:
    return texture.width * texture.height * texture.components * 4 // 3


def _row(material: Material) -> dict[str, tuple[float, ...]]:
    """Return a material as `shade.frag` reads it."""
    low, high, repeat, kind = (0.0,) * 3, (0.0,) * 3, (1.0, 1.0), 0.0
    if isinstance(material.texture, FieldTexture):
        (low, high), repeat, kind = material.texture.colors, material.texture.repeat, 1.0
    elif material.texture is not None:
        repeat, kind = material.texture.repeat, 2.0
    base = [linear_from_srgb(channel) for channel in material.base_color]
    return {
        "material.base": (*base, material.roughness),
        "material.low": (*low, material.metallic),
        "material.high": (*high, kind),
        "material.repeat": (*repeat, 0.0, 0.0),
    }
