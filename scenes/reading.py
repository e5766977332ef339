"""What the light of a room amounts to on its table, about: by hand, before anything is drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simdata.assets.room import Opening
from simdata.light import SpotLight, Sun
from simdata.scenes.place import Place
from simdata.sky import Sky, looked_up, radiance

# Share of light that a room's surfaces give back, on average.
ALBEDO = 0.5
# Light of a window's reveal against the sky's: its sides see about half of that, and each other.
REVEAL = ALBEDO * 0.5 / (1 - ALBEDO * 0.5)
# Spots along each side of a window at which the sky is looked at, and rows of its picture.
PANES, SKY_ROWS = 8, 64


def reading(lights: list[Any], place: Place) -> float:
    """Return what a white sheet on the table reads: directly, and after bounces between the walls.

    Where only a part of the table is lit: the power mean of order 1/2, between what eyes and meters do.
    """
    points, holes = _sheets(place), place.openings()
    direct = np.array([sum(direct_light(light, point, holes) for light in lights) for point in points])
    return float(np.mean(np.sqrt(direct + _bounced(lights, place, holes))) ** 2)


def seen_through(hole: Opening, sky: Sky, place: Place) -> np.ndarray:
    """Return the linear radiance (3,) of a whole window that lights the table as the sky behind it does.

    The frame keeps its share out, and so does the reveal, which passes some of that on.
    """
    up = np.array([0.0, 0.0, 1.0])
    side = np.cross(hole.inward, up)
    steps = (np.arange(PANES) + 0.5) / PANES - 0.5
    across, along = (x.reshape(-1, 1) for x in np.meshgrid(hole.width * steps, hole.height * steps))
    spots = hole.position + across * side + along * up
    ways = (spots - _sheets(place)[:, None]).reshape(-1, 3)
    distance = np.linalg.norm(ways, axis=-1)
    weights = np.maximum(-ways @ hole.inward, 0) * np.maximum(ways[:, 2], 0) / distance**4
    if not weights.any():  # it is below the table
        weights = np.ones_like(distance)
    outside = np.tile(spots - hole.position, (len(ways) // len(spots), 1))
    outside = outside - ways * (hole.depth / (ways @ hole.inward))[:, None]
    free = (np.abs(outside @ side) < hole.width / 2) & (np.abs(outside @ up) < hole.height / 2)
    share = np.where(free, 1.0, REVEAL)
    seen = looked_up(radiance(sky, SKY_ROWS), ways)
    return hole.clear * ((weights * share) @ seen) / weights.sum()


def direct_light(light: Any, point: np.ndarray, holes: list[Opening]) -> float:
    """Return what a light gives a level sheet at a point (3,), m."""
    if isinstance(light, Sun):
        way = np.asarray(light.direction)
        shines = not holes or any(_through(hole, point, way) for hole in holes)
        return light.strength * max(way[2], 0.0) * shines
    total = 0.0
    for spot in _spots(light):
        arm = spot - point
        distance = float(np.linalg.norm(arm))
        leaving = float(-arm @ light.direction) / distance
        if isinstance(light, SpotLight):
            leaving = float(leaving > math.cos(light.angle * (1 - light.blend / 2)))
        total += max(leaving, 0.0) * max(float(arm[2]), 0.0) / distance**3
    return light.strength * total / len(_spots(light))


def _sheets(place: Place) -> np.ndarray:
    """Return points spread over the table, (9, 3)."""
    half = np.array([*place.top[:2], 0.0]) / 3
    return np.array([half * (a, b, 0) + (0.0, 0.0, place.top[2]) for a in (-1, 0, 1) for b in (-1, 0, 1)])


def _spots(light: Any) -> np.ndarray:
    """Return points (n, 3) spread over a lamp."""
    if isinstance(light, SpotLight):
        return np.array([light.position])
    side = np.cross(light.direction, light.up)
    steps = (np.arange(4) + 0.5) / 4 - 0.5
    across, along = np.meshgrid(light.width * steps, light.height * steps)
    return light.position + across.reshape(-1, 1) * side + along.reshape(-1, 1) * np.asarray(light.up)


def _through(hole: Opening, point: np.ndarray, way: np.ndarray) -> bool:
    """Tell whether a ray from a point leaves through a window."""
    towards = float(-way @ hole.inward)
    if towards <= 1e-6:
        return False
    at = point + way * float((point - hole.position) @ hole.inward) / towards - hole.position
    side = np.cross(hole.inward, (0.0, 0.0, 1.0))
    return abs(float(at @ side)) < hole.width / 2 and abs(float(at[2])) < hole.height / 2


def _area(hole: Opening) -> float:
    return hole.width * hole.height


def _bounced(lights: list[Any], place: Place, holes: list[Opening]) -> float:
    """Return what the surfaces of the room read on average after the first bounce and all further ones.

    Source: the integrating sphere: flux * albedo / (area * (1 - albedo)).
    """
    x, y, z = place.room.length, place.room.width, place.room.height
    area = 2 * (x * y + y * z + z * x)
    flux = 0.0
    for light in lights:
        if isinstance(light, Sun):
            flux += sum(
                light.strength
                * max(float(-np.asarray(light.direction) @ hole.inward), 0.0)
                * hole.width
                * hole.height
                for hole in holes
            )
        elif isinstance(light, SpotLight):
            flux += 2 * math.pi * (1 - math.cos(light.angle)) * light.strength
        else:
            flux += math.pi * light.strength
    return flux * ALBEDO / (area * (1 - ALBEDO))
