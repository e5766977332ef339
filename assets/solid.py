"""Solids that generators build with: closed, shaded, with texture coordinates. Metres, radians, z up.

Texture coordinates are isotropic. Round solids count in their widest girth (u goes once around, v along the
surface), boxes in `tile` metres (by default their longest side).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simdata.errors import AssetError
from simdata.mesh import CREASE, Mesh, crease, merged

Array = NDArray[np.float64]


def loft(rings: ArrayLike, angle: float = CREASE, closed: bool = False) -> Mesh:
    """Return the skin over rings (n,m,3) m, counter-clockwise seen against the direction of travel.

    An end ring that is a point is a pole, another one gets a flat cap (a fan about its mean). `closed`
    joins the
    last ring to the first. Faces that meet at more than `angle` rad are shaded hard.
    """
    stack = np.asarray(rings, dtype=np.float64)
    if closed:
        stack = np.concatenate([stack, stack[:1]])
    else:
        ends = [np.broadcast_to(stack[k].mean(axis=0), (1, *stack.shape[1:])) for k in (0, -1)]
        stack = np.concatenate([*_cap(ends[0], stack[0]), stack, *_cap(ends[1], stack[-1])])
    count, around = stack.shape[:2]
    sides = np.linalg.norm(np.roll(stack, -1, axis=1) - stack, axis=2)
    widest = sides[sides.sum(axis=1).argmax()]
    girth = widest.sum()
    steps = np.linalg.norm(np.diff(stack, axis=0), axis=2).mean(axis=1)
    v = np.concatenate([[0.0], np.cumsum(steps)]) / girth
    u = np.broadcast_to(np.concatenate([[0.0], np.cumsum(widest) / girth]), (count, around + 1)).copy()
    if not closed:  # each triangle at a pole has its own tip: put it in the middle of its base
        u[0] += 0.5 / around
        u[-1] -= 0.5 / around
    uvs = np.stack([u, np.broadcast_to(v[:, None], u.shape)], axis=2).reshape(-1, 2)
    points = np.concatenate([stack, stack[:, :1]], axis=1).reshape(-1, 3)
    return crease(points, grid_faces(count, around + 1), uvs, angle)


def revolve(
    profile: ArrayLike,
    segments: int = 48,
    angle: float = CREASE,
    closed: bool = False,
    lobes: ArrayLike = 1.0,
) -> Mesh:
    """Return the solid of a profile (n,2) of (radius, z) m turned about the z axis.

    Go along the profile with the solid on the left: up the outside, then down the inside if it is hollow.
    It starts and
    ends on the axis, unless `closed` (a ring). `lobes` (segments,) scales the radius around the turn.
    """
    outline = np.asarray(profile, dtype=np.float64)
    if outline[:, 0].min() < -1e-12:
        raise AssetError(f"profile radius must not be negative, got {outline[:, 0].min():.4g} m")
    turn = 2.0 * np.pi * np.arange(segments) / segments
    radius = outline[:, :1] * np.broadcast_to(lobes, segments)
    height = np.broadcast_to(outline[:, 1:], radius.shape)
    return loft(np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=2), angle, closed)


def sweep(
    path: ArrayLike,
    half_sizes: ArrayLike,
    side: ArrayLike = (0.0, 1.0, 0.0),
    segments: int = 16,
    power: float = 2.0,
    tips: tuple[float, float] = (0.0, 0.0),
) -> Mesh:
    """Return a tube along a path (n,3) m in a plane.

    side (3,) is the plane's normal. half_sizes (2,) or (n,2) m: half height in the plane, half width along
    `side`.
    power 2 makes an ellipse, more a rounded rectangle. tips: length in m of the rounding of each end, 0
    cuts it flat.
    """
    spine = np.asarray(path, dtype=np.float64)
    half = np.broadcast_to(np.asarray(half_sizes, dtype=np.float64), (len(spine), 2))
    spine, half = _rounded_ends(spine, half, tips)
    ahead = np.gradient(spine, axis=0)
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    width = np.asarray(side, dtype=np.float64) / np.linalg.norm(side)
    height = np.cross(width, ahead)
    height /= np.linalg.norm(height, axis=1, keepdims=True)
    ring = superellipse(segments, power)
    rings = (
        spine[:, None]
        + half[:, None, :1] * ring[None, :, :1] * height[:, None]
        + half[:, None, 1:] * ring[None, :, 1:] * width
    )
    return loft(rings)


def extrude(
    outline: ArrayLike, height: float, bevel: float = 0.0, steps: int = 3, angle: float = CREASE
) -> Mesh:
    """Return a counter-clockwise outline (n,2) m raised from z=0 to `height` m, edges rounded by `bevel` m.

    Every point of the outline must be seen from its mean (a star shape): the caps are fans.
    """
    flat = np.asarray(outline, dtype=np.float64)
    if not 0.0 <= 2.0 * bevel <= height:
        raise AssetError(f"bevel must lie between 0 and half the height {height:.4g} m, got {bevel:.4g} m")
    arms = flat - flat.mean(axis=0)
    turned = np.roll(arms, -1, axis=0)
    if (arms[:, 0] * turned[:, 1] - arms[:, 1] * turned[:, 0]).min() <= 0:
        raise AssetError(
            "outline must run counter-clockwise and be seen whole from its mean: cut it into parts"
        )
    bend = np.linspace(0.0, np.pi / 2.0, steps + 1) if bevel else np.zeros(1)
    inset, rise = bevel * (1.0 - np.sin(bend)), bevel * (1.0 - np.cos(bend))
    levels = [(d, z) for d, z in zip(inset, rise, strict=True)]
    levels += [(d, height - z) for d, z in reversed(levels)]
    return loft([np.column_stack([shrunk(flat, d), np.full(len(flat), z)]) for d, z in levels], angle)


def box(
    size: ArrayLike,
    bevel: float = 0.0,
    steps: int = 2,
    center: ArrayLike = 0.0,
    tile: float | None = None,
    along: int | None = None,
) -> Mesh:
    """Return a box of size (3,) m with all edges rounded by radius `bevel` m, about `center` (3,) m.

    Texture coordinates are in units of `tile` m, by default the longest side. Their u runs along axis `along`
    on the four sides that hold it, as grain runs along a board.
    """
    half = np.asarray(size, dtype=np.float64) / 2.0
    if not 0.0 <= bevel <= half.min():
        raise AssetError(
            f"bevel must lie between 0 and half the shortest side {half.min():.4g} m, got {bevel:.4g} m"
        )
    scale = 2.0 * half.max() if tile is None else tile
    sides = [(axis, sign) for axis in range(3) for sign in (-1.0, 1.0)]
    faces = [_box_face(half, bevel, steps, axis, sign, scale, along) for axis, sign in sides]
    starts = np.cumsum([0] + [len(face[0]) for face in faces[:-1]])
    points = np.concatenate([face[0] for face in faces]) + np.asarray(center)
    index = np.concatenate([face[1] + start for face, start in zip(faces, starts, strict=True)])
    return crease(points, index, np.concatenate([face[2] for face in faces]))


def uv_sphere(radius: float, segments: int = 48, rings: int = 24) -> Mesh:
    """Return a sphere of `radius` m with poles on the z axis."""
    rise = np.linspace(-np.pi / 2.0, np.pi / 2.0, rings + 1)
    profile = radius * np.column_stack([np.cos(rise), np.sin(rise)])
    profile[[0, -1], 0] = 0.0
    return revolve(profile, segments)


def icosphere_points(divisions: int = 1) -> Array:
    """Return (12, 42, 162, ...; 3) points spread evenly over the unit sphere: a subdivided icosahedron."""
    golden = (1.0 + np.sqrt(5.0)) / 2.0
    ring = [(0.0, a, b * golden) for a in (-1.0, 1.0) for b in (-1.0, 1.0)]
    points = np.array([np.roll(corner, k) for k in range(3) for corner in ring])
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    for _ in range(divisions):
        gaps = np.linalg.norm(points[:, None] - points[None], axis=2)
        a, b = np.nonzero(np.triu((gaps > 0) & (gaps < 1.4 * np.where(gaps > 0, gaps, 9.0).min())))
        middle = points[a] + points[b]
        points = np.concatenate([points, middle / np.linalg.norm(middle, axis=1, keepdims=True)])
    return points


def fillet(points: ArrayLike, radius: ArrayLike, steps: int = 4) -> Array:
    """Return a polyline (n,2) with its inner corners rounded by arcs of `radius` m (one, or one a point).

    An arc is made smaller where the lines beside it are too short for it.
    """
    line = np.asarray(points, dtype=np.float64)
    radii = np.broadcast_to(np.asarray(radius, dtype=np.float64), len(line))
    rounded = [line[:1]]
    for k in range(1, len(line) - 1):
        rounded.append(_arc(line[k - 1], line[k], line[k + 1], float(radii[k]), steps))
    return np.concatenate([*rounded, line[-1:]])


def curve(points: ArrayLike, count: int) -> Array:
    """Return `count` points on a smooth curve through points (n,d), by chord length.

    Source: Catmull and Rom, "A class of local interpolating splines", 1974, with chordal knots.
    """
    knots = np.asarray(points, dtype=np.float64)
    at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    slope = np.gradient(knots, at, axis=0)
    where = np.linspace(0.0, at[-1], count)
    k = np.clip(np.searchsorted(at, where, side="right") - 1, 0, len(at) - 2)
    gap = (at[k + 1] - at[k])[:, None]
    t = (where - at[k])[:, None] / gap
    start, end = (2 * t**3 - 3 * t**2 + 1), (3 * t**2 - 2 * t**3)
    rise, fall = (t**3 - 2 * t**2 + t) * gap, (t**3 - t**2) * gap
    return start * knots[k] + end * knots[k + 1] + rise * slope[k] + fall * slope[k + 1]


def superellipse(count: int, power: float = 2.0) -> Array:
    """Return (count,2) points of |x|^power + |y|^power = 1, counter-clockwise, by even angle."""
    turn = 2.0 * np.pi * np.arange(count) / count
    circle = np.column_stack([np.cos(turn), np.sin(turn)])
    return circle / (np.abs(circle) ** power).sum(axis=1, keepdims=True) ** (1.0 / power)


def rounded_rectangle(width: float, depth: float, radius: float, steps: int = 4) -> Array:
    """Return (4 (steps+1), 2) m, counter-clockwise about the origin."""
    bend = np.linspace(0.0, np.pi / 2.0, steps + 1) if radius > 0.0 else np.zeros(1)
    arc = radius * np.column_stack([np.cos(bend), np.sin(bend)])
    x, y = width / 2.0 - radius, depth / 2.0 - radius
    quarter = [(x, y, arc), (-x, y, arc[:, ::-1] * (-1, 1)), (-x, -y, -arc), (x, -y, arc[:, ::-1] * (1, -1))]
    return np.concatenate([np.add(corner, (cx, cy)) for cx, cy, corner in quarter])


def shrunk(outline: Array, distance: float) -> Array:
    """Return a closed counter-clockwise outline (n,2) with every edge moved inward by `distance` m."""
    ahead = np.roll(outline, -1, axis=0) - outline
    ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
    inward = np.column_stack([-ahead[:, 1], ahead[:, 0]])
    before = np.roll(inward, 1, axis=0)
    share = 1.0 + np.einsum("ij,ij->i", inward, before)
    return outline + distance * (inward + before) / np.maximum(share, 0.2)[:, None]


def turned(mesh: Mesh, rotation: ArrayLike, offset: ArrayLike = 0.0) -> Mesh:
    """Return the mesh turned by a rotation (3,3), then moved by `offset` (3,) m."""
    turn = np.asarray(rotation, dtype=np.float64)
    return Mesh(mesh.vertices @ turn.T + np.asarray(offset), mesh.faces, mesh.normals @ turn.T, mesh.uvs)


def joined(*meshes: Mesh | Sequence[Mesh]) -> Mesh:
    """Return closed shells as one mesh; they may overlap but should not share edges."""
    return merged(m for item in meshes for m in ([item] if isinstance(item, Mesh) else item))


def _cap(center: Array, ring: Array) -> list[Array]:
    return [] if np.ptp(ring, axis=0).max() < 1e-9 else [center]


def grid_faces(rows: int, columns: int) -> NDArray[np.int64]:
    """Return the triangles (n,3) between vertices that lie row by row; columns run to the right, rows up."""
    a = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    b, c, d = a + 1, a + columns + 1, a + columns
    return np.concatenate([np.column_stack([a, b, c]), np.column_stack([a, c, d])])


def _box_face(
    half: Array, bevel: float, steps: int, axis: int, sign: float, tile: float, grain: int | None
) -> tuple[Array, NDArray[np.int64], Array]:
    """Return points, faces and uvs of one side; a bevel spans 45° on each of the two sides it joins."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    if sign < 0:
        i, j = j, i
    out = bevel * np.tan(np.linspace(0.0, np.pi / 4.0, steps + 1)) if bevel else np.zeros(1)
    lines = [np.unique(np.concatenate([-(half[k] - bevel + out), half[k] - bevel + out])) for k in (i, j)]
    across, along = np.meshgrid(*lines)
    cube = np.empty((across.size, 3))
    cube[:, i], cube[:, j], cube[:, axis] = across.ravel(), along.ravel(), sign * half[axis]
    core = np.clip(cube, bevel - half, half - bevel)
    arm = cube - core
    reach = np.linalg.norm(arm, axis=1, keepdims=True)
    points = core + (bevel * arm / reach if bevel else 0.0)
    order = [j, i] if j == grain else [i, j]
    uvs = (cube[:, order] + half[order]) / tile
    return points, grid_faces(len(lines[1]), len(lines[0])), uvs


