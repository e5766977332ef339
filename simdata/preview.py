"""Contact sheets: pictures with boxes, masks and names, for people to look at."""

from __future__ import annotations

import colorsys
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from simdata import mask
from simdata.annotation import Sample
from simdata.config import LabelConfig
from simdata.dataset import Record

TILE, GUTTER, MARGIN = 400, 6, 14  # pixels
PAPER, INK = (250, 250, 248), (60, 60, 64)
TINT = 0.36  # how much of a mask's colour covers the picture
FONT = 11

Rgb = tuple[int, int, int]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class Mark:
    """One object to be drawn.

    Attributes:
        name: what is written beside it.
        box_xywh: pixels.
        mask: (H, W) bool.
        faint: drawn dashed: a crowd, or hidden, or not annotated at all.
    """

    name: str
    box_xywh: Box
    mask: np.ndarray = field(repr=False)
    faint: bool = False


@dataclass(frozen=True, eq=False)
class Picture:
    """One tile of a sheet: (H, W, 3) uint8 pixels, what to mark, and a few words below."""

    image: np.ndarray = field(repr=False)
    marks: tuple[Mark, ...] = ()
    caption: str = ""


def sample_picture(sample: Sample, labels: LabelConfig | None = None) -> Picture:
    """Make a tile of a labelled image; `labels` tells what would be an annotation, all if it is None."""
    marks = []
    for one in sample.instances:
        fate = "keep"
        if labels is not None:
            fate = labels.fate(one.category, one.area, one.fields)
        name = labels.categories.written(one.category) if labels else one.category
        x, y, width, height = one.box_xywh
        marks.append(Mark(name or one.category, (x, y, width, height), mask.decode(one.rle), fate != "keep"))
    return Picture(sample.image, tuple(marks), f"{sample.image_id} · {sample.split}")


def record_picture(record: Record) -> Picture:
    """Make a tile of a dataset's image."""
    marks = tuple(
        Mark(one.category or one.source_category, _box(one.box_xywh), one.mask(), one.fate != "keep")
        for one in record.instances
    )
    return Picture(record.image(), marks, f"{record.image_id} · {record.split}")


