"""`RayExecutor`: a run on Ray. An actor merely hosts a supervisor; only receipts return.

Ray's own retries, pools and data sets lose healthy work or retry for ever when native code crashes, so none
of them is used: the driver loops over `ray.wait` and decides itself.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from simdata.errors import ConfigError, IncompleteError, SimdataError, WorkerError
from simdata.workers.cores import share_of_cores
from simdata.workers.folder import Output
from simdata.workers.shard import Event, Note, ShardJob, run_shard
from simdata.workers.supervisor import Limits, Supervisor
from simdata.write.put import put_new

MAX_LOSSES = 5  # actors that one shard may lose
# Before Ray is imported, and inherited by all that it starts.
ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "token",
    # Despite its name it is what makes every socket listen on the loopback address, on Linux too.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}


class RayExecutor:
    """Actors on this machine (`address` None: a loopback-only Ray of our own) or on a cluster.

    A cluster must run Ray with a token (`RAY_AUTH_MODE=token`), and whoever can reach it runs code in it: it
    is one domain of trust.

    Args:
        out: folder of the dataset; every node must see it under this path.
        workers: how many actors.
        limits: what each child may use; of the cores it gets its share of this machine, in a cluster one.
        address: of a running cluster, e.g. "10.0.0.1:6379" or "auto".
        shares: of this machine's devices, dealt out in turn; a cluster's nodes may number theirs otherwise,
            so each child there takes the first.
    """

    def __init__(
        self,
        out: Path,
        workers: int,
        limits: Limits,
        address: str | None = None,
        shares: Sequence[Mapping[str, str]] = ({},),
    ) -> None:
        self._shares, self._made = shares if address is None else ({},), 0
        self._out, self._workers, self._address = out, workers, address
        self._limits = replace(limits, cores=1 if address else share_of_cores(workers))
        self._ray: Any = None
        self._actors: list[Any] = []

    def run(self, jobs: Iterable[ShardJob]) -> Generator[Event]:
        """Do the jobs; tell what happened in a shard when it is done.

        Raises:
            ConfigError: Ray does not start or the cluster's nodes do not see the folder.
            IncompleteError: a shard lost too many actors.
            SimdataError: what else ends a run.
        """
        self._start()
        try:
            self._require_shared_folder()
            yield from self._loop(iter(jobs))
        finally:
            self._ray.shutdown()  # never `ray stop`: that ends other people's Ray too

    def _start(self) -> None:
        cpus = self._workers * self._limits.cores
        self._ray = start_ray(self._address, cpus, store_mb=100)  # receipts only

    def _require_shared_folder(self) -> None:
        """Let every node read a token file that only this folder has."""
        token = self._out.name + ":" + str(os.getpid())
        path = Output(self._out).work / f"token-{os.getpid()}"
        path.unlink(missing_ok=True)
        put_new(path, token.encode())
        try:
            for node in self._ray.nodes():
                if node["Alive"]:
                    self._check_node(node, path, token)
        finally:
            path.unlink(missing_ok=True)

    def _check_node(self, node: dict[str, Any], path: Path, token: str) -> None:
        strategy = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(
            node["NodeID"], soft=False
        )
        reader = self._ray.remote(num_cpus=0, max_retries=0)(_read_token)
        try:
            seen = self._ray.get(reader.options(scheduling_strategy=strategy).remote(str(path)), timeout=120)
        except self._ray.exceptions.RayError as error:
            raise ConfigError(f"node {node['NodeManagerHostname']} does not answer: {error}") from error
        if seen != token:
            raise ConfigError(
                f"node {node['NodeManagerHostname']} does not see {self._out}: "
                "all nodes need the same storage under the same path"
            )

    def _loop(self, jobs: Iterator[ShardJob]) -> Generator[Event]:
        """Keep every actor busy; do again what an actor took with it."""
        again: list[ShardJob] = []
        losses: dict[int, int] = {}
        idle = [self._actor() for _ in range(self._workers)]
        running: dict[Any, tuple[Any, ShardJob]] = {}
        while True:
            while idle and (job := again.pop() if again else next(jobs, None)) is not None:
                actor = idle.pop()
                running[actor.shard.remote(job)] = (actor, job)
            if not running:
                return
            ready, _ = self._ray.wait(list(running), num_returns=1, timeout=None)
            actor, job = running.pop(ready[0])
            events, lost = self._result(ready[0])
            yield from events
            if lost:
                self._ray.kill(actor)
                losses[job.shard] = losses.get(job.shard, 0) + 1
                again.append(_next_attempt(job, losses[job.shard], lost))
                yield Note(f"shard {job.shard}: {lost}; again")
            idle.append(self._actor() if lost else actor)

    def _result(self, reference: Any) -> tuple[list[Event], str]:
        """Return what an actor tells, and how it was lost if it was.

        Raises:
            SimdataError: what ended the shard.
        """
        try:
            events, error = self._ray.get(reference)
        except self._ray.exceptions.RayTaskError as fault:
            raise WorkerError(f"a Ray actor failed: {fault}") from fault
        except self._ray.exceptions.RayError as fault:
            return [], f"lost its actor ({type(fault).__name__})"
        if error is not None:
            raise error
        return events, ""

    def _actor(self) -> Any:
        options = {"num_cpus": self._limits.cores, "max_restarts": 0, "max_task_retries": 0}
        share = dict(self._shares[self._made % len(self._shares)])
        self._made += 1
        limits = replace(self._limits, environment=share)
        return self._ray.remote(**options)(_Host).remote(str(self._out), limits)


class _Host:
    """Lives in an actor: a supervisor and nothing else, so no native code can take the actor down."""

    def __init__(self, out: str, limits: Limits) -> None:
        self._out = Path(out)
        self._supervisor = Supervisor(self._out, limits)

    def shard(self, job: ShardJob) -> tuple[list[Event], SimdataError | None]:
        """Make one shard; errors return as values, since Ray changes the class of those that are raised."""
        events: list[Event] = []
        try:
            events.append(run_shard(job, self._out, self._supervisor, events.append))
        except SimdataError as error:
            return events, type(error)(*error.args)
        return events, None


def start_ray(address: str | None, cpus: int, store_mb: int) -> Any:
    """Connect to a cluster with a token, or start a Ray of our own on the loopback address; return `ray`.

    Args:
        address: of a running cluster; None starts one.
        cpus: of one that is started.
        store_mb: its object store.

    Raises:
        ConfigError: it does not start, or this process has begun with Ray by itself.
    """
    if "ray" in sys.modules and os.environ.get("RAY_AUTH_MODE") != "token":
        raise ConfigError(
            "this process imported Ray before its token was switched on, and Ray looks only then: set "
            "RAY_AUTH_MODE=token before the import, or use --executor local"
        )
    names = set(ENVIRONMENT) - ({"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"} if address else set())
    os.environ.update({name: ENVIRONMENT[name] for name in names})
    if not address:  # a token of our own, known to this process and its children alone
        os.environ["RAY_AUTH_TOKEN"] = _own_token()
    try:
        import ray
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise ConfigError(f"Ray cannot be imported ({error}); try: pip install 'ray>=2.60,<2.61'") from error
    if ray.is_initialized():
        raise ConfigError("this process already uses Ray; shut it down first, or use --executor local")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "error"}
    if address:
        options["address"] = address
    else:
        memory = store_mb * 1024 * 1024
        options |= {
            "address": "local",
            "include_dashboard": False,
            "num_cpus": cpus,
            "object_store_memory": memory,
        }
    try:
        ray.init(**options)
    except (ray.exceptions.RayError, ConnectionError, RuntimeError, ValueError, OSError) as error:
        where = f"the cluster at {address}" if address else "a Ray of our own"
        raise ConfigError(f"cannot start {where}: {error}; --executor local needs no Ray") from error
    return ray


def _next_attempt(job: ShardJob, losses: int, reason: str) -> ShardJob:
    if losses > MAX_LOSSES:
        raise IncompleteError(
            f"shard {job.shard}: {reason} {losses} times in a row; the same command resumes"
        )
    return replace(job, staging=f"{job.staging.rpartition('.')[0]}.{losses + 1}")


@lru_cache
def _own_token() -> str:
    """Return one token for all runs of this process: Ray reads it once and then keeps it."""
    return os.urandom(32).hex()


def _read_token(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError:
        return ""
