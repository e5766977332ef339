"""Where a stream's images come from: `Live` has them made, `Replayed` reads them from a finished dataset."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simdata.config import Config
from simdata.config_file import changed
from simdata.dataset import Dataset
from simdata.errors import ConfigError
from simdata.workers.apart import generate_apart
from simdata.workers.channel import Channel
from simdata.workers.cores import usable_cores
from simdata.workers.deal import Deal, Part, Turn, alternate
from simdata.workers.folder import Output, disk_errors
from simdata.workers.live import Crew, show
from simdata.workers.staged import Shown
from simdata.write.receipt import Hole


@dataclass(frozen=True)
class Seat:
    """Who asks for a part: worker `worker` of the `workers` of a data loader, in rank `rank` of `ranks`.

    Attributes:
        local_rank, local_ranks: the same among the ranks of this machine, which share its cores.
    """

    worker: int = 0
    workers: int = 1
    rank: int = 0
    ranks: int = 1
    local_rank: int = 0
    local_ranks: int = 1

    @property
    def part(self) -> Part:
        """What it shows: a rank's scenes are the same for any number of workers."""
        return Part(self.worker * self.ranks + self.rank, self.workers * self.ranks)

    def crew(self, children: int | None) -> Crew:
        """Return its children; None is a fair share of the machine."""
        beside = self.workers * self.local_ranks
        return Crew.fitting(children, beside, self.local_rank * self.workers + self.worker)


class Live:
    """Children make what is shown. It pickles to the name of its channel; the original ends what it began.

    Args:
        config: what to make.
        deal: what to show of it.
        children: a seat's; None is a fair share of the machine.
        record: folder of a dataset that takes the scenes.

    Raises:
        ConfigError, RenderError: the config cannot be made here.
        ConfigError: `record` holds something else, or a whole dataset, or not all that the deal shows.
    """

    def __init__(
        self, config: Config, deal: Deal, children: int | None = None, record: Path | None = None
    ) -> None:
        if children is not None and children < 1:
            raise ConfigError(f"{children} children; at least 1 is needed")
        self.deal, self.children = deal, children
        self.config: Config | None = config
        self.recording = None if record is None else _Recording(config, deal, record)
        self.channel = Channel.open(config, record)
        plan = self.channel.plan(self.channel.edition())
        self.categories, self.notes = list(plan.categories), plan.notes

    def show(self, epoch: int, seat: Seat = Seat()) -> Generator[Shown]:
        """Show a seat's part of an epoch."""
        if self.recording and epoch:
            raise ConfigError("a recording is of epoch 0 alone; replay= shows it again, epoch after epoch")
        crew = seat.crew(self.children)
        return show(self.channel, self.deal, epoch, crew, seat.part, bool(self.recording))

    def take_epoch(self, round_name: str, worker: int) -> int:
        """Return the epoch of an iteration that begins now; see `Channel.take_epoch`."""
        return self.channel.take_epoch(round_name, worker)

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration show this epoch."""
        self.channel.set_epoch(epoch)

    def update(self, change: Config | Mapping[str, Any]) -> None:
        """Change the config; scenes that are begun from now on follow.

        Args:
            change: the new config, or some of its values: {"builder.objects.count": 20}.

        Raises:
            ConfigError: it cannot be made, or the stream would not be the same any more.
        """
        if self.config is None:
            raise ConfigError("only the dataset itself is updated, not a worker's copy")
        if self.recording:
            raise ConfigError("a recorded dataset has one config; update a stream that is not recorded")
        new = change if isinstance(change, Config) else changed(self.config, change)
        for name in ("seed", "dataset"):
            old, now = getattr(self.config, name), getattr(new, name)
            if old != now:
                raise ConfigError(f"update changes {name} from {old} to {now}; begin another stream for that")
        if new.category_names() != self.categories:
            raise ConfigError(
                f"update changes the categories from {self.categories} to {new.category_names()}; labels "
                "would change their meaning: begin another stream for that"
            )
        self.channel.publish(new)
        self.config = new

    def holes(self) -> tuple[Hole, ...]:
        """Return the scenes that failed so far, in all workers."""
        return self.channel.holes()

    def finish(self) -> None:
        """Make what the recorded dataset lacks, and complete it.

        Raises:
            ConfigError: nothing is recorded here.
        """
        if not isinstance(self.recording, _Recording):
            raise ConfigError("nothing is recorded here; give record=FOLDER to the stream")
        self.recording.finish(self.children or usable_cores())

    def close(self) -> None:
        """End what runs in this process and remove the stream's files."""
        self.channel.close()

    def __getstate__(self) -> dict[str, Any]:
        """Send a loader's worker what it needs."""
        return self.__dict__ | {"config": None, "recording": bool(self.recording)}


