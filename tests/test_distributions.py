"""Every distribution against its stated density, its bounds, and its way through JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Annotated, Any

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError
from scipy import stats

from simdata.distributions import (
    Choice,
    Color,
    Constant,
    Distribution,
    Hsv,
    InBox,
    InShell,
    LogUniform,
    Normal,
    Point,
    Quantity,
    Ref,
    Scalar,
    Uniform,
    UniformInt,
)
from simdata.model import Model
from simdata.rng import Stream

DRAWS = 4000
# The chance that one sound sampler fails; seeds are fixed, so it passes for ever or never.
SIGNIFICANCE = 1e-3

Sampler = Callable[[np.random.Generator], Any]


def draws(sampler: Sampler, name: str = "x", count: int = DRAWS) -> np.ndarray:
    stream = Stream(11).child("statistics", name)
    return np.array([sampler(stream.child(k).generator()) for k in range(count)])


def fits(values: np.ndarray, cdf: Callable[[np.ndarray], np.ndarray]) -> bool:
    return stats.kstest(values, cdf).pvalue > SIGNIFICANCE


def uniform(low: float, high: float) -> Callable[[np.ndarray], np.ndarray]:
    return stats.uniform(low, high - low).cdf


def truncated(normal: Normal) -> Callable[[np.ndarray], np.ndarray]:
    ends = [(end - normal.mean) / normal.sigma for end in (normal.low, normal.high)]
    return stats.truncnorm(*ends, loc=normal.mean, scale=normal.sigma).cdf


SCALARS: dict[str, tuple[Any, Callable[[np.ndarray], np.ndarray]]] = {
    "uniform": (Uniform(low=-2, high=3), uniform(-2, 3)),
    "log_uniform": (LogUniform(low=0.01, high=10), stats.loguniform(0.01, 10).cdf),
    "normal": (
        Normal(mean=1, sigma=2, low=-1, high=7),
        truncated(Normal(mean=1, sigma=2, low=-1, high=7)),
    ),
    "normal, tail only": (
        Normal(mean=0, sigma=1, low=1.5, high=9),
        truncated(Normal(mean=0, sigma=1, low=1.5, high=9)),
    ),
}


@pytest.mark.parametrize("name", SCALARS)
def test_scalars_have_their_density_and_support(name: str) -> None:
    distribution, cdf = SCALARS[name]
    values = draws(distribution.sample, name)
    low, high = distribution.support()
    assert values.min() >= low and values.max() <= high
    assert fits(values, cdf)


def test_a_bell_that_is_clipped_instead_of_cut_is_caught() -> None:
    _, cdf = SCALARS["normal"]
    clipped = draws(lambda g: np.clip(g.normal(1, 2), -1, 7))
    assert not fits(clipped, cdf)
    assert not fits(draws(Uniform(low=0.01, high=10).sample), SCALARS["log_uniform"][1])


def test_whole_numbers_are_equally_often_ends_included() -> None:
    values = draws(UniformInt(low=-1, high=4).sample)
    found, counts = np.unique(values, return_counts=True)
    assert found.tolist() == [-1, 0, 1, 2, 3, 4]
    assert stats.chisquare(counts).pvalue > SIGNIFICANCE


@pytest.mark.parametrize("weights", [None, (1.0, 2.0, 5.0), (0.0, 1.0, 3.0), (10.0, 0.0, 0.0)])
def test_choice_keeps_its_weights(weights: tuple[float, ...] | None) -> None:
    values = draws(Choice(values=("a", "b", "c"), weights=weights).sample, str(weights)).tolist()
    share = np.array(weights or (1.0, 1.0, 1.0)) / sum(weights or (1.0, 1.0, 1.0))
    counts = np.array([values.count(name) for name in "abc"])
    assert (counts[share == 0] == 0).all()
    if np.count_nonzero(share) > 1:
        assert stats.chisquare(counts[share > 0], DRAWS * share[share > 0]).pvalue > SIGNIFICANCE


def test_a_box_is_filled_evenly_and_its_axes_are_independent() -> None:
    box = InBox(low=(-1, 0, 2), high=(1, 0.5, 5))
    points = draws(box.sample)
    for axis in range(3):
        assert fits(points[:, axis], uniform(box.low[axis], box.high[axis]))
    assert np.abs(np.corrcoef(points.T) - np.eye(3)).max() < 4 / math.sqrt(DRAWS)


SHELL = InShell(
    radius_low=0.5, radius_high=2, elevation_low=0.2, elevation_high=1.4, azimuth_low=-1, azimuth_high=2
)


def shell_fits(points: np.ndarray) -> bool:
    """Whether points fill SHELL evenly by volume: r^3, sin(elevation) and azimuth are uniform."""
    radius = np.linalg.norm(points, axis=1)
    return (
        fits(radius**3, uniform(0.5**3, 2**3))
        and fits(points[:, 2] / radius, uniform(math.sin(0.2), math.sin(1.4)))
        and fits(np.arctan2(points[:, 1], points[:, 0]), uniform(-1, 2))
    )


def naive_shell(generator: np.random.Generator, power: float, by_angle: bool) -> tuple[float, float, float]:
    """Sample SHELL wrongly: without the right root, or uniform in the angle of elevation."""
    radius = generator.uniform(0.5 ** (1 / power), 2 ** (1 / power)) ** power
    sine = (
        math.sin(generator.uniform(0.2, 1.4)) if by_angle else generator.uniform(math.sin(0.2), math.sin(1.4))
    )
    azimuth = generator.uniform(-1, 2)
    flat = radius * math.sqrt(1 - sine * sine)
    return flat * math.cos(azimuth), flat * math.sin(azimuth), radius * sine


def test_a_shell_is_filled_evenly_by_volume() -> None:
    assert shell_fits(draws(SHELL.sample))
    assert shell_fits(draws(lambda g: naive_shell(g, 1 / 3, by_angle=False)))


@pytest.mark.parametrize(("power", "by_angle"), [(1.0, False), (1 / 2, False), (1 / 3, True)])
def test_the_usual_mistakes_in_a_shell_are_caught(power: float, by_angle: bool) -> None:
    assert not shell_fits(draws(lambda g: naive_shell(g, power, by_angle)))


def test_a_whole_sphere_has_no_favourite_direction() -> None:
    points = draws(InShell(radius_low=1, radius_high=1).sample)
    for axis in range(3):  # Archimedes: each coordinate of a uniform point on a sphere is uniform
        assert fits(points[:, axis], uniform(-1, 1))


def test_colours_are_even_in_hue_saturation_and_value() -> None:
    colors = draws(Hsv(hue=(0.9, 1.1), saturation=(0.3, 0.8), value=(0.2, 1.0)).sample)
    assert colors.min() >= 0 and colors.max() <= 1
    high, low = colors.max(1), colors.min(1)
    assert fits(high, uniform(0.2, 1.0))
    assert fits(1 - low / high, uniform(0.3, 0.8))
    red, green, blue = colors.T
    assert (red == high).all()  # hue wraps about red: the rest of the circle never comes
    assert fits((green - blue) / (high - low) / 6, uniform(-0.1, 0.1))


def test_a_constant_draws_nothing() -> None:
    generator = Stream(0).generator()
    before = generator.bit_generator.state
    assert Constant(value=3.5).sample(generator) == 3.5
    assert generator.bit_generator.state == before


ALL = [
    Constant(value=1.5),
    Constant(value=(1.0, 2.0, 3.0)),
    *(distribution for distribution, _ in SCALARS.values()),
    UniformInt(low=0, high=3),
    Choice(values=(1.0, 2.0), weights=(1.0, 3.0)),
    InBox(low=(0, 0, 0), high=(1, 1, 1)),
    SHELL,
    Hsv(),
    Ref(name="mood", scale=2.0),
]


@pytest.mark.parametrize("distribution", ALL, ids=repr)
def test_distributions_are_values_that_survive_json(distribution: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Distribution)
    back = adapter.validate_json(adapter.dump_json(distribution))
    assert back == distribution and type(back) is type(distribution)
    assert back.digest == distribution.digest


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Uniform(low=2, high=1), "low 2 is above high 1; swap"),
        (lambda: UniformInt(low=2, high=1), "low 2 is above high 1; swap"),
        (lambda: InBox(low=(0, 5, 0), high=(1, 1, 1)), "y: low 5 is above high 1"),
        (lambda: InShell(radius_low=2, radius_high=1), "radius_low 2 is above"),
        (lambda: Hsv(value=(0.8, 0.2)), "value: low 0.8 is above"),
        (lambda: Normal(mean=0, sigma=1, low=5, high=6), "at least 1 % is needed"),
        (lambda: Choice(values=("a",), weights=(1.0, 2.0)), "1 values but 2 weights"),
        (lambda: Choice(values=("a",), weights=(0.0,)), "all weights are 0"),
        (lambda: Choice(values=()), "at least 1"),
        (lambda: LogUniform(low=0, high=1), "greater than 0"),
        (lambda: Uniform(low=0, high=math.inf), "finite"),
    ],
)
def test_what_cannot_be_drawn_is_refused(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        make()


class Thing(Model):
    """Fields of every kind, with bounds."""

    roughness: Annotated[Scalar, Quantity("1", low=0, high=1)] = Uniform(low=0.2, high=0.4)
    name: Annotated[Distribution, Quantity("name")] = Constant(value="oak")
    place: Annotated[Point, Quantity("m", low=-1, high=1)] = InBox(low=(0, 0, 0), high=(1, 1, 1))
    tint: Annotated[Color, Quantity("sRGB", low=0, high=1)] = Hsv()


@pytest.mark.parametrize(
    "fields",
    [
        {"roughness": {"dist": "uniform", "low": -1, "high": 0.5}},
        {"roughness": {"dist": "normal", "mean": 0.5, "sigma": 0.1, "low": 0, "high": 1.01}},
        {"roughness": {"dist": "choice", "values": [0.1, 2]}},
        {"roughness": 7},
        {"roughness": "rough"},
        {"place": {"dist": "in_shell", "radius_low": 0.5, "radius_high": 1.5}},
        {"place": [0, 0, 9]},
        {"tint": [0, 0.5, 1.5]},
        {"name": 3},
        {"roughness": {"dist": "unifrom", "low": 0, "high": 1}},
        {"roughness": {"dist": "uniform", "low": 0, "high": 1, "hihg": 1}},
    ],
)
def test_a_draw_out_of_bounds_is_refused_when_the_config_is_loaded(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as caught:
        Thing.model_validate(fields)
    assert next(iter(fields)) in str(caught.value)


def test_bare_values_are_constants() -> None:
    thing = Thing.model_validate({"roughness": 0.5, "name": "ash", "place": [0, 0, 0.5]})
    assert thing.roughness == Constant(value=0.5)
    assert thing.place == Constant(value=(0.0, 0.0, 0.5))


def test_references_are_checked_against_what_they_refer_to() -> None:
    fields = {"roughness": {"dist": "ref", "name": "wear", "scale": 0.5}}
    let = {"wear": Uniform(low=0, high=2)}
    assert isinstance(Thing.model_validate(fields, context={"let": let}).roughness, Ref)
    with pytest.raises(ValidationError, match=r"can give 1\.5 1; allowed is 0 to 1"):
        Thing.model_validate(fields, context={"let": {"wear": Uniform(low=0, high=3)}})
    with pytest.raises(ValidationError, match=r"\$wear is not bound under let: \(bound: mood\)"):
        Thing.model_validate(fields, context={"let": {"mood": Uniform(low=0, high=1)}})


def test_the_schema_tells_unit_and_bounds() -> None:
    field = Thing.model_json_schema()["properties"]["roughness"]
    assert field["x-unit"] == "1" and field["x-bounds"] == {"minimum": 0, "maximum": 1}
