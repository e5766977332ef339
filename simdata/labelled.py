"""`LabelledObject`: one object in one image as it is stored, under a config's label policy."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from simdata import mask
from simdata.config import LabelConfig
from simdata.errors import ConfigError


@dataclass(frozen=True, eq=False)
class LabelledObject:
    """One labelled object in one image.

    Attributes:
        annotation_id: its id in the annotation file.
        instance_id: its value in the instance-id image.
        source_category: as the scene builder named it.
        category, category_id: as written, after the config's category map; None when the map drops it.
        fate: "keep" (it is an annotation), "crowd" (one with `iscrowd: 1`), or why it is none.
        area: visible pixels.
        box_xywh: tight box of the visible pixels; [0, 0, 1, 1] encloses the first pixel.
        rle: COCO compressed RLE of the visible pixels.
        attributes: every other label.
    """

    annotation_id: int
    instance_id: int
    source_category: str
    category: str | None
    category_id: int | None
    fate: str
    area: int
    box_xywh: list[float]
    rle: dict[str, Any] = field(repr=False)
    attributes: dict[str, Any] = field(repr=False)

    def mask(self) -> np.ndarray:
        """Return the visible pixels, (H, W) bool."""
        return mask.decode(self.rle)

    def amodal_mask(self) -> np.ndarray:
        """Return the pixels of the whole object inside the image, hidden ones too, (H, W) bool.

        Raises:
            ConfigError: the dataset holds none.
        """
        return mask.decode(self._of_the_whole("amodal_rle"))

    @property
    def amodal_box_xywh(self) -> list[float]:
        """Tight box of the whole object; it may reach outside the image.

        Raises:
            ConfigError: the dataset holds none.
        """
        return self._of_the_whole("amodal_box_xywh")

    def _of_the_whole(self, name: str) -> Any:
        if name not in self.attributes:
            raise ConfigError(
                f"annotation {self.annotation_id} has no {name!r}: the annotator 'visibility' did not run"
            )
        return self.attributes[name]


def labelled_object(
    row: Mapping[str, Any], size: tuple[int, int], labels: LabelConfig, categories: Sequence[str]
) -> LabelledObject:
    """Make a labelled object of a row of the truth store, or of a scene's facts.

    Args:
        row: as `simdata.write.store.INSTANCE_SCHEMA` says.
        size: height and width of its image.
        labels: the policy that decides what becomes of it.
        categories: written names; id = index + 1.
    """
    attributes = json.loads(row["fields"])
    name = labels.categories.written(row["category"])
    return LabelledObject(
        annotation_id=row["annotation_id"],
        instance_id=row["instance_id"],
        source_category=row["category"],
        category=name,
        category_id=None if name is None else categories.index(name) + 1,
        fate=labels.fate(row["category"], row["area"], attributes),
        area=row["area"],
        box_xywh=row["box_xywh"],
        rle={"size": list(size), "counts": row["rle_counts"]},
        attributes=attributes,
    )
