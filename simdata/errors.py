"""The exception tree: who made the mistake decides the branch.

SimdataError
|-- ConfigError            the asker's mistake; the CLI prints one line and exits with 2
|   |-- UnknownNameError   a name that is in no table; lists the near ones
|   |-- AssetError         a mesh or texture that cannot be used
|   `-- UndrawableError    a camera that the run's renderer cannot draw
|-- SceneRejected          a draw that cannot be: redrawn, and counted by reason
|   |-- PlacementRejected  no free place was found
|   `-- UnsettledRejected  something still moves, or fell where it may not
|-- FrameError             arrays of a view that do not fit together
|-- RenderError            a renderer that cannot open or draw
|-- PhysicsError           the simulator refused or cut something silently
|-- WriteError             the dataset could not be written
|   |-- DiskFullError      the same for want of space; resume after freeing some
|   `-- TakenError         a final name that is taken: another writer was first
|-- WorkerError            a child, an actor or a whole run that failed
|   |-- HoleBudgetError    more scenes failed twice than the run allows
|   `-- IncompleteError    stopped before the end; the same command resumes it
`-- CheckError             a finished dataset that does not hold what it says
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class SimdataError(Exception):
    """Any error simdata raises on purpose."""


class ConfigError(SimdataError):
    """The asker's mistake: says what is wrong, where, the limit, and what to try."""


class UnknownNameError(ConfigError):
    """A name that is in no table of that kind."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        super().__init__(kind, name, tuple(known))
        self.kind, self.name, self.known = kind, name, tuple(known)

    def __str__(self) -> str:
        near = difflib.get_close_matches(self.name, self.known, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"known: {', '.join(self.known)}"
        return f"unknown {self.kind} {self.name!r}; {hint}"


class AssetError(ConfigError):
    """A mesh or texture that cannot be used; says which limit it breaks."""


class UndrawableError(ConfigError):
    """A camera that the renderer cannot draw; says which can. It ends a run: other scenes fare no better."""


class SceneRejected(SimdataError):
    """A draw that cannot be. `reason` is a short fixed word, for counting."""

    reason = "rejected"

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message, reason)
        self.message = message
        self.reason = reason or type(self).reason

    def __str__(self) -> str:
        return self.message


class PlacementRejected(SceneRejected):
    """No free place was found for an object."""

    reason = "no_place"


class UnsettledRejected(SceneRejected):
    """An object still moves after the limit, or left the scene."""

    reason = "unsettled"


class FrameError(SimdataError):
    """Arrays of one view that do not fit together."""


class RenderError(SimdataError):
    """A renderer that cannot open or cannot draw; says what to install or try."""


class PhysicsError(SimdataError):
    """The simulator refused a body, or silently built another one than was asked for."""


class WriteError(SimdataError):
    """A dataset file could not be written."""


class DiskFullError(WriteError):
    """No space left; what is committed stays, and the same command resumes."""


class TakenError(WriteError):
    """A final name that is taken; the file that is there stays as it is."""


class WorkerError(SimdataError):
    """A child process, an actor or a run that failed."""


class HoleBudgetError(WorkerError):
    """More scenes failed twice than the run allows."""


class IncompleteError(WorkerError):
    """The run stopped before its end; the same command resumes it."""


class CheckError(SimdataError):
    """A dataset that is not what it says."""
