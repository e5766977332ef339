"""Turn what pydantic found into lines to act on: file, line, key, what is wrong, what is allowed."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from simdata.config_file.schema import Schema, bounds_text, resolved, schema_below
from simdata.config_file.yaml_text import Document, KeyPath, Place, holds
from simdata.errors import ConfigError

# More than this many lines is a wall; the rest shows up once these are mended.
MAX_FAULTS = 5


def config_error(
    document: Document, error: ValidationError, schema: Schema, below: KeyPath = ()
) -> ConfigError:
    """Make one `ConfigError` of all that pydantic found, a line each, at most five.

    Args:
        document: what was validated.
        schema: of the whole config.
        below: key path in the document at which validation started.
    """
    lines: dict[KeyPath, str] = {}
    for found in _telling(error):
        path = _data_path(document.value, below, found)
        lines.setdefault(path, _line(document, path, found, schema))
    shown = list(lines.values())[:MAX_FAULTS]
    more = len(lines) - len(shown)
    return ConfigError("\n".join([*shown, *([f"and {more} more"] if more else [])]))


def _telling(error: ValidationError) -> Iterator[dict[str, Any]]:
    """Yield what pydantic found, without the echoes of a mistake that another line tells."""
    found: list[Any] = error.errors(include_url=False)
    unknown = [one["loc"] for one in found if one["type"] == "extra_forbidden"]
    for one in found:
        *parent, key = one["loc"] or ("",)
        misspelt = [str(loc[-1]) for loc in unknown if list(loc[:-1]) == parent]
        if one["type"] == "missing" and difflib.get_close_matches(str(key), misspelt):
            continue
        # A constant's value may be of several types, and pydantic tells what it is not, type by type.
        inside = [n for n, step in enumerate(one["loc"]) if step == "constant"]
        yield {**one, "type": "constant", "loc": one["loc"][: inside[-1]]} if inside else one


def place_of(document: Document, path: KeyPath) -> Place:
    """Return where a key stands, or the nearest thing around it."""
    while path not in document.places and path:
        path = path[:-1]
    return document.places[path]


def dotted(path: KeyPath) -> str:
    """Write a key path as people do: builder.objects.meshes.0.path."""
    return ".".join(map(str, path))


def near(name: str, known: Sequence[str]) -> str:
    """Return "did you mean …?" or, where nothing is near, what is known."""
    close = difflib.get_close_matches(name, known, n=2, cutoff=0.6)
    if close:
        return f"did you mean {' or '.join(map(repr, close))}?"
    return f"known: {', '.join(known)}" if known else "nothing is known here"


def _line(document: Document, path: KeyPath, found: Mapping[str, Any], schema: Schema) -> str:
    place = _culprit(document, path) if found["type"] == "value_error" else place_of(document, path)
    about = path[:-1] if found["type"] in ("extra_forbidden", "missing") else path
    told = place.line is None and document.places.get(path) == place  # an option's text names its key
    named = f"{dotted(about)}: " if about and not told else ""
    return f"{place}: {named}{_message(document.value, path, found, schema)}"


def _culprit(document: Document, path: KeyPath) -> Place:
    """Return where the parts of a value stopped fitting together: at an option that set one, if there is."""
    below = [place for key, place in document.places.items() if key[: len(path)] == path]
    return next((place for place in reversed(below) if place.line is None), place_of(document, path))


def _data_path(data: Any, start: KeyPath, found: Mapping[str, Any]) -> KeyPath:
    """Return the keys of pydantic's location that stand in the data; it also names union tags and types."""
    path = list(start)
    for key in start:
        data = data[key] if holds(data, key) else None
    steps = found["loc"]
    for number, step in enumerate(steps):
        if holds(data, step):
            path.append(step)
            data = data[step]
        elif found["type"] == "missing" and number == len(steps) - 1:
            path.append(step)
    return tuple(path)


def _message(data: Any, path: KeyPath, found: Mapping[str, Any], schema: Schema) -> str:
    kind, given = found["type"], _shown(found.get("input"))
    context = found.get("ctx", {})
    if kind == "extra_forbidden":
        return f"unknown key {path[-1]!r}; {near(str(path[-1]), _siblings(data, path, schema))}"
    if kind == "missing":
        return f"key {path[-1]!r} is missing"
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _tag_message(found)
    if kind == "value_error":
        return str(context["error"])
    if kind == "literal_error":
        return f"{given} is not allowed; allowed: {context['expected']}"
    if found.get("input") is None and kind.endswith("_type"):
        return "is empty; give it a value or remove the key"
    if kind == "constant":
        return "a number, a text, three numbers or a whole distribution {dist: …} is wanted"
    if kind in _BOUNDS:
        return f"{given} is out of bounds; allowed: {_bounds(data, path, schema)}"
    for start, wanted in _WANTED.items():
        if kind.startswith(start):
            return f"{given} is not {wanted}"
    return f"{given}: {found['msg']}"


_BOUNDS = ("greater_than", "greater_than_equal", "less_than", "less_than_equal")
_WANTED = {
    "bool": "true or false",
    "dict": "a mapping (key: value)",
    "finite_number": "a finite number",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "a mapping (key: value)",
    "string": "text; put it in quotes",
    "tuple": "a list",
}


def _bounds(data: Any, path: KeyPath, schema: Schema) -> str:
    return bounds_text(resolved(schema, *_node(data, path, schema)))


def _siblings(data: Any, path: KeyPath, schema: Schema) -> list[str]:
    return sorted(resolved(schema, *_node(data, path[:-1], schema)).get("properties", {}))


def _node(data: Any, path: KeyPath, schema: Schema) -> tuple[Schema, Any]:
    """Return the schema and the value at a key path."""
    node = schema
    for key in path:
        node = schema_below(schema, node, key, data)
        data = data[key] if holds(data, key) else None
    return node, data


def _tag_message(found: Mapping[str, Any]) -> str:
    context = found["ctx"]
    tag = context["discriminator"].strip("'")
    kinds = list(_unquoted(context.get("expected_tags", "")))
    if found["type"] == "union_tag_invalid":
        what = "distribution" if tag == "dist" else tag
        return f"unknown {what} {context['tag']!r}; {near(str(context['tag']), kinds)}"
    if tag == "dist":
        return "'dist' is missing; write a whole distribution such as {dist: uniform, low: 1, high: 2}"
    return f"key {tag!r} is missing; it says which kind this is"


def _unquoted(tags: str) -> Iterator[str]:
    for tag in tags.split(", "):
        yield tag.strip("'")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
