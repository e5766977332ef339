"""Shaders: one file each, joined by `#include "name"`, compiled once a context."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import moderngl

FOLDER = Path(__file__).parent / "shaders"


class Program:
    """`shaders/<vertex>.vert` with `shaders/<fragment>.frag`.

    Args:
        context: where it runs.
        vertex, fragment: names of the files.
        constants: initial values of uniforms, as texture units are.
    """

    def __init__(self, context: moderngl.Context, vertex: str, fragment: str, **constants: Any) -> None:
        shaders = source(f"{vertex}.vert"), source(f"{fragment}.frag")
        self.compiled = context.program(vertex_shader=shaders[0], fragment_shader=shaders[1])
        self._context = context
        self._screen: moderngl.VertexArray | None = None
        self.set(**constants)

    def set(self, **values: Any) -> None:
        """Set uniforms: numbers, tuples of numbers, or an array's bytes as the device stores it."""
        for name, value in values.items():
            uniform: Any = self.compiled[name]
            if isinstance(value, bytes):
                uniform.write(value)
            else:
                uniform.value = value

    def fill(self) -> None:
        """Run over every pixel of the current target."""
        if self._screen is None:
            self._screen = self._context.vertex_array(self.compiled, [])
        self._screen.render(moderngl.TRIANGLES, vertices=3)

    def release(self) -> None:
        """Give it back."""
        if self._screen is not None:
            self._screen.release()
        self.compiled.release()


@lru_cache
def source(name: str) -> str:
    """Return a shader's text with its includes in place."""
    text = (FOLDER / name).read_text()
    return re.sub(r'^#include "([\w.]+)"$', lambda found: source(found[1]), text, flags=re.MULTILINE)
