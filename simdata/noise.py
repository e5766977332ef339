"""Periodic noise, as NumPy pictures that tile without a seam: what textures and clouds are made of.

It is drawn at lattice points or frequencies, never at texels: a picture of another size shows the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from scipy import fft


def noise(generator: np.random.Generator, size: int, cells_x: int, cells_y: int) -> np.ndarray:
    """Return periodic gradient noise of about [-1, 1], (size, size) float32.

    Source: Perlin, "Improving Noise" (2002): gradients on a lattice, here one that wraps around, blended by
    the quintic fade.
    """
    angles = generator.uniform(0, 2 * np.pi, (cells_y, cells_x))
    # The sum over a texel's four corners factors into rows and columns.
    weight_x, pull_x = _lattice(size, cells_x)
    weight_y, pull_y = _lattice(size, cells_y)
    slope_x = _along(weight_y, _along(pull_x, np.cos(angles).T.astype(np.float32)).T)
    slope_y = _along(pull_y, _along(weight_x, np.sin(angles).T.astype(np.float32)).T)
    return (slope_x + slope_y) * np.float32(np.sqrt(2))


Ends = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


@lru_cache(maxsize=64)
def _lattice(size: int, cells: int) -> tuple[Ends, Ends]:
    """Return the weights of the two lattice points beside each texel, and the ways there: (index, factor)."""
    position = (np.arange(size) + 0.5) * cells / size
    left = np.floor(position).astype(int)
    d = (position - left).astype(np.float32)
    fade = d * d * d * (d * (d * 6 - 15) + 10)
    first, second = left % cells, (left + 1) % cells
    weight = ((first, 1 - fade), (second, fade))
    pull = ((first, (1 - fade) * d), (second, fade * (d - 1)))
    return weight, pull


def _along(ends: Ends, values: np.ndarray) -> np.ndarray:
    """Blend rows of values (cells, n) into (size, n)."""
    (first, near), (second, far) = ends
    return values[first] * near[:, None] + values[second] * far[:, None]


def fractal(
    generator: np.random.Generator, size: int, cells_x: int, cells_y: int, octaves: int = 4
) -> np.ndarray:
    """Add octaves of noise, each twice as fine and half as strong; about [-1, 1], (size, size) float32."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        total += noise(generator, size, cells_x << octave, cells_y << octave) / (1 << octave)
    return total


def ridged(
    generator: np.random.Generator, size: int, cells_x: int, cells_y: int, octaves: int = 4
) -> np.ndarray:
    """Return crests where octaves of noise change sign; about [0, 1], (size, size) float32.

    Source: Musgrave in Ebert et al., "Texturing and Modeling", 3rd ed., chapter 16.
    """
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        crest = 1 - np.abs(noise(generator, size, cells_x << octave, cells_y << octave))
        total += crest * crest / (2 << octave)
    return total


