"""`Supervisor`: owns one disposable child process and says why it failed.

A native crash, a CPU limit or an exception is the work's own fault (`Fault`); a kill, a stop or an end nobody
can explain is not (`Lost`). What to do about either is the caller's business (`simdata.workers.shard`).
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from simdata import errors
from simdata.errors import IncompleteError, SimdataError, WorkerError
from simdata.workers.pipe import Inbox, send

CRASHES = {
    signal.SIGSEGV,
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
    signal.SIGTRAP,
    signal.SIGSYS,
}
_TICK = 1.0  # seconds between two looks at a silent child
_TAIL = 4000  # bytes of its output kept for the log
_OUTPUT_LIMIT = 1 << 20  # bytes of output after which it is thrown away
# One thread each: many children share a machine, and sums must not depend on how many threads there are.
# Mesa's cache of compiled shaders stays as the user has it: it saves every child a second of compiling, its
# writers lock, and its keys hold the driver's build and the CPU's features.
_CHILD_ENVIRONMENT = {
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
    "PYTHONHASHSEED": "0",  # the order of a set must not differ from child to child
}


class Fault(WorkerError):
    """The work's own fault: the same work in a fresh child will most likely fail again.

    Attributes:
        cause: "crash", "cpu_limit", "exhausted" or "error".
        detail: one line: the signal's name, or the exception; equal failures give equal lines.
        output: the end of what the child printed, for people.
    """

    def __init__(self, cause: str, detail: str, output: str = "") -> None:
        super().__init__(cause, detail)
        self.cause, self.detail, self.output = cause, detail, output

    def __str__(self) -> str:
        return f"{self.cause}: {self.detail}"


class Lost(WorkerError):
    """The child was killed, hung, or ended for no known reason: not the work's fault."""

    def __init__(self, reason: str, output: str = "") -> None:
        super().__init__(reason)
        self.output = output


class Stopped(IncompleteError):
    """`stop` was called while the child worked."""


@dataclass(frozen=True)
class Limits:
    """What a child may use.

    Attributes:
        cpu: CPU seconds one scene may take.
        memory: bytes of address space; None for no limit.
        stall: seconds in which a child must use at least 1 % of a CPU, else it hangs and is killed. It is
            generous because a wall clock depends on the machine: it leads to a retry, never to a hole.
        recycle: scenes after which a child is replaced, in case native code leaks.
        cores: threads in which software OpenGL may fill pixels; no pixel depends on it.
        environment: what else it finds in its environment: which device is its share.
    """

    cpu: float = 120.0
    memory: int | None = None
    stall: float = 300.0
    recycle: int = 5000
    cores: int = 1
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """One child at a time: started when it is needed, replaced when it failed.

    The child dies with the thread that started it (as the system defines a parent), so one thread uses a
    supervisor from beginning to end; only `stop` may be called from another.

    Args:
        out: folder of the dataset, from which the child reads its plan.
        limits: what it may use.
    """

    def __init__(self, out: Path, limits: Limits | None = None) -> None:
        self.out = out
        self.limits = limits or Limits()
        self._child: _Child | None = None
        self._stopping = False
        self._served = 0

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Let the child do something and return its answer.

        Raises:
            Fault: it is the request's own fault.
            Lost: it is nobody's fault.
            Stopped: `stop` was called.
            SimdataError: an error no retry mends: a config, a renderer or a disk.
        """
        if self._served >= self.limits.recycle:
            self.restart()
        child = self._child or self._start()
        self._served += 1
        return self._answer(child, request)

    def restart(self) -> None:
        """End the child; the next request starts a fresh one."""
        if self._child is not None:
            self._child.end()
        self._child, self._served = None, 0

    def stop(self) -> None:
        """Kill the child at once; from any thread."""
        self._stopping = True
        child = self._child
        if child is not None:
            child.kill()

    def close(self) -> None:
        """End the child."""
        self.restart()

    @property
    def pid(self) -> int | None:
        """Process id of the child, if there is one."""
        return self._child.process.pid if self._child is not None else None

    def _start(self) -> _Child:
        if self._stopping:
            raise Stopped("stopped")
        self._child = _Child(self.limits)
        if self._stopping:  # `stop` looked a moment too early
            self._child.kill()
        opening = {"op": "open", "out": str(self.out), "cpu": self.limits.cpu, "memory": self.limits.memory}
        self._answer(self._child, opening)
        return self._child

    def _answer(self, child: _Child, request: dict[str, Any]) -> dict[str, Any]:
        reply = child.exchange(request)
        if reply is None:
            self._child, self._served = None, 0
            status, output = child.end(), child.output()
            if self._stopping:
                raise Stopped("stopped")
            raise _explain(status, output, self.limits.cpu)
        if "error" not in reply:
            return reply
        output = child.output()
        if reply["abort"] or request["op"] != "scene":
            self.restart()
            raise rebuild(reply)
        raise Fault(reply["cause"], reply["error"], reply["trace"] + output)


class _Child:
    """A process and two private pipes. Its own output goes to a file: native libraries print."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  (closed in `end`)
        child_reads, self._to_child = os.pipe()
        self._from_child, child_writes = os.pipe()
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "simdata.workers.child"]
                + [str(number) for number in (child_reads, child_writes, os.getpid())],
                stdin=subprocess.DEVNULL,
                stdout=self._printed,
                stderr=self._printed,
                pass_fds=(child_reads, child_writes),
                env=child_environment(limits),
                start_new_session=True,  # Ctrl-C reaches the driver alone
            )
        finally:
            os.close(child_reads)
            os.close(child_writes)
        self._inbox = Inbox(self._from_child)
        self._killed_for = ""

    def exchange(self, request: dict[str, Any]) -> dict[str, Any] | None:
        """Send a request and wait for the reply; None when the child is gone."""
        self._trim()
        with suppress(BrokenPipeError):
            send(self._to_child, request)
        watch = _Watch(self.process.pid, self.limits)
        while True:
            ready, _, _ = select.select([self._from_child], [], [], _TICK)
            if ready:
                reply = self._inbox.read()
                if reply is not None or self._inbox.ended:
                    return reply
            elif watch.is_stalled():
                self.kill()

    def kill(self) -> None:
        """Kill it; harmless when it is gone."""
        self.process.kill()

    def end(self) -> int:
        """Close the pipes, wait, kill if that does not help; return the exit status."""
        if self._to_child >= 0:
            os.close(self._to_child)
            os.close(self._from_child)
            self._to_child = -1
        try:
            return self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()

    def output(self) -> str:
        """Return the end of what it printed."""
        size = os.fstat(self._printed.fileno()).st_size
        return os.pread(self._printed.fileno(), _TAIL, max(0, size - _TAIL)).decode(errors="replace")

    def _trim(self) -> None:
        if os.fstat(self._printed.fileno()).st_size > _OUTPUT_LIMIT:
            self._printed.truncate(0)


