"""`gl`'s labels against two oracles on many scenes: what `tests/test_render_gl.py` bounds on a few."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from benches.measure import config

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from agreement import Agreement, agreement, by_flat, by_rays
from photometer import Photometer
from registration import edge_offsets, white_things
from sample_scene import random_scene

from simdata.amodal import silhouettes
from simdata.camera import Camera, Motion, Shutter
from simdata.lens import BrownConrady, KannalaBrandt, Pinhole
from simdata.pipeline import Pipeline
from simdata.render.gl import GlRenderer
from simdata.scene import Scene, start_scene
from simdata.silhouette import Silhouette, keeps_lines_straight, margin

SCENES = 50  # a camera model: half of them tabletops, half small and strewn
FAR, SMALL = (640, 480), (80, 60)
MOVING = {
    "motion": Motion(velocity=(0.5, 0.2, -0.2), angular_velocity=(0.2, -0.4, 0.8)),
    "shutter": Shutter(readout=0.05),
}
EDGE_PX = 0.3


def gl_truth(scenes: int = SCENES) -> dict[str, Any]:
    """Labels, silhouettes and colour of `gl` against Embree and `flat`, 50 scenes a camera model."""
    renderer, smooth = GlRenderer(samples=1), GlRenderer(samples=16)
    meter = Photometer(renderer)
    figures: dict[str, Any] = {"device": renderer.device.to_json(), "scenes_per_camera_model": scenes}
    for name, change in VIEWS.items():
        figures[name] = {
            "against_embree_640x480": compared(renderer, tabletops(change, scenes // 2), by_rays),
            "against_flat_80x60": compared(renderer, strewn(change, scenes // 2), by_flat),
            "colour": registered(smooth, meter, change, scenes // 10),
        }
    renderer.close()
    smooth.close()
    met = [not part.get("faults") for name in VIEWS for part in figures[name].values()]
    return {**figures, "bound": "no faults", "met": all(met)}


def compared(renderer: GlRenderer, scenes: Iterator[Scene], oracle: Callable) -> dict[str, Any]:
    """Join the figures of many scenes; a pinhole's silhouettes are compared with those of the geometry.

    Under other lenses they are those of the geometry.
    """
    total, off, outline = Agreement(), 0, 0
    for scene in scenes:
        renderer.load(scene)
        frame = renderer.render(scene.spec.cameras[0])
        total += agreement(frame, oracle(scene))
        if not keeps_lines_straight(frame.camera):
            continue
        truth, found = silhouettes(scene, frame.camera), frame.silhouettes or {}
        whole = margin(frame.camera)
        off += sum(int((found[i].crop(whole) != truth[i].crop(whole)).sum()) for i in truth)
        outline += sum(outline_of(one) for one in truth.values())
    # A grid of 1/256 pixel moves outlines by half of that along x and y.
    missed = [f"silhouettes {off}"] if off > outline / 256 else []
    return {
        **total.to_json(),
        "silhouette_pixels_off": off,
        "of_outline": outline,
        "faults": total.faults() + missed,
    }


def registered(smooth: GlRenderer, meter: Photometer, change: Change, scenes: int) -> dict[str, Any]:
    """Measure how far the edges of colour lie from those of the labels."""
    offsets = np.concatenate(
        [edge_offsets(smooth, meter, white_things(seed, **change(160, 120))) for seed in range(scenes)]
    )
    mean = float(np.abs(offsets).mean())
    return {
        "points": len(offsets),
        "mean_px": round(mean, 4),
        "bias_px": round(float(offsets.mean()), 4),
        "p99_px": round(float(np.quantile(np.abs(offsets), 0.99)), 3),
        "faults": [f"edges {mean:.3f} px"] if mean > EDGE_PX else [],
    }


Change = Callable[[int, int], dict[str, Any]]


def pinhole(width: int, height: int) -> dict[str, Any]:
    """Skewed, its pixels not square, its principal point off the middle."""
    return {"lens": Pinhole(**sensor(width, height), skew=0.05 * width)}


def brown_conrady(width: int, height: int) -> dict[str, Any]:
    """A barrel with some tangential distortion."""
    return {"lens": BrownConrady(**sensor(width, height), k1=-0.2, k2=0.04, p1=0.01, p2=-0.006)}


def fisheye(width: int, height: int) -> dict[str, Any]:
    """Sees 200 degrees across the image."""
    return {"lens": KannalaBrandt.from_fov(width, height, math.radians(200))}


def sensor(width: int, height: int) -> dict[str, Any]:
    """Return the intrinsics that pinholes share."""
    f = 1.1 * width
    return {
        "width": width, "height": height, "fx": f, "fy": 1.1 * f, "cx": 0.42 * width, "cy": 0.56 * height,
    }  # fmt: skip


VIEWS: dict[str, Change] = {
    "pinhole": pinhole,
    "brown_conrady": brown_conrady,
    "kannala_brandt_200_degrees": fisheye,
    "rolling_pinhole": lambda *size: pinhole(*size) | MOVING,
    "rolling_kannala_brandt": lambda *size: fisheye(*size) | MOVING,
}


def tabletops(change: Change, count: int) -> Iterator[Scene]:
    """Default tabletop scenes, not settled: objects hang where they would be dropped, which overlaps more."""
    pipeline = Pipeline(config(scenes=count))
    for number in range(count):
        spec = pipeline.specs(number)[0]
        view = Camera(**dict(spec.cameras[0]) | change(*FAR))
        yield start_scene(spec.model_copy(update={"cameras": (view,)}))
    pipeline.close()


def strewn(change: Change, count: int) -> Iterator[Scene]:
    """Small scenes of overlapping objects."""
    for seed in range(count):
        yield random_scene(seed, **change(*SMALL))


def outline_of(one: Silhouette) -> int:
    """Count the pixels of a silhouette that touch what is not of it."""
    mask = np.pad(one.mask, 1)
    inner = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return int(np.count_nonzero(one.mask & ~inner))
