"""`Cameras`: what a scene builder varies about its cameras, and how they are drawn.

Each placement draws a pose, a lens and a motion under names of its own; a rig or a stereo pair takes as many
views of one placement as it has cameras.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationInfo, model_validator

from simdata.camera import Aperture, Camera, Motion, Shutter
from simdata.distributions import Constant, InBox, InShell, Normal, Point, Quantity, Scalar, Uniform
from simdata.errors import ConfigError, SceneRejected
from simdata.geometry import Pose, look_at
from simdata.lens import BrownConrady, KannalaBrandt, Pinhole
from simdata.model import Model
from simdata.rig import Rig
from simdata.scope import Scope
from simdata.sensor_kind import DepthSensorKind, OffSensor, SensorKind

Coefficient = Annotated[Scalar, Quantity("1", -100, 100)]
Tangential = Annotated[Scalar, Quantity("1", -0.1, 0.1)]
Still = Constant(value=(0.0, 0.0, 0.0))
Nought = Constant(value=0.0)


class PinholeLens(Model):
    """No distortion; `horizontal_fov` says how much it sees."""

    kind: Literal["pinhole"] = "pinhole"

    def draw(self, scope: Scope, cameras: Cameras) -> Pinhole:
        """Draw the lens of one placement."""
        fov = scope.draw("horizontal_fov", cameras.horizontal_fov)
        return Pinhole.from_fov(cameras.width, cameras.height, fov)


class BrownConradyLens(Model):
    """OpenCV's radial and tangential distortion of a pinhole of `horizontal_fov`."""

    kind: Literal["brown_conrady"] = "brown_conrady"
    k1: Coefficient = Uniform(low=-0.25, high=0.05)
    k2: Coefficient = Uniform(low=-0.02, high=0.06)
    p1: Tangential = Uniform(low=-0.001, high=0.001)
    p2: Tangential = Uniform(low=-0.001, high=0.001)
    k3: Coefficient = Nought

    def draw(self, scope: Scope, cameras: Cameras) -> BrownConrady:
        """Draw the lens of one placement.

        Raises:
            SceneRejected: the coefficients fold the image over before its corners.
        """
        names, below = ("k1", "k2", "p1", "p2", "k3"), scope.child("lens")
        drawn = {name: below.draw(name, getattr(self, name)) for name in names}
        plain = PinholeLens().draw(scope, cameras).model_dump(exclude={"lens"})
        lens = BrownConrady(**plain, **drawn)
        corners = np.array([[x, y] for x in (0, lens.width) for y in (0, lens.height)], float)
        if np.isnan(lens.rays(corners)).any():
            raise SceneRejected(f"{lens!r} has no ray for a corner of its image", reason="impossible_lens")
        return lens


class KannalaBrandtLens(Model):
    """A fisheye.

    Attributes:
        fov: how much it sees across the image's width; `horizontal_fov` is not used.
        k1, k2, k3, k4: distortion; all 0 is the equidistant lens.
    """

    kind: Literal["kannala_brandt"] = "kannala_brandt"
    fov: Annotated[Scalar, Quantity("rad", 0.05, 2 * math.pi)] = Uniform(
        low=math.radians(150), high=math.radians(190)
    )
    k1: Coefficient = Nought
    k2: Coefficient = Nought
    k3: Coefficient = Nought
    k4: Coefficient = Nought

    def draw(self, scope: Scope, cameras: Cameras) -> KannalaBrandt:
        """Draw the lens of one placement."""
        below = scope.child("lens")
        lens = KannalaBrandt.from_fov(cameras.width, cameras.height, below.draw("fov", self.fov))
        drawn = {name: below.draw(name, getattr(self, name)) for name in ("k1", "k2", "k3", "k4")}
        return KannalaBrandt(**lens.model_dump(exclude=set(drawn)), **drawn)


class MeasuredLens(Model):
    """Cameras as they were measured; they bring their own image size, and a rig's places.

    Attributes:
        path: calibration file of ROS, Kalibr or OpenCV; relative paths start at the config's folder.
        rig: what the file says, filled in when it has been read; or given here instead of a file.
    """

    kind: Literal["measured"] = "measured"
    path: str = ""
    rig: Rig | None = None

    @model_validator(mode="after")
    def _known(self) -> MeasuredLens:
        if not self.path and self.rig is None:
            raise ValueError("measured cameras need the path of a calibration file, or a rig")
        return self


