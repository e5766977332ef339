"""Exact geometry along any rays: which node, how far, which way the surface faces. Embree does the searching.

Embree computes in float32; it only decides *which* triangle a ray hits. Where on the triangle is computed
again in float64 from the triangle's plane, so depths are good to far below 1e-4 m. Surfaces are seen from
both sides.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from embreex.mesh_construction import TriangleMesh
from embreex.rtcore_scene import EmbreeScene

from simdata.asset import load_model
from simdata.camera import Camera
from simdata.geometry import transform
from simdata.mesh import Mesh
from simdata.scene import Scene

CHUNK = 1 << 16  # rays at a time: some tens of MB of temporaries
# Where the float64 distance is this far from Embree's (relative), the triangle is nearly edge-on to the ray.
DOUBTFUL = 1e-5


@dataclass(frozen=True, eq=False)
class Hits:
    """What rays of shape (...) met first.

    Attributes:
        node_ids: (...) int32; i is `scene.nodes[i - 1]`, 0 where nothing was hit.
        distance: (...) float64, in units of the direction's length; inf where nothing was hit.
    """

    node_ids: np.ndarray
    distance: np.ndarray
    _triangle: np.ndarray
    _weights: np.ndarray
    _against: np.ndarray
    _geometry: _Geometry

    @property
    def from_behind(self) -> np.ndarray:
        """Whether a surface was met from behind, (...) bool: the ray goes the way its normal points."""
        return self._against > 0

    @cached_property
    def normals(self) -> np.ndarray:
        """Geometric normals (..., 3) float64, unit, world frame, outward by the winding; 0 for no hit."""
        return self._fill(self._geometry.unit_normals[self._triangle.ravel()[self._hit]])

    @cached_property
    def smooth_normals(self) -> np.ndarray:
        """Shading normals (..., 3) float64, unit, world frame: the mesh's, interpolated; 0 for no hit."""
        return self._fill(_unit(self._interpolate(self._geometry.corner_normals)))

    @cached_property
    def uvs(self) -> np.ndarray:
        """Texture coordinates (..., 2) float64; 0 for no hit."""
        return self._fill(self._interpolate(self._geometry.corner_uvs))

    @cached_property
    def _hit(self) -> np.ndarray:
        return np.flatnonzero(self.node_ids)

    def _interpolate(self, of_corners: np.ndarray) -> np.ndarray:
        """Weigh what the corners of triangles have, (T, 3, d): (n, d) of the rays that hit."""
        triangle, weights = self._triangle.ravel()[self._hit], self._weights.reshape(-1, 3)[self._hit].T
        mean = of_corners[0][triangle]
        mean *= weights[0][:, None]
        for corner, weight in zip(of_corners[1:], weights[1:], strict=True):
            mean += corner[triangle] * weight[:, None]
        return mean

    def _fill(self, values: np.ndarray) -> np.ndarray:
        if len(values) == self.node_ids.size:
            return values.reshape(*self.node_ids.shape, -1)
        whole = np.zeros((self.node_ids.size, values.shape[-1]))
        whole[self._hit] = values
        return whole.reshape(*self.node_ids.shape, -1)


