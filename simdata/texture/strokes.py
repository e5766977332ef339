"""Strokes drawn across the seams of a tile: scratches, fibres, blades."""

from __future__ import annotations

import cv2
import numpy as np

SHIFTS = [(x, y) for x in (-1, 0, 1) for y in (-1, 0, 1)]


def strokes(
    generator: np.random.Generator,
    size: int,
    count: int,
    lengths: tuple[float, float],
    angle: float = 0.0,
    spread: float = np.pi,
    bend: float = 0.2,
) -> np.ndarray:
    """Draw thin curved lines, (size, size) float32 in [0, 1], a texel wide, some faint and some strong.

    Args:
        generator: where its numbers come from.
        size: texels a side.
        count: how many.
        lengths: of the shortest and the longest, tile sides; most are short.
        angle: of the middle one, rad from u.
        spread: standard deviation of the angles, rad.
        bend: standard deviation of how far a line turns over its length, rad.
    """
    length = lengths[0] * (lengths[1] / lengths[0]) ** generator.uniform(0, 1, count)
    start = angle + generator.normal(0, spread, count)
    turn = generator.normal(0, bend, count)
    steps = np.linspace(-0.5, 0.5, 6)
    way = (start[:, None] + turn[:, None] * steps)[..., None]
    step = np.concatenate([np.cos(way), np.sin(way)], -1) * length[:, None, None] / 5
    points = generator.uniform(0, 1, (count, 1, 2)) + np.cumsum(step, 1)
    strength = np.sort(generator.integers(60, 256, count) // 30 * 30 + 15)  # strong ones on top
    canvas = np.zeros((2 * size, 2 * size), np.uint8)
    for shade in np.unique(strength):
        lines = points[strength == shade]
        for shift in SHIFTS:
            drawn = np.rint((lines + shift) * 2 * size * 16).astype(np.int32)
            cv2.polylines(canvas, list(drawn), False, int(min(shade, 255)), 1, cv2.LINE_AA, 4)
    small = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return np.minimum(small.astype(np.float32) / 160, 1)
