"""The structure of one COCO file, record by record: what makes readers fail, or worse, read something else.

Source: cocodataset.org, "Data format", narrowed to what pycocotools, faster-coco-eval, datumaro, detectron2
and torchvision all take.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeGuard

from simdata.camera import MAX_SIDE
from simdata.check.fault import Faults

_MAX_ID = 2**53  # above this JavaScript and other readers of JSON round ids


@dataclass(frozen=True)
class Coco:
    """The sound records of one annotation file.

    Attributes:
        file: relative to the dataset.
        split: from its name.
        images: image id -> record.
        annotations: image id -> records.
        categories: category id -> name.
    """

    file: str
    split: str
    images: dict[int, dict[str, Any]] = field(default_factory=dict)
    annotations: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)


def is_int(value: Any) -> bool:
    """Tell whether a JSON value is an integer that every reader keeps (true and false are none)."""
    return type(value) is int and abs(value) < _MAX_ID


def is_number(value: Any) -> TypeGuard[float]:
    """Tell whether a JSON value is a finite number."""
    return is_int(value) or (type(value) is float and math.isfinite(value))


def read_json(path: Path) -> Any:
    """Read strict JSON.

    Raises:
        ValueError: it is none, or holds NaN or Infinity, which JSON does not know.
    """
    try:
        return json.loads(path.read_bytes(), parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def load(folder: Path, file: str, faults: Faults) -> Coco | None:
    """Read an annotation file; note what is wrong; return what is sound, None if nothing is."""
    try:
        value = read_json(folder / file)
    except (OSError, ValueError) as error:
        faults.add(file, None, "json", f"cannot be read: {error}")
        return None
    kinds = {"info": dict, "licenses": list, "images": list, "annotations": list, "categories": list}
    for key, kind in kinds.items():
        if not isinstance(value, dict) or not isinstance(value.get(key), kind):
            faults.add(file, None, "top_level", f"key {key!r} is missing or is no {kind.__name__}")
            return None
    coco = Coco(file, PurePosixPath(file).stem.removeprefix("instances_"))
    _categories(coco, value["categories"], faults)
    _images(coco, value, faults)
    _annotations(coco, value["annotations"], faults)
    return coco


Rule = tuple[str, Callable[[Any], bool], str]


def _name(value: Any) -> bool:
    if not isinstance(value, str) or not value or "\\" in value or "\0" in value:
        return False
    path = PurePosixPath(value)
    return not path.is_absolute() and ".." not in path.parts


def _is_id(value: Any) -> bool:
    return is_int(value) and value >= 1


def _side(value: Any) -> bool:
    return is_int(value) and 1 <= value <= MAX_SIDE


def is_box(value: Any) -> TypeGuard[list[float]]:
    """Tell whether a JSON value is four finite numbers."""
    return isinstance(value, list) and len(value) == 4 and all(map(is_number, value))


_ID: Rule = ("id", _is_id, "an integer from 1")
_CATEGORY: tuple[Rule, ...] = (
    _ID,
    ("name", lambda v: isinstance(v, str) and bool(v), "a name"),
    ("supercategory", lambda v: isinstance(v, str), "text"),
)
_IMAGE: tuple[Rule, ...] = (
    _ID,
    ("file_name", _name, "a relative path with forward slashes"),
    ("width", _side, f"an integer in 1..{MAX_SIDE}"),
    ("height", _side, f"an integer in 1..{MAX_SIDE}"),
    ("license", is_int, "an integer"),
    ("date_captured", lambda v: isinstance(v, str), "text"),
)
_ANNOTATION: tuple[Rule, ...] = (
    _ID,
    ("image_id", _is_id, "an integer from 1"),
    ("category_id", _is_id, "an integer from 1"),
    ("iscrowd", lambda v: is_int(v) and v in (0, 1), "the integer 0 or 1"),
    ("bbox", is_box, "four finite numbers [x, y, width, height]"),
    ("area", is_number, "one finite number"),
    ("segmentation", lambda v: isinstance(v, list | dict) and bool(v), "polygons or run lengths"),
    ("attributes", lambda v: isinstance(v, dict), "an object"),
)


def _sound(file: str, record: Any, rules: tuple[Rule, ...], faults: Faults) -> bool:
    """Check one record's keys and the type of each value."""
    if not isinstance(record, dict):
        faults.add(file, None, "record", f"{str(record)[:60]!r} is no object")
        return False
    number = record.get("id")
    known = number if is_int(number) else None
    before = len(faults)
    for key, good, wanted in rules:
        if key not in record:
            faults.add(file, known, "missing_key", f"has no {key!r}")
        elif not good(record[key]):
            faults.add(file, known, key, f"{key} is {str(record[key])[:60]}, not {wanted}")
    for key in record.keys() - {key for key, _, _ in rules}:
        faults.add(file, known, "extra_key", f"{key!r} is none of COCO's; readers want it under 'attributes'")
    return len(faults) == before


def _categories(coco: Coco, records: list[Any], faults: Faults) -> None:
    sound = [record for record in records if _sound(coco.file, record, _CATEGORY, faults)]
    coco.categories.update((record["id"], record["name"]) for record in sound)
    ids, names = [record["id"] for record in sound], [record["name"] for record in sound]
    if ids != list(range(1, len(records) + 1)):
        faults.add(coco.file, None, "category_ids", f"ids are {ids[:9]}, not 1, 2, 3, … in order")
    if names != sorted(set(names)):
        faults.add(coco.file, None, "category_names", "names are not sorted, or one is there twice")


def _images(coco: Coco, value: Mapping[str, Any], faults: Faults) -> None:
    licences = [licence.get("id") for licence in value["licenses"] if isinstance(licence, dict)]
    names: Counter[str] = Counter()
    for record in value["images"]:
        if not _sound(coco.file, record, _IMAGE, faults):
            continue
        number = record["id"]
        names[record["file_name"]] += 1
        if number in coco.images:
            faults.add(coco.file, number, "image_id_twice", "two images have this id")
        if names[record["file_name"]] > 1:
            faults.add(coco.file, number, "file_name_twice", f"{record['file_name']} is another image's file")
        if record["license"] not in licences:
            faults.add(coco.file, number, "license", f"license {record['license']} is not listed")
        coco.images[number] = record


def _annotations(coco: Coco, records: list[Any], faults: Faults) -> None:
    seen: set[int] = set()
    for record in records:
        if not _sound(coco.file, record, _ANNOTATION, faults):
            continue
        number = record["id"]
        if number in seen:
            faults.add(coco.file, number, "annotation_id_twice", "two annotations have this id")
        seen.add(number)
        if record["category_id"] not in coco.categories:
            faults.add(coco.file, number, "unknown_category", f"no category {record['category_id']}")
        if record["image_id"] not in coco.images:
            faults.add(coco.file, number, "orphan", f"no image {record['image_id']} in this file")
            continue
        coco.annotations.setdefault(record["image_id"], []).append(record)
