"""Contact sheets: where tiles go, what is drawn on them, and what is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import sample_dataset

from simdata.config import LabelConfig
from simdata.dataset import Dataset
from simdata.preview import (
    GUTTER,
    MARGIN,
    PAPER,
    TILE,
    Mark,
    Picture,
    contact_sheet,
    palette,
    record_picture,
    sample_picture,
)

GREY = np.full((300, TILE, 3), 128, np.uint8)


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:300, :TILE]
    return np.hypot(columns - x, rows - y) <= radius


def tile(*marks: Mark, labels: bool = True) -> np.ndarray:
    return contact_sheet([Picture(GREY, marks)], labels=labels)[MARGIN : MARGIN + 300, MARGIN:-MARGIN]


def test_tiles_stand_in_a_grid() -> None:
    pictures = [Picture(np.full((30, 40, 3), 10 * n, np.uint8)) for n in range(1, 6)]
    sheet = contact_sheet(pictures, 3, labels=False)
    assert sheet.shape == (2 * 300 + GUTTER + 2 * MARGIN, 3 * TILE + 2 * GUTTER + 2 * MARGIN, 3)
    middles = [
        sheet[MARGIN + 150 + row * (300 + GUTTER), MARGIN + 200 + column * (TILE + GUTTER)].tolist()
        for row in range(2)
        for column in range(3)
    ]
    assert middles == [[10] * 3, [20] * 3, [30] * 3, [40] * 3, [50] * 3, list(PAPER)]


@pytest.mark.parametrize("count", [1, 2, 7, 24])
def test_a_sheet_is_never_wider_than_its_pictures(count: int) -> None:
    sheet = contact_sheet([Picture(GREY)] * count)
    columns = (sheet.shape[1] - 2 * MARGIN + GUTTER) // (TILE + GUTTER)
    assert 1 <= columns <= count
    assert (
        contact_sheet([Picture(GREY)] * count, 100).shape[1] == count * (TILE + GUTTER) - GUTTER + 2 * MARGIN
    )


def test_a_mask_is_tinted_and_the_rest_is_left_alone() -> None:
    mark = Mark("cup", (150, 100, 101, 101), disc(200, 150, 50))
    drawn = tile(mark)
    color = np.array(palette(["cup"])["cup"])
    inside = drawn[150, 200].astype(float)
    assert np.abs(inside - (128 + (color - 128) * 0.36)).max() <= 1
    assert (drawn[250:, :] == 128).all() and (drawn[:, :100] == 128).all()
    assert (drawn[100, 150:250] == color).all(), "the box's upper side"
    assert (tile(mark, labels=False) == 128).all()


def test_a_box_encloses_its_pixels_and_no_more() -> None:
    mask = np.zeros((300, TILE), bool)
    mask[120:140, 60:90] = True
    drawn = tile(Mark("cup", (60, 120, 30, 20), mask))
    touched = (drawn != 128).any(-1)
    assert touched[119].sum() > 0, "the name stands on top"
    below, left = touched[141:].any(), touched[:, :59].any()  # the outline is smoothed over one pixel
    assert not below and not left
    assert touched[139, 60:90].all() and touched[120:140, 60].all() and touched[120:140, 89].all()


def test_faint_ones_are_dashed() -> None:
    mask = disc(200, 150, 5)
    whole = tile(Mark("cup", (100, 60, 200, 180), mask))
    faint = tile(Mark("cup", (100, 60, 200, 180), mask, faint=True))
    color = palette(["cup"])["cup"]
    share = [float((image[239, 100:300] == color).all(-1).mean()) for image in (whole, faint)]
    assert share[0] == 1.0
    assert 0.4 < share[1] < 0.9


def test_names_stay_in_the_picture_and_apart() -> None:
    corners = [(0, 0), (TILE - 8, 0), (0, 292), (TILE - 8, 292)]
    marks = [Mark(f"name {n}", (x, y, 8, 8), disc(x + 4, y + 4, 3)) for n, (x, y) in enumerate(corners)]
    marks += [
        Mark("left", (200, 100, 20, 20), disc(210, 110, 9)),
        Mark("right", (204, 100, 20, 20), disc(214, 110, 9)),
    ]
    drawn = tile(*marks)
    colors = palette({mark.name for mark in marks})
    for name, color in colors.items():
        plate = (np.abs(drawn.astype(int) - color).max(-1) <= 30).sum()
        assert plate > 150, f"the plate of {name!r} is covered or outside"


def test_colours_are_stable_and_differ() -> None:
    names = [f"name {n}" for n in range(36)]
    colors = palette(names)
    assert len(set(colors.values())) == 36
    assert palette(reversed(names)) == colors
    assert palette(["mug"]) == {"mug": palette(["bowl", "mug", "vase"])["mug"]}
    assert len(palette(f"n{n}" for n in range(100))) == 100


def test_tiny_and_empty_pictures_do_not_break_it() -> None:
    one = Picture(np.zeros((1, 1, 3), np.uint8), (Mark("dot", (0, 0, 1, 1), np.ones((1, 1), bool)),), "1")
    assert contact_sheet([one]).shape[1] == TILE + 2 * MARGIN
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([])


def test_samples_show_what_the_labels_make_of_them() -> None:
    config = sample_dataset.make_config()
    sample = list(sample_dataset.make_samples(config))[1]
    plain = sample_picture(sample)
    assert not any(mark.faint for mark in plain.marks)
    labels = LabelConfig.model_validate(
        {"min_visible_fraction": 0.2, "categories": {"rename": {"ball": "sphere"}, "drop": ["box"]}}
    )
    mapped = sample_picture(sample, labels)
    assert "sphere" in {mark.name for mark in mapped.marks}
    for instance, mark in zip(sample.instances, mapped.marks, strict=True):
        hidden = instance.fields["visible_fraction"] < 0.2 or instance.area < labels.min_visible_px
        assert mark.faint == (hidden or instance.category == "box")
        assert mark.mask.sum() == instance.area


def test_records_and_samples_give_the_same_picture(tmp_path: Path) -> None:
    config = sample_dataset.make_dataset(tmp_path)
    sample = list(sample_dataset.make_samples(config))[1]
    stored = record_picture(Dataset(tmp_path).by_id(sample.image_id))
    fresh = sample_picture(sample, config.labels)
    assert (contact_sheet([stored]) == contact_sheet([fresh])).all()