def contact_sheet(
    items: Iterable[Picture | Sample | Record], columns: int | None = None, *, labels: bool = True
) -> np.ndarray:
    """Lay pictures out in a grid with a legend below.

    Args:
        items: pictures; samples and records are marked with all that is labelled in them.
        columns: tiles a row; None makes the sheet about 3 wide to 2 high.
        labels: draw boxes, masks and names.

    Returns:
        (H, W, 3) uint8, sRGB.

    Raises:
        ValueError: there is no picture.
    """
    pictures = [_picture(item) for item in items]
    if not pictures:
        raise ValueError("a contact sheet needs at least one picture")
    colors = palette({one.name for picture in pictures for one in picture.marks}) if labels else {}
    tiles = [_tile(picture, colors) for picture in pictures]
    height, width = np.max([tile.shape[:2] for tile in tiles], axis=0)
    columns = min(columns or round(math.sqrt(len(tiles) * 1.5 * height / width)) or 1, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    grid_width = columns * (width + GUTTER) - GUTTER
    legend = _legend(colors, grid_width)
    sheet = np.full(
        (rows * (height + GUTTER) - GUTTER + 2 * MARGIN + len(legend), grid_width + 2 * MARGIN, 3),
        PAPER,
        np.uint8,
    )
    for number, tile in enumerate(tiles):
        top = MARGIN + number // columns * (height + GUTTER)
        left = MARGIN + number % columns * (width + GUTTER)
        sheet[top : top + tile.shape[0], left : left + tile.shape[1]] = tile
    if len(legend):
        sheet[-MARGIN - len(legend) : -MARGIN, MARGIN:-MARGIN] = legend
    return sheet


def palette(names: Iterable[str]) -> dict[str, Rgb]:
    """Give each name a colour of its own: the same one on every sheet, unless two names want the same."""
    colors: dict[str, Rgb] = {}
    for name in sorted(names):
        slot = int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")
        slots = ((slot + step) % _SLOTS for step in range(_SLOTS))
        colors[name] = next((c for c in map(_color, slots) if c not in colors.values()), _color(slot))
    return colors


_SLOTS = 36


def _color(slot: int) -> Rgb:
    """Return one of 36 colours: 18 hues, light or deep."""
    slot %= _SLOTS
    value, saturation = ((1.0, 0.62), (0.86, 0.9))[slot % 2]
    red, green, blue = colorsys.hsv_to_rgb(slot / _SLOTS, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _picture(item: Picture | Sample | Record) -> Picture:
    if isinstance(item, Picture):
        return item
    return sample_picture(item) if isinstance(item, Sample) else record_picture(item)


def _box(values: Sequence[float]) -> Box:
    x, y, width, height = values
    return x, y, width, height


def _tile(picture: Picture, colors: dict[str, Rgb]) -> np.ndarray:
    """Scale one picture to the tile's width and draw its marks."""
    scale = TILE / picture.image.shape[1]
    size = (TILE, max(1, round(picture.image.shape[0] * scale)))
    tile = cv2.resize(picture.image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_NEAREST)
    marks = sorted(picture.marks if colors else (), key=lambda one: -int(one.mask.sum()))
    for one in marks:
        _draw_mask(tile, one, colors[one.name])
    for one in marks:
        _draw_box(tile, [v * scale for v in one.box_xywh], colors[one.name], one.faint)
    canvas = Image.fromarray(tile)
    pen = ImageDraw.Draw(canvas, "RGBA")
    _draw_names(pen, canvas.size, marks, colors, scale)
    if picture.caption:
        _chip(pen, (0, canvas.height - FONT - 5), picture.caption, (0, 0, 0, 130), (255, 255, 255, 235))
    return np.asarray(canvas)


def _draw_mask(tile: np.ndarray, one: Mark, color: Rgb) -> None:
    """Tint the mask's pixels and outline them, in place."""
    size = (tile.shape[1], tile.shape[0])
    cover = cv2.resize(one.mask.astype(np.float32), size, interpolation=cv2.INTER_LINEAR)
    alpha = (cover * TINT * (0.5 if one.faint else 1.0))[..., None]
    tile[:] = np.rint(tile * (1 - alpha) + np.array(color) * alpha).astype(np.uint8)
    outline, _ = cv2.findContours((cover > 0.5).astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not one.faint:
        cv2.polylines(tile, outline, True, color, 1, cv2.LINE_AA)


def _draw_box(tile: np.ndarray, box: Sequence[float], color: Rgb, dashed: bool) -> None:
    """Draw a box's four sides, in place."""
    x, y, width, height = box
    left, top = round(x), round(y)
    right = min(tile.shape[1], round(x + width)) - 1
    bottom = min(tile.shape[0], round(y + height)) - 1
    step, dash = (7, 4) if dashed else (10**6, 10**6)
    for row in (top, bottom):
        for start in range(left, right + 1, step):
            cv2.line(tile, (start, row), (min(start + dash, right), row), color, 1)
    for column in (left, right):
        for start in range(top, bottom + 1, step):
            cv2.line(tile, (column, start), (column, min(start + dash, bottom)), color, 1)


def _draw_names(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    marks: Sequence[Mark],
    colors: dict[str, Rgb],
    scale: float,
) -> None:
    """Write each name where it covers the fewest other names."""
    taken: list[Box] = []
    for one in marks:
        x, y, width, height = (v * scale for v in one.box_xywh)
        wide, high = pen.textlength(one.name, font=_font()) + 6, FONT + 4
        spots = [(x, y - high), (x, y + height), (x + width - wide, y - high), (x, y)]
        spots += [(x + width - wide, y + height), (x + width, y), (x - wide, y)]
        kept = [(min(max(u, 0), size[0] - wide), min(max(v, 0), size[1] - high)) for u, v in spots]
        u, v = min(kept, key=lambda spot: sum(_overlap((*spot, wide, high), other) for other in taken))
        taken.append((u, v, wide, high))
        _chip(
            pen,
            (u, v),
            one.name,
            (*colors[one.name], 150 if one.faint else 225),
            (*_ink(colors[one.name]), 255),
        )


def _overlap(a: Box, b: Box) -> float:
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(across, 0) * max(down, 0)


def _chip(
    pen: ImageDraw.ImageDraw, at: tuple[float, float], text: str, fill: tuple[int, ...], ink: tuple[int, ...]
) -> None:
    """Write text on a small coloured plate whose corner is at `at`."""
    u, v = round(at[0]), round(at[1])
    wide = round(pen.textlength(text, font=_font())) + 6
    pen.rounded_rectangle((u, v, u + wide - 1, v + FONT + 3), radius=3, fill=fill)
    pen.text((u + 3, v + FONT / 2 + 2), text, font=_font(), fill=ink, anchor="lm")


def _ink(color: Rgb) -> Rgb:
    """Return black or white, whichever is easier to read on a colour."""
    red, green, blue = color
    return (20, 20, 22) if 0.299 * red + 0.587 * green + 0.114 * blue > 120 else (255, 255, 255)


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT)


def _legend(colors: dict[str, Rgb], width: int) -> np.ndarray:
    """Draw swatches and names, wrapped to the sheet's width; (H, width, 3) uint8, H = 0 without names."""
    spots, u, v, line = {}, 0, 10, FONT + 9
    ruler = ImageDraw.Draw(Image.new("RGB", (1, 1)))
    for name in colors:
        wide = 34 + round(ruler.textlength(name, font=_font()))
        u, v = (0, v + line) if u + wide > width and u else (u, v)
        spots[name] = (u, v)
        u += wide
    canvas = Image.new("RGB", (width, v + line if colors else 0), PAPER)
    pen = ImageDraw.Draw(canvas) if colors else None
    for name, (x, y) in spots.items():
        assert pen is not None
        pen.rounded_rectangle((x, y, x + 12, y + 12), radius=3, fill=colors[name])
        pen.text((x + 18, y + 6), name, font=_font(), fill=INK, anchor="lm")
    return np.asarray(canvas).reshape(canvas.height, width, 3)
