"""Shaders: one file each, joined by `#include "name"`, compiled once a context."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

import moderngl

FOLDER = Path(__file__).parent / "shaders"


def compile_program(context: moderngl.Context, vertex: str, fragment: str) -> moderngl.Program:
    """Compile `shaders/<vertex>.vert` with `shaders/<fragment>.frag`."""
    return context.program(vertex_shader=source(f"{vertex}.vert"), fragment_shader=source(f"{fragment}.frag"))


@lru_cache
def source(name: str) -> str:
    """Return a shader's text with its includes in place."""
    text = (FOLDER / name).read_text()
    return re.sub(r'^#include "([\w.]+)"$', lambda found: source(found[1]), text, flags=re.MULTILINE)
