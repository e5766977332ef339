"""Triangle meshes, the parts and models made of them, and their mass: numbers only, no engine.

A `Model` is what a generator or the asset gate hands over: named parts, each a closed shaded `Mesh` with the
few convex pieces that stand for it in collisions. Metres, z up; the origin is the centre of the bounding box.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from simdata.errors import AssetError

Array = NDArray[np.float64]

WELD = 1e-8  # m; positions closer than this are one point
CREASE = np.radians(40.0)


@dataclass(frozen=True, eq=False)
class Mesh:
    """A shaded triangle mesh.

    vertices (V,3) float64 m; faces (F,3) int32, counter-clockwise seen from outside; normals (V,3) float64
    unit
    shading normals; uvs (V,2) float64. Vertices are duplicated at hard creases and texture seams.
    Raises AssetError when shapes disagree, a number is not finite or an index has no vertex.
    """

    vertices: Array
    faces: NDArray[np.int32]
    normals: Array
    uvs: Array

    def __post_init__(self) -> None:
        for name, columns in (("vertices", 3), ("normals", 3), ("uvs", 2)):
            object.__setattr__(self, name, _rows(name, getattr(self, name), columns))
        object.__setattr__(self, "faces", _face_rows(self.faces, len(self.vertices)))
        if not len(self.vertices) == len(self.normals) == len(self.uvs):
            counts = f"{len(self.vertices)} vertices, {len(self.normals)} normals, {len(self.uvs)} uvs"
            raise AssetError(f"mesh has {counts}: give one normal and one uv for each vertex")
        off = np.abs(np.linalg.norm(self.normals, axis=1) - 1.0).max()
        if off > 1e-4:
            raise AssetError(f"mesh normals must have length 1, one is off by {off:.3g}: normalise them")

    @cached_property
    def bounds(self) -> Array:
        """Return (2,3): lowest and highest corner, m."""
        return _frozen(np.stack([self.vertices.min(axis=0), self.vertices.max(axis=0)]))

    @cached_property
    def digest(self) -> str:
        """Return the sha256 (hex) of the arrays and their shapes."""
        told = hashlib.sha256(f"mesh {len(self.vertices)} {len(self.faces)}".encode())
        for array in (self.vertices, self.faces, self.normals, self.uvs):
            told.update(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes())
        return told.hexdigest()

    def transformed(self, scale: ArrayLike = 1.0, offset: ArrayLike = 0.0) -> Mesh:
        """Return the mesh scaled (one factor or three, all positive), then moved by `offset` (3,) m."""
        factor = np.broadcast_to(np.asarray(scale, dtype=np.float64), 3)
        if not (np.isfinite(factor).all() and (factor > 0).all()):
            raise AssetError(
                f"mesh scale must be positive, got {factor.tolist()}: a mirror image needs its faces reversed"
            )
        normals = self.normals / factor
        normals /= np.linalg.norm(normals, axis=1, keepdims=True)
        return Mesh(self.vertices * factor + np.asarray(offset), self.faces, normals, self.uvs)


@dataclass(frozen=True, eq=False)
class Part:
    """A mesh and the convex pieces, each (n>=4,3) float64 m in the mesh's frame, it collides as."""

    mesh: Mesh
    pieces: tuple[Array, ...]

    def __post_init__(self) -> None:
        pieces = tuple(_rows(f"collision piece {k}", piece, 3) for k, piece in enumerate(self.pieces))
        for k, piece in enumerate(pieces):
            if len(piece) < 4:
                raise AssetError(f"collision piece {k} has {len(piece)} points: a solid needs at least 4")
        object.__setattr__(self, "pieces", pieces)

    def transformed(self, scale: ArrayLike = 1.0, offset: ArrayLike = 0.0) -> Part:
        """Return the part scaled, then moved; see `Mesh.transformed`."""
        moved = tuple(piece * np.asarray(scale) + np.asarray(offset) for piece in self.pieces)
        return Part(self.mesh.transformed(scale, offset), moved)


@dataclass(frozen=True)
class MassProperties:
    """mass kg, center_of_mass (3,) m, inertia (3,3) kg m² about the centre of mass, in the model's axes."""

    mass: float
    center_of_mass: Array
    inertia: Array


