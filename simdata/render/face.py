"""Colour under any lens: pinhole pictures that a rasteriser can draw, and where each ray meets them.

Only colour is resampled. Labels come from the lens's own rays (`simdata.raycast`), which no remap can give.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simdata.camera import Camera
from simdata.lens import Lens

# Rays no farther than this from the axis (as a tangent) fit one wider pinhole picture; others take a cube.
ONE_PICTURE = 1.8
# Pixels of a face for a pixel of the lens on its axis, along a side: resampling must not cost sharpness.
OVERSAMPLED = 1.25
GUARD = 2  # pixels around what the rays meet, for the filter

# Camera-from-face rotations: forward, right, left, down, up, back. Columns are the face's axes.
CUBE = np.array(
    [
        [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        [[0, 0, 1], [0, 1, 0], [-1, 0, 0]],
        [[0, 0, -1], [0, 1, 0], [1, 0, 0]],
        [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
        [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
        [[-1, 0, 0], [0, 1, 0], [0, 0, -1]],
    ],
    float,
)


@dataclass(frozen=True, eq=False)
class Face:
    """A pinhole picture beside others in one atlas.

    Attributes:
        camera_from_face: (3, 3) rotation, OpenCV axes.
        matrix: K of the picture by itself, (3, 3), pixels.
        width, height: pixels.
        left: column of the atlas at which it begins; its row is 0.
    """

    camera_from_face: np.ndarray
    matrix: np.ndarray
    width: int
    height: int
    left: int

    def pose(self, world_from_camera: np.ndarray) -> np.ndarray:
        """Return world_from_face, (4, 4)."""
        turned = world_from_camera.copy()
        turned[:3, :3] = turned[:3, :3] @ self.camera_from_face
        return turned


def face_near(camera: Camera) -> float:
    """Return the near plane of faces, metres: what a cube's corner shows is sqrt(3) times as far as deep."""
    return camera.near if camera.lens.planar else camera.near / math.sqrt(3)


def sub_rays(lens: Lens, side: int) -> np.ndarray:
    """Return the rays of `side` by `side` points inside each pixel, (side H, side W, 3); nan for none."""
    x = (np.arange(lens.width * side) + 0.5) / side
    y = (np.arange(lens.height * side) + 0.5) / side
    return lens.rays(np.stack(np.meshgrid(x, y), -1))


@lru_cache(maxsize=8)
def faces(lens: Lens, slack: float = 0.0) -> tuple[Face, ...]:
    """Return the pictures that hold all rays of a lens.

    Args:
        lens: which.
        slack: rad by which rays may turn yet (as through the rim of an aperture).
    """
    rays = sub_rays(lens, 1).reshape(-1, 3)
    rays = rays[np.isfinite(rays[:, 0])]
    focal = OVERSAMPLED * max(lens.fx, lens.fy)
    # Corners of pixels reach half a pixel beyond their centres.
    margin = GUARD + focal * (2 * slack + 0.75 / min(lens.fx, lens.fy))
    forward = rays[:, 2] > 0
    if forward.all() and (np.abs(rays[:, :2]).max(1) <= ONE_PICTURE * rays[:, 2]).all():
        parts = [(CUBE[0], rays)]
    else:
        axis = np.abs(rays).argmax(1)
        number = np.array([[1, 3, 0], [2, 4, 5]])[(rays[np.arange(len(rays)), axis] < 0).astype(int), axis]
        parts = [(CUBE[k], rays[number == k] @ CUBE[k]) for k in range(6) if (number == k).any()]
    found: list[Face] = []
    for rotation, local in parts:
        plane = focal * local[:, :2] / local[:, 2:]
        low, high = np.floor(plane.min(0) - margin), np.ceil(plane.max(0) + margin)
        width, height = (high - low).astype(int).tolist()
        matrix = np.array([[focal, 0, -low[0]], [0, focal, -low[1]], [0, 0, 1]])
        left = found[-1].left + found[-1].width if found else 0
        found.append(Face(rotation, matrix, width, height, left))
    return tuple(found)


def atlas_places(found: tuple[Face, ...], rays: np.ndarray) -> np.ndarray:
    """Return where rays (..., 3), camera frame, meet the atlas: (..., 2) pixels; nan for rays of nan."""
    local = np.stack([rays @ face.camera_from_face for face in found])
    nearest = np.nan_to_num(local[..., 2], nan=-1.0).argmax(0)
    chosen = np.take_along_axis(local, nearest[None, ..., None], 0)[0]
    matrix = np.stack([face.matrix for face in found])
    matrix[:, 0, 2] += [face.left for face in found]
    focal, middle = matrix[:, [0, 1], [0, 1]][nearest], matrix[:, :2, 2][nearest]
    return chosen[..., :2] / chosen[..., 2:] * focal + middle


@lru_cache(maxsize=8)
def rows_met(found: tuple[Face, ...], lens: Lens) -> np.ndarray:
    """Return the rows (first, last) of each face that each row of the image meets, (faces, H, 2) float64.

    first > last where a row meets a face nowhere.
    """
    places = atlas_places(found, sub_rays(lens, 1))
    met = np.zeros((len(found), lens.height, 2))
    for k, face in enumerate(found):
        inside = (places[..., 0] >= face.left) & (places[..., 0] < face.left + face.width)
        met[k, :, 0] = np.where(inside, places[..., 1], np.inf).min(1)
        met[k, :, 1] = np.where(inside, places[..., 1], -np.inf).max(1)
    return met


def band_of(found: tuple[Face, ...], lens: Lens, first: int, end: int) -> list[tuple[int, int]]:
    """Return the rows (first, end) of each face that rows first to end of the image need; (0, 0) for none.

    The rows beside them are taken in, since a pixel reaches half a row beyond its centre.
    """
    met = rows_met(found, lens)[:, max(first - 1, 0) : end + 1]
    bands = []
    for face, low, high in zip(found, met[..., 0].min(1), met[..., 1].max(1), strict=True):
        if low > high:
            bands.append((0, 0))
        else:
            bands.append((max(int(low) - GUARD, 0), min(int(high) + 1 + GUARD, face.height)))
    return bands