LensKind = Annotated[
    PinholeLens | BrownConradyLens | KannalaBrandtLens | MeasuredLens, Field(discriminator="kind")
]


# (eye, aim), metres, world frame -> whether a camera can stand and look so.
Clear = Callable[[np.ndarray, np.ndarray], bool]
TRIES = 64  # eyes drawn for a view before the scene is given up


class Stereo(Model):
    """A second camera of the same lens, to the right of the first."""

    baseline: Annotated[Scalar, Quantity("m", 0.001, 5)] = Constant(value=0.12)


class Cameras(Model):
    """Where each view stands, what it aims at and through what it looks.

    Attributes:
        eye, aim: where it stands and what it looks at, about the builder's point of interest.
        horizontal_fov: before distortion.
        roll: clockwise about the viewing axis.
        width, height: image size, pixels.
        lens: which model, and how its coefficients vary.
        stereo: take each view twice, by a left and a right camera; dataset.views counts both.
        velocity, angular_velocity: in the world frame, as the picture is taken.
        exposure: how long a row collects light; with motion, it blurs.
        readout: time from the top row to the bottom row; 0 is a global shutter.
        aperture: diameter of the hole; what lies nearer or farther than the aim blurs; 0 is all sharp.
        ev: exposure compensation.
        sensor: off, ideal, phone, machine_vision, automotive or action_cam; and how its fields vary.
        depth_sensor: structured_light, stereo or active_stereo; none by default.
    """

    eye: Annotated[Point, Quantity("m", -20, 20)] = InShell(
        radius_low=0.5, radius_high=1.5, elevation_low=math.radians(12), elevation_high=math.radians(72)
    )
    aim: Annotated[Point, Quantity("m", -5, 5)] = InBox(low=(-0.2, -0.15, -0.02), high=(0.2, 0.15, 0.08))
    horizontal_fov: Annotated[Scalar, Quantity("rad", 0.05, 2.8)] = Uniform(
        low=math.radians(42), high=math.radians(66)
    )
    roll: Annotated[Scalar, Quantity("rad", -math.pi, math.pi)] = Normal(
        mean=0.0, sigma=math.radians(3), low=math.radians(-10), high=math.radians(10)
    )
    width: int = Field(default=640, ge=16, le=8192)
    height: int = Field(default=480, ge=16, le=8192)
    lens: LensKind = PinholeLens()
    stereo: Stereo | None = None
    velocity: Annotated[Point, Quantity("m/s", -100, 100)] = Still
    angular_velocity: Annotated[Point, Quantity("rad/s", -100, 100)] = Still
    exposure: Annotated[Scalar, Quantity("s", 0, 10)] = Nought
    readout: Annotated[Scalar, Quantity("s", 0, 10)] = Nought
    aperture: Annotated[Scalar, Quantity("m", 0, 1)] = Nought
    ev: Annotated[Scalar, Quantity("stops", -20, 20)] = Nought
    sensor: SensorKind = OffSensor()
    depth_sensor: DepthSensorKind | None = None

    @model_validator(mode="after")
    def _consistent(self, info: ValidationInfo) -> Cameras:
        if self.stereo and isinstance(self.lens, MeasuredLens):
            raise ValueError("stereo doubles a drawn lens; a measured rig says itself where its cameras are")
        if self.depth_sensor and self._bends:
            raise ValueError(f"a depth sensor looks through a pinhole; not so the {self.lens.kind} lens")
        misfit = self._misfit((info.context or {}).get("views", 0))
        if misfit:
            raise ValueError(misfit)
        return self

    @property
    def per_placement(self) -> int:
        """Cameras, and so views, of one placement."""
        if isinstance(self.lens, MeasuredLens):
            return len(self.lens.rig.cameras) if self.lens.rig else 1
        return 2 if self.stereo else 1

    @property
    def _bends(self) -> bool:
        """Whether a lens is anything but a pinhole, as far as it is known."""
        if isinstance(self.lens, MeasuredLens):
            cameras = self.lens.rig.cameras if self.lens.rig else ()
            return any(camera.lens.lens != "pinhole" for camera in cameras)
        return self.lens.kind != "pinhole"

    def prepare(self) -> Cameras:
        """Read the calibration file; the plan then holds its numbers and the file's bare name.

        Raises:
            ConfigError: the file is missing, or no calibration that is known.
        """
        lens = self.lens
        if not isinstance(lens, MeasuredLens) or lens.rig is not None:
            return self
        from simdata.calibration import read_calibration

        read = MeasuredLens(path=Path(lens.path).name, rig=read_calibration(lens.path))
        return self.model_copy(update={"lens": read})

    def draw(self, scope: Scope, middle: np.ndarray, clear: Clear | None = None) -> tuple[Camera, ...]:
        """Draw `scope.views` cameras about a point of interest (3,), metres, world frame.

        Args:
            clear: tells of an eye and an aim, (3,) metres each, world frame, whether that can be; others are
                drawn again.

        Raises:
            ConfigError: views is no multiple of the cameras of a placement, or a calibration was not read.
            SceneRejected: a drawn lens cannot be, or no eye in `TRIES` is clear.
        """
        misfit = self._misfit(scope.views)
        if misfit:
            raise ConfigError(misfit)
        placements = range(scope.views // self.per_placement)
        return tuple(
            camera
            for number in placements
            for camera in self._placement(scope.child("view", number), number, middle, clear)
        )

    def _misfit(self, views: int) -> str:
        """Say why so many views cannot be; "" where they can."""
        each, rest = self.per_placement, views % self.per_placement
        fitting = " or ".join(str(n) for n in (views - rest, views - rest + each) if n)
        return (
            f"dataset.views is {views}, but a placement has {each} cameras; make it {fitting}" if rest else ""
        )

    def _placement(
        self, scope: Scope, number: int, middle: np.ndarray, clear: Clear | None
    ) -> tuple[Camera, ...]:
        """Draw one pose, and the cameras that stand there."""
        eye, aim = self._sight(scope, middle, clear)
        pose = Pose.from_matrix(look_at(tuple(eye), tuple(aim), scope.draw("roll", self.roll)))
        motion = Motion(
            velocity=scope.draw("velocity", self.velocity),
            angular_velocity=scope.draw("angular_velocity", self.angular_velocity),
        )
        placed = self._rig(scope).cameras_at(pose, motion, **self._settings(scope, eye, aim))
        alone = len(placed) == 1
        return tuple(
            camera.model_copy(
                update={
                    "name": f"view_{number}" if alone else f"view_{number}_{camera.name}",
                    "sensor": camera.sensor and camera.sensor.sibling(place),
                    "depth_sensor": camera.depth_sensor and camera.depth_sensor.sibling(place),
                }
            )
            for place, camera in enumerate(placed)
        )

    def _sight(self, scope: Scope, middle: np.ndarray, clear: Clear | None) -> tuple[np.ndarray, np.ndarray]:
        """Draw where a camera stands and what it looks at, until that is clear."""
        for number in range(TRIES):
            below = scope.child("again", number) if number else scope
            eye, aim = (middle + below.draw(name, getattr(self, name)) for name in ("eye", "aim"))
            if clear is None or clear(eye, aim):
                return eye, aim
        raise SceneRejected(
            f"none of {TRIES} drawn cameras stands free and sees its aim; widen cameras.eye or lower scenery",
            reason="no_sight",
        )

    def _rig(self, scope: Scope) -> Rig:
        if isinstance(self.lens, MeasuredLens):
            if self.lens.rig is None:
                raise ConfigError(f"{self.lens.path} was not read yet; call prepare() on the builder first")
            return self.lens.rig
        lens = self.lens.draw(scope, self)
        if self.stereo is None:
            return Rig.single(lens)
        return Rig.stereo(lens, scope.draw("baseline", self.stereo.baseline))

    def _settings(self, scope: Scope, eye: np.ndarray, aim: np.ndarray) -> dict[str, Any]:
        """Draw what all cameras of a placement share; the aim is what is sharp."""
        diameter = scope.draw("aperture", self.aperture)
        focus = float(np.linalg.norm(aim - eye))
        return {
            "shutter": Shutter(
                exposure=scope.draw("exposure", self.exposure), readout=scope.draw("readout", self.readout)
            ),
            "aperture": Aperture(diameter=diameter, focus=focus) if diameter > 0 else None,
            "ev": scope.draw("ev", self.ev),
            "sensor": self.sensor.draw(scope.child("sensor")),
            "depth_sensor": self.depth_sensor and self.depth_sensor.draw(scope.child("depth_sensor")),
        }
