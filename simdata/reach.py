"""Which objects reach nearer than a camera's near plane or farther than its far."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np
from trimesh.triangles import closest_point

from simdata.asset import load_model
from simdata.camera import Camera
from simdata.raycast import ray_scene
from simdata.scene import Scene

INSTANTS = 33  # of a rolling shutter at which objects are measured


def beyond_reach(
    scene: Scene, camera: Camera, t: float = 0.0, store: Path | None = None, *, instances: Iterable[int]
) -> set[int]:
    """Find the objects of which a part lies nearer than the camera's near or farther than its far.

    That is along z, or from the eye for a lens that is not planar. Under a rolling shutter it is at any of 33
    instants from the first row to the last, whether or not that row sees the object.

    Raises:
        AssetError: an imported mesh is not in `store`.
    """
    rows = camera.row_times(t)
    poses = camera.world_from_camera(np.linspace(rows[0], rows[-1], INSTANTS if camera.rolls else 1))
    matrices, balls = scene.world_from_nodes(t), _balls(scene, store)
    middles = np.einsum("nij,nj->ni", matrices[:, :3, :3], balls[:, :3]) + matrices[:, :3, 3]
    away = _away(camera, poses, middles)
    doubtful = ((away - balls[:, 3] < camera.near) | (away + balls[:, 3] > camera.far)).any(0)
    found = set()
    for instance in {scene.nodes[i].instance for i in np.flatnonzero(doubtful)}.intersection(instances):
        vertices, faces = ray_scene(scene, store).triangles(t, only_instance=instance)
        away = _away(camera, poses, vertices)
        nearest = away.min() if camera.lens.planar else _nearest(poses, vertices[faces])
        if nearest < camera.near or away.max() > camera.far:
            found.add(instance)
    return found


def _away(camera: Camera, poses: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Measure how far points (n, 3) are from each pose, as near and far are measured: (P, n) metres."""
    arms = points - poses[:, None, :3, 3]
    if camera.lens.planar:
        return np.einsum("pni,pi->pn", arms, poses[:, :3, 2])
    return np.linalg.norm(arms, axis=-1)


def _nearest(poses: np.ndarray, corners: np.ndarray) -> float:
    """Return the least distance from any pose's eye to triangles (F, 3, 3): it may be inside a face."""
    eyes = poses[:, :3, 3]
    gaps = (
        np.linalg.norm(closest_point(corners, np.tile(eye, (len(corners), 1))) - eye, axis=1) for eye in eyes
    )
    return min(float(gap.min()) for gap in gaps)


@lru_cache(maxsize=2)
def _balls(scene: Scene, store: Path | None) -> np.ndarray:
    """Return a ball that holds each node, (N, 4): middle, node frame, and radius, metres."""
    meshes = (load_model(node.shape, store).parts[node.part].mesh for node in scene.nodes)
    bounds = np.reshape([mesh.bounds for mesh in meshes], (-1, 2, 3))
    radii = np.linalg.norm(bounds[:, 1] - bounds[:, 0], axis=1) / 2
    return np.column_stack([bounds.mean(1), radii])
