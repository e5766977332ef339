"""Renderers: one file a backend, behind one protocol. A renderer draws what it is told, no labels."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from simdata.camera import Camera
from simdata.errors import ConfigError, RenderError
from simdata.frame import Frame
from simdata.registry import Registry
from simdata.scene import Scene

RENDERERS = Registry(
    "renderer",
    {
        "flat": "simdata.render.flat:FlatRenderer",
        "tiny": "simdata.render.tiny:TinyRenderer",
    },
    "simdata.renderers",
    {"tiny": "pip install 'pybullet>=3.2.7' (wheels: Linux x86_64, Python 3.11 or older)"},
)

# What "auto" tries, best first. `flat` has no light and takes minutes: it is asked for by name only.
PREFERENCE = ("tiny",)


class Renderer(Protocol):
    """Draws frames of one loaded scene at a time.

    ids, depth and normals are samples at pixel centres; colour may be smoothed over the pixel.
    """

    def __init__(self, *, store: Path | None = None) -> None:
        """Open the backend; `store` is the folder of imported meshes and textures."""

    def load(self, scene: Scene) -> None:
        """Take a scene; the one before is forgotten."""

    def render(self, camera: Camera, t: float = 0.0) -> Frame:
        """Draw one of the scene's instants through a camera."""

    def close(self) -> None:
        """Give back what the backend holds."""

    @classmethod
    def probe(cls) -> str:
        """Say in a line what works, with versions.

        Raises:
            RenderError: it does not, why, and what to install.
        """


def make_renderer(name: str, *, store: Path | None = None) -> Renderer:
    """Open the renderer called `name`; it is never replaced by another one.

    Raises:
        UnknownNameError: no such renderer.
        RenderError: it cannot open on this machine.
    """
    renderer: Renderer = RENDERERS.load(name)(store=store)
    return renderer


def resolve_renderer(name: str) -> str:
    """Return the name of a renderer that opens here: `name` itself, or for "auto" the first that works.

    Done once for a run, on the driver, so that one dataset never holds two kinds of pictures.

    Raises:
        UnknownNameError: no such renderer.
        RenderError: it does not work here; says why and what to install.
    """
    if name != "auto":
        RENDERERS.load(name).probe()
        return name
    faults = []
    for candidate in PREFERENCE:
        try:
            RENDERERS.load(candidate).probe()
        except (RenderError, ConfigError) as error:
            faults.append(f"{candidate}: {error}")
        else:
            return candidate
    raise RenderError("no renderer works here. " + "; ".join(faults))
