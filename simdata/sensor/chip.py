"""From light to numbers: a Bayer mosaic of pixels that count electrons, and a converter that counts steps.

Numbers are of 16 bits whatever the converter's: `BLACK` is no light, so that noise may fall below it.
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from simdata.sensor.seeded import seeded
from simdata.sensor.tone import SATURATION
from simdata.sensor.value import Sensor

BLACK = 4096
# OpenCV names a mosaic by its second row and column; here the first pixel is red, the one below it green.
_FILLED = {"bilinear": cv2.COLOR_BayerRGGB2RGB, "edge_aware": cv2.COLOR_BayerRGGB2RGB_EA}


def white(bits: int) -> int:
    """Return the number of a saturated pixel: the last step of a converter of so many bits."""
    return (1 << 16) - (1 << 16 - bits) if bits else (1 << 16) - 1


def digitised(light: np.ndarray, sensor: Sensor, gain: float = 1.0, t: float = 0.0) -> np.ndarray:
    """Count light (H, W, 3) float32: (H, W) uint16 behind a mosaic, else (H, W, 3).

    A pixel of s electrons reads s (1 + prnu N1) + dsnu N2 + sqrt(s + read^2) N3, where N1 and N2 are its own
    and N3 is new in every picture. Electrons come one by one (Poisson); from some ten on that is a bell.

    Source: EMVA standard 1288, linear camera model.

    Args:
        light: what falls on the sensor.
        sensor: of which `full_well`, noise, `bits` and `demosaic` count here.
        gain: amplification beyond the sensor's own.
        t: when, seconds; each instant has its own noise.
    """
    share = (light if sensor.demosaic == "none" else mosaic(light)) / np.float32(SATURATION)
    if sensor.full_well:
        share = _noisy(share, sensor, sensor.full_well / (sensor.gain * gain), t)
    top, step = white(sensor.bits), 1 << (16 - sensor.bits if sensor.bits else 0)
    counted = np.rint(share * np.float32((top - BLACK) / step)) * np.float32(step) + np.float32(BLACK)
    return np.clip(counted, 0, top).astype(np.uint16)


def mosaic(light: np.ndarray) -> np.ndarray:
    """Keep of (H, W, 3) the one colour that each pixel sees, (H, W): red and green, green and blue rows."""
    seen = light[..., 1].copy()
    seen[::2, ::2] = light[::2, ::2, 0]
    seen[1::2, 1::2] = light[1::2, 1::2, 2]
    return seen


def filled(raw: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Fill in the colours that a mosaic lacks: (H, W, 3) uint16; without a mosaic, what came in."""
    return raw if raw.ndim == 3 else cv2.cvtColor(raw, _FILLED[sensor.demosaic])


def _noisy(share: np.ndarray, sensor: Sensor, well: float, t: float) -> np.ndarray:
    """Add noise to shares of a full well of so many electrons."""
    electrons = share * np.float32(well)
    spread = np.sqrt(np.maximum(electrons, 0) + np.float32(sensor.read_noise**2))
    if sensor.prnu or sensor.dsnu:
        gains, offsets = _pattern(share.shape, sensor.pattern_seed)
        electrons += np.float32(sensor.prnu) * electrons * gains + np.float32(sensor.dsnu) * offsets
    electrons += spread * _bell(seeded(sensor.noise_seed, t=t), share.shape)
    return np.minimum(electrons / np.float32(well), np.float32(1))


@lru_cache(maxsize=4)
def _pattern(shape: tuple[int, ...], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what makes one chip's pixels differ, N1 and N2."""
    generator = seeded(seed)
    return _bell(generator, shape), _bell(generator, shape)


def _bell(generator: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    return generator.standard_normal(shape, np.float32)
