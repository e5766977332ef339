"""The sky by day and dusk, its clouds, and the sun that goes with it."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np

from simdata.color import LUMINANCE, Srgb, linear_from_srgb, srgb_from_linear
from simdata.geometry import Vector
from simdata.noise import noise
from simdata.rng import Stream
from simdata.sky.sphere import directions, reading
from simdata.sky.value import DaySky

# Linear sRGB from XYZ. Source: IEC 61966-2-1.
RGB_FROM_XYZ = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
# The model is made for a sun above the horizon; below this elevation, rad, it stays where it was.
LOWEST = 0.03
# Illuminance of the sun above the air, klx. Source: Darula, Kittler & Gueymard (2005).
SUN = 133.3
CLOUD_TILE, CLOUD_WIDTH = 512, 10.0  # texels a side; of a tile, in heights of the clouds
OCTAVES = 6
SMOOTH = 4  # how much smaller along a side a picture of the air alone may be


def day(sky: DaySky, height: int) -> np.ndarray:
    """Return a sky's radiance, (height, 2 height, 3): above the horizon, and the ground's below it."""
    sun = np.asarray(sky.sun) / np.linalg.norm(sky.sun)
    tint, ratio = daylight(sky.sun, sky.turbidity, sky.clouds)
    # But for clouds it is smooth: a large one is made from a smaller one.
    scale = SMOOTH if height % SMOOTH == 0 and height >= 64 * SMOOTH else 1
    light = _dusk(clear(sun, sky.turbidity, height // scale), directions(height // scale), sun)
    light = _enlarged(light / max(LUMINANCE @ reading(light), 1e-9), scale)
    if sky.clouds > 0:
        light = _clouded(light, sky, directions(height)[: height // 2].astype(np.float32), sun)
    light *= sky.strength / max(LUMINANCE @ reading(light), 1e-9)
    sunlight = ratio * max(sun[2], 0.0) * np.array([linear_from_srgb(channel) for channel in tint])
    albedo = np.array([linear_from_srgb(channel) for channel in sky.ground])
    light[height // 2 :] = albedo * (reading(light) + sky.strength * sunlight)
    return light


def _enlarged(light: np.ndarray, scale: int) -> np.ndarray:
    """Return a picture of all directions, some whole number of times as large."""
    if scale == 1:
        return light
    around = np.pad(np.pad(light, ((0, 0), (1, 1), (0, 0)), "wrap"), ((1, 1), (0, 0), (0, 0)), "edge")
    rows, columns = around.shape[:2]
    large = cv2.resize(
        around.astype(np.float32), (scale * columns, scale * rows), interpolation=cv2.INTER_LINEAR
    )
    return large[scale:-scale, scale:-scale]


def daylight(direction: Vector, turbidity: float = 3.0, clouds: float = 0.0) -> tuple[Srgb, float]:
    """Return the sun that goes with a `DaySky`: its sRGB tint, and its strength for a sky of strength 1.

    Clouds take the share of the sun that they cover. It fades out within a degree of the horizon.

    Source: Preetham, Shirley & Smits, "A Practical Analytic Model for Daylight" (1999), A.1, for the air's
    Rayleigh and aerosol extinction; Kasten & Young (1989) for how much air there is.
    """
    up = direction[2] / float(np.linalg.norm(direction))
    elevation = np.degrees(np.arcsin(np.clip(up, -1, 1)))
    air = 1 / (max(up, 0) + 0.50572 * (max(elevation, 0.0) + 6.07995) ** -1.6364)
    wave = np.array([0.61, 0.55, 0.465])  # micrometres: red, green, blue
    aerosol = 0.04608 * max(turbidity, 2.0) - 0.04586
    passed = np.exp(-air * (0.008735 * wave**-4.08 + aerosol * wave**-1.3))
    above = np.array([0.0, 0.0, 1.0]) if up <= 0 else np.array(direction) / np.linalg.norm(direction)
    sky = np.pi * float(LUMINANCE @ reading(clear(above, turbidity, 32)))
    risen = np.clip(elevation / 1.0, 0, 1)
    strength = float(risen * (1 - clouds) * SUN * (LUMINANCE @ passed) / sky)
    red, green, blue = (srgb_from_linear(float(channel)) for channel in passed / passed.max())
    # Strength is luminous, and a tint darkens: what it takes is given back.
    return (red, green, blue), strength / float(LUMINANCE @ (passed / passed.max()))


def clear(sun: np.ndarray, turbidity: float, height: int) -> np.ndarray:
    """Return the radiance of a clear sky in kcd/m^2 of each linear sRGB channel, (height, 2 height, 3).

    Below the horizon it is that at the horizon. A sun lower than `LOWEST` counts as there.

    Source: Preetham, Shirley & Smits (1999), A.2: Perez' distribution of luminance and chromaticity, and its
    zenith, fitted to a sun's polar angle and the turbidity.
    """
    t, ways = max(turbidity, 2.0), directions(height)
    polar = min(float(np.arccos(np.clip(sun[2], -1, 1))), np.pi / 2 - LOWEST)
    raised = _raised(sun, polar)
    cosine = np.clip(ways[..., 2], 0.02, 1)
    gamma = np.arccos(np.clip(ways @ raised, -1, 1))
    zenith = _zenith(polar, t)
    shape = [_perez(c[:, 0] * t + c[:, 1], cosine, gamma, polar) for c in PEREZ]
    luminance, x, y = (np.maximum(z * f, 1e-4) for z, f in zip(zenith, shape, strict=True))
    xyz = np.stack([x / y * luminance, luminance, (1 - x - y) / y * luminance], -1)
    return np.maximum(xyz @ RGB_FROM_XYZ.T, 0)


# Of luminance, x and y: A to E of Perez' formula, by turbidity: slope and offset.
PEREZ = np.array(
    [
        [[0.1787, -1.4630], [-0.3554, 0.4275], [-0.0227, 5.3251], [0.1206, -2.5771], [-0.0670, 0.3703]],
        [[-0.0193, -0.2592], [-0.0665, 0.0008], [-0.0004, 0.2125], [-0.0641, -0.8989], [-0.0033, 0.0452]],
        [[-0.0167, -0.2608], [-0.0950, 0.0092], [-0.0079, 0.2102], [-0.0441, -1.6537], [-0.0109, 0.0529]],
    ]
)
ZENITH = np.array(
    [
        [[0.00166, -0.00375, 0.00209, 0], [-0.02903, 0.06377, -0.03202, 0.00394],
         [0.11693, -0.21196, 0.06052, 0.25886]],
        [[0.00275, -0.00610, 0.00317, 0], [-0.04214, 0.08970, -0.04153, 0.00516],
         [0.15346, -0.26756, 0.06670, 0.26688]],
    ]
)  # fmt: skip


def _perez(coefficients: np.ndarray, cosine: np.ndarray, gamma: np.ndarray, polar: float) -> np.ndarray:
    """Return a quantity against its value at the zenith."""
    a, b, c, d, e = coefficients

    def formula(cosine: np.ndarray | float, gamma: np.ndarray | float) -> np.ndarray:
        return (1 + a * np.exp(b / cosine)) * (1 + c * np.exp(d * gamma) + e * np.cos(gamma) ** 2)

    return formula(cosine, gamma) / formula(1.0, polar)


def _zenith(polar: float, turbidity: float) -> tuple[float, float, float]:
    """Return luminance, kcd/m^2, x and y straight above."""
    chi = (4 / 9 - turbidity / 120) * (np.pi - 2 * polar)
    luminance = (4.0453 * turbidity - 4.9710) * np.tan(chi) - 0.2155 * turbidity + 2.4192
    powers = np.array([polar**3, polar**2, polar, 1.0])
    x, y = np.array([turbidity**2, turbidity, 1.0]) @ (ZENITH @ powers).T
    return max(luminance, 0.05), x, y


def _raised(sun: np.ndarray, polar: float) -> np.ndarray:
    """Return the sun's direction at another polar angle, its azimuth kept."""
    flat = max(float(np.hypot(sun[0], sun[1])), 1e-9)
    return np.array([*(np.sin(polar) * sun[:2] / flat), np.cos(polar)])


