"""The silhouettes of objects from the scene's geometry, for renderers that make none and for any lens.

Where straight edges stay straight, triangles are filled; elsewhere the lens's own rays are cast at one object
at a time (`simdata.sighting` says which rays may meet it). Both test pixel centres, as every label here does.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import numpy as np

from simdata.camera import Camera
from simdata.coverage import Surface, covered, surface_of
from simdata.geometry import invert, transform
from simdata.raycast import RayScene, ray_scene
from simdata.scene import Scene
from simdata.sighting import sightings
from simdata.silhouette import Silhouette, keeps_lines_straight, window

RAYS = 1 << 16  # rays at a time: some MB of temporaries


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
        places = sightings(scene, camera, t, store, instances=wanted)
        return {instance: _by_rays(rays, camera, t, instance, places[instance]) for instance in wanted}
    camera_from_world, surfaces = invert(camera.world_from_camera(t)), _surfaces(scene)
    found = {}
    for instance in wanted:
        vertices, faces = rays.triangles(t, only_instance=instance)
        if instance not in surfaces:
            surfaces[instance] = surface_of(faces)
        found[instance] = _by_faces(camera, transform(camera_from_world, vertices), surfaces[instance])
    return found


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


def _by_rays(rays: RayScene, camera: Camera, t: float, instance: int, place: Silhouette) -> Silhouette:
    """Cast the rays of the pixels at which an object may be seen."""
    rows, columns = np.nonzero(place.mask)
    mask = np.zeros(place.mask.shape, bool)
    for i in range(0, len(rows), RAYS):
        part = rows[i : i + RAYS], columns[i : i + RAYS]
        origins, directions = camera.rays_at(part[1] + place.x, part[0] + place.y, t)
        mask[part] = rays.meets(
            origins, directions, t, only_instance=instance, near=camera.near, far=camera.far
        )
    return Silhouette(place.x, place.y, mask).trimmed()
