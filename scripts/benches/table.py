"""What a labelled frame of `gl` costs, one thing varied at a time about the default tabletop."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benches.artist import Artist
from benches.crowd import crowded, finer, lit, settled
from benches.measure import config, verdict
from simdata.camera import Aperture, BrownConrady, Camera, KannalaBrandt, Motion, Pinhole, Shutter
from simdata.scene import Scene

SIZES = ((128, 128), (320, 240), (640, 480), (1280, 720), (1920, 1080))
OBJECTS, LIGHTS, SAMPLES, ROUNDS = (5, 20, 100, 300), (1, 4, 16), (1, 4, 16), (0, 1, 2)
TURNS = 3

Variant = tuple[str, str, int, Scene, Camera]  # of what, which, samples a pixel, scene, camera


def gl_table() -> dict[str, Any]:
    """CPU of a labelled frame against what it shows and how; also as multiples of a bare getCameraImage.

    The least of some turns, each with all caches warm: shadow maps and compiled shaders are paid before.
    """
    table: dict[str, dict[str, dict[str, float]]] = {}
    scene = settled().scenes[0]
    camera = scene.spec.cameras[0]
    with ExitStack() as stack:
        store = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        tiny = stack.enter_context(Artist(config()))
        tiny.load(scene)
        artists = {
            samples: stack.enter_context(Artist(config(f"render.samples={samples}", renderer="gl"), store))
            for samples in SAMPLES
        }
        for what, which, samples, shown, seen_by in variants(scene, camera, store):
            artist = artists[samples]
            artist.load(shown)
            artist.labelled(seen_by)
            bare = min(tiny.bare(camera) for _ in range(TURNS))
            spent = min(artist.labelled(seen_by) for _ in range(TURNS))
            cost = {"ms": round(1000 * spent, 1), "times": round(spent / bare, 2)}
            table.setdefault(what, {})[which] = cost
            print(f"{what:10} {which:22} {1000 * spent:8.0f} ms {spent / bare:7.2f} x", flush=True)
    return verdict({"bare": "getCameraImage of the same scene, 640x480, 20 objects", **table})


def variants(scene: Scene, camera: Camera, store: Path) -> Iterator[Variant]:
    """Vary one thing at a time; what is not said is 640x480, 20 objects, one sun, pinhole, 1 sample."""
    fov = 2 * math.atan(camera.width / 2 / camera.lens.fx)
    for width, height in SIZES:
        lens = Pinhole.from_fov(width, height, fov)
        yield "resolution", f"{width}x{height}", 1, scene, camera.model_copy(update={"lens": lens})
    for objects in OBJECTS:
        yield "objects", str(objects), 1, crowded(scene, objects), camera
    for lights in LIGHTS:
        yield "lights", str(lights), 1, lit(scene, lights), camera
    for rounds in ROUNDS:
        cut, triangles = finer(scene, rounds, store)
        yield "triangles", str(triangles), 1, cut, camera
    for samples in SAMPLES:
        yield "samples", str(samples), samples, scene, camera
    for samples in (1, 4):
        for name, seen_by in lenses(camera).items():
            yield f"lens, {samples} samples", name, samples, scene, seen_by


def lenses(camera: Camera) -> dict[str, Camera]:
    """Return the camera with other lenses and shutters, by name."""
    plain = camera.lens.model_dump(exclude={"lens"})
    size, slide = (camera.width, camera.height), Motion(velocity=(0.3, 0.1, 0.0))
    changes: dict[str, dict[str, Any]] = {
        "pinhole": {},
        "brown_conrady": {"lens": BrownConrady(**plain, k1=-0.2, k2=0.04)},
        "kannala_brandt 180": {"lens": KannalaBrandt.from_fov(*size, math.pi)},
        "rolling shutter 30 ms": {"motion": slide, "shutter": Shutter(readout=0.03)},
        "motion blur 30 ms": {"motion": slide, "shutter": Shutter(exposure=0.03)},
        "aperture 8 mm": {"aperture": Aperture(diameter=0.008, focus=1.0)},
    }
    return {name: camera.model_copy(update=change) for name, change in changes.items()}
