"""User pictures become textures, and bad ones one line."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simdata.errors import AssetError
from simdata.picture_gate import PictureLimits, import_texture, import_textures


def stored(store: Path, sha256: str) -> np.ndarray:
    content = (store / f"{sha256}.png").read_bytes()
    assert hashlib.sha256(content).hexdigest() == sha256
    return np.asarray(Image.open(store / f"{sha256}.png"))


def put(path: Path, picture: np.ndarray, **options: object) -> Path:
    Image.fromarray(picture).save(path, **options)
    return path


def noisy(seed: int, height: int = 12, width: int = 20) -> np.ndarray:
    return np.random.Generator(np.random.PCG64(seed)).integers(0, 256, (height, width, 3)).astype(np.uint8)


def test_a_picture_keeps_its_pixels_and_gets_one_name(tmp_path: Path) -> None:
    picture, store = noisy(1), tmp_path / "store"
    names = {
        import_texture(put(tmp_path / f"a{suffix}", picture), store) for suffix in (".png", ".bmp", ".tif")
    }
    assert len(names) == 1 and len(list(store.iterdir())) == 1
    assert np.array_equal(stored(store, names.pop()), picture)


def test_what_is_odd_becomes_plain(tmp_path: Path) -> None:
    turned = Image.Exif()
    turned[0x0112] = 6  # the camera was held upright: turn it a quarter clockwise
    path = put(tmp_path / "turned.jpg", np.zeros((8, 30, 3), np.uint8), exif=turned)
    assert stored(tmp_path, import_texture(path, tmp_path)).shape == (30, 8, 3)
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[:2, :, 3] = 255
    seen = stored(tmp_path, import_texture(put(tmp_path / "clear.png", clear), tmp_path))
    assert (seen[:2] == 0).all() and (seen[2:] == 255).all()
    deep = np.full((4, 4), 257 * 77, np.uint16)
    assert (stored(tmp_path, import_texture(put(tmp_path / "deep.png", deep), tmp_path)) == 77).all()


def test_a_folder_comes_in_the_order_of_its_names(tmp_path: Path) -> None:
    for name, seed in (("b.png", 2), ("a.png", 1), ("c.JPG", 3)):
        put(tmp_path / name, noisy(seed))
    (tmp_path / "notes.txt").write_text("no picture")
    names = import_textures(tmp_path, tmp_path / "store")
    assert len(names) == 3
    assert np.array_equal(stored(tmp_path / "store", names[0]), noisy(1))
    assert np.array_equal(stored(tmp_path / "store", names[1]), noisy(2))
    with pytest.raises(AssetError, match="no pictures in this folder"):
        import_textures(tmp_path / "store" / "none", tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cut.png", None, "cannot be read as PNG"),
        ("text.jpg", b"not a picture", "cannot be read as JPEG"),
        ("empty.png", b"", "cannot be read as PNG"),
        ("a.svg", b"<svg/>", "known are .bmp"),
    ],
)
def test_a_bad_file_is_one_line(tmp_path: Path, name: str, content: bytes | None, says: str) -> None:
    path = tmp_path / name
    if content is None:
        content = put(path, noisy(4, 80, 80)).read_bytes()[:3000]
    path.write_bytes(content)
    with pytest.raises(AssetError, match=says) as told:
        import_texture(path, tmp_path / "store")
    assert "\n" not in str(told.value) and str(path) in str(told.value)
    assert not list((tmp_path / "store").iterdir())


def test_limits_are_told_with_their_numbers(tmp_path: Path) -> None:
    path = put(tmp_path / "a.png", noisy(5))
    for limits, says in (
        (PictureLimits(pixels=239), "20x12 pixels is above 239"),
        (PictureLimits(file_bytes=100), "above 100"),
        (PictureLimits(wall_seconds=0.02), "took longer than 0.02 s"),
    ):
        with pytest.raises(AssetError, match=says):
            import_texture(path, tmp_path, limits)
    with pytest.raises(AssetError, match="no such file"):
        import_texture(tmp_path / "b.png", tmp_path)
