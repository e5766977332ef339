"""Walls and floors as builders leave them: brick, tiles, concrete, plaster, rolled paint."""

from __future__ import annotations

import numpy as np

from simdata.noise import spectral, warped, worley
from simdata.texture.courses import even_cuts, laid
from simdata.texture.field import Family, Field, even, paler, pick, ramp


def brick(generator: np.random.Generator, size: int) -> Field:
    """Bricks in running or raking bond, each fired a little differently, in rough mortar (the accent)."""
    bond, turn = ((0.5, 2), (1 / 3, 3), (0.25, 4))[pick(generator, (0, 0, 0, 1, 2))]
    rows = turn * int(generator.integers(5, 13) / turn + 0.5)
    columns = max(2, round(rows / generator.uniform(2.6, 3.6)))
    wall = laid(size, np.arange(rows) / rows, even_cuts(rows, columns, bond))
    rough = spectral(generator, size, 8, 200, 1.0)
    edge = wall.edge + generator.uniform(0.0004, 0.0012) * spectral(generator, size, 6, 60, 1.0)
    gap = generator.uniform(0.05, 0.085) / rows
    body = ramp(edge, gap - 0.0015, gap + 0.0015)
    fired = np.clip(
        generator.normal(generator.uniform(0.2, 0.45), generator.uniform(0.05, 0.18), wall.count), 0, 0.75
    )
    stain = spectral(generator, size, 1, 40, 1.3)
    tone = wall.each(fired) + generator.uniform(0.03, 0.12) * stain + 0.05 * rough
    pits = ramp(spectral(generator, size, 40, 200, 0.3), 1.7, 2.6) * body
    mortar = (1 - body) * np.clip(0.9 + 0.08 * spectral(generator, size, 20, 256, 0.4), 0, 1)
    height = 0.0035 * ramp(edge, gap * 0.4, gap + 0.006) + 0.0005 * rough - 0.0012 * pits
    return Field(np.clip(tone - 0.1 * pits, 0, 1), mortar, height.astype(np.float32))


def tiles(generator: np.random.Generator, size: int) -> Field:
    """Glazed tiles, none quite level, with joints (the accent): a grid, a bond, or two colours in turn."""
    rows = int(generator.integers(2, 5)) * 2
    columns, bond = (rows, 0.0) if generator.uniform() < 0.65 else (rows // 2, 0.5)
    tile = laid(size, np.arange(rows) / rows, even_cuts(rows, columns, bond))
    in_turn = (tile.index // columns + tile.index % columns) % 2 * (bond == 0) * pick(generator, (0, 0, 0.45))
    own = generator.uniform(0.02, 0.2) * generator.uniform(-1, 1, tile.count)
    clouds = generator.uniform(0.01, 0.08) * spectral(generator, size, 2, 80, generator.uniform(1, 1.8))
    tone = np.clip(generator.uniform(0.1, 0.4) + tile.each(own) + in_turn + clouds, 0, 0.75)
    gap = generator.uniform(0.0025, 0.006)
    joint = ramp(tile.edge, gap + 0.0015, gap - 0.0015)
    lean = generator.normal(0, 0.008, (2, tile.count))
    level = tile.across * tile.each(lean[0]) + tile.down * tile.each(lean[1])
    wavy = 0.0004 * spectral(generator, size, 2, 24, 1.2)
    height = 0.004 * ramp(tile.edge, gap * 0.5, gap + 0.009) + (level + wavy) * (1 - joint)
    grout = joint * np.clip(0.92 + 0.06 * spectral(generator, size, 10, 256, 0.7), 0, 1)
    return Field(paler(tone), grout, height.astype(np.float32))


def concrete(generator: np.random.Generator, size: int) -> Field:
    """Cast concrete: blotches, sand, the pores of air bubbles; sometimes the edges of its formwork."""
    blotches = spectral(generator, size, 1, 60, generator.uniform(1.4, 1.9))
    sand = spectral(generator, size, 40, 256, 0.2)
    cells = int(generator.integers(18, 40))
    bubble = worley(generator, size, cells, cells, 1.0)
    radius = bubble.each(generator.exponential(0.06, bubble.count) - generator.uniform(0.02, 0.1))
    edge = 1.5 * cells / size
    pore = ramp(bubble.nearest, radius + edge, radius - edge)
    tone = 0.45 + generator.uniform(0.06, 0.13) * blotches + 0.035 * sand + 0.2 * pore
    seam = _formwork(generator, size)
    stain = ramp(spectral(generator, size, 1, 90, 1.5, (1, 3)), 0.9, 2.4) * generator.uniform(0, 0.7)
    height = 0.00025 * sand + 0.0006 * blotches - 0.003 * pore - 0.0018 * seam
    accent = np.maximum(stain, 0.5 * pore)
    return Field(np.clip(tone + 0.2 * seam, 0, 1), accent, height.astype(np.float32))


def _formwork(generator: np.random.Generator, size: int) -> np.ndarray:
    """Return the joints of the panels that the concrete was cast against, or none."""
    panels = pick(generator, (0, 0, 1, 2))
    if panels == 0:
        return even(size)
    board = laid(size, np.arange(panels) / panels, even_cuts(panels, 1, 0.5 * (panels > 1)))
    return ramp(board.edge + 0.0006 * spectral(generator, size, 4, 90, 0.8), 0.004, 0.001)


def plaster(generator: np.random.Generator, size: int) -> Field:
    """Plaster of nearly even tone: sanded, rubbed or drawn with a trowel."""
    fine = spectral(generator, size, 6, 250, generator.uniform(0.8, 1.3))
    broad = spectral(generator, size, 1, 10, 1.5)
    rough = generator.uniform(0.0001, 0.0006)
    strokes = spectral(generator, size, 3, 160, 1.2, (generator.uniform(3, 9), 1))
    turn = generator.uniform(0.02, 0.08)
    bend = [turn * spectral(generator, size, 1, 5, 2.0) for _ in range(2)]
    drawn = generator.uniform(0, 0.0014) * np.maximum(warped(strokes, *bend), -0.5)
    height = rough * fine + 0.0015 * broad + drawn
    tone = 0.5 + 0.05 * broad + 0.03 * fine + 0.04 * spectral(generator, size, 1, 60, 1.5)
    crack = ramp(fine, 2.3, 3.2)
    return Field(np.clip(tone, 0, 1), 0.5 * crack, height.astype(np.float32))


def paint_roller(generator: np.random.Generator, size: int) -> Field:
    """Wall paint from a roller: orange peel, faint lanes, an even tone."""
    fine = int(generator.integers(28, 60))
    peel = spectral(generator, size, fine / 3, 2 * fine, 0.6)
    peel = np.tanh(peel + generator.uniform(-0.3, 0.9))
    lanes = spectral(generator, size, 1, 10, 0.8, (1, 60))
    height = generator.uniform(0.02, 0.05) / fine * peel
    tone = 0.5 + 0.035 * peel + 0.05 * lanes + 0.03 * spectral(generator, size, 1, 20, 1.5)
    return Field(np.clip(tone, 0, 1), even(size), height.astype(np.float32))


FAMILIES: dict[str, Family] = {
    "brick": brick,
    "concrete": concrete,
    "paint_roller": paint_roller,
    "plaster": plaster,
    "tiles": tiles,
}
