"""`gl` tells the truth: ids, depth and normals against two oracles, under every camera model."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from agreement import Agreement, Oracle, agreement, by_flat, by_rays
from sample_scene import camera, floor, random_scene, scene_of, thing

from simdata.camera import Motion, Shutter, pixel_centers
from simdata.geometry import Pose
from simdata.lens import BrownConrady, KannalaBrandt, Pinhole
from simdata.raycast import RayScene
from simdata.render.gl.view import View
from simdata.scene import Scene, start_scene

SENSOR = {"width": 80, "height": 60, "fx": 80.0, "fy": 88.0, "cx": 24.0, "cy": 43.0}
LENSES = {
    "pinhole": Pinhole(**SENSOR, skew=9.0),
    "brown_conrady": BrownConrady(**SENSOR, k1=-0.2, k2=0.04, p1=0.01, p2=-0.006),
    "fisheye": KannalaBrandt.from_fov(80, 60, math.radians(190)),
}
ROLLING = {
    "motion": Motion(velocity=(1.5, 0.4, -0.3), angular_velocity=(0.5, -1.0, 2.0)),
    "shutter": Shutter(readout=0.15),
}
VIEWS = {
    **{name: {"lens": lens} for name, lens in LENSES.items()},
    "rolling": {"lens": LENSES["pinhole"], **ROLLING},
    "rolling fisheye": {"lens": LENSES["fisheye"], **ROLLING},
}


def compared(gl: Any, scene: Scene, oracle: Callable[[Scene], Oracle]) -> Agreement:
    gl.load(scene)
    return agreement(gl.render(scene.spec.cameras[0]), oracle(scene))


@pytest.mark.parametrize("oracle", [by_rays, by_flat])
@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_labels_are_those_of_the_oracle(gl: Any, view: dict[str, Any], oracle: Callable) -> None:
    total = Agreement()
    for seed in range(3):
        total += compared(gl, random_scene(seed, **view), oracle)
    assert total.banded > 500 and total.pixels > 10_000
    assert total.faults() == []


def through_the_near_plane() -> Scene:
    """A bar through the near plane, a pole thinner than a pixel, a far crumb, walls before and behind."""
    eye = (0.0, -1.0, 0.1)
    return scene_of(
        [
            *floor(),
            *thing("cuboid", 1, Pose(position=(0.08, -0.9, 0.05)), sx=0.05, sy=1.2, sz=0.05),
            *thing("cylinder", 2, Pose(position=(-0.2, 0.3, 0)), radius=0.004, height=0.9),
            *thing("sphere", 3, Pose(position=(0.3, 2.0, 0.3)), radius=0.05),
            *thing("cuboid", 4, Pose(position=(0, -1.4, 0)), sx=1, sy=0.1, sz=1),
            *thing("cuboid", 5, Pose(position=(0, 30, 0)), sx=200, sy=0.1, sz=200),
        ],
        camera(eye=eye, near=0.15),
    )


@pytest.mark.parametrize("oracle", [by_rays, by_flat])
def test_huge_and_thin_things_and_those_that_the_near_plane_cuts(gl: Any, oracle: Callable) -> None:
    scene = through_the_near_plane()
    found = compared(gl, scene, oracle)
    ids = gl.render(scene.spec.cameras[0]).node_ids
    assert set(np.unique(ids)) == {1, 2, 3, 4, 6}
    assert found.faults() == []


def test_far_cuts(gl: Any) -> None:
    scene = scene_of([*thing("sphere", 1, Pose(), radius=0.2), *floor(size=20)], camera(near=0.9, far=1.2))
    assert compared(gl, scene, by_flat).faults() == []
    gl.load(scene)
    frame = gl.render(scene.spec.cameras[0])
    seen = frame.depth[frame.node_ids > 0]
    assert 0 < len(seen) < frame.depth.size and seen.min() >= 0.9 - 1e-6 and seen.max() <= 1.2 + 1e-6


def test_what_is_not_there_is_background(gl: Any) -> None:
    gl.load(scene_of([]))
    frame = gl.render(camera())
    assert not frame.node_ids.any() and np.isposinf(frame.depth).all() and not frame.layers["normals"].any()
    assert frame.silhouettes == {}


def with_matrix(view: View, change: np.ndarray) -> View:
    """Add to K."""
    return replace(view, matrix=view.matrix + change)


def shift(x: float, y: float) -> np.ndarray:
    return np.array([[0, 0, x], [0, 0, y], [0, 0, 0]])


def flipped(projection: bytes) -> bytes:
    clip = np.frombuffer(projection, np.float32).reshape(4, 4).copy()  # columns first
    clip[:, 1] *= -1
    return clip.tobytes()


PROJECTION = View.projection
MUTANTS: dict[str, Callable[[View], bytes]] = {
    "half a pixel right": lambda view: PROJECTION(with_matrix(view, shift(0.5, 0))),
    "half a pixel up": lambda view: PROJECTION(with_matrix(view, shift(0, -0.5))),
    "a quarter right": lambda view: PROJECTION(with_matrix(view, shift(0.25, 0))),
    "no skew": lambda view: PROJECTION(with_matrix(view, -np.diag(view.matrix[:2].diagonal(1), 1))),
    "rows from the bottom": lambda view: flipped(PROJECTION(view)),
    "another near plane": lambda view: PROJECTION(replace(view, near=1.5 * view.near)),
}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_wrong_projections_are_caught(
    gl: Any, monkeypatch: pytest.MonkeyPatch, mutant: Callable[[View], bytes]
) -> None:
    scene = through_the_near_plane()
    view = scene.spec.cameras[0].model_copy(update={"lens": LENSES["pinhole"]})
    scene = scene.with_spec(scene.spec.model_copy(update={"cameras": (view,)}))
    assert compared(gl, scene, by_rays).faults() == []
    monkeypatch.setattr(View, "projection", mutant)
    assert compared(gl, scene, by_rays).faults() != []


def test_normals_that_look_away_are_caught(gl: Any) -> None:
    """From inside a box its faces are seen from behind."""
    scene = scene_of(thing("cuboid", 1, Pose(), sx=1, sy=1, sz=1), camera(eye=(0.1, -0.2, 0.1)))
    assert compared(gl, scene, by_flat).faults() == []
    frame = gl.render(scene.spec.cameras[0])
    rays = frame.camera.lens.rays(pixel_centers(frame.camera))
    assert (frame.node_ids == 1).all()
    assert (np.einsum("hwi,hwi->hw", frame.layers["normals"], rays) < 0).all()
    try:
        turn_faces(gl, "ccw")
        assert compared(gl, scene, by_flat).faults() == ["bent 4800"]
    finally:
        turn_faces(gl, "cw")


def turn_faces(gl: Any, front: str) -> None:
    with gl._context:
        gl._context.front_face = front


def test_a_moving_camera_sees_a_moving_scene_at_the_frames_own_time(gl: Any) -> None:
    spec = random_scene(0).spec
    moving = camera(motion=Motion(velocity=(0.3, 0, 0), angular_velocity=(0, 0.1, 0)))
    layout = spec.layout.model_copy(update={"times": (0.0, 0.5)})
    start = start_scene(spec.model_copy(update={"layout": layout, "cameras": (moving,)}))
    positions = start.positions.copy()
    positions[1] += 0.02 * np.arange(positions[1].size).reshape(-1, 3) % 0.1
    scene = Scene(start.spec, start.times, positions, start.quats_xyzw)
    gl.load(scene)
    frames, rays = {t: gl.render(moving, t) for t in (0.0, 0.5)}, RayScene(scene)
    for t, frame in frames.items():
        assert agreement(frame, partial(rays.view, t=t)).faults() == []
        assert agreement(frame, partial(rays.view, t=0.5 - t)).faults() != []
