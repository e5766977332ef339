"""Sheets and skins: paper, cardboard, leather, plastic, rubber."""

from __future__ import annotations

import numpy as np

from simdata.noise import ridged, spectral, worley
from simdata.texture.field import Family, Field, even, pick, ramp, soft, texels
from simdata.texture.strokes import strokes


def paper(generator: np.random.Generator, size: int) -> Field:
    """Paper: cloudy from its felted fibres, smooth, rough as for water colours, or with laid lines."""
    cloud = spectral(generator, size, 3, 90, 1.1)
    fine = spectral(generator, size, 40, 256, 0.2)
    rough = pick(generator, (0.0, 0.0, 1.0)) * spectral(generator, size, 16, 90, 0.6)
    fibers = strokes(generator, size, int(generator.integers(100, 500)), (0.01, 0.06), bend=1.2)
    _, v = texels(size)
    laid = pick(generator, (0.0, 0.0, 1.0)) * np.cos(2 * np.pi * int(generator.integers(50, 90)) * v)
    tone = 0.6 + 0.06 * cloud + 0.04 * fine + 0.04 * rough - 0.14 * fibers + 0.05 * laid
    height = 0.00012 * fine + 0.0002 * cloud + 0.0003 * rough + 0.00012 * laid + 0.0002 * fibers
    return Field(np.clip(tone, 0, 1), 0.25 * fibers, height.astype(np.float32))


def cardboard(generator: np.random.Generator, size: int) -> Field:
    """Brown board: the flutes show through, fibres and flecks (the accent), scuffs."""
    u, _ = texels(size)
    flutes = int(generator.integers(26, 56))
    sway = 0.06 * spectral(generator, size, 1, 10, 1.2)
    wave = np.cos(2 * np.pi * (flutes * u + sway)) * generator.uniform(0.3, 1.0)
    fibers = strokes(generator, size, int(generator.integers(500, 1200)), (0.008, 0.05), 0.0, 0.9, 0.8)
    fleck = ramp(spectral(generator, size, 40, 220, 0.3), generator.uniform(2.1, 2.9), 3.4)
    cloud = spectral(generator, size, 1, 120, 1.2, (2, 1))
    fine = spectral(generator, size, 40, 256, 0.2)
    tone = 0.5 + 0.09 * cloud + 0.05 * fine + 0.05 * wave + 0.12 * fibers
    height = 0.0005 * wave + 0.00012 * fine + 0.0002 * cloud + 0.0001 * fibers
    return Field(np.clip(tone, 0, 1), 0.8 * fleck, height.astype(np.float32))


def leather(generator: np.random.Generator, size: int) -> Field:
    """Grained leather: unequal pebbles, dark creases between them (the accent), folds, stretched places."""
    cells = int(generator.integers(52, 96))
    pebble = worley(generator, size, cells, int(cells * generator.uniform(0.7, 1.0)), 1.0)
    bump = ramp(
        pebble.edge + 0.03 * spectral(generator, size, cells, 250, 0.8), -0.05, generator.uniform(0.3, 0.6)
    )
    stretched = ramp(spectral(generator, size, 1, 8, 1.3), -1.0, 1.5)
    folds = ramp(ridged(generator, size, 3, 5, 3), 0.74, 0.92) * generator.uniform(0, 0.6)
    bump = soft(bump, 0.8) * (1 - 0.55 * stretched)
    deep = ramp(bump, 0.35, 0.0) * (1 - 0.7 * stretched)
    worn = spectral(generator, size, 1, 16, 1.5)
    tone = 0.3 + 0.1 * worn - 0.12 * bump + 0.25 * folds
    fine = spectral(generator, size, 60, 250, 0.2)
    height = 0.14 * bump / cells - 0.0015 * folds + 0.00006 * fine
    return Field(np.clip(tone, 0, 1), 0.7 * deep, height.astype(np.float32))


def plastic(generator: np.random.Generator, size: int) -> Field:
    """Moulded plastic: nearly even, its mould polished, eroded by sparks, or grained like leather."""
    kind = pick(generator, ("eroded", "fine", "grained"))
    if kind == "grained":
        cells = int(generator.integers(40, 80))
        pebble = worley(generator, size, cells, cells, 1.0)
        grain, high = soft(ramp(pebble.edge, 0.0, 0.5), 0.9) - 0.5, 0.09 / cells
    else:
        top = int(generator.integers(60, 110)) * (1 + (kind == "fine"))
        grain = np.tanh(spectral(generator, size, top / 4, min(top, 200), 0.4))
        high = generator.uniform(0.03, 0.07) / top
    sink = spectral(generator, size, 1, pick(generator, (6, 20)), 1.4)
    tone = (
        0.5
        + 0.06 * grain
        + generator.uniform(0, 0.035) * sink
        + 0.012 * spectral(generator, size, 30, 200, 0.3)
    )
    height = high * grain + 0.0003 * sink
    return Field(np.clip(tone, 0, 1), even(size), height.astype(np.float32))


def rubber(generator: np.random.Generator, size: int) -> Field:
    """Matt rubber with bloom and dust: plain, ribbed, or with studs in rows."""
    u, v = texels(size)
    count = int(generator.integers(8, 24))
    x, y = np.cos(2 * np.pi * count * u), np.cos(2 * np.pi * count * v)
    kind = pick(generator, ("plain", "plain", "ribs", "studs"))
    raised = {"plain": even(size), "ribs": x + even(size), "studs": x * y}[kind]
    form = ramp(raised, -0.2, 0.5)
    bloom = spectral(generator, size, 1, 60, 1.3)
    fine = spectral(generator, size, 40, 256, 0.3)
    tone = 0.35 + 0.1 * bloom + 0.06 * fine + 0.12 * (form - 0.5) * (kind != "plain")
    worn = ramp(spectral(generator, size, 2, 160, 0.9), 1.6, 2.6)
    height = 0.07 * form / count * (kind != "plain") + 0.0002 * fine + 0.0005 * bloom
    return Field(np.clip(tone, 0, 1), 0.6 * worn, height.astype(np.float32))


FAMILIES: dict[str, Family] = {
    "cardboard": cardboard,
    "leather": leather,
    "paper": paper,
    "plastic": plastic,
    "rubber": rubber,
}
