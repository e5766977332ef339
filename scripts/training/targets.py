"""What the net should say about an image, and back: boxes to maps, maps to boxes.

Source: Gaussians as wide as their box, in the share that learns its sides, Liu et al., arXiv 1909.00700.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.net import STRIDE

SPREAD = 0.54 / 6  # standard deviation of a box's Gaussian over its side
LEAST = 0.35  # cells, of a standard deviation
FAINT = 0.05  # where a Gaussian is below, its box learns no sides


@dataclass(frozen=True, eq=False)
class Maps:
    """The answer for a batch.

    Attributes:
        heat: (B, C, h, w) in [0, 1]; 1 at the cell that holds the middle of a box of that class.
        sides: (B, 4, h, w) pixels from a cell's middle to the left, top, right, bottom of its box.
        weight: (B, h, w) how much that matters; 0 outside boxes; adds up to about one a box.
        ignored: (B, h, w) bool, inside a crowd: nothing said there is wrong.
    """

    heat: Tensor
    sides: Tensor
    weight: Tensor
    ignored: Tensor

    def to(self, device: str) -> Maps:
        """Return them on a device."""
        return Maps(*(each.to(device) for each in (self.heat, self.sides, self.weight, self.ignored)))


@dataclass(frozen=True, eq=False)
class Found:
    """What was detected in an image, the surest first.

    Attributes:
        boxes: (N, 4) XYXY, pixels.
        labels: (N,) from 1.
        scores: (N,).
    """

    boxes: Tensor
    labels: Tensor
    scores: Tensor


def encode(targets: list[dict[str, Tensor]], classes: int, size: tuple[int, int]) -> Maps:
    """Draw the maps of a batch.

    Args:
        targets: of each image, as the datasets of `simdata.torch` give them.
        size: height and width of the images, pixels.
    """
    high, wide = size[0] // STRIDE, size[1] // STRIDE
    count = len(targets)
    maps = Maps(
        heat=torch.zeros(count, classes, high, wide),
        sides=torch.ones(count, 4, high, wide),
        weight=torch.zeros(count, high, wide),
        ignored=torch.zeros(count, high, wide, dtype=torch.bool),
    )
    for image, target in enumerate(targets):
        area = (target["boxes"][:, 2:] - target["boxes"][:, :2]).prod(1)
        for i in area.argsort(descending=True).tolist():  # what is small lies in front
            box, label = target["boxes"][i], int(target["labels"][i])
            if target["iscrowd"][i]:
                maps.ignored[image] |= _inside(box, high, wide)
            else:
                _draw(maps, image, box, label)
    return maps


def decode(
    heat: Tensor, sides: Tensor, *, most: int = 100, least: float = 0.02, overlap: float = 0.6
) -> list[Found]:
    """Read the boxes off maps: peaks of heat, the best of those that cover each other.

    Args:
        heat: (B, C, h, w) in [0, 1].
        sides: (B, 4, h, w) pixels.
        most: boxes an image.
        least: score.
        overlap: intersection over union above which the lower of two boxes of one class goes.
    """
    peak = heat * (functional.max_pool2d(heat, 3, 1, 1) == heat)
    return [_read(*maps, most, least, overlap) for maps in zip(peak, sides, strict=True)]


def overlaps(ours: Tensor, theirs: Tensor) -> Tensor:
    """Return the intersection over union of (N, 4) and (M, 4) boxes XYXY, (N, M)."""
    low = torch.maximum(ours[:, None, :2], theirs[None, :, :2])
    high = torch.minimum(ours[:, None, 2:], theirs[None, :, 2:])
    both = (high - low).clamp(min=0).prod(-1)
    areas = [(boxes[:, 2:] - boxes[:, :2]).prod(-1) for boxes in (ours, theirs)]
    return both / (areas[0][:, None] + areas[1][None] - both).clamp(min=1e-9)


def middles(high: int, wide: int) -> tuple[Tensor, Tensor]:
    """Return x (1, w) and y (h, 1) of the cells' middles, pixels."""
    x, y = (STRIDE * (torch.arange(n) + 0.5) for n in (wide, high))
    return x[None], y[:, None]


def _inside(box: Tensor, high: int, wide: int) -> Tensor:
    x, y = middles(high, wide)
    return (x > box[0]) & (x < box[2]) & (y > box[1]) & (y < box[3])


def _draw(maps: Maps, image: int, box: Tensor, label: int) -> None:
    """Draw one box into the maps, in place."""
    high, wide = maps.weight.shape[1:]
    x, y = middles(high, wide)
    column, row = (((box[:2] + box[2:]) / 2 / STRIDE).long()).tolist()
    column, row = min(max(column, 0), wide - 1), min(max(row, 0), high - 1)
    spread = ((box[2:] - box[:2]) * SPREAD).clamp(min=LEAST * STRIDE)
    away = ((x - x[0, column]) / spread[0]) ** 2 + ((y - y[row, 0]) / spread[1]) ** 2
    hill = torch.exp(-away / 2)
    heat = maps.heat[image, label - 1]
    heat[:] = torch.maximum(heat, hill)
    sides = torch.stack(torch.broadcast_tensors(x - box[0], y - box[1], box[2] - x, box[3] - y))
    near = (hill > FAINT) & (sides.min(0).values > 0)
    near[row, column] = True
    maps.sides[image][:, near] = sides[:, near]
    maps.weight[image][near] = hill[near] / hill[near].sum()


def _read(heat: Tensor, sides: Tensor, most: int, least: float, overlap: float) -> Found:
    """Read the boxes off the maps of one image."""
    high, wide = heat.shape[1:]
    scores, places = heat.flatten().topk(min(4 * most, heat.numel()))
    places = places[scores > least]
    scores = scores[scores > least]
    labels, cell = places // (high * wide), places % (high * wide)
    x, y = (each.expand(high, wide).flatten()[cell.cpu()] for each in middles(high, wide))
    left, top, right, bottom = sides.flatten(1)[:, cell].cpu()
    boxes = torch.stack([x - left, y - top, x + right, y + bottom], 1)
    kept = _best(boxes, labels.cpu(), overlap)[:most]
    return Found(boxes[kept], labels.cpu()[kept] + 1, scores.cpu()[kept])


def _best(boxes: Tensor, labels: Tensor, overlap: float) -> list[int]:
    """Return which boxes, best first, are not covered by a better one of their class."""
    same = labels[:, None] == labels[None]
    rivals = (overlaps(boxes, boxes) > overlap) & same
    kept: list[int] = []
    for i in range(len(boxes)):
        if not rivals[i, kept].any():
            kept.append(i)
    return kept
