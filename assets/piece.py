"""Convex pieces of round things, few and with few points, for collisions. Metres."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]


def hull(section: ArrayLike, sides: int = 12) -> Array:
    """Return the points (n,3) of one convex piece: a section (k,2) of (radius, z) m turned about the z axis.

    The polygon of `sides` is drawn half inside, half outside the circle, so the error is split.
    """
    rows = np.asarray(section, dtype=np.float64)
    turn = 2.0 * np.pi * np.arange(sides) / sides
    swell = 2.0 / (1.0 + np.cos(np.pi / sides))
    points = [
        np.column_stack([swell * r * np.cos(turn), swell * r * np.sin(turn), np.full(sides, z)])
        if r > 1e-6
        else np.array([[0.0, 0.0, z]])
        for r, z in rows
    ]
    return np.concatenate(points)


def wedges(inner: ArrayLike, outer: ArrayLike, count: int = 8) -> list[Array]:
    """Return `count` convex pieces that make a round wall.

    inner (a,2), outer (b,2): (radius, z) m of the two sides of the wall's section. Each piece has its inner
    points on
    two rays and its outer points on three; both sides split the error of a chord against its arc.
    """
    within, without = np.asarray(inner, dtype=np.float64), np.asarray(outer, dtype=np.float64)
    half = np.pi / count
    widen = 2.0 / (1.0 + np.cos(half))
    swell = 2.0 / (1.0 + np.cos(half / 2.0))
    pieces = []
    for k in range(count):
        middle = 2.0 * half * k
        rays = [(middle - half, within * (widen, 1.0)), (middle + half, within * (widen, 1.0))]
        rays += [(middle + step * half, without * (swell, 1.0)) for step in (-1.0, 0.0, 1.0)]
        pieces.append(np.concatenate([_on_ray(turn, rows) for turn, rows in rays]))
    return pieces


def cuboid(low: ArrayLike, high: ArrayLike) -> Array:
    """Return the 8 corners of an upright box between two corners (3,) m."""
    corners = np.stack([np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)])
    pick = np.indices((2, 2, 2)).reshape(3, 8).T
    return corners[pick, np.arange(3)]


def _on_ray(turn: float, rows: Array) -> Array:
    return np.column_stack([rows[:, 0] * np.cos(turn), rows[:, 0] * np.sin(turn), rows[:, 1]])
