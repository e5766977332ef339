"""The asset gate: a user's mesh file is read once, in a limited child process, checked and written anew.

Mesh files crash parsers: half of a set of damaged STL files took PyBullet down with them. So no engine ever
sees a user's file. The child reads it, and what it hands on is our own content-addressed
`STORE/<sha256>.npz`, with `.json` beside it, `.png` if textured, and `.surface.png` if its material has maps.
A crash, a hang or too much memory costs the child and becomes an `AssetError`.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from simdata.asset import ImportedShape, encode_part
from simdata.errors import AssetError
from simdata.limited import ChildLimits, ask, put, serve
from simdata.mesh import Mesh, Part, convex_hull, crease, distinct_rows, is_watertight, volume
from simdata.mesh_file import Loaded, check_texture, read_mesh
from simdata.model import Model as Value

Array = NDArray[np.float64]

ADVICE = "simplify the mesh"


class GateLimits(ChildLimits):
    """What a file may cost. Sizes are checked before anything of that size is allocated."""

    file_bytes: int = Field(default=64 * 2**20, gt=0)
    vertices: int = Field(default=131_072, gt=0)
    faces: int = Field(default=500_000, gt=0)
    texture_pixels: int = Field(default=4096 * 4096, gt=0)
    smallest: float = Field(default=1e-3, gt=0, description="least longest side, m")
    largest: float = Field(default=100.0, gt=0, description="greatest longest side, m")
    piece_points: int = Field(default=64, ge=8)


class MeshRequest(Value):
    """One file to import. `scale`: metres a unit of the file. `up`: its upward axis; glTF is always y."""

    path: str
    scale: float = Field(gt=0)
    category: str = Field(min_length=1)
    licence: str = "unknown"
    source: str = ""
    up: Literal["y", "z"] = "z"


def import_mesh(
    path: str | Path,
    *,
    store: str | Path,
    scale: float,
    category: str,
    licence: str = "unknown",
    source: str = "",
    up: Literal["y", "z"] = "z",
    limits: GateLimits | None = None,
) -> ImportedShape:
    """Check a mesh file and write it to the store; returns the name it has there, in metres.

    A file without texture coordinates gets those of `box_mapped`.
    licence: SPDX id. source: where it comes from, by default the file's name.
    Raises AssetError: one line with what is wrong, the file, the limit and what to try.
    """
    if not scale > 0 or not np.isfinite(scale):
        raise AssetError(
            f"{path}: scale must be above 0 metres a unit, got {scale}: 0.001 for a file in millimetres"
        )
    request = MeshRequest(
        path=str(path), scale=scale, category=category, licence=licence, source=source, up=up
    )
    result = import_meshes([request], store=store, limits=limits)[0]
    if isinstance(result, AssetError):
        raise result
    return result


def import_meshes(
    requests: Sequence[MeshRequest], *, store: str | Path, limits: GateLimits | None = None
) -> list[ImportedShape | AssetError]:
    """Import many files in one child; if it dies, each in a child of its own. Faults are returned."""
    told = [request.model_dump() for request in requests]
    answers = ask("simdata.asset_gate", told, Path(store), limits or GateLimits(), ADVICE)
    return [a if isinstance(a, AssetError) else ImportedShape(sha256=a) for a in answers]


def _accept(fields: dict[str, Any], store: Path, limits: GateLimits) -> str:
    """Read, check and store one file; returns its sha256. Runs in the child."""
    request = MeshRequest(**fields)
    path = Path(request.path)
    loaded = read_mesh(path, limits.file_bytes, limits.vertices, limits.faces, limits.texture_pixels)
    points = loaded.vertices * request.scale
    if loaded.y_up or request.up == "y":
        points = np.column_stack([points[:, 0], -points[:, 2], points[:, 1]])
    _check_extent(path, points[np.unique(loaded.faces)], request.scale, limits)
    low, high = (pick(points[np.unique(loaded.faces)], axis=0) for pick in (np.min, np.max))
    uvs = np.zeros((len(points), 2)) if loaded.uvs is None else loaded.uvs
    mesh = crease(points - (low + high) / 2.0, loaded.faces, uvs)
    if volume(mesh) < 0 and is_watertight(mesh):
        mesh = Mesh(mesh.vertices, mesh.faces[:, ::-1], -mesh.normals, mesh.uvs)
    if loaded.uvs is None:
        mesh = box_mapped(mesh)
    part = Part(mesh, tuple(convex_pieces(mesh, limits.piece_points)))
    return _store(part, loaded, request, store, limits)


# The ways along which u and v grow, seen from outside: from +x, -x, +y, -y (upright), +z, -z.
SIDES = np.array(
    [
        [(0, 1, 0), (0, 0, 1)],
        [(0, -1, 0), (0, 0, 1)],
        [(-1, 0, 0), (0, 0, 1)],
        [(1, 0, 0), (0, 0, 1)],
        [(1, 0, 0), (0, 1, 0)],
        [(1, 0, 0), (0, -1, 0)],
    ],
    dtype=np.float64,
)


def box_mapped(mesh: Mesh) -> Mesh:
    """Return a mesh with texture coordinates in metres, as if textures were pressed on it from six sides.

    Each face is seen along the axis that its normal is nearest to (of equals, the first), from outside: this
    is triplanar mapping without blending. Vertices are split where faces of two sides meet.
    """
    corners = mesh.vertices[mesh.faces]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    share = np.abs(normals) / np.linalg.norm(normals, axis=1, keepdims=True)
    axis = np.argmax(np.round(share, 6), axis=1)
    back = normals[np.arange(len(axis)), axis] < 0
    keys = np.column_stack([mesh.faces.ravel(), np.repeat(2 * axis + back, 3)])
    first, inverse = distinct_rows(keys.astype(np.int64))
    whose, side = keys[first].T
    points = mesh.vertices[whose]
    uvs = np.einsum("nij,nj->ni", SIDES[side], points)
    return Mesh(points, inverse.reshape(-1, 3).astype(np.int32), mesh.normals[whose], uvs)


def convex_pieces(mesh: Mesh, most: int = 64) -> list[Array]:
    """Return convex pieces (n<=most,3) m of a mesh for collisions: one hull, or up to 12 cells' hulls."""
    whole = _rounded_hull(mesh.vertices, most)
    corners, faces = convex_hull(whole)
    filled = (
        np.einsum(
            "ij,ij->i", corners[faces[:, 0]], np.cross(corners[faces[:, 1]], corners[faces[:, 2]])
        ).sum()
        / 6.0
    )
    if volume(mesh) >= 0.85 * filled:
        return [whole]
    return [_rounded_hull(points, most) for points in _cells(mesh)] or [whole]  # a flat sheet has no cells


