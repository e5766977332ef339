"""Stones: marble, granite, terrazzo, speckled stoneware."""

from __future__ import annotations

import numpy as np

from simdata.noise import spectral, worley
from simdata.texture.field import Family, Field, blend, deeper, even, level, ramp, soft


def marble(generator: np.random.Generator, size: int) -> Field:
    """Clouds with thin veins that branch, fade and come back, most of them in one direction."""
    clouds = level(spectral(generator, size, 1, 48, 1.7))
    shear = int(generator.integers(-2, 3))
    veins = even(size)
    for low, width, start in ((1.0, 0.005, -0.9), (2.0, 0.0024, -0.6), (4.0, 0.0014, -0.2)):
        course = spectral(generator, size, low, 60, 2.25, (1, generator.uniform(1.3, 2.6)))
        course = _sheared(course, shear) + 0.02 * spectral(generator, size, 8, 120, 1.1)
        fade = ramp(spectral(generator, size, 1, 20, 1.4), start, start + 2.2)
        wide = width * generator.uniform(0.5, 1.6) * (0.2 + 1.4 * fade)
        veins = np.maximum(veins, fade * np.exp(-_line(course) / wide))
    halo = soft(veins, size / 60)
    tone = generator.uniform(0.2, 0.5) * clouds + 0.9 * halo
    grain = 0.02 * spectral(generator, size, 40, 256, 0.3)
    return Field(deeper(0.05 + tone + grain), veins, even(size))


def _line(field: np.ndarray) -> np.ndarray:
    """Return about how far each texel is from where the field is 0, in tile sides."""
    slopes = (np.roll(field, -1, axis) - np.roll(field, 1, axis) for axis in (0, 1))
    return np.abs(field) / (np.hypot(*slopes) * len(field) / 2 + 3.0)  # no wider where it only grazes 0


def _sheared(field: np.ndarray, turns: int) -> np.ndarray:
    """Shift each column down, `turns` whole tiles over all of them: it still tiles."""
    texel = np.arange(len(field))
    return field[(texel[:, None] + turns * texel) % len(field), texel]


def granite(generator: np.random.Generator, size: int) -> Field:
    """Crystals of three minerals: pale feldspar, glassy quartz, dark mica (the accent)."""
    coarse, fine = int(generator.integers(22, 44)), int(generator.integers(56, 84))
    large = worley(generator, size, coarse, coarse, 1.0)
    small = worley(generator, size, fine, fine, 1.0)
    pale = large.each(generator.beta(0.7, 0.9, large.count))
    quartz = small.each(generator.uniform(0, 1, small.count))
    crowd = 0.12 * spectral(generator, size, 3, 24, 1.2)
    share = generator.uniform(0.35, 0.65)
    tone = np.where(quartz + crowd < share, 0.05 + 0.6 * pale, 0.4 + 0.45 * quartz)
    mica = small.each(generator.uniform(0, 1, small.count)) + crowd < generator.uniform(0.12, 0.26)
    tone = tone + 0.04 * spectral(generator, size, 30, 256, 0.4)
    return Field(deeper(soft(tone, 0.6)), soft(mica, 0.6), even(size))


def terrazzo(generator: np.random.Generator, size: int) -> Field:
    """Chips of several stones, large and small, ground flat in cement."""
    tone = 0.08 + 0.03 * spectral(generator, size, 4, 256, 0.8)
    accent = even(size)
    large = int(generator.integers(8, 15))
    for cells, share, inset in ((4 * large, 0.5, 0.22), (large, generator.uniform(0.4, 0.75), 0.12)):
        chip = worley(generator, size, cells, cells, 1.0)
        shown = chip.each(generator.uniform(0, 1, chip.count) < share)
        fine = 1.2 * cells / size
        wobble = 0.05 * spectral(generator, size, cells, 6 * cells, 1.0)
        shown = shown * ramp(chip.edge + wobble, inset - fine, inset + fine)
        stone = generator.choice((0.3, 0.55, 0.8, 1.0), chip.count) + generator.normal(0, 0.04, chip.count)
        tone = blend(tone, chip.each(stone), shown)
        accent = blend(accent, chip.each(generator.uniform(0, 1, chip.count) < 0.25), shown)
    return Field(np.clip(tone + 0.015 * spectral(generator, size, 40, 256, 0.2), 0, 1), accent, even(size))


def speckle(generator: np.random.Generator, size: int) -> Field:
    """Stoneware: specks of two sizes on a calm glaze, the small ones blurred into it."""
    tone = 0.13 + 0.05 * spectral(generator, size, 1, 12, 1.5)
    accent, ragged = even(size), spectral(generator, size, 20, 160, 0.8)
    for cells, share in ((generator.integers(40, 70), 0.45), (generator.integers(12, 22), 0.16)):
        speck = worley(generator, size, int(cells), int(cells), 0.8)
        radius = speck.each(generator.uniform(0.08, 0.32, speck.count)) * generator.uniform(0.7, 1.3)
        shown = speck.each(generator.uniform(0, 1, speck.count) < share)
        radius = radius * (1 + 0.16 * ragged)
        edge = 0.05 + 2 * cells / size
        spot = shown * ramp(speck.nearest, radius + edge, radius - edge)
        accent = np.maximum(accent, spot * speck.each(generator.uniform(0.4, 1, speck.count)))
    height = 0.0006 * spectral(generator, size, 2, 14, 1.2)
    return Field(deeper(tone), deeper(accent, 1.8), height - 0.0008 * accent)


FAMILIES: dict[str, Family] = {
    "granite": granite,
    "marble": marble,
    "speckle": speckle,
    "terrazzo": terrazzo,
}
