"""One image and its target as tensors, the same from every dataset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from simdata.target import Target

Item = tuple[torch.Tensor, dict[str, Any]]


def item_of(image: np.ndarray, target: Target, *, masks: bool = True) -> Item:
    """Return tensors of a picture and its labels.

    Args:
        image: (H, W, 3) uint8, sRGB.
        target: its labels.
        masks: decode the masks, which take N x H x W bytes.

    Returns:
        (3, H, W) uint8, and a dictionary: "boxes" (N, 4) float32 XYXY pixels, "labels" (N,) int64 from 1,
        "masks" (N, H, W) uint8 if asked for, "image_id" int, "area" (N,) float32, "iscrowd" (N,) int64.
        An image with nothing in it has N = 0 and every key.
    """
    told: dict[str, Any] = {
        "boxes": torch.from_numpy(target.boxes_xyxy),
        "labels": torch.from_numpy(target.labels),
        "image_id": target.image_id,
        "area": torch.from_numpy(target.area),
        "iscrowd": torch.from_numpy(target.iscrowd),
    }
    if masks:
        told["masks"] = torch.from_numpy(target.masks().astype(np.uint8))
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))), told


def collate(items: Sequence[Item]) -> tuple[list[torch.Tensor], list[dict[str, Any]]]:
    """Gather a batch as detectors take it: a list of images, which may differ in size, and one of targets."""
    return [image for image, _ in items], [target for _, target in items]
