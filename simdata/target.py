"""`Target`: what a detector learns from one image, as NumPy arrays; whatever feeds a training loop gives it.

Source of the contract: torchvision's detection reference (boxes in XYXY, labels from 1, `iscrowd`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simdata import mask
from simdata.labelled import LabelledObject


@dataclass(frozen=True, eq=False)
class Target:
    """The labels of one image with N annotations; N may be 0, and no array is missing then.

    Attributes:
        image_id: of the image.
        size: its height and width, pixels.
        boxes_xyxy: (N, 4) float32, pixels: left, top, right, bottom; [0, 0, 1, 1] encloses the first pixel.
        labels: (N,) int64 category ids, from 1.
        area: (N,) float32, visible pixels.
        iscrowd: (N,) int64; 1 for what is labelled, but to be ignored.
        rles: N COCO compressed run lengths of the visible pixels; none where masks were left out.
    """

    image_id: int
    size: tuple[int, int]
    boxes_xyxy: np.ndarray
    labels: np.ndarray
    area: np.ndarray
    iscrowd: np.ndarray
    rles: tuple[dict[str, Any], ...] = field(repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    def masks(self) -> np.ndarray:
        """Decode the masks, (N, H, W) bool."""
        masks = [mask.decode(rle) for rle in self.rles]
        return np.stack(masks) if masks else np.zeros((0, *self.size), bool)


def target_of(image_id: int, size: tuple[int, int], objects: Iterable[LabelledObject]) -> Target:
    """Gather the annotations of an image: what its label policy keeps, and its crowds.

    Args:
        image_id: of the image.
        size: its height and width.
        objects: everything labelled in it.
    """
    kept = [one for one in objects if one.fate in ("keep", "crowd")]
    corners = np.array([one.box_xywh for one in kept], np.float32).reshape(-1, 4)
    corners[:, 2:] += corners[:, :2]
    return Target(
        image_id=image_id,
        size=size,
        boxes_xyxy=corners,
        labels=np.array([one.category_id for one in kept], np.int64),
        area=np.array([one.area for one in kept], np.float32),
        iscrowd=np.array([one.fate == "crowd" for one in kept], np.int64),
        rles=tuple(one.rle for one in kept),
    )
