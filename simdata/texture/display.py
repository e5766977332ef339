"""What displays show: windows on a desktop, with text, code, charts or pictures in them."""

from __future__ import annotations

import numpy as np

from simdata.texture.field import Family, Field, even, pick
from simdata.texture.press import ACCENT, BASE, PAPER, SHADE, Box, Ink, Press, emblem, word

_BAR = 0.035  # height of a title bar, in tile sides


def screen(generator: np.random.Generator, size: int) -> Field:
    """A desktop: tone 0 is what windows are filled with, tone 1 what is behind them, the accent is ink."""
    press = Press(size, BASE)
    for _ in range(int(generator.integers(1, 4))):
        _behind(generator, press)
    for _ in range(int(generator.integers(1, 3))):
        width, height = generator.uniform(0.45, 0.8), generator.uniform(0.45, 0.8)
        left, top = generator.uniform(0.02, 0.96 - width), generator.uniform(0.02, 0.9 - height)
        _window(generator, press, (left, top, width, height))
    _task_bar(generator, press)
    press.box((0, 0, 1, 1), SHADE, 0.01)  # a border, so that it tiles
    return press.field(even(size))


def _behind(generator: np.random.Generator, press: Press) -> None:
    """Lay a large soft shape of the backdrop."""
    x, y, r = generator.uniform(-0.2, 1.0), generator.uniform(-0.2, 1.0), generator.uniform(0.15, 0.5)
    press.oval((x, y, 2 * r, 1.4 * r), (int(generator.integers(150, 255)), int(generator.integers(0, 60))))


def _task_bar(generator: np.random.Generator, press: Press) -> None:
    """Draw a bar of small icons along the lower edge."""
    press.box((0, 0.955, 1, 0.045), SHADE)
    for k in range(int(generator.integers(3, 9))):
        emblem(
            generator, press, (0.02 + 0.045 * k, 0.962, 0.03, 0.03), pick(generator, (PAPER, ACCENT)), SHADE
        )
    press.text(f"{generator.integers(0, 24)}:{generator.integers(10, 60)}", (0.92, 0.965, 0.07, 0.025), PAPER)


def _window(generator: np.random.Generator, press: Press, box: Box) -> None:
    """Draw a window with a title bar, a list at its side and something in it."""
    left, top, width, height = box
    press.box((left + 0.006, top + 0.008, width, height), SHADE)
    press.box(box, PAPER)
    press.box((left, top, width, _BAR), pick(generator, (SHADE, ACCENT)))
    press.text(word(generator), (left + 0.015, top + 0.006, 0.25, _BAR - 0.012), PAPER, side=0)
    for k in range(3):
        press.oval((left + width - 0.03 * (k + 1), top + 0.009, 0.017, 0.017), PAPER)
    side = pick(generator, (0.0, 0.2 * width))
    if side:
        press.box((left, top + _BAR, side, height - _BAR), (60, 0))
        for row in range(int(generator.integers(3, 8))):
            place = (left + 0.012, top + 0.07 + 0.04 * row, 0.8 * side, 0.026)
            press.text(word(generator), place, ACCENT, side=0)
    draw = pick(generator, (_text, _text, _code, _chart, _pictures))
    inside = (left + side + 0.02, top + _BAR + 0.025, width - side - 0.04, height - _BAR - 0.05)
    draw(generator, press, inside)


def _text(generator: np.random.Generator, press: Press, box: Box) -> None:
    """Write a heading and paragraphs."""
    left, top, width, height = box
    press.text(
        f"{word(generator)} {word(generator)}", (left, top, 0.7 * width, 0.1 * height), ACCENT, 0.03, side=0
    )
    for top_of in (0.16, 0.58):
        press.lines(generator, (left, top + top_of * height, width, 0.38 * height), 9, ACCENT)


def _code(generator: np.random.Generator, press: Press, box: Box) -> None:
    """Write short indented lines, some of them in the other colour."""
    left, top, width, height = box
    step, indent = height / 22, 0
    for row in range(22):
        indent = int(np.clip(indent + generator.integers(-1, 2), 0, 4))
        text = " ".join(word(generator).lower() for _ in range(int(generator.integers(0, 4))))
        ink: Ink = pick(generator, (ACCENT, ACCENT, SHADE, BASE))
        if text:
            start = 0.06 * indent * width
            press.text(text, (left + start, top + row * step, 0.9 * width - start, 0.72 * step), ink, side=0)


def _chart(generator: np.random.Generator, press: Press, box: Box) -> None:
    """Draw bars and a line above them."""
    left, top, width, height = box
    bars = int(generator.integers(6, 18))
    levels = generator.uniform(0.1, 0.9, bars)
    for k, level in enumerate(levels):
        bar = (left + width * k / bars, top + height * (1 - level), 0.7 * width / bars, height * level)
        press.box(bar, pick(generator, (BASE, BASE, ACCENT)))
    path = [(left + width * (k + 0.35) / bars, top + height * 0.8 * (1 - v)) for k, v in enumerate(levels)]
    press.area([*path, *((x, y + 0.006) for x, y in reversed(path))], ACCENT)
    press.box((left, top + height, width, 0.004), ACCENT)


def _pictures(generator: np.random.Generator, press: Press, box: Box) -> None:
    """Draw a grid of small pictures."""
    left, top, width, height = box
    rows, columns = int(generator.integers(2, 4)), int(generator.integers(2, 5))
    for row, column in np.ndindex(rows, columns):
        ground: Ink = (int(generator.integers(60, 255)), 0)
        cell = (
            left + width * column / columns,
            top + height * row / rows,
            0.9 * width / columns,
            0.85 * height / rows,
        )
        press.box(cell, ground)
        emblem(generator, press, cell, pick(generator, (PAPER, ACCENT)), ground)


FAMILIES: dict[str, Family] = {"screen": screen}
