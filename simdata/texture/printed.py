"""Printed things: labels of packages, shipping labels with bar codes, covers of books."""

from __future__ import annotations

import numpy as np

from simdata.noise import spectral
from simdata.texture.field import Family, Field, deeper, even, pick
from simdata.texture.press import (
    ACCENT,
    BASE,
    PAPER,
    SHADE,
    Box,
    Ink,
    Press,
    bar_code,
    emblem,
    ink_on,
    star,
    word,
)

_KINDS = (
    "ORIGINAL",
    "CLASSIC",
    "EXTRA FINE",
    "organic",
    "with herbs",
    "light",
    "for every day",
    "no. 5",
    "roasted",
)
_AMOUNTS = ("500 g", "250 ml", "1 kg", "0.75 l", "12 pieces", "330 ml", "400 g e", "2 x 125 g")
_FACTS = (
    "Energy",
    "Fat",
    "of which saturates",
    "Carbohydrate",
    "of which sugars",
    "Fibre",
    "Protein",
    "Salt",
)


def label(generator: np.random.Generator, size: int) -> Field:
    """The print of a package: panel, brand, emblem, facts, bar code; the accent is the strongest ink."""
    ground = pick(generator, (PAPER, BASE, BASE))
    press = Press(size, ground)
    _ground(generator, press, ground)
    brand, bold, slant = word(generator), generator.uniform(0, 0.035), pick(generator, (0.0, 0.0, 0.25))
    brand = pick(generator, (brand, brand.upper(), brand.lower()))

    def front(box: Box) -> None:
        _front(generator, press, box, ground, (brand, bold, slant))

    if generator.uniform() < 0.5:
        front((0.05, 0.05, 0.9, 0.56))
        _facts(generator, press, (0.06, 0.65, 0.36, 0.3))
        bar_code(generator, press, (0.62, 0.76, 0.32, 0.19), ink_on(PAPER))
        press.lines(generator, (0.46, 0.66, 0.48, 0.08), 3, ink_on(ground))
    else:
        for top, left in ((0.02, 0.0), (0.52, 0.5)):
            front((0.02 + left, top + 0.01, 0.46, 0.44))
            _facts(generator, press, (0.54 - left, top + 0.03, 0.2, 0.27))
            bar_code(generator, press, (0.76 - left, top + 0.15, 0.22, 0.15), ink_on(PAPER))
            press.lines(generator, (0.54 - left, top + 0.33, 0.42, 0.12), 5, ink_on(ground))
    return press.field(even(size))


def _ground(generator: np.random.Generator, press: Press, ground: Ink) -> None:
    """Print bands, rays, dots or slanted stripes; all go around the tile."""
    other = pick(generator, (PAPER, SHADE) if ground == BASE else (BASE, SHADE))
    kind = pick(generator, ("plain", "bands", "dots", "rays", "slanted", "waves"))
    if kind == "bands":
        for top in generator.uniform(0, 1, int(generator.integers(1, 4))):
            high = generator.uniform(0.02, 0.14)
            press.box((-0.1, min(top, 1 - high), 1.2, high), pick(generator, (other, ACCENT)))
    elif kind == "dots":
        count = int(generator.integers(4, 10))
        r = generator.uniform(0.15, 0.4) / count
        for row, column in np.ndindex(2 * count, count):
            x, y = (column + 0.25 + row % 2 / 2) / count, (row + 0.5) / (2 * count)
            press.oval((x - r / 2, y - r / 2, r, r), other)
    elif kind == "rays":
        rays = int(generator.integers(8, 20))
        press.area(star((0.5, 0.5), 0.49, rays, generator.uniform(0.1, 0.5)), other)
    elif kind == "slanted":
        count = int(generator.integers(2, 9))
        for k in range(-count, count):
            x = k / count
            press.area([(x, 0), (x + 0.5 / count, 0), (x + 0.5 / count + 1, 1), (x + 1, 1)], other)
    elif kind == "waves":
        x = np.linspace(0, 1, 65)
        high, waves = generator.uniform(0.02, 0.06), int(generator.integers(1, 5))
        edge = generator.uniform(0.55, 0.75) + high * np.sin(2 * np.pi * waves * x)
        press.area([*zip(x, edge, strict=True), (1.0, 0.92), (0.0, 0.92)], other)


