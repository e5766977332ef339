"""Annotators: one file per kind of label, each read off the frame and the scene's geometry.

An annotator is a class made once with the folder of imported meshes and called for every frame:
`Class(store=...)(frame, scene, neighbours) -> Labels`. It is pure: the same arguments, the same labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from simdata.annotation import ImageIndex, Instance, Labels, Sample
from simdata.errors import ConfigError
from simdata.frame import Frame
from simdata.registry import Registry
from simdata.scene import Scene

ANNOTATORS = Registry(
    "annotator",
    {
        "contrast": "simdata.annotate.contrast:Contrast",
        "masks": "simdata.annotate.masks:Masks",
        "measured_depth": "simdata.annotate.measured_depth:MeasuredDepth",
        "poses": "simdata.annotate.poses:Poses",
        "visibility": "simdata.annotate.visibility:Visibility",
    },
    "simdata.annotators",
)

# "masks" decides which instances an image has; it always runs, asked for or not.
DEFAULT = ("masks", "contrast", "measured_depth", "poses", "visibility")


class Annotator(Protocol):
    """What makes labels of one kind."""

    def __init__(self, *, store: Path | None = None) -> None:
        """Take the folder of imported meshes."""

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        """Label one frame; `neighbours` are frames of the same camera at other instants."""


def annotate(
    frame: Frame,
    scene: Scene,
    *,
    image_id: int,
    index: ImageIndex,
    split: str,
    annotators: Sequence[str] = DEFAULT,
    neighbours: Sequence[Frame] = (),
    store: Path | None = None,
) -> Sample:
    """Label one frame with every annotator and join what they found.

    Raises:
        UnknownNameError: no such annotator.
        ConfigError: two annotators give the same label.
    """
    names = ["masks", *(name for name in annotators if name != "masks")]
    found = {name: ANNOTATORS.load(name)(store=store)(frame, scene, neighbours) for name in names}
    fields: dict[int, dict[str, Any]] = {instance: {} for instance in found["masks"].instances}
    image: dict[str, Any] = {}
    layers: dict[str, np.ndarray] = {}
    for name, labels in found.items():
        _join(image, labels.image, name)
        _join(layers, labels.layers, name)
        for instance, values in labels.instances.items():
            if instance in fields:
                _join(fields[instance], values, name)
    categories = {node.instance: node.category for node in reversed(scene.nodes) if node.labelled}
    instances = tuple(Instance(key, categories[key], fields[key]) for key in sorted(fields))
    return Sample(image_id, index, split, scene, frame, instances, image, layers)


def _join(into: dict[str, Any], more: Any, name: str) -> None:
    """Add labels, refusing one that is there already."""
    twice = sorted(set(into) & set(more))
    if twice:
        raise ConfigError(
            f"annotator {name!r} gives {twice[0]!r}, which another one gives too; use one of them"
        )
    into.update(more)
