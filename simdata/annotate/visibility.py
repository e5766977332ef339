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
EDGE = 1e-9
SPANS = 1 << 20  # most rows of faces worth listing; beyond that a search tree is faster

Box = tuple[int, int, int, int]  # x0, y0, x1, y1 pixels, ends excluded


class Visibility:
    """`visible_fraction`, `hidden_area` and `truncated` of each labelled instance with a visible pixel.

    `hidden_area` counts the pixel centres inside the image where the instance, were it alone, would be seen
    but something nearer is. `visible_fraction` = visible / (visible + hidden). `truncated` says whether part
    of it lies outside the image, or nearer or farther than the camera sees.
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
    straight = camera.lens.lens == "pinhole" and camera.near <= nearest and farthest <= camera.far
    box, truncated = _projected_box(camera, vertices)
    if not straight:
        box = (0, 0, camera.width, camera.height)
    window = (slice(box[1], box[3]), slice(box[0], box[2]))
    # Only where something else is seen, nearer than the instance's farthest point, can it be hidden.
    depth, other = frame.depth[window], instance_ids[window] != instance
    depth = np.where(other & (depth < farthest + DEPTH_SLACK), depth, np.inf)
    hidden = None
    if straight:
        hidden = _count_by_faces(camera.lens.project(vertices) - box[:2], faces, np.isfinite(depth))
    if hidden is None:
        hidden = _count_by_rays(frame, rays, instance, depth, box)
    return {"visible_fraction": visible / (visible + hidden), "hidden_area": hidden, "truncated": truncated}


def _projected_box(camera: Camera, points: np.ndarray) -> tuple[Box, bool]:
    """Return the pixels that may show points (V, 3), camera frame, and whether some cannot be seen there."""
    pixels, z = camera.lens.project(points), points[:, 2]
    low, high = np.nan_to_num(pixels.min(0)), np.nan_to_num(pixels.max(0))  # nan where some are behind
    size = np.array([camera.width, camera.height])
    outside = (low < 0).any() or (high > size).any() or z.min() < camera.near or z.max() > camera.far
    x0, y0 = np.clip(np.floor(low), 0, size).astype(int)
    x1, y1 = np.clip(np.ceil(high), 0, size).astype(int)
    return (int(x0), int(y0), int(x1), int(y1)), bool(outside)


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


def _count_by_faces(pixels: np.ndarray, faces: np.ndarray, wanted: np.ndarray) -> int | None:
    """Count the same for a pinhole and vertices (V, 2), window pixels, all in front of the near plane.

    Edges stay straight then, so each face covers one span of each row: filling spans spares building a
    search tree for every instance of every new scene. `wanted` (h, w) are the pixels that can hide the
    instance. None where the spans are too many to list.
    """
    corners = _near_faces(pixels, faces, wanted)
    first = np.ceil(corners[..., 1].min(0) - 0.5 - EDGE).clip(0).astype(int)
    last = np.floor(corners[..., 1].max(0) - 0.5 + EDGE).clip(max=wanted.shape[0] - 1).astype(int)
    counts = (last - first + 1).clip(0)
    if counts.sum() > SPANS:
        return None
    face = np.repeat(np.arange(len(counts)), counts)
    row = np.arange(len(face)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    left, right = _spans(corners, face, row + 0.5)
    width = wanted.shape[1]
    x0 = np.ceil(left - 0.5 - EDGE).clip(0, width)
    x1 = np.floor(right + 0.5 + EDGE).clip(x0, width)
    change = np.bincount((row * (width + 1) + x0).astype(int), minlength=wanted.shape[0] * (width + 1))
    change -= np.bincount((row * (width + 1) + x1).astype(int), minlength=len(change))
    covered = change.reshape(-1, width + 1)[:, :-1].cumsum(1) > 0
    return int(np.count_nonzero(covered & wanted))


def _near_faces(pixels: np.ndarray, faces: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Pick the faces whose box holds a wanted (h, w) pixel centre; their corners, (3, M, 2) pixels."""
    size = np.array(wanted.shape[::-1])
    a, b, c = (pixels[faces[:, k]] for k in range(3))
    low, high = np.minimum(np.minimum(a, b), c), np.maximum(np.maximum(a, b), c)
    x0, y0 = np.clip(np.ceil(low - 0.5 - EDGE), 0, size).astype(int).T
    x1, y1 = np.clip(np.floor(high + 0.5 + EDGE), 0, size).astype(int).T
    table = np.zeros(size[::-1] + 1, int)  # wanted pixels above and left of each corner
    table[1:, 1:] = wanted.cumsum(0).cumsum(1)
    held = table[y1, x1] - table[y0, x1] - table[y1, x0] + table[y0, x0]
    near = (held > 0) & (x1 > x0) & (y1 > y0)
    return np.stack([a[near], b[near], c[near]])


def _spans(corners: np.ndarray, face: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return where rows at y (n,) enter and leave their faces (3, M, 2), (n,) each; inf, -inf for a miss."""
    left, right = np.full(len(y), np.inf), np.full(len(y), -np.inf)
    for k in range(3):
        (xa, ya), (xb, yb) = corners[k].T, corners[(k + 1) % 3].T
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (xb - xa) / (yb - ya)
            x = xa[face] + (y - ya[face]) * slope[face]
        crossed = (np.minimum(ya, yb)[face] <= y + EDGE) & (y - EDGE <= np.maximum(ya, yb)[face])
        crossed &= np.isfinite(x)
        x = np.clip(x, np.minimum(xa, xb)[face], np.maximum(xa, xb)[face])
        left = np.where(crossed, np.minimum(left, x), left)
        right = np.where(crossed, np.maximum(right, x), right)
    return left, right


def _rays(camera: Camera, rows: np.ndarray, columns: np.ndarray, box: Box) -> np.ndarray:
    """Return the rays (n, 3), camera frame, of pixel centres counted from a window's corner."""
    return camera.lens.rays(np.stack([columns + (box[0] + 0.5), rows + (box[1] + 0.5)], -1))
