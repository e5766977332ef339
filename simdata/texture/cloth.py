"""Cloths: plain weave, denim, knitwear, carpet, stripes and checks. Threads run along u and along v."""

from __future__ import annotations

import numpy as np

from simdata.noise import spectral, worley
from simdata.texture.field import Family, Field, blend, deeper, even, paler, pick, ramp, soft, texels


def _threads(generator: np.random.Generator, size: int, count: int) -> tuple[np.ndarray, ...]:
    """Return which thread across and down (int) and where in it, -0.5 to 0.5; none is quite straight."""
    places = []
    for axis, place in enumerate(texels(size)):
        sway = spectral(generator, size, 1, 40, 1.0, ((1, 3), (3, 1))[axis]) * 0.08
        at = place * count + sway
        places += [np.floor(at).astype(int) % count, (at % 1 - 0.5).astype(np.float32)]
    return tuple(places)


def _woven(generator: np.random.Generator, size: int, count: int, over: np.ndarray) -> tuple[np.ndarray, ...]:
    """Weave by a pattern (n, n) bool, where the warp (along v) is on top.

    Returns whether the warp is seen (0 to 1), the height (0 to 1), and a number a thread for those seen.
    """
    column, x, row, y = _threads(generator, size, count)
    top = np.where(over[row % len(over), column % len(over)], 1.0, -1.0).astype(np.float32)
    crest_x, crest_y = np.cos(np.pi * x), np.cos(np.pi * y)
    warp = 0.62 * crest_x + 0.38 * top * crest_y
    weft = 0.62 * crest_y - 0.38 * top * crest_x
    seen = ramp(warp - weft, -0.06, 0.06)
    own = [generator.normal(0, 1, count).astype(np.float32)[thread] for thread in (column, row)]
    return seen, np.maximum(warp, weft).astype(np.float32), blend(own[1], own[0], seen)


