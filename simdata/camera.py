"""Cameras: a lens somewhere in the world, how it moves, and when each row of its sensor looks.

Camera frame is OpenCV's: x right, y down, z forward. Pixel (column j, row i) has its centre at
(j + 0.5, i + 0.5); the image spans [0, width] x [0, height]. `depth` is planar z in metres.

Labels are sharp: they are taken through the pinhole's centre at the middle of each row's exposure. Exposure
time, aperture, exposure compensation and sensor change colours alone.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from simdata.geometry import Pose, Vector, rotation_from_vector
from simdata.lens import MAX_SIDE, AnyLens, BrownConrady, KannalaBrandt, Lens, Pinhole
from simdata.model import Model
from simdata.sensor import DepthSensor, Sensor

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

# Pixels of an image up to which its lens's rays are remembered: 100 MB, and those of two lenses are.
REMEMBERED = 1 << 22
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
        sensor: what happens to the light behind the lens; None is perfect and takes it as it is.
        depth_sensor: what measures depth from where it stands; None does not.
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
    sensor: Sensor | None = None
    depth_sensor: DepthSensor | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Camera:
        if self.near >= self.far:
            raise ValueError(f"near {self.near:g} m is not below far {self.far:g} m")
        if self.depth_sensor is not None and self.lens.lens != "pinhole":
            raise ValueError(f"a depth sensor looks through a pinhole, {self.name!r} has {self.lens.lens}")
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

    def row_times(self, t: float = 0.0, rows: tuple[int, int] | None = None) -> np.ndarray:
        """Return when each row looks, (H,) seconds: the middle of its exposure; or rows of a range.

        The end is excluded. Rows outside the image look before its first or after its last, at the same pace.
        """
        first, end = rows or (0, self.height)
        return self._time_at(np.arange(first, end) + 0.5, t)

    def row_poses(self, t: float = 0.0) -> np.ndarray:
        """Return world_from_camera of the rows: (H, 4, 4), or one (4, 4) where all rows share it."""
        return self.world_from_camera(self.row_times(t) if self.rolls else t)

    def pixel_rays(self, t: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return the rays of all pixel centres, world frame, float64.

        Returns:
            origins (3,), or (H, 1, 3) where each row sees from its own place; metres.
            directions (H, W, 3), as long as the lens makes them; nan where a pixel has no ray.
        """
        return self.rays_at(np.arange(self.width), np.arange(self.height)[:, None], t)

    def rays_at(self, columns: np.ndarray, rows: np.ndarray, t: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
        """Return the rays of any pixels' centres, inside the image or beyond it, world frame, float64.

        A pixel's ray is the same to the last bit whichever others are asked for. Rows outside the image look
        before its first or after its last, at the same pace.

        Args:
            columns, rows: (...) int, broadcast against each other.
            t: seconds.

        Returns:
            origins (3,), or of `rows`'s shape (..., 3) where each row sees from its own place; metres.
            directions (..., 3), as long as the lens makes them; nan where a pixel has no ray.
        """
        rays = _lens_rays(self.lens, columns, rows)
        if self.rolls and rows.size:
            first = int(rows.min())
            looks = self.world_from_camera(self.row_times(t, (first, int(rows.max()) + 1)))
            poses = np.take(np.ascontiguousarray(looks.transpose(1, 2, 0)), rows - first, axis=-1)
        else:
            poses = self.world_from_camera(t)
        directions = np.empty(rays.shape)
        for k in range(3):  # a product of matrices may round differently for other sizes
            directions[..., k] = sum(rays[..., i] * poses[k, i] for i in range(3))
        return np.moveaxis(poses[:3, 3], 0, -1), directions

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
    return _centers(np.arange(image.width), np.arange(image.height)[:, None])


def _centers(columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    return np.stack(np.broadcast_arrays(columns + 0.5, rows + 0.5), -1)


def _lens_rays(lens: AnyLens, columns: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return the lens's rays of pixels, (..., 3); those inside the image are remembered."""
    inside = (columns >= 0) & (columns < lens.width) & (rows >= 0) & (rows < lens.height)
    if inside.all():
        return _center_rays(lens)[rows, columns]
    columns, rows = np.broadcast_arrays(columns, rows)
    rays = np.empty((*inside.shape, 3))
    rays[inside] = _center_rays(lens)[rows[inside], columns[inside]]
    rays[~inside] = lens.rays(_centers(columns[~inside], rows[~inside]))
    return rays


def _center_rays(lens: AnyLens) -> np.ndarray:
    """Return the lens's rays of all pixel centres, (H, W, 3), read-only; to undo a distortion costs."""
    return _remembered_rays(lens) if lens.width * lens.height <= REMEMBERED else _image_rays(lens)


def _image_rays(lens: AnyLens) -> np.ndarray:
    rays = lens.rays(pixel_centers(lens))
    rays.flags.writeable = False
    return rays


_remembered_rays = lru_cache(maxsize=2)(_image_rays)
