"""`Rig`: named cameras that stand fixed to each other, move as one body and share one clock."""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from simdata.camera import Camera, Lens, Motion
from simdata.geometry import Pose
from simdata.model import Model


class RigCamera(Model):
    """One camera's place on its rig.

    Attributes:
        name: unique on the rig.
        lens: intrinsics and distortion.
        rig_from_camera: where it stands, metres.
    """

    name: str = Field(min_length=1)
    lens: Lens
    rig_from_camera: Pose = Pose()


class Rig(Model):
    """Cameras fixed to each other. The rig's frame has the axes of a camera: x right, y down, z forward."""

    cameras: tuple[RigCamera, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Rig:
        names = [camera.name for camera in self.cameras]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"names of a rig's cameras must be unique; twice: {', '.join(twice)}")
        return self

    @classmethod
    def single(cls, lens: Lens, name: str = "camera") -> Rig:
        """Make a rig of one camera at its origin."""
        return cls(cameras=(RigCamera(name=name, lens=lens),))

    @classmethod
    def stereo(cls, lens: Lens, baseline: float) -> Rig:
        """Make a rectified pair: `left` at the rig's origin, `right` of it by `baseline` metres.

        A point at depth z is seen fx * baseline / z pixels farther left by the right camera.
        """
        right = Pose(position=(baseline, 0.0, 0.0))
        return cls(
            cameras=(
                RigCamera(name="left", lens=lens),
                RigCamera(name="right", lens=lens, rig_from_camera=right),
            )
        )

    def cameras_at(
        self, world_from_rig: Pose, motion: Motion | None = None, **settings: Any
    ) -> tuple[Camera, ...]:
        """Put the rig into the world.

        Args:
            world_from_rig: where it is at t = 0.
            motion: how it moves; without a pivot, about the rig's own origin. Each camera is carried along,
                and so has a velocity of its own when the rig turns.
            settings: further fields of every camera: `near`, `far`, `shutter`, `aperture`, `ev`.
        """
        motion = motion or Motion()
        if motion.pivot is None and motion.moves:
            motion = motion.model_copy(update={"pivot": world_from_rig.position})
        return tuple(
            Camera(
                name=camera.name,
                lens=camera.lens,
                pose=_placed(world_from_rig, camera.rig_from_camera),
                motion=motion,
                **settings,
            )
            for camera in self.cameras
        )


def _placed(world_from_rig: Pose, rig_from_camera: Pose) -> Pose:
    """Compose; a camera at the rig's origin gets the very numbers of the rig's pose."""
    if rig_from_camera == Pose():
        return world_from_rig
    return Pose.from_matrix(world_from_rig.matrix() @ rig_from_camera.matrix())
