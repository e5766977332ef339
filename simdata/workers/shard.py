"""One shard with one supervisor: scene after scene into a staging folder, then sealed and on the disk."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simdata.config import split_of
from simdata.errors import HoleBudgetError, IncompleteError
from simdata.workers.folder import Output, disk_errors
from simdata.workers.plan import Plan
from simdata.workers.staged import take_over
from simdata.workers.supervisor import Fault, Lost, Supervisor
from simdata.write.receipt import Hole, Receipt

MAX_FAULTS = 2  # a scene that fails so often by its own fault becomes a hole
MAX_LOSSES = 5  # retries after a kill; more than that is no bad luck


@dataclass(frozen=True)
class ShardJob:
    """What a worker is asked for.

    Attributes:
        shard: its number.
        scenes: the scene numbers it covers.
        staging: name of a folder in `OUT/.work` that is this attempt's alone.
        splits: name -> share, to name a hole's split.
        max_holes: more than that and the shard is given up.
    """

    shard: int
    scenes: range
    staging: str
    splits: dict[str, float]
    max_holes: int


@dataclass(frozen=True)
class SceneDone:
    """One scene is done, or is a hole.

    Attributes:
        images: how many.
        rejections: reason -> draws rejected on the way.
        hole: why it is missing.
    """

    shard: int
    scene: int
    images: int = 0
    rejections: dict[str, int] = field(default_factory=dict)
    hole: Hole | None = None


@dataclass(frozen=True)
class Note:
    """A line or a few for run.log: the only place where clocks, processes and stack traces may be."""

    text: str


@dataclass(frozen=True)
class ShardDone:
    """A shard is staged and on the disk; it counts once the driver has marked it."""

    staging: str
    receipt: Receipt


Event = SceneDone | Note | ShardDone


def jobs(plan: Plan, done: set[int], session: int) -> Iterator[ShardJob]:
    """List the shards that are not done yet.

    Args:
        plan: of the run.
        done: shards that are marked.
        session: number of this driver; with it no attempt ever meets the folder of another.
    """
    for shard in range(plan.shards):
        if shard not in done:
            yield ShardJob(
                shard,
                plan.scenes_of(shard),
                f"shard-{shard:06d}-{session}.1",
                dict(plan.config.dataset.splits),
                hole_limit(plan),
            )


def hole_limit(plan: Plan) -> int:
    """Return how many scenes of a plan may fail."""
    return int(plan.config.run.hole_budget * plan.scenes + 1e-9)


def run_shard(
    job: ShardJob, out: Path, supervisor: Supervisor, tell: Callable[[SceneDone | Note], None]
) -> ShardDone:
    """Make one shard.

    Args:
        job: which one.
        out: folder of the dataset.
        supervisor: whose child does the work.
        tell: takes news while it goes on.

    Raises:
        HoleBudgetError: this shard alone has more holes than the run may have.
        IncompleteError: a child was killed again and again.
        ConfigError, RenderError, WriteError: what no retry mends.
    """
    folder = Output(out).work / job.staging
    with disk_errors(folder):
        folder.mkdir()
    attempt = Attempt(job, folder, supervisor, tell)
    holes: list[Hole] = []
    for number in job.scenes:
        done = recorded(job, number, out, folder) or attempt.scene(number)
        tell(done)
        holes += [done.hole] if done.hole else []
        require_budget(holes, job.max_holes)
    receipt = attempt.seal(holes)
    _sync(folder)
    return ShardDone(job.staging, receipt)


def recorded(job: ShardJob, number: int, out: Path, folder: Path) -> SceneDone | None:
    """Take a scene that a live stream has made already; None where it has not."""
    facts = take_over(Output(out).recorded, number, folder)
    if facts is None:
        return None
    return SceneDone(job.shard, number, len(facts["images"]), facts["scene"]["rejections"])


def require_budget(holes: list[Hole], limit: int) -> None:
    """Stop a run that loses too much.

    Raises:
        HoleBudgetError: more holes than allowed; says how many of which cause.
    """
    if len(holes) <= limit:
        return
    causes: dict[str, int] = {}
    for hole in holes:
        causes[hole.cause] = causes.get(hole.cause, 0) + 1
    counts = ", ".join(f"{count} × {cause}" for cause, count in sorted(causes.items()))
    raise HoleBudgetError(
        f"{len(holes)} scenes failed twice and run.hole_budget allows {limit}: {counts}; "
        f"the first, scene {holes[0].scene}: {holes[0].detail}; mend the scene builder or raise the budget"
    )


@dataclass
class Attempt:
    """One attempt at a shard: what is done about scenes that fail and children that are lost."""

    job: ShardJob
    folder: Path
    supervisor: Supervisor
    tell: Callable[[SceneDone | Note], None]

    def scene(self, number: int) -> SceneDone:
        """Make a scene; retry it once, alone in a fresh child, when it fails by its own fault."""
        request = {"op": "scene", "scene": number, "folder": str(self.folder)}
        faults: list[Fault] = []
        while len(faults) < MAX_FAULTS:
            try:
                reply = self._ask(request, f"scene {number}")
            except Fault as fault:
                faults.append(fault)
                self._note(f"scene {number}: {fault}", fault.output)
                self.supervisor.restart()
                if fault.cause == "exhausted":  # the draws are the same in every child
                    break
            else:
                return SceneDone(self.job.shard, number, reply["images"], reply["rejections"])
        return SceneDone(self.job.shard, number, hole=self._hole(number, faults[-1]))

    def seal(self, holes: list[Hole]) -> Receipt:
        """Join the scenes."""
        scenes = self.job.scenes
        request = {
            "op": "seal",
            "shard": self.job.shard,
            "scenes": [scenes.start, scenes.stop],
            "folder": str(self.folder),
            "holes": [hole.model_dump(mode="json") for hole in holes],
        }
        reply = self._ask(request, f"sealing shard {self.job.shard}")
        return Receipt.model_validate(reply["receipt"])

    def _ask(self, request: dict[str, Any], what: str) -> dict[str, Any]:
        """Ask the child; ask again when it was lost."""
        for _ in range(MAX_LOSSES + 1):
            try:
                return self.supervisor.ask(request)
            except Lost as lost:
                self._note(f"{what}: {lost}; again", lost.output)
                reason = str(lost)
        raise IncompleteError(
            f"{what}: lost {MAX_LOSSES + 1} children in a row, the last: {reason}; is there enough memory? "
            "The same command resumes."
        )

    def _hole(self, number: int, fault: Fault) -> Hole:
        split = split_of(self.job.splits, number)
        return Hole(scene=number, split=split, cause=fault.cause, detail=fault.detail)

    def _note(self, line: str, output: str) -> None:
        indented = "".join(f"\n    {text}" for text in output.splitlines())
        self.tell(Note(f"shard {self.job.shard}: {line}{indented}"))


def _sync(folder: Path) -> None:
    """Wait until a shard's files would survive a power cut: once a shard, never once a file.

    Source: syncfs(2), which flushes one file system; elsewhere sync(2), which flushes all.
    """
    with disk_errors(folder):
        handle = os.open(folder, os.O_RDONLY)
        try:
            library = ctypes.CDLL(None, use_errno=True)
            if hasattr(library, "syncfs"):
                if library.syncfs(handle) != 0:
                    code = ctypes.get_errno()
                    raise OSError(code, os.strerror(code), str(folder))
            else:
                os.sync()
        finally:
            os.close(handle)
