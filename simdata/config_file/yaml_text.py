"""Read YAML that people wrote, and remember where everything stood.

PyYAML's safe loader keeps the last of duplicate keys in silence, expands alias bombs, overflows the stack on
deep nesting, and reads `no` as False, `012` as 10, `12:30:00` as 45000 and `1e3` as text. This one refuses
the first three and reads scalars by YAML 1.2's core schema.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from simdata.errors import ConfigError

# A config is written by people: a list of ten thousand mesh paths is still below this.
MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_DIGITS = 400

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True)
class Place:
    """Where a value was written: a file and its line from 1, or the text of a command-line option."""

    source: str
    line: int | None = None

    def __str__(self) -> str:
        return self.source if self.line is None else f"{self.source}:{self.line}"


@dataclass(frozen=True)
class Document:
    """A YAML value and the place of every key path in it.

    Attributes:
        value: dicts with text keys, lists, text, numbers, booleans, None.
        places: key path -> where its key (or list item) stands; () is the whole.
    """

    value: Any
    places: dict[KeyPath, Place]


def read_yaml(path: Path) -> Document:
    """Read one YAML file.

    Raises:
        ConfigError: not a file, too large, not text, or not YAML as described above; says where.
    """
    if path.is_dir():
        raise ConfigError(f"{path} is a folder; a YAML file is wanted")
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ConfigError(f"no file {path}") from None
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise ConfigError(f"{path} is larger than {MAX_BYTES >> 10} KiB, the limit of a config")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 text (byte {error.start}); a YAML file is wanted") from None
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str, *, lines: bool = True) -> Document:
    """Parse YAML text; `source` is what errors call it, with or without the line.

    Raises:
        ConfigError: a syntax error, a duplicate key, an alias, a tag, or nesting too deep; says the line.
    """
    places: dict[KeyPath, Place] = {(): Place(source, 1)}
    try:
        root = _Loader(text).get_single_node()
        value = None if root is None else _Reading(source, places).value(root, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(source, (mark.line + 1 if mark else 1) if lines else None)
        raise ConfigError(f"{place}: not valid YAML: {error.problem or error.context}") from None
    except yaml.YAMLError as error:
        raise ConfigError(f"{source} is not YAML text: {str(error).splitlines()[0]}") from None
    except _Refused as refused:
        raise ConfigError(f"{Place(source, refused.line if lines else None)}: {refused}") from None
    return Document(value, places)


def parse_scalar(text: str) -> Any:
    """Read a plain scalar as YAML 1.2's core schema does.

    Raises:
        ValueError: a number of more than 400 digits.

    Source: YAML 1.2.2, 10.3.2 (tag resolution of the core schema).
    """
    if text in ("", "~", "null", "Null", "NULL"):
        return None
    if text in ("true", "True", "TRUE"):
        return True
    if text in ("false", "False", "FALSE"):
        return False
    if not _NUMBER_LIKE.match(text):
        return text
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number of {len(text)} characters; at most {MAX_DIGITS} are read")
    for pattern, base in _INTEGERS:
        if pattern.fullmatch(text):
            return int(text, base)
    if _FLOAT.fullmatch(text):
        return float(text)
    special = text.lower().lstrip("+-")
    if special in (".inf", ".nan"):
        return float(text.replace(".", "", 1))
    return text


_NUMBER_LIKE = re.compile(r"[-+.0-9]")
_INTEGERS = (
    (re.compile(r"[-+]?[0-9]+"), 10),
    (re.compile(r"0o[0-7]+"), 8),
    (re.compile(r"0x[0-9a-fA-F]+"), 16),
)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TAG = "tag:yaml.org,2002:"


class _Refused(Exception):
    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


class _Loader(yaml.SafeLoader):
    """Composes nodes only; scalars stay text until `_Reading` reads them."""

    yaml_implicit_resolvers: dict = {}  # noqa: RUF012 - PyYAML's own name and kind

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.peek_event()
        line = event.start_mark.line + 1
        if isinstance(event, yaml.AliasEvent):
            raise _Refused(f"alias *{event.anchor} is not allowed; write the value again, or use let:", line)
        if self.depth >= MAX_DEPTH:
            raise _Refused(f"nested deeper than {MAX_DEPTH} levels", line)
        self.depth += 1
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


@dataclass(frozen=True)
class _Reading:
    source: str
    places: dict[KeyPath, Place]

    def value(self, node: yaml.Node, path: KeyPath) -> Any:
        """Turn a node into a plain value, noting places on the way."""
        if isinstance(node, yaml.MappingNode):
            self._plain_tag(node, "map")
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            self._plain_tag(node, "seq")
            return [self._child(item, item, (*path, index)) for index, item in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)  # YAML knows no fourth kind
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key in result:
                first = self.places[(*path, key)].line
                self._refuse(f"key {key!r} is given twice: lines {first} and {_line(key_node)}", key_node)
            result[key] = None  # so that a later duplicate is seen even while this one is being read
            result[key] = self._child(key_node, value_node, (*path, key))
        return result

    def _child(self, at: yaml.Node, node: yaml.Node, path: KeyPath) -> Any:
        self.places[path] = Place(self.source, _line(at))
        return self.value(node, path)

    def _key(self, node: yaml.Node) -> str:
        key = self._scalar(node) if isinstance(node, yaml.ScalarNode) else None
        if not isinstance(key, str):
            self._refuse("a key must be text; put it in quotes", node)
        return str(key)

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        self._plain_tag(node, "str")
        if node.style is not None or node.tag == "!":
            return node.value
        try:
            return parse_scalar(node.value)
        except ValueError as error:
            self._refuse(str(error), node)

    def _plain_tag(self, node: yaml.Node, kind: str) -> None:
        if node.tag not in (f"{_TAG}{kind}", "!"):
            self._refuse(f"tag {node.tag.replace(_TAG, '!!')!r} is not allowed; remove it", node)

    def _refuse(self, message: str, node: yaml.Node) -> None:
        raise _Refused(message, _line(node))


def holds(value: Any, key: Any) -> bool:
    """Say whether a mapping has the key, or a list the position."""
    if isinstance(value, list):
        return isinstance(key, int) and 0 <= key < len(value)
    return isinstance(value, dict) and key in value


def _line(node: yaml.Node) -> int:
    return node.start_mark.line + 1
