"""Change one value of a document from outside, as `--set a.b.0=value` does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from simdata.config_file.fault import dotted
from simdata.config_file.yaml_text import Document, KeyPath, Place, holds, parse_yaml
from simdata.errors import ConfigError


class Option(NamedTuple):
    """An override, and what the user wrote for it: ("dataset.scenes=0", "--scenes 0")."""

    text: str
    written: str


# (whole document, key path) -> what that key holds when nobody sets it.
Default = Callable[[Mapping[str, Any], KeyPath], Any]


def override(document: Document, option: str | Option, default: Default) -> Document:
    """Set one value.

    Args:
        option: `KEY=VALUE`, the value in YAML.
        default: what a key holds that the document does not set, so that a part of it can be set.

    Raises:
        ConfigError: no `=`, no such list item, or a plain value where the path wants to go on.
    """
    text, written = option if isinstance(option, Option) else (option, f"--set {option}")
    place = Place(" ".join(written.split()))
    key, equals, value_text = text.partition("=")
    keys = key.strip().split(".")
    if not equals or not all(keys):
        raise ConfigError(f"{place}: is not KEY=VALUE; for example --set dataset.scenes=100")
    if keys[0] == "extends":
        raise ConfigError(f"{place}: extends: belongs in a config file")
    value = parse_yaml(value_text, str(place), lines=False).value
    if isinstance(value, dict | list):
        value = mesh_paths(value, Path(), keys[-1])
    path, root = _stepped(document.value, keys, value, place, default)
    places = {old: there for old, there in document.places.items() if old[: len(path)] != path}
    places |= {path[:n]: place for n in range(1, len(path)) if path[:n] not in places}
    return Document(root, {**places, path: place})


def _stepped(
    value: Mapping[str, Any], keys: list[str], new: Any, place: Place, default: Default
) -> tuple[KeyPath, Any]:
    """Return the key path, list positions as numbers, and a copy of the document with the value set."""
    root = dict(value)
    here: Any = root
    path: KeyPath = ()
    while True:
        step, keys = _step(here, keys, path, place)
        path = (*path, step)
        if not keys:
            here[step] = new
            return path, root
        inner = here[step] if holds(here, step) else default(root, path)
        if not isinstance(inner, dict | list):
            raise ConfigError(f"{place}: {dotted(path)} is {inner!r}, which has no {keys[0]!r}; set it whole")
        here[step] = inner.copy()
        here = here[step]


def _step(here: Any, keys: list[str], path: KeyPath, place: Place) -> tuple[Any, list[str]]:
    """Return the next key or position, and the keys after it; a key that is there may itself hold dots."""
    if isinstance(here, list):
        return _list_position(here, keys[0], path, place), keys[1:]
    for count in range(1, len(keys) + 1):
        if ".".join(keys[:count]) in here:
            return ".".join(keys[:count]), keys[count:]
    return keys[0], keys[1:]


def _list_position(items: list[Any], key: str, path: KeyPath, place: Place) -> int:
    if key.isdecimal() and int(key) < len(items):
        return int(key)
    allowed = f"0 to {len(items) - 1}" if items else "none, it is empty"
    raise ConfigError(f"{place}: {dotted(path)} is a list; {key!r} is not one of its positions ({allowed})")


def mesh_paths(value: Any, folder: Path, key: str) -> Any:
    """Make relative paths of mesh files start at `folder`: entries `path:`, and fields named …meshes."""
    if isinstance(value, dict):
        return {k: mesh_paths(item, folder, k) for k, item in value.items()}
    if isinstance(value, list):
        return [mesh_paths(item, folder, key) for item in value]
    if isinstance(value, str) and value and (key == "path" or key.endswith("meshes")):
        return str((folder / Path(value).expanduser()).absolute())
    return value
