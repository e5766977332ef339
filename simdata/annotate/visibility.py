"""How much of every labelled instance others hide, and whether the image's edge cuts it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simdata.annotation import Labels
from simdata.camera import Camera
from simdata.frame import Frame
from simdata.geometry import invert, transform
from simdata.raycast import RayScene, ray_scene
from simdata.scene import Scene

# Metres by which a renderer's depth may be off: what it drew this little behind an object still hides it.
DEPTH_SLACK = 1e-3
# Pixels by which a face's box is widened, so that rounding never loses a centre on its very edge.
EDGE = 1e-6
PAIRS = 1 << 20  # most (face, pixel) pairs worth listing; beyond that a search tree is faster

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 pixels, ends excluded


class Visibility:
    """`visible_fraction`, `hidden_area` and `truncated` of each labelled instance with a visible pixel.

    `hidden_area` counts the pixel centres inside the image where the instance, were it alone, would be seen
    but something nearer is. `visible_fraction` = visible / (visible + hidden). `truncated` says whether part
    of it lies outside the image, or nearer than the camera sees.
    """

    def __init__(self, *, store: Path | None = None) -> None:
        """Take the folder of imported meshes."""
        self._store = store

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        """Label one frame."""
        rays = ray_scene(scene, self._store)
        instance_ids = scene.instance_of_node[frame.node_ids]
        counts = np.bincount(instance_ids.ravel())
        seen = np.flatnonzero(counts[1:]) + 1
        return Labels(
            instances={int(i): _measure(frame, rays, instance_ids, int(i), int(counts[i])) for i in seen}
        )


def _measure(
    frame: Frame, rays: RayScene, instance_ids: np.ndarray, instance: int, visible: int
) -> dict[str, Any]:
    camera = frame.camera
    vertices, faces = rays.triangles(frame.t, only_instance=instance)
    vertices = transform(invert(camera.world_from_camera(frame.t)), vertices)
    nearest, farthest = vertices[:, 2].min(), vertices[:, 2].max()
    bounded = camera.lens.lens == "pinhole" and camera.near <= nearest and farthest <= camera.far
    box, cut = _projected_box(camera, vertices) if bounded else ((0, 0, camera.width, camera.height), True)
    window = (slice(box[1], box[3]), slice(box[0], box[2]))
    # Only where something else is seen, nearer than the instance's farthest point, can it be hidden.
    depth, other = frame.depth[window], instance_ids[window] != instance
    depth = np.where(other & (depth < farthest + DEPTH_SLACK), depth, np.inf)
    hidden = _count_by_faces(camera, vertices, faces, depth, box) if bounded else None
    if hidden is None:
        hidden = _count_by_rays(frame, rays, instance, depth, box)
    return {"visible_fraction": visible / (visible + hidden), "hidden_area": hidden, "truncated": cut}


def _projected_box(camera: Camera, points: np.ndarray) -> tuple[Box, bool]:
    """Return the pixels that may show points (V, 3), camera frame, and whether some are outside the image."""
    pixels = camera.lens.project(points)
    low, high = pixels.min(0), pixels.max(0)
    size = np.array([camera.width, camera.height])
    cut = bool((low < 0).any() or (high > size).any())
    x0, y0 = np.clip(np.floor(low), 0, size).astype(int)
    x1, y1 = np.clip(np.ceil(high), 0, size).astype(int)
    return (int(x0), int(y0), int(x1), int(y1)), cut


def _count_by_rays(frame: Frame, rays: RayScene, instance: int, depth: np.ndarray, box: Box) -> int:
    """Count the pixels of a window at which the instance alone would be seen, behind what is seen there.

    `depth` (h, w) is of what is seen in front; inf where nothing can hide the instance. Works for any lens.
    """
    camera, (rows, columns) = frame.camera, np.nonzero(np.isfinite(depth))
    world_from_camera = camera.world_from_camera(frame.t)
    directions = _rays(camera, rows, columns, box) @ world_from_camera[:3, :3].T
    eye, near, far = world_from_camera[:3, 3], camera.near, camera.far
    alone = rays.cast(eye, directions, frame.t, only_instance=instance, near=near, far=far).distance
    return int(np.count_nonzero(np.isfinite(alone) & (alone >= depth[rows, columns] - DEPTH_SLACK)))


def _count_by_faces(
    camera: Camera, vertices: np.ndarray, faces: np.ndarray, depth: np.ndarray, box: Box
) -> int | None:
    """Count the same for a pinhole and vertices (V, 3), camera frame, all between near and far.

    Edges stay straight then, so few faces come near the few pixels that matter, and testing those spares
    building a search tree for every instance of every new scene. None where it would not be few.

    Source: Moeller & Trumbore (1997) with the ray's origin at 0: a ray passes through abc when the volumes
        d.(b x c), d.(c x a), d.(a x b) have one sign; a.(b x c) over their sum is the depth.
    """
    pairs = _near_pairs(camera.lens.project(vertices) - box[:2], faces, np.isfinite(depth))
    if pairs is None:
        return None
    near, face, pixel = pairs
    rays = _rays(camera, *np.divmod(pixel, depth.shape[1]), box)
    a, b, c = (vertices[faces[near, k]] for k in range(3))
    sides = [np.cross(b, c), np.cross(c, a), np.cross(a, b)]
    volumes = np.stack([np.einsum("ni,ni->n", rays, side[face]) for side in sides])
    through = ((volumes >= 0).all(0) | (volumes <= 0).all(0)) & volumes.any(0)
    met = np.einsum("ni,ni->n", a, sides[0])[face[through]] / volumes[:, through].sum(0)
    alone = np.full(depth.size, np.inf)
    np.minimum.at(alone, pixel[through], met)
    return int(np.count_nonzero(np.isfinite(alone) & (alone >= depth.ravel() - DEPTH_SLACK)))


def _near_pairs(
    corners: np.ndarray, faces: np.ndarray, wanted: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray] | None:
    """Pair faces (F, 3) of corners (V, 2) pixels with the wanted (h, w) pixel centres in their boxes.

    Returns the faces near any, (M,); for each pair which of those, (n,), and the flat pixel, (n,). None if
    there are too many to list.
    """
    size = np.array(wanted.shape[::-1])
    a, b, c = (corners[faces[:, k]] for k in range(3))
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    x0, y0 = np.clip(np.ceil(low - 0.5 - EDGE), 0, size).astype(int).T
    x1, y1 = np.clip(np.floor(high + 0.5 + EDGE), 0, size).astype(int).T
    table = np.zeros(size[::-1] + 1, int)
    table[1:, 1:] = wanted.cumsum(0).cumsum(1)
    held = table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]
    near = np.flatnonzero((held > 0) & (x1 > x0) & (y1 > y0))
    x0, y0, wide, high_px = x0[near], y0[near], (x1 - x0)[near], (y1 - y0)[near]
    counts = wide * high_px
    if counts.sum() > PAIRS:
        return None
    face = np.repeat(np.arange(len(near)), counts)
    row, column = np.divmod(np.arange(len(face)) - np.repeat(np.cumsum(counts) - counts, counts), wide[face])
    pixel = (y0[face] + row) * size[0] + x0[face] + column
    kept = wanted.ravel()[pixel]
    return near, face[kept], pixel[kept]


def _rays(camera: Camera, rows: np.ndarray, columns: np.ndarray, box: Box) -> np.ndarray:
    """Return the rays (n, 3), camera frame, of pixel centres counted from a window's corner."""
    return camera.lens.rays(np.stack([columns + (box[0] + 0.5), rows + (box[1] + 0.5)], -1))
