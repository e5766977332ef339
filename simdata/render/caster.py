"""What casts shadows, and the sphere within which they are drawn: the same for every renderer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simdata.geometry import transform
from simdata.scene import Scene

# What has a ceiling is a room. Where nothing has, scenery so many times wider than the objects lie is a room
# or a ground, too: it casts no shadow, so that walls keep no outdoor sun out. Under a ceiling, they do.
ROOM = 3.0
CEILING = "ceiling"


@dataclass(frozen=True, eq=False)
class Casters:
    """Nodes that cast shadows.

    Attributes:
        nodes: indices into `scene.nodes`.
        center, radius: of a sphere that holds them, metres, world frame.
        things: (4,) metres, world frame: middle and radius of a sphere that holds the objects.
        top: height of the highest of them, metres, world z.
        room: (2, 3) metres, world frame: the box of the room; empty (low above high) where there is none.
        shell: nodes of a room with a ceiling: they keep a sun out that does not come in by a window.
    """

    nodes: frozenset[int]
    center: np.ndarray
    radius: float
    things: np.ndarray
    top: float
    room: np.ndarray
    shell: frozenset[int]


def casters(scene: Scene, bounds: Sequence[np.ndarray], t: float) -> Casters:
    """Choose all but the room; where nothing has a ceiling, objects and what is not much wider than they lie.

    Args:
        scene: with its motion.
        bounds: (2, 3) metres, node frame, of each node.
        t: one of the scene's instants, seconds.
    """
    nowhere = np.array([[np.inf] * 3, [-np.inf] * 3])
    if not scene.nodes:
        return Casters(frozenset(), np.zeros(3), 1.0, np.array([0, 0, 0, 1.0]), 0.0, nowhere, frozenset())
    corners = world_corners(scene, bounds, t)
    objects = np.array([node.instance > 0 for node in scene.nodes])
    if not objects.any():
        objects[:] = True
    spread = np.linalg.norm(np.ptp(corners[objects].reshape(-1, 3), axis=0))
    sizes = np.linalg.norm(np.ptp(corners, axis=1), axis=1)
    roofed = [node.shape for node in scene.nodes if node.part == CEILING]
    inside = np.array([node.shape not in roofed for node in scene.nodes])
    casts = objects | (inside if roofed else sizes < ROOM * spread)
    ball = _ball(corners[casts])
    rooms = np.flatnonzero(~casts)
    return Casters(
        nodes=frozenset(np.flatnonzero(casts).tolist()),
        center=ball[:3],
        radius=float(ball[3]),
        things=_ball(corners[objects]),
        top=float(corners[objects][..., 2].max()),
        room=_box(corners[rooms]) if len(rooms) else nowhere,
        shell=frozenset(rooms.tolist() if roofed else ()),
    )


def _box(corners: np.ndarray) -> np.ndarray:
    """Return the low and the high corner of a box about points (..., 3): (2, 3)."""
    points = corners.reshape(-1, 3)
    return np.stack([points.min(axis=0), points.max(axis=0)])


def _ball(corners: np.ndarray) -> np.ndarray:
    """Return middle and radius of a sphere about the box of points (..., 3): (4,)."""
    low, high = _box(corners)
    return np.array([*(low + high) / 2, np.linalg.norm(high - low) / 2])


def world_corners(scene: Scene, bounds: Sequence[np.ndarray], t: float) -> np.ndarray:
    """Return the corners of every node's box, (N, 8, 3) metres, world frame."""
    corner = np.indices((2, 2, 2)).reshape(3, 8).T
    boxes = [box[corner, [0, 1, 2]] for box in bounds]
    pairs = zip(scene.world_from_nodes(t), boxes, strict=True)
    return np.reshape([transform(matrix, box) for matrix, box in pairs], (-1, 8, 3))
