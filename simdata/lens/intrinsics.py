"""The sensor behind a lens: its size and K, and what the models of lenses share."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated, ClassVar, Self

import numpy as np
from numpy.polynomial import polynomial
from pydantic import Field

from simdata.model import Model

# Largest side of an image: PyBullet's renderer needs 2.6 GB for this many, and trainers use far less.
MAX_SIDE = 8192
ROUNDS = 30  # of Newton's method: a fold halves the error a round, everywhere else four rounds do
EXACT = 1e-10  # a ray is found when it meets its pixel to this, in focal lengths
CLOSE = 1e-7  # a last step of Newton's method so short leaves an error of about its square
CHUNK = 1 << 14  # rays at a time: their temporaries stay in the cache
STEPS = 1024  # of the table from which Newton's method starts
ARC = 17  # corners that a sector of a ring is bounded by
TINY, HUGE = 1e-12, 1e9  # rad, for rounding; focal lengths, for infinity

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

    @property
    @abstractmethod
    def valid_angle(self) -> float:
        """Angle from the axis up to which the lens sees, rad."""

    @abstractmethod
    def places(self, angles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Say how far from the principal point angles (...) of at most `valid_angle` are seen, focal lengths.

        Returns:
            (...) a rising function of the angle, and (...) by how much at most what is seen there or nearer
            is off it.
        """

    def to_pixels(self, plane: np.ndarray) -> np.ndarray:
        """Place (..., 2) focal lengths off the axis on the sensor, pixels."""
        x, y = plane[..., 0], plane[..., 1]
        return np.stack([self.fx * x + self.skew * y + self.cx, self.fy * y + self.cy], -1)

    def to_plane(self, pixels: np.ndarray) -> np.ndarray:
        """Undo `to_pixels`."""
        y = (pixels[..., 1] - self.cy) / self.fy
        return np.stack([(pixels[..., 0] - self.cx - self.skew * y) / self.fx, y], -1)

    def windows(self, middles: np.ndarray, radii: np.ndarray) -> np.ndarray:
        """Return windows of the image plane that hold every pixel at which balls may be seen.

        A ball fills a cone; seen from the axis, that is a sector of a ring, and every model is a monotone
        function of the angle from the axis but for a bounded rest (`places`).

        Args:
            middles, radii: (..., 3) and (...), metres, camera frame.

        Returns:
            (..., 4) left, top, right, bottom, pixels; nan for a ball that the lens does not see.
        """
        away, aside = np.linalg.norm(middles, axis=-1), np.hypot(middles[..., 0], middles[..., 1])
        angle = np.arctan2(aside, middles[..., 2])
        half = np.where(away > radii, np.arcsin(np.minimum(radii / np.maximum(away, TINY), 1)), math.pi)
        half = half + TINY
        nearest, farthest = np.maximum(angle - half, 0), np.minimum(angle + half, self.valid_angle)
        beside = (half < angle) & (half < math.pi - angle)
        share = np.sin(half) / np.maximum(np.sin(angle), TINY)
        turn = np.where(beside, np.arcsin(np.minimum(share, 1)), math.pi)[..., None] + TINY
        inner, outer, aslant = (
            np.nan_to_num(length, nan=HUGE).clip(0, HUGE)[..., None]
            for length in (self.places(np.minimum(nearest, farthest))[0], *self.places(farthest))
        )
        # The sector lies within the corners of a polygon about its arc and the ends of its inner side.
        arc = np.linspace(-1, 1, ARC)
        azimuth = np.arctan2(middles[..., 1], middles[..., 0])[..., None] + turn * np.append(arc, (-1, 1))
        length = np.concatenate(
            [np.broadcast_to(outer / np.cos(turn / (ARC - 1)), azimuth[..., 2:].shape), inner, inner], -1
        )
        corners = self.to_pixels(length[..., None] * np.stack([np.cos(azimuth), np.sin(azimuth)], -1))
        slack = aslant * (self.fx + abs(self.skew), self.fy)
        window = np.concatenate([corners.min(-2) - slack, corners.max(-2) + slack], -1)
        return np.where((nearest <= self.valid_angle)[..., None], window, np.nan)


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
