"""`Sensor`: what stands between the light and the picture's file, as a value."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simdata.color import Unit
from simdata.model import Model

Demosaic = Literal["none", "bilinear", "edge_aware"]
Seed = Annotated[int, Field(ge=0, lt=2**32)]


class Sensor(Model):
    """A camera's sensor and what its maker's software does to the picture; by default it is perfect.

    Labels are untouched by all of it. The same value gives the same bytes: noise comes from its seeds.

    Attributes:
        key: what the log-average of the light is exposed to, as auto exposure does: 0.18 is middle grey; 0
            takes the light as it is.
        exposure_error: by how many stops it is then wrong.
        blur: sigma of the lens's point spread, pixels.
        red_shift, blue_shift: by which share of its distance from the middle light of this colour is seen too
            far out.
        vignetting: tangent of the angle at which light meets the corner; it fades with cos^4.
        bloom: share of the light that is scattered in the lens …
        bloom_radius: … this wide, in heights of the image.
        warmth: error of the white balance, mired; above 0 is too yellow.
        tint: error of the green gain, stops.
        headroom: stops beyond saturation at which bright light is still told apart: shorter exposures are
            merged in, and all that is brighter than white brought together.
        full_well: electrons that saturate a pixel; 0 is a sensor without noise.
        gain: analogue amplification; each doubling leaves half as many electrons. Half of the stops that auto
            exposure adds to a dark scene amplify, too.
        read_noise: electrons.
        prnu: deviation of the pixels' gains, a share: photo response non-uniformity.
        dsnu: deviation of the pixels' dark signal, electrons.
        bits: of the analogue-to-digital converter; 0 does not quantise.
        demosaic: how the colours that a Bayer mosaic (RGGB) lacks are filled in; "none" has no mosaic.
        color_smoothing: sigma of the blur of colours, not brightness, against noise, pixels.
        sharpening: how much of the brightness that a blur of `sharpening_radius` takes away is added again.
        sharpening_radius: sigma, pixels.
        jpeg: quality of the JPEG (4:2:0) that the camera makes, 1 to 100; 0 is none.
        noise_seed: of what differs from picture to picture.
        pattern_seed: of what does not: a camera's own.
    """

    key: Unit = 0.0
    exposure_error: float = Field(default=0.0, ge=-10, le=10)
    blur: float = Field(default=0.0, ge=0, le=20)
    red_shift: float = Field(default=0.0, ge=-0.05, le=0.05)
    blue_shift: float = Field(default=0.0, ge=-0.05, le=0.05)
    vignetting: float = Field(default=0.0, ge=0, le=3)
    bloom: Unit = 0.0
    bloom_radius: float = Field(default=0.03, gt=0, le=1)
    warmth: float = Field(default=0.0, ge=-90, le=90)
    tint: float = Field(default=0.0, ge=-1, le=1)
    headroom: float = Field(default=0.0, ge=0, le=16)
    full_well: float = Field(default=0.0, ge=0)
    gain: float = Field(default=1.0, ge=1)
    read_noise: float = Field(default=0.0, ge=0)
    prnu: float = Field(default=0.0, ge=0, le=1)
    dsnu: float = Field(default=0.0, ge=0)
    bits: int = Field(default=0, ge=0, le=16)
    demosaic: Demosaic = "none"
    color_smoothing: float = Field(default=0.0, ge=0, le=20)
    sharpening: float = Field(default=0.0, ge=0, le=10)
    sharpening_radius: float = Field(default=1.0, gt=0, le=20)
    jpeg: int = Field(default=0, ge=0, le=100)
    noise_seed: Seed = 0
    pattern_seed: Seed = 0

    @property
    def perfect(self) -> bool:
        """Whether it does nothing but expose."""
        return all(getattr(self, name) == Sensor.model_fields[name].default for name in _FAULTS)

    def sibling(self, number: int) -> Sensor:
        """Return another sensor of the same make: its noise and its pattern are its own."""
        return self.model_copy(
            update={
                "noise_seed": (self.noise_seed + number) % 2**32,
                "pattern_seed": (self.pattern_seed + number) % 2**32,
            }
        )


_FAULTS = (
    "blur",
    "red_shift",
    "blue_shift",
    "vignetting",
    "bloom",
    "warmth",
    "tint",
    "headroom",
    "full_well",
    "bits",
    "demosaic",
    "color_smoothing",
    "sharpening",
    "jpeg",
)
