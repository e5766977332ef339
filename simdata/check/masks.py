"""Segmentations back to pixels, and what must follow from them.

On purpose this shares no code with what wrote them: run lengths are decoded here, polygons by pycocotools.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from pycocotools import mask as coco

from simdata.check.annotations import is_number
from simdata.check.fault import Faults

_LONGEST_CODE = 8  # characters of one run length: 5 bits each, far more than the largest image needs


def decode(segmentation: Any, height: int, width: int) -> np.ndarray:
    """Decode polygons or compressed run lengths to (height, width) bool.

    Raises:
        ValueError: it is malformed, or belongs to an image of another size.
    """
    if isinstance(segmentation, dict):
        if segmentation.get("size") != [height, width]:
            raise ValueError(f"size is {segmentation.get('size')}, the image's is [{height}, {width}]")
        return _from_runs(run_lengths(segmentation.get("counts")), height, width)
    for polygon in segmentation:
        _check_polygon(polygon, height, width)
    return coco.decode(coco.merge(coco.frPyObjects(segmentation, height, width))).astype(bool)


def run_lengths(counts: Any) -> list[int]:
    """Decode COCO's compressed run lengths.

    Five bits a character, least first, 32 = more follow, sign in the last; from the fourth on, each is the
    difference to the one two before.
    Source: cocoapi, `common/maskApi.c`, rleFrString.

    Raises:
        ValueError: it is no such text.
    """
    if not isinstance(counts, str):
        raise ValueError("counts are no text")
    runs: list[int] = []
    value = bits = 0
    for char in counts:
        code = ord(char) - 48
        if not 0 <= code < 64 or bits == 5 * _LONGEST_CODE:
            raise ValueError(f"counts hold {char!r} where no run length goes on")
        value |= (code & 31) << bits
        bits += 5
        if code & 32:
            continue
        if code & 16:
            value -= 1 << bits
        runs.append(value + runs[-2] if len(runs) > 2 else value)
        value = bits = 0
    if bits:
        raise ValueError("counts end in the middle of a run length")
    return runs


def _from_runs(runs: list[int], height: int, width: int) -> np.ndarray:
    if any(run < 0 for run in runs) or sum(runs) != height * width:
        raise ValueError(f"run lengths do not add up to {height} x {width} pixels")
    flags = np.arange(len(runs)) % 2 == 1
    return np.repeat(flags, runs).reshape(width, height).T


def _check_polygon(polygon: Any, height: int, width: int) -> None:
    if not isinstance(polygon, list) or not all(map(is_number, polygon)):
        raise ValueError("a polygon is no list of finite numbers")
    if len(polygon) < 6 or len(polygon) % 2:
        raise ValueError(f"a polygon has {len(polygon)} numbers; readers want an even count from 6 on")
    x, y = polygon[0::2], polygon[1::2]
    if min(x) < 0 or min(y) < 0 or max(x) > width or max(y) > height:
        raise ValueError(f"a polygon leaves the image of {width} x {height}")


def tight_box(mask: np.ndarray) -> list[int]:
    """Return [x, y, width, height] of a mask that is not empty."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]


def check_annotation(
    file: str, record: dict[str, Any], size: tuple[int, int], faults: Faults
) -> np.ndarray | None:
    """Check one annotation against its own mask; return the mask, (H, W) bool, or None if there is none."""
    number, segmentation = record["id"], record["segmentation"]
    try:
        mask = decode(segmentation, *size)
    except ValueError as error:
        faults.add(file, number, "segmentation", str(error))
        return None
    if not mask.any():
        faults.add(file, number, "empty_mask", "the mask has no pixel")
        return None
    if record["iscrowd"] and not isinstance(segmentation, dict):
        faults.add(file, number, "crowd", "iscrowd is 1 but the mask is no run lengths")
    box, area = tight_box(mask), int(mask.sum())
    if record["bbox"] != box:
        faults.add(file, number, "bbox", f"bbox {record['bbox']} is not the mask's {box}")
    if record["area"] != area:
        faults.add(file, number, "area", f"area {record['area']} is not the mask's {area} pixels")
    if isinstance(segmentation, list) and _extent(segmentation) != box:
        faults.add(file, number, "polygon", f"polygons span {_extent(segmentation)}, the mask {box}")
    return mask


def _extent(polygons: list[list[float]]) -> list[float]:
    """Return [x, y, width, height] that polygons span."""
    x = list(chain.from_iterable(polygon[0::2] for polygon in polygons))
    y = list(chain.from_iterable(polygon[1::2] for polygon in polygons))
    return [min(x), min(y), max(x) - min(x), max(y) - min(y)]
