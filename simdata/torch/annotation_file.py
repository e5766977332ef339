"""`AnnotationFile`: a COCO detection file as a few arrays, which a loader's workers share."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simdata import mask
from simdata.errors import ConfigError, UnknownNameError
from simdata.target import Target

_SECTIONS = ("images", "annotations", "categories")


@dataclass(frozen=True, eq=False)
class AnnotationFile:
    """N images by rising id, and their M annotations, image by image.

    Attributes:
        path: the JSON file.
        categories: names of the labels; label = index + 1.
        names: N files of images, relative.
        image_ids, sizes: (N,) int64; (N, 2) height and width, pixels.
        ends: (N + 1,) image i has annotations ends[i] to ends[i + 1].
        boxes_xyxy, labels, area, iscrowd: (M, 4), (M,) as `Target` has them.
        segmentations: M JSON texts; None where masks are left out.
    """

    path: Path
    categories: list[str]
    names: list[str]
    image_ids: np.ndarray
    sizes: np.ndarray
    ends: np.ndarray
    boxes_xyxy: np.ndarray
    labels: np.ndarray
    area: np.ndarray
    iscrowd: np.ndarray
    segmentations: Texts | None

    def __len__(self) -> int:
        return len(self.names)

    def size(self, index: int) -> tuple[int, int]:
        """Return height and width of an image."""
        height, width = self.sizes[index].tolist()
        return height, width

    def target(self, index: int) -> Target:
        """Return what a detector learns from an image.

        Raises:
            ConfigError: a mask cannot be read.
        """
        part = slice(*self.ends[index : index + 2].tolist())
        return Target(
            image_id=int(self.image_ids[index]),
            size=self.size(index),
            boxes_xyxy=self.boxes_xyxy[part].copy(),
            labels=self.labels[part].copy(),
            area=self.area[part].copy(),
            iscrowd=self.iscrowd[part].copy(),
            rles=tuple(self._rle(index, place) for place in range(part.start, part.stop)),
        )

    def _rle(self, index: int, place: int) -> mask.Rle:
        if self.segmentations is None:
            return {}
        try:
            return mask.of_segmentation(json.loads(self.segmentations[place]), *self.size(index))
        except (ValueError, TypeError, KeyError) as error:
            raise ConfigError(
                f"{self.path}: a mask of image {self.image_ids[index]} cannot be read ({self.names[index]}): "
                f"{error}"
            ) from error


class Texts:
    """Texts in one piece of memory, which costs a forked process nothing as long as it only reads."""

    def __init__(self, texts: Sequence[str]) -> None:
        parts = [text.encode() for text in texts]
        self._bytes = b"".join(parts)
        self._ends = np.cumsum([0, *map(len, parts)])

    def __getitem__(self, place: int) -> bytes:
        return self._bytes[self._ends[place] : self._ends[place + 1]]


def read_annotation_file(
    path: Path,
    categories: Sequence[str] | None = None,
    rename: Mapping[str, str | None] | None = None,
    *,
    masks: bool = True,
) -> AnnotationFile:
    """Read a COCO detection file. Boxes are cut off at the images' edges, and what is then empty is left out.

    Args:
        path: the JSON file.
        categories: names of the labels; None takes the file's own, by rising category id.
        rename: name in the file -> name among the categories; None drops it.
        masks: keep the masks, too.

    Raises:
        ConfigError: it is no such file, or has annotations of a category without a label, or without a mask.

    Source: cocodataset.org, "Data format", 1. Object Detection.
    """
    file = _File(path)
    ids = file.ids("images")
    order = list(ids.values())
    files = file.column("images", "file_name", str)
    sizes = np.array([file.column("images", side, int) for side in ("height", "width")], np.int64).T[order]
    rank = {number: place for place, number in enumerate(ids)}
    places = np.array([rank[number] for number in file.known(ids, "images", "image_id")], np.int64)
    names, label_of = _labels(file, categories, rename or {})
    labels = np.array(
        [label_of[number] for number in file.column("annotations", "category_id", int)], np.int64
    )
    boxes, area = _boxes(file, sizes[places])
    kept = np.flatnonzero((labels > 0) & (boxes[:, 2:] > boxes[:, :2]).all(1))
    kept = kept[np.argsort(places[kept], kind="stable")]
    return AnnotationFile(
        path=path,
        categories=names,
        names=[files[place] for place in order],
        image_ids=np.array([*ids], np.int64),
        sizes=sizes,
        ends=np.searchsorted(places[kept], np.arange(len(ids) + 1)),
        boxes_xyxy=boxes[kept].astype(np.float32),
        labels=labels[kept],
        area=area[kept].astype(np.float32),
        iscrowd=np.array(file.column("annotations", "iscrowd", int, 0), np.int64)[kept],
        segmentations=_segmentations(file, kept) if masks else None,
    )


class _File:
    """A JSON file, whose faults are named by their place."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.value = json.loads(path.read_bytes())
        except OSError as error:
            raise ConfigError(
                f"cannot read {path}: {error.strerror}; it is to be a COCO detection file"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"{path} is no JSON: {error}") from error
        for section in _SECTIONS:
            if not isinstance(self.value, dict) or not isinstance(self.value.get(section), list):
                raise ConfigError(
                    f"{path} is no COCO detection file: it has no list {section!r}; "
                    f"it needs {', '.join(_SECTIONS)}"
                )

    def column(self, section: str, name: str, read: Callable[[Any], Any], default: Any = None) -> list[Any]:
        """Read one field of every entry of a section; a default stands for those without it."""
        values = []
        for place, entry in enumerate(self.value[section]):
            try:
                values.append(read(entry[name] if default is None else entry.get(name, default)))
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise self.fault(section, place, f"{name!r} is missing or unusable ({error!r})") from error
        return values

    def fault(self, section: str, place: int, what: str) -> ConfigError:
        """Say what is wrong with an entry."""
        return ConfigError(f"{self.path}: {section}[{place}]: {what}")

    def known(self, ids: Mapping[int, Any], of: str, name: str) -> list[int]:
        """Read a field of annotations that must be one of some ids."""
        values = self.column("annotations", name, int)
        for place, value in enumerate(values):
            if value not in ids:
                raise self.fault("annotations", place, f"{name} {value} is not among the file's {of}")
        return values

    def ids(self, section: str) -> dict[int, int]:
        """Return id -> place of the entries of a section, by rising id; no two may be equal."""
        values = self.column(section, "id", int)
        places = {value: place for place, value in enumerate(values)}
        for place, value in enumerate(values):
            if places[value] != place:
                raise self.fault(section, places[value], f"id {value} is also that of {section}[{place}]")
        return dict(sorted(places.items()))


