"""Lights. Colours are sRGB tints, positions metres, directions unit vectors, all in the world frame.

Strengths share one unit: a light of strength 1 makes a white diffuse surface that faces it read 1; a lamp's
does so from one metre away.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simdata.color import Srgb
from simdata.geometry import Vector
from simdata.model import Model


class Sun(Model):
    """Parallel light.

    Attributes:
        direction: (3,) unit, world frame, from the scene towards the light.
        color: sRGB tint.
        strength: irradiance on a facing surface, in units where 1 makes a white diffuse surface read 1.
        angle: angular diameter, rad: what softens the shadows (the sun's is 0.0093, a window's about 0.3).
    """

    kind: Literal["sun"] = "sun"
    direction: Vector
    color: Srgb = (1.0, 1.0, 1.0)
    strength: float = Field(default=1.0, ge=0)
    angle: float = Field(default=0.0093, ge=0, le=2)


class PointLight(Model):
    """A small lamp: strength is the same unit as the sun's, at one metre; falls off with distance squared.

    Attributes:
        position: metres, world frame.
        radius: of the lamp, m: what softens the shadows.
    """

    kind: Literal["point"] = "point"
    position: Vector
    color: Srgb = (1.0, 1.0, 1.0)
    strength: float = Field(default=1.0, ge=0)
    radius: float = Field(default=0.03, gt=0)


class SpotLight(Model):
    """A lamp that shines into a cone; on its axis it is as strong as a point light.

    Attributes:
        position: metres, world frame.
        direction: (3,) unit, world frame, where it points.
        angle: from its axis to where it ends, rad.
        blend: share of that angle over which it fades out.
        radius: of the lamp, m.
        surface: name of the node that is seen to glow in its place, "" for none; in a path tracer that node
            lights nothing else.
    """

    kind: Literal["spot"] = "spot"
    position: Vector
    direction: Vector
    color: Srgb = (1.0, 1.0, 1.0)
    strength: float = Field(default=1.0, ge=0)
    angle: float = Field(default=0.6, gt=0, lt=1.6)
    blend: float = Field(default=0.3, ge=0, le=1)
    radius: float = Field(default=0.03, gt=0)
    surface: str = ""


class AreaLight(Model):
    """A rectangle that shines to one side, equally bright from wherever it is seen: a window, a panel.

    Far away it is as strong as a point light on its axis, and falls off with the cosine from it: its radiance
    is pi * strength / (width * height).

    Attributes:
        position: of its middle, metres, world frame.
        direction: (3,) unit, world frame, to where it shines.
        up: (3,) unit, world frame, square to `direction`: along its height.
        width, height: m.
        portal: whether it stands for the sky behind an opening. Where the look has a sky, `mitsuba` and `gl`
            take that through the opening as it is; colour and strength are for those that cannot.
        surface: name of the node that is seen to glow in its place, "" for none; in a path tracer that node
            lights nothing else.
    """

    kind: Literal["area"] = "area"
    position: Vector
    direction: Vector
    up: Vector
    width: float = Field(gt=0)
    height: float = Field(gt=0)
    color: Srgb = (1.0, 1.0, 1.0)
    strength: float = Field(default=1.0, ge=0)
    portal: bool = False
    surface: str = ""


Light = Annotated[Sun | PointLight | SpotLight | AreaLight, Field(discriminator="kind")]
