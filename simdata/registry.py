"""Name -> class tables: lazy, sorted, open to other people's packages.

A table maps a short name to `"module:Class"`; the module is imported when the name is asked for, so listing
what exists costs nothing and an extra that is missing hurts nobody who does not use it. Other packages add
names through entry points; files and modules of the user's own are named as `module:Class` or
`path/to/file.py:Class`.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from simdata.errors import ConfigError, UnknownNameError


@dataclass(frozen=True)
class Registry:
    """One table of extensions.

    Attributes:
        kind: what an entry is, in the words of an error message ("renderer").
        table: name -> "module:Class", sorted by name.
        group: entry-point group through which other packages add names.
        hints: name -> one line that says how to install what the entry needs.
    """

    kind: str
    table: Mapping[str, str]
    group: str
    hints: Mapping[str, str] | None = None

    def names(self) -> list[str]:
        """List every name, ours and those of installed packages."""
        return sorted({*self.table, *(point.name for point in entry_points(group=self.group))})

    def target(self, name: str) -> str:
        """Return the `"module:Class"` behind `name`.

        Raises:
            UnknownNameError: it is in no table and is no `module:Class`; near names are listed.
        """
        if name in self.table:
            return self.table[name]
        for point in entry_points(group=self.group):
            if point.name == name:
                return point.value
        if ":" in name:
            return name
        raise UnknownNameError(self.kind, name, self.names())

    def load(self, name: str) -> Any:
        """Import and return the class behind `name`.

        Raises:
            UnknownNameError: no such name.
            ConfigError: the module or the class cannot be imported; the message carries the install hint.
        """
        target = self.target(name)
        module_name, _, attribute = target.rpartition(":")
        try:
            module = _import(module_name)
        except ImportError as error:
            hint = (self.hints or {}).get(name)
            raise ConfigError(
                f"{self.kind} {name!r} cannot be imported: {error}" + (f"; try: {hint}" if hint else "")
            ) from error
        try:
            return getattr(module, attribute)
        except AttributeError as error:
            raise ConfigError(f"{self.kind} {name!r}: {module_name} has no {attribute!r}") from error


def _import(module_name: str) -> Any:
    """Import a module by dotted name, or a Python file by its path."""
    if not module_name.endswith(".py"):
        return importlib.import_module(module_name)
    path = Path(module_name).resolve()
    if not path.is_file():
        raise ImportError(f"no file {module_name}")
    # The name is the file's own, so two files called scene.py do not shadow each other in one process.
    name = "simdata_user_" + hashlib.sha256(str(path).encode()).hexdigest()[:12]
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{module_name} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # before it runs: pydantic resolves annotations through sys.modules
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module