def _dusk(light: np.ndarray, ways: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """Let a clear sky fade into twilight as the sun sinks: a glow low above it, blue elsewhere.

    A sketch of what is seen, no model of it: after some 12 degrees nothing is left of the day's colours.
    """
    depth = float(np.clip(-np.arcsin(np.clip(sun[2], -1, 1)) / np.radians(12), 0, 1))
    if depth == 0:
        return light
    up = np.clip(ways[..., 2:], 0, 1)
    flat = ways[..., :2] @ sun[:2] / max(float(np.hypot(*sun[:2])), 1e-9)
    towards = (0.5 + 0.5 * flat)[..., None] ** 2
    blue = np.array([0.35, 0.52, 1.0]) * (0.7 + 0.3 * np.exp(-4 * up))
    glow = np.array([2.2, 0.8, 0.25]) * np.exp(-12 * up) + np.array([0.55, 0.35, 0.3]) * np.exp(-5 * up)
    twilight = blue + (1 - depth) * towards * glow
    share = depth**0.5
    return (1 - share) * light / max(LUMINANCE @ reading(light), 1e-9) + share * twilight


def _clouded(light: np.ndarray, sky: DaySky, ways: np.ndarray, sun: np.ndarray) -> np.ndarray:
    """Hang clouds before a clear sky that reads 1, in place; `ways` are those above the horizon.

    They are a layer of noise on a plane overhead: white where the sun shines through, grey where they are
    thick, brighter on the side of the sun; a closed cover is as bright overhead as three times its horizon.

    Source: for the closed cover, Moon & Spencer (1942), the CIE's overcast sky.
    """
    half, up = len(ways), ways[..., 2]
    cover, thick, relief = _cloud_layer(sky, ways, sun.astype(np.float32))
    tint, ratio = daylight(sky.sun, sky.turbidity)
    white = np.array([linear_from_srgb(channel) for channel in tint])
    ahead = 0.8 + 1.2 * np.exp(-3 * np.arccos(np.clip(ways @ sun.astype(np.float32), -1, 1)))
    sunny = (0.3 * ratio * ahead * (1 - 0.65 * thick) * relief * (1 - sky.clouds**4))[..., None] * white
    overcast = (1 + 2 * up) / 3 * (1.15 - 0.45 * thick)
    haze = reading(light) * 0.4 + LUMINANCE @ reading(light) * 0.6
    clouds = sunny + (0.45 + 0.55 * sky.clouds) * overcast[..., None] * haze
    # Far ones sink into the haze above the horizon.
    cover = cover * (1 - (1 - sky.clouds) * np.exp(-up / 0.05))
    light[:half] += cover[..., None] * (clouds - light[:half])
    return light


def _cloud_layer(sky: DaySky, ways: np.ndarray, sun: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return cover, thickness and relief of the clouds, (h, 2 H) each, about [0, 1]; relief is about 1."""
    reach = 1 / (ways[..., 2] + 0.08)  # the earth is round: a plane's horizon would be endlessly far
    place = ways[..., :2] * reach[..., None]
    # How far a pixel reaches on the plane, in cells of the coarsest octave.
    pixel = np.pi / (2 * len(ways)) * reach**2 * 4 / CLOUD_WIDTH
    octaves = _octaves(sky.seed)
    flat = sum(octaves)
    edge, soft = float(np.quantile(flat, 1 - sky.clouds)), 0.22
    edge += soft * (1 - 2 * sky.clouds)
    field = _sampled(octaves, place, pixel)
    sunward = _sampled(octaves[:4], place + 0.12 * sun[:2], pixel)
    x = np.clip((field - edge + soft) / (2 * soft), 0, 1)
    thick = np.clip((field - edge) / (0.9 + 1.6 * sky.clouds**4), 0, 1)
    return x * x * (3 - 2 * x), thick, np.clip(1 + 1.6 * (field - sunward), 0.35, 1.8)


@lru_cache(maxsize=4)
def _octaves(seed: int) -> list[np.ndarray]:
    """Return octaves of noise, (CLOUD_TILE, CLOUD_TILE) each."""
    generator = Stream(seed).child("clouds").generator()
    cells = [4 << k for k in range(OCTAVES)]
    return [(noise(generator, CLOUD_TILE, n, n) * (4 / n) ** 0.85).astype(np.float32) for n in cells]


def _sampled(octaves: list[np.ndarray], place: np.ndarray, pixel: np.ndarray) -> np.ndarray:
    """Look noise up on the plane; an octave finer than a pixel is left out."""
    x, y = np.moveaxis(place * (CLOUD_TILE / CLOUD_WIDTH), -1, 0).astype(np.float32)
    total = np.zeros(pixel.shape, np.float32)
    for number, octave in enumerate(octaves):
        share = np.clip(1.5 - 2 * pixel * 2.0**number, 0, 1)
        total += share * cv2.remap(octave, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return total
