"""Colour lies on its labels under every lens: edges of the picture fall on edges of the oracle's ids."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from photometer import Photometer
from registration import edge_offsets, white_things

from simdata.camera import Camera, Motion, Shutter
from simdata.lens import BrownConrady, KannalaBrandt, Lens, Pinhole
from simdata.render.gl import film

SENSOR = {"width": 160, "height": 120, "fx": 150.0, "fy": 165.0, "cx": 70.0, "cy": 66.0}
TURNING = Motion(velocity=(0.6, 0.2, -0.3), angular_velocity=(0.5, -0.6, 1.5))
FISHEYE = KannalaBrandt.from_fov(160, 120, math.radians(200))
LENSES: dict[str, Lens] = {
    "pinhole": Pinhole(**SENSOR, skew=12.0),
    "brown_conrady": BrownConrady(**SENSOR, k1=-0.25, k2=0.06, p1=0.006, p2=-0.004),
    "wide": KannalaBrandt.from_fov(160, 120, math.radians(120)),
    "fisheye": FISHEYE,
}
VIEWS: dict[str, dict[str, Any]] = {
    **{name: {"lens": lens} for name, lens in LENSES.items()},
    "rolling": {"lens": LENSES["pinhole"], "motion": TURNING, "shutter": Shutter(readout=0.1)},
    "rolling fisheye": {"lens": FISHEYE, "motion": TURNING, "shutter": Shutter(readout=0.1)},
    "exposing": {"lens": LENSES["pinhole"], "motion": TURNING, "shutter": Shutter(exposure=0.01)},
}
FARTHEST = 0.15  # pixels, on average: half of what is promised


@pytest.fixture(scope="module")
def fine(gl: Any) -> Iterator[Any]:
    renderer = type(gl)(samples=16)
    yield renderer
    renderer.close()


def offsets(fine: Any, meter: Photometer, view: dict[str, Any]) -> np.ndarray:
    near = {"eye": (0, -0.55, 0.05)} if view["lens"] is FISHEYE else {}
    return edge_offsets(fine, meter, white_things(1, **view, **near))


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_edges_of_colour_fall_on_edges_of_labels(fine: Any, meter: Photometer, view: dict[str, Any]) -> None:
    off = offsets(fine, meter, view)
    assert len(off) > 1500  # eight a pixel
    assert np.abs(off).mean() < FARTHEST


def test_half_a_pixel_is_caught(fine: Any, meter: Photometer, monkeypatch: pytest.MonkeyPatch) -> None:
    rays = film.sub_rays

    def aside(lens: Lens, side: int) -> np.ndarray:
        return rays(lens.model_copy(update={"cx": lens.cx + 0.5, "cy": lens.cy + 0.5}), side)

    monkeypatch.setattr(film, "sub_rays", aside)
    fine._film._rays.clear()
    assert np.abs(offsets(fine, meter, VIEWS["wide"])).mean() > FARTHEST
    fine._film._rays.clear()


def test_rows_that_look_at_one_instant_are_caught(
    fine: Any, meter: Photometer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_once(camera: Camera, t: float, shot: Any, first: int, end: int) -> float:
        return t

    monkeypatch.setattr(film, "_moment", at_once)
    for name in ("rolling", "rolling fisheye"):
        assert np.abs(offsets(fine, meter, VIEWS[name])).mean() > FARTHEST
