"""Renderers: one file a backend, behind one protocol. A renderer draws what it is told, no labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
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
        "gl": "simdata.render.gl:GlRenderer",
        "mitsuba": "simdata.render.mitsuba:MitsubaRenderer",
        "tiny": "simdata.render.tiny:TinyRenderer",
    },
    "simdata.renderers",
    {
        "gl": "pip install 'moderngl>=5.12'",
        "mitsuba": "pip install 'simdata[mitsuba]'",
        "tiny": "pip install 'pybullet>=3.2.7' (wheels: Linux x86_64, Python 3.11 or older)",
    },
)

# What "auto" tries, best first. `flat` has no light and takes minutes: it is asked for by name only.
PREFERENCE = ("gl", "tiny")


@dataclass(frozen=True)
class Probe:
    """What a renderer is on this machine.

    Attributes:
        says: a line for people, with versions.
        device: what draws, "cpu" or "gpu".
        samples: colour samples a pixel that it takes when nobody says how many.
        shares: one for each of the machine's devices: the environment in which a worker takes that one.
        most_samples: colour samples a pixel that it takes at most.
        denoises: whether it can take out the noise that few samples leave.
        patience: how many times a scene's limit of CPU seconds it may take.
    """

    says: str
    device: str
    samples: int
    shares: tuple[Mapping[str, str], ...] = ({},)
    most_samples: int = 64
    denoises: bool = False
    patience: float = 1.0

    def refusal(self, samples: int, denoise: bool) -> str:
        """Say what of a wish it cannot do; "" for nothing."""
        if samples > self.most_samples:
            return (
                f"it takes at most {self.most_samples} samples a pixel, not {samples}; try renderer mitsuba"
            )
        if denoise and not self.denoises:
            return "it cannot denoise here; only renderer mitsuba on a GPU can: leave render.denoise out"
        return ""


@dataclass(frozen=True)
class Resolved:
    """Which renderer a run takes; the same for all of its workers.

    Attributes:
        name, samples, device: arguments of `make_renderer`.
    """

    name: str
    samples: int
    device: str


class Renderer(Protocol):
    """Draws frames of one loaded scene at a time.

    ids, depth and normals are samples at pixel centres; colour may be smoothed over the pixel.
    """

    def __init__(self, *, store: Path | None = None, samples: int = 0, device: str = "auto") -> None:
        """Open the backend.

        Args:
            store: folder of imported meshes and textures.
            samples: colour samples a pixel: 1, 4, 16, 64 or 256; 0 is the renderer's own choice.
            device: "cpu", "gpu" or "auto".

        Raises:
            RenderError: it cannot open, or not on this device; nothing else takes its place.
        """

    def load(self, scene: Scene) -> None:
        """Take a scene; the one before is forgotten."""

    def render(self, camera: Camera, t: float = 0.0) -> Frame:
        """Draw one of the scene's instants through a camera."""

    def close(self) -> None:
        """Give back what the backend holds."""

    @classmethod
    def probe(cls, device: str = "auto") -> Probe:
        """Say what works.

        Raises:
            RenderError: it does not, why, and what to install.
        """


def make_renderer(
    name: str, *, store: Path | None = None, samples: int = 0, device: str = "auto", denoise: bool = False
) -> Renderer:
    """Open the renderer called `name`; it is never replaced by another one.

    Args:
        denoise: only renderers whose probe says that they can are ever told.

    Raises:
        UnknownNameError: no such renderer.
        RenderError: it cannot open on this machine.
    """
    wish = {"denoise": True} if denoise else {}
    renderer: Renderer = RENDERERS.load(name)(store=store, samples=samples, device=device, **wish)
    return renderer


def resolve_renderer(name: str, *, samples: int = 0, device: str = "auto", denoise: bool = False) -> Resolved:
    """Settle which renderer opens here: `name` itself, or for "auto" the first that works.

    Done once for a run, on the driver, so that one dataset never holds two kinds of pictures.

    Raises:
        UnknownNameError: no such renderer.
        RenderError: it does not work here, or not as it is wished for; says why and what to do.
    """
    faults = []
    for candidate in PREFERENCE if name == "auto" else (name,):
        try:
            probe = RENDERERS.load(candidate).probe(device)
            if refusal := probe.refusal(samples, denoise):
                raise RenderError(f"renderer {candidate}: {refusal}")
        except (RenderError, ConfigError) as error:
            if name != "auto":
                raise
            faults.append(f"{candidate}: {error}")
        else:
            return Resolved(candidate, samples or probe.samples, probe.device)
    raise RenderError("no renderer works here. " + "; ".join(faults))


def passed_over(name: str, taken: str, *, device: str = "auto") -> Iterator[str]:
    """Say why "auto" took no better renderer than `taken`, a line each."""
    if name != "auto" or taken not in PREFERENCE:
        return
    for candidate in PREFERENCE[: PREFERENCE.index(taken)]:
        try:
            RENDERERS.load(candidate).probe(device)
        except (RenderError, ConfigError) as error:
            yield f"renderer {taken}, because {candidate} does not work here: {error}"


def only_cpu(name: str, device: str) -> None:
    """Refuse a GPU where a renderer has no use for one.

    Raises:
        RenderError: a GPU was asked for.
    """
    if device == "gpu":
        raise RenderError(f"{name} draws on the CPU; a GPU needs renderer gl, or render.device auto")
