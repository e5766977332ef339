"""Visible pixels of every labelled instance: id image, mask, box, area."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from simdata import mask
from simdata.annotation import Labels
from simdata.frame import Frame
from simdata.scene import Scene


class Masks:
    """The layer `instance_ids` (H, W) uint16, and `area`, `box_xywh`, `rle` of each instance that is seen."""

    def __init__(self, *, store: Path | None = None) -> None:
        """Take the folder of imported meshes, which is not needed here."""

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        """Label one frame."""
        instance_ids = scene.instance_of_node.astype(np.uint16)[frame.node_ids]
        instances = {
            instance: {"area": region.area, "box_xywh": region.box_xywh, "rle": region.rle}
            for instance, region in mask.regions(instance_ids).items()
        }
        return Labels(instances=instances, layers={"instance_ids": instance_ids})