class RayScene:
    """The geometry of a scene, ready for rays; built for one instant at a time, when first asked."""

    def __init__(self, scene: Scene, *, store: Path | None = None, without: Collection[int] = ()) -> None:
        """Load the meshes.

        without: nodes that rays go through, indices.

        Raises:
            AssetError: an imported mesh is not in `store`.
        """
        self._scene, self._without = scene, without
        self._meshes = [load_model(node.shape, store).parts[node.part].mesh for node in scene.nodes]
        self._t = float("nan")
        self._matrices = np.zeros((0, 4, 4))
        self._built: dict[int | None, _Geometry] = {}
        self._moved: dict[int | None, tuple[np.ndarray, np.ndarray]] = {}

    def cast(
        self,
        origins: np.ndarray,
        directions: np.ndarray,
        t: float = 0.0,
        *,
        only_instance: int | None = None,
        near: float = 0.0,
        far: float = np.inf,
    ) -> Hits:
        """Find what rays meet first between `near` and `far`, both in units of the direction's length.

        Args:
            origins, directions: (..., 3) world frame, metres; broadcast against each other. A direction of
                nan is no ray and meets nothing.
            t: one of the scene's instants, seconds.
            only_instance: see nothing but the nodes of this instance.
        """
        geometry = self._geometry(t, only_instance)
        shape, chunks = _chunks(origins, directions)
        parts = [geometry.cast(o, d, near, far) for o, d in chunks]
        triangle, distance, weights, against = (np.concatenate(part) for part in zip(*parts, strict=True))
        return Hits(
            geometry.node_ids[triangle].reshape(shape),
            distance.reshape(shape),
            triangle.reshape(shape),
            weights.reshape(*shape, 3),
            against.reshape(shape),
            geometry,
        )

    def meets(
        self,
        origins: np.ndarray,
        directions: np.ndarray,
        t: float = 0.0,
        *,
        only_instance: int | None = None,
        near: float = 0.0,
        far: float = np.inf,
    ) -> np.ndarray:
        """Tell which rays meet anything, (...) bool: where `cast` finds a node, for half of its cost."""
        geometry = self._geometry(t, only_instance)
        shape, chunks = _chunks(origins, directions)
        return np.concatenate([geometry.first(o, d, near, far)["primID"] >= 0 for o, d in chunks]).reshape(
            shape
        )

    def view(self, camera: Camera, t: float = 0.0) -> dict[str, np.ndarray]:
        """Look through a camera: the truth at pixel centres, between its near and far.

        Returns:
            node_ids: (H, W) int32; 0 where nothing was hit, or where the lens has no ray.
            depth: (H, W) float32, planar z of the pose of the pixel's row, metres; inf where nothing was hit.
            normals: (H, W, 3) float32, unit, camera frame of that pose, shading normals, turned towards the
                viewer where a surface is seen from behind; 0 where nothing was hit.
            distance: (H, W) float32, along the ray, metres; for a lens that is not planar.
        """
        origins, rays = camera.pixel_rays(t)
        axes = camera.row_poses(t)[..., :3, :3]
        hits = self.cast(origins, rays, t, near=camera.near, far=camera.far)
        normals = (hits.smooth_normals @ axes).astype(np.float32)
        normals[hits.from_behind] *= -1
        view = {"node_ids": hits.node_ids, "depth": hits.distance.astype(np.float32), "normals": normals}
        if camera.lens.planar:
            return view
        along = (rays @ axes[..., 2:])[..., 0]
        depth = np.where(hits.node_ids > 0, hits.distance * along, np.inf)
        return view | {"depth": depth.astype(np.float32), "distance": view["depth"]}

    def triangles(self, t: float = 0.0, *, only_instance: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return vertices (V, 3) float64, metres, world frame, and faces (F, 3), of all or one instance."""
        self._turn_to(t)
        if only_instance not in self._moved:
            nodes = self._nodes(only_instance)
            self._moved[only_instance] = _merged([self._meshes[i] for i in nodes], self._matrices[nodes])
        return self._moved[only_instance]

    def _turn_to(self, t: float) -> None:
        """Forget other instants: a long motion must not fill the memory."""
        if t != self._t:
            self._matrices = self._scene.world_from_nodes(t)
            self._built, self._moved, self._t = {}, {}, t

    def _nodes(self, only_instance: int | None) -> list[int]:
        nodes = ((i, node) for i, node in enumerate(self._scene.nodes) if i not in self._without)
        return [i for i, node in nodes if only_instance is None or node.instance == only_instance]

    def _geometry(self, t: float, only_instance: int | None) -> _Geometry:
        self._turn_to(t)
        if only_instance not in self._built:
            nodes = self._nodes(only_instance)
            meshes = [self._meshes[i] for i in nodes]
            self._built[only_instance] = _Geometry(nodes, meshes, self._matrices[nodes])
        return self._built[only_instance]


@lru_cache(maxsize=2)
def ray_scene(scene: Scene, store: Path | None = None) -> RayScene:
    """Return the `RayScene` of a scene (by identity), shared by all who look at it in turn."""
    return RayScene(scene, store=store)


class _Geometry:
    """The triangles of some nodes at one instant, world frame.

    Attributes:
        node_ids: (T + 1,) int32, the triangle's value in the id image; the last is that of no triangle, 0.
    """

    def __init__(self, nodes: Sequence[int], meshes: Sequence[Mesh], matrices: np.ndarray) -> None:
        sizes = [len(mesh.faces) for mesh in meshes]
        self.node_ids = np.repeat(np.array([*nodes, -1], np.int32) + 1, [*sizes, 1])
        self._meshes, self._matrices = meshes, matrices
        vertices, self._faces = _merged(meshes, matrices)
        # About its own middle, so that float32 is as fine for a scene far from the origin.
        self._middle = (vertices.min(0) + vertices.max(0)) / 2 if len(vertices) else np.zeros(3)
        self._corners = (vertices - self._middle)[self._faces]
        a, b, c = np.moveaxis(self._corners, 1, 0)
        self._planes = np.cross(b - a, c - a)
        self._offsets = np.einsum("ti,ti->t", self._planes, a)
        self._scene = EmbreeScene(robust=True)
        if len(self._faces):
            TriangleMesh(self._scene, self._corners.astype(np.float32))

    @cached_property
    def unit_normals(self) -> np.ndarray:
        """Outward geometric normals, (T, 3)."""
        return _unit(self._planes)

    @cached_property
    def corner_normals(self) -> np.ndarray:
        """The mesh's normals at each corner of the triangles, (3, T, 3)."""
        pairs = zip(self._meshes, self._matrices, strict=True)
        return self._of_corners([mesh.normals @ matrix[:3, :3].T for mesh, matrix in pairs], 3)

    @cached_property
    def corner_uvs(self) -> np.ndarray:
        """The mesh's texture coordinates at each corner of the triangles, (3, T, 2)."""
        return self._of_corners([mesh.uvs for mesh in self._meshes], 2)

    def _of_corners(self, of_vertices: list[np.ndarray], columns: int) -> np.ndarray:
        return _joined(of_vertices, columns)[self._faces.T]

    def first(
        self, origins: np.ndarray, directions: np.ndarray, near: float, far: float
    ) -> dict[str, np.ndarray]:
        """Return what Embree finds: `primID` (n,) int32 or -1, `tfar` (n,) from near on, `u` and `v` (n,)."""
        if not len(self._faces) or not len(origins):
            return {"primID": np.full(len(origins), -1, np.int32)} | dict.fromkeys(
                ("tfar", "u", "v"), np.zeros(len(origins), np.float32)
            )
        blind = np.isnan(directions[:, 0])
        start = (origins - self._middle + near * directions).astype(np.float32)
        towards = directions.astype(np.float32)
        if blind.any():  # Embree must not meet a nan
            start[blind], towards[blind] = 0, 1
        # Embree overwrites the distances it is given, so they must be this call's own.
        reach = np.full(len(start), min(far - near, 1e30), np.float32)
        found = self._scene.run(start, towards, dists=reach, output=1)
        return {**found, "primID": np.where(blind, -1, found["primID"])}

    def cast(
        self, origins: np.ndarray, directions: np.ndarray, near: float, far: float
    ) -> tuple[np.ndarray, ...]:
        """Return triangle (n,) or -1, distance (n,) or inf, the weights of its corners (n, 3) float32.

        And how far the ray goes along the triangle's normal, (n,), in no unit; 0 for no triangle.
        """
        found = self.first(origins, directions, near, far)
        triangle = found["primID"]
        weights = np.stack([1 - found["u"] - found["v"], found["u"], found["v"]], -1)
        distance, against = np.full(len(triangle), np.inf), np.zeros(len(triangle))
        if len(hit := np.flatnonzero(triangle >= 0)):
            rough = near + found["tfar"][hit].astype(float)
            distance[hit], against[hit] = self._refined(
                triangle[hit], origins[hit] - self._middle, directions[hit], rough
            )
        return triangle, distance, weights, against

    def _refined(
        self, triangle: np.ndarray, origins: np.ndarray, directions: np.ndarray, rough: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Intersect rays with their triangles' planes in float64; also return how they go along the normals.

        A ray nearly parallel to its triangle may leave it by rounding, and the plane then says anything: it
        is held between the nearest and the farthest corner along the ray, where every true hit lies.
        """
        planes = self._planes[triangle]
        against = np.einsum("ni,ni->n", planes, directions)
        with np.errstate(divide="ignore", invalid="ignore"):
            exact = (self._offsets[triangle] - np.einsum("ni,ni->n", planes, origins)) / against
        doubtful = np.flatnonzero(~(np.abs(exact - rough) <= DOUBTFUL * rough))
        if len(doubtful):
            arms = self._corners[triangle[doubtful]] - origins[doubtful, None]
            along = directions[doubtful]
            reach = np.einsum("nki,ni->nk", arms, along) / np.einsum("ni,ni->n", along, along)[:, None]
            value = np.where(np.isnan(exact[doubtful]), rough[doubtful], exact[doubtful])
            exact[doubtful] = np.clip(value, reach.min(1), reach.max(1))
        return exact, against


def _chunks(
    origins: np.ndarray, directions: np.ndarray
) -> tuple[tuple[int, ...], list[tuple[np.ndarray, np.ndarray]]]:
    """Return the common shape (...) of rays (..., 3), and the rays in parts, (n, 3) each: one at least."""
    origins, directions = np.broadcast_arrays(np.asarray(origins, float), np.asarray(directions, float))
    o, d = origins.reshape(-1, 3), directions.reshape(-1, 3)
    parts = [(o[i : i + CHUNK], d[i : i + CHUNK]) for i in range(0, max(len(o), 1), CHUNK)]
    return origins.shape[:-1], parts


def _merged(meshes: Sequence[Mesh], matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return vertices (V, 3), each mesh moved by its matrix, and faces (F, 3) of all meshes."""
    firsts = np.cumsum([0, *(len(mesh.vertices) for mesh in meshes)])[:-1]
    vertices = [transform(matrix, mesh.vertices) for mesh, matrix in zip(meshes, matrices, strict=True)]
    faces = [mesh.faces + first for mesh, first in zip(meshes, firsts, strict=True)]
    return _joined(vertices, 3), _joined(faces, 3, int)


def _joined(arrays: list[np.ndarray], columns: int, dtype: type = float) -> np.ndarray:
    return np.concatenate([np.zeros((0, columns), dtype), *arrays])


def _unit(vectors: np.ndarray) -> np.ndarray:
    """Scale to length 1; a zero vector (a triangle without area) stays 0."""
    lengths = np.sqrt(np.einsum("ni,ni->n", vectors, vectors))[:, None]
    return vectors / np.where(lengths > 0, lengths, 1)
