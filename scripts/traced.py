"""The path tracer's pictures, kept between runs in a folder that git ignores.

A picture's name has a digest of all it depends on: `gl` may change and is compared again at once, and a proof
that was interrupted goes on.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np
from benches.measure import cpu_of
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from rivals.guest import ENVIRONMENT, LLVM_VARIABLE

from simdata.camera import Camera
from simdata.model import digest
from simdata.render import RENDERERS, Renderer, make_renderer, resolve_renderer
from simdata.scene import Scene

ROOT = Path(__file__).resolve().parent.parent
KEPT = ROOT / ".proof" / "reference"
# What a picture is made by, beside Mitsuba itself.
SOURCES = ("render/mitsuba", "texture", "sky", "sensor")


@dataclass(frozen=True, eq=False)
class Traced:
    """A picture by the path tracer.

    Attributes:
        rgb: (H, W, 3) uint8 sRGB.
        by: which variant of Mitsuba drew it.
        cpu_s: what it cost, seconds of CPU, the compiler's included.
    """

    rgb: np.ndarray
    by: str
    cpu_s: float


def traced(name: str, scene: Scene, view: Camera, samples: int) -> Traced:
    """Return a picture of a scene's first instant, drawn if none is kept."""
    path = place(name, scene, view, samples)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        _keep(_drawn(scene, view, samples), path)
    with Image.open(path) as kept:
        return Traced(np.array(kept), kept.info["by"], float(kept.info["cpu_s"]))


def place(name: str, scene: Scene, view: Camera, samples: int) -> Path:
    """Return where a picture is kept, or will be."""
    poses = sha256(scene.positions.tobytes() + scene.quats_xyzw.tobytes()).hexdigest()
    depends = [scene.spec.digest, poses, view.digest, samples, _sources(), version("mitsuba")]
    return KEPT / f"{name}-{digest(depends)[:16]}.png"


@cache
def _sources() -> str:
    files = sorted(file for part in SOURCES for file in (ROOT / "simdata" / part).rglob("*.py"))
    return sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _drawn(scene: Scene, view: Camera, samples: int) -> Traced:
    renderer, pictures = _tracer(samples), []

    def draw() -> None:
        renderer.load(scene)
        pictures.append(renderer.render(view, float(scene.times[0])).rgb)

    seconds = cpu_of(draw)
    return Traced(pictures[0], RENDERERS.load("mitsuba").probe().says, seconds)


@cache
def _tracer(samples: int) -> Renderer:
    libraries = sorted(ENVIRONMENT.glob("llvm/usr/lib/*/libLLVM*.so.*"))
    if libraries:
        os.environ.setdefault(LLVM_VARIABLE, str(libraries[-1]))
    return make_renderer("mitsuba", samples=samples, device=resolve_renderer("mitsuba").device)


def _keep(picture: Traced, path: Path) -> None:
    """Write a picture in one step: what is there is whole."""
    told = PngInfo()
    told.add_text("by", picture.by)
    told.add_text("cpu_s", f"{picture.cpu_s:.1f}")
    unfinished = path.with_suffix(f".{os.getpid()}")
    Image.fromarray(picture.rgb).save(unfinished, "PNG", pnginfo=told)
    unfinished.replace(path)