def spectral(
    generator: np.random.Generator,
    size: int,
    low: float,
    high: int,
    falloff: float = 1.5,
    stretch: tuple[float, float] = (1.0, 1.0),
) -> np.ndarray:
    """Return Gaussian noise of mean 0 and variance 1, (size, size) float32.

    Args:
        generator: where its numbers come from.
        size: texels a side.
        low, high: least and greatest frequency, waves a tile side.
        falloff: amplitude is frequency^-falloff: 2 clouds, 1.5 stains, 1 grit, 0 white.
        stretch: how many times longer than that waves are along x and along y.

    Source: the spectral synthesis of Saupe in Peitgen and Saupe, "The Science of Fractal Images", chapter 2.
    """
    # Frequencies beyond the picture's own are drawn, too, and dropped: another size shows the same noise.
    amplitude = _amplitude(low, high, falloff, stretch)
    waves = generator.standard_normal((*amplitude.shape, 2), np.float32).view(np.complex64)[..., 0]
    waves *= amplitude
    rows, columns = (amplitude.shape[0] - 1) // 2, amplitude.shape[1] - 1
    down, across = min(rows, (size - 1) // 2), min(columns, (size - 1) // 2)
    spectrum = np.zeros((size, size // 2 + 1), np.complex64)
    spectrum[: down + 1, : across + 1] = waves[: down + 1, : across + 1]
    if down:
        spectrum[-down:, : across + 1] = waves[-down:, : across + 1]
    return fft.irfft2(spectrum, (size, size), norm="forward", overwrite_x=True)


@lru_cache(maxsize=128)
def _amplitude(low: float, high: int, falloff: float, stretch: tuple[float, float]) -> np.ndarray:
    """Return (2 rows + 1, columns + 1) float32 amplitudes of the waves (v, u), v wrapping around."""
    columns, rows = (min(high, int(np.ceil(high / s))) for s in stretch)
    u, v = np.arange(columns + 1)[None, :], np.fft.fftfreq(2 * rows + 1, 1 / (2 * rows + 1))[:, None]
    frequency = np.hypot(u * stretch[0], v * stretch[1])
    inside = (frequency >= low) & (frequency <= high)
    amplitude = np.where(inside, np.maximum(frequency, 1e-9) ** -falloff, 0)
    # A wave with u > 0 stands for its mirror image, too; on the axis u = 0 two waves share one.
    power = (4 * amplitude[:, 1:] ** 2).sum() + (amplitude[:, 0] ** 2).sum()
    return (amplitude / np.sqrt(power)).astype(np.float32)


@dataclass(frozen=True)
class Cells:
    """Cells around points strewn over a tile; distances in cells.

    Attributes:
        nearest, second: (size, size) float32 distance to the nearest and the second nearest point.
        index: (size, size) int32, which point is the nearest.
        count: how many points there are.
    """

    nearest: np.ndarray
    second: np.ndarray
    index: np.ndarray
    count: int

    @property
    def edge(self) -> np.ndarray:
        """How much farther the second point is than the nearest: 0 on the border between two cells."""
        return self.second - self.nearest

    def bent(self, across: np.ndarray, down: np.ndarray) -> Cells:
        """Return the cells looked up (size, size) tile sides aside, as `warped` does: their borders bend."""
        size = len(self.index)
        texel = np.arange(size, dtype=np.float32)
        x, y = texel + size * across, texel[:, None] + size * down
        at = tuple(np.rint(place).astype(np.int32) % size for place in (y, x))
        nearest, second = (warped(d, across, down) for d in (self.nearest, self.second))
        return Cells(nearest, second, self.index[at], self.count)

    def each(self, values: np.ndarray) -> np.ndarray:
        """Return a value a cell (count,) where the cell is, (size, size) float32."""
        return np.asarray(values, np.float32)[self.index]


def worley(
    generator: np.random.Generator, size: int, cells_x: int, cells_y: int, jitter: float = 0.9
) -> Cells:
    """Return cellular noise on a torus: one point a cell of a lattice, up to `jitter` / 2 of a cell off.

    Source: Worley, "A Cellular Texture Basis Function" (1996).
    """
    places = (0.5 + jitter * generator.uniform(-0.5, 0.5, (2, cells_y, cells_x))).astype(np.float32)
    texel = (np.arange(size, dtype=np.float32) + 0.5) / size
    x, y = texel * cells_x, texel * cells_y
    column, row = x.astype(np.int32), y.astype(np.int32)
    x, y = x - np.floor(x), y - np.floor(y)
    ways = []
    for step in (-1, 0, 1):
        along, down = places[:, :, (column + step) % cells_x]
        ways.append(((x - np.float32(step) - along) ** 2, down))
    # Strip by strip, so that all of it stays in the cache.
    strips = [_strip(ways, y[k], row[k]) for k in np.array_split(np.arange(size), -(-size // 32))]
    nearest, second, whose = (np.concatenate(parts) for parts in zip(*strips, strict=True))
    return Cells(
        np.sqrt(nearest), np.sqrt(second), _named(whose, row, column, cells_y, cells_x), places[0].size
    )


def _named(whose: np.ndarray, row: np.ndarray, column: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """Number the cells around the torus: `whose` of nine neighbours of the cell in a row and a column."""
    padded = np.add.outer(np.arange(-1, rows + 1) % rows * columns, np.arange(-1, columns + 1) % columns)
    step = np.add.outer(np.arange(3) * (columns + 2), np.arange(3)).astype(np.int32).ravel()
    at = row[:, None] * np.int32(columns + 2) + column + step.take(whose)
    return padded.astype(np.int32).take(at)


def _strip(
    ways: list[tuple[np.ndarray, np.ndarray]], y: np.ndarray, row: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the squares of both distances, and which neighbour is nearest, in rows at y (h,) of a cell.

    ways: for the cells to the left, here, and to the right: the square of the way along x, and the place down
    y, (cells, width) each.
    """
    cells, width = ways[0][0].shape
    nearest, second = np.full((2, len(y), width), 9, np.float32)
    for k, (down, across) in enumerate(np.ndindex(3, 3)):
        here = (row + down - 1) % cells
        d = ways[across][1].take(here, axis=0)
        np.subtract((y - np.float32(down - 1))[:, None], d, out=d)
        d *= d
        d += ways[across][0].take(here, axis=0)
        bits = d.view(np.int32)  # whose it is goes along in the last four bits
        bits &= -16
        bits |= k
        np.minimum(second, np.maximum(nearest, d), out=second)
        np.minimum(nearest, d, out=nearest)
    return nearest, second, nearest.view(np.int32) & 15


def warped(field: np.ndarray, across: np.ndarray, down: np.ndarray) -> np.ndarray:
    """Return a field looked up `across` and `down` (size, size) tile sides aside, around the torus."""
    size = len(field)
    texel = np.arange(size, dtype=np.float32)
    x, y = (texel + size * across) % size, (texel[:, None] + size * down) % size
    maps = np.asarray(x, np.float32), np.asarray(y, np.float32)
    return cv2.remap(np.asarray(field, np.float32), *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
