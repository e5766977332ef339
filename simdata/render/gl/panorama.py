"""What light from all around does to a surface: its irradiance and its blurred reflections, in NumPy.

Pictures are those of `simdata.sky.sphere`: (H, 2 H), row 0 straight up, the middle column along world +x.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from simdata.sky import areas, directions

ROWS = 64
# Reflections are blurred for these many roughnesses, from 0 to 1.
LEVELS = 6
SOFT = 50.0  # a window's sky is blurred so that its parts are no spots; nearly nothing beyond 20 degrees


def harmonics(light: np.ndarray) -> np.ndarray:
    """Return what a white diffuse surface reads by its normal, as 9 coefficients of `basis`, (9, 3).

    Source: Ramamoorthi & Hanrahan, "An Efficient Representation for Irradiance Environment Maps" (2001): the
    cosine lobe keeps 1, 2/3 and 1/4 of the three bands once its pi is in the unit of light.
    """
    kept = np.repeat([1.0, 2 / 3, 1 / 4], [1, 3, 5])
    height = len(light)
    weighted = basis(directions(height)) * areas(height)[..., None]
    return kept[:, None] * np.einsum("hwk,hwc->kc", weighted, light)


def basis(ways: np.ndarray) -> np.ndarray:
    """Return the real spherical harmonics of order 2 for unit vectors (..., 3): (..., 9)."""
    x, y, z = np.moveaxis(ways, -1, 0)
    one = np.full_like(x, 0.282095)
    first = [0.488603 * y, 0.488603 * z, 0.488603 * x]
    second = [1.092548 * x * y, 1.092548 * y * z, 0.315392 * (3 * z * z - 1), 1.092548 * x * z]
    return np.stack([one, *first, *second, 0.546274 * (x * x - y * y)], -1)


def reflections(light: np.ndarray) -> np.ndarray:
    """Blur a picture (ROWS, 2 ROWS, 3) as surfaces of `LEVELS` roughnesses from 0 to 1 mirror it.

    Returns (LEVELS, ROWS, 2 ROWS, 3) float32; the first is the picture.

    Source: Karis, "Real Shading in Unreal Engine 4" (2013): the lobe about a mirror direction, as if the
    viewer stood there, each direction weighted by its cosine.
    """
    waves = np.fft.rfft(light, axis=1)
    blurred = [np.fft.irfft(_along(kernel, waves), 2 * ROWS, axis=1) for kernel in _kernels()]
    return np.stack([light, *blurred]).astype(np.float32)


def softened(light: np.ndarray) -> np.ndarray:
    """Blur a picture (ROWS, 2 ROWS, 3) by about 8 degrees, whatever way it looks, and no farther.

    Source: the density of von Mises and Fisher, "Dispersion on a Sphere" (1953), of concentration `SOFT`.
    """
    return np.fft.irfft(_along(_softening(), np.fft.rfft(light, axis=1)), 2 * ROWS, axis=1)


def _along(kernel: np.ndarray, waves: np.ndarray) -> np.ndarray:
    """Blur across rows, wave by wave."""
    return np.moveaxis(kernel @ np.moveaxis(waves, 1, 0), 0, 1)


@lru_cache(maxsize=1)
def _kernels() -> list[np.ndarray]:
    """Return a kernel a level but the first, (ROWS + 1 waves, ROWS to, ROWS from)."""
    cosine = _cosines()
    half = (1 + cosine) / 2  # squared cosine of half the angle
    alphas = [(level / (LEVELS - 1)) ** 2 for level in range(1, LEVELS)]
    return [_kernel(np.clip(cosine, 0, 1) * a**2 / (half * (a**2 - 1) + 1) ** 2) for a in alphas]


@lru_cache(maxsize=1)
def _softening() -> np.ndarray:
    return _kernel(np.exp(SOFT * (_cosines() - 1)))


def _cosines() -> np.ndarray:
    """Return those of the angles from the middle column's directions to all, (ROWS, ROWS, 2 ROWS)."""
    ways = directions(ROWS)
    return np.clip(np.einsum("ok,iwk->oiw", ways[:, ROWS], ways), -1, 1)


def _kernel(lobe: np.ndarray) -> np.ndarray:
    """Return what takes weights by `_cosines` to waves, (ROWS + 1, ROWS to, ROWS from)."""
    weight = lobe * areas(ROWS)
    weight /= weight.sum((1, 2), keepdims=True)
    # The kernel is even about its own column, so that its waves are real.
    return np.moveaxis(np.fft.rfft(np.roll(weight, -ROWS, axis=2), axis=2).real, 2, 0)
