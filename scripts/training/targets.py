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
    drawn = [_drawn(target, classes, high, wide) for target in targets]
    return Maps(*(torch.stack(each) for each in zip(*drawn, strict=True)))


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


def _drawn(target: dict[str, Tensor], classes: int, high: int, wide: int) -> tuple[Tensor, ...]:
    """Return the maps of one image, as `Maps` has them."""
    single = target["iscrowd"] == 0
    boxes, labels = target["boxes"][single], target["labels"][single]
    small_first = (boxes[:, 2:] - boxes[:, :2]).prod(1).argsort()  # what is small lies in front
    boxes, labels = boxes[small_first], labels[small_first]
    ignored = (_sides(target["boxes"][~single], high, wide) > 0).all(1).any(0)
    heat, weight = torch.zeros(classes, high, wide), torch.zeros(high, wide)
    if not len(boxes):
        return heat, torch.ones(4, high, wide), weight, ignored
    hills, sides = _hills(boxes, high, wide), _sides(boxes, high, wide)
    heat.scatter_reduce_(0, (labels - 1)[:, None, None].expand_as(hills), hills, "amax")
    near = (hills > FAINT) & (sides > 0).all(1) | (hills == 1)
    share = hills * near / (hills * near).sum((1, 2), keepdim=True)
    owner = near.int().argmax(0)[None]
    weight = share.gather(0, owner)[0]
    return heat, sides.gather(0, owner[:, None].expand(1, 4, -1, -1))[0], weight, ignored


def _sides(boxes: Tensor, high: int, wide: int) -> Tensor:
    """Return how far each cell's middle is inside each side of N boxes, (N, 4, h, w) pixels."""
    x, y = middles(high, wide)
    left, top, right, bottom = boxes[:, :, None, None].unbind(1)
    return torch.stack(torch.broadcast_tensors(x - left, y - top, right - x, bottom - y), 1)


def _hills(boxes: Tensor, high: int, wide: int) -> Tensor:
    """Return a Gaussian for each of N boxes, (N, h, w), 1 at the cell that holds its middle."""
    x, y = middles(high, wide)
    most = torch.tensor([wide - 1, high - 1])
    cell = ((boxes[:, :2] + boxes[:, 2:]) / 2 / STRIDE).long().clamp(min=0).minimum(most)
    spread = ((boxes[:, 2:] - boxes[:, :2]) * SPREAD).clamp(min=LEAST * STRIDE)
    across = (x - STRIDE * (cell[:, 0, None] + 0.5)) / spread[:, 0, None]
    down = (y.T - STRIDE * (cell[:, 1, None] + 0.5)) / spread[:, 1, None]
    return torch.exp(-(down[:, :, None] ** 2 + across[:, None] ** 2) / 2)


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
