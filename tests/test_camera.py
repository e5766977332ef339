"""Cameras: pixels to rays and back, and where pixel centres are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from simdata.camera import Camera, Pinhole, pixel_centers
from simdata.geometry import Pose, look_at

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