def _check_extent(path: Path, points: Array, scale: float, limits: GateLimits) -> None:
    longest = float(np.ptp(points, axis=0).max())
    if longest > limits.largest:
        hint = f"is the file in millimetres? then scale {scale * 1e-3:g}"
        raise AssetError(f"{path}: longest side {longest:.4g} m is above {limits.largest:g} m: {hint}")
    if longest < limits.smallest:
        hint = f"scale {scale:g} is for other units; in metres it is 1"
        raise AssetError(f"{path}: longest side {longest:.4g} m is below {limits.smallest:g} m: {hint}")


def _cells(mesh: Mesh) -> list[Array]:
    """Return the mesh's points in each cell of a grid along the axes, cut exactly at the cell walls."""
    low, high = mesh.bounds
    share = (high - low) / (high - low).max()
    counts = np.maximum(1, np.ceil(2.0 * share - 0.5)).astype(int)
    counts[np.argmax(share)] = 3
    pieces = [(np.array(mesh.vertices), np.array(mesh.faces))]
    for axis in range(3):
        walls = itertools.pairwise(np.linspace(low[axis], high[axis], counts[axis] + 1))
        cuts = [_between(*piece, axis, *pair) for pair in list(walls) for piece in pieces]
        pieces = [cut for cut in cuts if len(cut[1])]
    return [points[np.unique(faces)] for points, faces in pieces]


def _between(points: Array, faces: NDArray, axis: int, low: float, high: float) -> tuple[Array, NDArray]:
    """Return the part of a surface between two planes across an axis."""
    from trimesh.intersections import slice_faces_plane

    along = np.eye(3)[axis]
    for wall, side in ((low, 1.0), (high, -1.0)):
        if len(faces):
            points, faces = slice_faces_plane(points, faces, side * along, wall * along)[:2]
    return points, faces


def _rounded_hull(points: Array, most: int) -> Array:
    """Return at most `most` corners of a convex hull; flat sets of points get a little thickness."""
    try:
        corners, _ = convex_hull(points)
    except AssetError:
        thick = max(1e-3 * float(np.ptp(points, axis=0).max()), 5e-4)
        shifts = thick * np.array([(a, b, c) for a in (-1, 1) for b in (-1, 1) for c in (-1, 1)])
        corners, _ = convex_hull((points[:, None] + shifts).reshape(-1, 3))
    if len(corners) <= most:
        return corners
    # The corners that are farthest along directions spread evenly over the sphere (a Fibonacci lattice).
    k = np.arange(most) + 0.5
    z, turn = 1.0 - 2.0 * k / most, np.pi * (1.0 + np.sqrt(5.0)) * k
    rim = np.sqrt(1.0 - z**2)
    ways = np.column_stack([rim * np.cos(turn), rim * np.sin(turn), z])
    return corners[np.unique(np.argmax(corners @ ways.T, axis=0))]


def _store(part: Part, loaded: Loaded, request: MeshRequest, store: Path, limits: GateLimits) -> str:
    """Write npz, pictures and json. Pictures and notes count in the name: other picture, other name."""
    notes: dict[str, Any] = {
        "base_color": list(loaded.base_color),
        "category": request.category,
        "licence": request.licence,
        "metallic": loaded.metallic,
        "roughness": loaded.roughness,
        "source": request.source or Path(request.path).name,
        "watertight": is_watertight(part.mesh),
    }
    pictures = _pictures(loaded, request, limits)
    told = (json.dumps(notes, sort_keys=True, indent=1) + "\n").encode()
    content = encode_part(part, told + b"".join(pictures.values()))
    sha256 = hashlib.sha256(content).hexdigest()
    for suffix, picture in pictures.items():
        put(store / f"{sha256}{suffix}", picture)
    put(store / f"{sha256}.json", told)
    put(store / f"{sha256}.npz", content)
    return sha256


def _pictures(loaded: Loaded, request: MeshRequest, limits: GateLimits) -> dict[str, bytes]:
    """Return the PNG files of a material, by how their names end; a surface map never comes alone."""
    found = {}
    if loaded.texture is not None:
        found[".png"] = loaded.texture.convert("RGB")
    elif loaded.surface is not None:
        found[".png"] = Image.new("RGB", (1, 1), (255, 255, 255))
    if loaded.surface is not None:
        found[".surface.png"] = Image.fromarray(loaded.surface)
    pictures = {}
    for suffix, picture in found.items():
        check_texture(request.path, picture.size, limits.texture_pixels)
        target = io.BytesIO()
        picture.save(target, format="PNG")
        pictures[suffix] = target.getvalue()
    return pictures


if __name__ == "__main__":
    serve(_accept, GateLimits, ADVICE)
