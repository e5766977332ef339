"""Light of a place: the sky through its windows, the sun, its lamps; by day, in the evening, at night."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from simdata.assets.room import Opening
from simdata.color import srgb_from_linear
from simdata.distributions import (
    Choice,
    Color,
    Constant,
    Hsv,
    InShell,
    LogUniform,
    Name,
    Point,
    Quantity,
    Scalar,
    Uniform,
)
from simdata.light import AreaLight, Light, SpotLight, Sun
from simdata.material import Material
from simdata.model import Model
from simdata.scenes.place import Fixture, Place
from simdata.scenes.reading import reading, seen_through
from simdata.scope import Scope
from simdata.sky import DaySky, NightSky, Sky, daylight

# A lamp that is switched off.
OFF = Material(base_color=(0.93, 0.92, 0.88), roughness=0.4)


class Studio(Model):
    """One sun, in a room without a ceiling, and light from everywhere.

    Attributes:
        angle: angular diameter: a small light like the sun casts hard shadows, a large one like a window soft
            ones. Renderer tiny draws all of them hard.
    """

    direction: Annotated[Point, Quantity("1, towards the light")] = InShell(
        radius_low=1, radius_high=1, elevation_low=math.radians(35), elevation_high=math.radians(80)
    )
    strength: Annotated[Scalar, Quantity("1", 0, 20)] = Uniform(low=0.6, high=1.0)
    ambient: Annotated[Scalar, Quantity("1", 0, 5)] = Uniform(low=0.35, high=0.65)
    color: Annotated[Color, Quantity("sRGB", 0, 1)] = Hsv(
        hue=(0.05, 0.17), saturation=(0.0, 0.15), value=(0.95, 1.0)
    )
    angle: Annotated[Scalar, Quantity("rad", 0, 2)] = LogUniform(low=0.009, high=0.3)


class Lighting(Model):
    """The light of a place. All strengths are fitted so that the table gets what `brightness` says.

    Attributes:
        mood: "day", "evening" (dusk, with lamps), "night" (lamps alone) or "studio".
        brightness: what a white sheet on the table would read.
        ambient: light that comes from everywhere whatever stands in its way, as a share of the brightness:
            a closed room needs none, its surfaces pass light on.
        lamp_share: share of the table's light that comes from lamps by day …
        evening_share: … and in the evening.
        lamp_color: of each lamp.
        lamp_balance: strength of each lamp, against the others.
        sun_elevation, dusk_elevation: of the sun by day and in the evening, above the horizon.
        sun_heading: of the sun, from straight before the first window.
        sun_strength: of the sun, as a share of what goes with such a sky: trees and curtains take some.
        turbidity: of the sky, see `simdata.sky.DaySky`.
        clouds: share of the sky that they cover; they dim the sun.
        studio: of mood "studio".
    """

    mood: Annotated[Name, Quantity("name")] = Choice(values=("day", "evening", "night"), weights=(6, 2, 2))
    brightness: Annotated[Scalar, Quantity("1", 0.001, 10)] = Uniform(low=0.8, high=1.4)
    ambient: Annotated[Scalar, Quantity("1", 0, 1)] = Constant(value=0.0)
    lamp_share: Annotated[Scalar, Quantity("1", 0, 1)] = Choice(values=(0.0, 0.15, 0.4), weights=(3, 1, 1))
    evening_share: Annotated[Scalar, Quantity("1", 0, 1)] = Uniform(low=0.6, high=0.95)
    lamp_color: Annotated[Color, Quantity("sRGB", 0, 1)] = Choice(
        values=((1.0, 0.86, 0.7), (1.0, 0.9, 0.78), (1.0, 0.94, 0.86), (1.0, 0.98, 0.95), (0.94, 0.97, 1.0))
    )
    lamp_balance: Annotated[Scalar, Quantity("1", 0.001, 100)] = LogUniform(low=0.4, high=2.5)
    sun_elevation: Annotated[Scalar, Quantity("rad", -0.3, math.pi / 2)] = Uniform(
        low=math.radians(8), high=math.radians(62)
    )
    dusk_elevation: Annotated[Scalar, Quantity("rad", -0.3, math.pi / 2)] = Uniform(
        low=math.radians(-5), high=math.radians(4)
    )
    sun_heading: Annotated[Scalar, Quantity("rad", -math.pi, math.pi)] = Uniform(
        low=math.radians(-75), high=math.radians(75)
    )
    sun_strength: Annotated[Scalar, Quantity("1", 0, 20)] = LogUniform(low=0.06, high=0.4)
    turbidity: Annotated[Scalar, Quantity("1", 1.8, 10)] = LogUniform(low=2.0, high=8.0)
    clouds: Annotated[Scalar, Quantity("1", 0, 1)] = Choice(
        values=(0.0, 0.3, 0.6, 0.95), weights=(2, 1, 1, 1)
    )
    studio: Studio = Studio()

    def draw(self, scope: Scope, place: Place) -> Lit:
        """Draw the light of one look."""
        mood = scope.draw("mood", self.mood)
        if mood == "studio":
            return self._studio(scope)
        bright = scope.draw("brightness", self.brightness)
        ambient = bright * scope.draw("ambient", self.ambient)
        target = bright - ambient
        lamps = [self._lamp(scope.child("lamp", fixture.node), fixture) for fixture in place.fixtures]
        share = scope.draw("lamp_share", self.lamp_share)
        if mood == "evening":
            share = scope.draw("evening_share", self.evening_share)
        if not place.room.openings() or mood == "night":
            share = 1.0
        share = share if lamps else 0.0
        lit = _fitted(lamps, place, share * target)
        sky, natural = self._outside(scope, place, mood)
        if share < 1.0:
            above = 0.0 if place.room.ceiling else 1.0
            factor = (1 - share) * target / (above + reading(natural, place))
            natural = [light.model_copy(update={"strength": factor * light.strength}) for light in natural]
            sky = sky.model_copy(update={"strength": factor * sky.strength})
        else:
            natural, sky = [], NightSky(strength=0.004 * bright)
        glowing = zip(place.fixtures, lit or [None] * len(lamps), strict=True)
        glows = {fixture.node: _glow(lamp) for fixture, lamp in glowing}
        return Lit((*natural, *lit), ambient, sky, glows)

    def _studio(self, scope: Scope) -> Lit:
        studio = self.studio
        direction = np.array(scope.draw("sun_direction", studio.direction))
        sun = Sun(
            direction=_vector(direction / np.linalg.norm(direction)),
            color=scope.draw("sun_color", studio.color),
            strength=scope.draw("sun_strength", studio.strength),
            angle=scope.draw("sun_angle", studio.angle),
        )
        return Lit((sun,), scope.draw("ambient", studio.ambient), None, {})

    def _lamp(self, scope: Scope, fixture: Fixture) -> AreaLight | SpotLight:
        """Draw a lamp; its strength is what it has beside the others'."""
        color, strength = scope.draw("color", self.lamp_color), scope.draw("balance", self.lamp_balance)
        # Just below what glows, else that would keep the light in.
        below = fixture.position - (0.0, 0.0, fixture.size[2] / 2 + 0.002)
        spot = {"position": _vector(below), "direction": (0.0, 0.0, -1.0), "color": color,
                "surface": fixture.node}  # fmt: skip
        if fixture.kind == "panel":
            return AreaLight(**spot, up=(0.0, 1.0, 0.0), strength=strength,
                             width=fixture.size[0], height=fixture.size[1])  # fmt: skip
        wide, part = (1.3, 1.0) if fixture.kind == "pendant" else (1.2, 0.2)
        radius = float(fixture.size[0]) / 2
        return SpotLight(**spot, angle=wide, blend=0.35, radius=radius, strength=part * strength)

    def _outside(self, scope: Scope, place: Place, mood: str) -> tuple[DaySky, list[Light]]:
        """Draw a sky of strength 1, its sun, and the windows that it shines through."""
        names = ("turbidity", "clouds", "sun_heading", "sun_strength")
        drawn = {name: scope.draw(name, getattr(self, name)) for name in names}
        kind = "dusk_elevation" if mood == "evening" else "sun_elevation"
        rise = scope.draw(kind, getattr(self, kind))
        holes = place.openings()
        before = -holes[0].inward if holes else np.array([1.0, 0.0, 0.0])
        turn = math.atan2(before[1], before[0]) + drawn["sun_heading"]
        way = np.array([math.cos(rise) * math.cos(turn), math.cos(rise) * math.sin(turn), math.sin(rise)])
        color, natural = daylight(_vector(way), drawn["turbidity"], drawn["clouds"])
        strength = drawn["sun_strength"] * natural
        seed = scope.draw("cloud_seed", Choice(values=tuple(range(64))))
        sky = DaySky(
            sun=_vector(way), turbidity=drawn["turbidity"], clouds=drawn["clouds"], seed=seed, strength=1
        )
        lights: list[Light] = []
        if strength > 0:
            lights.append(Sun(direction=_vector(way), color=color, strength=strength))
        return sky, [*lights, *(_portal(hole, seen_through(hole, sky, place)) for hole in holes)]


