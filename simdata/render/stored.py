"""Pictures of imported materials, read from the store."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from simdata.errors import RenderError
from simdata.material import ImageTexture


def stored(texture: ImageTexture, store: Path | None) -> np.ndarray:
    """Return a picture, (H, W, 3) uint8 sRGB.

    Raises:
        RenderError: no store, or no such picture in it.
    """
    return _read(texture, store, ".png", cv2.IMREAD_COLOR_RGB)


def stored_surface(texture: ImageTexture, store: Path | None) -> np.ndarray:
    """Return the map beside a picture: roughness, metalness, slopes along u and v, (S, S, 4) uint8.

    Raises:
        RenderError: no store, or no such map in it.
    """
    maps = _read(texture, store, ".surface.png", cv2.IMREAD_UNCHANGED)
    return cv2.cvtColor(maps, cv2.COLOR_BGRA2RGBA)


def _read(texture: ImageTexture, store: Path | None, suffix: str, mode: int) -> np.ndarray:
    if store is None:
        raise RenderError(f"texture {texture.sha256[:12]}… is in a store; open the renderer with store=")
    path = store / f"{texture.sha256}{suffix}"
    picture = cv2.imread(str(path), mode)
    if picture is None:
        raise RenderError(f"{path} cannot be read as a picture: import its mesh again")
    return picture
