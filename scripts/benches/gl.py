"""What `gl` costs on the CPU, over a bare TinyRenderer call of the same view."""

from __future__ import annotations

import statistics
from contextlib import ExitStack
from typing import Any

from benches.artist import Artist
from benches.crowd import crowded, settled, unlabelled
from benches.measure import config, verdict

WARM = 3  # scenes that compile shaders, those for glass, too, and fill caches


def gl(scenes: int = 6) -> dict[str, Any]:
    """CPU of a labelled frame over a bare getCameraImage: the default tabletop, 20 objects, 640x480."""
    bare: list[float] = []
    spent: dict[int, list[float]] = {1: [], 4: []}
    loads: list[float] = []
    with ExitStack() as stack:
        tiny = stack.enter_context(Artist(config()))
        artists = {
            samples: stack.enter_context(Artist(config(f"render.samples={samples}", renderer="gl")))
            for samples in spent
        }
        for number in (*range(scenes, scenes + WARM), *range(scenes)):
            scene = settled(number=number).scenes[0]
            for artist in (tiny, *artists.values()):
                loads.append(artist.load(scene))
            for camera in scene.spec.cameras:
                bare.append(tiny.bare(camera))
                for samples, artist in artists.items():
                    spent[samples].append(artist.labelled(camera))
    views = len(bare) // (scenes + WARM)
    begun = WARM * views
    bare, spent = bare[begun:], {samples: seconds[begun:] for samples, seconds in spent.items()}
    figures: dict[str, Any] = {
        "scenes": scenes,
        "views": len(bare),
        "bare_ms": 1000 * statistics.mean(bare),
        "load_ms_a_scene": 1000 * statistics.mean(loads[3 * WARM + 1 :: 3]),
    }
    for samples, seconds in spent.items():
        figures[f"labelled_{samples}_ms"] = 1000 * statistics.mean(seconds)
        # The first view of a scene also pays for its shadow maps and for textures not seen before.
        figures[f"first_view_{samples}_ms"] = 1000 * statistics.mean(seconds[::views])
        figures[f"ratio_{samples}"] = sum(seconds) / sum(bare)
    return verdict(figures, at_most={"ratio_1": 2.5, "ratio_4": 6.0})


def gl_amodal(objects: int = 300, scenes: int = 3) -> dict[str, Any]:
    """CPU of a frame with the silhouettes of 300 objects over the same frame of 300 that are not labelled."""
    spent: dict[str, list[float]] = {"with": [], "without": []}
    with Artist(config("render.samples=1", renderer="gl")) as artist:
        for number in range(scenes):
            labelled = crowded(settled(number=number).scenes[0], objects)
            scene_of = {"with": labelled, "without": unlabelled(labelled)}
            for turn in range(2):  # the first warms up
                for name, scene in scene_of.items():
                    artist.load(scene)
                    artist.drawn(scene.spec.cameras[0])  # shadow maps
                    seconds = [artist.drawn(camera) for camera in scene.spec.cameras]
                    spent[name] += seconds if turn else []
    figures = {
        "objects": objects,
        "views": len(spent["with"]),
        "with_ms": 1000 * statistics.mean(spent["with"]),
        "without_ms": 1000 * statistics.mean(spent["without"]),
        "ratio": sum(spent["with"]) / sum(spent["without"]),
    }
    return verdict(figures, at_most={"ratio": 2.0})