@dataclass(frozen=True, eq=False)
class Model:
    """Named parts, in order, in one frame."""

    parts: Mapping[str, Part]

    def __post_init__(self) -> None:
        if not self.parts:
            raise AssetError("a model needs at least one part, got none")
        object.__setattr__(self, "parts", MappingProxyType(dict(self.parts)))

    def __reduce__(self) -> tuple[type[Model], tuple[dict[str, Part]]]:
        return Model, (dict(self.parts),)  # a mapping proxy cannot be pickled

    @cached_property
    def bounds(self) -> Array:
        """Return (2,3): lowest and highest corner of all the parts, m."""
        boxes = np.stack([part.mesh.bounds for part in self.parts.values()])
        return _frozen(np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)]))

    @property
    def pieces(self) -> tuple[Array, ...]:
        """Return the convex pieces of all parts, in order."""
        return tuple(piece for part in self.parts.values() for piece in part.pieces)

    @property
    def digest(self) -> str:
        """Return the sha256 (hex) of all names, meshes and pieces."""
        told = hashlib.sha256()
        for name, part in self.parts.items():
            told.update(f"{name} {part.mesh.digest} {[len(piece) for piece in part.pieces]}".encode())
            told.update(b"".join(piece.astype("<f8").tobytes() for piece in part.pieces))
        return told.hexdigest()

    def mass_properties(self, density: float) -> MassProperties:
        """Return mass, centre and inertia of the solid the meshes enclose, at `density` kg/m³.

        A mesh that is not closed counts as its convex pieces.
        Where parts overlap (a handle sunk into a wall) the overlap counts twice.
        """
        if not density > 0:
            raise AssetError(f"density must be above 0 kg/m³, got {density}: water is 1000")
        moments = [moment for part in self.parts.values() for moment in _solid_moments(part)]
        volume = sum(m[0] for m in moments)
        if not volume > 0:
            raise AssetError(f"the meshes enclose {volume:.3g} m³: faces must be closed and turn outward")
        center = sum((m[1] for m in moments), np.zeros(3)) / volume
        second = sum((m[2] for m in moments), np.zeros((3, 3))) - volume * np.outer(center, center)
        inertia = density * (np.trace(second) * np.eye(3) - second)
        return MassProperties(float(density * volume), _frozen(center), _frozen(inertia))


def centered(parts: Mapping[str, Part]) -> Model:
    """Return the parts as a model, moved so that the centre of their bounding box is the origin."""
    middle = Model(parts).bounds.mean(axis=0)
    return Model({name: part.transformed(1.0, -middle) for name, part in parts.items()})


def merged(meshes: Iterable[Mesh]) -> Mesh:
    """Return several meshes as one."""
    meshes = tuple(meshes)
    starts = np.cumsum([0] + [len(mesh.vertices) for mesh in meshes[:-1]])
    return Mesh(
        np.concatenate([mesh.vertices for mesh in meshes]),
        np.concatenate([mesh.faces + start for mesh, start in zip(meshes, starts, strict=True)]),
        np.concatenate([mesh.normals for mesh in meshes]),
        np.concatenate([mesh.uvs for mesh in meshes]),
    )


def volume(mesh: Mesh) -> float:
    """Return the enclosed volume, m³; negative when the faces turn inward."""
    return _moments(mesh.vertices, mesh.faces)[0]


def is_watertight(mesh: Mesh) -> bool:
    """Tell whether, equal positions merged, every edge has two faces that run it in opposite directions."""
    faces = weld(mesh.vertices)[mesh.faces].astype(np.int64)
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    there = np.sort(edges[:, 0] * len(mesh.vertices) + edges[:, 1])
    back = np.sort(edges[:, 1] * len(mesh.vertices) + edges[:, 0])
    return bool((np.diff(there) > 0).all() and np.array_equal(there, back))


def weld(vertices: Array) -> NDArray[np.intp]:
    """Return (V,) the same number for vertices at the same place."""
    return distinct_rows(np.round(np.asarray(vertices) / WELD).astype(np.int64))[1]


