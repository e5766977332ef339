"""OpenCV's standard distortion of a pinhole, and its inverse."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.polynomial import polynomial
from pydantic import Field

from simdata.lens.intrinsics import (
    CHUNK,
    CLOSE,
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

    @property
    def valid_angle(self) -> float:
        """Angle from the axis up to which the lens sees, rad."""
        return math.atan(self.valid_radius)

    def places(self, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return how far from the principal point angles (...) are seen, and the most aslant there."""
        radius = np.tan(angles)
        return self._radius(radius), self._aslant(radius)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) metres, camera frame, to (..., 2) pixels.

        nan at and behind z = 0, and beyond the fold where the distortion is no longer one-to-one.
        """
        plane = on_plane(points)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            x, y = plane[..., 0], plane[..., 1]
            moved_x, moved_y, *jacobian = self._distort(x, y)
            held = self._one_to_one(x, y, *jacobian)
        return self.to_pixels(np.where(held[..., None], np.stack([moved_x, moved_y], -1), np.nan))

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Return directions (..., 3) of pixels (..., 2), camera frame, scaled to z = 1, by Newton's method.

        nan for pixels to which no point before the fold maps. A pixel's ray does not depend on the others.
        """
        target = self.to_plane(pixels)
        flat = target.reshape(-1, 2)
        parts = [self._undo(*flat[i : i + CHUNK].T.copy()) for i in range(0, len(flat), CHUNK)]
        plane = np.concatenate([np.zeros((0, 2)), *parts])
        return forward(plane.reshape(target.shape))

    def _undo(self, to_x: np.ndarray, to_y: np.ndarray) -> np.ndarray:
        """Find the points (n, 2) of the plane z = 1 that go to (n,) each; nan where none does."""
        found = np.full((len(to_x), 2), np.nan)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            farthest = np.array(min(self.valid_radius, 1e40))
            reach = self._radius(farthest) + self._aslant(farthest)
            sought = np.flatnonzero(~(np.hypot(to_x, to_y) > reach))
            to_x, to_y = to_x[sought], to_y[sought]
            x, y = self._guess(to_x, to_y)
            for _ in range(ROUNDS):
                off_x, off_y, xx, xy, yy = self._distort(x, y)
                off_x -= to_x
                off_y -= to_y
                area = xx * yy - xy * xy
                step_x, step_y = (yy * off_x - xy * off_y) / area, (xx * off_y - xy * off_x) / area
                x, y = x - step_x, y - step_y
                # The next step would be about the square of this one.
                near = np.maximum(abs(step_x), abs(step_y)) < CLOSE
                held = near & self._one_to_one(x, y, xx, xy, yy)
                found[sought[held], 0], found[sought[held], 1] = x[held], y[held]
                if near.all():
                    break
                sought, x, y, to_x, to_y = (values[~near] for values in (sought, x, y, to_x, to_y))
        return found

    @property
    def _ratio(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Numerator and denominator of the radial factor, rising powers of r^2."""
        return (1.0, self.k1, self.k2, self.k3), (1.0, self.k4, self.k5, self.k6)

    def _distort(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, ...]:
        """Move points (...) each of the plane z = 1: x, y, and the Jacobian's xx, xy = yx, yy."""
        u, (top, bottom), p1, p2 = x * x + y * y, self._ratio, self.p1, self.p2
        if any(bottom[1:]):
            below = polynomial.polyval(u, bottom)
            factor = polynomial.polyval(u, top) / below
            slope = polynomial.polyval(u, polynomial.polyder(top))
            slope = (slope - factor * polynomial.polyval(u, polynomial.polyder(bottom))) / below
        else:
            factor = polynomial.polyval(u, top)
            slope = polynomial.polyval(u, polynomial.polyder(top))
        across, along, slope = p1 * x + p2 * y, p1 * y + p2 * x, 2 * slope
        moved_x = x * (factor + 2 * along) + p2 * u
        moved_y = y * (factor + 2 * along) + p1 * u
        xx = factor + x * x * slope + 2 * along + 4 * p2 * x
        yy = factor + y * y * slope + 2 * along + 4 * p1 * y
        xy = x * y * slope + 2 * across
        return moved_x, moved_y, xx, xy, yy

    def _one_to_one(
        self, x: np.ndarray, y: np.ndarray, xx: np.ndarray, xy: np.ndarray, yy: np.ndarray
    ) -> np.ndarray:
        """Say (...) where the model holds: before the radial fold, Jacobian positive definite.

        A map whose Jacobian is symmetric and positive definite on a convex region is one-to-one there.
        """
        return (xx + yy > 0) & (xx * yy > xy * xy) & (x * x + y * y < self.valid_radius**2)

    def _guess(self, to_x: np.ndarray, to_y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Undo the radial part from a table, so that Newton's method starts on the right side of the fold."""
        radii = np.tan(np.linspace(0, math.atan(min(self.valid_radius, 1e3)), STEPS))
        length = np.hypot(to_x, to_y)
        factor = np.interp(length, self._radius(radii), radii) / np.where(length > 0, length, 1)
        return to_x * factor, to_y * factor

    def _aslant(self, radius: np.ndarray) -> np.ndarray:
        """Bound the tangential part within distances from the axis on the plane z = 1, focal lengths."""
        return 4 * (abs(self.p1) + abs(self.p2)) * radius**2

    def _radius(self, radius: np.ndarray) -> np.ndarray:
        """Move distances from the axis on the plane z = 1, focal lengths, by the radial part."""
        top, bottom = self._ratio
        return radius * polynomial.polyval(radius**2, top) / polynomial.polyval(radius**2, bottom)
