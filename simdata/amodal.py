"""The silhouettes of objects from the scene's geometry, for renderers that make none and for any lens.

Where straight edges stay straight, triangles are filled; elsewhere the lens's own rays are cast at one object
at a time. Both test pixel centres, as every label here does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from simdata.asset import load_model
from simdata.camera import Camera
from simdata.coverage import Surface, covered, surface_of
from simdata.geometry import invert, transform
from simdata.raycast import RayScene, ray_scene
from simdata.scene import Scene
from simdata.silhouette import Silhouette, Window, keeps_lines_straight, margin, window

RAYS = 1 << 16  # rays at a time: their temporaries stay in the cache


def silhouettes(
    scene: Scene,
    camera: Camera,
    t: float = 0.0,
    store: Path | None = None,
    *,
    instances: Iterable[int] | None = None,
) -> dict[int, Silhouette]:
    """Find every pixel at which each object, were it alone, would be seen. An object is all of its nodes.

    Args:
        scene: what is there.
        camera: who looks.
        t: one of the scene's instants, seconds.
        store: the folder of imported meshes.
        instances: which instance ids; None for all that are labelled.

    Returns:
        instance id -> silhouette, by rising id; one without a pixel for an object that cannot be seen.

    Raises:
        AssetError: an imported mesh is not in `store`.
    """
    rays = ray_scene(scene, store)
    labelled = sorted({node.instance for node in scene.nodes if node.labelled})
    wanted = labelled if instances is None else sorted(instances)
    if not keeps_lines_straight(camera):
        return _by_rays(rays, camera, t, wanted)
    camera_from_world, surfaces = invert(camera.world_from_camera(t)), _surfaces(scene)
    found = {}
    for instance in wanted:
        vertices, faces = rays.triangles(t, only_instance=instance)
        if instance not in surfaces:
            surfaces[instance] = surface_of(faces)
        found[instance] = _by_faces(camera, transform(camera_from_world, vertices), surfaces[instance])
    return found


def beyond_reach(
    scene: Scene, camera: Camera, t: float = 0.0, store: Path | None = None, *, instances: Iterable[int]
) -> set[int]:
    """Find the objects of which a part lies nearer than the camera's near plane or farther than its far.

    Raises:
        AssetError: an imported mesh is not in `store`.
    """
    camera_from_world, rays = invert(camera.world_from_camera(t)), ray_scene(scene, store)
    depth = camera_from_world[2] @ scene.world_from_nodes(t)  # (N, 4): z = depth . (x, y, z, 1) of the node
    corners = depth[:, None, :3] * _bounds(scene, store)
    low, high = corners.min(1).sum(1) + depth[:, 3], corners.max(1).sum(1) + depth[:, 3]
    doubtful = np.flatnonzero((low < camera.near) | (high > camera.far))
    found = set()
    for instance in {scene.nodes[i].instance for i in doubtful}.intersection(instances):
        z = transform(camera_from_world, rays.triangles(t, only_instance=instance)[0])[:, 2]
        if z.min() < camera.near or z.max() > camera.far:
            found.add(instance)
    return found


@lru_cache(maxsize=2)
def _bounds(scene: Scene, store: Path | None) -> np.ndarray:
    """Return the lowest and highest corner of each node's mesh, (N, 2, 3) metres, node frame."""
    meshes = (load_model(node.shape, store).parts[node.part].mesh for node in scene.nodes)
    return np.reshape([mesh.bounds for mesh in meshes], (-1, 2, 3))


@lru_cache(maxsize=2)
def _surfaces(scene: Scene) -> dict[int, Surface]:
    """Remember the surfaces of a scene's objects (by identity), which its views and instants share."""
    return {}


def _by_faces(camera: Camera, vertices: np.ndarray, surface: Surface) -> Silhouette:
    """Fill a surface, vertices (V, 3) camera frame, as far as it lies between near and far."""
    x0, y0, x1, y1 = window(camera, vertices)
    depth = vertices[:, 2]
    if depth.min() < camera.near or depth.max() > camera.far:
        corners = _cut(vertices[surface.faces], depth[surface.faces] - camera.near)
        corners = _cut(corners, camera.far - corners[..., 2])
        vertices, surface = corners.reshape(-1, 3), surface_of(np.arange(3 * len(corners)).reshape(-1, 3))
    pixels = camera.lens.project(vertices) - (x0, y0)
    return Silhouette(x0, y0, covered(pixels, surface, x1 - x0, y1 - y0)).trimmed()


