"""Rigs: cameras that keep their places on a body, wherever it goes."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from simdata.camera import Aperture, Motion, Shutter
from simdata.geometry import Pose, look_at, quat_about
from simdata.lens import KannalaBrandt, Pinhole
from simdata.rig import Rig, RigCamera

LENS = Pinhole.from_fov(64, 48, 1.0)
SIDE = Pose(position=(0.3, 0.1, -0.2), quat_xyzw=tuple(quat_about((0, 1, 0), 0.8)))
RIG = Rig(
    cameras=(
        RigCamera(name="front", lens=LENS),
        RigCamera(name="side", lens=KannalaBrandt.from_fov(64, 48, 3.2), rig_from_camera=SIDE),
    )
)
WORLD_FROM_RIG = Pose.from_matrix(look_at((1, -2, 1.5), (0, 0, 0.5), 0.3))
TWIST = Motion(velocity=(0.3, -0.4, 0.1), angular_velocity=(0.2, 0.9, -1.1))


def test_cameras_keep_their_places_on_a_moving_rig() -> None:
    front, side = RIG.cameras_at(WORLD_FROM_RIG, TWIST)
    for t in (-0.5, 0.0, 0.7):
        apart = np.linalg.inv(front.world_from_camera(t)) @ side.world_from_camera(t)
        assert np.allclose(apart, SIDE.matrix(), atol=1e-12)
    assert np.array_equal(front.world_from_camera(0.0), WORLD_FROM_RIG.matrix())
    # The rig's origin goes straight, and so does the camera there; the other one goes round it.
    gone = front.world_from_camera(0.7)[:3, 3] - WORLD_FROM_RIG.position
    assert np.allclose(gone, 0.7 * np.array(TWIST.velocity))


def test_a_turning_rig_gives_each_camera_a_velocity_of_its_own() -> None:
    _, side = RIG.cameras_at(WORLD_FROM_RIG, TWIST)
    step = 1e-6
    path = side.world_from_camera(np.array([-step, step]))[:, :3, 3]
    arm = np.array(side.pose.position) - WORLD_FROM_RIG.position
    expected = np.array(TWIST.velocity) + np.cross(TWIST.angular_velocity, arm)
    assert np.allclose((path[1] - path[0]) / (2 * step), expected)
    assert np.linalg.norm(expected - TWIST.velocity) > 0.1


def test_a_pivot_of_ones_own_is_kept() -> None:
    about = TWIST.model_copy(update={"pivot": (5.0, 0.0, 0.0)})
    assert all(camera.motion == about for camera in RIG.cameras_at(WORLD_FROM_RIG, about))


def test_disparity_is_focal_length_times_baseline_over_depth() -> None:
    left, right = Rig.stereo(LENS, 0.12).cameras_at(WORLD_FROM_RIG)
    depth = np.random.default_rng(0).uniform(0.5, 4, (48, 64))
    points = left.unproject(depth)
    shift = left.project(points) - right.project(points)
    assert np.allclose(shift[..., 0], LENS.fx * 0.12 / depth)
    assert np.allclose(shift[..., 1], 0, atol=1e-9)


def test_settings_reach_every_camera() -> None:
    settings = {"shutter": Shutter(readout=0.02), "aperture": Aperture(diameter=0.01, focus=2), "far": 9.0}
    for camera in RIG.cameras_at(WORLD_FROM_RIG, **settings):
        assert (camera.shutter, camera.aperture, camera.far) == tuple(settings.values())
        assert camera.motion == Motion()


def test_names_are_unique() -> None:
    with pytest.raises(ValidationError, match="unique; twice: front"):
        Rig(cameras=(RIG.cameras[0], RIG.cameras[0]))
    with pytest.raises(ValidationError):
        Rig(cameras=())
    assert [camera.name for camera in Rig.single(LENS).cameras] == ["camera"]
