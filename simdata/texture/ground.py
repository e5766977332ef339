"""Grounds: asphalt, gravel, grass, soil."""

from __future__ import annotations

import cv2
import numpy as np

from simdata.noise import spectral, worley
from simdata.texture.field import Family, Field, blend, paler, pick, ramp, soft
from simdata.texture.strokes import SHIFTS


def asphalt(generator: np.random.Generator, size: int) -> Field:
    """Stones in bitumen (the accent), worn bare here and there, patches and cracks."""
    cells = int(generator.integers(58, 92))
    stone = worley(generator, size, cells, cells, 1.0)
    sand = spectral(generator, size, 50, 250, 0.2)
    broad = spectral(generator, size, 1, 40, 1.4)
    worn = 0.45 + 0.2 * broad + generator.uniform(-0.3, 0.1)
    bare = ramp(worn - stone.each(generator.uniform(0, 1, stone.count)), -0.1, 0.1)
    body = soft(ramp(stone.edge + 0.05 * sand, 0.0, 0.3))
    shade = stone.each(np.clip(generator.normal(0.5, 0.2, stone.count), 0.05, 1))
    tone = 0.22 + 0.06 * broad + 0.05 * sand + bare * body * (shade - 0.15)
    crack = _cracks(generator, size) * pick(generator, (0, 0, 1))
    accent = np.maximum(0.4 * (1 - body) * (0.3 + 0.7 * bare), crack)
    height = (0.11 * body + 0.025 * sand) / cells - 0.002 * crack
    return Field(paler(tone * (1 - 0.7 * crack)), accent, height.astype(np.float32))


def _cracks(generator: np.random.Generator, size: int) -> np.ndarray:
    """Return the thin borders of a few large cells, ragged and broken."""
    plate = worley(generator, size, 3, 3, 1.0)
    ragged = plate.edge + 0.02 * spectral(generator, size, 6, 128, 1.2)
    open_here = ramp(spectral(generator, size, 1, 8, 1.2), 0.0, 1.0)
    return ramp(np.abs(ragged), 0.014, 0.004) * open_here


def gravel(generator: np.random.Generator, size: int) -> Field:
    """Rounded stones over smaller ones, each of its own shade; darkness between them (the accent)."""
    cells = int(generator.integers(11, 24))
    tone, height = np.zeros((2, size, size), np.float32)
    gap = np.ones((size, size), np.float32)
    small, large = (2 * cells + 3, 0.0, 1.0, 0.02), (cells, 0.25, generator.uniform(0.6, 0.95), 0.08)
    for count, low, share, inset in (small, large):
        stone = worley(generator, size, count, count, 0.95)
        wobble = 0.03 * spectral(generator, size, count, 5 * count, 1.3)
        shown = stone.each(generator.uniform(0, 1, stone.count) < share)
        round_ = np.clip((stone.edge + wobble - inset) / 0.95, 0, 1) ** 0.45 * shown
        body = ramp(round_, 0.1, 0.45)
        lift = stone.each(generator.uniform(0.7, 1.0, stone.count)) * round_
        shade = stone.each(np.clip(generator.normal(0.5, 0.28, stone.count), 0.02, 1))
        tone, gap = blend(tone, shade, body), gap * (1 - body)
        height = np.where(shown * round_ > 0.05, low + lift, height)
    grit = spectral(generator, size, 12, 250, 0.7)
    tone = np.clip(tone + 0.06 * grit, 0, 1) * (0.55 + 0.45 * np.clip(height, 0, 1))
    relief = soft(height, 1.2) * generator.uniform(0.2, 0.3) / cells + 0.0003 * grit
    return Field(tone, np.clip(gap, 0, 1), relief)


def grass(generator: np.random.Generator, size: int) -> Field:
    """Blades of a lawn, the deep ones darker, some dry ones (the accent)."""
    count = int(generator.integers(1500, 2400))
    depth = np.linspace(0, 1, count)
    dry = generator.uniform(0, 1, count) < generator.uniform(0.02, 0.25)
    shade = np.clip(0.12 + 0.6 * depth + generator.normal(0, 0.13, count), 0.02, 1)
    colors = np.stack([shade, dry * generator.uniform(0.4, 1, count), 0.15 + 0.85 * depth], 1)
    margin = size // 5  # OpenCV draws what is cut off by the edge a little differently
    canvas = np.zeros((size + 2 * margin, size + 2 * margin, 3), np.uint8)
    canvas[:] = (8, 0, 30)
    blades = _blades(generator, count)
    least, most = blades.min(1)[:, None] + SHIFTS, blades.max(1)[:, None] + SHIFTS
    sees = ((least < 1 + 2 / size) & (most > -2 / size)).all(-1)
    for blade, color, seen in zip(blades, 255 * colors, sees, strict=True):
        for shift in np.flatnonzero(seen):
            drawn = np.rint(((blade + SHIFTS[shift]) * size + margin) * 16).astype(np.int32)
            cv2.fillConvexPoly(canvas, drawn, color.tolist(), cv2.LINE_AA, 4)
    tone, accent, height = np.moveaxis(canvas[margin:-margin, margin:-margin].astype(np.float32) / 255, -1, 0)
    clumps = 0.07 * spectral(generator, size, 1, 12, 1.3)
    return Field(np.clip(tone + clumps, 0, 1), accent, 0.006 * soft(height, 0.9))


def _blades(generator: np.random.Generator, count: int) -> np.ndarray:
    """Return the outlines of blades (count, 5, 2), tile sides: a foot, a bend, a tip."""
    length, width = generator.uniform(0.05, 0.14, count), generator.uniform(0.0025, 0.0055, count)
    combed, spread = generator.uniform(0, 2 * np.pi), pick(generator, (0.6, 1.2, 3.0))
    way = combed + generator.normal(0, spread, count)
    bend = way + generator.normal(0, 0.3, count)
    first, second = (np.stack([np.cos(a), np.sin(a)], 1) * length[:, None] / 2 for a in (way, bend))
    aside = np.stack([-np.sin(way), np.cos(way)], 1) * width[:, None] / 2
    foot = generator.uniform(0, 1, (count, 2))
    middle = foot + first
    return np.stack(
        [foot - 0.7 * aside, middle - aside, middle + second, middle + aside, foot + 0.7 * aside], 1
    )


def soil(generator: np.random.Generator, size: int) -> Field:
    """Crumbs on clods, dry on top and moist below, with some small stones (the accent)."""
    clods = spectral(generator, size, 2, 60, 1.3)
    cells = int(generator.integers(34, 60))
    crumb = worley(generator, size, cells, cells, 1.0)
    lump = ramp(crumb.nearest + 0.1 * spectral(generator, size, cells, 240, 0.9), 0.75, 0.1)
    big = crumb.each(generator.uniform(0.2, 1.0, crumb.count))
    fine = spectral(generator, size, 20, 256, 0.6)
    raised = 0.5 * clods + 1.1 * lump * big + 0.22 * fine
    moist = spectral(generator, size, 1, 10, 1.5)
    tone = 0.22 + 0.24 * raised + 0.06 * moist
    stone = crumb.each(generator.uniform(0, 1, crumb.count) < generator.uniform(0.01, 0.07)) * ramp(
        lump, 0.4, 0.7
    )
    height = (0.14 * lump * big + 0.025 * fine) / cells + 0.002 * clods
    return Field(np.clip(tone, 0, 1), 0.9 * stone, height.astype(np.float32))


FAMILIES: dict[str, Family] = {
    "asphalt": asphalt,
    "grass": grass,
    "gravel": gravel,
    "soil": soil,
}
