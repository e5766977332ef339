"""Depth cameras, as values: how they find depth and what they get wrong. True depth stays what it is."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field

from simdata.model import Model
from simdata.sensor.value import Seed


class Triangulation(Model):
    """What all depth cameras share that see from two places, side by side.

    A point z metres away is seen f baseline / z pixels apart. The second place is to the right of the camera.

    Attributes:
        baseline: m, from the camera to its projector or to the second camera.
        nearest, farthest: metres along z that it measures.
        seed: of its noise.
    """

    baseline: float = Field(gt=0, le=5)
    nearest: float = Field(default=0.3, gt=0)
    farthest: float = Field(default=10.0, gt=0)
    seed: Seed = 0

    def sibling(self, number: int) -> Triangulation:
        """Return another one of the same make, with noise of its own."""
        return self.model_copy(update={"seed": (self.seed + number) % 2**32})


class NoisyTriangulation(Triangulation):
    """A depth camera whose disparities are the true ones, with noise.

    Attributes:
        noise: sigma of a disparity, pixels.
        step: to which disparities are rounded, pixels; 0 does not.
        jitter: sigma of where a pixel looks, pixels: ragged edges.
        steepest: angle between a surface's normal and the ray to it up to which it is measured, rad.
    """

    noise: float = Field(default=0.1, ge=0, le=10)
    step: float = Field(default=0.125, ge=0, le=8)
    jitter: float = Field(default=0.5, ge=0, le=10)
    steepest: float = Field(default=math.radians(80), gt=0, le=math.pi / 2)


class StructuredLight(NoisyTriangulation):
    """A projector and one camera, as the first Kinect.

    Attributes:
        darkest: of what a white surface 1 m away and facing it sends back, the share that is still enough.
    """

    kind: Literal["structured_light"] = "structured_light"
    baseline: float = Field(default=0.075, gt=0, le=5)
    darkest: float = Field(default=0.004, ge=0)


class StereoDepth(NoisyTriangulation):
    """Two cameras that match what they see without any light of their own.

    Attributes:
        plainest: deviation of the grey levels within a window of the picture, 0 to 255, below which nothing
            is found.
        window: side of that window, pixels.
    """

    kind: Literal["stereo"] = "stereo"
    baseline: float = Field(default=0.12, gt=0, le=5)
    plainest: float = Field(default=0.8, ge=0)
    window: int = Field(default=7, ge=3, le=63)


class ActiveStereo(Triangulation):
    """Two infrared cameras and a projector of dots between them, matched by semi-global matching.

    Nothing is modelled of what it measures: both pictures are rendered and matched.

    Attributes:
        projector: where the projector is, as a share of the baseline.
        power: of its dots: what they add to a white surface 1 m away.
        ambient: infrared light from everywhere, in the same unit.
        density: share of the pattern's cells that shine.
        noise: sigma of the pictures' grey levels, 0 to 255, where they are bright; less where they are dark.
        plainest: deviation of the grey levels within a window below which nothing is found.
        window: side of what is matched, pixels.
        pattern_seed: of the dots: a projector's own.
    """

    kind: Literal["active_stereo"] = "active_stereo"
    baseline: float = Field(default=0.05, gt=0, le=5)
    projector: float = Field(default=0.6, ge=-2, le=3)
    power: float = Field(default=1.0, ge=0)
    ambient: float = Field(default=0.05, ge=0)
    density: float = Field(default=0.2, gt=0, lt=1)
    noise: float = Field(default=2.0, ge=0)
    plainest: float = Field(default=3.0, ge=0)
    window: int = Field(default=7, ge=1, le=21)
    pattern_seed: Seed = 0


DepthSensor = Annotated[StructuredLight | StereoDepth | ActiveStereo, Field(discriminator="kind")]
