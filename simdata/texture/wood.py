"""Woods: planed planks, boards, veneer, end grain. The grain runs along u; tone 0 is early wood, 1 late wood.

Year rings are drawn as whole waves of a phase, which may so grow by whole rings around the tile.
"""

from __future__ import annotations

import numpy as np

from simdata.noise import spectral, warped
from simdata.texture.courses import Courses, laid
from simdata.texture.field import Family, Field, blend, deeper, even, pick, ramp, soft, texels


def _late(phase: np.ndarray) -> np.ndarray:
    """Return how much late wood there is: slowly more along a ring, then suddenly none."""
    along = phase % 1
    return ramp(along, 0.05, 0.9) ** 1.5 * ramp(along, 1.0, 0.82)


def _planed(generator: np.random.Generator, size: int, knots: int) -> Field:
    """A plank cut beside the pith: rings in arches along its middle, straight and dense at its sides."""
    u, v = texels(size)
    arches = int(generator.integers(2, 6)) * pick(generator, (-1, 1))
    v = v + generator.uniform(0.008, 0.022) * spectral(generator, size, 1, 12, 1.9, (2, 1))
    body, swirl = even(size), even(size)
    for _ in range(knots):
        aside, knot, rings = _knot(generator, size)
        v, body, swirl = v + aside, np.maximum(body, knot), np.maximum(swirl, rings)
    phase = arches * u - generator.uniform(2.0, 5.5) * np.cos(2 * np.pi * (v - generator.uniform()))
    phase = phase + generator.uniform(0.04, 0.12) * spectral(generator, size, 4, 48, 1.2, (6, 1))
    strong = generator.uniform(0.45, 1.0, abs(arches)).astype(np.float32)
    strong = strong.take(np.floor(phase).astype(np.int32), mode="wrap")
    late = soft(_late(phase) * strong, 0.6)
    fibers = spectral(generator, size, 16, 256, 0.6, (36, 1))
    pores = _pores(generator, size, late)
    clouds = spectral(generator, size, 1, 24, 1.4, (5, 1))
    tone = 0.2 + generator.uniform(0.3, 0.55) * late + 0.07 * clouds + 0.045 * fibers
    tone = blend(tone, 0.72 + 0.28 * swirl, body)
    accent = np.maximum(0.7 * pores * (1 - body), 0.8 * body * (0.5 + 0.5 * swirl))
    height = 0.00015 * late + 0.00012 * fibers - 0.0009 * pores
    return Field(deeper(tone), accent, height.astype(np.float32))


def _pores(generator: np.random.Generator, size: int, late: np.ndarray) -> np.ndarray:
    """Vessels cut lengthwise: short dark dashes, most of them in early wood."""
    often = generator.uniform(1.3, 2.3)
    dashes = spectral(generator, size, 30, 250, 0.3, (generator.uniform(9, 16), 1))
    return ramp(dashes - 0.8 * late, often, often + 1.1)


