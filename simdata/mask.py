"""Masks of pixels and their COCO encodings: run lengths, boxes, exact polygons.

A mask is (H, W) bool. Run lengths are COCO's: column by column, `{"size": [H, W], "counts": str}`. Polygons
run along pixel corners, so pycocotools decodes them to the very mask they came from, holes and all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco
from scipy import ndimage

Rle = dict[str, Any]

# Sides of a pixel, clockwise: top, right, bottom, left; as (row, column) steps outward.
_OUTWARD = ((-1, 0), (0, 1), (1, 0), (0, -1))
# The corner, relative to the pixel's own (row, column), at which a clockwise walk enters each side.
_CORNER = ((0, 0), (0, 1), (1, 1), (1, 0))


def encode(mask: np.ndarray) -> Rle:
    """Encode a mask (H, W) as COCO compressed run lengths, `counts` as text."""
    return _text(coco.encode(np.asfortranarray(mask, np.uint8)))


def decode(rle: Rle) -> np.ndarray:
    """Decode COCO run lengths, compressed or not, to (H, W) bool."""
    height, width = rle["size"]
    if isinstance(rle["counts"], list):
        rle = coco.frPyObjects(rle, height, width)
    return coco.decode(rle).astype(bool)


def area(rle: Rle) -> int:
    """Count the pixels of a compressed mask."""
    return int(coco.area(rle))


def box_xywh(mask: np.ndarray) -> list[float]:
    """Return the tight box of a mask (H, W); [0, 0, 1, 1] encloses the first pixel, all 0 an empty one."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    if len(rows) == 0:
        return [0.0, 0.0, 0.0, 0.0]
    x, y = columns[0], rows[0]
    return [float(x), float(y), float(columns[-1] - x + 1), float(rows[-1] - y + 1)]


@dataclass(frozen=True)
class Region:
    """All pixels of one value: its area in pixels, tight box and run lengths."""

    area: int
    box_xywh: list[float]
    rle: Rle


def regions(ids: np.ndarray) -> dict[int, Region]:
    """Encode every value above 0 of an id image (H, W), by rising value, in one pass over the image.

    The image is cut into runs of equal value down its columns; sorted by value, they are the run lengths.
    """
    height, width = ids.shape
    flat = ids.T.ravel()
    starts = np.flatnonzero(np.r_[True, flat[1:] != flat[:-1]])
    values, ends = flat[starts], np.r_[starts[1:], flat.size]
    order = np.argsort(values, kind="stable")
    order = order[np.searchsorted(values[order], 0, "right") :]
    if len(order) == 0:
        return {}
    values, starts, ends = values[order], starts[order], ends[order]
    cuts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    return {
        int(values[i]): _region(starts[i:j], ends[i:j], height, width)
        for i, j in zip(cuts, [*cuts[1:], len(values)], strict=True)
    }


def region(part: np.ndarray, x: int, y: int, height: int, width: int) -> Region:
    """Encode a mask of which only a part (h, w) is given: its first pixel is column x, row y of the whole."""
    framed = np.zeros((part.shape[1], part.shape[0] + 2), np.int8)
    framed[:, 1:-1] = part.T
    columns, rows = np.divmod(np.flatnonzero(np.diff(framed.ravel())), framed.shape[1])
    starts, ends = ((columns + x) * height + rows + y).reshape(-1, 2).T
    if len(starts) == 0:
        return Region(0, [0.0] * 4, encode(np.zeros((height, width), bool)))
    apart = starts[1:] != ends[:-1]  # else a run goes on over a column's end
    return _region(starts[np.r_[True, apart]], ends[np.r_[apart, True]], height, width)


