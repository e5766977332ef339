"""`CocoDataset`: a finished dataset as PyTorch's map-style one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from torch.utils.data import Dataset as TorchDataset

from simdata.dataset import Dataset
from simdata.torch.item import Item, item_of


class CocoDataset(TorchDataset[Any]):
    """Images and targets of a finished dataset; nothing is read before it is asked for.

    It holds eight bytes an image, and sends a loader's workers nothing but its name.

    Args:
        dataset: a `simdata.Dataset`, or its folder.
        split: only the images of this split; None is all of them.
        masks: decode the masks; leave them out where boxes are enough.
        transform: called with image and target as `simdata.torch.item_of` gives them; returns both.

    Raises:
        ConfigError: there is no finished dataset, or no such split.
    """

    def __init__(
        self,
        dataset: Dataset | str | Path,
        split: str | None = None,
        *,
        masks: bool = True,
        transform: Callable[..., Any] | None = None,
    ) -> None:
        self.dataset = dataset if isinstance(dataset, Dataset) else Dataset(dataset, split)
        self.masks, self.transform = masks, transform

    @property
    def categories(self) -> list[str]:
        """Names of the labels; label = index + 1."""
        return self.dataset.categories

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Item:
        record = self.dataset[index]
        image, target = item_of(record.image(), record.target(), masks=self.masks)
        return (image, target) if self.transform is None else self.transform(image, target)
