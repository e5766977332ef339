"""Training: steps, a schedule, and the mean of the latest weights, which is the net that is kept."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from training.batches import Batch, halved, varied
from training.loss import loss_of
from training.net import Detector
from training.targets import encode

RATE, DECAY = 4e-3, 0.02  # of AdamW
# Share of the training on pictures of half the size, and what a step costs there, of a whole one's.
SMALL, SMALL_COST = 0.4, 0.3
WARM, COLD = 0.05, 0.01  # share of the training until the full rate; share of the rate at the end
KEPT = 0.99  # of the mean of weights, a step; less at first
CLIP = 10.0  # norm of the gradient


@dataclass(frozen=True)
class Budget:
    """When training ends: after so many steps, or seconds, whichever is given.

    A step on pictures of half the size counts as `SMALL_COST` steps.
    """

    steps: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        if (self.steps is None) == (self.seconds is None):
            raise ValueError("a budget is either steps or seconds")

    def spent(self, steps: float, seconds: float) -> float:
        """Return which share of it is spent."""
        return steps / self.steps if self.steps is not None else seconds / (self.seconds or 1e-9)


@dataclass
class History:
    """What happened: the loss of heat and of boxes, step by step, and what it took.

    Seconds are the wall's, `cpu` those of all threads of this process.
    """

    heat: list[float] = field(default_factory=list)
    sides: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0

    def figures(self) -> dict[str, Any]:
        """Return what it took, and each loss in the first and the last twentieth."""
        steps, part = len(self.heat), max(1, len(self.heat) // 20)
        return {
            "steps": steps,
            "seconds": round(self.seconds, 1),
            "cpu_seconds": round(self.cpu, 1),
            "loss": {
                name: [round(sum(losses) / part, 4) for losses in (values[:part], values[-part:])]
                for name, values in (("heat", self.heat), ("sides", self.sides))
            },
        }


def train(
    batches: Iterator[Batch],
    classes: int,
    budget: Budget,
    *,
    seed: int = 0,
    device: str = "cpu",
    watch: Callable[[History], None] = lambda history: None,
) -> tuple[Detector, History]:
    """Train a net from nothing.

    Args:
        batches: for ever, of pictures whose sides are multiples of 64 pixels.
        classes: how many.
        budget: when to stop; steps give the same net again on the same processor, seconds need not.
        seed: of weights and variations.
        device: "cpu" or "cuda".
        watch: called after every step.

    Returns:
        The net whose weights are the mean of the latest, ready to look; and what happened.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    net = Detector(classes).to(device, memory_format=torch.channels_last)
    kept = copy.deepcopy(net).eval()
    optimizer = torch.optim.AdamW(_groups(net), lr=RATE)
    history, start, spent, steps = History(), time.monotonic(), time.process_time(), 0.0
    for batch in batches:
        share = budget.spent(steps, history.seconds)
        if share >= 1:
            break
        small = share < SMALL
        steps += SMALL_COST if small else 1
        for group in optimizer.param_groups:
            group["lr"] = RATE * rate(share)
        shown = varied(halved(batch) if small else batch, generator)
        heat, sides = _step(net, optimizer, shown, classes, device)
        _follow(kept, net, min(KEPT, (1 + len(history.heat)) / (10 + len(history.heat))))
        history.heat.append(heat)
        history.sides.append(sides)
        history.seconds, history.cpu = time.monotonic() - start, time.process_time() - spent
        watch(history)
    return kept, history


def rate(share: float) -> float:
    """Return the learning rate after some share of the training, over its highest."""
    if share < WARM:
        return (share + 0.002) / (WARM + 0.002)
    return COLD + (1 - COLD) * (1 + math.cos(math.pi * (share - WARM) / (1 - WARM))) / 2


def _step(
    net: Detector, optimizer: torch.optim.Optimizer, batch: Batch, classes: int, device: str
) -> tuple[float, float]:
    """Learn from one batch."""
    maps = encode(batch.targets, classes, batch.images.shape[-2:]).to(device)
    said = net(batch.images.to(device))
    heat, sides = loss_of(*said, maps)
    optimizer.zero_grad(set_to_none=True)
    (heat + sides).backward()
    nn.utils.clip_grad_norm_(net.parameters(), CLIP)
    optimizer.step()
    return heat.item(), sides.item()


def _groups(net: nn.Module) -> list[dict[str, object]]:
    """Return the weights that decay, and those of norms and biases, which do not."""
    weights = [w for w in net.parameters() if w.ndim > 1]
    return [
        {"params": weights, "weight_decay": DECAY},
        {"params": [w for w in net.parameters() if w.ndim <= 1], "weight_decay": 0.0},
    ]


@torch.no_grad()
def _follow(kept: nn.Module, net: nn.Module, share: float) -> None:
    """Move the mean of the weights on; the statistics of norms, too."""
    for mean, now in zip(kept.state_dict().values(), net.state_dict().values(), strict=True):
        if mean.is_floating_point():
            mean.lerp_(now, 1 - share)
        else:
            mean.copy_(now)
