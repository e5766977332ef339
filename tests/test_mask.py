"""Encodings of masks: what goes in comes out, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as stnp
from pycocotools import mask as coco
from scipy import ndimage

from simdata import mask

SIDES = st.integers(1, 24)
MASKS = stnp.arrays(bool, st.tuples(SIDES, SIDES), elements=st.booleans(), fill=st.nothing())


def ring(height: int, width: int, *holes: tuple[int, int, int, int]) -> np.ndarray:
    whole = np.ones((height, width), bool)
    for top, left, bottom, right in holes:
        whole[top:bottom, left:right] = False
    return np.pad(whole, 2)


HARD = {
    "empty": np.zeros((5, 7), bool),
    "single pixel": np.eye(1, dtype=bool),
    "single pixel inside": np.pad(np.eye(1, dtype=bool), 3),
    "diagonal": np.eye(6, dtype=bool),
    "other diagonal": np.eye(6, dtype=bool)[::-1],
    "full": np.ones((9, 13), bool),
    "row": np.ones((1, 9), bool),
    "column": np.ones((9, 1), bool),
    "chessboard": np.indices((8, 9)).sum(0) % 2 == 0,
    "ring": ring(7, 8, (2, 2, 4, 5)),
    "one-pixel hole": ring(3, 3, (1, 1, 2, 2)),
    "holes that touch by a corner": ring(8, 8, (2, 2, 4, 4), (4, 4, 6, 6)),
    "hole that touches the border by a corner": ring(5, 5, (1, 1, 3, 3), (0, 3, 1, 5)),
    "many holes": ring(20, 30, *[(r, c, r + 2, c + 1 + c % 3) for r in (2, 8, 14) for c in range(2, 26, 5)]),
    "ring in a ring": ring(13, 13, (1, 1, 12, 12)) | np.pad(ring(5, 5, (2, 2, 3, 3)), 4),
    "split": np.pad(np.ones((3, 3), bool), ((0, 0), (0, 4)))
    | np.pad(np.ones((3, 3), bool), ((0, 0), (4, 0))),
}


def noise(seed: int) -> np.ndarray:
    generator = np.random.default_rng(seed)
    height, width = generator.integers(1, 60, 2)
    if seed % 2:
        return ndimage.gaussian_filter(generator.random((height, width)), 2) > 0.5
    return generator.random((height, width)) < generator.uniform(0.1, 0.9)


def assert_outlined(m: np.ndarray) -> None:
    outlines = mask.polygons(m)
    assert np.array_equal(mask.decode_polygons(outlines, *m.shape), m)
    for outline in outlines:
        x, y = np.array(outline[::2]), np.array(outline[1::2])
        assert len(outline) >= 8 and len(outline) % 2 == 0
        assert (x == np.round(x)).all() and x.min() >= 0 and x.max() <= m.shape[1]
        assert (y == np.round(y)).all() and y.min() >= 0 and y.max() <= m.shape[0]
        across = np.diff(x, append=x[0]) != 0
        assert np.array_equal(np.diff(y, append=y[0]) != 0, ~across)  # each side is level or upright …
        assert (across != np.roll(across, 1)).all()  # … and no corner lies on a straight line
    areas = [
        float(np.dot(o[::2], np.roll(o[1::2], -1)) - np.dot(o[1::2], np.roll(o[::2], -1))) / 2
        for o in outlines
    ]
    assert all(area > 0 for area in areas)  # all turn one way: none is a hole
    assert sum(areas) == m.sum()  # and none lies over another


@pytest.mark.parametrize("name", HARD)
def test_polygons_of_hard_masks_are_exact(name: str) -> None:
    assert_outlined(HARD[name])


@given(MASKS)
@settings(max_examples=150, deadline=None, derandomize=True)
def test_polygons_of_any_mask_are_exact(m: np.ndarray) -> None:
    assert_outlined(m)


@pytest.mark.parametrize("seed", range(60))
def test_polygons_of_noise_and_blobs_are_exact(seed: int) -> None:
    assert_outlined(noise(seed))


def test_one_polygon_a_component() -> None:
    assert mask.polygons(HARD["single pixel inside"]) == [[3.0, 3.0, 4.0, 3.0, 4.0, 4.0, 3.0, 4.0]]
    assert len(mask.polygons(HARD["diagonal"])) == 6
    assert len(mask.polygons(HARD["split"])) == 2
    assert len(mask.polygons(HARD["ring"])) == 2
    assert mask.polygons(HARD["empty"]) == []


def test_a_smooth_mask_has_few_corners_and_few_cuts() -> None:
    y, x = np.mgrid[:120, :160]
    disc = ((x - 80) / 70) ** 2 + ((y - 60) / 50) ** 2 < 1
    holes = (np.abs(x - 60) < 10) & (np.abs(y - 60) % 20 < 8)  # stacked: one line opens them all
    assert len(mask.polygons(disc)) == 1
    assert len(mask.polygons(disc & ~(holes & (np.abs(y - 60) < 32)))) <= 8
    assert_outlined(disc & ~holes)


@given(MASKS)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_run_lengths_area_and_box(m: np.ndarray) -> None:
    rle = mask.encode(m)
    assert rle["size"] == list(m.shape) and isinstance(rle["counts"], str)
    assert np.array_equal(mask.decode(rle), m)
    assert mask.area(rle) == m.sum()
    assert mask.box_xywh(m) == coco.toBbox(rle).tolist()


def test_size_is_height_then_width() -> None:
    assert mask.encode(np.zeros((3, 5), bool))["size"] == [3, 5]
    assert mask.decode({"size": [3, 5], "counts": [4, 1, 10]})[1, 1]


@given(stnp.arrays(np.uint16, st.tuples(SIDES, SIDES), elements=st.integers(0, 3)))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_regions_equal_one_mask_at_a_time(ids: np.ndarray) -> None:
    found = mask.regions(ids)
    assert list(found) == [value for value in np.unique(ids).tolist() if value > 0]
    for value, region in found.items():
        m = ids == value
        assert region == mask.Region(int(m.sum()), mask.box_xywh(m), mask.encode(m))


@given(stnp.arrays(bool, st.tuples(SIDES, SIDES)), st.integers(0, 3), st.integers(0, 3))
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_part_of_a_mask_is_encoded_as_the_whole(part: np.ndarray, x: int, y: int) -> None:
    whole = np.pad(part, ((y, 2 * (y % 2)), (x, x // 2)))
    found = mask.region(part, x, y, *whole.shape)
    assert found == mask.Region(int(whole.sum()), mask.box_xywh(whole), mask.encode(whole))


@pytest.mark.parametrize("shift", [(0, 1), (1, 0)])
def test_the_checks_see_a_shift_of_one_pixel(shift: tuple[int, int]) -> None:
    """A check that never fires proves nothing."""
    m = np.pad(np.ones((5, 6), bool), 3)
    moved = [[x + shift[k % 2] for k, x in enumerate(outline)] for outline in mask.polygons(m)]
    assert not np.array_equal(mask.decode_polygons(moved, *m.shape), m)
    assert mask.regions(np.roll(m, shift, (0, 1)).astype(int))[1].rle != mask.encode(m)
