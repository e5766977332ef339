"""Pictures of a training for people: how the loss fell, and what is found in some images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from simdata.preview import Mark, Picture, contact_sheet
from training.loop import History
from training.targets import Found

SIZE, MARGIN = (720, 360), 46  # pixels
PAPER, INK, LINES = (250, 250, 248), (60, 60, 64), {"heat": (200, 70, 40), "sides": (40, 100, 190)}
SURE = 0.3  # score below which nothing is drawn


def curves(history: History) -> np.ndarray:
    """Draw the loss against the step, each a mean of the latest steps, (H, W, 3) uint8."""
    canvas = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(canvas)
    lines = {name: _smooth(getattr(history, name)) for name in LINES}
    top = max(float(line.max()) for line in lines.values())
    wide, high = SIZE[0] - 2 * MARGIN, SIZE[1] - 2 * MARGIN
    for part in range(5):
        y = MARGIN + high * (1 - part / 4)
        pen.line([(MARGIN, y), (MARGIN + wide, y)], (225, 225, 222))
        pen.text((MARGIN - 6, y), f"{top * part / 4:.2f}", INK, anchor="rm")
    for row, (name, line) in enumerate(lines.items()):
        x = MARGIN + wide * np.linspace(0, 1, len(line))
        y = MARGIN + high * (1 - line / top)
        pen.line(list(zip(x.tolist(), y.tolist(), strict=True)), LINES[name], 2)
        pen.text(
            (MARGIN + wide - 4, MARGIN + 16 * row), f"loss of {name} {line[-1]:.2f}", LINES[name], anchor="ra"
        )
    pen.text((MARGIN + wide, MARGIN + high + 8), f"{len(history.heat)} steps", INK, anchor="ra")
    return np.asarray(canvas)


def sheet(shown: Sequence[tuple[Any, Found]], names: Sequence[str]) -> np.ndarray:
    """Lay out images twice each: with their labels, crowds dashed, and with what is found.

    Args:
        shown: (image, target) and detections of each.
        names: of the classes.
    """
    tiles = []
    for (image, target), found in shown:
        pixels = image.permute(1, 2, 0).numpy()
        sure = found.scores >= SURE
        ours = _marks(found.boxes[sure], found.labels[sure], [False] * int(sure.sum()), names, pixels)
        truth = _marks(target["boxes"], target["labels"], target["iscrowd"].bool().tolist(), names, pixels)
        tiles += [Picture(pixels, truth, "labels"), Picture(pixels, ours, f"found, score over {SURE:g}")]
    return contact_sheet(tiles, columns=4)


def _marks(
    boxes: Any, labels: Any, faint: list[bool], names: Sequence[str], pixels: np.ndarray
) -> tuple[Mark, ...]:
    nothing = np.zeros(pixels.shape[:2], bool)
    return tuple(
        Mark(names[label - 1], (left, top, right - left, bottom - top), nothing, dashed)
        for (left, top, right, bottom), label, dashed in zip(
            boxes.tolist(), labels.tolist(), faint, strict=True
        )
    )


def _smooth(values: Sequence[float]) -> np.ndarray:
    """Return the mean of up to so many latest values as are a twentieth of all."""
    window = max(1, len(values) // 20)
    sums = np.concatenate([[0.0], np.cumsum(values)])
    last = np.arange(1, len(values) + 1)
    first = np.maximum(last - window, 0)
    return (sums[last] - sums[first]) / (last - first)
