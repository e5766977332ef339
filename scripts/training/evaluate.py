"""Average precision of detections, by class and by size, as pycocotools has it; crowds are ignored."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from torch.utils.data import Dataset

from simdata.torch import Item
from training.batches import fitted
from training.net import Detector
from training.targets import Found, decode

# Visible pixels of an object, in the image's own: COCO's bounds of 32 and 96 are made for images 640 wide.
AREAS = {"small": (0, 12**2), "medium": (12**2, 32**2), "large": (32**2, 1e10)}
MOST = 100  # detections an image


@dataclass(frozen=True)
class Score:
    """Average precision in [0, 1]; None where nothing was to be found.

    Attributes:
        ap: mean over classes and over IoU from 0.5 to 0.95.
        ap50: mean over classes at IoU 0.5.
        by_class, by_size: at IoU 0.5.
        counts: objects of each class that were to be found.
    """

    ap: float | None
    ap50: float | None
    by_class: dict[str, float | None]
    by_size: dict[str, float | None]
    counts: dict[str, int]

    def table(self) -> str:
        """Return it in lines."""
        rows = [f"{'AP50':<10}{_shown(self.ap50)}   AP {_shown(self.ap)}"]
        rows += [
            f"{name:<10}{_shown(value)}  of {self.counts[name]}" for name, value in self.by_class.items()
        ]
        rows += [f"{name:<10}{_shown(value)}" for name, value in self.by_size.items()]
        return "\n".join(rows)


@torch.inference_mode()
def detections(
    net: Detector, dataset: Dataset[Any], size: tuple[int, int], *, count: int = 16
) -> Iterator[tuple[Item, Found]]:
    """Yield each item of a map-style dataset with what the net finds in it, in the picture's own pixels."""
    device = next(net.parameters()).device
    for start in range(0, len(dataset), count):
        items = [dataset[i] for i in range(start, min(start + count, len(dataset)))]
        batch = fitted(items, size)
        heat, sides = net(batch.images.to(device))
        for item, found, scale in zip(items, decode(torch.sigmoid(heat), sides), batch.scales, strict=True):
            yield item, Found(found.boxes / scale, found.labels, found.scores)


def evaluate(pairs: Sequence[tuple[dict[str, Any], Found]], names: Sequence[str]) -> Score:
    """Score detections against targets.

    Args:
        pairs: target and detections of each image, in the same pixels.
        names: of the classes; label = index + 1.
    """
    truth, found = COCO(), COCO()
    truth.dataset = _truth(pairs, names)
    with contextlib.redirect_stdout(io.StringIO()):
        truth.createIndex()
        rows = _rows(pairs)
        found = truth.loadRes(rows) if rows else _nothing(truth)
        judged = COCOeval(truth, found, "bbox")
        judged.params.areaRng = [[0, 1e10], *map(list, AREAS.values())]
        judged.params.areaRngLbl = ["all", *AREAS]
        judged.params.maxDets = [1, 10, MOST]
        judged.evaluate()
        judged.accumulate()
    precision = judged.eval[
        "precision"
    ]  # (IoU, recall, class, area, detections); -1 where there is no object
    at_half = precision[0, :, :, :, -1]
    return Score(
        ap=_mean(precision[:, :, :, 0, -1]),
        ap50=_mean(at_half[:, :, 0]),
        by_class={name: _mean(at_half[:, i, 0]) for i, name in enumerate(names)},
        by_size={name: _mean(at_half[:, :, 1 + i]) for i, name in enumerate(AREAS)},
        counts=_counts(truth, names),
    )


def _truth(pairs: Any, names: Sequence[str]) -> dict[str, Any]:
    """Return a COCO file's content."""
    annotations = []
    for image, (target, _) in enumerate(pairs, 1):
        for box, label, crowd, area in zip(
            *(target[key].tolist() for key in ("boxes", "labels", "iscrowd", "area")), strict=True
        ):
            corner = [box[0], box[1], box[2] - box[0], box[3] - box[1]]
            annotations.append({"id": len(annotations) + 1, "image_id": image, "category_id": label,
                                "bbox": corner, "area": area, "iscrowd": crowd})  # fmt: skip
    images = [{"id": image} for image in range(1, len(pairs) + 1)]
    categories = [{"id": i, "name": name} for i, name in enumerate(names, 1)]
    return {"images": images, "annotations": annotations, "categories": categories}


def _rows(pairs: Any) -> list[dict[str, Any]]:
    return [
        {"image_id": image, "category_id": label, "score": score,
         "bbox": [box[0], box[1], box[2] - box[0], box[3] - box[1]]}
        for image, (_, found) in enumerate(pairs, 1)
        for box, label, score in zip(
            found.boxes.tolist(), found.labels.tolist(), found.scores.tolist(), strict=True
        )
    ]  # fmt: skip


def _nothing(truth: COCO) -> COCO:
    """Return results without one: pycocotools reads no empty list."""
    empty = COCO()
    empty.dataset = {**truth.dataset, "annotations": []}
    empty.createIndex()
    return empty


def _counts(truth: COCO, names: Sequence[str]) -> dict[str, int]:
    labels = [one["category_id"] for one in truth.dataset["annotations"] if not one["iscrowd"]]
    return {name: labels.count(i) for i, name in enumerate(names, 1)}


def _mean(precision: np.ndarray) -> float | None:
    known = precision[precision > -1]
    return round(float(known.mean()), 4) if known.size else None


def _shown(value: float | None) -> str:
    return "   — " if value is None else f"{value:5.3f}"
