"""Which rays make a picture: where in each pixel, when in the exposure, from where on the aperture."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from simdata.camera import Camera, pixel_centers


@dataclass(frozen=True, eq=False)
class Rays:
    """The rays of some pixels, so many each, one pixel after another.

    Attributes:
        origins, directions: (pixels, samples, 3) metres, world frame; directions are unit, nan for no ray.
        near, far: (pixels, samples) metres along them between which things are seen.
    """

    origins: np.ndarray
    directions: np.ndarray
    near: np.ndarray
    far: np.ndarray


def exposed(camera: Camera, t: float, samples: int, rows: slice) -> Rays:
    """Return the rays of some rows of a picture.

    All pixels share the places of their samples; what is random is how paths go on from there.

    Args:
        camera, t: who looks, and when, seconds.
        samples: a pixel.
        rows: which.
    """
    right, down, moment, area, turn = spread(samples, 5).T
    times = t + camera.shutter.exposure * moment if camera.motion.moves else np.array([t])
    if camera.rolls:
        times = times + (camera.row_times(t)[rows, None, None] - t)
    poses = camera.world_from_camera(times)
    rays = camera.lens.rays(pixel_centers(camera)[rows, :, None] + np.stack([right, down], -1))
    eyes = np.zeros((samples, 3))
    if camera.aperture is not None:
        reach, angle = camera.aperture.diameter / 2 * np.sqrt(area + 0.5), math.tau * turn
        eyes[:, :2] = (reach * (np.cos(angle), np.sin(angle))).T
        rays = rays - eyes / camera.aperture.focus
    length = np.linalg.norm(rays, axis=-1)
    turns, places = poses[..., :3, :3], poses[..., :3, 3]
    ways = np.einsum("...ij,...j->...i", turns, rays / length[..., None])
    origins = np.broadcast_to(places + np.einsum("...ij,...j->...i", turns, eyes), ways.shape)
    shape = -1, samples
    limits = (limit * length.reshape(shape) for limit in (camera.near, camera.far))
    return Rays(origins.reshape(*shape, 3), ways.reshape(*shape, 3), *limits)


def spread(count: int, dimensions: int) -> np.ndarray:
    """Return points spread evenly over a cube of side 1 about 0, (count, dimensions); a single one is 0.

    Source: Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences" (2018).
    """
    golden = 2.0
    for _ in range(64):  # the root of x^(d + 1) = x + 1
        golden = (1 + golden) ** (1 / (dimensions + 1))
    steps = golden ** -np.arange(1.0, dimensions + 1)
    points = (np.arange(count)[:, None] * steps + 0.5) % 1
    return np.clip(points - points.mean(0), -0.5, 0.5)
