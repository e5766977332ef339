"""`Channel`: a folder that all processes of one live stream share: what to make, which epoch, what failed.

A data loader's workers hold copies of a dataset; only files tell them what the others did, and what changed.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

from simdata.config import Config
from simdata.errors import ConfigError
from simdata.model import Model
from simdata.workers.apart import Prepared, prepare
from simdata.workers.folder import Output, disk_errors
from simdata.workers.plan import Plan, runnable
from simdata.write.receipt import Hole

# What nobody sees need not be written.
_UNSEEN = {"instance_ids": False, "depth": "off", "measured_depth": "off", "clean": False}
_AFTER_WORKERS = -100  # exit priority: below 0 is after a loader's workers, which are daemonic, have ended
_ROUNDS = 8  # that are remembered: a worker that starts late joins the round of its siblings


class Edition(Model):
    """What scenes are made of, from one update of a stream's config to the next.

    Attributes:
        number: from 0.
        out: folder with its plan, as children find it in a run.
        cpu, shares: as `Prepared` says.
    """

    number: int
    out: str
    cpu: float
    shares: tuple[dict[str, str], ...]


class Channel:
    """Open it with `Channel.open`; it pickles to the name of its folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @classmethod
    def open(cls, config: Config, recording: Path | None = None) -> Channel:
        """Make a folder and the first edition; it is removed with the channel, or when this process ends.

        Args:
            config: what to make.
            recording: folder of a dataset that takes the scenes; None throws them away once they were shown.

        Raises:
            ConfigError, RenderError: the config cannot be made here, or `recording` holds something else.
        """
        channel = cls(Path(tempfile.mkdtemp(prefix="simdata-stream-")))
        channel._finalizer = Finalize(channel, _remove, (channel.folder,), exitpriority=_AFTER_WORKERS)
        try:
            for path in (channel.staging, channel.folder / "holes"):
                path.mkdir()
            channel.publish(config, recording)
        except BaseException:
            channel.close()
            raise
        return channel

    _finalizer: Any = None

    @property
    def staging(self) -> Path:
        """Scenes on their way."""
        return self.folder / "staging"

    def close(self) -> None:
        """End what runs here and remove the folder, if this process made it."""
        if self._finalizer is not None:
            self._finalizer()

    def __reduce__(self) -> tuple[Any, ...]:
        return Channel, (self.folder,)

    def publish(self, config: Config, recording: Path | None = None) -> Plan:
        """Let scenes that are not yet begun be made of this config; return its plan."""
        last = self._edition_file.is_file() and self.edition().number
        number = last + 1 if last is not False else 0
        if recording is None:
            config = config.model_copy(update={"dataset": config.dataset.model_copy(update=_UNSEEN)})
        output = Output(recording or self.folder / f"edition-{number}")
        with tempfile.TemporaryDirectory(prefix="simdata-assets-") as store:
            prepared = prepare(config, Path(store))
            output.work.mkdir(parents=True, exist_ok=True)
            output.adopt(prepared.plan, Path(store))
        self._put_edition(output, prepared, number)
        return prepared.plan

    def edition(self) -> Edition:
        """Return what scenes are made of now."""
        return Edition.model_validate_json(self._edition_file.read_bytes())

    def plan(self, edition: Edition) -> Plan:
        """Return the plan of an edition, its config with a builder that can be loaded here."""
        return _plan(self.folder, edition.number, Path(edition.out))

    def take_epoch(self, round_name: str = "", worker: int = 0) -> int:
        """Return the epoch that an iteration which begins now shows.

        Args:
            round_name: equal for the workers of a loader that begin one epoch together; "" for nobody else.
            worker: number of the one that asks.
        """
        with self._epochs() as state:
            epoch, there = state["rounds"].get(round_name, (0, [worker]))
            if not round_name or worker in there:  # a new round, or the same name again
                epoch, there = state["next"], []
                state["next"] += 1
            state["rounds"] |= {round_name: (epoch, [*there, worker])}
            state["rounds"] = dict(list(state["rounds"].items())[-_ROUNDS:])
        return epoch

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration show this epoch.

        Raises:
            ConfigError: it is negative.
        """
        if epoch < 0:
            raise ConfigError(f"epoch {epoch}; the first is 0")
        with self._epochs() as state:
            state["next"] = epoch

    def add_hole(self, hole: Hole) -> None:
        """Tell of a scene that failed."""
        (self.folder / "holes" / f"{hole.scene}.json").write_text(hole.model_dump_json())

    def holes(self) -> tuple[Hole, ...]:
        """Return the scenes that failed so far, in whichever process, by number."""
        files = (self.folder / "holes").glob("*.json")
        holes = (Hole.model_validate_json(file.read_bytes()) for file in files)
        return tuple(sorted(holes, key=lambda hole: hole.scene))

    @property
    def _edition_file(self) -> Path:
        return self.folder / "edition.json"

    def _put_edition(self, output: Output, prepared: Prepared, number: int) -> None:
        edition = Edition(number=number, out=str(output.path), cpu=prepared.cpu, shares=prepared.shares)
        part = self._edition_file.with_suffix(".part")
        part.write_text(edition.model_dump_json())
        part.replace(self._edition_file)

    @contextmanager
    def _epochs(self) -> Iterator[dict[str, Any]]:
        """Read and write who shows which epoch, one process at a time."""
        with disk_errors(self.folder), (self.folder / "epochs").open("a+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            state = json.loads(file.read() or '{"next": 0, "rounds": {}}')
            yield state
            file.truncate(0)
            file.write(json.dumps(state))


@lru_cache(maxsize=8)
def _plan(channel: Path, edition: int, out: Path) -> Plan:
    """Read a plan once: the arguments say which, even where a folder takes another plan later."""
    plan = Output(out).read_plan()
    assert plan is not None
    return plan.model_copy(update={"config": runnable(plan, Output(out).sources)})


def _remove(folder: Path) -> None:
    """Stop this process's children of a channel, then remove what they wrote."""
    from simdata.workers.live import stop_all

    stop_all(folder)
    shutil.rmtree(folder, ignore_errors=True)
