"""`flat`: the oracle. Plain NumPy ray casting in float64: slow, simple, obviously right.

It shares no code with `simdata.raycast` but the camera's rays, and needs no ray-tracing library, so that
either may be checked by the other. Every node has one constant colour; there is no light, no blur, no sensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simdata.asset import load_model
from simdata.camera import Camera
from simdata.errors import RenderError
from simdata.frame import Frame
from simdata.geometry import transform
from simdata.mesh import Mesh
from simdata.render import Probe, only_cpu
from simdata.scene import Scene

PAIRS = 1 << 20  # (ray, triangle) pairs tested at a time: about 50 MB of temporaries


@dataclass(frozen=True, eq=False)
class _Nearest:
    """The nearest hits so far, one a ray: steps (R,), node_ids (R,), normals (R, 3) world frame.

    A step is the length of the ray's direction.
    """

    steps: np.ndarray
    node_ids: np.ndarray
    normals: np.ndarray


class FlatRenderer:
    """Constant colours, ids, depth and normals by testing every ray against every triangle near it."""

    def __init__(self, *, store: Path | None = None, samples: int = 0, device: str = "auto") -> None:
        """Take the folder of imported meshes; one sample a pixel, on the CPU, is all it has."""
        only_cpu("flat", device)
        self._store = store
        self._scene: Scene | None = None
        self._meshes: list[Mesh] = []

    @classmethod
    def probe(cls, device: str = "auto") -> Probe:
        """Say what works."""
        only_cpu("flat", device)
        return Probe(f"NumPy {np.__version__}, float64 ray casting", "cpu", 1)

    def load(self, scene: Scene) -> None:
        """Take a scene and load its meshes.

        Raises:
            AssetError: an imported mesh is not in the store.
        """
        self._meshes = [load_model(node.shape, self._store).parts[node.part].mesh for node in scene.nodes]
        self._scene = scene

    def render(self, camera: Camera, t: float = 0.0) -> Frame:
        """Take a picture: rgb, node_ids, depth and normals (shading, camera frame, facing the viewer).

        And the distance along the ray, for lenses that are not planar.

        Raises:
            RenderError: no scene is loaded.
        """
        if self._scene is None:
            raise RenderError("no scene is loaded; call load(scene) before render(camera)")
        origins, directions = camera.pixel_rays(t)
        # Under a rolling shutter each row has an eye of its own.
        bundles = [(origins, directions.reshape(-1, 3))]
        if camera.rolls:
            bundles = [(origins[row, 0], directions[row]) for row in range(camera.height)]
        seen = [self._look(eye, rays, camera, t) for eye, rays in bundles]
        size = (camera.height, camera.width)
        steps = np.concatenate([nearest.steps for nearest in seen]).reshape(size)
        node_ids = np.concatenate([nearest.node_ids for nearest in seen]).reshape(size)
        normals = np.concatenate([nearest.normals for nearest in seen]).reshape(*size, 3)
        # The rows' own axes: x, y and z of the camera when the row looks, in its columns.
        axes = camera.world_from_camera(camera.row_times(t))[:, :3, :3]
        along = np.ones(size) if camera.lens.planar else np.einsum("hwi,hi->hw", directions, axes[:, :, 2])
        layers = {
            "rgb": self._colors()[node_ids],
            "node_ids": node_ids,
            "depth": np.where(node_ids > 0, steps * along, np.inf).astype(np.float32),
            "normals": np.einsum("hwi,hij->hwj", normals, axes).astype(np.float32),
        }
        if not camera.lens.planar:
            layers["distance"] = steps.astype(np.float32)
        return Frame(camera, t, layers)

    def close(self) -> None:
        """Let go of the scene."""
        self._scene, self._meshes = None, []

    def _look(self, eye: np.ndarray, rays: np.ndarray, camera: Camera, t: float) -> _Nearest:
        """Follow rays (R, 3), world frame, from one eye (3,)."""
        assert self._scene is not None
        nearest = _Nearest(
            np.full(len(rays), np.inf), np.zeros(len(rays), np.int32), np.zeros((len(rays), 3))
        )
        for index, world_from_node in enumerate(self._scene.world_from_nodes(t)):
            _hit_node(nearest, eye, rays, self._meshes[index], world_from_node, index + 1, camera)
        return nearest

    def _colors(self) -> np.ndarray:
        """Return the colour of every value of the id image, (N + 1, 3) uint8 sRGB."""
        assert self._scene is not None
        look = self._scene.spec.look
        colors = [look.backdrop, *(look.material(node).base_color for node in self._scene.nodes)]
        return np.round(np.array(colors) * 255).astype(np.uint8)


def _hit_node(
    nearest: _Nearest,
    eye: np.ndarray,
    rays: np.ndarray,
    mesh: Mesh,
    world_from_node: np.ndarray,
    node_id: int,
    camera: Camera,
) -> None:
    """Test rays against one node; only those that meet its bounding sphere. A ray of nan meets nothing."""
    vertices = transform(world_from_node, mesh.vertices) - eye
    normals = mesh.normals @ world_from_node[:3, :3].T
    middle = (vertices.min(0) + vertices.max(0)) / 2
    radius = np.linalg.norm(vertices - middle, axis=1).max()
    # Distance of a point from a line through the origin: |middle x ray| / |ray|.
    apart = np.linalg.norm(np.cross(middle, rays), axis=1) / np.linalg.norm(rays, axis=1)
    candidates = np.flatnonzero(apart <= radius * (1 + 1e-9))
    chunk = max(1, PAIRS // len(mesh.faces))
    for first in range(0, len(candidates), chunk):
        chosen = candidates[first : first + chunk]
        face, steps, weights = _first_hits(rays[chosen], vertices[mesh.faces], camera.near, camera.far)
        closer = steps < nearest.steps[chosen]
        chosen, face, weights = chosen[closer], face[closer], weights[closer]
        nearest.steps[chosen] = steps[closer]
        nearest.node_ids[chosen] = node_id
        shading = np.einsum("nk,nkd->nd", weights, normals[mesh.faces[face]])
        shading /= np.linalg.norm(shading, axis=1, keepdims=True)
        a, b, c = np.moveaxis(vertices[mesh.faces[face]], 1, 0)
        behind = np.einsum("nd,nd->n", np.cross(b - a, c - a), rays[chosen]) > 0
        nearest.normals[chosen] = np.where(behind[:, None], -shading, shading)


def _first_hits(
    rays: np.ndarray, corners: np.ndarray, near: float, far: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the nearest triangle (F, 3, 3) that rays (R, 3) from the origin meet after [near, far] steps.

    A ray d from the origin passes through the triangle abc when the volumes d.(b x c), d.(c x a), d.(a x b)
    have one sign; their shares are the weights of a, b, c in the point hit, and a.(b x c) over their sum is
    how many times d that point is away: its steps.

    Returns:
        face (R,), steps (R,) inf for none, weights (R, 3).

    Source: Moeller & Trumbore, "Fast, minimum storage ray/triangle intersection" (1997), with the ray's
        origin at 0, where Cramer's rule takes this form.
    """
    a, b, c = np.moveaxis(corners, 1, 0)
    sides = np.stack([np.cross(b, c), np.cross(c, a), np.cross(a, b)])
    volumes = np.einsum("rd,kfd->krf", rays, sides, optimize=True)
    whole = volumes.sum(0)
    inside = (volumes >= 0).all(0) | (volumes <= 0).all(0)
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.einsum("fd,fd->f", a, sides[0]) / whole
    steps = np.where(inside & (whole != 0) & (steps >= near) & (steps <= far), steps, np.inf)
    face = steps.argmin(1)
    row = np.arange(len(rays))
    shares = volumes[:, row, face].T
    total = np.where(whole[row, face] != 0, whole[row, face], 1)[:, None]
    return face, steps[row, face], shares / total