def weave(generator: np.random.Generator, size: int) -> Field:
    """A plain or basket weave; warp and weft differ a little, some threads are dyed (the accent)."""
    count = int(generator.integers(9, 17)) * 4
    step = pick(generator, (1, 1, 2))
    over = np.add.outer(np.arange(2 * step) // step, np.arange(2 * step) // step) % 2 == 0
    seen, height, own = _woven(generator, size, count, over)
    fuzz = spectral(generator, size, 30, 256, 0.5)
    slub = spectral(generator, size, 2, 60, 0.8)
    two_tone = generator.uniform(0, 0.4)
    tone = generator.uniform(0.2, 0.5) + two_tone * seen + generator.uniform(0.02, 0.1) * own
    tone = tone + 0.04 * fuzz + generator.uniform(0.01, 0.09) * slub
    lit = 0.35 + 0.65 * ramp(height, 0.1, 0.85)
    dyed = _dyed(generator, size, count, seen) * pick(generator, (0, 0, 1))
    return Field(np.clip(tone * lit, 0, 1), dyed * lit, (0.3 * height + 0.02 * fuzz) / count)


def _dyed(generator: np.random.Generator, size: int, count: int, seen: np.ndarray) -> np.ndarray:
    """Return where dyed threads are seen: a band of a few, repeated, in warp and weft."""
    period = max(n for n in range(4, 13) if count % n == 0)
    wide = int(generator.integers(1, max(2, period // 3)))
    bands = ((np.floor(place * count) % period) < wide for place in texels(size))
    across, down = (band.astype(np.float32) for band in bands)
    return blend(down + even(size), across + even(size), seen)


def denim(generator: np.random.Generator, size: int) -> Field:
    """A three-to-one twill: dyed warp with pale weft in diagonal rows, slubs, worn and faded places."""
    count = int(generator.integers(12, 19)) * 4
    lean = pick(generator, (-1, 1))
    over = (np.arange(4)[:, None] + lean * np.arange(4)) % 4 != 0
    seen, height, own = _woven(generator, size, count, over)
    fade = spectral(generator, size, 1, 12, 1.6)
    slub = spectral(generator, size, 3, 70, 0.6, (1, 14))
    fuzz = spectral(generator, size, 30, 256, 0.4)
    warp = generator.uniform(0.1, 0.3) + generator.uniform(0.03, 0.1) * own
    warp = warp + generator.uniform(0.03, 0.14) * fade + generator.uniform(0.02, 0.12) * slub + 0.05 * fuzz
    tone = blend(0.78 + 0.05 * fuzz, warp, seen) * (0.4 + 0.6 * ramp(height, 0.1, 0.85))
    return Field(paler(tone), even(size), (0.28 * height + 0.02 * fuzz) / count)


def knit(generator: np.random.Generator, size: int) -> Field:
    """Stocking stitch: columns of V, fuzzy; plain, in stripes, or with a pattern of stitches (the accent)."""
    columns = int(generator.integers(4, 9)) * 4
    rows = int(columns * generator.uniform(1.1, 1.4)) // 4 * 4
    u, v = texels(size)
    sway = 0.08 * spectral(generator, size, 1, 20, 1.2)
    x, fuzz = u * columns + sway, spectral(generator, size, 40, 256, 0.3)
    leg = np.abs(x % 1 - 0.5) * 2
    y = v * rows + generator.uniform(0.55, 0.8) * leg + sway
    thread = np.cos(np.pi * (y % 1 - 0.5)) * np.sin(np.pi * np.clip(leg, 0.02, 0.98)) ** 0.5
    twist = 0.5 + 0.5 * np.sin(2 * np.pi * (3 * (y % 1) + 2 * leg))
    column, row = np.floor(x).astype(int) % columns, np.floor(y).astype(int) % rows
    own = generator.normal(0, generator.uniform(0.01, 0.1), (rows, columns))[row, column]
    accent = _stitched(generator, rows, columns)[row, column]
    lit = 0.25 + 0.75 * ramp(thread, 0.05, 0.8)
    tone = (generator.uniform(0.35, 0.8) + own + 0.08 * twist + generator.uniform(0.03, 0.12) * fuzz) * lit
    height = (0.21 * np.clip(thread, 0, 1) ** 0.8 + 0.02 * twist + 0.012 * fuzz) / columns
    return Field(np.clip(tone, 0, 1).astype(np.float32), soft(accent * lit, 0.6), 0.8 * soft(height, 0.8))


def _stitched(generator: np.random.Generator, rows: int, columns: int) -> np.ndarray:
    """Return which stitches (rows, columns) have the other yarn: none, stripes, or a small motif repeated."""
    kind = pick(generator, ("plain", "plain", "stripes", "motif"))
    if kind == "plain":
        return np.zeros((rows, columns))
    if kind == "stripes":
        return np.repeat(np.arange(rows)[:, None] * 4 // rows % 2 * 1.0, columns, 1)
    half = generator.uniform(0, 1, (4, 2)) < 0.45
    return np.tile(np.hstack([half, half[:, ::-1]]), (rows // 4, columns // 4)) * 1.0


def carpet(generator: np.random.Generator, size: int) -> Field:
    """Tufts of cut pile or loops, flecked with another yarn (the accent), trodden in places."""
    cells = int(generator.integers(60, 100))
    tuft = worley(generator, size, cells, cells, pick(generator, (0.45, 0.9)))
    fuzz = spectral(generator, size, 40, 256, 0.2)
    trodden = spectral(generator, size, 1, 10, 1.5)
    dome = ramp(tuft.nearest, 0.75, 0.0)
    tone = 0.45 + 0.08 * trodden + tuft.each(generator.normal(0, 0.1, tuft.count)) + 0.09 * fuzz
    lit = 0.25 + 0.75 * dome
    fleck = tuft.each(generator.uniform(0, 1, tuft.count) < pick(generator, (0.0, 0.08, 0.3)))
    height = (0.27 * dome + 0.04 * fuzz) / cells + 0.001 * trodden
    return Field(np.clip(tone * lit, 0, 1), lit * soft(fleck, 0.7), height.astype(np.float32))


def stripes(generator: np.random.Generator, size: int) -> Field:
    """Stripes along u of unequal width, printed on a fine cloth, with thin lines (the accent) beside some."""
    _, v = texels(size)
    count = int(generator.integers(2, 8))
    edges = (np.arange(2 * count) + generator.uniform(0.05, 0.95, 2 * count)) / (2 * count)
    away = np.abs((v - edges + 0.5) % 1 - 0.5).min(1)
    band = (np.searchsorted(edges, v.ravel()) % 2).astype(np.float32)
    band = 0.5 + (band - 0.5) * ramp(away, 0.0, 1.5 / size)
    thin = generator.uniform(0.003, 0.008)
    line = ramp(np.abs(away - 3 * thin), thin + 1 / size, thin - 1 / size) * pick(generator, (0, 1))
    cloth = spectral(generator, size, 20, 250, 0.4)
    low, high = generator.uniform(0, 0.2), generator.uniform(0.7, 1)
    tone = blend(low, high, band[:, None]) + generator.uniform(0.01, 0.05) * cloth
    return Field(deeper(tone), line[:, None] + even(size), 0.0001 * cloth)


def checks(generator: np.random.Generator, size: int) -> Field:
    """A tartan: the same uneven bands across and down, woven in twill, with thin lines (the accent)."""
    count = 96
    widths = generator.integers(2, 9, 4)
    sett = np.concatenate([np.full(w, k % 2) for k, w in enumerate(widths)])
    sett = np.concatenate([sett, sett[::-1]])
    sett = sett[np.arange(count // 2) * len(sett) // (count // 2)]
    thread = np.tile(sett, 2)
    lined = np.zeros(count)
    lined[int(generator.integers(0, count // 2)) :: count // 2] = pick(generator, (0, 1))
    over = (np.arange(4)[:, None] + np.arange(4)) % 4 < 2
    seen, height, own = _woven(generator, size, count, over)
    places = [np.minimum((place * count).astype(int), count - 1) for place in texels(size)]
    tone, accent = (
        blend(of[places[1]] + even(size), of[places[0]] + even(size), seen) for of in (thread, lined)
    )
    tone = 0.06 + 0.88 * tone + 0.02 * own
    lit = 0.75 + 0.25 * ramp(height, 0.1, 0.8)
    return Field(np.clip(tone * lit, 0, 1), accent * lit, (0.2 * height / count).astype(np.float32))


FAMILIES: dict[str, Family] = {
    "carpet": carpet,
    "checks": checks,
    "denim": denim,
    "knit": knit,
    "stripes": stripes,
    "weave": weave,
}
