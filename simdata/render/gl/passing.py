"""Light that surfaces pass on from one to another, known at the places of a grid.

Rays from every place find patches of surfaces; lights shine on those, and what the patches pass on lights the
grid, and by it the patches again, round by round.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simdata.render.gl.grid import Grid
from simdata.render.gl.panorama import basis
from simdata.render.gl.patch import Patches, means, ways
from simdata.sky import areas, directions

KEPT = np.repeat([1.0, 2 / 3, 1 / 4], [1, 3, 5])  # of each coefficient by a cosine lobe; see `harmonics`
ROUNDS = 5
NEIGHBOURS = 4  # that stand in for a place within something


def passed_on(grid: Grid, seen: Patches, reading: np.ndarray, sky: np.ndarray) -> np.ndarray:
    """Return what white diffuse surfaces at the places read of all but the lights.

    Args:
        grid: the places.
        seen: from them.
        reading: (n, 3) what lights send to the points of the patches.
        sky: (ROWS, 2 ROWS, 3) light of the sky; a ray that meets nothing brings all that is nearest to it, so
            that an open place has it without noise, and a closed one none.

    Returns:
        (*grid.shape, 9, 3) coefficients of `panorama.basis`.
    """
    direct = means(reading, np.flatnonzero(np.diff(seen.of, prepend=-1)))
    gather = (KEPT * basis(ways())).T * (4 * np.pi / len(ways()))
    numbers, shares = grid.shares(seen.places, seen.normals)
    lobes, fill, nothing = basis(seen.normals), _fill(grid, seen.inside), np.zeros((1, 3))
    light, field = direct * seen.albedos, np.zeros((len(seen.met), 9, 3))
    part = np.einsum("pr,rkc->pkc", (seen.met == len(direct)).astype(float), _by_ray(sky))
    for _ in range(ROUNDS):
        before = light.sum(0)
        part = _filled(part + gather @ np.append(light, nothing, 0)[seen.met], fill)
        field += part
        arrives = np.einsum("se,sk,sekc->sc", shares, lobes, part[numbers])
        light, last, part = np.maximum(arrives, 0) * seen.albedos, part, 0.0
    # What all further rounds would add: each the same share of the one before.
    share = np.minimum(light.sum(0) / np.maximum(before, 1e-9), 0.95)
    field += last * share / (1 - share)
    return field.reshape(*grid.shape, 9, 3)


def _by_ray(sky: np.ndarray) -> np.ndarray:
    """Return what each ray brings of a sky where it meets nothing, (RAYS, 9, 3); its sum is `harmonics`."""
    height = len(sky)
    weighted = KEPT * basis(directions(height)) * areas(height)[..., None]
    found = np.zeros((len(ways()), 9, 3))
    np.add.at(found, _nearest(height), weighted[..., None] * sky[..., None, :])
    return found


@lru_cache(maxsize=1)
def _nearest(height: int) -> np.ndarray:
    """Return the ray that is nearest to each pixel of a sky, (height, 2 height)."""
    return (directions(height) @ ways().T).argmax(-1)


def _fill(grid: Grid, inside: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return which places are within something, the nearest others of each, and their shares."""
    places, within, others = grid.places.reshape(-1, 3), np.flatnonzero(inside), np.flatnonzero(~inside)
    apart = np.linalg.norm(places[within, None] - places[others], axis=-1)
    nearest = np.argsort(apart, axis=-1, kind="stable")[:, :NEIGHBOURS]
    share = 1 / np.take_along_axis(apart, nearest, 1) ** 2
    return within, others[nearest], share / share.sum(-1, keepdims=True)


def _filled(field: np.ndarray, fill: tuple[np.ndarray, np.ndarray, np.ndarray]) -> np.ndarray:
    within, nearest, share = fill
    field[within] = np.einsum("in,inkc->ikc", share, field[nearest])
    return field
