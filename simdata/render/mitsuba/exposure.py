"""Which rays make a picture: where in each pixel, when in the exposure, from where on the aperture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from simdata.camera import Camera, pixel_centers


@dataclass(frozen=True, eq=False)
class Rays:
    """Any rays.

    Attributes:
        origins, directions: (n, 3) metres, world frame; directions are unit, nan for no ray.
        near, far: (n,) metres along them between which things are seen.
    """

    origins: np.ndarray
    directions: np.ndarray
    near: np.ndarray
    far: np.ndarray

    def part(self, chosen: np.ndarray) -> Rays:
        """Return some of the rays."""
        return Rays(self.origins[chosen], self.directions[chosen], self.near[chosen], self.far[chosen])


def joined(parts: Sequence[Rays]) -> Rays:
    """Return many rays as one."""
    arrays = zip(*((one.origins, one.directions, one.near, one.far) for one in parts), strict=True)
    return Rays(*(np.concatenate(array) for array in arrays))


def exposed(camera: Camera, t: float, samples: int) -> Iterator[Rays]:
    """Yield the rays of a picture: of each of its samples those of all pixels, row by row.

    Pixels share the places of their samples; what is random is how paths go on from there.
    """
    for right, down, moment, area, turn in spread(samples, 5):
        delay = camera.shutter.exposure * moment if camera.motion.moves else 0.0
        poses = camera.world_from_camera((camera.row_times(t)[:, None] if camera.rolls else t) + delay)
        rays = camera.lens.rays(pixel_centers(camera) + (right, down))
        eye = np.zeros(3)
        if camera.aperture is not None:
            reach, angle = camera.aperture.diameter / 2 * math.sqrt(area + 0.5), math.tau * turn
            eye[:2] = reach * math.cos(angle), reach * math.sin(angle)
            rays = rays - eye / camera.aperture.focus
        length = np.linalg.norm(rays, axis=-1)
        ways = np.einsum("...ij,...j->...i", poses[..., :3, :3], rays / length[..., None])
        origins = np.broadcast_to(poses[..., :3, 3] + poses[..., :3, :3] @ eye, ways.shape)
        limits = (limit * length.ravel() for limit in (camera.near, camera.far))
        yield Rays(origins.reshape(-1, 3), ways.reshape(-1, 3), *limits)


def spread(count: int, dimensions: int) -> np.ndarray:
    """Return points spread evenly over a cube of side 1 about its middle, 0: (count, dimensions).

    One point is in the middle; the mean of many is, too, but for what reaches over the side.

    Source: Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences" (2018).
    """
    golden = 2.0
    for _ in range(64):  # the root of x^(d + 1) = x + 1
        golden = (1 + golden) ** (1 / (dimensions + 1))
    steps = golden ** -np.arange(1.0, dimensions + 1)
    points = (np.arange(count)[:, None] * steps + 0.5) % 1
    return np.clip(points - points.mean(0), -0.5, 0.5)
