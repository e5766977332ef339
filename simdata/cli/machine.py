"""The command about the machine: `doctor`."""

from __future__ import annotations

from pathlib import Path

import typer


def doctor() -> None:
    """Say what works on this machine.

    And what does not, why, and what to install.
    Exit code 0 when a dataset can be made here, else 1.

    Example: simdata doctor
    """
    from simdata.doctor import can_generate, diagnose

    findings = diagnose(Path())
    width = max(len(one.about) for one in findings)
    for one in findings:
        mark = "ok" if one.works else "NO" if one.needed else "no"
        typer.echo(f"{mark}  {one.about:<{width}}  {one.says}")
    good = can_generate(findings)
    typer.echo("a dataset can be made here" if good else "no dataset can be made here; mend the lines above")
    raise typer.Exit(0 if good else 1)
