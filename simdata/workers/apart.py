"""What must touch native code is done in a process of its own, which ends with it: whoever asks stays clean.

A training loop asks: OpenGL and PyBullet beside CUDA and forks are trouble that nobody can debug.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simdata.config import Config
from simdata.errors import SimdataError, WorkerError
from simdata.model import Model
from simdata.workers.plan import Plan
from simdata.workers.supervisor import child_environment, rebuild


class Prepared(Model):
    """A plan, and what its children may use of this machine.

    Attributes:
        plan: of the run.
        cpu: CPU seconds a scene may take.
        shares: of the machine's devices (see `simdata.render.Probe`).
    """

    plan: Plan
    cpu: float
    shares: tuple[dict[str, str], ...]


def prepare(config: Config, store: Path) -> Prepared:
    """Settle a config as a run does: choose its renderer, import its meshes into `store`, and plan it.

    Raises:
        ConfigError, RenderError: as `simdata.pipeline.resolve`.
    """
    return Prepared.model_validate(_ask("plan", config, store, 0))


def generate_apart(config: Config, out: Path, workers: int) -> None:
    """Do what `simdata.workers.run.generate` does.

    Raises:
        SimdataError: as that does.
    """
    _ask("generate", config, out, workers)


def _ask(what: str, config: Config, folder: Path, workers: int) -> Any:
    """Have it done; the answer comes back in a file, because native libraries print."""
    with tempfile.TemporaryDirectory(prefix="simdata-apart-") as name:
        answer = Path(name) / "answer.json"
        command = [sys.executable, "-P", "-m", "simdata.workers.apart", what, str(folder), str(workers)]
        done = subprocess.run(
            [*command, str(answer)],
            input=config.model_dump_json(),
            env=child_environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if not answer.is_file():
            raise WorkerError(f"{what} ended with status {done.returncode}: {done.stderr[-2000:]}")
        reply = json.loads(answer.read_bytes())
    if "error" in reply:
        raise rebuild(reply)
    return reply["done"]


def main(what: str, folder: str, workers: str, answer: str) -> None:
    """Do it, and say how it went."""
    config = Config.model_validate_json(sys.stdin.read())
    try:
        reply = {"done": _do(what, config, Path(folder), int(workers))}
    except SimdataError as error:
        reply = _fault(type(error).__name__, str(error))
    except ValidationError as error:
        first = error.errors()[0]
        reply = _fault("ConfigError", f"builder.{'.'.join(map(str, first['loc']))}: {first['msg']}")
    Path(answer).write_text(json.dumps(reply))


def _fault(kind: str, message: str) -> dict[str, Any]:
    return {"error": f"{kind}: {message}", "kind": kind, "message": message, "trace": ""}


def _do(what: str, config: Config, folder: Path, workers: int) -> Any:
    from simdata.pipeline import resolve
    from simdata.render import passed_over
    from simdata.workers.plan import make_plan
    from simdata.workers.run import generate, limits_of

    if what == "generate":
        generate(config, folder, workers=workers)
        return None
    resolved = resolve(config, folder)
    plan = make_plan(resolved, notes=tuple(passed_over(config.renderer, resolved.renderer)))
    limits, shares = limits_of(plan.config)
    prepared = Prepared(plan=plan, cpu=limits.cpu, shares=tuple(dict(share) for share in shares))
    return prepared.model_dump(mode="json")


if __name__ == "__main__":
    main(*sys.argv[1:])
