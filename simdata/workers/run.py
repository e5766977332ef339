"""`generate`: config in, finished dataset out; the same call again resumes."""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Literal, Protocol

from simdata.config import Config
from simdata.errors import ConfigError, DiskFullError, IncompleteError, SimdataError
from simdata.pipeline import resolve
from simdata.render import RENDERERS, passed_over
from simdata.workers.commit import Ledger, new_session
from simdata.workers.folder import Output, disk_errors
from simdata.workers.local import LocalExecutor
from simdata.workers.plan import Plan, make_plan, require_same, runnable
from simdata.workers.shard import (
    Event,
    Note,
    SceneDone,
    ShardDone,
    ShardJob,
    hole_limit,
    jobs,
    require_budget,
)
from simdata.workers.summary import Progress, Summary, read_summary
from simdata.workers.supervisor import Limits
from simdata.write.receipt import Hole

__all__ = ["Progress", "Summary", "generate"]

_LEAST_FREE = 1 << 20  # bytes; with less nothing can be begun


class Executor(Protocol):
    """Where supervisors live. It tells what happens and commits nothing."""

    def run(self, jobs: Iterable[ShardJob]) -> Generator[Event]:
        """Do the jobs."""


def generate(
    config: Config,
    out: Path,
    *,
    workers: int = 1,
    executor: Literal["local", "ray"] = "local",
    ray_address: str | None = None,
    overwrite: bool = False,
    in_process: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
    log: Callable[[str], None] | None = None,
    warn: Callable[[str], None] = warnings.warn,
) -> Summary:
    """Make a dataset. How it is made (workers, executor, kills on the way) changes none of its bytes.

    Args:
        config: what to make.
        out: its folder; a folder with an unfinished run of the same plan is resumed.
        workers: children at a time.
        executor: "local", or "ray" for actors.
        ray_address: of a running cluster; None starts a Ray on this machine's loopback address.
        overwrite: remove a dataset that is there (its own files, no others) and start again.
        in_process: work in this very process, for a debugger; a native crash then ends it.
        on_progress: called after each scene (with Ray: after each shard).
        log: takes every line that goes to run.log.
        warn: takes what one should know before it begins: why `auto` took a lesser renderer.

    Raises:
        ConfigError: a mistake in the config, or `out` holds something else.
        DiskFullError: no space left; the same call resumes.
        HoleBudgetError: too many scenes failed twice.
        IncompleteError: interrupted, or children were killed again and again; the same call resumes.
    """
    if workers < 1:
        raise ConfigError(f"{workers} workers; at least 1 is needed")
    output = Output(Path(out).absolute())
    with disk_errors(output.path, ConfigError):
        output.check_ours()
    with tempfile.TemporaryDirectory(prefix="simdata-assets-") as store:
        resolved = resolve(config, Path(store))
        plan = make_plan(resolved, notes=tuple(passed_over(config.renderer, resolved.renderer)))
        for note in plan.notes:
            warn(note)
        if output.finished and not overwrite:
            return _complete(output, plan)
        with output.locked():
            _require_space(output.path, _LEAST_FREE)
            if overwrite:
                output.clear()
            resumed = output.adopt(plan, Path(store))
            run = _Run(output, plan, on_progress, log)
            run.note(f"{'resume' if resumed else 'start'}: {workers} worker(s), {executor}")
            make = _executor(output.path, plan, workers, executor, ray_address, in_process)
            return run.finish(make)


def _complete(output: Output, plan: Plan) -> Summary:
    """Answer a call for a dataset that is whole already."""
    old = output.read_plan()
    assert old is not None
    require_same(old, plan, output.path)
    with suppress(OSError):  # a driver may have died between its last steps; but a reader may not write
        output.remove_parts()
        output.remove_work()
    return read_summary(output, resumed_scenes=plan.scenes, already_complete=True)


def _executor(
    out: Path, plan: Plan, workers: int, name: str, address: str | None, in_process: bool
) -> Executor:
    """Make the executor; what is not used is not imported."""
    if in_process:
        from simdata.workers.in_process import InProcessExecutor

        return InProcessExecutor(out)
    limits, shares = limits_of(plan.config)
    if name == "ray":
        from simdata.workers.ray_executor import RayExecutor

        return RayExecutor(out, workers, limits, address, shares)
    if name != "local":
        raise ConfigError(f"unknown executor {name!r}; known: local, ray")
    return LocalExecutor(out, workers, limits, shares)


