"""Poses, quaternions and boxes; pure NumPy.

Conventions: metres, radians; world right-handed, z up; quaternions are `quat_xyzw`, unit; transforms read
right to left, `world_from_camera @ points_camera`, and are (4, 4) float64.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydantic import field_validator

from simdata.model import Model

Vector = tuple[float, float, float]


class Pose(Model):
    """Where a body frame stands in the world.

    Attributes:
        position: (3,) metres, world frame.
        quat_xyzw: (4,) unit quaternion, rotates body axes into world axes.
    """

    position: Vector = (0.0, 0.0, 0.0)
    quat_xyzw: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 1.0)

    @field_validator("quat_xyzw")
    @classmethod
    def _unit(cls, value: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        length = math.sqrt(sum(x * x for x in value))
        if abs(length - 1.0) > 1e-6:
            raise ValueError(f"a rotation needs a unit quaternion, this one has length {length:.6g}")
        return value

    def matrix(self) -> np.ndarray:
        """Return world_from_body, (4, 4) float64."""
        return matrix_from_pose(np.asarray(self.position), np.asarray(self.quat_xyzw))

    @classmethod
    def from_matrix(cls, matrix: np.ndarray) -> Pose:
        """Read a rigid (4, 4) transform."""
        position = tuple(float(x) for x in matrix[:3, 3])
        quat = tuple(float(x) for x in quat_from_matrix(matrix[:3, :3]))
        return cls(position=position, quat_xyzw=quat)  # type: ignore[arg-type]


def matrix_from_pose(position: np.ndarray, quat_xyzw: np.ndarray) -> np.ndarray:
    """Build (..., 4, 4) rigid transforms from (..., 3) metres and (..., 4) unit quaternions."""
    position, quat_xyzw = np.asarray(position, float), np.asarray(quat_xyzw, float)
    matrix = np.zeros((*position.shape[:-1], 4, 4))
    matrix[..., :3, :3] = rotation_from_quat(quat_xyzw)
    matrix[..., :3, 3] = position
    matrix[..., 3, 3] = 1.0
    return matrix


def rotation_from_quat(quat_xyzw: np.ndarray) -> np.ndarray:
    """Turn (..., 4) unit quaternions into (..., 3, 3) rotation matrices.

    Source: Hamilton product q v q*, written out; signs as in Diebel, "Representing Attitude" (2006), eq. 125.
    """
    x, y, z, w = np.moveaxis(np.asarray(quat_xyzw, float), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def rotation_from_vector(vector: np.ndarray) -> np.ndarray:
    """Turn rotation vectors (..., 3), axis times angle in radians, into (..., 3, 3) rotation matrices.

    Source: the exponential map, by way of the quaternion (sin(a / 2) axis, cos(a / 2)).
    """
    half = np.linalg.norm(vector, axis=-1, keepdims=True) / 2
    return rotation_from_quat(np.concatenate([vector * np.sinc(half / np.pi) / 2, np.cos(half)], -1))


def quat_from_matrix(rotation: np.ndarray) -> np.ndarray:
    """Turn one (3, 3) rotation matrix into a unit quaternion (4,), w >= 0.

    Source: Shepperd, "Quaternion from rotation matrix" (1978): divide by the largest of the four terms.
    """
    r = np.asarray(rotation, float)
    trace = np.trace(r)
    terms = np.array([r[0, 0], r[1, 1], r[2, 2], trace])
    k = int(np.argmax(terms))
    quat = np.empty(4)
    if k == 3:
        quat[:] = [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], 1 + trace]
    else:
        i, j, m = k, (k + 1) % 3, (k + 2) % 3
        quat[i] = 1 + r[i, i] - r[j, j] - r[m, m]
        quat[j] = r[j, i] + r[i, j]
        quat[m] = r[m, i] + r[i, m]
        quat[3] = r[m, j] - r[j, m]
    quat /= np.linalg.norm(quat)
    return -quat if quat[3] < 0 else quat


def quat_multiply(a_xyzw: Sequence[float], b_xyzw: Sequence[float]) -> np.ndarray:
    """Compose rotations: first b, then a. (4,) each."""
    ax, ay, az, aw = a_xyzw
    bx, by, bz, bw = b_xyzw
    return np.array(
        [
            aw * bx + ax * bw + ay * bz - az * by,
            aw * by - ax * bz + ay * bw + az * bx,
            aw * bz + ax * by - ay * bx + az * bw,
            aw * bw - ax * bx - ay * by - az * bz,
        ]
    )


def quat_about(axis: Sequence[float], angle: float) -> np.ndarray:
    """Rotate by `angle` radians about `axis` (3,), right-handed. Returns (4,)."""
    direction = np.asarray(axis, float) / np.linalg.norm(axis)
    return np.array([*(direction * math.sin(angle / 2)), math.cos(angle / 2)])


def invert(matrix: np.ndarray) -> np.ndarray:
    """Invert rigid transforms (..., 4, 4): b_from_a -> a_from_b."""
    rotation_t = np.swapaxes(matrix[..., :3, :3], -1, -2)
    inverse = np.zeros_like(matrix)
    inverse[..., :3, :3] = rotation_t
    inverse[..., :3, 3] = -(rotation_t @ matrix[..., :3, 3, None])[..., 0]
    inverse[..., 3, 3] = 1.0
    return inverse


def transform(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Move points (..., 3) by one rigid transform (4, 4)."""
    return points @ matrix[:3, :3].T + matrix[:3, 3]


def look_at(eye: Sequence[float], target: Sequence[float], roll: float = 0.0) -> np.ndarray:
    """Return world_from_camera (4, 4) of an OpenCV camera (x right, y down, z forward) at `eye`.

    `roll` turns the camera clockwise about its own z axis, radians. Looking straight up or down, image-up is
    world +y, for want of a better.

    Raises:
        ValueError: eye and target coincide.
    """
    forward = np.asarray(target, float) - np.asarray(eye, float)
    distance = np.linalg.norm(forward)
    if distance < 1e-9:
        raise ValueError(f"camera at {tuple(eye)} looks at itself; move the eye or the target")
    forward /= distance
    up = np.array([0.0, 0.0, 1.0]) if abs(forward[2]) < 1 - 1e-9 else np.array([0.0, 1.0, 0.0])
    right = np.cross(forward, up)
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    cosine, sine = math.cos(roll), math.sin(roll)
    matrix = np.eye(4)
    matrix[:3, 0] = cosine * right + sine * down
    matrix[:3, 1] = -sine * right + cosine * down
    matrix[:3, 2] = forward
    matrix[:3, 3] = eye
    return matrix
