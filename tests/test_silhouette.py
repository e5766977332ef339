"""`Silhouette`: the same pixels however they are stored, within the image and beyond."""

from __future__ import annotations

import numpy as np
import pytest
from sample_scene import camera

from simdata.errors import FrameError
from simdata.frame import Frame
from simdata.silhouette import Silhouette

L = np.array([[0, 0, 0, 0], [0, 1, 0, 0], [0, 1, 1, 0]], bool)


def test_area_box_and_crops() -> None:
    one = Silhouette(-3, 2, L.copy())
    assert (one.area, one.box_xywh, one.window) == (3, [-2, 3, 2, 2], (-3, 2, 1, 5))
    assert one.trimmed().window == (-2, 3, 0, 5)
    assert not one.inside(8, 6).any() and one.inside(8, 6).shape == (6, 8)
    assert np.array_equal(one.crop((-3, 2, 1, 5)), L)
    assert np.array_equal(one.crop((-2, 1, 2, 5)), [[0] * 4, [0] * 4, [1, 0, 0, 0], [1, 1, 0, 0]])
    assert one.crop((50, 50, 52, 51)).shape == (1, 2)


def test_inside_is_what_the_image_holds() -> None:
    one = Silhouette(-2, -1, L.copy())  # its last column and two last rows begin at (0, 0)
    assert np.array_equal(np.argwhere(one.inside(5, 4)), [[1, 0]])


def test_equal_pixels_are_equal_however_tight_the_mask() -> None:
    one = Silhouette(-3, 2, L.copy())
    assert one.same_pixels(one.trimmed()) and one.trimmed().same_pixels(one)
    assert not one.same_pixels(Silhouette(-3, 1, L.copy()))
    assert not one.same_pixels(Silhouette(-3, 2, L | L[:, ::-1]))
    nothing = Silhouette(7, 7, np.zeros((2, 3), bool))
    assert nothing.same_pixels(Silhouette(0, 0, np.zeros((0, 0), bool)))
    assert (nothing.area, nothing.box_xywh) == (0, [0, 0, 0, 0])


def test_masks_are_bool_and_read_only() -> None:
    with pytest.raises(ValueError, match=r"\(h, w\) bool, got \(3, 4\) uint8"):
        Silhouette(0, 0, L.astype(np.uint8))
    one = Silhouette(0, 0, L.copy())
    with pytest.raises(ValueError, match="read-only"):
        one.mask[0, 0] = True


def test_a_frame_holds_them_read_only() -> None:
    seen_by = camera(4, 3)
    layers = {
        "rgb": np.zeros((3, 4, 3), np.uint8),
        "node_ids": np.zeros((3, 4), np.int32),
        "depth": np.zeros((3, 4), np.float32),
    }
    mine = {1: Silhouette(0, 0, L.copy())}
    frame = Frame(seen_by, 0.0, layers, mine)
    assert Frame(seen_by, 0.0, layers).silhouettes is None
    mine.clear()
    assert frame.silhouettes is not None and list(frame.silhouettes) == [1]
    with pytest.raises(FrameError, match="needs the layers"):
        Frame(seen_by, 0.0, {}, frame.silhouettes)