def limits_of(config: Config) -> tuple[Limits, Sequence[Mapping[str, str]]]:
    """Return what a child of a config may use, and the shares of this machine's devices."""
    probe = RENDERERS.load(config.renderer).probe(config.render.device)
    return Limits(cpu=config.run.scene_cpu_limit * probe.patience), probe.shares


class _Run:
    """One driver's part of a run: takes events, commits, tells how far it is."""

    def __init__(
        self,
        output: Output,
        plan: Plan,
        on_progress: Callable[[Progress], None] | None,
        log: Callable[[str], None] | None,
    ) -> None:
        self.output, self.plan = output, plan
        self._on_progress, self._log = on_progress, log
        self._began = time.monotonic()
        self._session = new_session(output)
        self.ledger = Ledger(output, plan, runnable(plan, output.sources))
        self._resumed, self._resumed_images = self.ledger.scenes, self.ledger.images
        self._under_way: dict[int, list[SceneDone]] = {}

    def finish(self, executor: Executor) -> Summary:
        """Do what is left, then finalize."""
        try:
            self._work(executor)
            self.ledger.finalize()
        except KeyboardInterrupt as error:
            raise self._incomplete("interrupted") from error
        except SimdataError as error:
            self.note(f"stopped by {type(error).__name__}: {error}")
            raise
        seconds = time.monotonic() - self._began
        self.note(f"complete: {self.ledger.images} images, {seconds:.1f} s")
        return read_summary(self.output, seconds=seconds, resumed_scenes=self._resumed)

    def note(self, text: str) -> None:
        """Append to run.log, the one file that tells of clocks and processes; it must never stop a run."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        with suppress(OSError), (self.output.path / "run.log").open("a") as file:
            file.write(f"{stamp} {text}\n")
        if self._log is not None:
            self._log(text)

    def _work(self, executor: Executor) -> None:
        self.ledger.publish()
        self._check_space()
        left = jobs(self.plan, self.ledger.marked, self._session)
        if len(self.ledger.marked) == self.plan.shards:
            return
        self._report()
        with closing(executor.run(left)) as events:
            for event in events:
                self._take(event)

    def _take(self, event: Event) -> None:
        if isinstance(event, Note):
            self.note(event.text)
        elif isinstance(event, SceneDone):
            self._under_way.setdefault(event.shard, []).append(event)
            require_budget(self._holes(), hole_limit(self.plan))
            self._report()
        elif isinstance(event, ShardDone):
            self._under_way.pop(event.receipt.shard, None)
            self.ledger.take(event.staging, event.receipt)
            require_budget(self.ledger.holes, hole_limit(self.plan))
            self.ledger.publish()
            self._check_space()
            self.note(f"shard {event.receipt.shard}: {event.receipt.images} images, from {event.staging}")

    def _holes(self) -> list[Hole]:
        scenes = [scene for shard in self._under_way.values() for scene in shard]
        return self.ledger.holes + [scene.hole for scene in scenes if scene.hole is not None]

    def _report(self) -> None:
        if self._on_progress is None:
            return
        scenes = [scene for shard in self._under_way.values() for scene in shard]
        images = self.ledger.images + sum(scene.images for scene in scenes)
        rejections = Counter(self.ledger.rejections)
        for scene in scenes:
            rejections.update(scene.rejections)
        seconds = time.monotonic() - self._began
        progress = Progress(
            done_scenes=self.ledger.scenes + len(scenes),
            total_scenes=self.plan.scenes,
            images=images,
            rejections=dict(sorted(rejections.items())),
            holes=len(self._holes()),
            rate=(images - self._resumed_images) / seconds if seconds > 0 else 0.0,
            seconds=seconds,
        )
        self._on_progress(progress)

    def _check_space(self) -> None:
        """Stop while there is still room to stop in: the shards that are done tell what the rest needs."""
        ledger = self.ledger
        need = ledger.bytes / ledger.scenes * (self.plan.scenes - ledger.scenes) if ledger.scenes else 0
        _require_space(self.output.path, int(need))

    def _incomplete(self, why: str) -> IncompleteError:
        done, all_ = len(self.ledger.marked), self.plan.shards
        self.note(f"{why} after {done} of {all_} shards")
        return IncompleteError(
            f"{why}: {done} of {all_} shards are committed in {self.output.path}; the same command resumes"
        )


def _require_space(folder: Path, need: int) -> None:
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < need:
        raise DiskFullError(
            f"{folder} needs about {need / 1e6:,.0f} MB more and {free / 1e6:,.0f} MB are free; what is "
            "committed stays: free some space, then the same command resumes"
        )
