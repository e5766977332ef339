"""Active stereo: what is matched is where the geometry is, and holes are where it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sample_scene import camera, scene_of, thing

from simdata.active_stereo import infrared, measured
from simdata.camera import Camera
from simdata.geometry import Pose
from simdata.raycast import ray_scene
from simdata.scene import Scene
from simdata.sensor import ActiveStereo

SENSOR = ActiveStereo(ambient=0.02, noise=1.0, farthest=5.0)
FRACTION = 0.15  # of a pixel of disparity: the median error allowed; real devices state about 0.1


def slanted(sensor: ActiveStereo = SENSOR, **wall: Any) -> Scene:
    """A wall that leans 35 degrees away, seen from a metre."""
    turn = (np.sin(0.3), 0.0, 0.0, np.cos(0.3))
    nodes = thing("cuboid", 1, Pose(position=(0, 0.3, 0), quat_xyzw=turn), sx=6, sy=0.1, sz=6)
    return scene_of(nodes, camera(320, 240, eye=(0, -1, 0), depth_sensor=sensor))


def box_before_a_wall(sensor: ActiveStereo = SENSOR) -> Scene:
    """A box half a metre before a wall, so that both cast shadows and hide."""
    nodes = [
        *thing("cuboid", 1, Pose(position=(0, 0.55, 0)), sx=6, sy=0.1, sz=6),
        *thing("cuboid", 2, Pose(position=(0, 0, 0)), sx=0.25, sy=0.1, sz=0.3),
    ]
    return scene_of(nodes, camera(320, 240, eye=(0, -1, 0), depth_sensor=sensor))


def look(scene: Scene) -> tuple[Camera, dict[str, np.ndarray], np.ndarray]:
    view = scene.spec.cameras[0]
    seen = ray_scene(scene).view(view)
    return view, seen, measured(scene, view, 0.0, seen)


def disparity_errors(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return errors in pixels of disparity where something is measured, and the share that is."""
    view, seen, found = look(scene)
    sensor = view.depth_sensor
    assert isinstance(sensor, ActiveStereo)
    both = np.isfinite(found) & np.isfinite(seen["depth"])
    scale = view.lens.fx * sensor.baseline
    return scale * (1 / found[both] - 1 / seen["depth"][both]), both


@pytest.mark.parametrize("scene", [slanted(), box_before_a_wall()], ids=["slant", "box"])
def test_it_measures_what_is_there(scene: Scene) -> None:
    errors, both = disparity_errors(scene)
    assert both[:, 40:-4].mean() > 0.85
    assert np.median(np.abs(errors)) < FRACTION
    assert abs(np.median(errors)) < FRACTION / 2


def test_what_the_second_camera_does_not_see_is_mostly_a_hole() -> None:
    scene = box_before_a_wall()
    view, seen, found = look(scene)
    points = view.unproject(seen["depth"])
    right = view.world_from_camera() @ (SENSOR.baseline, 0, 0, 1)
    blocked = ray_scene(scene).meets(points, right[:3] - points, near=5e-3, far=1.0)
    assert blocked.sum() > 300
    clear = ~blocked & (seen["node_ids"] > 0)
    clear[:, :40] = False
    assert np.isfinite(found[clear]).mean() > 0.85
    # Windows are 7 wide: the box's rim grows over half of one.
    assert np.isfinite(found[blocked]).mean() < 0.5


def test_where_the_projector_does_not_shine_nothing_is_found() -> None:
    """The projector stands far to the left; right of the box is its shadow, and there is no other light."""
    sensor = SENSOR.model_copy(update={"baseline": 0.1, "projector": -2.0, "ambient": 0.0})
    scene = box_before_a_wall(sensor)
    view, seen, found = look(scene)
    points = view.unproject(seen["depth"])
    projector = view.world_from_camera() @ (-2.0 * sensor.baseline, 0, 0, 1)
    shadow = ray_scene(scene).meets(points, projector[:3] - points, near=5e-3, far=1.0)
    # Not beside its edge, which windows see.
    inner = shadow & np.roll(shadow, 5, 1) & np.roll(shadow, -5, 1) & np.roll(shadow, 5, 0)
    inner &= np.roll(shadow, -5, 0)
    assert inner.sum() > 200
    left, _ = infrared(scene, view, 0.0, seen)
    assert left[inner].mean() < 4 < left[~shadow].mean()
    assert np.isfinite(found[inner]).mean() < 0.05


def test_without_a_projector_a_plain_wall_is_a_hole() -> None:
    sensor = SENSOR.model_copy(update={"power": 0.0, "ambient": 0.5})
    assert np.isfinite(look(slanted(sensor))[2]).mean() < 0.01


def test_brightness_follows_the_square_of_the_distance_and_the_cosine() -> None:
    """Dots fill every cell, so light is smooth: a wall head-on, its middle against its rim."""
    sensor = ActiveStereo(density=0.999, ambient=0.0, noise=0.0, projector=0.0)
    nodes = thing("cuboid", 1, Pose(position=(0, 0.05, 0)), sx=6, sy=0.1, sz=6)
    scene = scene_of(nodes, camera(160, 120, eye=(0, -1, 0), fov=1.2, depth_sensor=sensor))
    view = scene.spec.cameras[0]
    left, _ = infrared(scene, view, 0.0, ray_scene(scene).view(view))
    rays = view.lens.rays(np.array([[80.5, 60.5], [150.5, 60.5]]))
    cosines = 1 / np.linalg.norm(rays, axis=-1)
    ratio = np.median(left[58:63, 148:153]) / np.median(left[58:63, 78:83])
    assert ratio == pytest.approx((cosines[1] / cosines[0]) ** 3, abs=0.03)


def test_same_seed_same_bytes() -> None:
    other = SENSOR.sibling(1)
    assert isinstance(other, ActiveStereo)
    first, again, another = (look(box_before_a_wall(each))[2].tobytes() for each in (SENSOR, SENSOR, other))
    assert first == again != another
