"""How wrong the net is: focal loss of the heat, generalised IoU of the boxes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from training.targets import Maps

SIDES = 3.0  # weight of the boxes beside the heat


def loss_of(heat: Tensor, sides: Tensor, maps: Maps) -> tuple[Tensor, Tensor]:
    """Return the loss of the heat and that of the boxes, each about one an object at worst.

    Args:
        heat: (B, C, h, w) logits.
        sides: (B, 4, h, w) pixels.
        maps: the answer.
    """
    return _heat_loss(heat, maps), SIDES * _sides_loss(sides, maps)


def _heat_loss(logits: Tensor, maps: Maps) -> Tensor:
    """Return the focal loss; the nearer to a middle, the less it counts as empty.

    Source: Law and Deng, "CornerNet", arXiv 1808.01244, equation 1.
    """
    middle = maps.heat == 1
    said = torch.sigmoid(logits)
    hit = (1 - said) ** 2 * -functional.logsigmoid(logits)
    miss = (1 - maps.heat) ** 4 * said**2 * -functional.logsigmoid(-logits)
    each = torch.where(middle, hit, miss * ~maps.ignored[:, None])
    return each.sum() / middle.sum().clamp(min=1)


def _sides_loss(sides: Tensor, maps: Maps) -> Tensor:
    """Return 1 less the generalised IoU, where boxes are.

    Source: Rezatofighi et al., arXiv 1902.09630.
    """
    image, row, column = maps.weight.nonzero(as_tuple=True)
    weight = maps.weight[image, row, column]
    ours, truth = (_corners(each[image, :, row, column]) for each in (sides, maps.sides))
    both = (torch.minimum(ours[:, 2:], truth[:, 2:]) - torch.maximum(ours[:, :2], truth[:, :2])).clamp(min=0)
    hull = torch.maximum(ours[:, 2:], truth[:, 2:]) - torch.minimum(ours[:, :2], truth[:, :2])
    shared, hull_area = both.prod(1), hull.prod(1).clamp(min=1e-6)
    union = sum((box[:, 2:] - box[:, :2]).prod(1) for box in (ours, truth)) - shared
    gain = shared / union.clamp(min=1e-6) - (hull_area - union) / hull_area
    return ((1 - gain) * weight).sum() / weight.sum().clamp(min=1e-6)


def _corners(sides: Tensor) -> Tensor:
    """Return boxes XYXY about the cell's middle."""
    return torch.cat([-sides[:, :2], sides[:, 2:]], 1)
