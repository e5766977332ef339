"""Development: linear light to sRGB pixels by one filmic curve, and back. The same on every machine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq

from simdata.color import coded, decoded

# A filmic curve with a straight middle: toe, line, shoulder.
# Source: Uchimura, "HDR theory and practice" (CEDEC 2017), with P 1, a 1, m 0.22, l 0.4, c 1.33, b 0.
_TOE, _TOE_POWER = 0.22, 1.33
_SHOULDER = _TOE + 0.4 * (1 - _TOE)
# Light from which on a pixel is shown as 255: the shoulder never quite ends.
SATURATION = 2.75
_STEPS = 1 << 15  # of the table that undoes the curve

OPAQUE = np.float16(1).view(np.uint16)


def filmic(light: np.ndarray) -> np.ndarray:
    """Compress linear light (...), 0 or more, to (...) float64 in [0, 1), linear too."""
    x = np.asarray(light, float)
    rise = np.clip(x / _TOE, 0, 1)
    above_toe = rise * rise * (3 - 2 * rise)
    low = _TOE * (x / _TOE) ** _TOE_POWER * (1 - above_toe) + x * above_toe
    return np.where(x < _SHOULDER, low, 1 - (1 - _SHOULDER) * np.exp((_SHOULDER - x) / (1 - _SHOULDER)))


def unfilmic(shown: np.ndarray) -> np.ndarray:
    """Undo `filmic`: (...) in [0, 1] to light (...) float64 in [0, SATURATION]."""
    light = SATURATION * np.linspace(0, 1, _STEPS) ** 3  # the toe is where the curve bends
    return np.interp(shown, filmic(light), light)


def develop(light: np.ndarray, ev: float = 0.0, backdrop: Sequence[float] = (0, 0, 0)) -> np.ndarray:
    """Expose linear light by `ev` stops, compress it, encode it: (H, W, 3) uint8 sRGB.

    Args:
        light: (H, W, 3) float16; or (H, W, 4), where rgb is times the share of the pixel that surfaces cover,
            which is the fourth channel.
        ev: stops.
        backdrop: sRGB, shown as it is where nothing covers.
    """
    shown = _levels(ev).take(light[..., :3].view(np.uint16))
    if light.shape[-1] == 4 and len(where := _open(light)):
        part = light.reshape(-1, 4)[where].astype(float)
        cover = part[:, 3:]
        surfaces = filmic(part[:, :3] * 2.0**ev / np.where(cover > 0, cover, 1))
        linear = cover * surfaces + (1 - cover) * _behind(backdrop)
        shown.reshape(-1, 3)[where] = np.rint(255 * coded(linear))
    return shown


def exposed(light: np.ndarray, ev: float = 0.0, backdrop: Sequence[float] = (0, 0, 0)) -> np.ndarray:
    """Return what reaches a sensor, (H, W, 3) float32: 1 is what a white surface sends, exposed by 0 stops.

    The backdrop is light that `develop` shows in its own colour. For the arguments see `develop`.
    """
    seen = _exposures(ev).take(light[..., :3].view(np.uint16))
    if light.shape[-1] == 4 and len(where := _open(light)):
        behind = unfilmic(_behind(backdrop)).astype(np.float32)
        cover = light.reshape(-1, 4)[where, 3:].astype(np.float32)
        seen.reshape(-1, 3)[where] += (1 - cover) * behind
    return seen


def undeveloped(rgb: np.ndarray) -> np.ndarray:
    """Return the light (H, W, 3) float16 that `develop` shows as rgb (H, W, 3) uint8."""
    return unfilmic(decoded(np.arange(256) / 255)).astype(np.float16).take(rgb)


def merged(light: np.ndarray, headroom: float) -> np.ndarray:
    """Bring light (...) float32 that is brighter than white together, so that more of it is told apart.

    What is at most 1 stays as it is; from there a logarithm of the same slope rises to `SATURATION`, which
    stands for light `headroom` stops brighter than that.
    """
    if not headroom or not (bright := light > 1).any():
        return light
    light = light.copy()
    bend = np.float32(_bend(headroom))
    light[bright] = 1 + bend * np.log1p((light[bright] - 1) / bend)
    return light


@lru_cache(maxsize=64)
def _bend(headroom: float) -> float:
    """Return the scale b of the logarithm: b log(1 + (brightest - 1) / b) is what saturates, less 1."""
    above = SATURATION * 2.0**headroom - 1
    return float(brentq(lambda b: b * np.log1p(above / b) - (SATURATION - 1), 1e-6, 1e6))


def _open(light: np.ndarray) -> np.ndarray:
    """Return where surfaces do not cover the whole pixel, as indices of the flat picture."""
    return np.flatnonzero(light[..., 3].view(np.uint16) < OPAQUE)


def _behind(backdrop: Sequence[float]) -> np.ndarray:
    """Return a backdrop as linear channels (3,) of the level at which it is shown."""
    return decoded(np.rint(255 * np.array(backdrop)) / 255)


def _every_half() -> np.ndarray:
    """Return what each of the 65,536 bit patterns of a float16 is as light: nan and below 0 are none."""
    value = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(float)
    return np.clip(np.nan_to_num(value, nan=0.0, posinf=65504, neginf=0), 0, 65504)


@lru_cache(maxsize=4)
def _levels(ev: float) -> np.ndarray:
    return np.rint(255 * coded(filmic(_every_half() * 2.0**ev))).astype(np.uint8)


@lru_cache(maxsize=4)
def _exposures(ev: float) -> np.ndarray:
    return (_every_half() * 2.0**ev).astype(np.float32)
