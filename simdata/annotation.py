"""The truth about one image: `Instance`, `Labels`, `Sample`.

An annotator returns `Labels`; the pipeline joins those of all annotators into one `Sample`; a writer turns
samples into files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simdata.frame import Frame
from simdata.scene import Scene
from simdata.spec import MAX_INSTANCES


@dataclass(frozen=True)
class ImageIndex:
    """Which image this is: scene number, look, instant and view, all from 0."""

    scene: int
    look: int
    time: int
    view: int


@dataclass(frozen=True)
class Strides:
    """How many looks, instants and views each scene has; fixed in the plan, so ids never depend on order."""

    looks: int = 1
    times: int = 1
    views: int = 1

    def image_id(self, index: ImageIndex) -> int:
        """Return the image id, from 1: a pure function of (scene, look, time, view)."""
        return (
            ((index.scene * self.looks + index.look) * self.times + index.time) * self.views + index.view + 1
        )

    def index(self, image_id: int) -> ImageIndex:
        """Undo `image_id`."""
        rest, view = divmod(image_id - 1, self.views)
        rest, time = divmod(rest, self.times)
        scene, look = divmod(rest, self.looks)
        return ImageIndex(scene, look, time, view)


def annotation_id(image_id: int, instance_id: int) -> int:
    """Return the annotation id: a pure function of image and instance; below 2^53 for 10^12 images."""
    if not 1 <= instance_id <= MAX_INSTANCES:
        raise ValueError(f"instance id {instance_id} is outside 1..{MAX_INSTANCES}")
    return image_id * (MAX_INSTANCES + 1) + instance_id


@dataclass(frozen=True, eq=False)
class Labels:
    """What one annotator found.

    Attributes:
        image: key -> JSON value, about the whole image.
        instances: instance id -> {field: JSON value}.
        layers: name -> (H, W, ...) array to be stored beside the picture.
    """

    image: Mapping[str, Any] = field(default_factory=dict)
    instances: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    layers: Mapping[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Instance:
    """One labelled object in one image.

    Attributes:
        instance_id: its value in the instance-id image, from 1.
        category: class name, as the scene builder named it (before any category map).
        fields: label name -> JSON value, from all annotators; "area" (visible pixels), "box_xywh" and
            "rle" ({"size": [height, width], "counts": str}) are always there.
    """

    instance_id: int
    category: str
    fields: Mapping[str, Any]

    @property
    def area(self) -> int:
        """Visible pixels."""
        return self.fields["area"]

    @property
    def box_xywh(self) -> list[float]:
        """Tight box of the visible pixels; [0, 0, 1, 1] encloses the first pixel."""
        return self.fields["box_xywh"]

    @property
    def rle(self) -> dict[str, Any]:
        """COCO compressed RLE of the visible pixels."""
        return self.fields["rle"]


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled image: what is true.

    Attributes:
        image_id: from 1.
        index: scene, look, time, view.
        split: "train", "val", …
        scene: what is there.
        frame: what is seen.
        instances: labelled objects with at least one visible pixel, by rising instance id.
        image_labels: about the whole image.
        layers: extra layers from annotators; "instance_ids" (H, W) uint16 is always there.
    """

    image_id: int
    index: ImageIndex
    split: str
    scene: Scene
    frame: Frame
    instances: tuple[Instance, ...]
    image_labels: Mapping[str, Any] = field(default_factory=dict)
    layers: Mapping[str, np.ndarray] = field(default_factory=dict)

    @property
    def image(self) -> np.ndarray:
        """(H, W, 3) uint8."""
        return self.frame.rgb
