"""Distributions: comparable, serialisable values that say what could be.

A config field is always a distribution. In YAML `{dist: uniform, low: 0.01, high: 0.04}`; a bare value means
`constant`. Whether all that a distribution can give lies within the field's bounds is checked when the config
is loaded, not when an unlucky draw happens. `repr` reads like maths.

Fields are declared with a kind and a `Quantity`:

    radius: Annotated[Scalar, Quantity("m", low=0.001, high=1.0)] = Uniform(low=0.01, high=0.04)
"""

from __future__ import annotations

import colorsys
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema, core_schema

from simdata.model import Model

Interval = tuple[float, float]


class Constant(Model):
    """Always the same value."""

    dist: Literal["constant"] = "constant"
    value: float | int | str | tuple[float, float, float]

    def __repr__(self) -> str:
        return repr(self.value)

    def support(self) -> Interval:
        """Return (lowest, highest) value; a vector's lowest and highest coordinate."""
        values = self.value if isinstance(self.value, tuple) else (self.value,)
        return min(values), max(values)  # type: ignore[return-value]

    def sample(self, generator: np.random.Generator) -> Any:
        """Return the value; nothing is drawn."""
        return self.value


class _Ranged(Model):
    low: float
    high: float

    @model_validator(mode="after")
    def _ordered(self) -> _Ranged:
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}; swap them")
        return self

    def support(self) -> Interval:
        """Return (low, high)."""
        return self.low, self.high


class Uniform(_Ranged):
    """Equal density everywhere in [low, high)."""

    dist: Literal["uniform"] = "uniform"

    def __repr__(self) -> str:
        return f"U({self.low:g}, {self.high:g})"

    def sample(self, generator: np.random.Generator) -> float:
        """Draw a float."""
        return float(generator.uniform(self.low, self.high))


class LogUniform(_Ranged):
    """Equal density of the logarithm: as many values in [1, 2) as in [2, 4)."""

    dist: Literal["log_uniform"] = "log_uniform"
    low: float = Field(gt=0)

    def __repr__(self) -> str:
        return f"LogU({self.low:g}, {self.high:g})"

    def sample(self, generator: np.random.Generator) -> float:
        """Draw a float."""
        return float(math.exp(generator.uniform(math.log(self.low), math.log(self.high))))


class Normal(_Ranged):
    """Bell of mean and sigma, cut off at [low, high] by drawing again (so the shape inside stays a bell).

    The cut must leave at least 1 % of the bell, else drawing again would not end in reasonable time.
    """

    dist: Literal["normal"] = "normal"
    mean: float
    sigma: float = Field(gt=0)

    @model_validator(mode="after")
    def _drawable(self) -> Normal:
        if self.inside() < 0.01:
            raise ValueError(
                f"[{self.low:g}, {self.high:g}] holds {self.inside():.2%} of the bell of mean "
                f"{self.mean:g} and sigma {self.sigma:g}; at least 1 % is needed; widen it or move the mean"
            )
        return self

    def __repr__(self) -> str:
        return f"N({self.mean:g}, {self.sigma:g}) in [{self.low:g}, {self.high:g}]"

    def inside(self) -> float:
        """Return the share of the uncut bell within [low, high]."""
        scale = self.sigma * math.sqrt(2)
        return 0.5 * (math.erf((self.high - self.mean) / scale) - math.erf((self.low - self.mean) / scale))

    def sample(self, generator: np.random.Generator) -> float:
        """Draw a float."""
        while True:
            value = float(generator.normal(self.mean, self.sigma))
            if self.low <= value <= self.high:
                return value


class UniformInt(Model):
    """Each whole number from low to high, both included, equally often."""

    dist: Literal["uniform_int"] = "uniform_int"
    low: int
    high: int

    @model_validator(mode="after")
    def _ordered(self) -> UniformInt:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}; swap them")
        return self

    def __repr__(self) -> str:
        return f"{{{self.low}..{self.high}}}"

    def support(self) -> Interval:
        """Return (low, high)."""
        return self.low, self.high

    def sample(self, generator: np.random.Generator) -> int:
        """Draw an int."""
        return int(generator.integers(self.low, self.high, endpoint=True))


