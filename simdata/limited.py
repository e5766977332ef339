"""A stranger's file is read in a child process with little memory and time: a crash costs the child alone.

`ask` gives a room's requests to a child that runs that room as a program; there, `serve` answers them.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from simdata.errors import AssetError, SimdataError
from simdata.model import Model

Answer = str | AssetError


class ChildLimits(Model):
    """What a child may use."""

    memory_bytes: int = Field(default=4 * 2**30, gt=0)
    cpu_seconds: int = Field(default=60, gt=0)
    wall_seconds: float = Field(default=120.0, gt=0)


Limits = TypeVar("Limits", bound=ChildLimits)


def ask(
    room: str, requests: Sequence[Mapping[str, Any]], store: Path, limits: ChildLimits, advice: str
) -> list[Answer]:
    """Have requests answered by one child; if it dies, each by a child of its own. Faults are returned.

    Args:
        room: name of the module that answers.
        requests: JSON-ready; each has the `path` of its file.
        store: folder that takes what is made; made if it is not there.
        limits: of a child.
        advice: what to try if a file takes too much of something.
    """
    store.mkdir(parents=True, exist_ok=True)
    try:
        return _in_child(room, requests, store, limits, advice)
    except AssetError as error:
        if len(requests) == 1:
            return [error]
    return [ask(room, [request], store, limits, advice)[0] for request in requests]


def _in_child(
    room: str, requests: Sequence[Mapping[str, Any]], store: Path, limits: ChildLimits, advice: str
) -> list[Answer]:
    order = {"requests": requests, "store": str(store.resolve()), "limits": limits.model_dump()}
    what = requests[0]["path"] if len(requests) == 1 else f"{len(requests)} files"
    try:
        done = subprocess.run(
            [sys.executable, "-m", room],
            input=json.dumps(order).encode(),
            capture_output=True,
            timeout=limits.wall_seconds,
            env=_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        limit = f"{limits.wall_seconds:g} s"
        raise AssetError(f"{what}: reading took longer than {limit}: {advice}, or export it anew") from None
    if done.returncode != 0:
        reason = f"signal {-done.returncode}" if done.returncode < 0 else f"exit code {done.returncode}"
        tail = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
        raise AssetError(
            f"{what}: the reader died ({reason}; {tail[0][:200]}): the file is damaged; export it anew"
        )
    answers = json.loads(done.stdout.splitlines()[-1])
    return [AssetError(a["error"]) if "error" in a else a["sha256"] for a in answers]


def _environment() -> dict[str, str]:
    """Return all the child gets to see. One thread: each would reserve address space, which is limited."""
    root = str(Path(__file__).resolve().parent.parent)
    threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    return {"PATH": os.environ.get("PATH", ""), "PYTHONPATH": root} | threads


def serve(accept: Callable[[dict[str, Any], Path, Limits], str], kind: type[Limits], advice: str) -> None:
    """Answer the requests on stdin, in the child; `accept(request, store, limits)` returns a sha256."""
    order = json.loads(sys.stdin.buffer.read())
    limits = kind(**order["limits"])
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, limits.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_seconds, limits.cpu_seconds))
    answers = []
    for request in order["requests"]:
        try:
            answers.append({"sha256": accept(request, Path(order["store"]), limits)})
        except SimdataError as error:
            told = str(error)
            answers.append({"error": told if request["path"] in told else f"{request['path']}: {told}"})
        except MemoryError:
            limit = f"{limits.memory_bytes / 2**30:.1f} GiB"
            answers.append({"error": f"{request['path']}: needs more than {limit} to read: {advice}"})
    sys.stdout.write("\n" + json.dumps(answers) + "\n")


def put(path: Path, content: bytes) -> None:
    """Write whole or not at all: another child may be importing the same file."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_bytes(content)
    partial.replace(path)
