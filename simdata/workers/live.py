"""A live stream is an endless run whose scenes go to whoever asks: children stage them, we show and forget.

No pixel crosses a pipe, and whatever crashes is handled as in a run: retried once by the same seed, then left
out, told, and counted against `run.hole_budget`.
"""

from __future__ import annotations

import os
import queue
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from simdata.workers.channel import Channel
from simdata.workers.cores import share_of_cores, usable_cores
from simdata.workers.deal import Deal, Part, Turn, alternate
from simdata.workers.folder import Output
from simdata.workers.maker import Made, Maker, Staging
from simdata.workers.shard import require_budget
from simdata.workers.staged import Shown, shown
from simdata.workers.supervisor import Stopped
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

    def maker(self, number: int, channel: Channel, staging: Staging) -> Maker:
        """Return one of them."""
        cores = share_of_cores(self.children * self.beside)
        return Maker(channel, staging, cores, self.number * self.children + number)


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
    losses = Losses(channel, deal.scenes or _FORESIGHT)
    turns, ahead = deal.turns(epoch, part), crew.children + deal.spread
    kept = Output(Path(channel.edition().out)).recorded if recording else None
    with Staging.open(channel, kept) as staging, closing(live(channel, turns, crew, ahead, staging)) as made:
        yield from alternate((images_of(scene, channel, losses, staging) for scene in made), deal.spread)


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
            hands.append(_Hand(crew.maker(number, channel, staging), tasks))
        while True:
            for turn in islice(turns, ahead - len(line)):
                line.append(Future())
                tasks.put((turn, line[-1]))
            if not line:
                return
            yield line.popleft().result()
    finally:
        if os.getpid() == owner:  # a fork's copy owns nothing
            _end(hands)


_Tasks = queue.SimpleQueue[tuple[Turn, "Future[Made]"] | None]
_HANDS: weakref.WeakSet[_Hand] = weakref.WeakSet()


def stop_all(channel: Path) -> None:
    """End all children of a channel that this process has."""
    _end([hand for hand in _HANDS if hand.maker.channel.folder == channel])


def _end(hands: list[_Hand]) -> None:
    for hand in hands:
        hand.stop()
    for hand in hands:
        hand.thread.join()


class _Hand:
    """A thread with a maker; it lives as long as its child, which dies with whoever started it."""

    def __init__(self, maker: Maker, tasks: _Tasks) -> None:
        self.maker, self._tasks = maker, tasks
        # Daemonic, or a program that forgot about the stream would wait for it at its end.
        self.thread = threading.Thread(target=self._work, daemon=True)
        _HANDS.add(self)
        self.thread.start()

    def stop(self) -> None:
        """Kill the child; the thread ends, whether it works or waits. From any thread."""
        self.maker.stop()
        self._tasks.put(None)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None and not self.maker.stopping:
            turn, future = task
            try:
                future.set_result(self.maker.make(turn))
            except Stopped:
                break
            except BaseException as error:  # noqa: BLE001  (it is raised again where the scene is shown)
                future.set_exception(error)
        self.maker.close()


def images_of(made: Made, channel: Channel, losses: Losses, staging: Staging) -> Iterator[Shown]:
    """Show the images of a scene, then drop it; show nothing of a hole."""
    plan, scene = channel.plan(made.edition), made.turn.scene
    losses.count(made.done.hole, plan.config.run.hole_budget)
    if made.done.hole is None:
        images = shown(staging.of(scene), scene, plan, made.edition.number)
        yield from islice(images, made.turn.images)
    staging.drop(scene)


@dataclass
class Losses:
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