class _Recording:
    """A dataset's folder, ours until it is finished; `simdata generate` finishes it, too."""

    def __init__(self, config: Config, deal: Deal, out: Path) -> None:
        self._config, self._output = config, Output(Path(out).absolute())
        most = deal.each * deal.scenes_among(config.dataset.scenes)
        if deal.max_items is None or deal.max_items > most:
            raise ConfigError(
                f"record= needs max_items, at most {most:,} with dataset.scenes: {config.dataset.scenes:,}, "
                f"not {deal.max_items}"
            )
        with disk_errors(self._output.path, ConfigError):
            self._output.check_ours()
        if self._output.finished:
            raise ConfigError(f"{self._output.path} is whole already; replay= shows it")
        self._lock = ExitStack()
        self._lock.enter_context(self._output.locked())

    def finish(self, workers: int) -> None:
        """Let a run take over."""
        self._lock.close()
        if not self._output.finished:
            generate_apart(self._config, self._output.path, workers)


class Replayed:
    """A finished dataset, dealt as its stream was; nothing is made, and every epoch is the first one.

    Args:
        dataset: to be shown.
        split, max_items, spread: of the deal; by default all of the split.
    """

    recording = None

    def __init__(self, dataset: Dataset, split: str | None, max_items: int | None, spread: int) -> None:
        whole = Deal(dataset.config.dataset, split, None, spread)
        most = whole.each * whole.scenes_among(dataset.config.dataset.scenes)
        if max_items is not None and max_items > most:
            raise ConfigError(f"{dataset.path} has {most} images to replay, not {max_items}")
        self.deal = Deal(dataset.config.dataset, split, max_items or most, spread)
        self.dataset, self.categories, self.notes = dataset, dataset.categories, ()
        self._missing = {hole.scene for hole in self.holes()}

    def show(self, epoch: int, seat: Seat = Seat()) -> Generator[Shown]:
        """Show a seat's part."""
        turns = self.deal.turns(0, seat.part)
        return alternate((self._images(turn) for turn in turns), self.deal.spread)

    def take_epoch(self, round_name: str, worker: int) -> int:
        """Return 0: every epoch is the first one."""
        return 0

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: every epoch is the first one."""

    def update(self, change: Config | Mapping[str, Any]) -> None:
        """Refuse: pictures that are made already do not change.

        Raises:
            ConfigError: always.
        """
        raise ConfigError(f"{self.dataset.path} is replayed; only a live stream can be updated")

    def holes(self) -> tuple[Hole, ...]:
        """Return the scenes that the dataset lacks."""
        return tuple(Hole.model_validate(hole) for hole in self.dataset.manifest["holes"])

    def finish(self) -> None:
        """Do nothing: it is finished."""

    def close(self) -> None:
        """Do nothing: nothing runs."""

    def _images(self, turn: Turn) -> Iterator[Shown]:
        """Read the images of a scene; none if it is a hole."""
        first = turn.scene * self.deal.each + 1
        if turn.scene in self._missing:
            return
        for image_id in range(first, first + turn.images):
            record = self.dataset.by_id(image_id)
            yield Shown(record.image(), record.target())
