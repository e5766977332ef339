"""What a lens does to light: vignetting, lateral chromatic aberration, blur, glare."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from simdata.sensor.value import Sensor

_REACH = 4  # sigmas after which a point spread is cut off
_HALO = 4  # how much wider than the glare's core is its halo, which holds half of it


def through_lens(light: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Return what falls on the sensor, (H, W, 3) float32, of light (H, W, 3) float32."""
    if sensor.vignetting:
        light = light * fading(len(light), light.shape[1], sensor.vignetting)[..., None]
    if sensor.red_shift or sensor.blue_shift:
        light = _spread_colors(light, sensor.red_shift, sensor.blue_shift)
    if sensor.blur:
        light = _blurred(light, sensor.blur)
    if sensor.bloom:
        light = _with_glare(light, sensor.bloom, sensor.bloom_radius * len(light))
    return light


def fading(height: int, width: int, strength: float) -> np.ndarray:
    """Return the share of light that each pixel gets, (H, W) float32: cos^4 of the angle of its ray.

    Source: the cosine-fourth law of illumination; `strength` is the angle's tangent in the corners.
    """
    return (1 + np.float32(strength**2) * _squared_radius(height, width)) ** -2


@lru_cache(maxsize=2)
def _squared_radius(height: int, width: int) -> np.ndarray:
    """Return the squared distance of each pixel's centre from the middle; 1 in the corners."""
    y, x = np.ogrid[0.5 - height / 2 : height / 2, 0.5 - width / 2 : width / 2]
    return ((x * x + y * y) / (width * width + height * height) * 4).astype(np.float32)


def _spread_colors(light: np.ndarray, red: float, blue: float) -> np.ndarray:
    """Magnify red and blue about the middle."""
    height, width = light.shape[:2]
    spread = light.copy()
    for channel, shift in ((0, red), (2, blue)):
        if shift:
            scale = 1 / (1 + shift)
            middle = (1 - scale) / 2 * np.array([width - 1, height - 1])
            matrix = np.array([[scale, 0, middle[0]], [0, scale, middle[1]]])
            spread[..., channel] = cv2.warpAffine(
                np.ascontiguousarray(light[..., channel]),
                matrix,
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_REPLICATE,
            )
    return spread


def _blurred(light: np.ndarray, sigma: float) -> np.ndarray:
    size = 2 * max(1, round(_REACH * sigma)) + 1
    return cv2.GaussianBlur(light, (size, size), sigma, borderType=cv2.BORDER_REFLECT)


def _with_glare(light: np.ndarray, share: float, radius: float) -> np.ndarray:
    """Scatter a share of the light: half of it `radius` pixels wide, half in a halo about that."""
    height, width = light.shape[:2]
    coarse = max(1, int(radius // 2))
    size = max(1, width // coarse), max(1, height // coarse)
    small = cv2.resize(light, size, interpolation=cv2.INTER_AREA)
    core, halo = (_blurred(small, times * radius / coarse) for times in (1, _HALO))
    wide = cv2.addWeighted(core, 0.5, halo, 0.5, 0)
    glare = cv2.resize(wide, (width, height), interpolation=cv2.INTER_LINEAR)
    return cv2.addWeighted(light, 1 - share, glare, share, 0)
