"""Skies as pictures: the radiance that comes from every direction, one implementation for all renderers."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from simdata.color import LUMINANCE, decoded, linear_from_srgb
from simdata.errors import AssetError
from simdata.sky.day import day
from simdata.sky.sphere import directions, reading
from simdata.sky.value import DaySky, ImageSky, NightSky, Sky

FILE_BYTES = 256 << 20
WIDEST, NARROWEST = 16384, 64  # pixels of a user's picture
KEPT = 2048  # rows of what is stored
FLOAT16 = 65504.0


def radiance(sky: Sky, height: int, store: Path | None = None) -> np.ndarray:
    """Return the light of a sky, linear, in the unit in which light of 1 from everywhere reads 1.

    Args:
        sky: which.
        height: rows of the picture.
        store: folder of imported skies.

    Returns:
        (height, 2 height, 3) float32, read-only; see `simdata.sky.sphere`. It looks along world +x, or an
        `ImageSky`'s heading.

    Raises:
        AssetError: a picture is not in the store.
    """
    return _radiance(sky, height, store)


@lru_cache(maxsize=4)
def _radiance(sky: Sky, height: int, store: Path | None) -> np.ndarray:
    if isinstance(sky, DaySky):
        light = day(sky, height)
    elif isinstance(sky, NightSky):
        light = _night(sky, height)
    else:
        light = sky.strength * _imported(sky, height, store)
    light = light.astype(np.float32)
    light.flags.writeable = False
    return light


def _night(sky: NightSky, height: int) -> np.ndarray:
    """Return a gradient from the glow at the horizon to the colour overhead, and dark ground below."""
    above, glow = (np.array([linear_from_srgb(x) for x in color]) for color in (sky.color, sky.glow))
    up = directions(height)[..., 2:]
    light = above + (glow - above) * np.exp(-5 * np.clip(up, 0, 1))
    light *= sky.strength / max(LUMINANCE @ reading(light), 1e-9)
    light[height // 2 :] = 0.1 * reading(light)
    return light


def _imported(sky: ImageSky, height: int, store: Path | None) -> np.ndarray:
    """Return an imported picture at a size, such that a white surface looking up reads 1."""
    if store is None:
        raise AssetError(f"sky {sky.sha256[:12]}… needs the folder it was imported to: pass `store`")
    path = Path(store) / f"{sky.sha256}.npy"
    try:
        light = np.load(path, allow_pickle=False).astype(np.float32)
    except (OSError, ValueError) as error:
        raise AssetError(f"no imported sky {sky.sha256[:12]}… in {store}: import it again") from error
    size = (2 * height, height)
    light = cv2.resize(light, size, interpolation=cv2.INTER_AREA if height < len(light) else cv2.INTER_LINEAR)
    return light / max(float(LUMINANCE @ reading(light)), 1e-9)


def import_sky(path: str | Path, store: str | Path) -> str:
    """Check a user's equirectangular picture and write it to a store; returns the hash it has there.

    Args:
        path: Radiance .hdr, or .exr where OpenCV reads it, linear; or .png, .jpg, sRGB; twice as wide as
            high.
        store: folder; `<sha256>.npy` holds (H, 2 H, 3) float16, a white surface looking up reads 1 under it.

    Raises:
        AssetError: one line with what is wrong, the file, the limit and what to try.
    """
    light = _read(Path(path))
    rows = min(len(light) - len(light) % 2, KEPT)
    light = cv2.resize(light, (2 * rows, rows), interpolation=cv2.INTER_AREA)
    bright = float(LUMINANCE @ reading(light))
    if not bright > 0:
        raise AssetError(f"{path}: its upper half is black: a sky must light something; export it anew")
    content = io.BytesIO()
    np.save(content, np.minimum(light / bright, FLOAT16).astype(np.float16))
    sha256 = hashlib.sha256(content.getvalue()).hexdigest()
    kept = Path(store) / f"{sha256}.npy"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content.getvalue())
    return sha256


def _read(path: Path) -> np.ndarray:
    """Return a picture's linear light, (H, W, 3) float32, checked."""
    if not path.is_file():
        raise AssetError(f"{path}: no such file: give an equirectangular .hdr, .exr, .png or .jpg")
    if path.stat().st_size > FILE_BYTES:
        raise AssetError(
            f"{path}: {path.stat().st_size >> 20} MiB, a sky may have {FILE_BYTES >> 20}: export it smaller"
        )
    try:
        picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_ANYDEPTH)
    except cv2.error:
        picture = None
    if picture is None:
        raise AssetError(f"{path}: cannot be read as a picture: export it as Radiance .hdr")
    height, width = picture.shape[:2]
    if width != 2 * height or not NARROWEST <= width <= WIDEST:
        raise AssetError(
            f"{path}: {width} x {height} pixels; a sky is twice as wide as high, {NARROWEST} to {WIDEST} "
            "wide: export it as an equirectangular panorama"
        )
    if picture.dtype in (np.uint8, np.uint16):
        encoded = picture.astype(np.float32) / (255 if picture.dtype == np.uint8 else 65535)
        return decoded(encoded)
    if not np.isfinite(picture).all() or picture.min() < 0:
        raise AssetError(f"{path}: holds light that is negative or not a number: export it anew")
    return picture.astype(np.float32)