def _knot(generator: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how far the grain is pushed aside down the tile, where the knot is, and its own rings."""
    u, v = texels(size)
    at, radius = generator.uniform(0, 1, 2), generator.uniform(0.018, 0.045)
    across, down = ((x - c + 0.5) % 1 - 0.5 for x, c in zip((u, v), at, strict=True))
    far = np.sqrt((across / generator.uniform(1.2, 1.9)) ** 2 + down**2) / radius
    far = far * (1 + 0.05 * spectral(generator, size, 2, 48, 1.2))
    aside = -0.95 * down * np.exp(-((far / 2.4) ** 2))
    return aside, ramp(far, 1.12, 0.88), _late(1.3 * far + 0.2) * ramp(far, 0.0, 0.4)


def wood(generator: np.random.Generator, size: int) -> Field:
    """A wide plank with the arches of a tangential cut, pores, and now and then a knot."""
    return _planed(generator, size, pick(generator, (0, 0, 1, 2)))


def boards(generator: np.random.Generator, size: int) -> Field:
    """Boards along u, their ends staggered, each from another place of the wood."""
    rows = int(generator.integers(3, 8))
    pieces = 1 + (generator.uniform(0, 1, rows) < 0.35)
    cuts = [np.sort((generator.uniform() + np.arange(n) / n) % 1) for n in pieces]
    board = laid(size, np.arange(rows) / rows, cuts)
    plank = _planed(generator, size, pick(generator, (0, 1)))
    shifts = generator.uniform(0, 1, (2, board.count))
    across, down = (board.each(shift) for shift in shifts)
    scale = 1.0 + 1.2 * (rows > 4)  # how much of the plank a board shows
    tone, accent, height = (
        warped(part, across, down + (scale - 1) * board.down)
        for part in (plank.tone, plank.accent, plank.height)
    )
    tone = tone + board.each(generator.normal(0, generator.uniform(0.05, 0.14), board.count))
    gap = generator.uniform(0.0012, 0.003)
    joint = ramp(board.edge, gap + 0.0015, gap - 0.0015)
    bevel = ramp(board.edge, 0.0, gap + 0.006) * generator.uniform(0.0012, 0.0026)
    return Field(np.clip(tone, 0, 1), np.maximum(accent, joint), height + bevel)


def veneer(generator: np.random.Generator, size: int) -> Field:
    """A quarter cut: many fine straight lines, and a flame or silky flecks across them."""
    _, v = texels(size)
    wave = generator.uniform(0.002, 0.012) * spectral(generator, size, 1, 6, 2.0, (3, 1))
    lines = int(generator.integers(14, 46))
    uneven = 0.9 * spectral(generator, size, 1, 14, 1.2, (200, 1))  # rings of unequal years
    late = _late(lines * (v + wave) + uneven)
    flame = spectral(generator, size, 5, 60, 1.3, (1, generator.uniform(3, 7)))
    flecks = ramp(spectral(generator, size, 12, 120, 0.5, (1, 2.5)), 1.2, 2.4) * pick(generator, (0, 0, 1))
    fibers = spectral(generator, size, 20, 256, 0.5, (60, 1))
    tone = 0.3 + generator.uniform(0.12, 0.3) * late + 0.06 * fibers - 0.16 * flecks
    tone = tone + pick(generator, (0.0, 0.05, 0.1)) * flame
    tone = tone + 0.06 * spectral(generator, size, 1, 8, 1.5, (6, 1))
    pores = _pores(generator, size, late)
    height = 0.0001 * fibers - 0.0005 * pores
    return Field(deeper(tone), 0.7 * pores, height.astype(np.float32))


def end_grain(generator: np.random.Generator, size: int) -> Field:
    """A butcher block: square ends of beams, each with the rings of its own tree."""
    rows = int(generator.integers(3, 7))
    cuts = [
        np.sort((generator.uniform() + (np.arange(n) + generator.uniform(-0.2, 0.2, n)) / n) % 1)
        for n in generator.integers(rows - 1, rows + 2, rows)
    ]
    block = laid(size, np.arange(rows) / rows, cuts)
    late = _late(_tree_rings(generator, size, block))
    dots = ramp(spectral(generator, size, 70, 250, 0.0), 1.5, 2.4)
    tone = 0.25 + block.each(generator.normal(0, 0.1, block.count)) + 0.3 * soft(late, 0.6)
    tone = deeper(tone + 0.05 * spectral(generator, size, 2, 100, 1.0))
    joint = ramp(block.edge, 0.0035, 0.001)
    height = 0.0012 * ramp(block.edge, 0.0, 0.006) - 0.0006 * dots + 0.0003 * late
    return Field(tone, np.maximum(joint, 0.5 * dots), height.astype(np.float32))


def _tree_rings(generator: np.random.Generator, size: int, block: Courses) -> np.ndarray:
    """Return the phase of circles about a pith in or beside each block."""
    turn, far = generator.uniform(0, 2 * np.pi, block.count), generator.uniform(0.02, 0.35, block.count)
    across = block.across - block.each(far * np.cos(turn))
    down = block.down - block.each(far * np.sin(turn))
    bent = 0.006 * spectral(generator, size, 2, 32, 1.6)
    return (np.hypot(across, down) + bent) * block.each(generator.uniform(45, 90, block.count))


FAMILIES: dict[str, Family] = {
    "boards": boards,
    "end_grain": end_grain,
    "veneer": veneer,
    "wood": wood,
}
