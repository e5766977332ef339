"""Rigs: cameras that keep their places on a body, wherever it goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError
from scipy import ndimage

import simdata
from simdata.camera import Aperture, Camera, Motion, Shutter
from simdata.config_file import load_config
from simdata.dataset import Record
from simdata.errors import ConfigError, RenderError
from simdata.geometry import Pose, invert, look_at, quat_about
from simdata.lens import KannalaBrandt, Pinhole
from simdata.render import resolve_renderer
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


@pytest.mark.parametrize("renderer", ["gl", "tiny"])
def test_a_stereo_dataset_end_to_end(tmp_path: Path, renderer: str) -> None:
    """A point of the left image, lifted by its depth, is the same object's in the right image."""
    try:
        resolve_renderer(renderer)
    except (RenderError, ConfigError) as error:
        pytest.skip(str(error))
    sets = [
        "dataset.scenes=2", "dataset.views=4", "dataset.depth=float32", "dataset.instance_ids=true",
        "dataset.splits={train: 0.5, val: 0.5}", f"renderer={renderer}",
        "builder.objects.count=6", "builder.cameras.width=160", "builder.cameras.height=120",
        "builder.cameras.stereo={baseline: 0.1}",
    ]  # fmt: skip
    simdata.generate(load_config("tabletop", overrides=sets), tmp_path / "data", workers=1)
    data = simdata.Dataset(tmp_path / "data")
    names = ["view_0_left", "view_0_right", "view_1_left", "view_1_right"]
    assert len(data) == 8 and [record.camera.name for record in data] == 2 * names
    for left in (record for record in data if record.camera.name.endswith("left")):
        views = left.views
        assert list(views) == names and views[left.camera.name].image_id == left.image_id
        right = views[left.camera.name.replace("left", "right")]
        assert [camera.name for camera in left.scene().spec.cameras] == names
        assert left.scene().spec.cameras[right.index.view] == right.camera
        left_from_right = invert(left.camera.world_from_camera()) @ right.camera.world_from_camera()
        assert np.allclose(left_from_right[:3], [[1, 0, 0, 0.1], [0, 1, 0, 0], [0, 0, 1, 0]])
        assert same_object(left, right, right.camera) > 0.998
        assert same_object(left, right, left.camera) < 0.9  # a mutant: no baseline


def same_object(left: Record, right: Record, seen_by: Camera) -> float:
    """Return the share of the left image's points that are the same object's in the right image.

    Of those on objects that land inside it, off every edge, and that nothing hides there.
    """
    hit = np.isfinite(left.depth())
    points, ids = left.camera.unproject(left.depth())[hit], left.instance_ids()[hit]
    pixels = np.floor(seen_by.project(points))
    chosen = (ids > 0) & (pixels >= 0).all(1) & (pixels < (160, 120)).all(1)
    points, ids, (columns, rows) = points[chosen], ids[chosen], pixels[chosen].astype(int).T
    away = (points - seen_by.pose.position) @ seen_by.world_from_camera()[:3, 2]
    there = right.instance_ids()
    whole = (ndimage.minimum_filter(there, 3) == ndimage.maximum_filter(there, 3))[rows, columns]
    shown = whole & (away < right.depth()[rows, columns] + 0.005)
    return float((there[rows, columns] == ids)[shown].mean())
