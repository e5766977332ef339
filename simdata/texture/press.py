"""A printing press: lettering, emblems and bar codes in two inks, drawn twice as fine as they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simdata.texture.field import Field, pick

Ink = tuple[int, int]  # tone and accent, 0 to 255
Box = tuple[float, float, float, float]  # left, top, width, height in tile sides
Points = Sequence[tuple[float, float]]

PAPER, SHADE, BASE, ACCENT = (0, 0), (128, 0), (255, 0), (0, 255)
FINE = 2

_HEADS = (
    "Al",
    "Bel",
    "Cor",
    "Dov",
    "Fen",
    "Gra",
    "Hel",
    "Jun",
    "Kal",
    "Lor",
    "Mav",
    "Nor",
    "Ost",
    "Pel",
    "Qui",
)
_MIDDLES = ("a", "e", "i", "o", "u", "ari", "eno", "ili", "ora", "umi", "ande")
_TAILS = ("ba", "co", "dra", "fel", "ga", "lin", "mo", "nta", "ra", "sso", "tta", "vel", "xo", "zia")


def word(generator: np.random.Generator) -> str:
    """Invent a word."""
    return "".join(pick(generator, part) for part in (_HEADS, _MIDDLES, _TAILS))


def ink_on(ground: Ink) -> Ink:
    """Return the ink that is read on a ground: the accent on paper, paper on all else."""
    return ACCENT if ground == PAPER else PAPER


@lru_cache(maxsize=64)
def _font(pixels: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(pixels)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise ImportError("Pillow has no FreeType: install a wheel of Pillow from PyPI")
    return font


class Press:
    """A sheet that is printed on; places and sizes in tile sides from the top left corner.

    Args:
        size: texels a side when it is done.
        ground: what is under everything.
    """

    def __init__(self, size: int, ground: Ink) -> None:
        self.side = FINE * size
        self._plates = [Image.new("L", (self.side, self.side), share) for share in ground]
        self._pens = [ImageDraw.Draw(plate) for plate in self._plates]

    def field(self, height: np.ndarray) -> Field:
        """Return what was printed, on a relief (size, size)."""
        tone, accent = (
            cv2.resize(np.asarray(plate), height.shape, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
            for plate in self._plates
        )
        return Field(tone, accent, height)

    def area(self, points: Points, ink: Ink) -> None:
        """Fill a polygon."""
        for pen, share in zip(self._pens, ink, strict=True):
            pen.polygon([(self.side * x, self.side * y) for x, y in points], fill=share)

    def box(self, box: Box, ink: Ink, line: float = 0.0, corner: float = 0.0) -> None:
        """Fill a box, or draw its outline."""
        self._shape("rounded_rectangle", box, ink, line, radius=self.side * corner)

    def oval(self, box: Box, ink: Ink, line: float = 0.0) -> None:
        """Fill the ellipse in a box, or draw its outline."""
        self._shape("ellipse", box, ink, line)

    def _shape(self, shape: str, box: Box, ink: Ink, line: float, **extra: float) -> None:
        left, top, width, height = (self.side * edge for edge in box)
        corners = [left, top, left + max(width - 1, 0), top + max(height - 1, 0)]  # Pillow counts the last
        for pen, share in zip(self._pens, ink, strict=True):
            how = {"outline": share, "width": max(1, round(self.side * line))} if line else {"fill": share}
            getattr(pen, shape)(corners, **how, **extra)

    def text(
        self, text: str, box: Box, ink: Ink, bold: float = 0.0, slant: float = 0.0, side: float = 0.5
    ) -> None:
        """Write a line as large as the box lets it be; `side` is 0 at the left, 1 at the right.

        bold: width of the pen that thickens letters, in their height. slant: how far they lean, rad.
        """
        wide, high = (max(2, round(self.side * edge)) for edge in box[2:])
        pixels = max(4, round(0.95 * high))
        stroke = round(bold * pixels)
        left, top, right, bottom = _font(pixels).getbbox(text, stroke_width=stroke)
        lean = np.tan(slant)
        mask = Image.new("L", (round(right - left + lean * (bottom - top)) + 2, round(bottom - top) + 2))
        ImageDraw.Draw(mask).text((1 - left, 1 - top), text, 255, _font(pixels), stroke_width=stroke)
        if slant:
            mask = mask.transform(mask.size, Image.Transform.AFFINE, (1, lean, -lean * mask.height, 0, 1, 0))
        scale = min(wide / mask.width, high / mask.height)
        mask = mask.resize([max(1, round(edge * scale)) for edge in mask.size], Image.Resampling.BOX)
        at = (
            round(self.side * box[0] + side * (wide - mask.width)),
            round(self.side * box[1] + (high - mask.height) / 2),
        )
        for plate, share in zip(self._plates, ink, strict=True):
            plate.paste(share, at, mask)

    def lines(self, generator: np.random.Generator, box: Box, count: int, ink: Ink) -> None:
        """Write a paragraph of invented words."""
        left, top, width, height = box
        step = height / count
        for line in range(count):
            text = " ".join(word(generator).lower() for _ in range(int(generator.integers(4, 7))))
            share = generator.uniform(0.4, 0.8) if line == count - 1 else 1.0
            self.text(text, (left, top + line * step, width * share, 0.72 * step), ink, side=0)


def star(center: tuple[float, float], radius: float, points: int, inner: float, turn: float = 0.0) -> Points:
    """Return the outline of a star of so many points; `inner` is how deep they are cut, 1 not at all."""
    angle = turn + np.arange(2 * points) * np.pi / points - np.pi / 2
    far = radius * np.where(np.arange(2 * points) % 2 == 0, 1, inner)
    return list(zip(center[0] + far * np.cos(angle), center[1] + far * np.sin(angle), strict=True))


def emblem(generator: np.random.Generator, press: Press, box: Box, ink: Ink, ground: Ink) -> None:
    """Print a logo in the middle of a box."""
    left, top, width, height = box
    draw = pick(generator, (_crown, _drop, _hills, _leaf, _rings, _seal, _spark))
    draw(generator, _Stamp(press, left + width / 2, top + height / 2, min(width, height) / 2), ink, ground)


class _Stamp:
    """Prints about a centre, in units of a radius."""

    def __init__(self, press: Press, x: float, y: float, radius: float) -> None:
        self._press, self._x, self._y, self._radius = press, x, y, radius

    def area(self, points: Points, ink: Ink) -> None:
        self._press.area([(self._x + self._radius * x, self._y + self._radius * y) for x, y in points], ink)

    def disc(self, x: float, y: float, radius: float, ink: Ink) -> None:
        self._press.oval(self._box(x - radius, y - radius, 2 * radius, 2 * radius), ink)

    def text(self, text: str, box: Box, ink: Ink) -> None:
        self._press.text(text, self._box(*box), ink, 0.02)

    def _box(self, x: float, y: float, width: float, height: float) -> Box:
        r = self._radius
        return self._x + r * x, self._y + r * y, r * width, r * height


def _crown(generator: np.random.Generator, stamp: _Stamp, ink: Ink, ground: Ink) -> None:
    dip = generator.uniform(-0.1, 0.3)
    tips = [(-1, -0.5), (-0.45, dip), (0, -0.8), (0.45, dip), (1, -0.5)]
    stamp.area([*tips, (0.8, 0.7), (-0.8, 0.7)], ink)
    stamp.area([(-0.75, 0.42), (0.75, 0.42), (0.75, 0.5), (-0.75, 0.5)], ground)


def _drop(generator: np.random.Generator, stamp: _Stamp, ink: Ink, ground: Ink) -> None:
    t = np.linspace(0, np.pi, 24)
    _mirrored(stamp, np.sin(t) ** generator.uniform(1.5, 2.2) * (0.65 - 0.3 * np.cos(t)), -np.cos(t), ink)
    stamp.disc(0.2, 0.3, 0.16, ground)


def _leaf(generator: np.random.Generator, stamp: _Stamp, ink: Ink, ground: Ink) -> None:
    t = np.linspace(0, np.pi, 24)
    _mirrored(stamp, np.sin(t) * generator.uniform(0.35, 0.65), -np.cos(t), ink)
    stamp.area([(-0.03, -0.6), (0.03, -0.6), (0.06, 1), (-0.06, 1)], ground)


def _mirrored(stamp: _Stamp, half: np.ndarray, down: np.ndarray, ink: Ink) -> None:
    x, y = np.concatenate([half, -half[::-1]]), np.concatenate([down, down[::-1]])
    stamp.area(list(zip(x.tolist(), y.tolist(), strict=True)), ink)


def _hills(generator: np.random.Generator, stamp: _Stamp, ink: Ink, ground: Ink) -> None:
    stamp.disc(generator.uniform(-0.3, 0.3), -0.3, 0.5, ink)
    stamp.area([(-1, 1), (-0.3, -0.3), (0.2, 1)], ink)
    stamp.area([(-0.3, 1), (0.4, 0), (1, 1)], ground)
    stamp.area([(-0.15, 1), (0.4, 0.2), (0.9, 1)], ink)


def _rings(generator: np.random.Generator, stamp: _Stamp, ink: Ink, ground: Ink) -> None:
    for k in range(int(generator.integers(2, 5))):
        stamp.disc(0, 0, 1 - 0.27 * k, (ink, ground)[k % 2])


def _seal(generator: np.random.Generator, stamp: _Stamp, ink: Ink, ground: Ink) -> None:
    stamp.area(star((0, 0), 1, int(generator.integers(10, 22)), 0.86), ink)
    stamp.disc(0, 0, 0.7, ground)
    stamp.disc(0, 0, 0.64, ink)
    stamp.text(pick(generator, ("No 1", "100%", "BIO", "NEW", "X5", "24h")), (-0.5, -0.25, 1, 0.5), ground)


def _spark(generator: np.random.Generator, stamp: _Stamp, ink: Ink, ground: Ink) -> None:
    stamp.area(star((0, 0), 1, int(generator.integers(4, 9)), generator.uniform(0.35, 0.6)), ink)
    stamp.disc(0, 0, generator.uniform(0.1, 0.2), ground)


# Source: GS1 General Specifications, 5.2: digits in set A, and the sets that the first digit calls for.
_SET_A = (
    "0001101",
    "0011001",
    "0010011",
    "0111101",
    "0100011",
    "0110001",
    "0101111",
    "0111011",
    "0110111",
    "0001011",
)
_SETS = ("AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB", "ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA")


def ean13(digits: Sequence[int]) -> str:
    """Return the modules of an EAN-13 code, "1" for a bar, from its first 12 digits."""
    check = -sum(digit * (1, 3)[k % 2] for k, digit in enumerate(digits)) % 10
    first, *rest = [*digits, check]
    set_c = [_SET_A[digit].translate({48: 49, 49: 48}) for digit in rest]
    left = [
        _SET_A[digit] if which == "A" else set_c[k][::-1]
        for k, (digit, which) in enumerate(zip(rest[:6], _SETS[first], strict=True))
    ]
    return "101" + "".join(left) + "01010" + "".join(set_c[6:]) + "101"


def bar_code(generator: np.random.Generator, press: Press, box: Box, ink: Ink) -> None:
    """Print an EAN-13 code with its digits on a white ground."""
    left, top, width, height = box
    press.box(box, PAPER)
    digits = [int(digit) for digit in generator.integers(0, 10, 12)]
    code = ean13(digits)
    module = width / (len(code) + 14)
    for k, bar in enumerate(code):
        if bar == "1":
            long = 0.86 if k < 3 or k > 91 or 45 <= k < 50 else 0.78
            press.box((left + (7 + k) * module, top + 0.06 * height, module, long * height), ink)
    for part, at in ((digits[1:7], 10), (digits[7:], 57)):
        where = (left + at * module, top + 0.86 * height, 40 * module, 0.12 * height)
        press.text("".join(str(digit) for digit in part), where, ink)
