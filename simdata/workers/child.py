"""The disposable process: answers requests from its supervisor until it is told to end, or dies.

`python -m simdata.workers.child DATASET/holes/scene-000000007.json` makes a failed scene again, in the open.
"""

from __future__ import annotations

import ctypes
import faulthandler
import math
import os
import re
import resource
import signal
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

from simdata.errors import ConfigError, SceneRejected, WriteError
from simdata.workers.pipe import receive, send

# No retry mends these: they end the run.
_ABORTING = (ConfigError, WriteError)
_TRACE = 4000  # characters of a traceback that cross
_PR_SET_PDEATHSIG = 1  # Source: prctl(2)


def main(arguments: list[str]) -> None:
    """Serve a supervisor, or reproduce a hole."""
    if len(arguments) == 1:
        reproduce(Path(arguments[0]))
        return
    reads, writes, parent = (int(argument) for argument in arguments)
    _die_with(parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    faulthandler.enable()
    faulthandler.register(signal.SIGXCPU, chain=True)  # says where it was, then dies of it
    _Server(reads, writes).serve()


class _Server:
    """Requests in, answers out."""

    def __init__(self, reads: int, writes: int) -> None:
        self._reads, self._writes = reads, writes
        self._work: Any = None
        self._hidden: tuple[str, ...] = ()
        self._cpu = math.inf

    def serve(self) -> None:
        """Answer until the pipe is closed."""
        while (request := receive(self._reads)) is not None:
            try:
                reply = self._answer(request)
            except BaseException as error:  # noqa: BLE001  (a SystemExit of a builder is an answer too)
                reply = self._failure(error)
            send(self._writes, reply)
        if self._work is not None:
            self._work.close()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["op"] == "open":
            return self._open(request)
        folder = Path(request["folder"])
        if request["op"] == "scene":
            _limit_cpu(self._cpu)
            try:
                images, rejections = self._work.scene(request["scene"], folder)
                return {"images": images, "rejections": rejections}
            finally:
                _limit_cpu(math.inf)
        from simdata.write.receipt import Hole

        holes = tuple(Hole.model_validate(hole) for hole in request["holes"])
        receipt = self._work.seal(request["shard"], range(*request["scenes"]), folder, holes)
        return {"receipt": receipt.model_dump(mode="json")}

    def _open(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["memory"]:
            resource.setrlimit(resource.RLIMIT_AS, (request["memory"], request["memory"]))
        self._cpu, self._hidden = request["cpu"], (request["out"],)
        import cv2

        from simdata.workers.work import Work

        cv2.setNumThreads(1)
        self._work = Work(Path(request["out"]))
        return {"ready": True}

    def _failure(self, error: BaseException) -> dict[str, Any]:
        """Say what went wrong; the line `error` must be equal for equal failures, wherever they happen."""
        kind, message = type(error).__name__, str(error)
        line = f"{kind}: {message}".splitlines()[0][:500] if message else kind
        for text in self._hidden:
            line = line.replace(text, "OUT")
        line = re.sub(r"OUT/\.work/(shard|source)[^ /]*/", "", re.sub(r"0x[0-9a-fA-F]{6,}", "0x…", line))
        return {
            "error": line,
            "kind": kind,
            "message": message,
            "cause": "exhausted" if isinstance(error, SceneRejected) else "error",
            "abort": isinstance(error, _ABORTING),
            "trace": "".join(traceback.format_exception(error))[-_TRACE:],
        }


def reproduce(bundle: Path) -> None:
    """Make the scene of a hole again in this very process, so that a debugger sees it fail.

    Args:
        bundle: a file of the dataset's `holes` folder.
    """
    import json

    from simdata.pipeline import Pipeline
    from simdata.workers.folder import Output
    from simdata.workers.plan import put_source, runnable

    faulthandler.enable()
    output = Output(bundle.absolute().parent.parent)
    plan = output.read_plan()
    if plan is None:
        raise ConfigError(f"{output.path} holds no plan; give a file of a dataset's folder `holes`")
    number = json.loads(bundle.read_bytes())["scene"]
    with tempfile.TemporaryDirectory(prefix="simdata-source-") as sources:
        put_source(plan, Path(sources))
        pipeline = Pipeline(runnable(plan, Path(sources)), store=output.assets)
        images = sum(1 for _ in pipeline.samples(pipeline.scene(number)))
    sys.stdout.write(f"scene {number} gave {images} images and did not fail this time\n")


def _die_with(parent: int) -> None:
    """Ask the system to kill us when our parent dies; end now if it already did."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _limit_cpu(seconds: float) -> None:
    """Let this process use so many CPU seconds from now on; native code too dies of SIGXCPU after that."""
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    if math.isinf(seconds):
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    soft = math.ceil(usage.ru_utime + usage.ru_stime + seconds)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


if __name__ == "__main__":
    main(sys.argv[1:])
