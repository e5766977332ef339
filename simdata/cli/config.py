"""Commands about configs: `init`, `schema`, `list`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

Scene = Annotated[str, typer.Argument(metavar="NAME", help="A scene: see `simdata list`.")]


def init(
    name: Scene,
    file: Annotated[Path, typer.Argument(help="Where to write it; must not be there yet.")],
) -> None:
    """Write a commented config to start from.

    Every field stands there with its meaning, unit, bounds and default.

    Example: simdata init tabletop my.yaml
    """
    from simdata.config_file import load_config, render_yaml
    from simdata.errors import ConfigError

    text = render_yaml(load_config(name))
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise ConfigError(f"{file} is there already; choose another name or remove it") from None
    except OSError as error:
        raise ConfigError(f"cannot write {file}: {error.strerror}") from error
    typer.echo(f"wrote {file}; next: simdata preview {file} -o sheet.png")


def schema(name: Scene) -> None:
    """Print the JSON Schema of a config.

    With it an editor completes and checks what you write.

    Example: simdata schema tabletop > simdata.schema.json
    """
    from simdata.config_file import config_schema, load_config

    typer.echo(json.dumps(config_schema(load_config(name).scene), indent=2, ensure_ascii=False))


def list_names() -> None:
    """List scenes, renderers, annotators, writers.

    Says of each whether it works here, and why not.

    Example: simdata list
    """
    from simdata.annotate import ANNOTATORS
    from simdata.config import BUILDERS
    from simdata.config_file import scene_names, scene_summary
    from simdata.registry import Registry
    from simdata.render import RENDERERS
    from simdata.write import WRITERS

    for name in scene_names():
        builder, _, variant = name.partition("/")
        _row("scene", name, scene_summary(name) if variant else _state(BUILDERS, builder))
    tables: dict[str, Registry] = {"renderer": RENDERERS, "annotator": ANNOTATORS, "writer": WRITERS}
    for kind, table in tables.items():
        for name in table.names():
            _row(kind, name, _state(table, name))


def _row(kind: str, name: str, state: str) -> None:
    typer.echo(f"{kind:<10} {name:<20} {state}")


def _state(table: object, name: str) -> str:
    """Say in one line what an entry is, or why it cannot be used here."""
    from simdata.errors import SimdataError
    from simdata.registry import Registry

    assert isinstance(table, Registry)
    try:
        found = table.load(name)
        if hasattr(found, "probe"):
            return f"works: {found.probe().says}"
    except SimdataError as error:
        return f"does not work here: {error}"
    return (found.__doc__ or "").strip().partition("\n")[0]
