"""Write a config as YAML that explains itself: each field with its meaning, unit and bounds."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from simdata.config import Config
from simdata.config_file.schema import Schema, bounds_text, config_schema, resolved, schema_below, tag_of
from simdata.config_file.yaml_text import parse_scalar

WIDTH = 100
HEAD = """\
# yaml-language-server: $schema={schema}
# What may vary, and how. `simdata schema {scene} > {schema}` makes your editor complete it.
# A distribution says what is drawn: {{dist: uniform, low: 1, high: 2}}; a bare value never varies.
# Kinds: constant, uniform, log_uniform, normal, uniform_int, choice, in_box, in_shell, hsv, ref (see let:).
# SI units and radians, except where a name says otherwise. A line you remove takes its default.
"""


def render_yaml(config: Config, *, schema_file: str = "simdata.schema.json") -> str:
    """Write a config as commented YAML; `load_config` reads an equal config from it.

    Args:
        config: as `load_config` returns it, with the builder's fields complete.
        schema_file: what the first line points editors to.
    """
    schema = config_schema(config.scene)
    value = config.model_dump(mode="json")
    lines = [HEAD.format(schema=schema_file, scene=config.scene).rstrip()]
    for key, item in value.items():
        lines += ["", *_entry(schema, schema_below(schema, schema, key, value), key, item, 0)]
    return "\n".join(lines) + "\n"


def _entry(root: Schema, node: Schema, key: str, value: Any, depth: int, told: bool = False) -> Iterator[str]:
    """Write one key: its meaning above, then the value, inline or as a block, with unit and bounds.

    Args:
        told: an entry like this one stands above, so its meaning is not told again.
    """
    indent = "  " * depth
    facts = resolved(root, node, value) if tag_of(root, node) is None else node
    yield from _comment("" if told else facts.get("description", ""), indent)
    limits = _limits(facts)
    name = f"{indent}{_scalar(key)}:"
    inline = f"{name} {_flow(_bare(root, node, value))}"
    if _is_block(root, node, value):
        yield name + limits
        table = "properties" not in facts
        for number, (inner, item) in enumerate(value.items()):
            below = schema_below(root, node, inner, value)
            yield from _entry(root, below, inner, item, depth + 1, told or (table and number > 0))
    elif isinstance(value, list) and value and len(inline) > WIDTH:
        yield name + limits
        yield from (f"{indent}  - {_flow(item)}" for item in value)
    else:
        yield inline + limits


def _is_block(root: Schema, node: Schema, value: Any) -> bool:
    """Say whether a mapping takes lines of its own; distributions and plain tables stay on one."""
    if not isinstance(value, dict) or not value or tag_of(root, node) is not None:
        return False
    fields = resolved(root, node, value).get("properties")
    return bool(fields) or any(isinstance(item, dict | list) for item in value.values())


def _comment(text: str, indent: str) -> Iterator[str]:
    for line in textwrap.wrap(text, WIDTH - len(indent) - 2, break_long_words=False, break_on_hyphens=False):
        yield f"{indent}# {line}"


def _limits(facts: Schema) -> str:
    """Say in which unit, and within which bounds, as a comment behind a value."""
    unit = facts.get("x-unit", "")
    parts = [
        "" if unit in ("1", "name") else unit,
        bounds_text(facts),
        " | ".join(map(str, facts.get("enum", ()))),
    ]
    text = ", ".join(filter(None, parts))
    return f"  # {text}" if text else ""


def _bare(root: Schema, node: Schema, value: Any) -> Any:
    """Write a constant as its value alone, where the field takes one."""
    constant = isinstance(value, Mapping) and value.get("dist") == "constant"
    return value["value"] if constant and tag_of(root, node) == "dist" else value


def _flow(value: Any) -> str:
    """Write a value on one line."""
    if isinstance(value, Mapping):
        items = sorted(value.items(), key=lambda item: item[0] != "dist")  # the kind stands first
        items = [(k, v) for k, v in items if v is not None or "dist" not in value]
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in items) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


# Text to us, but false or true to readers of YAML 1.1.
_OLD_BOOLEANS = {"no", "off", "on", "y", "n", "yes"}
_PLAIN = re.compile(r"[A-Za-z_][\w./+-]*( [\w./+-]+)*")


def _scalar(value: Any) -> str:
    """Write a scalar so that it is read back as the same value, in quotes only where it must be."""
    if isinstance(value, str):
        plain = _PLAIN.fullmatch(value) and isinstance(parse_scalar(value), str)
        plain = plain and value.lower() not in _OLD_BOOLEANS
        return value if plain else f'"{"".join(map(_escaped, value))}"'
    return json.dumps(value)


def _escaped(letter: str) -> str:
    """Write a letter as it stands in double quotes."""
    if letter in '"\\':
        return f"\\{letter}"
    return letter if letter.isprintable() else f"\\U{ord(letter):08x}"
