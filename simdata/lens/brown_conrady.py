"""OpenCV's standard distortion of a pinhole, and its inverse."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.polynomial import polynomial
from pydantic import Field

from simdata.lens.intrinsics import (
    EXACT,
    ROUNDS,
    STEPS,
    Coefficient,
    Intrinsics,
    first_zero,
    forward,
    on_plane,
)

Slight = Annotated[float, Field(ge=-1, le=1)]


class BrownConrady(Intrinsics):
    """OpenCV's standard model: radial (rational with k4 to k6) and tangential distortion of a pinhole.

    Attributes:
        width, height, fx, fy, cx, cy, skew: as of a pinhole.
        k1, k2, k3: radial distortion, 1.
        p1, p2: tangential distortion, 1.
        k4, k5, k6: denominator of the rational model, 1.

    Source: OpenCV, "Camera Calibration and 3D Reconstruction", detailed description.
    """

    lens: Literal["brown_conrady"] = "brown_conrady"
    k1: Coefficient = 0.0
    k2: Coefficient = 0.0
    p1: Slight = 0.0
    p2: Slight = 0.0
    k3: Coefficient = 0.0
    k4: Coefficient = 0.0
    k5: Coefficient = 0.0
    k6: Coefficient = 0.0

    @property
    def valid_radius(self) -> float:
        """Tangent of the angle from the axis at which the radial distortion turns back; inf for never.

        With u = r^2 a radius r goes to r N(u) / D(u), whose slope is [N D + 2 u (N' D - N D')] / D^2.
        """
        top, bottom = self._ratio
        bend = polynomial.polysub(
            polynomial.polymul(polynomial.polyder(top), bottom),
            polynomial.polymul(top, polynomial.polyder(bottom)),
        )
        slope = polynomial.polyadd(polynomial.polymul(top, bottom), polynomial.polymul((0, 2), bend))
        return math.sqrt(min(first_zero(slope), first_zero(bottom)))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) metres, camera frame, to (..., 2) pixels.

        nan at and behind z = 0, and beyond the fold where the distortion is no longer one-to-one.
        """
        plane = on_plane(points)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            moved, jacobian = self._distort(plane)
            held = self._one_to_one(plane, jacobian)
        return self.to_pixels(np.where(held, moved, np.nan))

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Return directions (..., 3) of pixels (..., 2), camera frame, scaled to z = 1, by Newton's method.

        nan for pixels to which no point before the fold maps.
        """
        target = self.to_plane(pixels)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            plane = self._guess(target)
            for _ in range(ROUNDS):
                moved, (xx, xy, yy) = self._distort(plane)
                dx, dy = np.moveaxis(moved - target, -1, 0)
                step = np.stack([yy * dx - xy * dy, xx * dy - xy * dx], -1) / (xx * yy - xy * xy)[..., None]
                plane = plane - step
                if not (np.abs(step) > EXACT / 100).any():
                    break
            moved, jacobian = self._distort(plane)
            found = (np.abs(moved - target) < EXACT).all(-1, keepdims=True)
            found &= self._one_to_one(plane, jacobian)
        return forward(np.where(found, plane, np.nan))

    @property
    def _ratio(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Numerator and denominator of the radial factor, rising powers of r^2."""
        return (1.0, self.k1, self.k2, self.k3), (1.0, self.k4, self.k5, self.k6)

    def _distort(self, plane: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Move points (..., 2) of the plane z = 1; also the Jacobian's xx, xy = yx, yy (it is symmetric)."""
        x, y = plane[..., 0], plane[..., 1]
        u, (top, bottom) = x * x + y * y, self._ratio
        below = polynomial.polyval(u, bottom)
        factor = polynomial.polyval(u, top) / below
        slope = polynomial.polyval(u, polynomial.polyder(top))
        slope = (slope - factor * polynomial.polyval(u, polynomial.polyder(bottom))) / below
        p1, p2 = self.p1, self.p2
        moved_x = x * factor + 2 * p1 * x * y + p2 * (u + 2 * x * x)
        moved_y = y * factor + p1 * (u + 2 * y * y) + 2 * p2 * x * y
        xx = factor + 2 * x * x * slope + 2 * p1 * y + 6 * p2 * x
        xy = 2 * x * y * slope + 2 * p1 * x + 2 * p2 * y
        yy = factor + 2 * y * y * slope + 6 * p1 * y + 2 * p2 * x
        return np.stack([moved_x, moved_y], -1), (xx, xy, yy)

    def _one_to_one(
        self, plane: np.ndarray, jacobian: tuple[np.ndarray, np.ndarray, np.ndarray]
    ) -> np.ndarray:
        """Say (..., 1) where the model holds: before the radial fold, Jacobian positive definite.

        A map whose Jacobian is symmetric and positive definite on a convex region is one-to-one there.
        """
        xx, xy, yy = jacobian
        definite = (xx + yy > 0) & (xx * yy > xy * xy)
        return (definite & ((plane**2).sum(-1) < self.valid_radius**2))[..., None]

    def _guess(self, target: np.ndarray) -> np.ndarray:
        """Undo the radial part from a table, so that Newton's method starts on the right side of the fold."""
        radii = np.tan(np.linspace(0, math.atan(min(self.valid_radius, 1e3)), STEPS))
        top, bottom = self._ratio
        far = radii * polynomial.polyval(radii**2, top) / polynomial.polyval(radii**2, bottom)
        length = np.linalg.norm(target, axis=-1, keepdims=True)
        return target * np.interp(length, far, radii) / np.where(length > 0, length, 1)
