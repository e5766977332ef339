"""Thin glass of `gl` against closed form: what it lets through, what it mirrors, what is seen around it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from photometer import BLACK, Photometer, dressed, shot
from sample_scene import camera, scene_of, thing

from simdata.geometry import Pose
from simdata.light import Sun
from simdata.material import Material
from simdata.scene import Scene


def behind_a_pane(pane: Material | None, card: Material, turn: float = 0.0, **look: Any) -> Scene:
    """A card 1 m behind a pane that stands before it, turned about the vertical."""
    nodes = thing("cuboid", 1, Pose(position=(0, 1, 0)), sx=40, sy=0.1, sz=40)
    materials = {"cuboid_1.body": card}
    if pane is not None:
        pose = Pose(quat_xyzw=(0, 0, math.sin(turn / 2), math.cos(turn / 2)))
        nodes += thing("cuboid", 2, pose, sx=1.0, sy=0.002, sz=1.0)
        materials["cuboid_2.body"] = pane
    view = camera(32, 24, eye=(0, -2, 0), target=(0, 0, 0), fov=0.1)
    return dressed(scene_of(nodes, view), materials=materials, **look)


def clear(tint: float = 1.0, share: float = 1.0) -> Material:
    return Material(base_color=(tint,) * 3, roughness=0.0, transmission=share)


@pytest.mark.parametrize("degrees", [0, 45, 70])
@pytest.mark.parametrize("share", [1.0, 0.6])
def test_a_pane_shows_what_is_behind_it_tinted_by_the_way_within(
    gl: Any, meter: Photometer, degrees: float, share: float
) -> None:
    """A card that glows in the dark, behind glass of half its light: Fresnel, Snell and Beer."""
    a, tint = math.radians(degrees), 0.735357
    card = BLACK.model_copy(update={"base_color": (1, 1, 1), "emission": 0.8})
    scene = behind_a_pane(clear(tint, share), card, a)
    once = 0.04 + 0.96 * (1 - math.cos(a)) ** 5
    both = 2 * once / (1 + once)
    within = math.sqrt(1 - (math.sin(a) / 1.5) ** 2)
    expected = 0.8 * share * (1 - both) * 0.5 ** (1 / within)
    assert meter.light(shot(gl, scene))[:, 15:17].mean() == pytest.approx(expected, rel=0.04)


def test_a_pane_mirrors_on_both_sides(gl: Any, meter: Photometer) -> None:
    """Of light from everywhere, with nothing but black behind it, 2 R / (1 + R)."""
    seen = [
        meter.light(shot(gl, behind_a_pane(matter, BLACK, ambient=0.9))).mean() / 0.9
        for matter in (clear(), None)
    ]
    mirrored = 2 * 0.04 / 1.04
    assert seen[0] == pytest.approx(mirrored + (1 - mirrored) * seen[1], abs=0.006)


def test_labels_are_those_of_the_pane(gl: Any) -> None:
    card = BLACK.model_copy(update={"emission": 0.5})
    frames = []
    for pane in (clear(0.5), BLACK):
        scene = behind_a_pane(pane, card, 0.5, ambient=0.3)
        gl.load(scene)
        frames.append(gl.render(scene.spec.cameras[0]))
    for layer in ("node_ids", "depth", "normals"):
        assert (frames[0].layers[layer] == frames[1].layers[layer]).all()
    assert (frames[0].layers["node_ids"] == 2).all()


def test_a_backdrop_shows_through_glass(gl: Any) -> None:
    """The backdrop is shown as it is; of glass that tints nothing, all but what it mirrors comes through."""
    nodes = thing("cuboid", 2, Pose(), sx=1.0, sy=0.002, sz=1.0)
    scene = scene_of(nodes, camera(32, 24, eye=(0, -2, 0), target=(0, 0, 0), fov=0.1))
    rgb = shot(
        gl, dressed(scene, ambient=0.0, backdrop=(0.5, 0.5, 0.5), materials={"cuboid_2.body": clear()})
    )
    linear = ((0.5 + 0.055) / 1.055) ** 2.4 * (1 - 0.08 / 1.04)
    assert np.abs(rgb.astype(int) - round(255 * (1.055 * linear ** (1 / 2.4) - 0.055))).max() <= 1


def test_what_stands_before_glass_hides_it(gl: Any) -> None:
    """And what glass hides of other things is drawn, but those before it are not drawn twice."""
    card = Material(base_color=(0.2, 0.6, 0.9))
    bar = thing("cuboid", 3, Pose(position=(0, -0.5, 0)), sx=0.05, sy=0.05, sz=2)
    pictures = []
    for pane in (clear(), None):
        plain = behind_a_pane(pane, card)
        scene = scene_of([*plain.nodes, *bar], plain.spec.cameras[0])
        look = plain.spec.look.materials
        pictures.append(shot(gl, dressed(scene, ambient=0.6, materials=look)).astype(int))
    hidden = np.abs(pictures[0] - pictures[1]).max(-1) == 0
    assert hidden[:, 15:17].all() and not hidden[:, [0, 31]].any()


def test_edges_behind_glass_are_as_smooth_as_before_it(gl: Any) -> None:
    """With four samples a pixel, a tilted edge behind a pane has values between those of its two sides."""
    bar = thing(
        "cuboid",
        3,
        Pose(position=(0, 0.5, 0), quat_xyzw=(0, math.sin(0.1), 0, math.cos(0.1))),
        sx=0.05,
        sy=0.05,
        sz=2,
    )
    plain = behind_a_pane(clear(), BLACK)
    scene = scene_of([*plain.nodes, *bar], plain.spec.cameras[0])
    look = plain.spec.look.materials
    counts = []
    for samples in (1, 4):
        renderer = type(gl)(samples=samples)
        rgb = shot(renderer, dressed(scene, ambient=0.5, materials=look))
        renderer.close()
        row = rgb[..., 1].astype(int)
        counts.append(((row > row.min() + 12) & (row < row.max() - 12)).sum())
    assert counts[0] == 0 < counts[1]


@pytest.mark.parametrize(("share", "shades"), [(0.9, False), (0.3, True)])
def test_what_is_mostly_glass_casts_no_shadow(gl: Any, meter: Photometer, share: float, shades: bool) -> None:
    """A pane beside what the camera sees, between it and the sun."""
    nodes = thing("cuboid", 1, Pose(position=(0, 0, -0.05)), sx=4, sy=4, sz=0.1)
    nodes += thing("cuboid", 2, Pose(position=(0.5, 0, 0.5)), sx=0.5, sy=0.5, sz=0.01)
    view = camera(16, 16, eye=(0, -1e-6, 1.0), target=(0, 0, 0), fov=0.05)
    sun = Sun(direction=(math.sqrt(0.5), 0, math.sqrt(0.5)), strength=0.5)
    scene = dressed(scene_of(nodes, view), lights=(sun,), materials={"cuboid_2.body": clear(1.0, share)})
    light = meter.light(shot(gl, scene)).mean()
    assert (light < 0.05) if shades else light == pytest.approx(0.5 * math.sqrt(0.5), rel=0.05)