@dataclass(frozen=True, eq=False)
class Lit:
    """The light of one look: what goes into `simdata.spec.Look`, and what glows, by node."""

    lights: tuple[Light, ...]
    ambient: float
    sky: Sky | None
    glows: dict[str, Material]


def _vector(values: Any) -> tuple[float, float, float]:
    x, y, z = (float(value) for value in values)
    return x, y, z


def _portal(hole: Opening, radiance: np.ndarray) -> AreaLight:
    """Return the light of a window through which a linear radiance (3,) is seen."""
    position = hole.position + 0.01 * hole.inward
    brightest = max(float(radiance.max()), 1e-9)
    return AreaLight(
        position=_vector(position), direction=_vector(hole.inward), up=(0.0, 0.0, 1.0), width=hole.width,
        height=hole.height, color=_vector([srgb_from_linear(float(x)) for x in radiance / brightest]),
        strength=brightest * hole.width * hole.height / math.pi, portal=True,
    )  # fmt: skip


def _fitted(lamps: list[Any], place: Place, target: float) -> list[Any]:
    """Return lamps scaled so that they give the table `target`."""
    if not lamps or target <= 0:
        return []
    factor = target / reading(lamps, place)
    return [lamp.model_copy(update={"strength": factor * lamp.strength}) for lamp in lamps]


def _glow(lamp: AreaLight | SpotLight | None) -> Material:
    """Return the material of what glows, as bright as its lamp is strong; None is not on."""
    if lamp is None:
        return OFF
    if isinstance(lamp, AreaLight):
        radiance = math.pi * lamp.strength / (lamp.width * lamp.height)
    else:  # a ball that sends the same to all sides: its irradiance at a metre is radiance * pi * radius^2
        radiance = lamp.strength / lamp.radius**2
    return Material(base_color=lamp.color, roughness=0.4, emission=radiance)
