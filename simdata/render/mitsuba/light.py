"""A look's lights as Mitsuba's emitters.

Irradiances and intensities carry a pi: light of strength 1 makes a white diffuse surface read 1, and such a
surface sends off 1 / pi of the light that falls on it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mitsuba as mi
import numpy as np

from simdata.color import linear_from_srgb
from simdata.light import AreaLight, Light, PointLight, SpotLight, Sun
from simdata.render.mitsuba.window import behind_windows
from simdata.sky import ImageSky, NightSky, radiance
from simdata.spec import Look

SHARPEST = 1e-4  # rad: a sun smaller than this is a point at infinity
FAR = 1000.0  # radii of the scene to a larger one
SPOTS = 16  # points that stand for a spot's lamp
WIDEST = math.radians(89)  # cone of a spot: its profile is a picture on a plane before it
PROFILE = 256  # pixels across that picture
SKY_ROWS = 512
AT_NIGHT = 0.05  # how often a path looks for the sky, against each lamp
# Mitsuba's picture of a sky stands about y, ours about z.
WORLD_FROM_SKY = [[0, 0, 1, 0], [1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]


@dataclass(frozen=True)
class Ball:
    """What holds a scene: center (3,) and radius, metres, world frame."""

    center: np.ndarray
    radius: float


def emitters(look: Look, ball: Ball, store: Path | None) -> dict[str, Any]:
    """Return all lights of a look but for its glowing nodes: name -> Mitsuba's dictionary."""
    found: dict[str, Any] = {}
    for number, light in enumerate(look.lights):
        if light.strength > 0:
            parts = _parts(light, ball)
            found |= {f"light{number}_{k}": part for k, part in enumerate(parts)}
    return found | _surroundings(look, ball, store)


def sky_emitter(look: Look, store: Path | None, ambient: float = 0.0) -> dict[str, Any] | None:
    """Return the sky, with light from everywhere added to it; None where there is none."""
    if look.sky is None:
        return None
    light = radiance(look.sky, SKY_ROWS, store) + np.float32(ambient)
    heading = math.degrees(look.sky.heading) if isinstance(look.sky, ImageSky) else 0.0
    weight = AT_NIGHT if isinstance(look.sky, NightSky) else 1.0
    turn = mi.ScalarTransform4f().rotate([0, 0, 1], heading) @ mi.ScalarTransform4f(WORLD_FROM_SKY)
    return {"type": "envmap", "bitmap": mi.Bitmap(light), "to_world": turn, "sampling_weight": weight}


def _surroundings(look: Look, ball: Ball, store: Path | None) -> dict[str, Any]:
    sky = sky_emitter(look, store, look.ambient)
    if sky is not None:
        portals = [light for light in look.lights if isinstance(light, AreaLight) and light.portal]
        return {"surroundings": behind_windows(sky, portals, 4 * ball.radius) if portals else sky}
    return (
        {"surroundings": {"type": "constant", "radiance": _rgb([look.ambient] * 3)}} if look.ambient else {}
    )


def _parts(light: Light, ball: Ball) -> Iterator[dict[str, Any]]:
    color = light.strength * np.array([linear_from_srgb(channel) for channel in light.color])
    if isinstance(light, Sun):
        yield _sun(light, color, ball)
    elif isinstance(light, PointLight):
        glow = {"type": "area", "radiance": _rgb(color / light.radius**2)}
        yield {"type": "sphere", "center": list(light.position), "radius": light.radius, "emitter": glow}
    elif isinstance(light, SpotLight):
        yield from _spots(light, color)
    elif not light.portal:
        yield _panel(light, color)


def _sun(light: Sun, color: np.ndarray, ball: Ball) -> dict[str, Any]:
    """Return parallel light, or a far disk; one of radiance L sends pi L sin^2 of its half angle."""
    way = np.asarray(light.direction, float)
    if light.angle < SHARPEST:
        return {"type": "directional", "direction": (-way).tolist(), "irradiance": _rgb(math.pi * color)}
    away = FAR * ball.radius
    place = _facing(ball.center + away * way, -way, _square(way), away * math.tan(light.angle / 2))
    glow = {"type": "area", "radiance": _rgb(color / math.sin(light.angle / 2) ** 2)}
    return {"type": "disk", "to_world": place, "emitter": glow}


def _panel(light: AreaLight, color: np.ndarray) -> dict[str, Any]:
    half = light.width / 2, light.height / 2
    place = _facing(np.array(light.position), np.array(light.direction), np.array(light.up), *half)
    glow = {"type": "area", "radiance": _rgb(math.pi * color / (light.width * light.height))}
    return {"type": "rectangle", "to_world": place, "emitter": glow}


def _spots(light: SpotLight, color: np.ndarray) -> Iterator[dict[str, Any]]:
    """Yield points spread over the lamp's disk: Mitsuba's spots have no width.

    Source: Vogel, "A better way to construct the sunflower head" (1979).
    """
    axis = np.asarray(light.direction, float)
    up = _square(axis)
    across = np.cross(up, axis)
    widest = min(light.angle, WIDEST)
    profile = {
        "type": "bitmap",
        "bitmap": mi.Bitmap(_profile(light, widest)),
        "raw": True,
        "wrap_mode": "clamp",
    }
    for k in range(SPOTS):
        reach, turn = light.radius * math.sqrt((k + 0.5) / SPOTS), k * math.pi * (3 - math.sqrt(5))
        place = np.array(light.position) + reach * (math.cos(turn) * across + math.sin(turn) * up)
        yield {
            "type": "spot",
            "to_world": _facing(place, axis, up),
            "cutoff_angle": math.degrees(widest),
            "beam_width": math.degrees(widest) - 1e-3,
            "intensity": _rgb(math.pi * color / SPOTS),
            "texture": profile,
            "sampling_weight": 1 / SPOTS,
        }


def _profile(light: SpotLight, widest: float) -> np.ndarray:
    """Return how a spot fades off its axis, (n, n, 3) float32, on a plane that its widest cone fills."""
    x = (np.arange(PROFILE) + 0.5) / PROFILE * 2 - 1
    cosine = np.cos(np.arctan(np.hypot(x, x[:, None]) * math.tan(widest)))
    end, begin = math.cos(light.angle), math.cos(light.angle * (1 - light.blend)) + 1e-4
    step = np.clip((cosine - end) / (begin - end), 0, 1)
    return np.repeat((step**2 * (3 - 2 * step))[..., None], 3, -1).astype(np.float32)


def _facing(position: np.ndarray, direction: np.ndarray, up: np.ndarray, *half: float) -> Any:
    """Return where a unit shape lies that shines along z: moved, turned and scaled to half its size."""
    width, height = (half * 2)[:2] if half else (1.0, 1.0)
    matrix = np.eye(4)
    matrix[:3, 0], matrix[:3, 1], matrix[:3, 2] = width * np.cross(up, direction), height * up, direction
    matrix[:3, 3] = position
    return mi.ScalarTransform4f(matrix.tolist())


def _square(axis: np.ndarray) -> np.ndarray:
    """Return some unit vector at right angles to a unit vector."""
    other = np.eye(3)[np.abs(axis).argmin()]
    found = other - axis * (axis @ other)
    return found / np.linalg.norm(found)


def _rgb(color: Any) -> dict[str, Any]:
    return {"type": "rgb", "value": [float(channel) for channel in color]}
