"""When and from where a camera collects light: the moments of an exposure, the aperture, a shutter's rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from simdata.camera import Camera

MOST_SHOTS = 64
# A pixel that a thing moves takes this many shots: one every pixel leaves no visible copies.
SHOTS_A_PIXEL = 1.0
# Rows that see within this of one another are drawn together: they are off by a quarter of it on average.
BAND_PIXELS = 0.8


@dataclass(frozen=True)
class Shot:
    """One of the sharp pictures whose mean is an exposure.

    Attributes:
        delay: seconds from the middle of the exposure.
        eye: where on the aperture, metres, camera x and y.
    """

    delay: float = 0.0
    eye: tuple[float, float] = (0.0, 0.0)


def shots(camera: Camera, nearest: float, farthest: float) -> list[Shot]:
    """Return as many sharp pictures as the blur needs; one where there is none.

    Args:
        camera: who looks.
        nearest, farthest: metres to what it sees.
    """
    crossed = apparent_motion(camera, nearest) * camera.shutter.exposure
    aperture = camera.aperture
    blurred = 0.0
    if aperture is not None:
        out_of_focus = max(abs(1 / max(d, camera.near) - 1 / aperture.focus) for d in (nearest, farthest))
        blurred = camera.lens.fx * aperture.diameter * out_of_focus
    # A disk fills with the square of its width, but neighbouring shots overlap by half.
    count = min(math.ceil(SHOTS_A_PIXEL * max(crossed, blurred**2 / 4)), MOST_SHOTS)
    return _spread(camera, count) if count > 1 else [Shot()]


def bands(camera: Camera, nearest: float) -> list[tuple[int, int]]:
    """Return the rows, (first, end), that one picture may serve: all, but for a rolling shutter."""
    if not camera.rolls:
        return [(0, camera.height)]
    crossed = apparent_motion(camera, nearest) * camera.shutter.readout
    count = min(max(math.ceil(crossed / BAND_PIXELS), 1), camera.height)
    ends = np.linspace(0, camera.height, count + 1).round().astype(int).tolist()
    return [(first, end) for first, end in pairwise(ends) if first < end]


def apparent_motion(camera: Camera, nearest: float) -> float:
    """Return how fast, pixels a second, what is seen may move, about: it turns, and the nearest passes by."""
    motion = camera.motion
    pivot = np.zeros(3) if motion.pivot is None else np.array(motion.pivot) - camera.pose.position
    turning = float(np.linalg.norm(motion.angular_velocity))
    going = float(np.linalg.norm(motion.velocity)) + turning * float(np.linalg.norm(pivot))
    return max(camera.lens.fx, camera.lens.fy) * (turning + going / max(nearest, camera.near))


def _spread(camera: Camera, count: int) -> list[Shot]:
    """Spread shots evenly over time and aperture, about the middle of both.

    Source: the disk is Vogel's (1979), taken by bit-reversed numbers so that no moment owns a side of it.
    """
    number = np.arange(count)
    delays = camera.shutter.exposure * camera.motion.moves * ((number + 0.5) / count - 0.5)
    place = np.array(sorted(range(count), key=lambda k: f"{k:07b}"[::-1]))
    reach = (camera.aperture.diameter / 2 if camera.aperture else 0.0) * np.sqrt((place + 0.5) / count)
    angle = place * 2.39996323
    eyes = np.stack([reach * np.cos(angle), reach * np.sin(angle)], -1)
    eyes -= eyes.mean(0)
    return [Shot(delay, tuple(eye)) for delay, eye in zip(delays.tolist(), eyes.tolist(), strict=True)]
