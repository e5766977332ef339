"""`LocalExecutor`: threads of the driver, each with a supervisor of its own, pull shards from one line."""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from simdata.workers.cores import share_of_cores
from simdata.workers.shard import Event, ShardJob, run_shard
from simdata.workers.supervisor import Limits, Stopped, Supervisor


class LocalExecutor:
    """Children of this very process.

    Args:
        out: folder of the dataset.
        workers: how many children at a time.
        limits: what each may use; of the cores each gets its share.
        shares: of the machine's devices, dealt out in turn (see `simdata.render.Probe`).
    """

    def __init__(
        self, out: Path, workers: int, limits: Limits, shares: Sequence[Mapping[str, str]] = ({},)
    ) -> None:
        self._out = out
        cores = share_of_cores(workers)
        self._supervisors = [
            Supervisor(out, replace(limits, cores=cores, environment=shares[number % len(shares)]))
            for number in range(workers)
        ]

    def run(self, jobs: Iterable[ShardJob]) -> Generator[Event]:
        """Do the jobs and tell what happens, in the order in which it happens.

        Raises:
            SimdataError: what ends a run. Children are gone when it arrives, as when the caller stops early.
        """
        line = _Line(jobs)
        events: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        threads = [
            threading.Thread(target=self._work, args=(supervisor, line, events), daemon=True)
            for supervisor in self._supervisors
        ]
        for thread in threads:
            thread.start()
        try:
            yield from _until_all_end(events, len(threads))
        finally:
            line.close()
            for supervisor in self._supervisors:
                supervisor.stop()
            for thread in threads:
                thread.join()

    def _work(
        self, supervisor: Supervisor, line: _Line, events: queue.SimpleQueue[Event | BaseException | None]
    ) -> None:
        """Do one job after another; the thread lives as long as its child."""
        try:
            while (job := line.take()) is not None:
                events.put(run_shard(job, self._out, supervisor, events.put))
        except Stopped:
            pass
        except BaseException as error:  # noqa: BLE001  (it is raised again in the driver's own thread)
            events.put(error)
        finally:
            supervisor.close()
            events.put(None)


class _Line:
    """Jobs for many threads, made when they are asked for."""

    def __init__(self, jobs: Iterable[ShardJob]) -> None:
        self._jobs = iter(jobs)
        self._lock = threading.Lock()
        self._closed = False

    def take(self) -> ShardJob | None:
        """Return the next job; None when there is none."""
        with self._lock:
            return None if self._closed else next(self._jobs, None)

    def close(self) -> None:
        """Give out no more."""
        with self._lock:
            self._closed = True


def _until_all_end(events: queue.SimpleQueue[Event | BaseException | None], threads: int) -> Generator[Event]:
    while threads:
        event = events.get()
        if isinstance(event, BaseException):
            raise event
        if event is None:
            threads -= 1
        else:
            yield event
