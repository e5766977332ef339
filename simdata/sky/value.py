"""Skies as values: what surrounds the scene at infinity."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simdata.color import Srgb, Unit
from simdata.geometry import Vector
from simdata.model import Model


class DaySky(Model):
    """A clear to overcast sky by day or dusk, without the sun itself: that is a `Sun`.

    Attributes:
        sun: (3,) unit, world frame, towards the sun; it may be below the horizon.
        turbidity: 2 is very clear, 10 hazy.
        clouds: share of the sky that they cover.
        seed: which clouds.
        strength: what a white diffuse surface that looks up reads under this sky, in the unit of the lights.
        ground: sRGB of the ground below the horizon.
    """

    kind: Literal["day"] = "day"
    sun: Vector
    turbidity: float = Field(default=3.0, ge=1.8, le=10)
    clouds: Unit = 0.0
    seed: int = Field(default=0, ge=0)
    strength: float = Field(default=0.5, ge=0)
    ground: Srgb = (0.35, 0.33, 0.3)


class NightSky(Model):
    """A night sky: faint light from above, a glow about the horizon.

    Attributes:
        strength: as of `DaySky`.
        color: sRGB overhead.
        glow: sRGB at the horizon.
    """

    kind: Literal["night"] = "night"
    strength: float = Field(default=0.003, ge=0)
    color: Srgb = (0.25, 0.3, 0.45)
    glow: Srgb = (0.6, 0.45, 0.35)


class ImageSky(Model):
    """A user's equirectangular picture, linear light all around.

    Attributes:
        sha256: the hash under which it is stored.
        heading: azimuth, rad from world x towards y, at which its middle column is seen.
        strength: factor on its radiance; with 1, a white diffuse surface facing upwards reads 1 under it.
    """

    kind: Literal["image"] = "image"
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    heading: float = 0.0
    strength: float = Field(default=1.0, ge=0)


Sky = Annotated[DaySky | NightSky | ImageSky, Field(discriminator="kind")]
