"""Lens models: which ray belongs to which pixel, in the camera frame (x right, y down, z forward).

Pixel (column j, row i) has its centre at (j + 0.5, i + 0.5). OpenCV, ROS and Kalibr put it at (j, i): their
principal points are ours less 0.5 (`simdata.calibration` adds it).

Every lens answers `project` and `rays`, and everything else asks for nothing more. Both are nan where the lens
does not see: outside the region in which its model is one-to-one, a formula may still give numbers, but they
are no picture.
"""

from __future__ import annotations

import math
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from numpy.polynomial import polynomial
from pydantic import Field

from simdata.model import Model

# Largest side of an image: PyBullet's renderer needs 2.6 GB for this many, and trainers use far less.
MAX_SIDE = 8192
ROUNDS = 30  # of Newton's method: a fold halves the error a round, everywhere else four rounds do
EXACT = 1e-10  # a ray is found when it meets its pixel to this, in focal lengths
_STEPS = 1024  # of the table from which Newton's method starts

Pixels = Annotated[float, Field(gt=0, le=1e7)]
Place = Annotated[float, Field(ge=-1e7, le=1e7)]
Coefficient = Annotated[float, Field(ge=-1e4, le=1e4)]
Slight = Annotated[float, Field(ge=-1, le=1)]


class _Intrinsics(Model):
    """A sensor behind a lens: what all models share.

    Attributes:
        planar: whether rays are scaled to z = 1, so that a length along them is planar depth; else they are
            unit vectors, because they may point sideways or back.
    """

    planar: ClassVar[bool] = True

    width: int = Field(ge=1, le=MAX_SIDE)
    height: int = Field(ge=1, le=MAX_SIDE)
    fx: Pixels
    fy: Pixels
    cx: Place
    cy: Place
    skew: Place = 0.0

    def matrix(self) -> np.ndarray:
        """Return K, (3, 3) float64."""
        return np.array([[self.fx, self.skew, self.cx], [0, self.fy, self.cy], [0, 0, 1.0]])

    def resized(self, factor: float) -> Self:
        """Return the same lens before a sensor of `factor` times as many pixels a side, rounded to whole."""
        width, height = round(self.width * factor), round(self.height * factor)
        right, down = width / self.width, height / self.height
        scaled = {"fx": self.fx * right, "cx": self.cx * right, "fy": self.fy * down, "cy": self.cy * down}
        return self.model_copy(
            update={**scaled, "skew": self.skew * right, "width": width, "height": height}
        )

    def unlimited(self) -> Self:
        """Return the lens without its chosen limit: it sees as far as its formula holds."""
        return self

    def _pixels(self, plane: np.ndarray) -> np.ndarray:
        """Place (..., 2) focal lengths off the axis on the sensor, pixels."""
        x, y = plane[..., 0], plane[..., 1]
        return np.stack([self.fx * x + self.skew * y + self.cx, self.fy * y + self.cy], -1)

    def _plane(self, pixels: np.ndarray) -> np.ndarray:
        """Undo `_pixels`."""
        y = (pixels[..., 1] - self.cy) / self.fy
        return np.stack([(pixels[..., 0] - self.cx - self.skew * y) / self.fx, y], -1)


class Pinhole(_Intrinsics):
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

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) metres, camera frame, to (..., 2) pixels; nan at and behind z = 0.

        Source: Hartley & Zisserman, Multiple View Geometry, ch. 6.
        """
        return self._pixels(_on_plane(points))

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Return directions (..., 3) of pixels (..., 2), camera frame, scaled to z = 1.

        So that distance along the direction is planar depth.
        """
        return _forward(self._plane(pixels))


