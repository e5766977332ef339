"""`InProcessExecutor`: the work itself in the driver, for a debugger. A crash there ends the run."""

from __future__ import annotations

from collections.abc import Generator, Iterable
from pathlib import Path

from simdata.config import split_of
from simdata.errors import SceneRejected
from simdata.workers.folder import Output, disk_errors
from simdata.workers.shard import Event, SceneDone, ShardDone, ShardJob, recorded, require_budget
from simdata.workers.work import Work
from simdata.write.receipt import Hole


class InProcessExecutor:
    """No child, no retry: an exception comes out as it is.

    Args:
        out: folder of the dataset.
    """

    def __init__(self, out: Path) -> None:
        self._output = Output(out)

    def run(self, jobs: Iterable[ShardJob]) -> Generator[Event]:
        """Do the jobs one after another."""
        work = Work(self._output.path)
        try:
            for job in jobs:
                yield from self._shard(job, work)
        finally:
            work.close()

    def _shard(self, job: ShardJob, work: Work) -> Generator[Event]:
        folder = self._output.work / job.staging
        with disk_errors(folder):
            folder.mkdir()
        holes: list[Hole] = []
        for number in job.scenes:
            done = recorded(job, number, self._output.path, folder) or self._scene(number, job, folder, work)
            holes += [done.hole] if done.hole else []
            yield done
            require_budget(holes, job.max_holes)
        yield ShardDone(job.staging, work.seal(job.shard, job.scenes, folder, tuple(holes)))

    def _scene(self, number: int, job: ShardJob, folder: Path, work: Work) -> SceneDone:
        try:
            images, rejections = work.scene(number, folder)
        except SceneRejected as error:
            line = f"{type(error).__name__}: {error}"
            hole = Hole(scene=number, split=split_of(job.splits, number), cause="exhausted", detail=line)
            return SceneDone(job.shard, number, hole=hole)
        return SceneDone(job.shard, number, images, rejections)
