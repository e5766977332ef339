"""`Deal`: which images a stream shows, in which order, and who makes them. Numbers alone: anybody may ask."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import count, islice
from typing import NamedTuple, TypeVar

from simdata.config import DatasetConfig, split_counts, split_of
from simdata.errors import ConfigError

# Epoch e begins at scene e * EPOCH_SCENES: no config has more, so no epoch meets the scenes of another, and
# epoch 0 shows what `generate` writes.
EPOCH_SCENES = 10_000_000

T = TypeVar("T")


class Turn(NamedTuple):
    """A scene, and how many of its images are shown."""

    scene: int
    images: int


@dataclass(frozen=True)
class Part:
    """One of some parts that together show an epoch: a rank's, or a data loader worker's of a rank.

    Attributes:
        number: from 0.
        of: how many parts there are.
    """

    number: int = 0
    of: int = 1


@dataclass(frozen=True)
class Deal:
    """Image i of an epoch is image i % n of its (i // n)-th scene; part p of P takes every P-th scene.

    Attributes:
        dataset: looks and views (n is their product), and the splits.
        split: only the scenes of this split; None for all.
        max_items: images an epoch, all parts together; the last scene may be cut. None: the epoch never ends.
        spread: a part deals the images of so many consecutive scenes of its own alternately, so that a batch
            does not show one place.

    Raises:
        ConfigError: no such split, or more images than an epoch has.
    """

    dataset: DatasetConfig
    split: str | None = "train"
    max_items: int | None = None
    spread: int = 4

    def __post_init__(self) -> None:
        splits = self.dataset.splits
        if self.split is not None and not splits.get(self.split):
            names = ", ".join(name for name, share in splits.items() if share)
            raise ConfigError(f"no scene is of split {self.split!r}; the config's are: {names}; None is all")
        if self.spread < 1:
            raise ConfigError(f"spread {self.spread}; at least 1 scene is shown at a time")
        most = self.each * self.scenes_among(EPOCH_SCENES)
        if self.max_items is not None and not 1 <= self.max_items <= most:
            raise ConfigError(f"max_items {self.max_items}; an epoch has 1 to {most:,} images")

    @property
    def each(self) -> int:
        """Images a scene."""
        return self.dataset.looks_per_layout * self.dataset.views

    def scenes_among(self, scenes: int) -> int:
        """Return how many of the first so many scenes are of the split."""
        return scenes if self.split is None else split_counts(self.dataset.splits, scenes)[self.split]

    @property
    def scenes(self) -> int | None:
        """Scenes an epoch, all parts together; None where it never ends."""
        return None if self.max_items is None else -(-self.max_items // self.each)

    def turns(self, epoch: int, part: Part = Part()) -> Iterator[Turn]:
        """List the scenes of a part of an epoch."""
        numbers = (n for n in count(epoch * EPOCH_SCENES) if self._shows(n))
        for place, number in enumerate(islice(numbers, self.scenes)):
            if place % part.of == part.number:
                left = self.each if self.max_items is None else self.max_items - place * self.each
                yield Turn(number, min(self.each, left))

    def items(self, part: Part) -> int:
        """Return how many images of an epoch that ends a part shows."""
        assert self.scenes is not None and self.max_items is not None
        turns = len(range(part.number, self.scenes, part.of))
        has_last = (self.scenes - 1) % part.of == part.number
        return turns * self.each - has_last * (self.scenes * self.each - self.max_items)

    def _shows(self, scene: int) -> bool:
        return self.split is None or split_of(self.dataset.splits, scene) == self.split


def alternate(scenes: Iterable[Iterator[T]], spread: int) -> Generator[T]:
    """Take images of `spread` scenes in turn until all are shown, then of the next ones.

    The first image of each is taken as soon as that scene is there.
    """
    scenes = iter(scenes)
    while True:
        group = []
        for images in islice(scenes, spread):
            group.append(images)
            yield from islice(images, 1)
        if not group:
            return
        while group:
            group = yield from _each_once(group)


def _each_once(group: list[Iterator[T]]) -> Generator[T, None, list[Iterator[T]]]:
    """Take an image of each; return those that had one."""
    left = []
    for images in group:
        for image in islice(images, 1):
            yield image
            left.append(images)
    return left
