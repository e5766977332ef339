"""The program: its commands, its exit codes, and one line for a mistake.

Exit codes: 0 done; 1 failed, or a check found faults; 2 a mistake in what was asked; 3 disk full; 130
interrupted. After 3 and 130 the same command resumes.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

import typer

from simdata.cli import config, dataset, generate, machine
from simdata.errors import ConfigError, DiskFullError, IncompleteError, SimdataError

FAILED, MISTAKE, DISK_FULL, INTERRUPTED = 1, 2, 3, 130

app = typer.Typer(
    name="simdata",
    help="Training images that nobody has to label.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    epilog="Example: simdata generate tabletop --out data/tabletop --scenes 100 --workers 4",
)


@app.callback(invoke_without_command=True)
def _program(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Say the version and stop.")] = False,
) -> None:
    if version:
        from simdata import __version__

        typer.echo(f"simdata {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


COMMANDS: dict[str, Callable[..., None]] = {
    "generate": generate.generate,
    "init": config.init,
    "schema": config.schema,
    "list": config.list_names,
    "preview": dataset.preview,
    "check": dataset.check,
    "replay": dataset.replay,
    "doctor": machine.doctor,
}
for name, command in COMMANDS.items():
    *text, example = (command.__doc__ or "").strip().splitlines()
    app.command(name, help="\n".join(text), epilog=example.strip())(command)


def main() -> None:
    """Run the program and leave with its exit code."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Run one command; return its exit code. A mistake is one line on stderr."""
    debug = "--debug" in arguments
    rest = [argument for argument in arguments if argument != "--debug"]
    try:
        code = int(app(rest, prog_name="simdata", standalone_mode=False) or 0)
        return _say("interrupted", code) if code == INTERRUPTED else code
    except SimdataError as error:
        return _failed(error, debug)
    except (KeyboardInterrupt, typer.Abort):
        return _say("interrupted", INTERRUPTED)
    except BrokenPipeError:  # the reader of our output went away, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except Exception as error:
        if not hasattr(error, "format_message"):  # a bug of ours: let it be seen whole
            raise
        return _misused(error)


def _failed(error: SimdataError, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exception(error)
    if isinstance(error, ConfigError):
        return _say(str(error), MISTAKE)
    if isinstance(error, DiskFullError):
        return _say(str(error), DISK_FULL)
    if isinstance(error, IncompleteError) and _interrupted(error):
        return _say(str(error), INTERRUPTED)
    return _say(str(error), FAILED)


def _interrupted(error: BaseException | None) -> bool:
    """Say whether a KeyboardInterrupt is behind an error."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _misused(error: Any) -> int:
    """Tell a mistake in options and arguments."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "simdata"
    return _say(f"{error.format_message()} (see {command} --help)", error.exit_code)


def _say(text: str, code: int) -> int:
    typer.echo(f"simdata: {text}", err=True)
    return code
