"""What furniture is made of: boards and slabs, fronts with gaps, walls with holes. Metres, z up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simdata.assets.piece import cuboid
from simdata.assets.solid import Array, grid_faces
from simdata.mesh import Mesh, Part, crease

Corners = tuple[ArrayLike, ArrayLike]

# Where on its texture a board begins, per metre of where it stands: no two boards of one tree.
SHIFT = np.array([[0.37, 0.83, 0.19], [0.61, 0.29, 0.97], [0.53, 0.71, 0.41]])


def boards(corners: Iterable[Corners], bevel: float = 0.0) -> Part:
    """Return upright boxes, each between two corners (3,) m, with edges rounded by `bevel` m.

    Texture coordinates are in metres; their u runs along the longest side of each.
    """
    ends = np.array([[np.asarray(low), np.asarray(high)] for low, high in corners], dtype=np.float64)
    half, middle = np.diff(ends, axis=1) / 2.0, ends.mean(axis=1, keepdims=True)
    radius = np.minimum(bevel, 0.4 * half.min(axis=2, keepdims=True))
    side, arm, axes = _box_grid((-1.0, 0.0, 0.0, 1.0) if bevel else (0.0, 0.0))
    normals = arm / np.linalg.norm(arm, axis=1, keepdims=True)
    points = middle + side * (half - radius) + radius * normals
    flat = side * (half - radius) + radius * arm + half + middle @ SHIFT
    u, v = axes.T
    swap = v == half[:, 0].argmax(axis=1)[:, None]
    rows, columns = np.arange(len(ends))[:, None], np.arange(len(side))
    uvs = np.stack([flat[rows, columns, np.where(swap, v, u)], flat[rows, columns, np.where(swap, u, v)]], 2)
    lines = 4 if bevel else 2
    starts = lines**2 * np.arange(6 * len(ends))[:, None, None]
    faces = (grid_faces(lines, lines) + starts).reshape(-1, 3)
    mesh = Mesh(points.reshape(-1, 3), faces, np.tile(normals, (len(ends), 1)), uvs.reshape(-1, 2))
    return Part(mesh, tuple(cuboid(low, high) for low, high in ends))


def mirrored(low: ArrayLike, high: ArrayLike) -> list[Corners]:
    """Return a box and its mirror image across x = 0."""
    (x0, y0, z0), (x1, y1, z1) = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    return [((x0, y0, z0), (x1, y1, z1)), ((-x1, y0, z0), (-x0, y1, z1))]


def fronts(low: ArrayLike, high: ArrayLike, columns: int, rows: int, gap: float = 0.003) -> list[Corners]:
    """Return doors or drawers that fill a rectangle of x and z with gaps; low and high say their y, too."""
    (x0, y0, z0), (x1, y1, z1) = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    xs, zs = np.linspace(x0, x1, columns + 1), np.linspace(z0, z1, rows + 1)
    return [
        ((xs[i] + gap / 2, y0, zs[j] + gap / 2), (xs[i + 1] - gap / 2, y1, zs[j + 1] - gap / 2))
        for i in range(columns)
        for j in range(rows)
    ]


def handles(doors: Sequence[Corners], upright: bool, length: float = 0.12) -> list[Corners]:
    """Return a bar handle before each door (upright, beside its edge) or drawer (level, near its top)."""
    bars = []
    for number, (low, high) in enumerate(doors):
        (x0, y, z0), (x1, _, z1) = np.asarray(low), np.asarray(high)
        reach = min(length, 0.5 * (x1 - x0), 0.5 * (z1 - z0)) / 2.0 if upright else min(length, x1 - x0) / 2.0
        if upright:
            x, z = (x1 - 0.04 if number % 2 == 0 else x0 + 0.04), z1 - 0.05 - reach
            half = (0.006, reach)
        else:
            x, z = (x0 + x1) / 2.0, z1 - min(0.04, 0.4 * (z1 - z0))
            half = (reach, 0.006)
        bars.append(((x - half[0], y - 0.028, z - half[1]), (x + half[0], y - 0.016, z + half[1])))
        feet = [(0.0, s * 0.8 * reach) if upright else (s * 0.8 * reach, 0.0) for s in (-1, 1)]
        bars += [
            ((x + a - 0.004, y - 0.017, z + b - 0.004), (x + a + 0.004, y + 0.001, z + b + 0.004))
            for a, b in feet
        ]
    return bars


def pierced(length: float, depth: float, height: float, holes: Sequence[Array]) -> Part:
    """Return a wall of x 0 to length, y 0 to depth, z 0 to height with rectangular holes (x0, z0, x1, z1), m.

    Holes lie apart from each other. Texture coordinates are in metres.
    """
    xs = np.unique([0.0, length, *(x for hole in holes for x in (hole[0], hole[2]))])
    zs = np.unique([0.0, height, *(z for hole in holes for z in (hole[1], hole[3]))])
    solid = np.zeros((len(xs) + 1, len(zs) + 1), bool)  # with a rim of air all around
    solid[1:-1, 1:-1] = True
    for x0, z0, x1, z1 in holes:
        i, j = np.searchsorted(xs, (x0, x1)), np.searchsorted(zs, (z0, z1))
        solid[i[0] + 1 : i[1] + 1, j[0] + 1 : j[1] + 1] = False
    quads = []
    for i, j in np.argwhere(solid):
        low, high = np.array([xs[i - 1], 0.0, zs[j - 1]]), np.array([xs[i], depth, zs[j]])
        open_sides = [(1, -1), (1, 1)]
        open_sides += [(0, s) for s in (-1, 1) if not solid[i + s, j]]
        open_sides += [(2, s) for s in (-1, 1) if not solid[i, j + s]]
        quads += [_side(low, high, axis, sign) for axis, sign in open_sides]
    points = np.concatenate(quads)
    faces = np.arange(0, len(points), 4)[:, None, None] + np.array([[0, 1, 2], [0, 2, 3]])
    uvs = np.concatenate([quad[:, _plane(quad)] for quad in quads])
    return Part(crease(points, faces.reshape(-1, 3), uvs), tuple(_around(length, depth, height, holes)))


@lru_cache(maxsize=2)
def _box_grid(steps: tuple[float, ...]) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return the vertices of a box, side by side: sign of each coordinate, way out (n,3), axes of u and v.

    `steps` are the lines of a side's grid: -1 and 1 where its edges end, 0 where rounding begins.
    """
    lines = np.array(steps)
    sign = np.repeat([-1.0, 1.0], len(lines) // 2)
    sides, arms, axes = [], [], []
    for axis in range(3):
        for out in (-1.0, 1.0):
            i, j = ((axis + 1) % 3, (axis + 2) % 3)[:: int(out)]
            side, arm = np.full((len(lines) ** 2, 3), out), np.full((len(lines) ** 2, 3), out)
            side[:, i], side[:, j] = np.tile(sign, len(lines)), np.repeat(sign, len(lines))
            arm[:, i], arm[:, j] = np.tile(lines, len(lines)), np.repeat(lines, len(lines))
            sides.append(side)
            arms.append(arm)
            axes.append(np.tile([i, j], (len(arm), 1)))
    return np.concatenate(sides), np.concatenate(arms), np.concatenate(axes)


def _side(low: Array, high: Array, axis: int, sign: int) -> Array:
    """Return the corners (4,3) of one side of a box, counter-clockwise from outside."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    quad = np.tile(high if sign > 0 else low, (4, 1))
    turn = [(0, 0), (1, 0), (1, 1), (0, 1)]
    ends = np.stack([low, high])
    for row, (a, b) in enumerate(turn if sign > 0 else turn[::-1]):
        quad[row, i], quad[row, j] = ends[a, i], ends[b, j]
    return quad


def _plane(quad: Array) -> list[int]:
    """Return the two axes that a level or upright quad runs along, x before y before z."""
    return sorted(np.argsort(np.ptp(quad, axis=0))[1:].tolist())


def _around(length: float, depth: float, height: float, holes: Sequence[Array]) -> list[Array]:
    """Return the convex pieces of a wall: a pier between holes, and what is below and above each."""
    holes = sorted(holes, key=lambda hole: hole[0])
    begins, ends = [0.0, *(hole[2] for hole in holes)], [*(hole[0] for hole in holes), length]
    pieces = [cuboid((a, 0.0, 0.0), (b, depth, height)) for a, b in zip(begins, ends, strict=True) if b > a]
    for x0, z0, x1, z1 in holes:
        pieces += [cuboid((x0, 0.0, a), (x1, depth, b)) for a, b in ((0.0, z0), (z1, height)) if b > a]
    return pieces
