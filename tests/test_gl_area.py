"""Rectangles of light in `gl` against closed form: how strong they are, where they shine, how they mirror."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from photometer import Photometer, dressed, shot, wall
from sample_scene import camera, floor, scene_of, thing

from simdata.geometry import Pose
from simdata.light import AreaLight, PointLight
from simdata.material import Material
from simdata.scene import Scene

GLOSS = 0.03
CHALK = Material(base_color=(1, 1, 1), roughness=1.0, metallic=0.0)


def panel(away: float, width: float, height: float, *, x: float = 0.0, strength: float = 0.5) -> AreaLight:
    """A rectangle parallel to the wall y = 0, in front of it."""
    return AreaLight(
        position=(x, -away, 0),
        direction=(0, 1, 0),
        up=(0, 0, 1),
        width=width,
        height=height,
        strength=strength,
    )


def lit(gl: Any, meter: Photometer, scene: Scene) -> np.ndarray:
    return meter.light(shot(gl, scene))


def corner_factor(a: float, b: float) -> float:
    """Return the form factor of a parallel rectangle with a corner above a point; sides by its distance.

    Source: Siegel & Howell, Thermal Radiation Heat Transfer, configuration B-3.
    """
    u, v = math.sqrt(1 + a * a), math.sqrt(1 + b * b)
    return (a / u * math.atan(b / u) + b / v * math.atan(a / v)) / (2 * math.pi)


@pytest.mark.parametrize(("away", "width", "height"), [(0.5, 1.0, 0.6), (1.5, 0.3, 2.0), (1.0, 0.05, 0.05)])
def test_a_panel_lights_a_wall_by_its_form_factor(
    gl: Any, meter: Photometer, away: float, width: float, height: float
) -> None:
    light = panel(away, width, height)
    factor = 4 * corner_factor(width / 2 / away, height / 2 / away)
    expected = factor * math.pi * light.strength / (width * height)
    assert lit(gl, meter, wall(lights=(light,)))[12, 16] == pytest.approx(expected, rel=GLOSS + 0.02)


def test_far_away_it_is_a_lamp_that_fades_with_its_cosine(gl: Any, meter: Photometer) -> None:
    small = panel(1.6, 0.02, 0.03, strength=1.5)
    lamp = PointLight(position=small.position, strength=1.5)
    scene = wall(lights=(small,))
    origin, rays = scene.spec.cameras[0].pixel_rays()
    points = origin - rays * (origin[1] / rays[..., 1:2])
    cosine = 1.6 / np.linalg.norm(points - np.array(small.position), axis=-1)
    ratio = lit(gl, meter, scene) / lit(gl, meter, wall(lights=(lamp,)))
    assert np.abs(ratio - cosine).max() < 0.03 and np.ptp(cosine) > 0.1


def test_what_is_below_the_horizon_is_cut_off(gl: Any, meter: Photometer) -> None:
    """A square that stands on a wall, seen from a point in front of it: two plates that share an edge."""
    side, gap = 0.8, 0.4
    upright = AreaLight(
        position=(gap, 0, 0), direction=(-1, 0, 0), up=(0, 0, 1), width=2 * side, height=2 * side
    )
    # From a point of the wall, half of it is behind the wall. Source: Siegel & Howell, configuration B-4.
    a, b = side / gap, side / gap
    half = (math.atan(a) - math.atan(a / math.sqrt(1 + b * b)) / math.sqrt(1 + b * b)) / (2 * math.pi)
    expected = 2 * half * math.pi / (2 * side) ** 2
    view = camera(4, 4, eye=(0, -2, 0), target=(0, 0, 0), fov=0.002)
    assert lit(gl, meter, wall(view, lights=(upright,)))[2, 2] == pytest.approx(expected, rel=GLOSS + 0.02)


def test_it_shines_to_one_side(gl: Any, meter: Photometer) -> None:
    away = panel(1.0, 1.0, 1.0).model_copy(update={"direction": (0, -1, 0)})
    assert not lit(gl, meter, wall(lights=(away,))).any()


def mirrored(gl: Any, meter: Photometer, light: AreaLight, roughness: float) -> np.ndarray:
    """See a panel in a metal wall, from beside the panel."""
    metal = Material(base_color=(1, 1, 1), metallic=1.0, roughness=roughness)
    view = camera(60, 60, eye=(0, -2, 0), target=(0, 0, 0), fov=1.2)
    return lit(gl, meter, wall(view, lights=(light,), materials={"cuboid_1.body": metal}))


def test_a_mirror_shows_it_as_bright_as_it_is_and_as_large(gl: Any, meter: Photometer) -> None:
    light = panel(2.0, 1.0, 1.0, strength=0.8 / math.pi)
    seen = mirrored(gl, meter, light, 0.05)
    assert seen[30, 30] == pytest.approx(0.8, rel=0.05)
    # Its image is 4 m away, so 2 m at the wall show half its side: 0.5 m of 2 x 2 tan(0.6).
    across = (seen[30] > 0.4).sum() / 60 * 4 * math.tan(0.6)
    assert across == pytest.approx(0.5, abs=0.06)


def test_a_small_one_is_mirrored_like_a_lamp(gl: Any, meter: Photometer) -> None:
    lamp = PointLight(position=(0, -2, 0), strength=0.3, radius=0.001)
    light = panel(2.0, 0.01, 0.01, strength=0.3)
    metal = Material(base_color=(1, 1, 1), metallic=1.0, roughness=0.7)
    seen = mirrored(gl, meter, light, 0.7)[30, 30]
    view = camera(60, 60, eye=(0, -2, 0), target=(0, 0, 0), fov=1.2)
    scene = wall(view, lights=(lamp,), materials={"cuboid_1.body": metal})
    assert seen == pytest.approx(lit(gl, meter, scene)[30, 30], rel=0.03)


def test_its_shadow_is_soft_by_its_size(gl: Any, meter: Photometer) -> None:
    """A board hides a panel from the floor below it: wholly in the middle, softly about its edge."""
    board = thing("cuboid", 1, Pose(position=(0, 0, 0.5)), sx=0.3, sy=0.3, sz=0.01)
    view = camera(80, 4, eye=(0, -1e-6, 0.4), target=(0, 0, 0), fov=2.0)
    shadows = []
    for size in (0.05, 0.5):
        light = AreaLight(position=(0, 0, 2), direction=(0, 0, -1), up=(0, 1, 0), width=size, height=size)
        row, free = (
            lit(gl, meter, dressed(scene_of([*things, *floor(z=0, size=8)], view), lights=(light,))).mean(0)
            for things in (board, [])
        )
        shadows.append(row / free)
    hard, soft = shadows
    assert hard[38:42].max() < 0.02
    assert ((soft > 0.1) & (soft < 0.9)).sum() > 2.5 * ((hard > 0.1) & (hard < 0.9)).sum()
