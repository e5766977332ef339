"""Metals: brushed, scratched, rusted."""

from __future__ import annotations

import numpy as np

from simdata.noise import spectral
from simdata.texture.field import Family, Field, pick, ramp
from simdata.texture.strokes import strokes


def brushed(generator: np.random.Generator, size: int) -> Field:
    """Fine lines along u from a belt, some deeper ones (the accent)."""
    lines = spectral(generator, size, 8, 256, 0.15, (generator.uniform(40, 160), 1))
    broad = spectral(generator, size, 1, 30, 0.9, (generator.uniform(20, 60), 1))
    deep = ramp(spectral(generator, size, 10, 250, 0.2, (generator.uniform(50, 120), 1)), 2.2, 4.0)
    tone = 0.5 + generator.uniform(0.06, 0.13) * lines + 0.07 * broad - 0.12 * deep
    height = generator.uniform(0.00006, 0.00014) * lines - 0.0003 * deep
    return Field(np.clip(tone, 0, 1), 0.5 * deep, height.astype(np.float32))


def scratched(generator: np.random.Generator, size: int) -> Field:
    """Smooth metal that was used: a few long scratches, many fine ones, mostly one way; dull patches."""
    angle, spread = generator.uniform(0, np.pi), pick(generator, (0.15, 0.5, 2.0))
    fine = strokes(generator, size, int(generator.integers(250, 700)), (0.02, 0.2), angle, spread)
    deep = strokes(generator, size, int(generator.integers(8, 40)), (0.1, 0.6), angle, 1.5 * spread)
    dull = spectral(generator, size, 1, 60, 1.4)
    scratch = np.maximum(0.45 * fine, deep)
    tone = 0.4 + 0.08 * dull
    height = -0.00035 * fine - 0.0009 * deep + 0.0003 * spectral(generator, size, 1, 8, 1.5)
    return Field(np.clip(tone, 0, 1), scratch, height.astype(np.float32))


def rusted(generator: np.random.Generator, size: int) -> Field:
    """Painted or bare steel with rust (the accent) that eats in from blotches and pinpricks."""
    broad = spectral(generator, size, 1, 200, 1.35)
    prick = ramp(spectral(generator, size, 12, 140, 0.7), 1.9, 2.5)
    start = generator.uniform(-0.4, 1.1)
    eaten = np.maximum(ramp(broad, start, start + 0.35), prick)
    ring = ramp(broad, start - 0.5, start) * 0.35
    crust = spectral(generator, size, 6, 256, 0.9)
    tone = 0.3 + 0.05 * spectral(generator, size, 1, 30, 1.4)
    tone = tone + eaten * (0.45 + 0.16 * crust) + 0.3 * ring
    accent = np.maximum(eaten * np.clip(0.72 + 0.2 * crust, 0, 1), ring)
    height = eaten * (0.0016 + 0.0009 * crust) + 0.0001 * spectral(generator, size, 20, 200, 0.5)
    return Field(np.clip(tone, 0, 1), accent, height.astype(np.float32))


FAMILIES: dict[str, Family] = {
    "brushed": brushed,
    "rusted": rusted,
    "scratched": scratched,
}
