"""Read a config by name or path: `extends:`, `--set`, and the line of every mistake."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simdata.config import BUILDERS, Config
from simdata.config_file.fault import config_error, place_of
from simdata.config_file.override import Option, mesh_paths, override
from simdata.config_file.schema import builder_class, config_schema
from simdata.config_file.yaml_text import Document, KeyPath, Place, holds, read_yaml
from simdata.errors import ConfigError, UnknownNameError
from simdata.model import Model

SUFFIXES = (".yaml", ".yml")


def load_config(name_or_path: str | Path, *, overrides: Sequence[str | Option] = ()) -> Config:
    """Load a config; the builder's fields come back complete, with all defaults written out.

    Args:
        name_or_path: "tabletop" (a builder's own YAML), "tabletop/dark" (its variant, `tabletop.dark.yaml`),
            `module:Name` or `path.py:Name` (a builder with its defaults), or the path of a YAML file.
        overrides: "a.b.0=value", in this order; the value is YAML. Or an `Option`, which also says what the
            user wrote.

    Raises:
        UnknownNameError: no such scene; near names are listed.
        ConfigError: a mistake in a file or override, one line each: `FILE:LINE: key: what; what is allowed`.
    """
    document = _read(str(name_or_path), _find(str(name_or_path), Path()), ())
    for one in overrides:
        document = override(document, one, _default)
    return _validated(document)


def changed(config: Config, changes: Mapping[str, Any]) -> Config:
    """Return a config with some values set, validated as a file is.

    Args:
        changes: dotted key -> value: {"builder.objects.count": 20}; a distribution is a value, too.

    Raises:
        ConfigError: no such key, or a value it does not take.
    """
    document = Document(config.model_dump(mode="json"), {(): Place(config.scene)})
    for key, value in changes.items():
        plain = value.model_dump(mode="json") if isinstance(value, Model) else value
        document = override(document, Option(f"{key}={json.dumps(plain)}", f"update {key}"), _default)
    return _validated(document)


def scene_names() -> list[str]:
    """List every name that `load_config` knows: builders, and the variants whose YAML lies beside them."""
    names = BUILDERS.names()
    for name in list(names):
        own = _own_file(name)
        variants = own.parent.glob(f"{own.stem}.*.yaml") if own else ()
        names += [f"{name}/{path.name.split('.')[1]}" for path in variants]
    return sorted(names)


def scene_summary(name: str) -> str:
    """Say in one line what a scene is: the first words of its YAML; "" where it has none."""
    file = _find(name, Path())
    first = file.read_text(encoding="utf-8").partition("\n")[0] if file else ""
    return first.removeprefix("#").strip() if first.startswith("#") else ""


def _read(name: str, path: Path | None, seen: tuple[Path, ...]) -> Document:
    """Read a config and all that it extends; `path` is what `_find` found behind the name."""
    if path is None:
        return Document({"scene": name}, {(): Place(name)})
    if path.resolve() in seen:
        chain = " -> ".join(file.name for file in (*seen, path))
        raise ConfigError(f"{path}: extends goes round in a circle: {chain}")
    document = read_yaml(path)
    if document.value is None:
        raise ConfigError(f"{path} is empty; `simdata init tabletop FILE` writes one to start from")
    if not isinstance(document.value, dict):
        raise ConfigError(f"{path}:1: a config is a mapping (key: value), this is a {_kind(document.value)}")
    value = _with_paths(document.value, path.parent)
    base = value.pop("extends", None)
    document = Document(value, document.places)
    if base is None:
        return document
    if not isinstance(base, str):
        raise ConfigError(f"{document.places[('extends',)]}: extends: {base!r} is not a name or a path")
    try:
        found = _find(base, path.parent)
    except ConfigError as error:
        raise ConfigError(f"{document.places[('extends',)]}: extends: {error}") from None
    return _merged(_read(base, found, (*seen, path.resolve())), document)


def _find(name: str, folder: Path) -> Path | None:
    """Return the file behind a name or path; None for a builder that has none."""
    builder, _, variant = name.partition("/")
    if builder in BUILDERS.names():
        own = _own_file(builder)
        if not variant:
            return own
        file = own.with_name(f"{own.stem}.{variant}.yaml") if own else None
        if file and file.is_file():
            return file
    path = folder / Path(name).expanduser()
    if path.exists():
        return path
    if ":" in name:
        return None
    if path.suffix in SUFFIXES or (variant and builder not in BUILDERS.names()):
        raise ConfigError(f"no file {path}; give the path of a YAML config, or one of: {_names()}")
    raise UnknownNameError("scene", name, scene_names())


def _names() -> str:
    return ", ".join(scene_names())


def _own_file(name: str) -> Path | None:
    """Return the YAML beside a builder's module, without importing the module."""
    module = BUILDERS.target(name).rpartition(":")[0]
    try:
        spec = importlib.util.find_spec(module)
    except ImportError:
        return None
    path = Path(spec.origin).with_suffix(".yaml") if spec and spec.origin else None
    return path if path and path.is_file() else None


def _merged(below: Document, above: Document) -> Document:
    """Lay one document over another; see `_lay`."""
    places = {**below.places, (): above.places[()]}
    value = _lay(below.value, above.value, (), places, above.places)
    return Document(value, places)


def _lay(
    below: Any, above: Any, path: KeyPath, places: dict[KeyPath, Place], above_places: dict[KeyPath, Place]
) -> Any:
    """Merge mappings key by key; replace everything else, distributions too, whole.

    Half of one distribution and half of another would be neither: so a mapping with `dist` is one value.
    """
    both = isinstance(below, dict) and isinstance(above, dict)
    if both and "dist" not in below and "dist" not in above:
        result = dict(below)
        for key, value in above.items():
            here = (*path, key)
            result[key] = _lay(below.get(key), value, here, places, above_places)
            places[here] = above_places[here]
        return result
    stale = [old for old in places if old[: len(path)] == path]
    for old in stale:
        del places[old]
    places |= {new: place for new, place in above_places.items() if new[: len(path)] == path}
    return above


def _with_paths(value: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Make relative paths of meshes, and of the builder's own file, start at the config's folder."""
    value = {key: mesh_paths(item, folder, key) for key, item in value.items()}
    scene = value.get("scene")
    if isinstance(scene, str) and ".py:" in scene and (folder / scene.rpartition(":")[0]).is_file():
        # Relative to here where it can be, so that the plan does not say where somebody's home is.
        file, _, name = scene.rpartition(":")
        path = (folder / file).resolve()
        inside = path.is_relative_to(Path.cwd())
        value["scene"] = f"{path.relative_to(Path.cwd()) if inside else path}:{name}"
    return value


def _default(root: Mapping[str, Any], path: KeyPath) -> Any:
    """Return what a key holds when nobody sets it, so that a part of it can be set; {} where nothing does."""
    scene = root.get("scene")
    if not isinstance(scene, str):
        return {}
    value: Any = Config(scene=scene).model_dump(mode="json")
    try:
        value["builder"] = builder_class(scene)().model_dump(mode="json") if path[0] == "builder" else {}
    except (ConfigError, ValidationError):
        return {}  # validation says it better
    for key in path:
        value = value[key] if holds(value, key) else {}
    return value


def _validated(document: Document) -> Config:
    """Validate the config, then the builder's fields, then the category map."""
    scene = document.value.get("scene")
    schema = _schema(scene)
    try:
        config = Config.model_validate(document.value)
    except ValidationError as error:
        raise config_error(document, error, schema) from None
    try:
        builder_class(config.scene)
        builder = config.make_builder()
        config = config.model_copy(update={"builder": builder.model_dump(mode="json")})
    except ValidationError as error:
        raise config_error(document, error, schema, ("builder",)) from None
    except ConfigError as error:
        raise ConfigError(f"{_prefix(document, ('scene',))}{error}") from error
    try:
        config.category_names()
    except ConfigError as error:
        raise ConfigError(f"{_prefix(document, ('labels', 'categories'))}{error}") from error
    return config


def _prefix(document: Document, path: KeyPath) -> str:
    place = place_of(document, path)
    return "" if place.source == document.value.get("scene") else f"{place}: "


def _schema(scene: Any) -> dict[str, Any]:
    """Return the schema for messages; that of the config alone where the builder is not known."""
    try:
        return config_schema(scene)
    except (ConfigError, TypeError, AttributeError):
        return Config.model_json_schema()


def _kind(value: Any) -> str:
    return "list" if isinstance(value, list) else "single value"
