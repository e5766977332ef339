"""A live stream is an endless run whose scenes go to whoever asks: children stage them, we show and forget.

No pixel crosses a pipe, and whatever crashes is handled as in a run: retried once by the same seed, then left
out, told, and counted against `run.hole_budget`.
"""

from __future__ import annotations

import os
import queue
import shutil
import tempfile
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from simdata.workers.channel import Channel, Edition
from simdata.workers.cores import share_of_cores, usable_cores
from simdata.workers.deal import Deal, Part, Turn, alternate
from simdata.workers.folder import Output, disk_errors
from simdata.workers.shard import Attempt, Note, SceneDone, ShardJob, require_budget
from simdata.workers.staged import Shown, shown
from simdata.workers.supervisor import Limits, Stopped, Supervisor
from simdata.write.files import facts_path
from simdata.write.receipt import Hole

_FORESIGHT = 1000  # scenes among which the hole budget allows holes where an epoch never ends


@dataclass(frozen=True)
class Crew:
    """Who makes the scenes of one part.

    Attributes:
        children: at a time.
        beside: how many such crews this machine has; they share its cores and devices.
        number: which of them this is.
    """

    children: int
    beside: int = 1
    number: int = 0

    @classmethod
    def fitting(cls, children: int | None, beside: int = 1, number: int = 0) -> Crew:
        """Let the crews of a machine keep it busy, unless somebody says how many children each has."""
        return cls(children or max(usable_cores() // beside, 1), beside, number)


def show(
    channel: Channel, deal: Deal, epoch: int, crew: Crew, part: Part, recording: bool = False
) -> Generator[Shown]:
    """Show a part of an epoch. Children are gone when it ends, however it ends.

    Args:
        channel: of the stream.
        deal: what it shows.
        epoch: which one.
        crew: who works.
        part: which part.
        recording: leave scenes where a run finds them.

    Raises:
        HoleBudgetError: too many scenes failed twice.
        IncompleteError: children were killed again and again.
        ConfigError, RenderError, WriteError: what no retry mends.
    """
    losses = _Losses(channel, deal.scenes or _FORESIGHT)
    turns, ahead = deal.turns(epoch, part), crew.children + deal.spread
    kept = Output(Path(channel.edition().out)).recorded if recording else None
    with Staging.open(channel, kept) as staging, closing(live(channel, turns, crew, ahead, staging)) as made:
        yield from alternate((_images(scene, channel, losses, staging) for scene in made), deal.spread)


class Made(NamedTuple):
    """A scene that is staged, or is a hole."""

    turn: Turn
    edition: Edition
    done: SceneDone


@dataclass(frozen=True)
class Staging:
    """Where scenes are between those who make and those who show them.

    Attributes:
        folder: of all.
        kept: whether they stay; else each has a folder of its own, and is removed when it was shown.
    """

    folder: Path
    kept: bool

    @classmethod
    @contextmanager
    def open(cls, channel: Channel, kept: Path | None = None) -> Iterator[Staging]:
        """Make a folder that goes with the block, or take one that stays."""
        if kept is not None:
            yield cls(kept, kept=True)
            return
        folder, owner = Path(tempfile.mkdtemp(dir=channel.staging)), os.getpid()
        try:
            yield cls(folder, kept=False)
        finally:
            if os.getpid() == owner:  # a fork's copy owns nothing
                shutil.rmtree(folder, ignore_errors=True)

    def of(self, scene: int) -> Path:
        """Return the folder of a scene."""
        return self.folder if self.kept else self.folder / str(scene)

    def done(self, scene: int) -> bool:
        """Tell whether a scene was kept by an iteration before, which was cut short."""
        return self.kept and facts_path(self.folder, scene).is_file()

    def drop(self, scene: int) -> None:
        """Remove a scene that was shown, unless it is kept."""
        if not self.kept:
            shutil.rmtree(self.of(scene), ignore_errors=True)


def live(
    channel: Channel, turns: Iterable[Turn], crew: Crew, ahead: int, staging: Staging
) -> Generator[Made]:
    """Yield scenes in the order of their turns, whoever is done first, at most `ahead` before their turn.

    Scenes ahead wait on the disk; when as many wait, the children wait, too.
    """
    tasks: _Tasks = queue.SimpleQueue()
    hands: list[_Hand] = []
    line: deque[Future[Made]] = deque()
    turns, owner = iter(turns), os.getpid()
    try:
        for number in range(crew.children):
            hands.append(_Hand(channel, crew, number, staging, tasks))
        while True:
            for turn in islice(turns, ahead - len(line)):
                line.append(Future())
                tasks.put((turn, line[-1]))
            if not line:
                return
            yield line.popleft().result()
    finally:
        if os.getpid() == owner:  # a fork's copy owns nothing
            _end(hands, tasks)


_Tasks = queue.SimpleQueue[tuple[Turn, "Future[Made]"] | None]
_HANDS: weakref.WeakSet[_Hand] = weakref.WeakSet()


def stop_all(channel: Path) -> None:
    """End all children of a channel that this process has."""
    for hand in [hand for hand in _HANDS if hand.channel.folder == channel]:
        hand.stop()
        hand.thread.join()


def _end(hands: list[_Hand], tasks: _Tasks) -> None:
    for hand in hands:
        hand.stop()
        tasks.put(None)
    for hand in hands:
        hand.thread.join()


class _Hand:
    """A thread with a supervisor; it lives as long as its child, which dies with whoever started it."""

    def __init__(self, channel: Channel, crew: Crew, number: int, staging: Staging, tasks: _Tasks) -> None:
        self.channel, self._crew, self._staging, self._tasks = channel, crew, staging, tasks
        self._place = crew.number * crew.children + number
        self._stopping = False
        self._edition = channel.edition()
        self._supervisor = self._begin()
        # Daemonic, or a program that forgot about the stream would wait for it at its end.
        self.thread = threading.Thread(target=self._work, daemon=True)
        _HANDS.add(self)
        self.thread.start()

    def stop(self) -> None:
        """Kill the child and take no further scene; from any thread."""
        self._stopping = True
        self._supervisor.stop()

    def _begin(self) -> Supervisor:
        edition, crew = self._edition, self._crew
        share = edition.shares[self._place % len(edition.shares)]
        cores = share_of_cores(crew.children * crew.beside)
        return Supervisor(Path(edition.out), Limits(cpu=edition.cpu, cores=cores, environment=share))

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None and not self._stopping:
            turn, future = task
            try:
                future.set_result(self._make(turn))
            except Stopped:
                break
            except BaseException as error:  # noqa: BLE001  (it is raised again where the scene is shown)
                future.set_exception(error)
        self._supervisor.close()

    def _make(self, turn: Turn) -> Made:
        self._follow()
        number, folder = turn.scene, self._staging.of(turn.scene)
        if self._staging.done(number):
            return Made(turn, self._edition, SceneDone(number, number))
        with disk_errors(folder):
            folder.mkdir(exist_ok=True)
        splits = dict(self.channel.plan(self._edition).config.dataset.splits)
        job = ShardJob(number, range(number, number + 1), folder.name, splits, max_holes=0)
        return Made(turn, self._edition, Attempt(job, folder, self._supervisor, _forget).scene(number))

    def _follow(self) -> None:
        """Work for the newest edition."""
        edition = self.channel.edition()
        if edition.number == self._edition.number:
            return
        self._supervisor.close()
        self._edition = edition
        self._supervisor = self._begin()
        if self._stopping:  # `stop` stopped the one before
            self._supervisor.stop()


def _forget(news: SceneDone | Note) -> None:
    """Take what a run would log: a stream has no log, and what matters comes back as a hole."""


def _images(made: Made, channel: Channel, losses: _Losses, staging: Staging) -> Iterator[Shown]:
    """Show the images of a scene, then drop it; show nothing of a hole."""
    plan, scene = channel.plan(made.edition), made.turn.scene
    losses.count(made.done.hole, plan.config.run.hole_budget)
    if made.done.hole is None:
        images = shown(staging.of(scene), scene, plan, made.edition.number)
        yield from islice(images, made.turn.images)
    staging.drop(scene)


@dataclass
class _Losses:
    """The scenes that a part has lost: told, and within the budget that a whole epoch has.

    Attributes:
        channel: takes them.
        scenes: of an epoch.
    """

    channel: Channel
    scenes: int
    holes: list[Hole] = field(default_factory=list)
    seen: int = 0

    def count(self, hole: Hole | None, budget: float) -> None:
        """Take one more scene of the part, and why it is missing if it is.

        Raises:
            HoleBudgetError: too many are.
        """
        self.seen += 1
        if hole is None:
            return
        self.holes.append(hole)
        self.channel.add_hole(hole)
        warnings.warn(
            f"scene {hole.scene} failed and is left out of the stream: {hole.cause}: {hole.detail}",
            stacklevel=2,
        )
        require_budget(self.holes, int(budget * max(self.scenes, self.seen) + 1e-9))
