"""Small pieces of all surfaces, as rays from the places of a grid find them: what light passes on from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simdata.raycast import RayScene

RAYS = 192  # from each place
SIDE = 0.3  # m of a patch, about
EACH = 12  # places of a patch that are lit
INSIDE = 0.35  # of its rays meet surfaces from behind: a place within something


@dataclass(frozen=True, eq=False)
class Patches:
    """What rays from some places meet.

    Attributes:
        met: (P, RAYS) int, the patch that each ray meets; the number of patches where it meets none.
        inside: (P,) bool, which places are within something.
        places, normals, albedos: (S, 3) means over each patch; world frame, metres; linear.
        points, facing: (n, 3) places that stand for their patches, and the normals there.
        of: (n,) rising, the patch of each; none is without.
    """

    met: np.ndarray
    inside: np.ndarray
    places: np.ndarray
    normals: np.ndarray
    albedos: np.ndarray
    points: np.ndarray
    facing: np.ndarray
    of: np.ndarray


def patches(rays: RayScene, t: float, places: np.ndarray, albedos: np.ndarray) -> Patches:
    """Look around from places (P, 3) metres, world frame, at an instant, seconds.

    albedos: (N, 3) of the scene's nodes, linear.
    """
    hits = rays.cast(places[:, None], ways(), t)
    inside = hits.from_behind.mean(-1) > INSIDE
    seen = (hits.node_ids > 0) & ~inside[:, None]
    # Ray by ray, so that the first of a patch's points come from many places.
    ray, place = np.nonzero(seen.T)
    points = places[place] + hits.distance[place, ray, None] * ways()[ray]
    facing = np.where(hits.from_behind[place, ray, None], -1, 1) * hits.normals[place, ray]
    _, of, counts = np.unique(_keys(points, facing), return_inverse=True, return_counts=True)
    met = np.full(seen.shape, len(counts))
    met[place, ray] = of
    order = np.argsort(of, kind="stable")
    points, facing, starts = points[order], facing[order], np.cumsum(counts) - counts
    normals = means(facing, starts)
    chosen = np.arange(len(order)) - np.repeat(starts, counts) < EACH
    return Patches(
        met,
        inside,
        means(points, starts),
        normals / np.linalg.norm(normals, axis=-1, keepdims=True),
        means(albedos[hits.node_ids[place, ray][order] - 1], starts),
        points[chosen],
        facing[chosen],
        of[order][chosen],
    )


@lru_cache(maxsize=1)
def ways() -> np.ndarray:
    """Return directions that are spread evenly, (RAYS, 3) unit.

    Source: Keinert et al., "Spherical Fibonacci Mapping" (2015).
    """
    k = np.arange(RAYS)
    up = 1 - (2 * k + 1) / RAYS
    turn = k * np.pi * (np.sqrt(5) - 1)
    return np.stack([np.sqrt(1 - up**2) * np.cos(turn), np.sqrt(1 - up**2) * np.sin(turn), up], -1)


def means(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Return the means of runs of rows (n, d) that begin at `starts`, rising."""
    if not len(values):
        return np.zeros((0, values.shape[-1]))
    counts = np.diff(np.append(starts, len(values)))
    return np.add.reduceat(values, starts) / counts[:, None]


def _keys(points: np.ndarray, facing: np.ndarray) -> np.ndarray:
    """Return a number for each point, the same for those of one patch: near, and facing the same way."""
    cell = np.floor(points / SIDE).astype(np.int64)
    cell -= cell.min(0, initial=0)
    axis = np.abs(facing).argmax(-1)
    side = 2 * axis + (np.take_along_axis(facing, axis[:, None], 1)[:, 0] > 0)
    size = cell.max(0, initial=0) + 1
    return ((cell[:, 0] * size[1] + cell[:, 1]) * size[2] + cell[:, 2]) * 6 + side
