"""What the light of a room amounts to on its table, about: by hand, before anything is drawn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from simdata.assets.room import Opening
from simdata.light import SpotLight, Sun
from simdata.scenes.place import Place

# Share of light that a room's surfaces give back, on average.
ALBEDO = 0.5


def reading(lights: list[Any], place: Place) -> float:
    """Return what a white sheet on the table reads: directly, and after bounces between the walls.

    Where only a part of the table is lit: the power mean of order 1/2, between what eyes and meters do.
    """
    half = np.array([*place.top[:2], 0.0]) / 3
    points = [half * (a, b, 0) + (0.0, 0.0, place.top[2]) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    holes = place.openings()
    direct = np.array([sum(direct_light(light, point, holes) for light in lights) for point in points])
    return float(np.mean(np.sqrt(direct + _bounced(lights, place, holes))) ** 2)


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
