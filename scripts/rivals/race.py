"""CPU seconds a frame of `gl` and of path tracers in turn, and their pictures side by side."""

from __future__ import annotations

import statistics
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from benches.artist import Artist
from benches.measure import config, verdict

from rivals.export import export
from rivals.guest import Guest, invite
from simdata import load_config
from simdata.pipeline import Pipeline
from simdata.sensor import develop

PICTURE = Path(__file__).resolve().parent.parent.parent / "docs" / "rivals.jpg"
# How many times the CPU seconds of `gl`, as it comes: four samples a pixel at edges, labelled.
BOUNDS = {"cycles": 30.0, "mitsuba": 10.0}
SHOWN = (0, 1)  # scene, view
# One sun and no sensor: all of them can draw that.
PLAIN = ["renderer=tiny", "builder.objects.count=20", "builder.cameras.sensor=off"]


def race(scenes: int = 3, views: int = 2) -> dict[str, Any]:
    """Path tracers take many times the CPU seconds of `gl` for the same 640x480 view of a `tabletop/plain`.

    The first view of each scene is not counted: all of them prepare the scene then.
    """
    spent: dict[str, list[float]] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        pipeline = Pipeline(load_config("tabletop/plain", overrides=PLAIN))
        chosen = [pipeline.scene(number).scenes[0] for number in range(scenes)]
        paths = [export(scene, folder / str(number)) for number, scene in enumerate(chosen)]
        artists = {
            f"gl_{samples}": stack.enter_context(Artist(config(f"render.samples={samples}", renderer="gl")))
            for samples in (1, 4)
        }
        invited = invite(paths[0])
        guests = {name: guest for name, guest in invited.items() if isinstance(guest, Guest)}
        for guest in guests.values():
            stack.enter_context(guest)
        for number, (scene, path) in enumerate(zip(chosen, paths, strict=True)):
            for one in (*artists.values(), *guests.values()):
                one.load(scene if isinstance(one, Artist) else path)
            for view, camera in enumerate(scene.spec.cameras[:views]):
                costs = {name: artist.labelled(camera) for name, artist in artists.items()}
                costs |= {name: guest.render(view) for name, guest in guests.items()}
                for name, seconds in costs.items() if view else ():
                    spent.setdefault(name, []).append(seconds)
                if (number, view) == SHOWN:
                    shifts = _show(artists["gl_4"].picture(camera), guests, folder)
    figures: dict[str, Any] = {name: str(guest) for name, guest in invited.items()}
    return _figures(figures | shifts, spent)


def _figures(figures: dict[str, Any], spent: dict[str, list[float]]) -> dict[str, Any]:
    for name, seconds in spent.items():
        figures[f"{name}_cpu_s"] = statistics.mean(seconds)
    for rival in BOUNDS.keys() & spent.keys():
        for ours in ("gl_1", "gl_4"):
            figures[f"{rival}_over_{ours}"] = sum(spent[rival]) / sum(spent[ours])
    figures["frames"] = len(spent["gl_1"])
    bounds = {f"{name}_over_gl_4": bound for name, bound in BOUNDS.items() if name in spent}
    return verdict(figures, at_least=bounds)


def _show(ours: np.ndarray, guests: dict[str, Guest], folder: Path) -> dict[str, Any]:
    """Save the pictures side by side; return how far each rival's is from ours, pixels, by its edges."""
    pictures, shifts = [ours], {}
    for name, guest in guests.items():
        guest.save(folder / f"{name}.npy")
        pictures.append(develop(np.load(folder / f"{name}.npy").astype(np.float16)))
        shifts[f"{name}_shift_px"] = round(_shift(ours, pictures[-1]), 3)
    row = cv2.cvtColor(np.hstack(pictures), cv2.COLOR_RGB2BGR)
    cv2.imwrite(str(PICTURE), row, [cv2.IMWRITE_JPEG_QUALITY, 88])
    return shifts


def _shift(first: np.ndarray, second: np.ndarray) -> float:
    """Return by how many pixels two pictures are apart, from the phases of their edges."""
    edges = [cv2.Laplacian(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), cv2.CV_64F) for rgb in (first, second)]
    (x, y), _ = cv2.phaseCorrelate(*[np.clip(edge, -30, 30) for edge in edges])
    return float(np.hypot(x, y))
