"""What is photographed: a scene on the device, with its materials and lights, at one instant."""

from __future__ import annotations

import math
from dataclasses import dataclass

from simdata.render.gl.albedo import ALBEDO_UNIT
from simdata.render.gl.light import DEPTH_UNIT, LIT_UNIT, OUTSIDE_UNIT, Lighting
from simdata.render.gl.material import MAP_UNIT, MASK_UNIT, SKIN_UNIT, Materials
from simdata.render.gl.openness import OPEN_UNIT
from simdata.render.gl.stage import Stage
from simdata.render.gl.surroundings import MIRRORED_UNIT, Surroundings
from simdata.spec import Haze

BEHIND_UNIT = 11
# Sampler of `shade.glsl` -> texture unit.
UNITS = {
    "map": MAP_UNIT,
    "mask": MASK_UNIT,
    "skin": SKIN_UNIT,
    "shadow_lit": LIT_UNIT,
    "shadow_depth": DEPTH_UNIT,
    "outside": OUTSIDE_UNIT,
    "mirrored": MIRRORED_UNIT,
    "opens": OPEN_UNIT,
    "albedo": ALBEDO_UNIT,
    "behind": BEHIND_UNIT,
}


@dataclass(frozen=True, eq=False)
class Subject:
    """All that shading reads.

    Attributes:
        stage: nodes and their poses.
        materials, lighting, surroundings: of its look.
        t: one of the scene's instants, seconds.
        ambient: light from everywhere that is added to that of the surroundings.
        haze: in the air; None is clear.
        sky: whether sky and haze are drawn where nothing stands before them.
        glow: how much of what surfaces emit is seen: 1, or 0 where that would light others.
        nearest: metres to the nearest thing that the camera sees: shadows are as fine as this asks for.
    """

    stage: Stage
    materials: Materials
    lighting: Lighting
    surroundings: Surroundings
    t: float
    ambient: float
    haze: Haze | None
    sky: bool = True
    glow: float = 1.0
    nearest: float = math.inf
