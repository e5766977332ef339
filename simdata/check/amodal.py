"""What an annotation says about the whole object, hidden parts too, against its masks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from simdata.check.annotations import is_box, is_number
from simdata.check.fault import Faults
from simdata.check.masks import decode, tight_box


def check_amodal(file: str, record: Mapping[str, Any], mask: np.ndarray, faults: Faults) -> None:
    """Check the attributes of one annotation against its visible mask (H, W) bool, which has a pixel.

    Annotations without `amodal_rle` say nothing that files alone could disprove.
    """
    attributes = record["attributes"]
    if "amodal_rle" not in attributes:
        return
    try:
        whole = _decoded(attributes["amodal_rle"], mask)
    except ValueError as error:
        faults.add(file, record["id"], "amodal_rle", str(error))
        return
    visible, area = int(mask.sum()), int(whole.sum())
    for key, true in (("hidden_area", area - visible), ("visible_fraction", visible / area)):
        if attributes.get(key) != true:
            message = f"{key} is {attributes.get(key)!r:.40}, the masks say {true}"
            faults.add(file, record["id"], key, message)
    for rule, message in _extent(attributes, whole):
        faults.add(file, record["id"], rule, message)


def _decoded(rle: Any, mask: np.ndarray) -> np.ndarray:
    """Decode the whole's mask, which must hold the visible one."""
    if not isinstance(rle, dict):
        raise ValueError("amodal_rle is no run lengths")
    whole = decode(rle, *mask.shape)
    lacking = int((mask & ~whole).sum())
    if lacking:
        raise ValueError(f"the whole lacks {lacking} of the visible pixels")
    return whole


def _extent(attributes: Mapping[str, Any], whole: np.ndarray) -> list[tuple[str, str]]:
    """Say in what truncation and box disagree with each other or with the whole's mask inside the image."""
    share, truncated = attributes.get("truncation"), attributes.get("truncated")
    if not is_number(share) or not 0 <= share < 1:
        return [("truncation", f"truncation is {share!r:.40}, not a number from 0 to below 1")]
    if not isinstance(truncated, bool) or (share > 0 and not truncated):
        return [("truncated", f"truncated is {truncated!r:.40} at a truncation of {share}")]
    box, tight = attributes.get("amodal_box_xywh"), tight_box(whole)
    if not is_box(box):
        return [("amodal_box_xywh", f"amodal_box_xywh is {box!r:.60}, not four finite numbers")]
    height, width = whole.shape
    x, y, right, bottom = box[0], box[1], box[0] + box[2], box[1] + box[3]
    if x > tight[0] or y > tight[1] or right < tight[0] + tight[2] or bottom < tight[1] + tight[3]:
        return [("amodal_box_xywh", f"{box} does not enclose the whole's {tight}")]
    leaves = x < 0 or y < 0 or right > width or bottom > height
    if leaves != (share > 0):
        return [
            ("amodal_box_xywh", f"{box} {'leaves' if leaves else 'is inside'} the image; truncation {share}")
        ]
    if not leaves and box != tight:
        return [("amodal_box_xywh", f"{box} is not the whole's {tight}")]
    return []
