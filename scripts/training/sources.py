"""What a training learns from and is tested on: files, a live stream, anybody's COCO, or a mix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset, IterableDataset, Subset

from simdata.errors import ConfigError
from simdata.torch import CocoDataset, Item

FIFTH = 5  # of somebody's images every so many-th is kept for the test, where no other test is told
HELD = 1 << 30  # bytes of pictures that are kept decoded


@dataclass(frozen=True, eq=False)
class Sources:
    """What to learn from, what to test on (None: nothing), and the names of the labels."""

    train: Dataset[Any]
    test: Dataset[Any] | None
    names: list[str]


class Remembered(Dataset[Any]):
    """A map-style dataset whose items are read once: small ones are seen many times.

    Args:
        dataset: of items that nobody changes.
    """

    def __init__(self, dataset: Dataset[Any]) -> None:
        self.dataset = dataset
        self._items: dict[int, Item] = {}

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Item:
        if index not in self._items:
            self._items[index] = self.dataset[index]
        return self._items[index]


class Mislabelled(Dataset[Any]):
    """A map-style dataset in which every image has the labels of another: nothing can be learned from it.

    Args:
        dataset: of images of one size.
        seed: of who gets whose.
    """

    def __init__(self, dataset: Dataset[Any], seed: int = 0) -> None:
        self.dataset = dataset
        order = torch.randperm(len(dataset), generator=torch.Generator().manual_seed(seed))
        self._other = dict(zip(order.tolist(), order.roll(1).tolist(), strict=True))

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Item:
        return self.dataset[index][0], self.dataset[self._other[index]][1]


def from_files(folder: str | Path, test: str | Path | None = None) -> Sources:
    """Learn from a finished dataset's split "train", and test on its "val", or on all of another dataset.

    Raises:
        ConfigError: no such dataset, or another whose labels have other names.
    """
    train = CocoDataset(folder, "train", masks=False)
    if test is None:
        splits = train.dataset.splits
        held_out = CocoDataset(folder, "val", masks=False) if "val" in splits else None
    else:
        held_out = CocoDataset(test, masks=False)
        if held_out.categories != train.categories:
            raise ConfigError(f"{test} has the labels {held_out.categories}, {folder} {train.categories}")
    return Sources(remembered(train), held_out and remembered(held_out), train.categories)


def from_live(config: str, *, seed: int, test: str | Path | None = None, images: int = 100) -> Sources:
    """Learn from a stream that is rendered meanwhile; test on another dataset, or on `images` of its "val".

    Args:
        config: a config's name or file.
        seed: of the stream.
        test: folder of a dataset.
        images: to test on, where no dataset is told.
    """
    from simdata.torch import StreamDataset

    train = StreamDataset(config, seed=seed, masks=False)
    if test is not None:
        return Sources(train, remembered(CocoDataset(test, masks=False)), train.categories)
    held_out = StreamDataset(config, seed=seed, split="val", max_items=images, masks=False)
    return Sources(train, Listed(list(held_out)), train.categories)


def from_coco(
    images: str | Path, annotations: str | Path, names: Sequence[str] | None = None
) -> tuple[Dataset[Any], Dataset[Any], list[str]]:
    """Split somebody's COCO folder: every fifth image is for the test.

    Images that follow each other often show the same thing: where that is so, bring a test of your own.

    Args:
        images: the folder that its file names start from.
        annotations: the JSON file.
        names: of the labels that its categories are to have; None takes its own.
    """
    from simdata.torch import CocoFiles

    files = CocoFiles(images, annotations, categories=names, masks=False)
    kept = remembered(files)
    place = range(len(files))
    train = Subset(kept, [i for i in place if i % FIFTH])
    return train, Subset(kept, [i for i in place if not i % FIFTH]), files.categories


def mixed(real: Dataset[Any], synthetic: Dataset[Any], share: float, batch: int, seed: int) -> Dataset[Any]:
    """Mix real images into every batch.

    Args:
        share: of real ones.
        batch: images a batch.
        seed: of their order.
    """
    from simdata.torch import MixedDataset

    return MixedDataset([(real, share), (synthetic, 1 - share)], batch_size=batch, seed=seed)


def remembered(dataset: Dataset[Any]) -> Dataset[Any]:
    """Keep the items of a small map-style dataset in memory; return any other as it is."""
    if isinstance(dataset, IterableDataset) or not len(dataset):
        return dataset
    bytes_each = dataset[0][0].numel()
    return Remembered(dataset) if bytes_each * len(dataset) <= HELD else dataset


class Listed(Dataset[Any]):
    """A list of items as a map-style dataset."""

    def __init__(self, items: list[Item]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> Item:
        return self.items[index]
