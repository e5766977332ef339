"""Whether what geometry sees can be seen: how an object stands out in the picture, and through the haze."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy import ndimage

from simdata.annotation import Labels
from simdata.frame import Frame
from simdata.scene import Scene

GAP, RING = 1, 5  # pixels: left out beside an object, for they show both; and looked at beyond


class Contrast:
    """How well each labelled instance with a visible pixel can be told from what is around it.

    - `contrast`: delta E (CIE 1976) between the mean colour of an object's visible pixels and that of a ring
      `RING` pixels wide about it, both in CIE L*a*b* of the final picture. It is taken for each quarter of
      the object's box by itself, then averaged by the pixels of the ring: so a surround that is brighter on
      one side and darker on the other does not cancel out. 2.3 is just noticeable, black on white is 100.
      None where nothing is around it in the picture.
    - `transmittance`: mean of exp(-density * distance) over the visible pixels; 1 without haze.

    Source: CIE 15, L*a*b* and its colour difference; 2.3 by Mahy et al. (1994). Beer-Lambert law.
    """

    def __init__(self, *, store: Path | None = None) -> None:
        """Take the folder of imported meshes, which is not needed here."""

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        """Label one frame."""
        lab = cv2.cvtColor(frame.rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
        instance_ids, passed = scene.instance_of_node[frame.node_ids], transmittance(frame, scene)
        labels: dict[int, dict[str, Any]] = {}
        for instance, place in enumerate(ndimage.find_objects(instance_ids), 1):
            if place is None:
                continue
            through = 1.0
            if passed is not None:
                through = float(passed[place][instance_ids[place] == instance].mean(dtype=float))
            gap = contrast(lab, instance_ids, instance, place)
            labels[instance] = {"contrast": gap, "transmittance": through}
        return Labels(instances=labels)


def transmittance(frame: Frame, scene: Scene) -> np.ndarray | None:
    """Return the share of each pixel's light that comes through the haze, (H, W); None if there is none."""
    haze = scene.spec.look.haze
    if haze is None or not haze.density:
        return None
    metres = frame.layers.get("distance")
    if metres is None:
        metres = frame.depth * np.linalg.norm(frame.camera.pixel_rays(frame.t)[1], axis=-1)
    return np.exp(-haze.density * metres)


def contrast(
    lab: np.ndarray, instance_ids: np.ndarray, instance: int, place: tuple[slice, slice]
) -> float | None:
    """Compare an instance with what is around it; see `Contrast`.

    Args:
        lab: (H, W, 3) float32.
        instance_ids: (H, W).
        instance: which.
        place: its tight box in the image, rows and columns.
    """
    window = tuple(slice(max(s.start - GAP - RING, 0), s.stop + GAP + RING) for s in place)
    own = (instance_ids[window] == instance).astype(np.uint8)
    ring = _grown(own, GAP + RING) - _grown(own, GAP)
    seen, whole = lab[window], cv2.mean(lab[window], own)[:3]
    gaps, weights = [], []
    for quarter in _quarters(window, place):
        around = cv2.countNonZero(ring[quarter])
        if around:
            held = cv2.countNonZero(own[quarter])
            inside = cv2.mean(seen[quarter], own[quarter])[:3] if held else whole
            outside = cv2.mean(seen[quarter], ring[quarter])[:3]
            gaps.append(float(np.linalg.norm(np.subtract(inside, outside))))
            weights.append(around)
    return round(float(np.average(gaps, weights=weights)), 3) if gaps else None


def _quarters(window: tuple[slice, ...], place: tuple[slice, slice]) -> Iterator[tuple[slice, slice]]:
    """Cut a window about a box in four, at the box's middle."""
    row, column = ((s.start + s.stop) // 2 - w.start for w, s in zip(window, place, strict=True))
    for rows in (slice(None, row), slice(row, None)):
        for columns in (slice(None, column), slice(column, None)):
            yield rows, columns


def _grown(mask: np.ndarray, pixels: int) -> np.ndarray:
    return cv2.dilate(mask, np.ones((2 * pixels + 1, 2 * pixels + 1), np.uint8))
