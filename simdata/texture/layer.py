"""Layers: how likely each texel is to be covered by dust, dirt, wear, …; the likeliest are covered first."""

from __future__ import annotations

import numpy as np

from simdata.noise import ridged, spectral, warped
from simdata.texture.field import Layer, pick, ramp, soft
from simdata.texture.strokes import strokes


def dirt(generator: np.random.Generator, size: int) -> np.ndarray:
    """Clumps and spatter of two sizes."""
    clumps = spectral(generator, size, 1, 200, generator.uniform(1.1, 1.5))
    spatter = spectral(generator, size, 12, 90, 0.6)
    fine = spectral(generator, size, 40, 250, 0.4)
    return clumps + 0.9 * np.maximum(spatter - 1.2, 0) + generator.uniform(0.05, 0.3) * fine


def dust(generator: np.random.Generator, size: int) -> np.ndarray:
    """Soft drifts of fine grains, with lint."""
    drifts = spectral(generator, size, 1, 30, 1.6)
    grains = spectral(generator, size, 60, 256, 0.1)
    lint = strokes(generator, size, int(generator.integers(10, 60)), (0.02, 0.09), bend=1.5)
    return generator.uniform(0.5, 1.0) * drifts + generator.uniform(0.6, 1.2) * grains + 3 * lint


def fingerprints(generator: np.random.Generator, size: int) -> np.ndarray:
    """Prints of fingers: ridges around a whorl or an arch, pressed unevenly; then a film of grease."""
    film = 0.25 * spectral(generator, size, 1, 24, 1.5) + 0.15 * spectral(generator, size, 60, 250, 0.2)
    for _ in range(int(generator.integers(8, 22))):
        width = generator.uniform(0.055, 0.085)
        where, x, y = _around(generator, size, 1.4 * width)
        bent = 0.006 * spectral(generator, size, 2, 24, 1.5)[where]
        film[where] = np.maximum(film[where], _print(generator, x + bent, y, width))
    return film


def _print(generator: np.random.Generator, x: np.ndarray, y: np.ndarray, width: float) -> np.ndarray:
    """Return one print about (0, 0), tile sides."""
    turn = generator.uniform(0, 2 * np.pi)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    inside = ramp(np.hypot(along / 1.35, across) / width, 1.0, 0.6)
    core = np.hypot(along - generator.uniform(-0.3, 0.3) * width, across * generator.uniform(0.8, 1.6))
    ridges = np.cos(2 * np.pi * core / (width / generator.uniform(6, 8)))
    return inside * (generator.uniform(2.2, 3.4) + 1.2 * ridges) - 2


def _around(
    generator: np.random.Generator, size: int, reach: float
) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]:
    """Return the texels within `reach` tile sides of a random place, and their ways from it, (n, n) each."""
    side = min(int(2 * reach * size) + 1, size)
    at, texel = generator.uniform(0, size, (2, 1)), np.arange(side) - side // 2
    first = np.floor(at).astype(int)
    away = (texel + first + 0.5 - at) / size
    rows, columns = (texel + first) % size
    x, y = np.meshgrid(*away.astype(np.float32))
    return np.ix_(columns, rows), x, y


def scratches(generator: np.random.Generator, size: int) -> np.ndarray:
    """Lines, the deepest first, wider as more is covered; scuffed patches last."""
    angle, spread = generator.uniform(0, np.pi), pick(generator, (0.2, 0.6, 2.0))
    lines = strokes(generator, size, int(generator.integers(150, 500)), (0.03, 0.5), angle, spread)
    scuffs = spectral(generator, size, 1, 200, 1.1, (2, 1))
    return 4 * lines + 2 * soft(lines, 2.0) + 0.25 * scuffs


def smudges(generator: np.random.Generator, size: int) -> np.ndarray:
    """Wiped grease: soft arcs."""
    arcs = spectral(generator, size, 1, 90, 1.3, (generator.uniform(4, 9), 1))
    bend = generator.uniform(0.05, 0.12)
    ways = [bend * spectral(generator, size, 1, 3, 2.0) for _ in range(2)]
    film = 0.7 * spectral(generator, size, 1, 12, 1.6) + 0.35 * spectral(generator, size, 60, 250, 0.2)
    return warped(arcs, *ways) + film


def stains(generator: np.random.Generator, size: int) -> np.ndarray:
    """Dried drops and rings of cups: dark rims, ragged within."""
    ragged = spectral(generator, size, 1, 120, 1.4)
    field = 0.3 * ragged + 0.1 * spectral(generator, size, 60, 250, 0.2)
    for _ in range(int(generator.integers(6, 20))):
        radius = pick(generator, (0.025, 0.06, 0.15)) * generator.uniform(0.6, 1.3)
        where, x, y = _around(generator, size, 1.3 * radius)
        far = np.hypot(x, y) / radius + 0.06 * ragged[where]
        rim = np.exp(-(((far - 1) / generator.uniform(0.04, 0.1)) ** 2))
        drop = 3 * rim + generator.uniform(0, 1.6) * ramp(far, 1, 0.9)
        drop = generator.uniform(0.6, 1) * drop * (1 + 0.25 * ragged[where])
        field[where] = np.maximum(field[where], drop)
    return field


def wear(generator: np.random.Generator, size: int) -> np.ndarray:
    """Rubbed places with ragged edges, chips around them."""
    rubbed = spectral(generator, size, 1, 250, generator.uniform(1.2, 1.5))
    chips = ridged(generator, size, 6, 6, 4)
    return rubbed + generator.uniform(0.5, 1.5) * chips


LAYERS: dict[str, Layer] = {
    "dirt": dirt,
    "dust": dust,
    "fingerprints": fingerprints,
    "scratches": scratches,
    "smudges": smudges,
    "stains": stains,
    "wear": wear,
}
