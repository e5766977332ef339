"""What `tiny` hands to PyBullet: meshes as lists that are used again, textures as files."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from simdata.errors import RenderError
from simdata.material import ImageTexture, Texture
from simdata.texture import bake

# Texels a side of a field: TinyRenderer has no mip-maps, finer ones only alias.
_SIDE = 256


class Lent:
    """The lists in which PyBullet is handed meshes, filled anew each time.

    PyBullet never gives back a list of vertices or indices, nor a row in it (`extractVertices` in its
    pybullet.c drops no reference), so fresh lists would pile up: 9 MB a scene.
    """

    def __init__(self) -> None:
        self._rows: dict[str, list[list[float]]] = {}
        self._lists: dict[str, list[Any]] = {}

    def rows(self, name: str, array: np.ndarray) -> list[list[float]]:
        """Return (n, k) numbers as a list of rows, valid until the next call with this name."""
        values, rows = array.tolist(), self._rows.setdefault(name, [])
        rows.extend([0.0] * array.shape[1] for _ in range(len(values) - len(rows)))
        for row, value in zip(rows, values, strict=False):
            row[:] = value
        lent = self._lists.setdefault(name, [])
        lent[:] = rows[: len(values)]
        return lent

    def numbers(self, name: str, array: np.ndarray) -> list[int]:
        """Return (n,) numbers as a list, valid until the next call with this name."""
        lent = self._lists.setdefault(name, [])
        lent[:] = array.tolist()
        return lent


class TextureLoader:
    """Loads base-colour textures, each once a scene, through uncompressed files: PNG costs thrice as much."""

    def __init__(self, bullet: Any, client: int, folder: Path, store: Path | None) -> None:
        self._bullet, self._client, self._folder, self._store = bullet, client, folder, store
        self._loaded: dict[Texture, int] = {}

    def load(self, texture: Texture | None) -> dict[str, int]:
        """Return the arguments of `changeVisualShape` that put the texture on."""
        if texture is None:
            return {}
        if texture not in self._loaded:
            path = str(self._file(texture))
            self._loaded[texture] = self._bullet.loadTexture(path, physicsClientId=self._client)
        return {"textureUniqueId": self._loaded[texture]}

    def _file(self, texture: Texture) -> Path:
        if isinstance(texture, ImageTexture):
            if self._store is None:
                raise RenderError(
                    f"texture {texture.sha256[:12]}… is in a store; open the renderer with store="
                )
            return self._store / f"{texture.sha256}.png"
        path = self._folder / f"{len(self._loaded)}.bmp"
        _, data = cv2.imencode(".bmp", cv2.cvtColor(bake(texture, size=_SIDE), cv2.COLOR_RGB2BGR))
        path.write_bytes(data.tobytes())
        return path


@contextmanager
def no_garbage_collection() -> Iterator[None]:
    """Pause the collector: PyBullet takes meshes as nested lists, which it would search again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