class Choice(Model):
    """One of the listed values; `weights` need not add up to 1."""

    dist: Literal["choice"] = "choice"
    values: tuple[float | int | str | tuple[float, float, float], ...] = Field(min_length=1)
    weights: tuple[Annotated[float, Field(ge=0)], ...] | None = None

    @model_validator(mode="after")
    def _weighted(self) -> Choice:
        if self.weights is not None and len(self.weights) != len(self.values):
            raise ValueError(f"{len(self.values)} values but {len(self.weights)} weights; give one a value")
        if self.weights is not None and sum(self.weights) <= 0:
            raise ValueError("all weights are 0; at least one must be above")
        return self

    def __repr__(self) -> str:
        return "{" + ", ".join(map(str, self.values)) + "}"

    def support(self) -> Interval:
        """Return (lowest, highest) of numeric values."""
        flat = [x for value in self.values for x in (value if isinstance(value, tuple) else (value,))]
        return min(flat), max(flat)  # type: ignore[return-value]

    def sample(self, generator: np.random.Generator) -> Any:
        """Draw one of the values."""
        weights = self.weights or (1.0,) * len(self.values)
        edges = np.cumsum(weights)
        return self.values[int(np.searchsorted(edges, generator.uniform(0, edges[-1]), side="right"))]


class InBox(Model):
    """Uniform in an axis-aligned box."""

    dist: Literal["in_box"] = "in_box"
    low: tuple[float, float, float]
    high: tuple[float, float, float]

    @model_validator(mode="after")
    def _ordered(self) -> InBox:
        for axis, low, high in zip("xyz", self.low, self.high, strict=True):
            if low > high:
                raise ValueError(f"{axis}: low {low:g} is above high {high:g}; swap them")
        return self

    def __repr__(self) -> str:
        return f"U({self.low}, {self.high})"

    def support(self) -> Interval:
        """Return the lowest and the highest coordinate."""
        return min(self.low), max(self.high)

    def sample(self, generator: np.random.Generator) -> tuple[float, float, float]:
        """Draw a point (3,)."""
        x, y, z = generator.uniform(self.low, self.high)
        return float(x), float(y), float(z)


class InShell(Model):
    """Uniform by volume between two spheres about the origin, within bands of azimuth and elevation.

    Source: the volume element r^2 cos(elevation) dr d(elevation) d(azimuth): so r^3 and sin(elevation)
    are uniform.
    """

    dist: Literal["in_shell"] = "in_shell"
    radius_low: float = Field(gt=0)
    radius_high: float = Field(gt=0)
    elevation_low: float = Field(default=-math.pi / 2, ge=-math.pi / 2, le=math.pi / 2)
    elevation_high: float = Field(default=math.pi / 2, ge=-math.pi / 2, le=math.pi / 2)
    azimuth_low: float = -math.pi
    azimuth_high: float = math.pi

    @model_validator(mode="after")
    def _ordered(self) -> InShell:
        for name in ("radius", "elevation", "azimuth"):
            low, high = getattr(self, f"{name}_low"), getattr(self, f"{name}_high")
            if low > high:
                raise ValueError(f"{name}_low {low:g} is above {name}_high {high:g}; swap them")
        return self

    def __repr__(self) -> str:
        return f"Shell({self.radius_low:g}, {self.radius_high:g})"

    def support(self) -> Interval:
        """Return bounds on any coordinate."""
        return -self.radius_high, self.radius_high

    def sample(self, generator: np.random.Generator) -> tuple[float, float, float]:
        """Draw a point (3,)."""
        radius = generator.uniform(self.radius_low**3, self.radius_high**3) ** (1 / 3)
        sine = generator.uniform(math.sin(self.elevation_low), math.sin(self.elevation_high))
        azimuth = generator.uniform(self.azimuth_low, self.azimuth_high)
        flat = radius * math.sqrt(max(0.0, 1 - sine * sine))
        return flat * math.cos(azimuth), flat * math.sin(azimuth), radius * sine


