"""Layers: how likely each texel is to be covered by dust, dirt, wear, …; the likeliest are covered first."""

from __future__ import annotations

import numpy as np

from simdata.noise import ridged, spectral, warped
from simdata.texture.field import Layer, even, ramp, soft, texels
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
    """Prints of a few fingers: ridges around a whorl or an arch, pressed unevenly; then a film of grease."""
    field = 0.3 * spectral(generator, size, 1, 24, 1.5)
    for _ in range(int(generator.integers(3, 9))):
        field = np.maximum(field, _print(generator, size))
    return field + 0.05 * spectral(generator, size, 60, 250, 0.2)


def _print(generator: np.random.Generator, size: int) -> np.ndarray:
    u, v = texels(size)
    at, turn = generator.uniform(0, 1, 2), generator.uniform(0, 2 * np.pi)
    x, y = ((place - c + 0.5) % 1 - 0.5 for place, c in zip((u, v), at, strict=True))
    long, across = (x * np.cos(turn) + y * np.sin(turn)), (y * np.cos(turn) - x * np.sin(turn))
    width = generator.uniform(0.06, 0.09)
    inside = ramp(np.hypot(long / 1.35, across) / width, 1.0, 0.7)
    bent = 0.006 * spectral(generator, size, 2, 24, 1.5)
    core = np.hypot(long - generator.uniform(-0.3, 0.3) * width, across * generator.uniform(0.8, 1.6)) + bent
    ridges = np.cos(2 * np.pi * core / (width / generator.uniform(6, 8)))
    pressed = 0.5 * spectral(generator, size, 4, 90, 0.9)
    return inside * (3.2 + 1.2 * ridges + pressed) - 2


def scratches(generator: np.random.Generator, size: int) -> np.ndarray:
    """Lines, the deepest first, wider as more is covered; scuffed patches last."""
    angle, spread = generator.uniform(0, np.pi), generator.choice((0.2, 0.6, 2.0))
    lines = strokes(generator, size, int(generator.integers(150, 500)), (0.03, 0.5), angle, spread)
    scuffs = spectral(generator, size, 1, 200, 1.1, (2, 1))
    return 4 * lines + 2 * soft(lines, 2.0) + 0.25 * scuffs


def smudges(generator: np.random.Generator, size: int) -> np.ndarray:
    """Wiped grease: soft arcs."""
    arcs = spectral(generator, size, 1, 90, 1.3, (generator.uniform(4, 9), 1))
    bend = generator.uniform(0.05, 0.12)
    ways = [bend * spectral(generator, size, 1, 3, 2.0) for _ in range(2)]
    return warped(arcs, *ways) + 0.7 * spectral(generator, size, 1, 12, 1.6)


def stains(generator: np.random.Generator, size: int) -> np.ndarray:
    """Dried drops and rings of cups: dark rims, ragged within."""
    ragged = spectral(generator, size, 1, 120, 1.4)
    field = even(size)
    u, v = texels(size)
    for _ in range(int(generator.integers(4, 14))):
        at, radius = generator.uniform(0, 1, 2), generator.choice((0.03, 0.07, 0.16)) * generator.uniform(0.6, 1.3)
        x, y = ((place - c + 0.5) % 1 - 0.5 for place, c in zip((u, v), at, strict=True))
        far = np.hypot(x, y) / radius + 0.06 * ragged
        rim = np.exp(-(((far - 1) / generator.uniform(0.04, 0.1)) ** 2))
        field = np.maximum(field, generator.uniform(0.5, 1) * (3 * rim + generator.uniform(0, 1.6) * ramp(far, 1, 0.9)))
    return field * (1 + 0.25 * ragged) + 0.3 * ragged


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