def _front(
    generator: np.random.Generator, press: Press, box: Box, ground: Ink, brand: tuple[str, float, float]
) -> None:
    """Print a panel with emblem, brand, kind and amount."""
    left, top, width, height = box
    panel = pick(generator, ("none", "oval", "box", "ribbon"))
    inside = pick(generator, (PAPER, ACCENT)) if panel != "none" else ground
    ink = ink_on(inside)
    if panel == "oval":
        press.oval((left, top + 0.14 * height, width, 0.72 * height), inside)
        press.oval((left + 0.03 * width, top + 0.17 * height, 0.94 * width, 0.66 * height), ink, 0.004)
    elif panel == "box":
        press.box((left, top + 0.06 * height, width, 0.88 * height), inside, corner=0.03)
        press.box(
            (left + 0.02, top + 0.06 * height + 0.02, width - 0.04, 0.88 * height - 0.04), ink, 0.004, 0.02
        )
    elif panel == "ribbon":
        press.box((left - 0.05, top + 0.34 * height, width + 0.1, 0.36 * height), inside)
        press.box((left - 0.05, top + 0.37 * height, width + 0.1, 0.008), ink)
        press.box((left - 0.05, top + 0.66 * height, width + 0.1, 0.008), ink)
    around, out = (ground, ink_on(ground)) if panel in ("none", "ribbon") else (inside, ink)
    emblem(
        generator,
        press,
        (left, top + 0.1 * height, width, generator.uniform(0.18, 0.26) * height),
        out,
        around,
    )
    text, bold, slant = brand
    press.text(text, (left + 0.1 * width, top + 0.4 * height, 0.8 * width, 0.24 * height), ink, bold, slant)
    low = 0.66 if panel == "oval" else 0.71
    for text, down, high in (
        (pick(generator, _KINDS), low, 0.07),
        (pick(generator, _AMOUNTS), low + 0.085, 0.05),
    ):
        press.text(text, (left + 0.25 * width, top + down * height, 0.5 * width, high * height), out)


def _facts(generator: np.random.Generator, press: Press, box: Box) -> None:
    """Print a table of nutrition facts on white."""
    left, top, width, height = box
    ink = ink_on(PAPER)
    rows = int(generator.integers(5, 9))
    step = height / (rows + 2)
    press.box(box, PAPER)
    press.box(box, ink, 0.003)
    press.text(
        "Nutrition per 100 g", (left + 0.04 * width, top + 0.2 * step, 0.9 * width, step), ink, 0.03, side=0
    )
    for row in range(rows):
        line = top + (row + 1.5) * step
        press.box((left + 0.03 * width, line, 0.94 * width, 1 / press.side), ink)
        press.text(
            _FACTS[row], (left + 0.05 * width, line + 0.2 * step, 0.6 * width, 0.62 * step), ink, side=0
        )
        amount = f"{generator.uniform(0, 60):.1f} g"
        press.text(amount, (left + 0.66 * width, line + 0.2 * step, 0.28 * width, 0.62 * step), ink, side=1)


def barcode(generator: np.random.Generator, size: int) -> Field:
    """A shipping label: bar codes, a square code, a route in large letters, an address; ink is the accent."""
    press = Press(size, PAPER)
    ink = ink_on(PAPER)
    press.box((0.03, 0.03, 0.94, 0.94), ink, 0.006)
    cut = generator.uniform(0.28, 0.4)
    bar_code(generator, press, (0.08, cut + 0.03, 0.84, generator.uniform(0.65, 1) * (0.68 - cut)), ink)
    route = (
        "".join(pick(generator, "ABCDEFGHKLMNPRSTXZ") for _ in range(2)) + f"{generator.integers(10, 999)}"
    )
    left, right = (0.07, 0.93 - (cut - 0.08)) if generator.uniform() < 0.5 else (0.53, 0.07)
    press.text(route, (left, 0.07, 0.4, cut - 0.1), ink, generator.uniform(0, 0.035), side=0)
    _square_code(generator, press, (right, 0.06, cut - 0.08), int(generator.integers(12, 22)), ink)
    press.box((0.03, cut, 0.94, 0.005), ink)
    press.box((0.03, 0.73, 0.94, 0.005), ink)
    for row in range(3):
        text = f"{word(generator)} {word(generator)} {generator.integers(1, 99999)}"
        press.text(text, (0.07, 0.755 + 0.065 * row, 0.55, 0.045), ink, side=0)
    if generator.uniform() < 0.5:
        press.box((0.7, 0.76, 0.22, 0.17), ink)
        press.text(pick(generator, ("EXP", "STD", "24H", "24+", "A1")), (0.72, 0.79, 0.18, 0.11), PAPER, 0.04)
    else:
        emblem(generator, press, (0.7, 0.76, 0.22, 0.17), ink, PAPER)
    printed = press.field(even(size))
    worn = generator.uniform(0.01, 0.05) * spectral(generator, size, 1, 60, 1.3)
    return Field(np.clip(printed.tone + 0.03 + worn, 0, 1), printed.accent, printed.height)


