"""Poses and rotations: the laws they must keep, for any values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from simdata.geometry import (
    Pose,
    invert,
    look_at,
    matrix_from_pose,
    quat_about,
    quat_from_matrix,
    quat_multiply,
    rotation_from_quat,
    transform,
)

SANE = settings(max_examples=100, deadline=None, derandomize=True)
COORDINATE = st.floats(-100, 100)
VECTORS = st.tuples(COORDINATE, COORDINATE, COORDINATE).map(np.array)
QUATS = (
    st.tuples(*[st.floats(-1, 1)] * 4)
    .map(np.array)
    .filter(lambda q: np.linalg.norm(q) > 0.1)
    .map(lambda q: q / np.linalg.norm(q))
)
# Where the trace vanishes or one axis is turned by half: the cases in which a naive formula divides by 0.
CORNERS = [np.eye(4)[k] for k in range(4)] + [
    np.array([1, 1, 0, 0]) / np.sqrt(2),
    np.array([1, 0, 1, 0]) / np.sqrt(2),
    np.array([1, 1, 1, 0]) / np.sqrt(3),
    np.array([1, 1, 1, 1]) / 2,
]


def assert_rotation(matrix: np.ndarray) -> None:
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.isclose(np.linalg.det(matrix), 1)


@given(QUATS)
@SANE
def test_quat_to_matrix_and_back(quat: np.ndarray) -> None:
    matrix = rotation_from_quat(quat)
    assert_rotation(matrix)
    back = quat_from_matrix(matrix)
    assert back[3] >= 0
    assert np.allclose(back, quat * np.sign(back @ quat), atol=1e-9)


@pytest.mark.parametrize("quat", CORNERS, ids=str)
def test_half_turns_survive(quat: np.ndarray) -> None:
    back = quat_from_matrix(rotation_from_quat(quat))
    assert np.isclose(abs(back @ quat), 1)


@pytest.mark.parametrize(
    ("axis", "moved"), [((1, 0, 0), (0, 0, 1)), ((0, 0, 1), (-1, 0, 0)), ((0, 1, 0), (0, 1, 0))]
)
def test_quarter_turns_are_right_handed(axis: tuple, moved: tuple) -> None:
    """+y about x goes to +z; about z to -x; about itself it stays."""
    assert np.allclose(rotation_from_quat(quat_about(axis, np.pi / 2)) @ [0, 1, 0], moved)


@given(QUATS, QUATS)
@SANE
def test_quat_product_is_matrix_product(a: np.ndarray, b: np.ndarray) -> None:
    product = rotation_from_quat(quat_multiply(a, b))
    assert np.allclose(product, rotation_from_quat(a) @ rotation_from_quat(b), atol=1e-12)


@given(VECTORS, QUATS, VECTORS, QUATS, VECTORS)
@SANE
def test_transforms_compose_and_invert(
    p: np.ndarray, q: np.ndarray, r: np.ndarray, s: np.ndarray, point
) -> None:
    a_from_b, b_from_c = matrix_from_pose(p, q), matrix_from_pose(r, s)
    assert np.allclose(transform(a_from_b, transform(b_from_c, point)), transform(a_from_b @ b_from_c, point))
    assert np.allclose(transform(invert(a_from_b), transform(a_from_b, point)), point, atol=1e-9)
    assert np.allclose(invert(a_from_b @ b_from_c), invert(b_from_c) @ invert(a_from_b), atol=1e-9)
    stacked = invert(np.stack([a_from_b, b_from_c]))
    assert np.allclose(stacked @ np.stack([a_from_b, b_from_c]), np.eye(4), atol=1e-9)


@given(VECTORS, QUATS)
@SANE
def test_pose_to_matrix_and_back(position: np.ndarray, quat: np.ndarray) -> None:
    pose = Pose(position=tuple(position), quat_xyzw=tuple(quat))
    assert np.allclose(Pose.from_matrix(pose.matrix()).matrix(), pose.matrix(), atol=1e-9)
    assert Pose.model_validate_json(pose.model_dump_json()) == pose


def test_a_quaternion_that_is_not_unit_is_refused() -> None:
    with pytest.raises(ValidationError, match="unit quaternion"):
        Pose(quat_xyzw=(0, 0, 0, 2))


@given(VECTORS, VECTORS, st.floats(-3, 3))
@SANE
def test_look_at_looks_at(eye: np.ndarray, target: np.ndarray, roll: float) -> None:
    assume(np.linalg.norm(target - eye) > 1e-3)
    world_from_camera = look_at(eye, target, roll)
    assert_rotation(world_from_camera[:3, :3])
    x, y, z = transform(invert(world_from_camera), target)
    assert np.allclose([x, y], 0, atol=1e-8) and np.isclose(z, np.linalg.norm(target - eye))
    assert np.allclose(world_from_camera[:3, 3], eye)


def test_look_at_keeps_the_horizon_and_rolls_clockwise() -> None:
    level = look_at((0, -2, 1), (0, 0, 0.5))
    assert np.isclose(level[2, 0], 0) and level[2, 1] < 0  # x level, y down
    assert np.allclose(look_at((0, -2, 0), (0, 0, 0))[:3, :3].T, [[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    # The camera turns clockwise: its own right hand goes down.
    assert look_at((0, -2, 0), (0, 0, 0), roll=0.1)[2, 0] < 0


@pytest.mark.parametrize("height", [2.0, -2.0])
def test_look_at_straight_up_and_down(height: float) -> None:
    assert_rotation(look_at((0, 0, height), (0, 0, 0))[:3, :3])
    assert np.allclose(look_at((0, 0, height), (0, 0, 0))[:3, 1], (0, -1, 0))  # image-up is world +y


def test_look_at_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="move the eye"):
        look_at((1, 2, 3), (1, 2, 3))
