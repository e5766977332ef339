"""Items of any dataset of `simdata.torch`, fitted to one size, turned into batches for ever."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset, IterableDataset

from simdata.errors import ConfigError
from simdata.torch import Item, collate

PAPER = 114  # grey of what a picture leaves free
BRIGHTNESS, TINT, CONTRAST = (
    0.2,
    0.06,
    0.15,
)  # standard deviations of the logs of what colours are multiplied by


@dataclass(frozen=True, eq=False)
class Batch:
    """Pictures of one size.

    Attributes:
        images: (B, 3, H, W) uint8.
        targets: of each, in its pixels.
        scales: by how much each was scaled.
    """

    images: Tensor
    targets: list[dict[str, Any]]
    scales: list[float]


def fitted(items: Sequence[Item], size: tuple[int, int]) -> Batch:
    """Scale pictures down or up until they fit, at the top left.

    Args:
        items: (image, target) each.
        size: height and width, pixels, multiples of 64.
    """
    images = torch.full((len(items), 3, *size), PAPER, dtype=torch.uint8)
    targets, scales = [], []
    for place, (image, target) in enumerate(items):
        high, wide = image.shape[1:]
        scale = min(size[0] / high, size[1] / wide)
        small = (min(round(high * scale), size[0]), min(round(wide * scale), size[1]))
        images[place, :, : small[0], : small[1]] = image if scale == 1 else _resized(image, small)
        targets.append({**target, "boxes": target["boxes"] * scale})
        scales.append(scale)
    return Batch(images, targets, scales)


def _resized(image: Tensor, size: tuple[int, int]) -> Tensor:
    changed = functional.interpolate(image[None].float(), size, mode="bilinear", antialias=True)
    return changed[0].round().byte()


def batches(
    dataset: Dataset[Any], count: int, size: tuple[int, int], *, seed: int = 0, workers: int = 0
) -> Iterator[Batch]:
    """Give batches of a dataset for ever: one that has an order of its own in that, any other shuffled.

    Args:
        dataset: map-style or iterable.
        count: images a batch.
        size: height and width, pixels.
        seed: of the order.
        workers: processes that load.

    Raises:
        ConfigError: nothing is in it.
    """
    generator = torch.Generator().manual_seed(seed)
    own = isinstance(dataset, IterableDataset)
    order = {} if own else {"shuffle": len(dataset) > 0, "drop_last": len(dataset) >= count}
    loader = DataLoader(dataset, count, collate_fn=collate, num_workers=workers, generator=generator, **order)
    while True:
        images = None
        for images, targets in loader:
            yield fitted(list(zip(images, targets, strict=True)), size)
        if images is None:
            raise ConfigError(f"there is no image in {dataset}; is it the right split?")


def halved(batch: Batch) -> Batch:
    """Return pictures of half the size."""
    images = functional.interpolate(batch.images.float(), scale_factor=0.5, mode="area").round().byte()
    targets = [{**target, "boxes": target["boxes"] / 2} for target in batch.targets]
    return Batch(images, targets, [scale / 2 for scale in batch.scales])


def varied(batch: Batch, generator: torch.Generator) -> Batch:
    """Mirror half of the images, and change the colours of each a little."""
    count, wide = len(batch.images), batch.images.shape[-1]
    mirrored = torch.rand(count, generator=generator) < 0.5
    images = torch.where(mirrored[:, None, None, None], batch.images.flip(-1), batch.images)
    targets = [
        {**target, "boxes": _mirrored(target["boxes"], wide)} if flip else target
        for target, flip in zip(batch.targets, mirrored.tolist(), strict=True)
    ]
    gain, tint, contrast = (
        torch.exp(spread * torch.randn(count, channels, 1, 1, generator=generator))
        for spread, channels in ((BRIGHTNESS, 1), (TINT, 3), (CONTRAST, 1))
    )
    mean = images.float().mean((1, 2, 3), keepdim=True)
    changed = ((images - mean) * contrast + mean) * gain * tint
    return replace(batch, images=changed.clamp(0, 255).round().byte(), targets=targets)


def _mirrored(boxes: Tensor, wide: int) -> Tensor:
    left, top, right, bottom = boxes.unbind(1)
    return torch.stack([wide - right, top, wide - left, bottom], 1)