class BrownConrady(_Intrinsics):
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
        return math.sqrt(min(_first_zero(slope), _first_zero(bottom)))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) metres, camera frame, to (..., 2) pixels.

        nan at and behind z = 0, and beyond the fold where the distortion is no longer one-to-one.
        """
        plane = _on_plane(points)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            moved, jacobian = self._distort(plane)
            held = self._one_to_one(plane, jacobian)
        return self._pixels(np.where(held, moved, np.nan))

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Return directions (..., 3) of pixels (..., 2), camera frame, scaled to z = 1, by Newton's method.

        nan for pixels to which no point before the fold maps.
        """
        target = self._plane(pixels)
        plane = self._guess(target)
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            for _ in range(ROUNDS):
                moved, (xx, xy, yy) = self._distort(plane)
                dx, dy = np.moveaxis(moved - target, -1, 0)
                step = np.stack([yy * dx - xy * dy, xx * dy - xy * dx], -1) / (xx * yy - xy * xy)[..., None]
                plane = plane - step
                if not (np.abs(step) > EXACT * 1e-4).any():
                    break
            moved, jacobian = self._distort(plane)
            found = (np.abs(moved - target) < EXACT).all(-1, keepdims=True)
            found &= self._one_to_one(plane, jacobian)
        return _forward(np.where(found, plane, np.nan))

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

    def _one_to_one(self, plane: np.ndarray, jacobian: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
        """Say (..., 1) where the model holds: before the radial fold, Jacobian positive definite.

        A map whose Jacobian is symmetric and positive definite on a convex region is one-to-one there.
        """
        xx, xy, yy = jacobian
        definite = (xx + yy > 0) & (xx * yy > xy * xy)
        return (definite & ((plane**2).sum(-1) < self.valid_radius**2))[..., None]

    def _guess(self, target: np.ndarray) -> np.ndarray:
        """Undo the radial part from a table, so that Newton's method starts on the right side of the fold."""
        radii = np.tan(np.linspace(0, math.atan(min(self.valid_radius, 1e3)), _STEPS))
        top, bottom = self._ratio
        far = radii * polynomial.polyval(radii**2, top) / polynomial.polyval(radii**2, bottom)
        length = np.linalg.norm(target, axis=-1, keepdims=True)
        return target * np.interp(length, far, radii) / np.where(length > 0, length, 1)


class KannalaBrandt(_Intrinsics):
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
        return min(self.max_angle, math.sqrt(_first_zero(self._slope)))

    def project(self, points: np.ndarray) -> np.ndarray:
        """Project (..., 3) metres, camera frame, to (..., 2) pixels; nan beyond `valid_angle`.

        And at the camera's centre and straight behind it, which have no direction in the image.
        """
        z, aside = points[..., 2], np.linalg.norm(points[..., :2], axis=-1)
        angle = np.arctan2(aside, z)
        seen = (angle <= self.valid_angle) & ((aside > 0) | (z > 0))
        scale = np.where(seen, self._radius(angle), np.nan) / np.where(aside > 0, aside, 1)
        return self._pixels(points[..., :2] * scale[..., None])

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """Return unit directions (..., 3) of pixels (..., 2), camera frame; nan beyond `valid_angle`."""
        plane, widest = self._plane(pixels), self.valid_angle
        radius = np.linalg.norm(plane, axis=-1)
        table = np.linspace(0, widest, _STEPS)
        angle = np.interp(radius, self._radius(table), table)
        for _ in range(ROUNDS):
            step = (self._radius(angle) - radius) / np.maximum(polynomial.polyval(angle**2, self._slope), EXACT)
            before, angle = angle, np.clip(angle - step, 0, widest)
            if not (np.abs(angle - before) > EXACT * 1e-4).any():
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


Lens = Annotated[Pinhole | BrownConrady | KannalaBrandt, Field(discriminator="lens")]


def _on_plane(points: np.ndarray) -> np.ndarray:
    """Divide (..., 3) by z: (..., 2); nan at and behind z = 0."""
    z = points[..., 2:]
    with np.errstate(over="ignore"):
        return points[..., :2] / np.where(z > 0, z, np.nan)


def _forward(plane: np.ndarray) -> np.ndarray:
    """Turn points (..., 2) of the plane z = 1 into rays; nan stays whole."""
    x, y = plane[..., 0], plane[..., 1]
    return np.stack([x, y, np.where(np.isnan(x), np.nan, 1.0)], -1)


def _first_zero(coefficients: tuple[float, ...] | np.ndarray) -> float:
    """Return the smallest root above 0 of a polynomial, rising powers; inf if it has none."""
    roots = polynomial.polyroots(polynomial.polytrim(coefficients))
    real = roots.real[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)]
    return float(real.min(initial=np.inf))
