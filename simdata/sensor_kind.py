"""What may vary about a sensor: makes of cameras to start from, each field a distribution of its own.

In a config `sensor: phone` names a make; `sensor: {kind: phone, jpeg: 60}` changes one of its fields.
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import CoreSchema, core_schema

from simdata.distributions import Constant, Integer, LogUniform, Normal, Quantity, Scalar, Uniform, UniformInt
from simdata.model import Model
from simdata.scope import Scope
from simdata.sensor import ActiveStereo, Sensor, StereoDepth, StructuredLight
from simdata.sensor.value import Demosaic

Share = Annotated[Scalar, Quantity("1", 0, 1)]
Shift = Annotated[Scalar, Quantity("1", -0.05, 0.05)]
Stops = Annotated[Scalar, Quantity("stops", -10, 10)]
Electrons = Annotated[Scalar, Quantity("electrons", 0, 1e6)]
Pixels = Annotated[Scalar, Quantity("px", 0, 20)]
Width = Annotated[Scalar, Quantity("px", 0.1, 20)]
Mired = Annotated[Scalar, Quantity("mired", -90, 90)]
Headroom = Annotated[Scalar, Quantity("stops", 0, 16)]
Tint = Annotated[Scalar, Quantity("stops", -1, 1)]
Tangent = Annotated[Scalar, Quantity("1", 0, 3)]
Radius = Annotated[Scalar, Quantity("1", 0.001, 1)]
Gain = Annotated[Scalar, Quantity("1", 1, 1000)]
Bits = Annotated[Integer, Quantity("bits", 0, 16)]
Quality = Annotated[Integer, Quantity("1", 0, 100)]
Strength = Annotated[Scalar, Quantity("1", 0, 10)]
Levels = Annotated[Scalar, Quantity("levels", 0, 255)]
Metres = Annotated[Scalar, Quantity("m", 0.001, 1000)]
Steepness = Annotated[Scalar, Quantity("rad", 0.01, math.pi / 2)]
Seed = Annotated[Integer, Quantity("1", 0, 2**32 - 1)]

Nought = Constant(value=0)
AnySeed = UniformInt(low=0, high=2**31 - 1)


class _Drawn(Model):
    """Fields that are distributions, and a few that are not."""

    def _draw(self, scope: Scope) -> dict[str, Any]:
        """Draw what varies, by name."""
        fields = {name: value for name, value in self if name != "kind"}
        return {
            name: scope.draw(name, value) if hasattr(value, "sample") else value
            for name, value in fields.items()
        }


class OffSensor(Model):
    """No sensor: the light as it is, developed and nothing else."""

    kind: Literal["off"] = "off"

    def draw(self, scope: Scope) -> None:
        """Draw nothing."""


class _Imager(_Drawn):
    """What varies about every sensor; by default it is perfect, and exposes by itself.

    Attributes:
        key: what the log-average of the light is exposed to; 0 takes the light as it is.
        exposure_error: by how much that is wrong.
        blur: sigma of the lens's point spread.
        red_shift, blue_shift: lateral chromatic aberration, a share of the distance from the middle.
        vignetting: tangent of the angle at which light meets the corner; it fades with cos^4.
        bloom: share of the light that is scattered in the lens.
        bloom_radius: how wide, in heights of the image.
        warmth: error of the white balance; above 0 is too yellow.
        tint: error of the green gain.
        headroom: beyond saturation, at which bright light is still told apart.
        full_well: electrons that saturate a pixel; 0 is a sensor without noise.
        gain: analogue amplification; each doubling leaves half as many electrons.
        read_noise: electrons.
        prnu: deviation of the pixels' gains, a share.
        dsnu: deviation of the pixels' dark signal.
        bits: of the analogue-to-digital converter; 0 does not quantise.
        demosaic: how a Bayer mosaic's missing colours are filled in; "none" has no mosaic.
        color_smoothing: sigma of the blur of colours against noise.
        sharpening: how much of the brightness that a blur takes away is added once more.
        sharpening_radius: sigma of that blur.
        jpeg: quality of the camera's own JPEG (4:2:0); 0 is none.
        noise_seed: of what differs from picture to picture.
        pattern_seed: of what does not: a constant makes all pictures those of one camera.
    """

    key: Share = Constant(value=0.18)
    exposure_error: Stops = Nought
    blur: Pixels = Nought
    red_shift: Shift = Nought
    blue_shift: Shift = Nought
    vignetting: Tangent = Nought
    bloom: Share = Nought
    bloom_radius: Radius = Constant(value=0.03)
    warmth: Mired = Nought
    tint: Tint = Nought
    headroom: Headroom = Nought
    full_well: Electrons = Nought
    gain: Gain = Constant(value=1)
    read_noise: Electrons = Nought
    prnu: Share = Nought
    dsnu: Electrons = Nought
    bits: Bits = Nought
    demosaic: Demosaic = "none"
    color_smoothing: Pixels = Nought
    sharpening: Strength = Nought
    sharpening_radius: Width = Constant(value=1)
    jpeg: Quality = Nought
    noise_seed: Seed = AnySeed
    pattern_seed: Seed = AnySeed

    def draw(self, scope: Scope) -> Sensor:
        """Draw the sensor of one placement."""
        return Sensor(**self._draw(scope))


class IdealSensor(_Imager):
    """A perfect sensor that exposes by itself."""

    kind: Literal["ideal"] = "ideal"


class PhoneSensor(_Imager):
    """Small pixels, several of them to one of the image; strong processing."""

    kind: Literal["phone"] = "phone"
    exposure_error: Stops = Normal(mean=0, sigma=0.3, low=-1, high=1)
    blur: Pixels = Uniform(low=0.4, high=0.8)
    red_shift: Shift = Uniform(low=-4e-4, high=4e-4)
    blue_shift: Shift = Uniform(low=-4e-4, high=4e-4)
    vignetting: Tangent = Uniform(low=0.2, high=0.45)
    bloom: Share = Uniform(low=0.01, high=0.03)
    warmth: Mired = Normal(mean=0, sigma=6, low=-18, high=18)
    tint: Tint = Normal(mean=0, sigma=0.03, low=-0.1, high=0.1)
    headroom: Headroom = Uniform(low=2, high=4)
    full_well: Electrons = LogUniform(low=12_000, high=40_000)
    gain: Gain = LogUniform(low=1, high=4)
    read_noise: Electrons = Uniform(low=2, high=5)
    prnu: Share = Uniform(low=0.003, high=0.01)
    dsnu: Electrons = Uniform(low=0.2, high=1.5)
    bits: Bits = Constant(value=10)
    demosaic: Demosaic = "edge_aware"
    color_smoothing: Pixels = Uniform(low=0.8, high=2)
    sharpening: Strength = Uniform(low=0.3, high=0.9)
    jpeg: Quality = UniformInt(low=80, high=95)


class MachineVisionSensor(_Imager):
    """Large pixels behind a good lens, read out as they are."""

    kind: Literal["machine_vision"] = "machine_vision"
    exposure_error: Stops = Normal(mean=0, sigma=0.3, low=-1, high=1)
    blur: Pixels = Uniform(low=0.3, high=0.7)
    red_shift: Shift = Uniform(low=-2e-4, high=2e-4)
    blue_shift: Shift = Uniform(low=-2e-4, high=2e-4)
    vignetting: Tangent = Uniform(low=0.1, high=0.35)
    bloom: Share = Uniform(low=0.002, high=0.01)
    warmth: Mired = Normal(mean=0, sigma=3, low=-10, high=10)
    full_well: Electrons = LogUniform(low=10_000, high=30_000)
    gain: Gain = LogUniform(low=1, high=8)
    read_noise: Electrons = Uniform(low=2, high=7)
    prnu: Share = Uniform(low=0.002, high=0.006)
    dsnu: Electrons = Uniform(low=0.5, high=3)
    bits: Bits = Constant(value=12)
    demosaic: Demosaic = "bilinear"


class AutomotiveSensor(_Imager):
    """A sensitive sensor behind a wide, dusty windscreen."""

    kind: Literal["automotive"] = "automotive"
    exposure_error: Stops = Normal(mean=0, sigma=0.4, low=-1.2, high=1.2)
    blur: Pixels = Uniform(low=0.5, high=1.0)
    red_shift: Shift = Uniform(low=-8e-4, high=8e-4)
    blue_shift: Shift = Uniform(low=-8e-4, high=8e-4)
    vignetting: Tangent = Uniform(low=0.25, high=0.5)
    bloom: Share = Uniform(low=0.02, high=0.06)
    bloom_radius: Radius = Uniform(low=0.02, high=0.06)
    warmth: Mired = Normal(mean=0, sigma=6, low=-18, high=18)
    headroom: Headroom = Uniform(low=4, high=7)
    full_well: Electrons = LogUniform(low=10_000, high=30_000)
    gain: Gain = LogUniform(low=1, high=16)
    read_noise: Electrons = Uniform(low=1.5, high=4)
    prnu: Share = Uniform(low=0.004, high=0.01)
    dsnu: Electrons = Uniform(low=0.5, high=3)
    bits: Bits = Constant(value=12)
    demosaic: Demosaic = "bilinear"
    color_smoothing: Pixels = Uniform(low=0.5, high=1)
    sharpening: Strength = Uniform(low=0.1, high=0.5)
    jpeg: Quality = UniformInt(low=85, high=97)


class ActionCamSensor(_Imager):
    """A tiny sensor behind a very wide lens, sharpened and compressed hard."""

    kind: Literal["action_cam"] = "action_cam"
    exposure_error: Stops = Normal(mean=0, sigma=0.4, low=-1.2, high=1.2)
    blur: Pixels = Uniform(low=0.5, high=1.0)
    red_shift: Shift = Uniform(low=-1.5e-3, high=1.5e-3)
    blue_shift: Shift = Uniform(low=-1.5e-3, high=1.5e-3)
    vignetting: Tangent = Uniform(low=0.35, high=0.7)
    bloom: Share = Uniform(low=0.02, high=0.05)
    warmth: Mired = Normal(mean=0, sigma=9, low=-25, high=25)
    tint: Tint = Normal(mean=0, sigma=0.04, low=-0.12, high=0.12)
    headroom: Headroom = Uniform(low=0, high=2)
    full_well: Electrons = LogUniform(low=8000, high=25_000)
    gain: Gain = LogUniform(low=1, high=8)
    read_noise: Electrons = Uniform(low=2, high=5)
    prnu: Share = Uniform(low=0.005, high=0.012)
    dsnu: Electrons = Uniform(low=0.5, high=2)
    bits: Bits = Constant(value=10)
    demosaic: Demosaic = "edge_aware"
    color_smoothing: Pixels = Uniform(low=1, high=2.5)
    sharpening: Strength = Uniform(low=0.5, high=1.1)
    sharpening_radius: Width = Uniform(low=0.8, high=1.4)
    jpeg: Quality = UniformInt(low=55, high=85)


class _Triangulation(_Drawn):
    """What varies about every depth camera."""

    nearest: Metres = Constant(value=0.3)
    farthest: Metres = Constant(value=10)
    seed: Seed = AnySeed


class StructuredLightKind(_Triangulation):
    """A projector and one camera; see `simdata.sensor.StructuredLight` for its fields."""

    kind: Literal["structured_light"] = "structured_light"
    baseline: Metres = Constant(value=0.075)
    noise: Pixels = Uniform(low=0.05, high=0.2)
    step: Pixels = Constant(value=0.125)
    jitter: Pixels = Uniform(low=0.3, high=0.8)
    steepest: Steepness = Uniform(low=math.radians(72), high=math.radians(84))
    darkest: Share = LogUniform(low=0.002, high=0.01)

    def draw(self, scope: Scope) -> StructuredLight:
        """Draw the depth sensor of one placement."""
        return StructuredLight(**self._draw(scope))


class StereoKind(_Triangulation):
    """Two cameras; see `simdata.sensor.StereoDepth` for its fields."""

    kind: Literal["stereo"] = "stereo"
    baseline: Metres = Constant(value=0.12)
    noise: Pixels = Uniform(low=0.1, high=0.4)
    step: Pixels = Constant(value=0.0625)
    jitter: Pixels = Uniform(low=0.5, high=1.5)
    steepest: Steepness = Uniform(low=math.radians(70), high=math.radians(82))
    plainest: Levels = Uniform(low=0.3, high=1.5)
    window: Annotated[Integer, Quantity("px", 3, 63)] = Constant(value=7)

    def draw(self, scope: Scope) -> StereoDepth:
        """Draw the depth sensor of one placement."""
        return StereoDepth(**self._draw(scope))


class ActiveStereoKind(_Triangulation):
    """Two infrared cameras and a projector; see `simdata.sensor.ActiveStereo` for its fields."""

    kind: Literal["active_stereo"] = "active_stereo"
    baseline: Metres = Constant(value=0.05)
    projector: Annotated[Scalar, Quantity("1", -2, 3)] = Constant(value=0.6)
    power: Annotated[Scalar, Quantity("1", 0, 1000)] = LogUniform(low=0.5, high=2)
    ambient: Annotated[Scalar, Quantity("1", 0, 1000)] = LogUniform(low=0.01, high=0.2)
    density: Annotated[Scalar, Quantity("1", 0.01, 0.9)] = Uniform(low=0.1, high=0.3)
    noise: Levels = Uniform(low=1, high=4)
    plainest: Levels = Constant(value=3)
    window: Annotated[Integer, Quantity("px", 1, 21)] = Constant(value=7)
    pattern_seed: Seed = AnySeed

    def draw(self, scope: Scope) -> ActiveStereo:
        """Draw the depth sensor of one placement."""
        return ActiveStereo(**self._draw(scope))


class _ByName:
    """Lets a union of kinds take a bare name for a kind with all of its defaults."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_named, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        union = dict(handler(schema))
        return {"anyOf": [union, {"enum": list(union["discriminator"]["mapping"]), "type": "string"}]}


def _named(value: Any) -> Any:
    return {"kind": value} if isinstance(value, str) else value


_KIND = Field(discriminator="kind")
SensorKind = Annotated[
    OffSensor | IdealSensor | PhoneSensor | MachineVisionSensor | AutomotiveSensor | ActionCamSensor,
    _KIND,
    _ByName(),
]
DepthSensorKind = Annotated[StructuredLightKind | StereoKind | ActiveStereoKind, _KIND, _ByName()]