def _labels(
    file: _File, categories: Sequence[str] | None, rename: Mapping[str, str | None]
) -> tuple[list[str], dict[int, int]]:
    """Return the names of the labels, and category id -> label; 0 for what is dropped."""
    ids, names = file.ids("categories"), file.column("categories", "name", str)
    for name in rename:
        if name not in names:
            raise UnknownNameError(f"category to rename, in {file.path},", name, names)
    written = {number: rename.get(names[place], names[place]) for number, place in ids.items()}
    if categories is None:
        categories = list(dict.fromkeys(name for name in written.values() if name is not None))
    labels = {name: label for label, name in enumerate(categories, 1)}
    for number in set(file.known(ids, "categories", "category_id")):
        name = written[number]
        if name is not None and name not in labels:
            raise UnknownNameError(f"category in {file.path}, among those wanted:", name, categories)
    return list(categories), {number: labels.get(name or "", 0) for number, name in written.items()}


def _boxes(file: _File, sizes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return corners (M, 4), inside the images, and areas (M,): the boxes' where the file tells none."""
    boxes = np.array(file.column("annotations", "bbox", _box), float).reshape(-1, 4)
    area = np.array(file.column("annotations", "area", float, np.nan), float)
    area = np.where(np.isnan(area), boxes[:, 2] * boxes[:, 3], area)
    boxes[:, 2:] += boxes[:, :2]
    return boxes.clip(0, np.tile(sizes[:, ::-1], 2)), area


def _box(value: Any) -> list[float]:
    box = [float(number) for number in value]
    if len(box) != 4 or not np.isfinite(box).all():
        raise ValueError(f"{value} is not x, y, width, height")
    return box


def _segmentations(file: _File, kept: np.ndarray) -> Texts:
    """Return the masks of some annotations, as they stand."""
    entries = file.value["annotations"]
    for place in kept.tolist():
        if not entries[place].get("segmentation"):
            raise file.fault(
                "annotations", place, "it has a box but no mask; leave them all out: masks=False"
            )
    return Texts(
        [json.dumps(entries[place]["segmentation"], separators=(",", ":")) for place in kept.tolist()]
    )
