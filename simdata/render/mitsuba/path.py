"""Light along rays, by paths."""

from __future__ import annotations

import hashlib

import numpy as np

from simdata.camera import Camera
from simdata.color import linear_from_srgb
from simdata.render.mitsuba.exposure import Rays, exposed, joined
from simdata.render.mitsuba.stage import Stage
from simdata.spec import Haze

AT_ONCE = 1 << 20  # rays: about half a GB


def collected(stage: Stage, camera: Camera, t: float, samples: int, seed: str) -> np.ndarray:
    """Return the light of a picture: linear rgb times coverage, and coverage, (H, W, 4) float64.

    Args:
        stage: what is seen.
        camera, t: who sees it, and when, seconds.
        samples: a pixel.
        seed: of all that is random; equal ones give equal pictures.
    """
    pixels = camera.height * camera.width
    together = max(AT_ONCE // pixels, 1)
    total = np.zeros((pixels, 4))
    waiting: list[Rays] = []
    for number, rays in enumerate(exposed(camera, t, samples), 1):
        waiting.append(rays)
        if len(waiting) == together or number == samples:
            light = _traced(stage, joined(waiting), f"{seed} {number}")
            total += light.reshape(len(waiting), pixels, 4).sum(0, dtype=float)
            waiting.clear()
    return total.reshape(camera.height, camera.width, 4) / samples


def _traced(stage: Stage, rays: Rays, seed: str) -> np.ndarray:
    """Return light and coverage along rays, (n, 4) float32."""
    seen = np.flatnonzero(np.isfinite(rays.directions[:, 0]))
    light = np.zeros((len(rays.near), 4), np.float32)
    for number in range(0, len(seen), AT_ONCE):
        part = seen[number : number + AT_ONCE]
        key = int.from_bytes(hashlib.sha256(f"{seed} {number}".encode()).digest()[:4], "big")
        light[part], distances = stage.follow(rays.part(part), key)
        if stage.haze is not None:
            light[part] = _hazy(stage.haze, light[part], distances)
    return light


def _hazy(haze: Haze, light: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Mix in what the air between shows, by metres to what is seen (n,)."""
    through = np.exp(-haze.density * distances)[:, None]
    own = [haze.strength * linear_from_srgb(channel) for channel in haze.color]
    return (light * through + np.array([*own, 1.0]) * (1 - through)).astype(np.float32)