def _square_code(
    generator: np.random.Generator, press: Press, place: tuple[float, float, float], cells: int, ink: Ink
) -> None:
    """Print a matrix of squares, full along its left and lower edges."""
    left, top, side = place
    full = generator.uniform(0, 1, (cells, cells)) < 0.5
    full[:, 0] = full[-1] = True
    step = side / cells
    for row, column in np.argwhere(full):
        press.box((left + column * step, top + row * step, step, step), ink)


def book_cover(generator: np.random.Generator, size: int) -> Field:
    """A cover in cloth or paper: title, author, picture or emblem, frames; the accent is foil or ink."""
    ground, other = (int(generator.integers(0, 140)), 0), pick(generator, (PAPER, BASE))
    press, ink = Press(size, ground), ACCENT
    art = pick(generator, ("band", "bare", "bare", "circles", "half", "panes"))
    if art == "band":
        press.box((-0.1, 0.05, 1.2, generator.uniform(0.36, 0.5)), other)
    elif art == "half":
        press.box((-0.1, 0.56, 1.2, 0.38), other)
    elif art == "circles":
        _circles(generator, press, (other, SHADE, ink))
    elif art == "panes":
        _panes(generator, press, (other, other, SHADE, ink))
    if art not in ("circles", "panes"):
        emblem(generator, press, (0.35, 0.6, 0.3, 0.16), ink, other if art == "half" else ground)
    _title(generator, press, ink)
    for inset in generator.choice((0.02, 0.035, 0.06, 0.075), int(generator.integers(0, 4)), replace=False):
        press.box((inset, inset, 1 - 2 * inset, 1 - 2 * inset), ink, generator.uniform(0.002, 0.008))
    cloth = spectral(generator, size, 60, 250, 0.1) * pick(generator, (0.0, 1.0))
    printed = press.field(0.0002 * cloth)
    stamped = printed.height - 0.0006 * printed.accent
    return Field(deeper(printed.tone + 0.03 * cloth), printed.accent, stamped)


def _circles(generator: np.random.Generator, press: Press, inks: tuple[Ink, ...]) -> None:
    for _ in range(int(generator.integers(4, 14))):
        r = generator.uniform(0.03, 0.16)
        x, y = generator.uniform(0.12, 0.88 - 2 * r), generator.uniform(0.44, 0.8 - 2 * r)
        press.oval((x, y, 2 * r, 2 * r), pick(generator, inks), pick(generator, (0.0, 0.012)))


def _panes(generator: np.random.Generator, press: Press, inks: tuple[Ink, ...]) -> None:
    rows, columns = (int(n) for n in generator.integers(2, 7, 2))
    step = min(0.36 / rows, 0.76 / columns)
    for row, column in np.ndindex(rows, columns):
        box = (0.5 + (column - columns / 2) * step, 0.44 + row * step, 0.9 * step, 0.9 * step)
        draw = pick(generator, (press.box, press.oval, None))
        if draw is not None:
            draw(box, pick(generator, inks))


def _title(generator: np.random.Generator, press: Press, ink: Ink) -> None:
    """Print title and author."""
    words = [word(generator) for _ in range(int(generator.integers(1, 4)))]
    words = [w.upper() for w in words] if generator.uniform() < 0.5 else words
    bold, side = generator.uniform(0, 0.03), pick(generator, (0.0, 0.5, 0.5))
    step = min(generator.uniform(0.1, 0.16), 0.3 / len(words))
    for row, text in enumerate(words):
        press.text(text, (0.14, 0.1 + row * step, 0.72, 0.85 * step), ink, bold, side=side)
    press.text(f"{word(generator)} {word(generator)}", (0.2, 0.84, 0.6, 0.055), ink, side=side)


FAMILIES: dict[str, Family] = {
    "barcode": barcode,
    "book_cover": book_cover,
    "label": label,
}
