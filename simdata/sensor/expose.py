"""Taking the picture: from linear light to pixels, through a sensor or without one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from simdata.color import LUMINANCE
from simdata.sensor.chip import digitised, filled
from simdata.sensor.optics import through_lens
from simdata.sensor.process import processed
from simdata.sensor.tone import develop, exposed, merged
from simdata.sensor.value import Sensor

AUTO_STOPS = 12.0  # that auto exposure gives or takes at most
AMPLIFIED = 0.5  # share of the stops given to a dark scene that are gain; the rest is a longer exposure
STOP_PARTS = 64  # it has steps, so that rounding in the last bits changes nothing
BRIGHTEST = 4.0  # light, in whites
_DARK = 1e-5  # light that counts as darker for nobody


def metered(light: np.ndarray, key: float) -> float:
    """Return the stops that bring the log-average of what is covered to `key`; 0 where nothing is.

    They are fewer where that would leave more than a twentieth of it too bright: `BRIGHTEST` times white.
    Every other pixel of every other row is looked at.

    Source: Reinhard et al., "Photographic tone reproduction for digital images" (2002), equation 1.

    Args:
        light: (H, W, 3 or 4) float16; see `develop`.
        key: light, above 0.
    """
    seen = light[::2, ::2].reshape(-1, light.shape[-1]).astype(np.float32)
    if light.shape[-1] == 4:
        seen = seen[seen[:, 3] > 0.5]
        seen = seen[:, :3] / seen[:, 3:]
    if not len(seen):
        return 0.0
    bright = np.maximum(seen @ LUMINANCE.astype(np.float32), _DARK)
    wanted = math.log2(key) - np.log2(bright, dtype=np.float64).mean()
    rank = -1 - len(bright) // 20
    most = math.log2(BRIGHTEST) - math.log2(np.partition(bright, rank)[rank])
    stops = float(np.clip(min(wanted, most), -AUTO_STOPS, AUTO_STOPS))
    return round(stops * STOP_PARTS) / STOP_PARTS


def expose(
    light: np.ndarray,
    sensor: Sensor | None = None,
    ev: float = 0.0,
    *,
    backdrop: Sequence[float] = (0, 0, 0),
    t: float = 0.0,
) -> dict[str, np.ndarray]:
    """Take the picture.

    Args:
        light: (H, W, 3 or 4) float16; see `develop`.
        sensor: None is a perfect one that takes the light as it is.
        ev: exposure compensation, stops.
        backdrop: sRGB where nothing covers.
        t: when, seconds; each instant has its own noise.

    Returns:
        "rgb": (H, W, 3) uint8 sRGB; behind a sensor also "clean", what a perfect one sees, equally exposed.
    """
    if sensor is None:
        return {"rgb": develop(light, ev, backdrop)}
    auto = metered(light, sensor.key) if sensor.key else 0.0
    ev += auto + sensor.exposure_error
    clean = develop(light, ev, backdrop)
    if sensor.perfect:
        return {"rgb": clean, "clean": clean}
    falling = merged(through_lens(exposed(light, ev, backdrop), sensor), sensor.headroom)
    numbers = digitised(falling, sensor, 2.0 ** max(AMPLIFIED * auto, 0), t)
    return {"rgb": processed(filled(numbers, sensor), sensor), "clean": clean}
