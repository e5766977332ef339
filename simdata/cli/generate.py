"""The command that makes datasets: `generate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from simdata.config import Config
    from simdata.config_file import Option
    from simdata.workers.summary import Summary


def generate(
    source: Annotated[str, typer.Argument(metavar="CONFIG_OR_NAME", help="A YAML file or a name.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the dataset: new, empty, or to be resumed.")],
    scenes: Annotated[int | None, typer.Option(help="Number of scenes.")] = None,
    views: Annotated[int | None, typer.Option(help="Cameras a scene.")] = None,
    seed: Annotated[int | None, typer.Option(help="0 or more.")] = None,
    workers: Annotated[int, typer.Option(help="Processes; changes no byte of the dataset.")] = 1,
    executor: Annotated[str, typer.Option(help="local or ray.")] = "local",
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="A running Ray cluster, or local.")
    ] = None,
    renderer: Annotated[str | None, typer.Option(help="See `simdata list`.")] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the config: a.b.0=value.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Make one scene elsewhere; tell images, bytes, time, free disk.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Remove the dataset that is there, and start again.")
    ] = False,
    in_process: Annotated[
        bool, typer.Option("--in-process", help="No child processes: for a debugger.")
    ] = False,
) -> None:
    """Make a dataset. The same command again resumes one that was interrupted.

    Example: simdata generate tabletop --out data/tabletop --scenes 100 --workers 4
    """
    from simdata.config_file import load_config

    options = {"dataset.scenes": ("--scenes", scenes), "dataset.views": ("--views", views)}
    options |= {"seed": ("--seed", seed)}
    _known(executor, renderer)
    config = load_config(source, overrides=[*(overrides or ()), *_chosen(options, renderer)])
    address = None if ray == "local" else ray
    if dry_run:
        _estimate(config, out, workers)
        return
    summary = _run(
        config,
        out,
        workers=workers,
        executor="ray" if ray else executor,
        ray_address=address,
        overwrite=overwrite,
        in_process=in_process,
    )
    typer.echo(_told(summary))


def _chosen(options: dict[str, tuple[str, int | None]], renderer: str | None) -> list[Option]:
    """Turn the options that were given into overrides which remember how they were written."""
    from simdata.config_file import Option

    given = [
        Option(f"{key}={value}", f"{name} {value}")
        for key, (name, value) in options.items()
        if value is not None
    ]
    return given + ([Option(f"renderer='{renderer}'", f"--renderer {renderer}")] if renderer else [])


def _known(executor: str, renderer: str | None) -> None:
    """Refuse names that nobody knows before anything is begun."""
    from simdata.errors import UnknownNameError
    from simdata.render import RENDERERS

    if executor not in ("local", "ray"):
        raise UnknownNameError("executor", executor, ("local", "ray"))
    if renderer not in (None, "auto"):
        RENDERERS.target(str(renderer))


def _run(config: Config, out: Path, **options: object) -> Summary:
    """Generate, telling on screen how far it is."""
    from simdata.cli.progress import Screen
    from simdata.workers.run import generate as run

    with Screen() as screen:
        return run(config, out, on_progress=screen.show, warn=screen.say, **options)  # type: ignore[arg-type]


def _told(summary: Summary) -> str:
    """Say what there is now and what to do with it."""
    objects = f"{summary.images:,} images, {summary.instances:,} labelled objects"
    if summary.already_complete:
        head = f"{summary.out} is complete already: {objects}"
    else:
        head = f"{summary.out}: {objects} in {summary.seconds:,.0f} s"
    if summary.resumed_scenes and not summary.already_complete:
        head += f", {summary.resumed_scenes:,} scenes of them from earlier runs"
    lines = [head]
    if summary.rejections:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(summary.rejections.items()))
        lines.append(f"redrawn: {reasons}")
    lines += [
        f"hole: scene {hole.scene} ({hole.split}): {hole.cause}: {hole.detail}" for hole in summary.holes
    ]
    return "\n".join([*lines, f"next: simdata check {summary.out}"])


def _estimate(config: Config, out: Path, workers: int) -> None:
    """Tell what a run would take."""
    import shutil

    from simdata.cli.estimate import measure

    measured = measure(config)
    scenes = config.dataset.scenes
    images, total = scenes * measured.images, scenes * measured.bytes
    there = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    seconds = scenes * measured.seconds / workers
    typer.echo(f"images   {images:,} ({scenes:,} scenes of {measured.images})")
    typer.echo(f"disk     about {total / 1e6:,.0f} MB of {free / 1e6:,.0f} MB free at {there}")
    typer.echo(
        f"time     about {duration(seconds)} with {workers} worker(s), {measured.seconds:.1f} s a scene"
    )
    typer.echo(f"renderer {measured.renderer}; nothing was written to {out}")
    if total > free:
        typer.echo("it does not fit: free some disk, or ask for fewer scenes")
        raise typer.Exit(1)


def duration(seconds: float) -> str:
    """Write seconds as people say them."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"
