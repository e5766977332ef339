"""How far a run is: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer

from simdata.cli.generate import duration

if TYPE_CHECKING:
    from simdata.workers.summary import Progress

SECONDS_A_LINE = 10.0


class Screen:
    """Shows `Progress` on stderr, so that stdout keeps only results."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._task: Any = None
        self._last: float | None = None

    def __enter__(self) -> Screen:
        if sys.stderr.isatty():
            self._open_bar()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def say(self, line: str) -> None:
        """Show a line that stays."""
        if self._bar is not None:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            typer.echo(line, err=True)

    def show(self, progress: Progress) -> None:
        """Show how far it is."""
        if self._bar is not None:
            words = words_about(progress)
            scenes = {"completed": progress.done_scenes, "total": progress.total_scenes}
            self._bar.update(self._task, words=words, **scenes)
        elif self._is_due(progress):
            self._last = progress.seconds
            done = f"{progress.done_scenes}/{progress.total_scenes} scenes"
            typer.echo(f"{done}, {words_about(progress)}", err=True)

    def _is_due(self, progress: Progress) -> bool:
        """Say whether a line is: the first, the last, and one every ten seconds."""
        if self._last is None or progress.done_scenes == progress.total_scenes:
            return True
        return progress.seconds - self._last >= SECONDS_A_LINE

    def _open_bar(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
        from rich.progress import Progress as Bar

        columns = (
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("scenes  {task.fields[words]}", markup=False),
        )
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=None, words="starting")
        self._bar.start()


def words_about(progress: Progress) -> str:
    """Say images, their rate, the time left, and what was redrawn or lost."""
    parts = [f"{progress.images:,} images"]
    if progress.rate:
        parts.append(f"{progress.rate:.1f} a second")
    if progress.seconds_left:
        parts.append(f"{duration(progress.seconds_left)} left")
    redrawn = sum(progress.rejections.values())
    if redrawn:
        reasons = ", ".join(f"{count} {reason}" for reason, count in progress.rejections.items())
        parts.append(f"{redrawn} redrawn ({reasons})")
    if progress.holes:
        parts.append(f"{progress.holes} holes")
    return ", ".join(parts)
