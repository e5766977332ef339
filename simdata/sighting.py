"""Where in an image each object may be seen, never missing a pixel: what is worth casting at.

Every face of an object lies in one of a few balls. Of a ball, a lens says in which window of its image it may
be seen (`Intrinsics.windows`). Under a rolling shutter each band of rows has a pose of its own, and a ball
grows by as far as it moves before that pose while the band is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np

from simdata.asset import load_model
from simdata.camera import Camera
from simdata.geometry import invert, transform
from simdata.mesh import Mesh
from simdata.scene import Scene
from simdata.silhouette import Silhouette, Window, margin

CELLS = 5  # balls along a node's longest side: more fit it closer, but each costs a few microseconds
CUTS = 8  # halvings of a long face at most
BANDS = 24  # of rows under a rolling shutter, of the image and its margin


def sightings(
    scene: Scene, camera: Camera, t: float = 0.0, store: Path | None = None, *, instances: Iterable[int]
) -> dict[int, Silhouette]:
    """Find pixels among which is every one at which each object, were it alone, would be seen.

    Returns:
        instance id -> pixels within `margin`; with a tight mask, of no pixel for what the lens cannot see.

    Raises:
        AssetError: an imported mesh is not in `store`.
    """
    matrices, balls = scene.world_from_nodes(t), _balls(scene, store)
    placed = [transform(matrix, ball[:, :3]) for matrix, ball in zip(matrices, balls, strict=True)]
    middles = np.concatenate([np.zeros((0, 3)), *placed])
    radii = np.concatenate([np.zeros(0), *(ball[:, 3] for ball in balls)])
    owners = np.repeat([node.instance for node in scene.nodes], [len(ball) for ball in balls])
    windows = np.stack(list(_windows(camera, t, middles, radii)))
    return {instance: _union(windows[:, owners == instance].reshape(-1, 4)) for instance in instances}


def _windows(camera: Camera, t: float, middles: np.ndarray, radii: np.ndarray) -> Iterator[np.ndarray]:
    """Yield windows (n, 4) of balls, middles (n, 3) world frame, one array for each band of rows."""
    whole = margin(camera)
    if not camera.rolls:
        yield _window(camera, t, 0.0, middles, radii, whole)
        return
    edges = np.unique(np.linspace(whole[1], whole[3], BANDS + 1).astype(int))  # a small image has fewer rows
    ever = _window(camera, *_when(camera, t, edges[0], edges[-1]), middles, radii, whole)
    for top, bottom in pairwise(edges.tolist()):
        found, band = np.zeros_like(ever), (whole[0], top, whole[2], bottom)
        here = (ever[:, 1] < bottom) & (ever[:, 3] > top)
        if here.any():
            when = _when(camera, t, top, bottom)
            found[here] = _window(camera, *when, middles[here], radii[here], band)
        yield found


def _when(camera: Camera, t: float, top: int, bottom: int) -> tuple[float, float]:
    """Return the middle of the time in which rows look, and half of its length, seconds."""
    times = camera.row_times(t, (top, bottom))
    return (times[0] + times[-1]) / 2, (times[-1] - times[0]) / 2


def _window(
    camera: Camera, time: float, rest: float, middles: np.ndarray, radii: np.ndarray, within: Window
) -> np.ndarray:
    """Return windows (n, 4) within another, of balls seen within `rest` seconds of a time."""
    seen = transform(invert(camera.world_from_camera(time)), middles)
    found = camera.lens.windows(seen, radii + _swept(camera, time, rest, middles, radii))
    found[np.isnan(found[:, 0])] = 0
    low, high = np.floor(found[:, :2]), np.ceil(found[:, 2:])
    return np.concatenate([low, high], 1).clip((*within[:2],) * 2, (*within[2:],) * 2).astype(int)


def _swept(camera: Camera, time: float, rest: float, middles: np.ndarray, radii: np.ndarray) -> np.ndarray:
    """Bound how far points of balls move before the camera within `rest` seconds of a time, (n,) metres.

    Before a camera that turns by w about a pivot that goes by v, a point x moves by |v + w x (x - pivot)|.
    """
    motion = camera.motion
    start = camera.pose.position if motion.pivot is None else motion.pivot
    ahead, turn = np.linalg.norm(motion.velocity), np.linalg.norm(motion.angular_velocity)
    away = np.linalg.norm(middles - np.add(start, np.multiply(time, motion.velocity)), axis=1)
    return rest * (ahead + turn * (away + radii + rest * ahead))


def _union(windows: np.ndarray) -> Silhouette:
    """Return the pixels of all windows (n, 4)."""
    windows = windows[(windows[:, :2] < windows[:, 2:]).all(1)]
    if len(windows) == 0:
        return Silhouette(0, 0, np.zeros((0, 0), bool))
    (left, top), (right, bottom) = windows[:, :2].min(0).tolist(), windows[:, 2:].max(0).tolist()
    mask = np.zeros((bottom - top, right - left), bool)
    for x0, y0, x1, y1 in (windows - (left, top, left, top)).tolist():
        mask[y0:y1, x0:x1] = True
    return Silhouette(left, top, mask)


@lru_cache(maxsize=2)
def _balls(scene: Scene, store: Path | None) -> Sequence[np.ndarray]:
    """Return balls that hold the faces of each node, (n, 4): middle, node frame, and radius, metres."""
    return [_balls_of(load_model(node.shape, store).parts[node.part].mesh) for node in scene.nodes]


def _balls_of(mesh: Mesh) -> np.ndarray:
    """Sort a mesh's faces, large ones cut, into a grid's cells, and return a ball about those of each."""
    low, high = mesh.bounds
    side = max(float((high - low).max()) / CELLS, 1e-9)
    corners = _cut(mesh.vertices[mesh.faces.T], side)
    place = ((corners.mean(0) - low) / side).astype(np.int64)
    order = np.argsort(cell := place @ (1, CELLS + 1, (CELLS + 1) ** 2), kind="stable")
    starts, corners = np.flatnonzero(np.diff(cell[order], prepend=-1)), corners[:, order]
    least, most = np.minimum.reduceat(corners.min(0), starts), np.maximum.reduceat(corners.max(0), starts)
    middles = (least + most) / 2
    apart = corners - np.repeat(middles, np.diff(starts, append=len(order)), axis=0)
    radii = np.sqrt(np.maximum.reduceat(np.einsum("kfi,kfi->kf", apart, apart).max(0), starts))
    return np.column_stack([middles, radii])


def _cut(corners: np.ndarray, longest: float) -> np.ndarray:
    """Quarter triangles, corners (3, F, 3), until no side is longer than that, or some are cut too often."""
    done = []
    for _ in range(CUTS):
        sides = corners - np.roll(corners, 1, axis=0)
        large = np.einsum("kfi,kfi->kf", sides, sides).max(0) > longest**2
        done.append(corners[:, ~large])
        if not large.any():
            return np.concatenate(done, 1)
        a, b, c = corners[:, large]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = [(a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca)]
        corners = np.concatenate([np.stack(three) for three in quarters], 1)
    return np.concatenate([*done, corners], 1)
