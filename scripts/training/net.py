"""`Detector`: a small net that tells, at every fourth pixel, what is centred there and how large.

1.8 million parameters; half a billion multiplications for 256 x 192 pixels.

Source: objects as points, Zhou et al., arXiv 1904.07850; boxes around them, Liu et al., arXiv 1909.00700.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDE, COARSEST = 4, 32  # pixels a cell of the output, and of the coarsest level
WIDTHS = (32, 64, 128, 192)  # channels at strides 4, 8, 16, 32
NECK = 48  # channels of what is handed down to stride 4
DEPTHS = (1, 2, 2, 1)  # residual blocks
UNIT = 16.0  # pixels; exp(0) of them from a cell's middle to a side of its box
RARE = 0.02  # what a cell says of each class at first, so that empty ones do not drown the start


class Detector(nn.Module):
    """Pictures to heat maps and boxes.

    Args:
        classes: how many.
    """

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(_conv(3, 16, stride=2), _conv(16, WIDTHS[0], stride=2))
        before = (WIDTHS[0], *WIDTHS)
        self.stages = nn.ModuleList(
            nn.Sequential(
                *([_conv(before[i], width, stride=2)] if i else []),
                *(_Block(width) for _ in range(DEPTHS[i])),
            )
            for i, width in enumerate(WIDTHS)
        )
        self.across = nn.ModuleList(_conv(width, NECK, kernel=1) for width in WIDTHS)
        self.smooth = nn.ModuleList(_conv(NECK, NECK) for _ in WIDTHS[:-1])
        self.heat, self.sides = nn.Conv2d(NECK, classes, 1), nn.Conv2d(NECK, 4, 1)
        nn.init.normal_(self.heat.weight, std=0.01)
        nn.init.constant_(self.heat.bias, -math.log(1 / RARE - 1))
        nn.init.normal_(self.sides.weight, std=0.01)
        nn.init.zeros_(self.sides.bias)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Look at (B, 3, H, W) uint8 images, H and W multiples of 32.

        Returns:
            (B, C, H/4, W/4) logits of each class being centred there, and (B, 4, H/4, W/4) pixels from the
            middle of each cell to the left, top, right and bottom of the box around it.
        """
        values = self.stem((images.float() - 127.5) / 64)
        levels = []
        for stage in self.stages:
            values = stage(values)
            levels.append(values)
        down = self.across[-1](levels[-1])
        for i in range(len(levels) - 2, -1, -1):
            wider = functional.interpolate(down, scale_factor=2, mode="nearest")
            down = self.smooth[i](self.across[i](levels[i]) + wider)
        return self.heat(down), UNIT * torch.exp(self.sides(down).clamp(-6, 4))


class _Block(nn.Module):
    """Two convolutions that add to what comes in."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first, self.second = _conv(width, width), _conv(width, width, act=False)

    def forward(self, values: Tensor) -> Tensor:
        return functional.relu(values + self.second(self.first(values)))


def _conv(come: int, go: int, *, kernel: int = 3, stride: int = 1, act: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = [
        nn.Conv2d(come, go, kernel, stride, kernel // 2, bias=False),
        nn.BatchNorm2d(go),
    ]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if act else []))
