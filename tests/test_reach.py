"""What is too near or too far, in closed form."""

from __future__ import annotations

import pytest
from sample_scene import scene_of, thing

from simdata.camera import Camera, Motion, Shutter
from simdata.geometry import Pose
from simdata.lens import KannalaBrandt, Lens, Pinhole
from simdata.reach import beyond_reach

PINHOLE = Pinhole.from_fov(80, 60, 1.0)
FISHEYE = KannalaBrandt.from_fov(80, 60, 4.0)
STILL = Motion()


def reaches(lens: Lens, place: tuple[float, float, float], *, motion: Motion = STILL) -> bool:
    """Say whether a cube of 0.2 m is beyond the reach of a camera at the origin that looks along z."""
    camera = Camera(
        name="c", lens=lens, pose=Pose(), motion=motion, shutter=Shutter(readout=0.1), near=0.3, far=2.0
    )
    scene = scene_of(thing("cuboid", 1, Pose(position=place), sx=0.2, sy=0.2, sz=0.2), camera)
    return 1 in beyond_reach(scene, camera, instances=[1])


@pytest.mark.parametrize(
    ("lens", "place", "beyond"),
    [
        (PINHOLE, (0, 0, 0.41), False),
        (PINHOLE, (0, 0, 0.39), True),
        (PINHOLE, (1.5, 0, 1.89), False),  # farther than 2 m from the eye, but not along z
        (PINHOLE, (0, 0, 1.91), True),
        (FISHEYE, (0, 0, 0.41), False),
        (FISHEYE, (0, 0, 0.39), True),  # the middle of a face: no corner is that near
        (FISHEYE, (0.41, 0, 0), False),  # beside the lens, where z is 0
        (FISHEYE, (0, 0, -0.41), False),
        (FISHEYE, (0, -0.39, 0), True),
        (FISHEYE, (1.5, 0, 1.0), False),
        (FISHEYE, (1.5, 0, 1.2), True),  # (1.6, 0.1, 1.3) is 2.06 m away
    ],
)
def test_along_z_or_from_the_eye(lens: Lens, place: tuple[float, float, float], beyond: bool) -> None:
    assert reaches(lens, place) == beyond


@pytest.mark.parametrize("lens", [PINHOLE, FISHEYE], ids=["pinhole", "fisheye"])
@pytest.mark.parametrize("speed", [0.5, -0.5])
def test_a_rolling_shutter_while_it_is_read(lens: Lens, speed: float) -> None:
    """In 0.1 s about its middle, half a metre a second is 25 mm nearer at one end."""
    moving = Motion(velocity=(0, 0, speed))
    assert reaches(lens, (0, 0, 0.42), motion=moving) and not reaches(lens, (0, 0, 0.43), motion=moving)
