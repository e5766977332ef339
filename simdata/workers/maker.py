"""`Maker`: has one scene after another made by a child, after the newest edition of a stream's config."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from simdata.workers.channel import Channel, Edition
from simdata.workers.deal import Turn
from simdata.workers.folder import disk_errors
from simdata.workers.shard import Attempt, Note, SceneDone, ShardJob
from simdata.workers.supervisor import Limits, Supervisor
from simdata.write.files import facts_path


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


class Maker:
    """A supervisor that follows the editions of a channel; as a supervisor, it belongs to one thread.

    Args:
        channel: says what scenes are made of.
        staging: takes them.
        cores: of its child.
        place: its number among all of this machine, whose devices are dealt out in turn.
    """

    def __init__(self, channel: Channel, staging: Staging, cores: int = 1, place: int = 0) -> None:
        self.channel, self._staging, self._cores, self._place = channel, staging, cores, place
        self.stopping = False
        self._edition = channel.edition()
        self._supervisor = self._begin()

    def make(self, turn: Turn) -> Made:
        """Have a scene made: retried and given up as in a run.

        Raises:
            Stopped: `stop` was called.
            IncompleteError: children were killed again and again.
            ConfigError, RenderError, WriteError: what no retry mends.
        """
        self._follow()
        number, folder = turn.scene, self._staging.of(turn.scene)
        if self._staging.done(number):
            return Made(turn, self._edition, SceneDone(number, number))
        with disk_errors(folder):
            folder.mkdir(exist_ok=True)
        splits = dict(self.channel.plan(self._edition).config.dataset.splits)
        job = ShardJob(number, range(number, number + 1), folder.name, splits, max_holes=0)
        return Made(turn, self._edition, Attempt(job, folder, self._supervisor, _forget).scene(number))

    def stop(self) -> None:
        """Kill the child; it makes nothing more. From any thread."""
        self.stopping = True
        self._supervisor.stop()

    def close(self) -> None:
        """End the child."""
        self._supervisor.close()

    def _begin(self) -> Supervisor:
        edition = self._edition
        share = edition.shares[self._place % len(edition.shares)]
        return Supervisor(Path(edition.out), Limits(cpu=edition.cpu, cores=self._cores, environment=share))

    def _follow(self) -> None:
        """Work for the newest edition."""
        edition = self.channel.edition()
        if edition.number == self._edition.number:
            return
        self._supervisor.close()
        self._edition = edition
        self._supervisor = self._begin()
        if self.stopping:  # `stop` stopped the one before
            self._supervisor.stop()


def _forget(news: SceneDone | Note) -> None:
    """Take what a run would log: a stream has no log, and what matters comes back as a hole."""
