"""Camera models: which ray belongs to which pixel.

Camera frame is OpenCV's: x right, y down, z forward. Pixel (column j, row i) has its centre at
(j + 0.5, i + 0.5); the image spans [0, width] x [0, height]. `depth` is planar z in metres.
A lens is one entry of the union `Lens`; everything else asks it for `project` and `rays` and nothing more.
"""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from simdata.geometry import Pose, invert, transform
from simdata.model import Model

# Largest side of an image: PyBullet's renderer needs 2.6 GB for this many, and trainers use far less.
MAX_SIDE = 8192


class Pinhole(Model):
    """A pinhole with a full intrinsic matrix.

    Attributes:
        width, height: image size, pixels.
        fx, fy: focal lengths, pixels.
        cx, cy: principal point, pixels, continuous coordinates (the middle of the image is width / 2).
    """

    lens: Literal["pinhole"] = "pinhole"
    width: int = Field(ge=1, le=MAX_SIDE)
    height: int = Field(ge=1, le=MAX_SIDE)
    fx: float = Field(gt=0)
    fy: float = Field(gt=0)
    cx: float
    cy: float

    @classmethod
    def from_fov(cls, width: int, height: int, horizontal_fov: float) -> Pinhole:
        """Make a centred pinhole with square pixels from its horizontal field of view, radians."""
        f = width / 2 / math.tan(horizontal_fov / 2)
        return cls(width=width, height=height, fx=f, fy=f, cx=width / 2, cy=height / 2)

    def matrix(self) -> np.ndarray:
        """Return K, (3, 3) float64."""
        return np.array([[self.fx, 0, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) metres, camera frame, to (..., 2) pixels; nan at and behind z = 0.

        Source: Hartley & Zisserman, Multiple View Geometry, ch. 6.
        """
        z = points[..., 2]
        z = np.where(z > 0, z, np.nan)
        return np.stack([self.fx * points[..., 0] / z + self.cx, self.fy * points[..., 1] / z + self.cy], -1)

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Return directions (..., 3) of pixels (..., 2), camera frame, scaled to z = 1.

        So that distance along the direction is planar depth.
        """
        x = (pixels[..., 0] - self.cx) / self.fx
        y = (pixels[..., 1] - self.cy) / self.fy
        return np.stack([x, y, np.ones_like(x)], -1)


# A union of one for now: more lenses join it here and nothing else changes.
Lens = Pinhole


class Camera(Model):
    """A named lens somewhere in the world.

    Attributes:
        name: unique in its scene.
        lens: intrinsics and distortion.
        pose: world_from_camera.
        near, far: metres; geometry nearer or farther than this along z is not seen.
    """

    name: str
    lens: Lens
    pose: Pose
    near: Annotated[float, Field(gt=0)] = 0.02
    far: Annotated[float, Field(gt=0)] = 50.0

    @model_validator(mode="after")
    def _ordered(self) -> Camera:
        if self.near >= self.far:
            raise ValueError(f"near {self.near:g} m is not below far {self.far:g} m")
        return self

    @property
    def width(self) -> int:
        """Image width, pixels."""
        return self.lens.width

    @property
    def height(self) -> int:
        """Image height, pixels."""
        return self.lens.height

    def world_from_camera(self, t: float = 0.0) -> np.ndarray:
        """Return the camera's (4, 4) pose at time t, seconds. (Cameras that move come with motion.)"""
        return self.pose.matrix()

    def project(self, points: np.ndarray, t: float = 0.0) -> np.ndarray:
        """Project (..., 3) metres, world frame, to (..., 2) pixels; nan behind the camera."""
        return self.lens.project(transform(invert(self.world_from_camera(t)), points))

    def unproject(self, depth: np.ndarray, t: float = 0.0) -> np.ndarray:
        """Lift a depth image (H, W), metres, to world points (H, W, 3) float64; nan where depth is inf."""
        depth = np.where(np.isfinite(depth), depth, np.nan).astype(float)
        return transform(self.world_from_camera(t), self.lens.rays(pixel_centers(self)) * depth[..., None])


def pixel_centers(camera: Camera) -> np.ndarray:
    """Return the continuous coordinates of all pixel centres, (H, W, 2) float64: x then y, at +0.5."""
    x, y = np.meshgrid(np.arange(camera.width) + 0.5, np.arange(camera.height) + 0.5)
    return np.stack([x, y], -1)
