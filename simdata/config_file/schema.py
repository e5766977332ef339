"""One JSON Schema for a config with its builder's fields in place; messages and comments come from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic.json_schema import models_json_schema

from simdata.config import BUILDERS, Config
from simdata.errors import ConfigError
from simdata.model import Model

Schema = dict[str, Any]


def builder_class(scene: str) -> type[Model]:
    """Load a builder's class; whatever its file throws is told in one line.

    Raises:
        UnknownNameError: no such builder.
        ConfigError: it cannot be imported, or is no `Model`.
    """
    try:
        found = BUILDERS.load(scene)
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(
            f"scene builder {scene!r} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not (isinstance(found, type) and issubclass(found, Model)):
        raise ConfigError(f"scene builder {scene!r} is no simdata.Model; derive the class from it")
    return found


def config_schema(scene: str) -> Schema:
    """Return the JSON Schema (draft 2020-12) of a config file for one builder.

    Distributions also take a bare value; every property carries its line of the class's docstring.
    """
    builder = builder_class(scene)
    refs, top = models_json_schema([(Config, "validation"), (builder, "validation")])
    definitions = {name: _described(node) for name, node in top["$defs"].items()}
    root = definitions.pop(_name(refs[(Config, "validation")]))
    root["properties"]["builder"] |= {"$ref": refs[(builder, "validation")]["$ref"]}
    root["properties"]["extends"] = {
        "type": "string",
        "description": "another config (a name, or a path beside this file) that this one changes.",
    }
    root["required"] = []
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"simdata config for {scene}",
        **_with_bare_values(root, definitions),
        "$defs": {name: _with_bare_values(node, definitions) for name, node in sorted(definitions.items())},
    }


def schema_below(root: Schema, node: Schema, key: str | int, value: Any = None) -> Schema:
    """Return what a schema says of one key or list item; {} where it says nothing.

    Args:
        root: the whole schema, where references point to.
        node: schema of the mapping or list.
        value: the mapping or list itself; its tag picks the variant of a union.
    """
    node = resolved(root, node, value)
    if isinstance(key, int):
        return node.get("items") or {}
    extra = node.get("additionalProperties")
    return node.get("properties", {}).get(key) or (extra if isinstance(extra, dict) else {})


def resolved(root: Schema, node: Schema, value: Any = None) -> Schema:
    """Follow references and pick the variant of a union that fits `value`; keep what stands beside."""
    while True:
        variants = node.get("oneOf") or node.get("anyOf")
        if "$ref" in node:
            target = root["$defs"][_name(node)]
        elif variants:
            target = _variant(root, node, variants, value)
        else:
            return node
        beside = {k: v for k, v in node.items() if k not in ("$ref", "oneOf", "anyOf", "discriminator")}
        node = {**target, **beside}


def tag_of(root: Schema, node: Schema) -> str | None:
    """Return the key that tells the variants of a union apart ("dist", "kind"), or None."""
    while "$ref" in node:
        node = root["$defs"][_name(node)]
    for variant in (node, *node.get("anyOf", ())):
        if "discriminator" in variant:
            return variant["discriminator"]["propertyName"]
    return None


def _variant(root: Schema, node: Schema, variants: list[Schema], value: Any) -> Schema:
    mapping = node.get("discriminator", {}).get("mapping", {})
    tag = value.get(tag_of(root, node)) if mapping and isinstance(value, Mapping) else None
    if tag in mapping:
        return {"$ref": mapping[tag]}
    wanted = {Mapping: "object", list: "array"}
    for kind, name in wanted.items():
        fitting = [v for v in variants if resolved_type(root, v) == name]
        if isinstance(value, kind) and fitting:
            return fitting[0]
    return variants[0]


def resolved_type(root: Schema, node: Schema) -> str | None:
    """Return the JSON type of a schema ("object", "array", …); a union's, if its variants agree."""
    while "$ref" in node:
        node = root["$defs"][_name(node)]
    variants = node.get("oneOf") or node.get("anyOf") or ()
    kinds = {resolved_type(root, variant) for variant in variants}
    return kinds.pop() if len(kinds) == 1 else node.get("type")


def bounds_text(node: Schema) -> str:
    """Write the bounds of a number: "1 to 256", "0 or more", "above 0"; "" where it has none."""
    node = node.get("x-bounds") or node
    low, high = node.get("minimum"), node.get("maximum")
    if low is not None and high is not None:
        return f"{_number(low)} to {_number(high)}"
    ends = {"minimum": "{} or more", "exclusiveMinimum": "above {}", "maximum": "{} or less"}
    ends["exclusiveMaximum"] = "below {}"
    return ", ".join(text.format(_number(node[key])) for key, text in ends.items() if key in node)


def _number(value: float) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _described(node: Schema) -> Schema:
    """Move the lines of a class docstring's `Attributes:` to the properties they are about."""
    head, _, section = node.get("description", "").partition("Attributes:")
    properties = {
        name: {"description": text, **node["properties"][name]}
        for name, text in attribute_docs(section).items()
        if name in node.get("properties", {})
    }
    result = {**node}
    if head.strip():
        result["description"] = " ".join(head.split("\n\n")[0].split())
    if properties:
        result["properties"] = node["properties"] | properties
    return result


def attribute_docs(section: str) -> dict[str, str]:
    """Read `name, other: text` and deeper continuation lines: a docstring's Attributes section."""
    docs: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        match = re.match(r"\s{0,4}(\w+(?:, \w+)*): (.*)", line)
        names = re.split(", ", match[1]) if match else names
        if not line.strip():
            names = []
        for name in names:
            docs[name] = match[2] if match else f"{docs[name]} {line.strip()}"
    return docs


def _with_bare_values(node: Any, definitions: Schema) -> Any:
    """Let every union of distributions also take what a constant takes."""
    if isinstance(node, list):
        return [_with_bare_values(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: _with_bare_values(value, definitions) for key, value in node.items()}
    mapping = node.get("discriminator", {}).get("mapping", {})
    if node.get("discriminator", {}).get("propertyName") != "dist" or "constant" not in mapping:
        return node
    bare = definitions[mapping["constant"].rpartition("/")[2]]["properties"]["value"]
    union = {"discriminator": node.pop("discriminator"), "oneOf": node.pop("oneOf")}
    return {**node, "anyOf": [union, {k: v for k, v in bare.items() if k != "title"}]}


def _name(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]
