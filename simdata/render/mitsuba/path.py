"""The light of a picture, by paths."""

from __future__ import annotations

import hashlib
from typing import Any

import mitsuba as mi
import numpy as np

from simdata.camera import Camera
from simdata.color import linear_from_srgb
from simdata.render.mitsuba.exposure import exposed
from simdata.render.mitsuba.stage import Stage
from simdata.spec import Haze

AT_ONCE = 1 << 20  # rays: about half a GB


def collected(stage: Stage, camera: Camera, t: float, samples: int, seed: str) -> np.ndarray:
    """Return the light of a picture: linear rgb times coverage, and coverage, (H, W, 4) float32.

    Args:
        stage: what is seen.
        camera, t: who sees it, and when, seconds.
        samples: a pixel.
        seed: of all that is random; equal ones give equal pictures.
    """
    # The highest bands that are all of one height: another number of rays is another program to compile.
    most = AT_ONCE / (camera.width * samples)
    band = max(
        rows for rows in range(1, camera.height + 1) if rows <= max(most, 1) and camera.height % rows == 0
    )
    parts = []
    for first in range(0, camera.height, band):
        rays = exposed(camera, t, samples, slice(first, first + band))
        key = int.from_bytes(hashlib.sha256(f"{seed} {first}".encode()).digest()[:4], "big")
        light, distances = stage.follow(rays, key)
        if stage.haze is not None:
            # What stands nowhere is taken to be as far off as the camera sees, as by `gl`.
            light = hazy(stage.haze, light, np.where(np.isinf(distances), camera.far, distances))
        parts.append(light.mean(1))
    return np.concatenate(parts).reshape(camera.height, camera.width, 4)


def denoised(light: np.ndarray) -> np.ndarray:
    """Take the noise out of linear rgb (H, W, 3) by OptiX, on a GPU alone."""
    denoiser: Any = mi.OptixDenoiser(mi.ScalarVector2u(light.shape[1], light.shape[0]))
    return np.array(denoiser(mi.TensorXf(light)))


def hazy(haze: Haze, light: np.ndarray, distances: np.ndarray) -> np.ndarray:
    """Mix into light and coverage (..., 4) what the air before them shows; distances (...) are metres."""
    through = np.exp(-haze.density * distances)[..., None]
    own = [haze.strength * linear_from_srgb(channel) for channel in haze.color]
    return light * through + np.array([*own, 1.0]) * (1 - through)
