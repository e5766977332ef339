"""What every test may rely on."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from photometer import Photometer

from simdata.errors import RenderError

# A shell's background job ignores Ctrl-C, and so does all it starts; tests press it as in a terminal.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def gl() -> Iterator[Any]:
    """`gl` at one sample a pixel; where it does not open, tests are skipped with its own reason."""
    pytest.importorskip("moderngl")
    from simdata.render.gl import GlRenderer

    try:
        renderer = GlRenderer(samples=1)
    except RenderError as error:
        pytest.skip(str(error))
    yield renderer
    renderer.close()


@pytest.fixture(scope="module")
def meter(gl: Any) -> Photometer:
    """Measures light by what `gl` makes of it."""
    return Photometer(gl)
