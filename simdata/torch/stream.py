"""`StreamDataset`: fresh labelled images for as long as a training asks, or those of a recording again."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch.utils.data import IterableDataset, get_worker_info

from simdata.api import as_config
from simdata.config import Config
from simdata.dataset import Dataset
from simdata.errors import ConfigError
from simdata.torch.item import Item, item_of
from simdata.torch.part import rank_of
from simdata.workers.deal import Deal
from simdata.workers.source import Live, Replayed, Seat
from simdata.write.receipt import Hole


class StreamDataset(IterableDataset[Item]):
    """Images and targets that supervised children make while a model trains on them.

    Image i of epoch e depends on (seed, e, i) alone: any number of loader workers and ranks together show the
    same images, and epoch 0 those that `generate` writes with this seed. Each iteration is the next epoch.
    Nothing is rendered in this process or in a loader's workers, so both may fork.

    A child that crashes is replaced. A scene that fails again is left out, with a warning, until there are
    more than `run.hole_budget` allows. Children are gone when an iteration ends, however it ends.

    Args:
        config: a `Config`, the name of a builder, or a YAML file; `dataset.scenes` matters to `record` alone.
        seed: replaces the config's.
        max_items: images an epoch, all ranks together; None for one epoch that never ends.
        split: only scenes of this split; None for all.
        children: of each loader worker; None shares out the cores.
        spread: images of so many scenes come alternately, so that a batch does not show one place.
        masks: decode the masks; leave them out where boxes are enough.
        transform: called with image and target as `simdata.torch.item_of` gives them; returns both. The
            target has "config", too: 0, and one more after each `update`.
        record: folder in which epoch 0 becomes a normal dataset: what `generate` makes of this config there;
            see `finish`. For one rank.
        replay: a finished dataset to be shown again as its stream was, without any child. `config` may be
            None then.
        rank, ranks: whose share of each epoch this is; by default as `torch.distributed` says, or the
            variables RANK and WORLD_SIZE. Ranks share out scenes, so they are even where max_items is a
            multiple of the images of `ranks` scenes, and no scene is left out.

    Raises:
        ConfigError: a mistake in the config, no such split, or a folder that holds something else.
        RenderError: the renderer does not work here.
    """

    def __init__(
        self,
        config: Config | str | Path | None,
        *,
        seed: int | None = None,
        max_items: int | None = None,
        split: str | None = "train",
        children: int | None = None,
        spread: int = 4,
        masks: bool = True,
        transform: Callable[..., Any] | None = None,
        record: str | Path | None = None,
        replay: str | Path | None = None,
        rank: int | None = None,
        ranks: int | None = None,
    ) -> None:
        self.masks, self.transform = masks, transform
        self._seat = _seat(rank, ranks)
        self._rounds = 0
        self._source: Live | Replayed
        if replay is not None:
            self._source = _replayed(replay, config, seed, split, max_items, spread, record)
        else:
            self._source = self._live(config, seed, split, max_items, spread, children, record)
        for note in self._source.notes:
            warnings.warn(note, stacklevel=2)
        self._warn_of_uneven_ranks()

    @property
    def categories(self) -> list[str]:
        """Names of the labels; label = index + 1."""
        return self._source.categories

    @property
    def holes(self) -> tuple[Hole, ...]:
        """The scenes that were left out so far, in all loader workers, and why."""
        return self._source.holes()

    def __len__(self) -> int:
        """Return how many images of an epoch this rank shows, if no scene is left out.

        Raises:
            TypeError: the epoch never ends.
        """
        if self._source.deal.max_items is None:
            raise TypeError("a stream without max_items has no length")
        return self._source.deal.items(replace(self._seat, worker=0, workers=1).part)

    def __iter__(self) -> Iterator[Item]:
        info = get_worker_info()
        if info is None:
            seat, round_name = self._seat, ""
        else:  # workers of one loader that begin together share a seed, and have begun equally often
            seat = replace(self._seat, worker=info.id, workers=info.num_workers)
            round_name = f"{info.seed - info.id}.{self._rounds}"
        self._rounds += 1
        epoch = self._source.take_epoch(round_name, seat.worker)
        return self._items(self._source.show(epoch, seat), alone=info is None)

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration show this epoch, and those after it the following ones.

        Raises:
            ConfigError: it is negative.
        """
        self._source.set_epoch(epoch)

    def update(self, change: Config | Mapping[str, Any]) -> None:
        """Change the config while all goes on; scenes that are not yet begun follow, in every loader worker.

        Args:
            change: the new config, or some of its values: {"builder.objects.count": 20}.

        Raises:
            ConfigError: it cannot be made, changes the categories, the seed or `dataset`, or the stream is
                recorded or replayed.
        """
        self._source.update(change)

    def finish(self) -> None:
        """Complete the recorded dataset: make what was not shown, such as other splits, and commit.

        An iteration in this very process does so when it ends; after a loader with workers, call it yourself.
        A folder that was never finished is a run that was cut short: `simdata generate` goes on with it.

        Raises:
            ConfigError: nothing is recorded.
        """
        self._source.finish()

    def close(self) -> None:
        """Remove the stream's files now, not when the dataset is collected or the program ends."""
        self._source.close()

    def _items(self, images: Generator[Any], alone: bool) -> Generator[Item]:
        with closing(images):
            for shown in images:
                image, target = item_of(shown.image, shown.target, masks=self.masks)
                target["config"] = shown.edition
                yield (image, target) if self.transform is None else self.transform(image, target)
        if alone and self._source.recording:
            self.finish()

    def _live(
        self,
        config: Config | str | Path | None,
        seed: int | None,
        split: str | None,
        max_items: int | None,
        spread: int,
        children: int | None,
        record: str | Path | None,
    ) -> Live:
        if config is None:
            raise ConfigError("a stream needs a config, or replay=FOLDER")
        if record is not None and self._seat.ranks > 1:
            raise ConfigError(
                f"record= is for one rank, not {self._seat.ranks}: use `simdata generate` there"
            )
        known = as_config(config, seed)
        deal = Deal(known.dataset, split, max_items, spread)
        return Live(known, deal, children, None if record is None else Path(record))

    def _warn_of_uneven_ranks(self) -> None:
        deal, ranks = self._source.deal, self._seat.ranks
        if ranks == 1 or deal.max_items is None:
            return
        round_ = deal.each * ranks
        if deal.max_items % round_:
            even = max(deal.max_items // round_, 1) * round_
            warnings.warn(
                f"{ranks} ranks share {deal.max_items} images unevenly, and those with more wait for ever at "
                f"the end of an epoch; max_items={even} is even (a multiple of {round_})",
                stacklevel=3,
            )


def _replayed(
    replay: str | Path,
    config: Config | str | Path | None,
    seed: int | None,
    split: str | None,
    max_items: int | None,
    spread: int,
    record: str | Path | None,
) -> Replayed:
    if record is not None:
        raise ConfigError("record= and replay= exclude each other")
    dataset = Dataset(replay)
    asked = seed if config is None else as_config(config, seed).seed
    if asked is not None and asked != dataset.config.seed:
        raise ConfigError(f"{dataset.path} was made with seed {dataset.config.seed}, not {asked}")
    return Replayed(dataset, split, max_items, spread)


def _seat(rank: int | None, ranks: int | None) -> Seat:
    """Say which rank this process is, and who shares its machine.

    Source: PyTorch, "torchrun": LOCAL_RANK, LOCAL_WORLD_SIZE.
    """
    part, local_ranks = rank_of(rank, ranks), int(os.environ.get("LOCAL_WORLD_SIZE") or 1)
    local_rank = int(os.environ.get("LOCAL_RANK") or part.number % local_ranks)
    return Seat(rank=part.number, ranks=part.count, local_rank=local_rank, local_ranks=local_ranks)
