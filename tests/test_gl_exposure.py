"""What an exposure and an aperture blur in `gl`, against closed form; labels stay sharp."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from photometer import BLACK, Photometer, dressed, shot
from sample_scene import camera, scene_of, thing

from simdata.camera import Aperture, Camera, Motion, Shutter
from simdata.geometry import Pose
from simdata.lens import KannalaBrandt, Pinhole
from simdata.scene import Scene

AMBIENT = 0.7
DIM = 0.02  # of white: what black differs by across the picture, as it is seen at other angles
AWAY, POLE = 2.0, 0.012  # m: how far it stands, how wide it is


@pytest.fixture(scope="module")
def fine(gl: Any) -> Iterator[Any]:
    """A renderer that takes several samples of every shot, so that what is measured is not its grain."""
    renderer = type(gl)(samples=64)
    yield renderer
    renderer.close()


def pole_and_crumb(view: Camera, *, near: bool = False) -> Scene:
    """A thin upright pole and a crumb above it, white on black, AWAY m before a camera at y = -AWAY."""
    pole = thing("cuboid", 1, Pose(position=(0, 0, -0.2)), sx=POLE, sy=0.001, sz=0.36)
    crumb = thing("sphere", 2, Pose(position=(0, 0, 0.3)), radius=0.015)
    wall = thing("cuboid", 3, Pose(position=(0, 3, 0)), sx=20, sy=0.1, sz=20)
    near = thing("cuboid", 4, Pose(position=(0.1, -1.2, 0)), sx=0.02, sy=0.02, sz=0.3) if near else []
    paint = {"cuboid_3.body": BLACK, "cuboid_4.body": BLACK} if near else {"cuboid_3.body": BLACK}
    scene = scene_of([*pole, *crumb, *wall, *near], view)
    return dressed(scene, ambient=AMBIENT, materials=paint)


def share(gl: Any, meter: Photometer, scene: Scene) -> np.ndarray:
    """Return how much of each pixel is white, (H, W): black is not quite black, for it shines a little."""
    light = meter.light(shot(gl, scene))
    dark = np.median(light)
    white = (light - dark) / (AMBIENT - dark)
    return np.where(white < DIM, 0, white)


def ahead(lens: Any = None, **more: Any) -> Camera:
    lens = lens or Pinhole.from_fov(160, 120, 0.6)
    return camera(eye=(0, -AWAY, 0), target=(0, 0, 0), lens=lens, **more)


@pytest.mark.parametrize("pixels", [6.0, 15.0, 30.0])
def test_a_streak_is_as_long_as_speed_times_exposure(fine: Any, meter: Photometer, pixels: float) -> None:
    view = ahead(motion=Motion(velocity=(1.0, 0, 0)))
    exposure = pixels * AWAY / view.lens.fx
    moving = view.model_copy(update={"shutter": Shutter(exposure=exposure)})
    streak = share(fine, meter, pole_and_crumb(moving))[70:90].mean(0)
    wide = POLE * view.lens.fx / AWAY
    # Variances add: of the streak, of the pole, of the pixel over which samples are spread.
    found = math.sqrt(12 * variance(streak) - wide**2 - 1)
    assert found == pytest.approx(pixels, abs=0.6)
    assert streak.sum() == pytest.approx(wide, rel=0.1)  # light is spread, not made
    middle = (streak * np.arange(160)).sum() / streak.sum() + 0.5
    assert middle == pytest.approx(80, abs=0.5)  # about the frame's own time


def variance(light: np.ndarray) -> float:
    """Return the variance of light (n,) along a line, square pixels."""
    place, part = np.arange(len(light)), light / light.sum()
    return float((part * (place - (part * place).sum()) ** 2).sum())


def test_labels_of_a_moving_camera_stay_sharp(gl: Any) -> None:
    still = ahead()
    moving = ahead(motion=Motion(velocity=(1.0, 0, 0)), shutter=Shutter(exposure=0.1))
    frames = []
    for view in (still, moving):
        gl.load(pole_and_crumb(view))
        frames.append(gl.render(view))
    assert (frames[0].rgb != frames[1].rgb).any()
    for name in ("node_ids", "depth", "normals"):
        assert np.array_equal(frames[0].layers[name], frames[1].layers[name]), name


@pytest.mark.parametrize(
    "lens",
    [Pinhole.from_fov(160, 120, 0.6), KannalaBrandt.from_fov(160, 120, 2.0)],
    ids=["pinhole", "fisheye"],
)
def test_a_still_camera_may_expose_as_long_as_it_likes(gl: Any, lens: Any) -> None:
    instant = shot(gl, pole_and_crumb(ahead(lens)))
    long = shot(gl, pole_and_crumb(ahead(lens, shutter=Shutter(exposure=1.0, readout=0.5))))
    assert np.array_equal(instant, long)
    in_focus = ahead(lens, aperture=Aperture(diameter=1e-6, focus=AWAY))
    assert np.array_equal(instant, shot(gl, pole_and_crumb(in_focus)))


@pytest.mark.parametrize("focus", [0.8, 1.2, 8.0])
def test_a_point_out_of_focus_is_a_disk_of_the_thin_lens(fine: Any, meter: Photometer, focus: float) -> None:
    """Its diameter is f D |1 / z - 1 / focus|; the deviation of a disk along x is a quarter of that."""
    view, diameter = ahead(), 0.06
    blurred = ahead(aperture=Aperture(diameter=diameter, focus=focus))
    sharp, blurred = (share(fine, meter, pole_and_crumb(one))[:50] for one in (view, blurred))
    expected = view.lens.fx * diameter * abs(1 / AWAY - 1 / focus)
    assert expected > 5
    for axis in (0, 1):
        grown = variance(blurred.sum(axis)) - variance(sharp.sum(axis))
        assert 4 * math.sqrt(grown) == pytest.approx(expected, rel=0.1)


def test_what_is_in_focus_stays_sharp(fine: Any, meter: Photometer) -> None:
    view = ahead(aperture=Aperture(diameter=0.06, focus=AWAY))
    # Something near must blur, or nothing is asked of the lens at all.
    seen = [share(fine, meter, pole_and_crumb(one, near=True))[70:90].mean(0) for one in (view, ahead())]
    # The pole's edges are smoothed over the pixel, as ever; nothing else of its light moves.
    assert variance(seen[0]) < variance(seen[1]) + 0.3
    assert seen[0].sum() == pytest.approx(POLE * view.lens.fx / AWAY, rel=0.1)
