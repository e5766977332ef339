"""Cameras: a lens somewhere in the world, how it moves, and when each row of its sensor looks.

Camera frame is OpenCV's: x right, y down, z forward. Pixel (column j, row i) has its centre at
(j + 0.5, i + 0.5); the image spans [0, width] x [0, height]. `depth` is planar z in metres.

Labels are sharp: they are taken through the pinhole's centre at the middle of each row's exposure. Exposure
time, aperture and exposure compensation change colours alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from simdata.geometry import Pose, Vector, rotation_from_vector
from simdata.lens import MAX_SIDE, AnyLens, BrownConrady, KannalaBrandt, Lens, Pinhole
from simdata.model import Model

__all__ = [
    "MAX_SIDE",
    "Aperture",
    "BrownConrady",
    "Camera",
    "KannalaBrandt",
    "Lens",
    "Motion",
    "Pinhole",
    "Shutter",
    "pixel_centers",
]

# Looks for the row that sees a moving point; each brings it nearer by the share of the image's height that
# the point crosses while the sensor is read.
ROUNDS = 100
SETTLED = 1e-9  # pixels


class Motion(Model):
    """A constant twist: one point goes straight ahead while all turns about it.

    Attributes:
        velocity: (3,) m/s, world frame, of the pivot.
        angular_velocity: (3,) rad/s, about world axes.
        pivot: where that point is at t = 0, (3,) metres, world frame; None is the camera's own centre.
    """

    velocity: Vector = (0.0, 0.0, 0.0)
    angular_velocity: Vector = (0.0, 0.0, 0.0)
    pivot: Vector | None = None

    @property
    def moves(self) -> bool:
        """Whether it is any motion at all."""
        return any(self.velocity) or any(self.angular_velocity)

    def carry(self, start: np.ndarray, t: float | np.ndarray) -> np.ndarray:
        """Return where a pose (4, 4), world frame, has got to at times (...), seconds: (..., 4, 4)."""
        time = np.asarray(t, float)[..., None]
        position = start[:3, 3]
        pivot = position if self.pivot is None else np.array(self.pivot)
        turn = rotation_from_vector(time * self.angular_velocity)
        moved = np.broadcast_to(start, (*time.shape[:-1], 4, 4)).copy()
        moved[..., :3, :3] = turn @ start[:3, :3]
        moved[..., :3, 3] = pivot + time * self.velocity + turn @ (position - pivot)
        return moved


class Shutter(Model):
    """When each row of the sensor collects light.

    Attributes:
        exposure: how long one row does, s.
        readout: how long it takes from the top of the image to its bottom, s; 0 is a global shutter. The
            middle row is the one that looks at the frame's own time.
    """

    exposure: float = Field(default=0.0, ge=0, le=60)
    readout: float = Field(default=0.0, ge=0, le=60)


class Aperture(Model):
    """The hole that blurs what is not in focus.

    Attributes:
        diameter: m.
        focus: distance of the sharp plane along z, m.
    """

    diameter: float = Field(gt=0, le=1)
    focus: float = Field(gt=0)


class Camera(Model):
    """A named lens somewhere in the world.

    Attributes:
        name: unique in its scene.
        lens: intrinsics and distortion.
        pose: world_from_camera at t = 0.
        near, far: metres; geometry nearer or farther than this is not seen. Along z for a lens whose rays are
            scaled to z = 1 (`lens.planar`), else along the ray.
        motion: how it moves; still by default.
        shutter: exposure and readout; an instant for all rows by default.
        aperture: depth of field; None keeps everything sharp.
        ev: exposure compensation, stops.
    """

    name: str
    lens: Lens
    pose: Pose
    near: Annotated[float, Field(gt=0)] = 0.02
    far: Annotated[float, Field(gt=0)] = 50.0
    motion: Motion = Motion()
    shutter: Shutter = Shutter()
    aperture: Aperture | None = None
    ev: float = Field(default=0.0, ge=-20, le=20)

    @model_validator(mode="after")
    def _ordered(self) -> Camera:
        if self.near >= self.far:
            raise ValueError(f"near {self.near:g} m is not below far {self.far:g} m")
        return self

    @property
    def width(self) -> int:
        """Image width, pixels."""
        return self.lens.width

    @property
    def height(self) -> int:
        """Image height, pixels."""
        return self.lens.height

    @property
    def rolls(self) -> bool:
        """Whether rows see from different places: the shutter rolls while the camera moves."""
        return self.shutter.readout > 0 and self.motion.moves

    def world_from_camera(self, t: float | np.ndarray = 0.0) -> np.ndarray:
        """Return the camera's pose at times (...), seconds: (..., 4, 4)."""
        return self.motion.carry(self.pose.matrix(), t)

    def row_times(self, t: float = 0.0) -> np.ndarray:
        """Return when each row looks, (H,) seconds: the middle of its exposure."""
        return self._time_at(np.arange(self.height) + 0.5, t)

    def row_poses(self, t: float = 0.0) -> np.ndarray:
        """Return world_from_camera of the rows: (H, 4, 4), or one (4, 4) where all rows share it."""
        return self.world_from_camera(self.row_times(t) if self.rolls else t)

    def pixel_rays(self, t: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return the rays of all pixel centres, world frame, float64.

        Returns:
            origins (3,), or (H, 1, 3) where each row sees from its own place; metres.
            directions (H, W, 3), as long as the lens makes them; nan where a pixel has no ray.
        """
        poses = self.row_poses(t)
        directions = _center_rays(self.lens) @ np.swapaxes(poses[..., :3, :3], -1, -2)
        return (poses[:, None, :3, 3] if self.rolls else poses[:3, 3]), directions

    def project(self, points: np.ndarray, t: float = 0.0) -> np.ndarray:
        """Project (..., 3) metres, world frame, to (..., 2) pixels; nan where the lens does not see.

        Under a rolling shutter, a point is seen by the row that looks when the point is there; nan where that
        does not settle, as for a point that crosses the image's height within one readout.
        """
        points = np.asarray(points, float)
        if not self.rolls:
            return self._project_at(points, t, self.lens)
        # A point at the lens's limit may be beyond it until its row is found.
        unlimited, rows = self.lens.unlimited(), np.full(points.shape[:-1], self.height / 2)
        for _ in range(ROUNDS):
            seen = self._project_at(points, self._time_at(rows, t), unlimited)[..., 1]
            before, rows = rows, np.where(np.isfinite(seen), seen, self.height / 2)
            if not (np.abs(rows - before) > SETTLED).any():
                break
        settled = (np.abs(rows - before) <= 10 * SETTLED)[..., None]
        return np.where(settled, self._project_at(points, self._time_at(rows, t), self.lens), np.nan)

    def unproject(
        self, depth: np.ndarray | None = None, t: float = 0.0, *, distance: np.ndarray | None = None
    ) -> np.ndarray:
        """Lift an image (H, W) of metres to world points (H, W, 3) float64; nan where nothing was hit.

        Args:
            depth: planar z, of the pose of each pixel's row. 90 degrees off the axis it is 0, whatever it is.
            distance: instead of it, metres along the ray: exact for any lens.
            t: seconds.

        Raises:
            ValueError: not exactly one of the two is given.
        """
        if (depth is None) == (distance is None):
            raise ValueError("unproject takes either depth or distance")
        rays = _center_rays(self.lens)
        if depth is not None:
            metres, unit = depth, rays[..., 2]
        else:
            metres, unit = np.asarray(distance), np.linalg.norm(rays, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            steps = np.where(np.isfinite(metres), metres, np.nan).astype(float) / unit
        origins, directions = self.pixel_rays(t)
        return origins + directions * steps[..., None]

    def _time_at(self, y: np.ndarray, t: float) -> np.ndarray:
        """Return when the sensor looks at height y, pixels: seconds."""
        return t + self.shutter.readout * (y / self.height - 0.5)

    def _project_at(self, points: np.ndarray, times: float | np.ndarray, lens: AnyLens) -> np.ndarray:
        """Project points (..., 3) by the poses at times (...)."""
        poses = self.world_from_camera(times)
        return lens.project(np.einsum("...j,...ji->...i", points - poses[..., :3, 3], poses[..., :3, :3]))


def pixel_centers(image: Camera | AnyLens) -> np.ndarray:
    """Return the continuous coordinates of all pixel centres, (H, W, 2) float64: x then y, at +0.5."""
    x, y = np.meshgrid(np.arange(image.width) + 0.5, np.arange(image.height) + 0.5)
    return np.stack([x, y], -1)


@lru_cache(maxsize=2)
def _center_rays(lens: AnyLens) -> np.ndarray:
    """Return the lens's rays of all pixel centres, (H, W, 3), read-only; to undo a distortion costs."""
    rays = lens.rays(pixel_centers(lens))
    rays.flags.writeable = False
    return rays
