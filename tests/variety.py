"""How much the pictures of a config differ in colour, in texture, in light: figures to compare by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

import simdata
from simdata.annotation import Sample
from simdata.config import Config
from simdata.light import Sun

# Chroma is counted in squares of this side of the a b plane.
CHROMA_BIN = 6.0
# Inside an object is this far from its outline, px.
INSIDE = 2


@dataclass(frozen=True)
class Variety:
    """What sets pictures apart.

    Attributes:
        color: spread of the pictures' mean colours, in Lab, times the entropy of chroma within them, bits.
        texture: mean size of what is finer than 3 px inside objects, in L* of Lab.
        light: spread of the pictures' mean log2 luminance, stops, and within them, 10th to 90th percentile.
        heading: 1 less the length of the mean direction to the strongest light: 0 is always the same one.
    """

    color: float
    texture: float
    light: float
    heading: float


def pictures(config: Config, count: int) -> list[Sample]:
    """Return the first picture of each of the first `count` scenes."""
    dataset = config.dataset.model_copy(update={"scenes": count, "views": 1, "splits": {"train": 1.0}})
    return list(simdata.samples(config.model_copy(update={"dataset": dataset})))


def variety(samples: Sequence[Sample]) -> Variety:
    """Measure pictures of one config."""
    labs = [cv2.cvtColor(np.float32(s.frame.rgb) / 255, cv2.COLOR_RGB2LAB) for s in samples]
    between = float(np.linalg.norm(np.std([lab.mean(axis=(0, 1)) for lab in labs], axis=0)))
    within = float(np.mean([_chroma_entropy(lab) for lab in labs]))
    logs = [np.log2(np.maximum(_luminance(s.frame.rgb), 2e-3)) for s in samples]
    spans = [np.subtract(*np.percentile(log, (90, 10))) for log in logs]
    ways = [_strongest(sample) for sample in samples]
    return Variety(
        color=between * within,
        texture=float(np.mean([_fine(lab, s.frame.node_ids) for lab, s in zip(labs, samples, strict=True)])),
        light=float(np.std([log.mean() for log in logs]) + np.mean(spans)),
        heading=1 - float(np.linalg.norm(np.mean(ways, axis=0))),
    )


def _chroma_entropy(lab: np.ndarray) -> float:
    """Return the entropy of a and b, bits."""
    bins = np.floor(lab[..., 1:].reshape(-1, 2) / CHROMA_BIN).astype(int)
    share = np.unique(bins, axis=0, return_counts=True)[1] / len(bins)
    return float(-(share * np.log2(share)).sum())


def _luminance(rgb: np.ndarray) -> np.ndarray:
    linear = (rgb / 255.0) ** 2.2
    return linear @ np.array([0.2126, 0.7152, 0.0722])


def _fine(lab: np.ndarray, ids: np.ndarray) -> float:
    """Return the mean absolute fine detail inside nodes: their outlines are no texture."""
    kernel = np.ones((2 * INSIDE + 1,) * 2, np.uint8)
    calm = cv2.dilate(ids.astype(np.float32), kernel) == cv2.erode(ids.astype(np.float32), kernel)
    detail = np.abs(lab[..., 0] - cv2.blur(lab[..., 0], (3, 3)))
    return float(detail[calm & (ids > 0)].mean())


def _strongest(sample: Sample) -> np.ndarray:
    """Return the direction (3,) to the light that is strongest at the middle of the table."""
    scene = sample.scene
    top = np.array([0.0, 0.0, scene.spec.layout.settling.floor])
    best, way = 0.0, np.array([0.0, 0.0, 1.0])
    for light in scene.spec.look.lights:
        arm = np.asarray(light.direction) if isinstance(light, Sun) else light.position - top
        away = float(np.linalg.norm(arm))
        strength = light.strength if isinstance(light, Sun) else light.strength / away**2
        if strength > best:
            best, way = strength, arm / away
    return way