def _arc(before: Array, corner: Array, after: Array, radius: float, steps: int) -> Array:
    """Return the points that round one corner."""
    a, b = before - corner, after - corner
    reach_a, reach_b = np.linalg.norm(a), np.linalg.norm(b)
    a, b = a / reach_a, b / reach_b
    opening = np.arccos(np.clip(a @ b, -1.0, 1.0))
    if radius <= 0.0 or opening > np.pi - 1e-3 or opening < 1e-3:
        return corner[None]
    cut = min(radius / np.tan(opening / 2.0), 0.49 * reach_a, 0.49 * reach_b)
    radius = cut * np.tan(opening / 2.0)
    middle = corner + (a + b) / np.linalg.norm(a + b) * radius / np.sin(opening / 2.0)
    start, end = corner + a * cut - middle, corner + b * cut - middle
    turn = np.pi - opening
    t = np.linspace(0.0, 1.0, steps + 1)[:, None]
    return middle + (np.sin((1 - t) * turn) * start + np.sin(t * turn) * end) / np.sin(turn)


def _rounded_ends(spine: Array, half: Array, tips: tuple[float, float]) -> tuple[Array, Array]:
    """Replace a flat end by rings that shrink along a quarter ellipse of that length, inside the path."""
    for length in tips:  # first end, then (reversed) the other
        if length > 0.0:
            at = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(spine, axis=0), axis=1))])
            bend = np.linspace(0.0, np.pi / 2.0, 6)
            where = length * (1.0 - np.cos(bend))
            stations = np.concatenate([where, at[at > length * 1.01]])
            shrink = np.concatenate([np.sin(bend), np.ones(len(stations) - len(bend))])[:, None]
            spine = np.column_stack([np.interp(stations, at, spine[:, k]) for k in range(3)])
            half = np.column_stack([np.interp(stations, at, half[:, k]) for k in range(2)]) * shrink
        spine, half = spine[::-1], half[::-1]
    return spine, half
