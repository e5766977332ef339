"""What a camera's software makes of its sensor's numbers: white balance, tone, sharpening, JPEG."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.polynomial.polynomial import polyval

from simdata.errors import RenderError
from simdata.sensor.chip import BLACK, white
from simdata.sensor.tone import SATURATION, coded, filmic
from simdata.sensor.value import Sensor

DAYLIGHT = 6504.0  # K, of sRGB's white
# Source: IEC 61966-2-1, CIE XYZ to linear sRGB.
_RGB_FROM_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])


def processed(numbers: np.ndarray, sensor: Sensor) -> np.ndarray:
    """Turn (H, W, 3) uint16, `BLACK` to white, into (H, W, 3) uint8 sRGB."""
    tone = _tone(sensor.bits)
    levels: np.ndarray = np.empty(numbers.shape, np.float32)
    for channel, gain in enumerate(gains(sensor.warmth, sensor.tint)):
        levels[..., channel] = _amplified(tone, gain).take(numbers[..., channel])
    if sensor.sharpening:
        soft = cv2.GaussianBlur(levels, (0, 0), sensor.sharpening_radius)
        levels = cv2.addWeighted(levels, 1 + sensor.sharpening, soft, -sensor.sharpening, 0)
    rgb = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return _through_jpeg(rgb, sensor.jpeg) if sensor.jpeg else rgb


def gains(warmth: float, tint: float) -> np.ndarray:
    """Return the factors (3,) of red, green and blue that a wrong white balance leaves.

    The least is 1, so that what is saturated stays white.

    Source: CIE 15, daylight illuminants: x of the colour temperature, y of x.

    Args:
        warmth: mired by which the light was taken for bluer than it is.
        tint: stops of green.
    """
    kelvin = 1e6 / (1e6 / DAYLIGHT + warmth)
    factors = _daylight(kelvin) / _daylight(DAYLIGHT) * (1, 2.0**tint, 1)
    return factors / factors.min()


def _daylight(kelvin: float) -> np.ndarray:
    """Return linear sRGB of daylight, (3,), green 1."""
    warm, cool = (0.244063, 99.11, 2.9678e6, -4.6070e9), (0.237040, 247.48, 1.9018e6, -2.0064e9)
    x = float(polyval(1 / kelvin, warm if kelvin <= 7000 else cool))
    y = -3 * x * x + 2.870 * x - 0.275
    rgb = _RGB_FROM_XYZ @ (x / y, 1, (1 - x - y) / y)
    return rgb / rgb[1]


@lru_cache(maxsize=4)
def _tone(bits: int) -> np.ndarray:
    """Return the level (65536,) float32, 0 to 255, that each number is shown at."""
    share = (np.arange(1 << 16) - BLACK) / (white(bits) - BLACK)
    return (255 * coded(filmic(SATURATION * np.clip(share, 0, 1)))).astype(np.float32)


def _amplified(tone: np.ndarray, gain: float) -> np.ndarray:
    """Return the levels where light is first multiplied; what leaves the table is saturated."""
    if gain == 1:
        return tone
    number = np.rint((np.arange(len(tone)) - BLACK) * gain) + BLACK
    return tone.take(np.clip(number, 0, len(tone) - 1).astype(np.int64))


def _through_jpeg(rgb: np.ndarray, quality: int) -> np.ndarray:
    """Compress and decompress, colours at half the resolution."""
    settings = [
        *(cv2.IMWRITE_JPEG_QUALITY, quality),
        *(cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420),
    ]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR), settings)
    if not done:
        raise RenderError(f"OpenCV cannot encode {rgb.shape} as JPEG")
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1])  # type: ignore[index]
