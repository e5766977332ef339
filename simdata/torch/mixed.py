"""`MixedDataset`: real and synthetic images in batches of one fixed make-up."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack
from functools import lru_cache
from itertools import islice
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset

from simdata.errors import ConfigError
from simdata.rng import Stream
from simdata.torch.item import Item
from simdata.torch.part import Part, part_of, rank_of
from simdata.torch.shares import counts, exact

_Take = Callable[[int], Item]  # gives the item at a place, from 0, of a source's order in this epoch

_MOST_WORKERS = 256  # of one loader: so many epochs are counted


class MixedDataset(IterableDataset[Any]):
    """Items of several datasets; every batch has its share of each, every target its "source", from 0.

        mixed = MixedDataset([(real, 0.25), (synthetic, 0.75)], batch_size=8)
        loader = DataLoader(mixed, batch_size=8, num_workers=2, collate_fn=collate)

    A batch of 10 at weights 1 to 2 has 3 or 4 of the first source, in turn so that the ratio is exact over
    time. Map-style sources are shuffled anew each epoch and used up before anything comes again; ranks and
    workers deal out one order, so an epoch's batches are the same however many there are. Iterable sources
    share themselves out, as `StreamDataset` does, and begin again when they end. Each `iter` is the next
    epoch, unless `set_epoch` says otherwise.

    Models trained on synthetic data alone drift from the real world, the more so where the data are tuned by
    such models; some real data every time hold them. So a mix with less than `min_real` of it is refused:
    where no source is meant to be real, say `min_real=0`.
    Source: Alemohammad et al., "Self-Consuming Generative Models Go MAD", arXiv 2307.01850.

    Args:
        sources: datasets of (image, target), each with its weight; weights need not add up to 1.
        batch_size: of the loader, too.
        seed: of the order.
        epoch_items: items an epoch, over all ranks, rounded up to whole batches for each; None is the first
            source once through.
        real: which sources are real, by place.
        min_real: the least share of real items.
        rank, ranks: of this process in a distributed training; None asks torch.distributed, then the
            environment.

    Raises:
        ConfigError: weights, sizes or places that cannot be, too small a share of real items, sources whose
            labels mean different things, or (while iterating) a source without items.
    """

    def __init__(
        self,
        sources: Sequence[tuple[Dataset[Any], float]],
        *,
        batch_size: int,
        seed: int = 0,
        epoch_items: int | None = None,
        real: Sequence[int] = (0,),
        min_real: float = 0.1,
        rank: int | None = None,
        ranks: int | None = None,
    ) -> None:
        self.sources = [source for source, _ in sources]
        self.shares = exact([weight for _, weight in sources])
        self.batch_size, self.seed = batch_size, seed
        self._rank = rank_of(rank, ranks)
        _check_real([float(share) for share in self.shares], real, min_real)
        _check_labels(self.sources)
        self._batches = self._batches_of(epoch_items)
        # The next epoch of each worker, in memory that they share with the process that made the dataset.
        self._epochs = torch.zeros(_MOST_WORKERS, dtype=torch.int64).share_memory_()

    @property
    def categories(self) -> list[str] | None:
        """Names of the labels; label = index + 1. None where no source tells."""
        return next((names for names in map(_categories, self.sources) if names is not None), None)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch the next `iter` is, to workers that persist and to sources, too."""
        self._epochs.fill_(epoch)
        for source in self.sources:
            if hasattr(source, "set_epoch"):
                source.set_epoch(epoch)

    def __len__(self) -> int:
        """Items an epoch of this rank."""
        return self._batches // self._rank.count * self.batch_size

    def __iter__(self) -> Iterator[Item]:
        part = part_of(self._rank)
        worker = part.number // self._rank.count
        epoch = int(self._epochs[worker])
        self._epochs[worker] += 1
        return self._items(epoch, part)

    def _items(self, epoch: int, part: Part) -> Iterator[Item]:
        """Give the batches of a part. The n-th item of a source is the same whoever gives it."""
        stream = Stream(self.seed).child("mixed", epoch)
        make_up = counts(self.shares, self.batch_size, epoch * self._batches)
        begun = np.zeros(len(self.sources), np.int64)
        with ExitStack() as stack:
            takes = [_take(one, stream.child(i), stack) for i, one in enumerate(self.sources)]
            for batch, count in enumerate(islice(make_up, self._batches)):
                if batch % part.count == part.number:
                    yield from self._batch(takes, begun, count, stream.child("batch", batch))
                begun += count

    def _batch(
        self, takes: Sequence[_Take], begun: np.ndarray, count: Sequence[int], stream: Stream
    ) -> Iterator[Item]:
        """Give one batch, its sources in any order."""
        places = [iter(range(first, first + more)) for first, more in zip(begun.tolist(), count, strict=True)]
        for source in stream.generator().permutation(np.repeat(np.arange(len(count)), count)).tolist():
            image, target = takes[source](next(places[source]))
            yield image, {**target, "source": source}

    def _batches_of(self, epoch_items: int | None) -> int:
        """Return the batches of an epoch, as many for each rank."""
        if epoch_items is None:
            if isinstance(self.sources[0], IterableDataset):
                raise ConfigError(
                    "the first source has no end of its own; say how long an epoch is: epoch_items=…"
                )
            epoch_items = -int(-len(self.sources[0]) // self.shares[0])  # type: ignore[arg-type]
        if epoch_items < 1 or self.batch_size < 1:
            raise ConfigError(
                f"{epoch_items} items an epoch in batches of {self.batch_size}: both must be 1 or more"
            )
        step = self.batch_size * self._rank.count
        return -(-epoch_items // step) * self._rank.count


def _take(source: Any, stream: Stream, stack: ExitStack) -> _Take:
    """Return what gives the items of a source; whatever it opens is closed with the stack."""
    if not isinstance(source, IterableDataset):
        return _shuffled(source, stream)
    items = _repeated(source)
    stack.callback(items.close)
    return lambda place: next(items)


def _shuffled(source: Any, stream: Stream) -> _Take:
    """Give a map-style source in any order, and in another one each time that it is used up."""
    length = len(source)
    if not length:
        raise ConfigError(f"a source of the mix is empty: {source!r}")

    @lru_cache(1)
    def order(turn: int) -> np.ndarray:
        return stream.child(turn).generator().permutation(length)

    def take(place: int) -> Item:
        turn, place = divmod(place, length)
        return source[int(order(turn)[place])]

    return take


def _repeated(source: Any) -> Generator[Item, None, None]:
    """Give an iterable source again and again."""
    while True:
        items, empty = iter(source), True
        try:
            for item in items:
                empty = False
                yield item
        finally:
            getattr(items, "close", lambda: None)()
        if empty:
            raise ConfigError(f"a source of the mix is empty, for this rank and worker at least: {source!r}")


def _check_real(shares: Sequence[float], real: Sequence[int], least: float) -> None:
    """Refuse a mix with too little that is real."""
    if not set(real) <= set(range(len(shares))):
        raise ConfigError(f"real={list(real)}: there are {len(shares)} sources, counted from 0")
    share = sum(shares[place] for place in set(real))
    if share < least - 1e-9:
        raise ConfigError(
            f"{share:.1%} of the mix is real, which is less than min_real={least:g}: what learns from "
            "synthetic data alone drifts from the real world; give real data more weight, or lower "
            "min_real knowingly"
        )


def _check_labels(sources: Sequence[Any]) -> None:
    """Refuse sources that mean different things by a label."""
    named = [(place, names) for place, names in enumerate(map(_categories, sources)) if names is not None]
    for place, names in named:
        if names != named[0][1]:
            raise ConfigError(
                f"labels differ: source {named[0][0]} has {named[0][1]}, source {place} has {names}; "
                "for files of your own: CocoFiles(…, categories=synthetic.categories)"
            )


def _categories(source: Any) -> list[str] | None:
    names = getattr(source, "categories", None)
    return None if names is None else list(names)