class _Watch:
    """Tells a child that works slowly from one that hangs or was stopped."""

    def __init__(self, pid: int, limits: Limits) -> None:
        self._pid, self._limits = pid, limits
        self._since, self._used = time.monotonic(), _cpu_seconds(pid)

    def is_stalled(self) -> bool:
        """Look at the child; every `stall` seconds it must have used 1 % of a CPU."""
        now = time.monotonic()
        if now - self._since < self._limits.stall:
            return False
        used = _cpu_seconds(self._pid)
        stalled = used - self._used < 0.01 * self._limits.stall
        self._since, self._used = now, used
        return stalled


def _cpu_seconds(pid: int) -> float:
    """Return the CPU seconds a process has used; 0 where the system does not say (then it looks stalled).

    Source: proc(5), /proc/pid/stat fields 14 and 15, in clock ticks; the name in field 2 may hold spaces.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def child_environment(limits: Limits = Limits()) -> dict[str, str]:
    """Let the child find the same modules as we do, with one thread but for software OpenGL.

    Source: Mesa's "Environment Variables": LP_NUM_THREADS, of its software rasteriser llvmpipe.
    """
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100  ("" is the cwd)
    own = {"LP_NUM_THREADS": str(limits.cores), "PYTHONPATH": path, **limits.environment}
    return os.environ | _CHILD_ENVIRONMENT | own


def _explain(status: int, output: str, cpu: float) -> Fault | Lost:
    """Say whose fault an exit status is.

    Source: waitpid(2): a negative status of `subprocess` is the signal that ended it.
    """
    if status >= 0:
        return Lost(f"the child ended by itself with status {status}", output)
    if -status == signal.SIGXCPU:
        return Fault("cpu_limit", f"took more than {cpu:g} CPU seconds", output)
    name = signal.Signals(-status).name if -status in set(signal.Signals) else f"signal {-status}"
    if -status in CRASHES:
        return Fault("crash", name, output)
    return Lost(f"the child was ended by {name}", output)


def rebuild(reply: dict[str, Any]) -> SimdataError:
    """Make an exception of the kind that a child met."""
    kind = getattr(errors, reply["kind"], None)
    if isinstance(kind, type) and issubclass(kind, SimdataError) and "__init__" not in vars(kind):
        return kind(reply["message"])
    if kind is errors.UnknownNameError:
        return errors.ConfigError(reply["message"])
    return WorkerError(reply["error"] + "\n" + reply["trace"])
