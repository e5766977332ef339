"""Rivals as children, in an environment of their own: their licences and crashes stay there."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benches.measure import ONE_CORE

HERE = Path(__file__).resolve().parent
ENVIRONMENT = HERE.parent.parent / ".venv-rivals"
LLVM_VARIABLE = "DRJIT_LIBLLVM_PATH"  # Source: Dr.Jit's documentation, "LLVM backend"


class RivalError(Exception):
    """A rival is not here, or died; says why."""


class Guest:
    """A rival that waits for orders (`rivals.serve`).

    Args:
        script: its file, and arguments.
        variables: of its environment.

    Raises:
        RivalError: it did not start.
    """

    def __init__(self, *script: str, variables: dict[str, str] | None = None) -> None:
        python = ENVIRONMENT / "bin" / "python"
        if not python.exists():
            raise RivalError(f"no {ENVIRONMENT.name}; scripts/prove makes it where its wheels are to be had")
        self._said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the child
        answers, told = os.pipe()
        self._child = subprocess.Popen(
            [str(python), str(HERE / script[0]), *script[1:], str(told)],
            stdin=subprocess.PIPE, stdout=self._said, stderr=self._said, text=True, pass_fds=[told],
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | ONE_CORE | (variables or {}),
        )  # fmt: skip
        os.close(told)
        self._answers = os.fdopen(answers)
        self.says = str(self._answer()["says"])

    def __str__(self) -> str:
        """Say what it is."""
        return self.says

    def load(self, scene: Path) -> float:
        """Take an exported scene; CPU seconds."""
        return self._ask("load", str(scene))

    def render(self, camera: int) -> float:
        """Draw what one of its cameras sees; CPU seconds."""
        return self._ask("render", camera)

    def save(self, path: Path) -> None:
        """Write the last picture as .npy, (H, W, 3) float32 linear."""
        self._ask("save", str(path))

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the child."""
        self._child.kill()
        self._child.wait()
        self._answers.close()
        self._said.close()

    def _ask(self, what: str, about: Any) -> float:
        assert self._child.stdin
        print(json.dumps([what, about]), file=self._child.stdin, flush=True)
        return float(self._answer()["cpu_s"])

    def _answer(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            status = self._child.wait()
            self._said.seek(0)
            raise RivalError(f"ended with status {status}: {self._said.read()[-300:].strip()}")
        return dict(json.loads(line))


def invite(scene: Path) -> dict[str, Guest | str]:
    """Return name -> the rival, or why it is not here; of Mitsuba the fastest variant that can draw."""
    found: dict[str, Guest | str] = {}
    for name, ways in {"cycles": [_Way("blender.py")], "mitsuba": _mitsubas()}.items():
        faults = []
        for way in ways:
            try:
                found[name] = way.try_on(scene)
                break
            except (RivalError, BrokenPipeError) as error:
                faults.append(f"{way}: {error}")
        else:
            found[name] = f"not here: {'; '.join(faults)}"
    return found


class _Way:
    """A command line that may work here."""

    def __init__(self, *script: str, **variables: str) -> None:
        self._script, self._variables = script, variables

    def __str__(self) -> str:
        return " ".join([*self._script, *self._variables.values()])

    def try_on(self, scene: Path) -> Guest:
        guest = Guest(*self._script, variables=self._variables)
        try:
            guest.load(scene)
            guest.render(0)
        except (RivalError, BrokenPipeError):
            guest.__exit__(None, None, None)
            raise
        return guest


def _mitsubas() -> list[_Way]:
    """Return its vectorised variant with each LLVM of this machine, newest first, then the scalar one.

    Some LLVMs crash on some CPUs.
    """
    folders = [*ENVIRONMENT.glob("llvm/usr/lib/*"), *Path("/usr/lib").glob("*-linux-gnu")]
    found = {path.resolve() for folder in folders for path in folder.glob("libLLVM*.so*")}
    libraries = [str(path) for path in sorted(found, key=_version, reverse=True)]
    newest = [_Way("mitsuba3.py", "llvm_ad_rgb", **{LLVM_VARIABLE: library}) for library in libraries]
    return [*newest, _Way("mitsuba3.py", "scalar_rgb")]


def _version(library: Path) -> list[int]:
    return [int(word) for word in library.name.replace("-", ".").split(".") if word.isdecimal()]
