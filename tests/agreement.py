"""How nearly a frame's labels are those of an oracle: the figures that tests bound and `gl_truth` publishes.

A rasteriser snaps corners to a grid of 1/256 pixel, so at an edge of the oracle's ids it may take either
side. There, in a band one pixel wide on each side, an id counts as right when it is that of one of 9 rays no
farther than `SPREAD` from the pixel's centre: far enough for the grid and for edges at a slant, near enough
that a picture shifted by a quarter of a pixel fails.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any

import cv2
import numpy as np

from simdata.camera import Camera
from simdata.frame import Frame
from simdata.raycast import ray_scene
from simdata.render.flat import FlatRenderer
from simdata.scene import Scene

SPREAD = 1 / 16  # pixels
STEPS = (-SPREAD, 0.0, SPREAD)
# An oracle: the layers of `Frame` that a camera sees.
Oracle = Callable[[Camera], dict[str, np.ndarray]]


@dataclass(frozen=True)
class Agreement:
    """How nearly two views of one scene are the same.

    Attributes:
        pixels: outside the band.
        wrong: of these, where the ids differ.
        banded: pixels in the band.
        stray: of these, where the id is none of the 9 rays'.
        depth: most metres, beyond 1 mm or 0.1 %, that a depth is from all those that the 9 rays find.
        bent: pixels outside the band whose normal is more than a degree from those of all 9 rays: a face may
            be so edge-on that the rasteriser's grid turns its back to the viewer.
        area: most pixels, beyond 2 or 3 %, by which the area of a node is off.
    """

    pixels: int = 0
    wrong: int = 0
    banded: int = 0
    stray: int = 0
    depth: float = 0.0
    bent: int = 0
    area: float = 0.0

    def __add__(self, other: Agreement) -> Agreement:
        """Join the figures of two pictures: counts add, worst cases stay."""
        joined = {}
        for field in fields(self):
            pair = getattr(self, field.name), getattr(other, field.name)
            joined[field.name] = max(pair) if field.type == "float" else sum(pair)
        return Agreement(**joined)

    def faults(self) -> list[str]:
        """Say which bounds are missed."""
        bounds = {"wrong": 1e-4 * self.pixels, "stray": 0, "depth": 0, "bent": 1e-5 * self.pixels, "area": 0}
        figures = asdict(self)
        return [f"{name} {figures[name]:.4g}" for name, most in bounds.items() if figures[name] > most]

    def to_json(self) -> dict[str, Any]:
        """Return a JSON value."""
        return {name: round(value, 6) for name, value in asdict(self).items()}


def by_rays(scene: Scene) -> Oracle:
    """Return Embree as an oracle."""
    return ray_scene(scene).view


def by_flat(scene: Scene) -> Oracle:
    """Return `flat` as an oracle."""
    renderer = FlatRenderer()
    renderer.load(scene)
    return lambda camera: dict(renderer.render(camera).layers)


def agreement(frame: Frame, oracle: Oracle) -> Agreement:
    """Compare a frame with what an oracle sees through its camera."""
    truth = oracle(frame.camera)
    ids, band = frame.node_ids, edge_band(truth["node_ids"])
    differ = ids != truth["node_ids"]
    length = "depth" if frame.camera.lens.planar else "distance"
    off = _beyond(frame.layers[length], truth[length], truth[length])
    turn = _angle(frame.layers["normals"], truth["normals"])
    same = ~differ & ~band & (ids > 0)
    # Where an object hides a part of itself its ids have no edge, but depth and normals do: the rays decide.
    doubtful = same & ((off > 0) | (turn > 1))
    stray = differ & band
    if doubtful.any() or stray.any():
        around = [oracle(shifted(frame.camera, x, y)) for y in STEPS for x in STEPS]
        stray &= ~np.any([ids == view["node_ids"] for view in around], axis=0)
        lengths = np.stack([view[length] for view in around])
        off = _beyond(frame.layers[length], lengths.min(0), lengths.max(0))
        turn = np.min([_angle(frame.layers["normals"], view["normals"]) for view in around], axis=0)
    return Agreement(
        pixels=int((~band).sum()),
        wrong=int((differ & ~band).sum()),
        banded=int(band.sum()),
        stray=int(stray.sum()),
        depth=float(off[same].max(initial=0)),
        bent=int((turn[same] > 1).sum()),
        area=_area(ids, truth["node_ids"]),
    )


def edge_band(ids: np.ndarray) -> np.ndarray:
    """Return the pixels (H, W) one of whose eight neighbours has another id."""
    kernel, values = np.ones((3, 3), np.uint8), ids.astype(np.float32)
    return cv2.dilate(values, kernel) != cv2.erode(values, kernel)


def shifted(camera: Camera, x: float, y: float) -> Camera:
    """Return a camera whose pixel centres lie (x, y) pixels right and down; its rows keep their times."""
    moved = {"cx": camera.lens.cx - x, "cy": camera.lens.cy - y}
    return camera.model_copy(update={"lens": camera.lens.model_copy(update=moved)})


def fine_ids(oracle: Oracle, camera: Camera, side: int) -> np.ndarray:
    """Return the ids of `side` by `side` points inside each pixel, (side H, side W) int32."""
    fine = np.zeros((side * camera.height, side * camera.width), np.int32)
    for row in range(side):
        for column in range(side):
            place = (np.array((column, row)) + 0.5) / side - 0.5
            fine[row::side, column::side] = oracle(shifted(camera, *place))["node_ids"]
    return fine


def _beyond(found: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return by how many metres lengths miss an interval, beyond 1 mm or 0.1 %; 0 where they do not."""
    slack = np.maximum(1e-3, 1e-3 * np.where(np.isfinite(low), np.abs(low), 0))
    with np.errstate(invalid="ignore"):  # inf - inf, where both see nothing
        missed = np.maximum(low - found, found - high) - slack
    return np.maximum(np.nan_to_num(missed, nan=0.0, posinf=np.inf), 0)


def _angle(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return degrees between unit vectors (..., 3); by the chord, which float32 keeps precise."""
    chord = np.linalg.norm(a.astype(float) - b, axis=-1)
    return np.degrees(2 * np.arcsin(np.minimum(chord / 2, 1)))


def _area(ids: np.ndarray, truth: np.ndarray) -> float:
    """Return the most pixels, beyond 2 or 3 %, by which a node's area is off."""
    count = max(ids.max(), truth.max()) + 1
    found, true = (np.bincount(layer.ravel(), minlength=count).astype(int) for layer in (ids, truth))
    return float(np.maximum(np.abs(found - true) - np.maximum(2, 0.03 * true), 0).max())