def distinct_rows(rows: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return (first, inverse): where each distinct row of (n,k) first stands, and which of them each row is.

    In the order of first appearance. One sort of a 64-bit hash a row; ten times faster than sorting rows, and
    checked, so a collision costs time and not truth.
    """
    primes = np.array([0x9E3779B97F4A7C15 * (2 * k + 1) % 2**64 for k in range(rows.shape[1])], np.uint64)
    with np.errstate(over="ignore"):
        mixed = (rows.astype(np.uint64) * primes).cumsum(axis=1)[:, -1]
        mixed ^= mixed >> np.uint64(29)
    _, first, inverse = np.unique(mixed, return_index=True, return_inverse=True)
    if not np.array_equal(rows[first][inverse], rows):
        _, first, inverse = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        inverse = inverse.reshape(-1)
    rank = np.empty(len(first), np.intp)
    order = np.argsort(first)
    rank[order] = np.arange(len(first))
    return first[order], rank[inverse]


def crease(vertices: ArrayLike, faces: ArrayLike, uvs: ArrayLike, angle: float = CREASE) -> Mesh:
    """Return a mesh shaded smooth, but hard where two faces meet at more than `angle` rad.

    vertices (V,3) m, faces (F,3), uvs (V,2). Faces without area are dropped. A corner's normal is the mean of
    the faces around it that lie within `angle` of its own, weighted by area and corner angle: a large flat
    face beside a narrow bevel stays flat. Source: Max, "Weights for computing vertex normals", 1999.
    """
    points, coords = np.asarray(vertices, dtype=np.float64), np.asarray(uvs, dtype=np.float64)
    triangles = np.asarray(faces)
    places = weld(points)
    corners = places[triangles]
    whole = (corners != np.roll(corners, 1, axis=1)).all(axis=1)
    cross = np.cross(*(points[triangles[:, k]] - points[triangles[:, 0]] for k in (1, 2)))
    area = np.linalg.norm(cross, axis=1)
    whole &= area > 1e-14
    triangles, cross, area = triangles[whole], cross[whole], area[whole]
    if not len(triangles):
        raise AssetError(f"none of the {len(whole)} faces has an area: is the shape flat, or its size zero?")
    normals = _corner_normals(points, triangles, places, cross / area[:, None], area, angle)
    flat = triangles.ravel()
    keys = np.column_stack([places[flat], np.round(coords[flat] * 1e7), np.round(normals * 1e5)]).astype(
        np.int64
    )
    first, inverse = distinct_rows(keys)
    pick = flat[first]
    return Mesh(points[pick], inverse.reshape(-1, 3).astype(np.int32), normals[first], coords[pick])


def obj_text(mesh: Mesh) -> bytes:
    """Return the mesh as Wavefront OBJ with uvs and normals."""
    lines = [*_obj_rows("v", mesh.vertices), *_obj_rows("vt", mesh.uvs), *_obj_rows("vn", mesh.normals)]
    lines += ["f {0}/{0}/{0} {1}/{1}/{1} {2}/{2}/{2}".format(*face) for face in (mesh.faces + 1).tolist()]
    return ("\n".join(lines) + "\n").encode()


def pieces_obj(pieces: Iterable[ArrayLike]) -> bytes:
    """Return convex pieces as OBJ, one group `piece_k` each, which PyBullet reads as one compound shape."""
    lines: list[str] = []
    start = 1
    for k, piece in enumerate(pieces):
        corners, faces = convex_hull(piece)
        lines += [f"o piece_{k}", *_obj_rows("v", corners)]
        lines += ["f {} {} {}".format(*face) for face in (faces + start).tolist()]
        start += len(corners)
    return ("\n".join(lines) + "\n").encode()


def convex_hull(points: ArrayLike) -> tuple[Array, NDArray[np.int32]]:
    """Return corners (n,3) m and outward faces (m,3) of the convex hull of points (k,3)."""
    from scipy.spatial import ConvexHull, QhullError

    cloud = np.asarray(points, dtype=np.float64)
    try:
        hull = ConvexHull(cloud)
    except (QhullError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise AssetError(
            f"{len(cloud)} points have no convex hull ({reason}): they must not be flat"
        ) from None
    faces = hull.simplices.astype(np.int32)
    a, b, c = (cloud[faces[:, k]] for k in range(3))
    inward = np.einsum("ij,ij->i", np.cross(b - a, c - a), hull.equations[:, :3]) < 0
    faces[inward] = faces[inward][:, ::-1]
    used, renumbered = np.unique(faces, return_inverse=True)
    return cloud[used], renumbered.reshape(-1, 3).astype(np.int32)


def _corner_normals(
    points: Array, triangles: NDArray, places: NDArray, normals: Array, area: Array, angle: float
) -> Array:
    """Return (3F,3) one unit normal for each corner of each face."""
    weights = (area[:, None] * _corner_angles(points[triangles])).ravel()
    owner = np.repeat(np.arange(len(triangles)), 3)
    place = places[triangles].ravel()
    pull = weights[:, None] * normals[owner]
    mean = np.stack([np.bincount(place, column) for column in pull.T], axis=1)
    length = np.linalg.norm(mean, axis=1, keepdims=True)
    smooth = (mean / np.where(length > 0, length, 1.0))[place]
    # Faces within half the angle of the mean are within the angle of each other: one normal serves all.
    apart = np.einsum("ij,ij->i", normals[owner], smooth) < np.cos(angle / 2)
    sharp = np.flatnonzero(np.bincount(place, apart)[place] > 0)
    smooth[sharp] = _split_normals(place[sharp], normals[owner[sharp]], weights[sharp], angle)
    return smooth


def _split_normals(place: NDArray, normals: Array, weights: Array, angle: float) -> Array:
    """Return (n,3) the normal of each corner from those at its place (n,) that lie within `angle` of it."""
    if not len(place):
        return np.zeros((0, 3))
    order = np.argsort(place, kind="stable")
    _, begin, count = np.unique(place[order], return_index=True, return_counts=True)
    # Every corner meets every corner at its place: `mine` and `other` list the pairs, group by group.
    size = np.repeat(count, count)
    mine = np.repeat(np.arange(len(order)), size)
    offset = np.arange(len(mine)) - np.repeat(np.cumsum(size) - size, size)
    other = order[np.repeat(begin, count)[mine] + offset]
    near = np.einsum("ij,ij->i", normals[order[mine]], normals[other]) >= np.cos(angle)
    pull = np.where(near, weights[other], 0.0)[:, None] * normals[other]
    total = np.empty((len(place), 3))
    total[order] = np.add.reduceat(pull, np.cumsum(size) - size, axis=0)
    length = np.linalg.norm(total, axis=1, keepdims=True)
    return np.where(length > 0, total / np.where(length > 0, length, 1.0), normals)


def _corner_angles(corners: Array) -> Array:
    """Return (F,3) rad for corners (F,3,3)."""
    ahead, behind = np.roll(corners, -1, axis=1) - corners, np.roll(corners, 1, axis=1) - corners
    sine = np.linalg.norm(np.cross(ahead, behind), axis=2)
    return np.arctan2(sine, np.einsum("ijk,ijk->ij", ahead, behind))


def _solid_moments(part: Part) -> list[tuple[float, Array, Array]]:
    if is_watertight(part.mesh) or not part.pieces:
        return [_moments(part.mesh.vertices, part.mesh.faces)]
    return [_moments(*convex_hull(piece)) for piece in part.pieces]


def _moments(vertices: Array, faces: NDArray) -> tuple[float, Array, Array]:
    """Return volume, first and second moment about the origin, as a sum over tetrahedra (origin, face).

    Source: Tonon, "Explicit exact formulas for the 3-D tetrahedron inertia tensor", J. Math. Stat. 1, 2005.
    """
    corners = vertices[faces]
    volumes = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6.0
    total = corners.sum(axis=1)
    first = (volumes[:, None] * total).sum(axis=0) / 4.0
    second = np.einsum("f,fki,fkj->ij", volumes, corners, corners) + np.einsum(
        "f,fi,fj->ij", volumes, total, total
    )
    return float(volumes.sum()), first, second / 20.0


def _obj_rows(tag: str, rows: Array) -> list[str]:
    pattern = tag + " %.9g" * rows.shape[1]
    return [pattern % tuple(row) for row in (rows + 0.0).tolist()]


def _frozen(array: NDArray) -> NDArray:
    array.setflags(write=False)
    return array


def _rows(name: str, value: ArrayLike, columns: int) -> Array:
    rows = np.array(value, dtype=np.float64)
    if rows.ndim != 2 or rows.shape[1] != columns or not len(rows):
        raise AssetError(f"{name} must have shape (n, {columns}), n > 0, got {rows.shape}")
    if not np.isfinite(rows).all():
        bad = int((~np.isfinite(rows)).any(axis=1).sum())
        raise AssetError(f"{name} must be finite, {bad} of {len(rows)} rows are not")
    return _frozen(rows)


def _face_rows(value: ArrayLike, count: int) -> NDArray[np.int32]:
    wide = np.asarray(value)
    if wide.ndim != 2 or wide.shape[1] != 3 or not len(wide) or wide.dtype.kind not in "iu":
        raise AssetError(f"faces must be integers of shape (n, 3), n > 0, got {wide.dtype} {wide.shape}")
    if wide.min() < 0 or wide.max() >= count:
        raise AssetError(f"faces name vertices {wide.min()} to {wide.max()}, the mesh has 0 to {count - 1}")
    return _frozen(np.array(wide, dtype=np.int32))
