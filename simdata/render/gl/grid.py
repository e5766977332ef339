"""Where the light in a scene is known: columns of places in rows, at the same heights everywhere.

What most objects stand on, a table or the ground, lies between two of the heights, so that none of the light
above it is taken for light below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simdata.render.caster import Casters

SPACING = 0.5  # m, about
MOST = (12, 12, 6)  # places along x, y and z; the last above and below what objects stand on, each
REACH = 4.0  # m about what casts shadows to walls; the light beyond is that of the nearest place
MARGIN = 0.5  # m, where there is no wall
NEAR = 0.2  # m from the lowest and the highest place to what is below and above them
SLAB = 0.06, 0.01  # m below what objects stand on: the light changes from the one height's to the other's
OFF = 0.06  # m above or below a surface, where its light is read
LOW = 0.3  # m; what objects stand on has light of its own below if it is higher up


@dataclass(frozen=True, eq=False)
class Grid:
    """Places in columns.

    Attributes:
        first: (2,) x and y of the first column, metres, world frame.
        step: (2,) metres from one to the next.
        counts: how many along x and y.
        under, over: heights of those below and above what objects stand on, metres; `under` may be empty.
        stand: what objects stand on, metres.
    """

    first: np.ndarray
    step: np.ndarray
    counts: tuple[int, int]
    under: np.ndarray
    over: np.ndarray
    stand: float

    @property
    def shape(self) -> tuple[int, int, int]:
        """How many places there are: heights, rows along y, columns along x."""
        return len(self.under) + len(self.over), self.counts[1], self.counts[0]

    @property
    def places(self) -> np.ndarray:
        """All places, (heights, rows, columns, 3) metres, world frame."""
        x, y = (self.first[k] + self.step[k] * np.arange(self.counts[k]) for k in (0, 1))
        z, y, x = np.meshgrid(np.concatenate([self.under, self.over]), y, x, indexing="ij")
        return np.stack([x, y, z], -1)

    @property
    def ramps(self) -> np.ndarray:
        """How the number of a height rises with z, (3, 3): each from where, how fast (1 / m), how far."""
        under, over = self.under, self.over
        start, end = self.stand - SLAB[0], self.stand - SLAB[1]
        told = [_ramp(under), (start, 1 / (end - start), float(len(under) > 0)), _ramp(over)]
        return np.array(told)

    @property
    def off(self) -> np.ndarray:
        """How far off a surface its light is read, by its normal, (3,) metres: on its own side of it."""
        return np.array([*self.step / 2, OFF])

    def shares(self, points: np.ndarray, normals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the eight places whose light surfaces read, by number, and how much of each: (n, 8).

        points, normals: (n, 3) of the surfaces; metres, world frame; unit, or zero for points in the air.
        """
        points = points + self.off * normals
        start, rate, most = self.ramps.T
        level = np.clip((points[:, 2:] - start) * rate, 0, most).sum(-1)
        across = (points[:, :2] - self.first) / self.step
        where = np.concatenate([level[:, None], across[:, ::-1]], -1)
        where = np.clip(where, 0, np.array(self.shape) - 1)
        low = np.minimum(where.astype(int), np.maximum(np.array(self.shape) - 2, 0))
        corner = np.indices((2, 2, 2)).reshape(3, 8).T
        share = np.where(corner, (where - low)[:, None], 1 - (where - low)[:, None]).prod(-1)
        numbers = np.minimum(low[:, None] + corner, np.array(self.shape) - 1)
        return np.ravel_multi_index(tuple(np.moveaxis(numbers, -1, 0)), self.shape), share


# One place, for a scene of nothing.
NOWHERE = Grid(np.zeros(2), np.ones(2), (1, 1), np.zeros(0), np.zeros(1), 0.0)


def grid_about(cast: Casters, corners: np.ndarray, objects: np.ndarray) -> Grid:
    """Spread places over a room, or over the things that stand in the open.

    Args:
        cast: what casts shadows, and the room.
        corners: (N, 8, 3) of the boxes of all nodes, metres, world frame.
        objects: (N,) which of them are objects; where none is, all are.
    """
    things = corners[sorted(cast.nodes)].reshape(-1, 3)
    low, high = things.min(0), things.max(0)
    walls = cast.room[0, :2] < low[:2], cast.room[1, :2] > high[:2]
    first = np.where(walls[0], np.maximum(cast.room[0, :2], low[:2] - REACH), low[:2] - MARGIN)
    last = np.where(walls[1], np.minimum(cast.room[1, :2], high[:2] + REACH), high[:2] + MARGIN)
    counts = np.clip(np.rint((last - first) / SPACING), 2, MOST[:2])
    step = (last - first) / counts
    bottoms = corners[objects if objects.any() else slice(None)][..., 2].min(-1)
    stand = float(np.quantile(bottoms, 0.25))
    top = float(cast.room[1, 2]) if cast.room[1, 2] > high[2] else float(high[2]) + MARGIN
    bottom = max(min(float(low[2]), float(cast.room[0, 2])), float(low[2]) - REACH)
    under = _heights(bottom, stand) if stand - bottom > LOW else np.zeros(0)
    across = (int(counts[0]), int(counts[1]))
    return Grid(first + step / 2, step, across, under, _heights(stand, top), stand)


def _heights(low: float, high: float) -> np.ndarray:
    count = int(np.clip(np.rint((high - low) / SPACING), 1, MOST[2]))
    near = min(NEAR, (high - low) / 3)
    return np.linspace(low + near, high - near, count) if count > 1 else np.array([(low + high) / 2])


def _ramp(heights: np.ndarray) -> tuple[float, float, float]:
    if len(heights) < 2:
        return 0.0, 0.0, 0.0
    return float(heights[0]), float(1 / (heights[1] - heights[0])), float(len(heights) - 1)
