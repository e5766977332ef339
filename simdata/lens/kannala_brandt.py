"""OpenCV's fisheye, which sees sideways and back."""

from __future__ import annotations

import math
from typing import ClassVar, Literal, Self

import numpy as np
from numpy.polynomial import polynomial
from pydantic import Field

from simdata.lens.intrinsics import EXACT, ROUNDS, STEPS, Coefficient, Intrinsics, first_zero


class KannalaBrandt(Intrinsics):
    """OpenCV's fisheye: the distance from the principal point is a polynomial of the angle from the axis.

    Sees sideways, and back where `max_angle` is beyond 90 degrees. Planar depth is negative back there, so
    frames of this lens have a layer `distance` too.

    Attributes:
        width, height, fx, fy, cx, cy, skew: as of a pinhole; all k = 0 is the equidistant lens, in which a
            radian takes fx pixels.
        k1, k2, k3, k4: distortion, 1.
        max_angle: how far from the axis the lens sees, rad; less where the polynomial turns back before.

    Source: Kannala & Brandt, "A generic camera model and calibration method" (2006); OpenCV, cv::fisheye.
    """

    planar: ClassVar[bool] = False

    lens: Literal["kannala_brandt"] = "kannala_brandt"
    k1: Coefficient = 0.0
    k2: Coefficient = 0.0
    k3: Coefficient = 0.0
    k4: Coefficient = 0.0
    max_angle: float = Field(default=math.pi / 2, gt=0, le=math.pi)

    @classmethod
    def from_fov(cls, width: int, height: int, horizontal_fov: float) -> KannalaBrandt:
        """Make a centred equidistant lens whose image is `horizontal_fov` radians wide.

        It sees 90 degrees from the axis, or half of the field of view if that is more.
        """
        f, widest = width / horizontal_fov, max(math.pi / 2, horizontal_fov / 2)
        return cls(width=width, height=height, fx=f, fy=f, cx=width / 2, cy=height / 2, max_angle=widest)

    def unlimited(self) -> Self:
        """Return the lens without its chosen limit: it sees as far as its formula holds."""
        return self.model_copy(update={"max_angle": math.pi})

    @property
    def valid_angle(self) -> float:
        """Angle from the axis up to which the lens sees, rad."""
        return min(self.max_angle, math.sqrt(first_zero(self._slope)))

    def places(self, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far from the principal point angles (...) are seen; and 0, for there is nothing else."""
        return self._radius(angles), np.zeros_like(angles)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) metres, camera frame, to (..., 2) pixels; nan beyond `valid_angle`.

        And at the camera's centre and straight behind it, which have no direction in the image.
        """
        z, aside = points[..., 2], np.linalg.norm(points[..., :2], axis=-1)
        angle = np.arctan2(aside, z)
        seen = (angle <= self.valid_angle) & ((aside > 0) | (z > 0))
        scale = np.where(seen, self._radius(angle), np.nan) / np.where(aside > 0, aside, 1)
        return self.to_pixels(points[..., :2] * scale[..., None])

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Return unit directions (..., 3) of pixels (..., 2), camera frame; nan beyond `valid_angle`."""
        plane, widest = self.to_plane(pixels), self.valid_angle
        radius = np.linalg.norm(plane, axis=-1)
        table = np.linspace(0, widest, STEPS)
        angle = np.interp(radius, self._radius(table), table)
        moving = np.ones(angle.shape, bool)
        for _ in range(ROUNDS):
            slope = np.maximum(polynomial.polyval(angle**2, self._slope), EXACT)
            after = np.clip(angle - (self._radius(angle) - radius) / slope, 0, widest)
            step, angle = abs(after - angle), np.where(moving, after, angle)
            moving &= step > EXACT / 100  # a pixel's ray must not depend on the others
            if not moving.any():
                break
        angle = np.where(np.abs(self._radius(angle) - radius) < EXACT, angle, np.nan)
        aside = plane * (np.sin(angle) / np.where(radius > 0, radius, 1))[..., None]
        return np.concatenate([aside, np.cos(angle)[..., None]], -1)

    @property
    def _slope(self) -> tuple[float, ...]:
        """Derivative of the polynomial by the angle, rising powers of the angle's square."""
        return 1.0, 3 * self.k1, 5 * self.k2, 7 * self.k3, 9 * self.k4

    def _radius(self, angle: np.ndarray) -> np.ndarray:
        """Distance from the principal point in focal lengths."""
        return angle * polynomial.polyval(angle**2, (1.0, self.k1, self.k2, self.k3, self.k4))