class Hsv(Model):
    """A colour, uniform in hue (turns; may wrap, e.g. 0.9 to 1.1), saturation and value of sRGB."""

    dist: Literal["hsv"] = "hsv"
    hue: Interval = (0.0, 1.0)
    saturation: tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]] = (0.0, 1.0)
    value: tuple[Annotated[float, Field(ge=0, le=1)], Annotated[float, Field(ge=0, le=1)]] = (0.0, 1.0)

    @model_validator(mode="after")
    def _ordered(self) -> Hsv:
        for name in ("hue", "saturation", "value"):
            low, high = getattr(self, name)
            if low > high:
                raise ValueError(f"{name}: low {low:g} is above high {high:g}; swap them")
        return self

    def __repr__(self) -> str:
        return f"HSV({self.hue}, {self.saturation}, {self.value})"

    def support(self) -> Interval:
        """Return (0, 1): every colour channel lies there."""
        return 0.0, 1.0

    def sample(self, generator: np.random.Generator) -> tuple[float, float, float]:
        """Draw an sRGB colour (3,), each channel in [0, 1]."""
        hue, saturation, value = (
            float(generator.uniform(*band)) for band in (self.hue, self.saturation, self.value)
        )
        return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


class Ref(Model):
    """`scale` x + `offset` of the shared variable x that the config's `let:` draws once a scene."""

    dist: Literal["ref"] = "ref"
    name: str
    scale: float = 1.0
    offset: float = 0.0

    def __repr__(self) -> str:
        return f"{self.scale:g}*${self.name} + {self.offset:g}"

    def sample(self, generator: np.random.Generator) -> Any:
        """Never called: a scope looks the value up (`Scope.draw`)."""
        raise TypeError(f"${self.name} is looked up by a Scope, not drawn")


def _wrap(value: Any) -> Any:
    """Turn a bare value into a constant."""
    if isinstance(value, Mapping | Model):
        return value
    return {"dist": "constant", "value": tuple(value) if isinstance(value, list) else value}


_TAG, _BARE = Field(discriminator="dist"), BeforeValidator(_wrap)
Scalar = Annotated[Constant | Uniform | LogUniform | Normal | UniformInt | Choice | Ref, _TAG, _BARE]
Integer = Annotated[Constant | UniformInt | Choice | Ref, _TAG, _BARE]
Point = Annotated[Constant | InBox | InShell | Choice, _TAG, _BARE]
Color = Annotated[Constant | Hsv | Choice, _TAG, _BARE]
Name = Annotated[Constant | Choice, _TAG, _BARE]
Distribution = Annotated[
    Constant | Uniform | LogUniform | Normal | UniformInt | Choice | InBox | InShell | Hsv | Ref, _TAG, _BARE
]


@dataclass(frozen=True)
class Quantity:
    """What a field measures: its unit and the bounds that all its draws must keep.

    Attributes:
        unit: "m", "rad", "kg/m^3", … ; "1" for a pure number, "name" for text, "sRGB" for a colour.
        low, high: bounds, both included; checked when the config is loaded.
    """

    unit: str
    low: float = -math.inf
    high: float = math.inf

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        json_schema = dict(handler(schema))
        limits = {"minimum": self.low, "maximum": self.high}
        finite = {key: value for key, value in limits.items() if math.isfinite(value)}
        return json_schema | {"x-unit": self.unit} | ({"x-bounds": finite} if finite else {})

    def _check(self, value: Any, info: core_schema.ValidationInfo) -> Any:
        low, high = self._support(value, info)
        if low < self.low or high > self.high:
            raise ValueError(
                f"{value!r} can give {low if low < self.low else high:g} {self.unit}; "
                f"allowed is {self.low:g} to {self.high:g}"
            )
        return value

    def _support(self, value: Any, info: core_schema.ValidationInfo) -> Interval:
        """Return what `value` can give, within this quantity's own kind (text, number or vector)."""
        if isinstance(value, Ref):
            return _ref_support(value, (info.context or {}).get("let"), (self.low, self.high))
        drawn = (
            value.values
            if isinstance(value, Choice)
            else (value.value,)
            if isinstance(value, Constant)
            else ()
        )
        texts = [x for x in drawn if isinstance(x, str)]
        if self.unit == "name":
            if len(texts) != len(drawn):
                raise ValueError(f"{value!r} is not text")
            return self.low, self.high
        if texts:
            raise ValueError(f"{texts[0]!r} is text, a number in {self.unit} is wanted")
        return value.support()


def _ref_support(ref: Ref, let: Mapping[str, Any] | None, free: Interval) -> Interval:
    """Return what a reference can give; unknown bindings are free when no `let` is known yet."""
    if let is None:
        return free
    if ref.name not in let:
        raise ValueError(f"${ref.name} is not bound under let: (bound: {', '.join(let) or 'nothing'})")
    ends = [ref.scale * x + ref.offset for x in let[ref.name].support()]
    return min(ends), max(ends)
