"""A scene at one instant on the device: geometry, and where every node is for whoever looks."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy

import moderngl
import numpy as np

from simdata.geometry import invert, transform
from simdata.mesh import Mesh
from simdata.render.caster import world_corners
from simdata.render.gl.geometry import Geometry
from simdata.render.gl.view import View
from simdata.scene import Scene


class Stage:
    """What every pass draws.

    Args:
        context: where it is put.
        scene: with its motion.
        meshes: of its nodes.
        geometry: the same on the device.
    """

    def __init__(
        self, context: moderngl.Context, scene: Scene, meshes: Sequence[Mesh], geometry: Geometry
    ) -> None:
        self.scene, self.geometry = scene, geometry
        self.bounds = [mesh.bounds for mesh in meshes]
        self._corners: dict[float, np.ndarray] = {}
        self._poses = context.buffer(reserve=max(64 * len(meshes), 64))
        # Objects stand before scenery: what is drawn first spares what comes behind it.
        self.nodes = sorted(range(len(meshes)), key=lambda k: (scene.nodes[k].instance == 0, -k))

    def corners(self, t: float) -> np.ndarray:
        """Return the corners of every node's box at an instant, (N, 8, 3) metres, world frame."""
        if t not in self._corners:
            self._corners = {t: world_corners(self.scene, self.bounds, t)}
        return self._corners[t]

    def within(self, view: View, t: float, rows: tuple[int, int] | None = None) -> list[int]:
        """Return the nodes whose boxes reach into some rows (first, end) of a view, or into all of it.

        A box is left out when all its corners are beyond one side of the frustum.

        Source: Assarsson & Moeller, "Optimized View Frustum Culling Algorithms for Bounding Boxes" (2000).
        """
        corners = transform(invert(view.world_from_view), self.corners(t))
        x, y, z = np.moveaxis(corners @ view.matrix.T, -1, 0)
        first, end = rows or (0, view.height)
        sides = np.stack([x, view.width * z - x, y - first * z, end * z - y, z - view.near, view.far - z])
        reaching = set(np.flatnonzero((sides >= 0).any(-1).all(0)).tolist())
        return [node for node in self.nodes if node in reaching]

    def look(self, world_from_view: np.ndarray, t: float) -> None:
        """Put every node where a viewer (4, 4) sees it at an instant of the scene, seconds."""
        view_from_node = invert(world_from_view) @ self.scene.world_from_nodes(t)
        self._poses.write(columns(view_from_node) or bytes(64))
        self._poses.bind_to_storage_buffer(0)

    def scenery(self) -> Stage:
        """Return the same stage without its objects; only this one is released."""
        bare = copy(self)
        bare.nodes = [node for node in self.nodes if self.scene.nodes[node].instance == 0]
        return bare

    def release(self) -> None:
        """Give the poses back; the geometry may serve another look."""
        self._poses.release()


def columns(matrices: np.ndarray) -> bytes:
    """Return matrices (..., 4, 4) as OpenGL stores them."""
    return np.swapaxes(matrices, -1, -2).astype(np.float32).tobytes()
