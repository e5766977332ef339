"""Views that a rasteriser can draw: a pinhole somewhere, and its projection."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simdata.camera import Camera
from simdata.render.face import Face, face_near
from simdata.render.gl.exposure import Shot


@dataclass(frozen=True, eq=False)
class View:
    """A pinhole picture.

    Attributes:
        world_from_view: (4, 4), OpenCV axes.
        matrix: K, (3, 3), pixels.
        width, height: pixels.
        near, far: metres along z.
    """

    world_from_view: np.ndarray
    matrix: np.ndarray
    width: int
    height: int
    near: float
    far: float

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for equal views."""
        arrays = self.world_from_view.tobytes(), self.matrix.tobytes()
        return (*arrays, self.width, self.height, self.near, self.far)

    def shifted(self, x: int, y: int, width: int, height: int) -> View:
        """Return the picture of another window of the same image plane: it begins at pixel (x, y)."""
        matrix = self.matrix.copy()
        matrix[0, 2] -= x
        matrix[1, 2] -= y
        return replace(self, matrix=matrix, width=width, height=height)

    def projection(self) -> bytes:
        """Return clip_from_view for OpenGL: row 0 of what is drawn is the top row of the picture.

        Source: OpenGL 4.5 specification, 13.6; K as in Hartley & Zisserman, Multiple View Geometry, ch. 6.
        """
        near, far = self.near, self.far
        clip = np.zeros((4, 4))
        clip[0, :3] = 2 * self.matrix[0] / self.width
        clip[1, :3] = 2 * self.matrix[1] / self.height
        clip[:2, 2] -= 1
        clip[2, 2:] = (far + near) / (far - near), -2 * far * near / (far - near)
        clip[3, 2] = 1
        return clip.T.astype(np.float32).tobytes()


def pinhole_view(camera: Camera, t: float) -> View:
    """Return what a pinhole camera sees at an instant, seconds."""
    lens, pose = camera.lens, camera.world_from_camera(t)
    return View(pose, lens.matrix(), lens.width, lens.height, camera.near, camera.far)


def shot_view(camera: Camera, t: float, shot: Shot) -> View:
    """Return one sharp picture of a pinhole's exposure.

    From another place on the aperture, the plane in focus stays where it is in the picture.
    """
    view, (x, y) = pinhole_view(camera, t), shot.eye
    matrix = view.matrix.copy()
    if camera.aperture is not None:
        matrix[:2, 2] += matrix[:2, :2] @ (x, y) / camera.aperture.focus
    return replace(view, world_from_view=view.world_from_view @ _moved(x, y), matrix=matrix)


def face_view(camera: Camera, t: float, shot: Shot, face: Face) -> View:
    """Return one of the pictures that cover a lens, seen from a place on the aperture."""
    pose = face.pose(camera.world_from_camera(t) @ _moved(*shot.eye))
    return View(pose, face.matrix, face.width, face.height, face_near(camera), camera.far)


def _moved(x: float, y: float) -> np.ndarray:
    matrix = np.eye(4)
    matrix[:2, 3] = x, y
    return matrix
