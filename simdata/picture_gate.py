"""The picture gate: a user's picture is read once, in a limited child, checked and written anew.

No renderer ever sees a user's file: what it loads is our own content-addressed `STORE/<sha256>.png`, which a
material names as `ImageTexture(sha256=…)`.
"""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from pydantic import Field

from simdata.errors import AssetError
from simdata.limited import ChildLimits, ask, put, serve
from simdata.mesh_file import check_texture

SUFFIXES = {".bmp": "BMP", ".jpeg": "JPEG", ".jpg": "JPEG", ".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}
ADVICE = "make it smaller"


class PictureLimits(ChildLimits):
    """What a picture may cost. Sizes are checked before anything of that size is allocated."""

    file_bytes: int = Field(default=64 * 2**20, gt=0)
    pixels: int = Field(default=4096 * 4096, gt=0)


def import_texture(path: str | Path, store: str | Path, limits: PictureLimits | None = None) -> str:
    """Check a picture and write it to the store; returns the sha256 under which `ImageTexture` finds it.

    It is kept as 8-bit sRGB, upright as its camera says; what is transparent is laid on white.

    Raises:
        AssetError: one line with what is wrong, the file, the limit and what to try.
    """
    return _imported([Path(path)], Path(store), limits)[0]


def import_textures(folder: str | Path, store: str | Path, limits: PictureLimits | None = None) -> list[str]:
    """Import all pictures in a folder, in the order of their names; returns their sha256.

    Raises:
        AssetError: there is none; or the first that cannot be used, as `import_texture` says it.
    """
    paths = sorted(path for path in Path(folder).glob("*") if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise AssetError(f"{folder}: no pictures in this folder; known are {', '.join(sorted(SUFFIXES))}")
    return _imported(paths, Path(store), limits)


def _imported(paths: list[Path], store: Path, limits: PictureLimits | None) -> list[str]:
    requests = [{"path": str(path)} for path in paths]
    names = []
    for answer in ask("simdata.picture_gate", requests, store, limits or PictureLimits(), ADVICE):
        if isinstance(answer, AssetError):
            raise answer
        names.append(answer)
    return names


def _accept(request: dict[str, Any], store: Path, limits: PictureLimits) -> str:
    """Read, check and store one picture; returns its sha256. Runs in the child."""
    target = io.BytesIO()
    _read(Path(request["path"]), limits).save(target, format="PNG")
    sha256 = hashlib.sha256(target.getvalue()).hexdigest()
    put(store / f"{sha256}.png", target.getvalue())
    return sha256


def _read(path: Path, limits: PictureLimits) -> Image.Image:
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise AssetError(f"{path}: not a picture by its name; known are {', '.join(sorted(SUFFIXES))}")
    if not path.is_file():
        raise AssetError(f"{path}: there is no such file")
    if (size := path.stat().st_size) > limits.file_bytes:
        raise AssetError(f"{path}: {size} bytes is above {limits.file_bytes}: {ADVICE}")
    Image.MAX_IMAGE_PIXELS = None  # our own limit is checked below, before pixels are read
    try:
        with Image.open(path, formats=[kind]) as picture:
            check_texture(path, picture.size, limits.pixels)
            return _plain(ImageOps.exif_transpose(picture))
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise AssetError(f"{path}: cannot be read as {kind} ({error}): save it anew") from None


def _plain(picture: Image.Image) -> Image.Image:
    """Return 8-bit RGB."""
    if picture.mode.startswith(("I", "F")):  # 16 bits a pixel, which `convert` would clip
        return picture.point(lambda value: value / 257).convert("L").convert("RGB")
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    white = Image.new("RGBA", picture.size, "white")
    return Image.alpha_composite(white, picture.convert("RGBA")).convert("RGB")


if __name__ == "__main__":
    serve(_accept, PictureLimits, ADVICE)