def _region(starts: np.ndarray, ends: np.ndarray, height: int, width: int) -> Region:
    """Measure one value's runs: flat column-major [start, end), rising."""
    x, right = int(starts[0] // height), int((ends[-1] - 1) // height)
    whole = bool((starts // height != (ends - 1) // height).any())  # a run over a column's end spans all rows
    y = 0 if whole else int((starts % height).min())
    bottom = height - 1 if whole else int(((ends - 1) % height).max())
    edges = np.stack([starts, ends], -1).ravel()
    counts = np.diff(edges, prepend=0, append=height * width)
    counts = counts[:-1] if counts[-1] == 0 else counts
    rle = coco.frPyObjects({"size": [height, width], "counts": counts.tolist()}, height, width)
    box = [float(x), float(y), float(right - x + 1), float(bottom - y + 1)]
    return Region(int((ends - starts).sum()), box, _text(rle))


def _text(rle: Rle) -> Rle:
    """Make pycocotools' answer JSON: text for bytes, int sizes."""
    return {"size": [int(side) for side in rle["size"]], "counts": rle["counts"].decode("ascii")}


def decode_polygons(polygons: Sequence[Sequence[float]], height: int, width: int) -> np.ndarray:
    """Fill polygons as pycocotools does: the union of all of them, (H, W) bool."""
    if not polygons:
        return np.zeros((height, width), bool)
    return decode(_filled(polygons, height, width))


def of_segmentation(segmentation: Any, height: int, width: int) -> Rle:
    """Return compressed run lengths of a COCO segmentation: polygons, or run lengths compressed or not.

    Polygons of fewer than three corners enclose nothing and are passed over.

    Raises:
        ValueError: it is none of these, or of another size.
    """
    if isinstance(segmentation, dict):
        if list(segmentation["size"]) != [height, width]:
            raise ValueError(f"a mask is {segmentation['size']}, its image [{height}, {width}]")
        if isinstance(segmentation["counts"], list):
            return _text(coco.frPyObjects(segmentation, height, width))
        return dict(segmentation)
    if not isinstance(segmentation, list) or not all(isinstance(polygon, list) for polygon in segmentation):
        raise ValueError("a mask is neither polygons nor run lengths")
    solid = [polygon for polygon in segmentation if len(polygon) >= 6]
    if not solid:
        return encode(np.zeros((height, width), bool))
    return _text(_filled(solid, height, width))


def polygons(mask: np.ndarray) -> list[list[float]]:
    """Outline a mask (H, W) by polygons [x0, y0, x1, y1, …] on pixel corners; exact under `decode_polygons`.

    One polygon per 4-connected component. COCO polygons know no holes, so a component that has some is first
    cut by vertical lines through them until every piece is simply connected. Empty mask, empty list.

    Source: crack following (Rosenfeld & Kak, Digital Picture Processing, 1982, section 11.1.3).
    """
    x, y, width, height = (int(side) for side in box_xywh(mask))
    if not width:
        return []
    inside = np.ascontiguousarray(mask[y : y + height, x : x + width], dtype=bool)
    loops = _loops(inside.astype(np.int32))
    holes = np.flatnonzero(loops.signed_areas() < 0)
    if len(holes):
        loops = _loops(_cut(inside, [loops.points[loops.starts[k] : loops.ends[k]] for k in holes]))
    numbers = (loops.points[:, ::-1] + (x, y)).astype(float).ravel().tolist()
    return [numbers[2 * i : 2 * j] for i, j in zip(loops.starts, loops.ends, strict=True)]


@dataclass(frozen=True, eq=False)
class _Loops:
    """Closed borders, one after the other.

    Attributes:
        points: corners (n, 2) int, row then column; clockwise outside, counter-clockwise round holes.
        starts, ends: (m,) the k-th loop is points[starts[k]:ends[k]].
    """

    points: np.ndarray
    starts: np.ndarray
    ends: np.ndarray

    def signed_areas(self) -> np.ndarray:
        """Return what each loop encloses, (m,) pixels; below 0 for holes."""
        following = np.arange(1, len(self.points) + 1)
        following[self.ends - 1] = self.starts
        (rows, columns), (next_rows, next_columns) = self.points.T, self.points[following].T
        return np.add.reduceat(columns * next_rows - rows * next_columns, self.starts) / 2


def _loops(labels: np.ndarray) -> _Loops:
    """Walk all borders of a label image (h, w), 0 outside, with the labelled pixels on the right hand."""
    following, points = _runs(np.pad(labels, 1))
    run_after: list[int | None] = following.tolist()
    order: list[int] = []
    starts: list[int] = []
    for first in range(len(run_after)):
        if run_after[first] is None:
            continue
        starts.append(len(order))
        run = first
        while (after := run_after[run]) is not None:
            order.append(run)
            run_after[run] = None
            run = after
    return _Loops(points[order], np.array(starts), np.array([*starts[1:], len(order)]))


def _runs(padded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut the borders of a padded label image into straight runs.

    Returns the number of the run that follows each run, (n,), and where each begins, (n, 2) row, column.
    """
    own = padded[1:-1, 1:-1]
    same = {step: own == _shifted(padded, step) for step in np.ndindex(3, 3)}
    start_of = np.zeros((4, *own.shape), np.int64)  # run number by side and pixel, where one begins
    ends, corners, count = [], [], 0
    for side, out in enumerate(_OUTWARD):
        ahead = _OUTWARD[(side + 1) % 4]
        edge = (own > 0) & ~same[_key(out)]
        corner = (out[0] + ahead[0], out[1] + ahead[1])
        trailing = (out[0] - ahead[0], out[1] - ahead[1])
        begins = edge & (~same[_key((-ahead[0], -ahead[1]))] | same[_key(trailing)])
        convex = edge & ~same[_key(ahead)]
        concave = edge & same[_key(ahead)] & same[_key(corner)]
        rows, columns = _ordered(begins, side)
        start_of[side, rows, columns] = np.arange(count, count + len(rows))
        count += len(rows)
        corners.append(np.stack([rows, columns], -1) + _CORNER[side])
        rows, columns = _ordered(convex | concave, side)
        turns_left = concave[rows, columns]
        rows, columns = rows + turns_left * corner[0], columns + turns_left * corner[1]
        ends.append(((side + np.where(turns_left, 3, 1)) % 4, rows, columns))
    following = np.concatenate([start_of[end] for end in ends])
    return following, np.concatenate(corners)


def _key(step: tuple[int, int]) -> tuple[int, int]:
    return step[0] + 1, step[1] + 1


def _shifted(padded: np.ndarray, key: tuple[int, ...]) -> np.ndarray:
    """Return the neighbour of every pixel in the direction of a key (row and column step, plus 1 each)."""
    height, width = padded.shape
    return padded[key[0] : height - 2 + key[0], key[1] : width - 2 + key[1]]


def _ordered(where: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """List pixels along the lines on which runs of that side lie, so the n-th start meets the n-th end."""
    if side % 2 == 0:
        rows, columns = np.nonzero(where)
        return rows, columns
    columns, rows = np.nonzero(where.T)
    return rows, columns


def _cut(inside: np.ndarray, holes: Sequence[np.ndarray]) -> np.ndarray:
    """Label a mask so that borders between labels cut every hole open, with the fewest vertical lines.

    A line through the columns a hole spans opens it; restricting a component to a strip makes no new holes.
    """
    labels, count = ndimage.label(inside)
    spans: dict[int, list[tuple[int, int]]] = {}
    for loop in holes:
        row, column = loop[np.lexsort((loop[:, 1], loop[:, 0]))[0]]
        component = int(labels[row - 1, column])  # above the hole's top left corner lies its component
        spans.setdefault(component, []).append((int(loop[:, 1].max()), int(loop[:, 1].min())))
    lines = np.zeros((len(spans), inside.shape[1] + 1), np.int32)
    row_of = np.full(count + 1, -1)
    for row, (component, intervals) in enumerate(spans.items()):
        row_of[component] = row
        last = -1
        for right, left in sorted(intervals):  # stabbing intervals greedily by their right end is optimal
            if left > last:
                last = right
                lines[row, last] = 1
    strips = np.cumsum(lines, 1)
    rows, columns = np.nonzero(row_of[labels] >= 0)
    component = labels[rows, columns]
    labels[rows, columns] += (count + 1) * strips[row_of[component], columns]
    return labels


def _filled(polygons: Sequence[Sequence[float]], height: int, width: int) -> Rle:
    """Fill polygons as pycocotools does; `counts` are bytes."""
    return coco.merge(coco.frPyObjects([list(polygon) for polygon in polygons], height, width))
