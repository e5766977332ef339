"""What is photographed: a scene on the device, with its materials and lights, at one instant."""

from __future__ import annotations

from dataclasses import dataclass

from simdata.render.gl.light import DEPTH_UNIT, LIT_UNIT, Lighting
from simdata.render.gl.material import FIELD_UNIT, PICTURE_UNIT, Materials
from simdata.render.gl.openness import OPEN_UNIT
from simdata.render.gl.stage import Stage
from simdata.render.gl.surroundings import MIRRORED_UNIT, Surroundings
from simdata.spec import Haze

# Sampler of `shade.frag` -> texture unit.
UNITS = {
    "field": FIELD_UNIT,
    "picture": PICTURE_UNIT,
    "shadow_lit": LIT_UNIT,
    "shadow_depth": DEPTH_UNIT,
    "mirrored": MIRRORED_UNIT,
    "opens": OPEN_UNIT,
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
    """

    stage: Stage
    materials: Materials
    lighting: Lighting
    surroundings: Surroundings
    t: float
    ambient: float
    haze: Haze | None
    sky: bool = True
