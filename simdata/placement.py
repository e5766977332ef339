"""Where things can be put down: free places on a level surface."""

from __future__ import annotations

import math

import numpy as np

from simdata.errors import PlacementRejected
from simdata.scope import Scope


class Surface:
    """A level rectangle about the z axis, and what is taken of it: rounded boxes with a height."""

    # Tries on the lowest free level before an object is dropped onto others instead.
    TRIES = 24

    def __init__(self, length: float, width: float, height: float) -> None:
        self.length, self.width, self.height = length, width, height
        self._taken: list[tuple[np.ndarray, float, float]] = []  # (2, 2) corners, radius about them, top

    def cover(self, box: np.ndarray) -> None:
        """Take what stands there already, its box (2, 3) metres."""
        self._taken.append((box[:, :2], 0.0, float(box[1, 2])))

    def place(
        self, scope: Scope, corners: np.ndarray, clearance: float, spread: float
    ) -> tuple[float, float, float]:
        """Find where a turned shape, corners (n, 3) metres about its origin, is let go; lowest try wins.

        Raises:
            PlacementRejected: the shape is wider than the surface.
        """
        radius = float(np.hypot(corners[:, 0], corners[:, 1]).max())
        half = np.array([self.length, self.width]) / 2 * spread - radius * 0.6
        if (half <= 0).any():
            raise PlacementRejected(
                f"an object of radius {radius:.2f} m finds no place on a surface of {self.length:.2f} x "
                f"{self.width:.2f} m; make it larger, spread wider, or the object smaller"
            )
        generator = scope.stream.child("place").generator()
        spots = generator.uniform(-half, half, (self.TRIES, 2))
        levels = [self._level(x, y, radius) for x, y in spots]
        best = int(np.argmin(levels))
        x, y, level = float(spots[best, 0]), float(spots[best, 1]), levels[best]
        bottom = level + clearance
        spot = np.array([[x, y], [x, y]])
        self._taken.append((spot, radius, bottom + float(np.ptp(corners[:, 2]))))
        return x, y, bottom - float(corners[:, 2].min())

    def _level(self, x: float, y: float, radius: float) -> float:
        """Return the height above which a disc is free: the table's, or the tops of what it overlaps."""
        at = np.array([x, y])
        tops = [top for box, other, top in self._taken if _away(box, at) < radius + other]
        return max([self.height, *tops])


def _away(box: np.ndarray, at: np.ndarray) -> float:
    """Return how far a point lies outside a rectangle, (2, 2) corners; 0 inside."""
    return math.hypot(*np.maximum(np.maximum(box[0] - at, at - box[1]), 0.0))
