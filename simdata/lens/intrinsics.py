"""The sensor behind a lens: its size and K, and what the models of lenses share."""

from __future__ import annotations

from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.polynomial import polynomial
from pydantic import Field

from simdata.model import Model

# Largest side of an image: PyBullet's renderer needs 2.6 GB for this many, and trainers use far less.
MAX_SIDE = 8192
ROUNDS = 30  # of Newton's method: a fold halves the error a round, everywhere else four rounds do
EXACT = 1e-10  # a ray is found when it meets its pixel to this, in focal lengths
STEPS = 1024  # of the table from which Newton's method starts

Pixels = Annotated[float, Field(gt=0, le=1e7)]
Place = Annotated[float, Field(ge=-1e7, le=1e7)]
Coefficient = Annotated[float, Field(ge=-1e4, le=1e4)]


class Intrinsics(Model):
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
        return self.model_copy(update={**scaled, "skew": self.skew * right, "width": width, "height": height})

    def unlimited(self) -> Self:
        """Return the lens without its chosen limit: it sees as far as its formula holds."""
        return self

    def to_pixels(self, plane: np.ndarray) -> np.ndarray:
        """Place (..., 2) focal lengths off the axis on the sensor, pixels."""
        x, y = plane[..., 0], plane[..., 1]
        return np.stack([self.fx * x + self.skew * y + self.cx, self.fy * y + self.cy], -1)

    def to_plane(self, pixels: np.ndarray) -> np.ndarray:
        """Undo `to_pixels`."""
        y = (pixels[..., 1] - self.cy) / self.fy
        return np.stack([(pixels[..., 0] - self.cx - self.skew * y) / self.fx, y], -1)


def on_plane(points: np.ndarray) -> np.ndarray:
    """Divide (..., 3) by z: (..., 2); nan at and behind z = 0."""
    z = points[..., 2:]
    with np.errstate(over="ignore"):
        return points[..., :2] / np.where(z > 0, z, np.nan)


def forward(plane: np.ndarray) -> np.ndarray:
    """Turn points (..., 2) of the plane z = 1 into rays; nan stays whole."""
    x, y = plane[..., 0], plane[..., 1]
    return np.stack([x, y, np.where(np.isnan(x), np.nan, 1.0)], -1)


def first_zero(coefficients: tuple[float, ...] | np.ndarray) -> float:
    """Return the smallest root above 0 of a polynomial, rising powers; inf if it has none."""
    roots = polynomial.polyroots(polynomial.polytrim(coefficients))
    real = roots.real[(np.abs(roots.imag) < 1e-9) & (roots.real > 0)]
    return float(real.min(initial=np.inf))