def _cut(corners: np.ndarray, height: np.ndarray) -> np.ndarray:
    """Cut triangles (F, 3, 3) by a plane; keep what lies above it, given each corner's height (F, 3).

    Where the plane parts one corner from the other two, a triangle or two remain on the side that is kept.
    """
    above = height >= 0
    count = above.sum(1)
    alone = np.where(count == 1, above.argmax(1), above.argmin(1))
    order = (alone[:, None] + np.arange(3)) % 3
    a, b, c = np.moveaxis(np.take_along_axis(corners, order[..., None], 1), 1, 0)
    height = np.take_along_axis(height, order, 1)[..., None]
    with np.errstate(divide="ignore", invalid="ignore"):  # of triangles that are not parted
        ab = a + (b - a) * (height[:, 0] / (height[:, 0] - height[:, 1]))
        ac = a + (c - a) * (height[:, 0] / (height[:, 0] - height[:, 2]))
    tip, stump = count == 1, count == 2
    return np.concatenate(
        [
            corners[count == 3],
            np.stack([a, ab, ac], 1)[tip],
            np.stack([ab, b, c], 1)[stump],
            np.stack([ab, c, ac], 1)[stump],
        ]
    )


def _by_rays(rays: RayScene, camera: Camera, t: float, wanted: Iterable[int]) -> dict[int, Silhouette]:
    """Cast the rays of all pixels, some rows at a time, at each body whose bounding ball they pass."""
    balls = {instance: _ball(rays.triangles(t, only_instance=instance)[0]) for instance in wanted}
    x0, y0, x1, y1 = margin(camera)
    found: dict[int, list[np.ndarray]] = {instance: [] for instance in balls}
    for top in range(y0, y1, step := max(1, RAYS // (x1 - x0))):
        origins, directions = _pixel_rays(camera, (x0, top, x1, min(top + step, y1)), t)
        lines = _Lines(origins, directions)
        for instance, ball in balls.items():
            close = np.flatnonzero(lines.pass_by(*ball))
            rows, columns = np.divmod(close, x1 - x0)
            hits = rays.cast(
                origins[rows, columns],
                directions[rows, columns],
                t,
                only_instance=instance,
                near=camera.near,
                far=camera.far,
            )
            found[instance].append(np.stack([columns + x0, rows + top], -1)[hits.node_ids > 0])
    return {instance: _of_pixels(np.concatenate(parts)) for instance, parts in found.items()}


def _pixel_rays(camera: Camera, pixels: Window, t: float) -> tuple[np.ndarray, np.ndarray]:
    """Return origins and directions (h, w, 3), world frame, of a window's pixels; nan where none is."""
    x0, y0, x1, y1 = pixels
    centers = np.stack(np.meshgrid(np.arange(x0, x1) + 0.5, np.arange(y0, y1) + 0.5), -1)
    world_from_camera = camera.world_from_camera(t)
    directions = camera.lens.rays(centers) @ world_from_camera[:3, :3].T
    return np.broadcast_to(world_from_camera[:3, 3], directions.shape), directions


def _ball(points: np.ndarray) -> tuple[np.ndarray, float]:
    """Return middle (3,) and radius of a ball that holds points (V, 3)."""
    middle = (points.min(0) + points.max(0)) / 2
    return middle, float(np.linalg.norm(points - middle, axis=1).max())


class _Lines:
    """Rays (..., 3), laid out so that asking all of them about one ball is quick."""

    def __init__(self, origins: np.ndarray, directions: np.ndarray) -> None:
        self._origins = np.ascontiguousarray(origins.reshape(-1, 3).T)
        towards = np.ascontiguousarray(directions.reshape(-1, 3).T)
        self._towards = towards / np.sqrt(np.einsum("in,in->n", towards, towards))

    def pass_by(self, middle: np.ndarray, radius: float) -> np.ndarray:
        """Tell which pass a ball, (n,) bool, with a hair granted to rounding; never one of nan."""
        arms = middle[:, None] - self._origins
        along = np.einsum("in,in->n", arms, self._towards)
        apart = np.einsum("in,in->n", arms, arms) - along**2  # squared
        return (apart <= radius**2 * (1 + 1e-6)) & (along >= -radius)


def _of_pixels(pixels: np.ndarray) -> Silhouette:
    """Make a silhouette of pixels (n, 2), column then row."""
    if len(pixels) == 0:
        return Silhouette(0, 0, np.zeros((0, 0), bool))
    (x, y), (right, bottom) = pixels.min(0), pixels.max(0)
    mask = np.zeros((bottom - y + 1, right - x + 1), bool)
    mask[pixels[:, 1] - y, pixels[:, 0] - x] = True
    return Silhouette(int(x), int(y), mask)
