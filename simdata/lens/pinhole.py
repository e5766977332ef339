"""The pinhole: straight lines stay straight."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from simdata.lens.intrinsics import Intrinsics, forward, on_plane


class Pinhole(Intrinsics):
    """A pinhole with a full intrinsic matrix; sees all that lies before z = 0.

    Attributes:
        width, height: image size, pixels.
        fx, fy: focal lengths, pixels.
        cx, cy: principal point, pixels, continuous coordinates (the middle of the image is width / 2).
        skew: pixels by which a column leans right for one focal length down.
    """

    lens: Literal["pinhole"] = "pinhole"

    @classmethod
    def from_fov(cls, width: int, height: int, horizontal_fov: float) -> Pinhole:
        """Make a centred pinhole with square pixels from its horizontal field of view, radians."""
        f = width / 2 / math.tan(horizontal_fov / 2)
        return cls(width=width, height=height, fx=f, fy=f, cx=width / 2, cy=height / 2)

    @property
    def valid_angle(self) -> float:
        """Angle from the axis up to which the lens sees, rad."""
        return math.pi / 2

    def places(self, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far from the principal point angles (...) are seen; and 0, for there is nothing else."""
        return np.tan(angles), np.zeros_like(angles)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) metres, camera frame, to (..., 2) pixels; nan at and behind z = 0.

        Source: Hartley & Zisserman, Multiple View Geometry, ch. 6.
        """
        return self.to_pixels(on_plane(points))

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Return directions (..., 3) of pixels (..., 2), camera frame, scaled to z = 1.

        So that distance along the direction is planar depth.
        """
        return forward(self.to_plane(pixels))
