"""Cameras: pixels to rays and back, and where pixel centres are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sample_scene import widened

from simdata.camera import Camera, Motion, Shutter, pixel_centers
from simdata.geometry import Pose, look_at
from simdata.lens import BrownConrady, KannalaBrandt, Lens, Pinhole

LENS = Pinhole(width=64, height=48, fx=60.0, fy=55.0, cx=30.5, cy=25.25)
CAMERA = Camera(name="c", lens=LENS, pose=Pose.from_matrix(look_at((1, -2, 1.5), (0.1, 0, 0.3), 0.2)))


@given(st.floats(-50, 150), st.floats(-50, 150), st.floats(0.01, 100))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_rays_undo_project(x: float, y: float, depth: float) -> None:
    ray = LENS.rays(np.array([x, y]))
    assert ray[2] == 1
    assert np.allclose(LENS.project(ray * depth), (x, y), atol=1e-8)


def test_projection_is_the_matrix() -> None:
    point = np.array([0.2, -0.1, 2.0])
    u, v, w = LENS.matrix() @ point
    assert np.allclose(LENS.project(point), (u / w, v / w))
    assert LENS.project(np.array([0.2, 0, 1.0]))[0] > LENS.cx  # x is right, y is down
    assert LENS.project(np.array([0, 0.2, 1.0]))[1] > LENS.cy


def test_nothing_behind_the_camera_has_a_pixel() -> None:
    assert np.isnan(LENS.project(np.array([[0.1, 0.1, -1.0], [0.1, 0.1, 0.0]]))).all()
    assert np.isnan(CAMERA.project(np.array([5.0, -10.0, 3.0]))).all()


def test_pixel_centres_are_at_a_half() -> None:
    centers = pixel_centers(CAMERA)
    assert centers.shape == (48, 64, 2)
    assert centers[0, 0].tolist() == [0.5, 0.5] and centers[47, 63].tolist() == [63.5, 47.5]
    assert centers[3, 7].tolist() == [7.5, 3.5]  # x first


@pytest.mark.parametrize("fov", [0.3, 1.0, 2.5])
def test_field_of_view_spans_the_image(fov: float) -> None:
    lens = Pinhole.from_fov(100, 40, fov)
    left, right = lens.rays(np.array([[0.0, 20.0], [100.0, 20.0]]))
    assert np.isclose(np.arctan(right[0]) - np.arctan(left[0]), fov)
    assert lens.fx == lens.fy


def test_unproject_undoes_project() -> None:
    depth = np.random.default_rng(0).uniform(0.5, 3, (48, 64)).astype(np.float32)
    depth[5, 6] = np.inf
    points = CAMERA.unproject(depth)
    assert np.isnan(points[5, 6]).all()
    hit = np.isfinite(depth)
    assert np.allclose(CAMERA.project(points)[hit], pixel_centers(CAMERA)[hit], atol=1e-9)
    # Depth is planar: along the viewing axis, not along the ray.
    forward = CAMERA.world_from_camera()[:3, 2]
    assert np.allclose((points - CAMERA.pose.position)[hit] @ forward, depth[hit])


def test_near_must_be_below_far() -> None:
    with pytest.raises(ValidationError, match=r"near 2 m is not below far 1 m"):
        Camera(name="c", lens=LENS, pose=Pose(), near=2, far=1)


def test_a_plain_camera_of_old_still_loads() -> None:
    stored = {
        "name": "c",
        "lens": {"lens": "pinhole", "width": 64, "height": 48, "fx": 60, "fy": 55, "cx": 30.5, "cy": 25.25},
        "pose": {"position": [0, 0, 0], "quat_xyzw": [0, 0, 0, 1]},
        "near": 0.02,
        "far": 50.0,
    }
    assert Camera.model_validate(stored) == Camera(name="c", lens=LENS, pose=Pose())
    assert Camera.model_validate_json(ROLLING.model_dump_json()) == ROLLING


# Sideways at 0.4 m/s and turning by 0.6 rad/s, read over a tenth of a second.
ROLLING = CAMERA.model_copy(
    update={
        "motion": Motion(velocity=(0.4, 0.1, 0), angular_velocity=(0.1, -0.2, 0.6)),
        "shutter": Shutter(exposure=0.01, readout=0.1),
    }
)


def test_motion_is_the_twist() -> None:
    """The pivot goes straight; all else goes round it: by finite differences, v + w x r at every instant."""
    motion = Motion(velocity=(0.3, -0.2, 0.1), angular_velocity=(0.5, 1.0, -2.0), pivot=(1.0, 2.0, 3.0))
    start = np.array(look_at((1, -2, 1.5), (0.1, 0, 0.3)))
    assert np.array_equal(motion.carry(start, 0.0), start)
    times, step = np.array([-0.7, 0.0, 0.9]), 1e-6
    before, now, after = (motion.carry(start, times + d) for d in (-step, 0, step))
    pivot = np.array(motion.pivot) + times[:, None] * motion.velocity
    velocity = (after - before)[:, :3, 3] / (2 * step)
    assert np.allclose(velocity, motion.velocity + np.cross(motion.angular_velocity, now[:, :3, 3] - pivot))
    # And axes turn about world axes: dR/dt = [w]x R.
    turning = (after - before)[:, :3, :3] / (2 * step)
    assert np.allclose(
        turning, np.cross(motion.angular_velocity, now[:, :3, :3], axisb=1, axisc=1), atol=1e-7
    )
    assert np.allclose(now[:, :3, :3] @ np.swapaxes(now[:, :3, :3], 1, 2), np.eye(3))


def test_a_half_turn_lands_where_it_should() -> None:
    camera = Camera(
        name="c", lens=LENS, pose=Pose(), motion=Motion(angular_velocity=(0, 0, np.pi), pivot=(1, 0, 0))
    )
    assert np.allclose(camera.world_from_camera(1.0)[:3, 3], (2, 0, 0))
    assert np.allclose(camera.world_from_camera(1.0)[:3, :3], np.diag([-1, -1, 1]))


def test_rows_share_out_the_readout_evenly() -> None:
    times = ROLLING.row_times(2.0)
    assert times.shape == (48,) and np.allclose(np.diff(times), 0.1 / 48)
    assert times.mean() == pytest.approx(2.0) and times[0] < 2.0  # the top row first
    assert np.array_equal(CAMERA.row_times(2.0), np.full(48, 2.0))
    assert not CAMERA.rolls and ROLLING.rolls
    assert not ROLLING.model_copy(update={"motion": Motion()}).rolls


def test_each_row_sees_from_its_own_pose() -> None:
    origins, directions = ROLLING.pixel_rays(0.3)
    assert origins.shape == (48, 1, 3) and directions.shape == (48, 64, 3)
    for row in (0, 17, 47):
        pose = ROLLING.world_from_camera(ROLLING.row_times(0.3)[row])
        assert np.allclose(origins[row, 0], pose[:3, 3], atol=1e-15)
        rays = LENS.rays(np.stack([np.arange(64) + 0.5, np.full(64, row + 0.5)], -1))
        assert np.allclose(directions[row], rays @ pose[:3, :3].T, atol=1e-15)
    origins, directions = CAMERA.pixel_rays()
    assert origins.shape == (3,) and directions.shape == (48, 64, 3)


LENSES = {
    "pinhole": LENS,
    "brown_conrady": BrownConrady(**LENS.model_dump(exclude={"lens"}), k1=-0.2, k2=0.05, p1=0.002, p2=-0.003),
    "kannala_brandt": KannalaBrandt.from_fov(64, 48, 3.6),
}


@pytest.mark.parametrize("camera", [CAMERA, ROLLING], ids=["still", "rolling"])
@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
def test_project_undoes_unproject_for_every_lens(camera: Camera, lens: Lens) -> None:
    camera = camera.model_copy(update={"lens": lens})
    distance = np.random.default_rng(0).uniform(0.5, 3, (48, 64)).astype(np.float32)
    distance[5, 6] = np.inf
    points = camera.unproject(distance=distance, t=0.2)
    hit = np.isfinite(lens.rays(pixel_centers(camera))).all(-1) & np.isfinite(distance)
    assert np.array_equal(np.isfinite(points).all(-1), hit) and hit.mean() > 0.7
    assert np.abs(camera.project(points, 0.2) - pixel_centers(camera))[hit].max() < 1e-7
    # Distance is along the ray of that row; depth is along that row's axis.
    poses = camera.world_from_camera(camera.row_times(0.2))
    arms = points - poses[:, None, :3, 3]
    assert np.allclose(np.linalg.norm(arms, axis=-1)[hit], distance[hit])
    depth = np.einsum("hwi,hi->hw", arms, poses[:, :3, 2])
    assert (depth[hit] < 0).any() == (lens.lens == "kannala_brandt")
    again = camera.unproject(np.where(hit, depth, np.inf), 0.2)
    assert np.allclose(again[hit], points[hit], atol=1e-9)


def test_unproject_wants_one_image() -> None:
    image = np.ones((48, 64))
    for wrong in ({}, {"depth": image, "distance": image}):
        with pytest.raises(ValueError, match="either depth or distance"):
            CAMERA.unproject(**wrong)


def test_a_point_too_fast_for_the_readout_has_no_pixel() -> None:
    """Falling past at more than an image's height a readout, it is met by several rows or by none."""
    motion = Motion(angular_velocity=(300.0, 0, 0))
    camera = Camera(name="c", lens=LENS, pose=Pose(), motion=motion, shutter=Shutter(readout=0.1))
    assert np.isnan(camera.project(np.array([0.05, 0.3, 1.0]))).all()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"shutter": {"readout": -1}}, "readout"),
        ({"aperture": {"diameter": 0, "focus": 1}}, "diameter"),
        ({"ev": 99}, "ev"),
    ],
)
def test_nonsense_is_refused(change: dict, words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        Camera(name="c", lens=LENS, pose=Pose(), **change)


LENSES = (
    CAMERA.lens,
    BrownConrady(**CAMERA.lens.model_dump(exclude={"lens"}), k1=-0.3, k2=0.05, p1=0.003, p2=-0.002),
    BrownConrady(**CAMERA.lens.model_dump(exclude={"lens"}), k1=-0.9),
    KannalaBrandt.from_fov(CAMERA.width, CAMERA.height, 3.4),
)


@pytest.mark.parametrize("lens", LENSES, ids=lambda lens: lens.lens)
@pytest.mark.parametrize("camera", [CAMERA, ROLLING], ids=["still", "rolling"])
def test_a_pixels_ray_is_the_same_in_any_company(camera: Camera, lens: Lens) -> None:
    """To the last bit; and beyond the image it is that of a larger sensor read at the same pace."""
    camera = camera.model_copy(update={"lens": lens})
    w, h = camera.width, camera.height
    origins, directions = camera.pixel_rays(0.3)
    generator = np.random.default_rng(0)
    columns, rows = generator.integers(-w, 2 * w, 500), generator.integers(-h, 2 * h, 500)
    o, d = camera.rays_at(columns, rows, 0.3)
    inside = (columns >= 0) & (columns < w) & (rows >= 0) & (rows < h)
    assert 20 < inside.sum() < 100
    own = np.broadcast_to(origins, directions.shape)[rows[inside], columns[inside]]
    assert np.array_equal(np.broadcast_to(o, d.shape)[inside], own)
    assert np.array_equal(d[inside], directions[rows[inside], columns[inside]], equal_nan=True)
    larger = widened(camera)
    origins, directions = larger.pixel_rays(0.3)
    own = np.broadcast_to(origins, directions.shape)[rows + h, columns + w]
    assert np.allclose(np.broadcast_to(o, d.shape), own, rtol=0, atol=1e-12)
    assert np.allclose(d, directions[rows + h, columns + w], rtol=1e-9, atol=1e-12, equal_nan=True)
