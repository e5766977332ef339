"""One image: its files, and its annotations against the instance-id image, pixel by pixel."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from simdata.check.amodal import check_amodal
from simdata.check.annotations import is_int
from simdata.check.fault import Faults
from simdata.check.masks import check_annotation
from simdata.check.truth import Truth
from simdata.config import Config

# What Pillow and NumPy raise for files that are damaged, as far as fuzzing has shown.
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


@dataclass(frozen=True)
class Entry:
    """One image as the annotation file has it, and as the store has it.

    Attributes:
        file: the annotation file, relative to the dataset.
        split: its split.
        record: the image's record.
        annotations: its annotations.
        categories: category id -> name.
        truth: None where the store cannot be read.
    """

    file: str
    split: str
    record: Mapping[str, Any]
    annotations: Sequence[dict[str, Any]]
    categories: Mapping[int, str]
    truth: Truth | None

    @property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        return self.record["height"], self.record["width"]

    @property
    def stem(self) -> str:
        """Where the image's files are below the folder of their kind, without the ending."""
        return f"{self.split}/{Path(self.record['file_name']).stem}"


def check_picture(folder: Path, entry: Entry, config: Config | None, faults: Faults) -> None:
    """Check the files of one image, and all of its annotations."""
    picture = f"images/{entry.split}/{entry.record['file_name']}"
    rgb = _check_rgb(folder, picture, entry, faults)
    if rgb is not None and picture.endswith(".png") and entry.truth is not None:
        _check_pixels(rgb, picture, entry, entry.truth, faults)
    ids = _instance_ids(folder, entry, config, faults)
    shown: dict[int, int] = {}
    for record in entry.annotations:
        mask = check_annotation(entry.file, record, entry.size, faults)
        if mask is not None:
            check_amodal(entry.file, record, mask, faults)
        number = record["attributes"].get("instance_id")
        if not is_int(number) or number < 1:
            faults.add(entry.file, record["id"], "instance_id", f"attributes.instance_id is {number!r:.40}")
            continue
        if number in shown:
            faults.add(
                entry.file, record["id"], "instance_twice", f"annotation {shown[number]} has {number} too"
            )
        shown[number] = record["id"]
        if mask is not None and ids is not None:
            _compare(entry, record, mask, ids == number, faults)
    if entry.truth is not None:
        _check_truth(entry, entry.truth, ids, config, faults)
    if config is not None:
        _check_left_out(entry, ids, set(shown), config, faults)
        _check_depths(folder, entry, config, faults)
        if config.dataset.clean:
            _check_rgb(folder, f"clean/{entry.stem}.png", entry, faults)


def _check_rgb(folder: Path, path: str, entry: Entry, faults: Faults) -> np.ndarray | None:
    """Check that a picture decodes to the size on record; return its pixels if it does."""
    pixels = _pixels(folder, path, entry, faults)
    if pixels is None or (pixels.shape == (*entry.size, 3) and pixels.dtype == np.uint8):
        return pixels
    wanted = f"{entry.size[1]} x {entry.size[0]} 8-bit RGB"
    faults.add(path, entry.record["id"], "image_size", f"is {pixels.shape} {pixels.dtype}, not {wanted}")
    return None


def _check_pixels(rgb: np.ndarray, path: str, entry: Entry, truth: Truth, faults: Faults) -> None:
    """Check that a lossless picture is the very one that was rendered."""
    if hashlib.sha256(np.ascontiguousarray(rgb).data).hexdigest() != truth.row["pixels_sha256"]:
        faults.add(path, entry.record["id"], "pixels", "the pixels are not those that were rendered")


def _instance_ids(folder: Path, entry: Entry, config: Config | None, faults: Faults) -> np.ndarray | None:
    """Read the instance-id image, if the dataset has them."""
    path = f"instance_ids/{entry.stem}.png"
    wanted = config.dataset.instance_ids if config else (folder / path).exists()
    ids = _pixels(folder, path, entry, faults) if wanted else None
    if ids is None:
        return None
    if ids.shape != entry.size or ids.dtype != np.uint16:
        faults.add(
            path, entry.record["id"], "image_size", f"is {ids.shape} {ids.dtype}, not {entry.size} uint16"
        )
        return None
    return ids


def _pixels(folder: Path, path: str, entry: Entry, faults: Faults) -> np.ndarray | None:
    """Decode a whole picture file."""
    try:
        with Image.open(folder / path, formats=["PNG", "JPEG", "WEBP"]) as image:
            return np.array(image)
    except FileNotFoundError:
        faults.add(
            path, entry.record["id"], "missing_file", "the annotation file lists it, but it is not there"
        )
    except _DAMAGED as error:
        faults.add(path, entry.record["id"], "corrupt_file", f"cannot be decoded: {error!r:.120}")
    return None


def _compare(
    entry: Entry, record: Mapping[str, Any], mask: np.ndarray, seen: np.ndarray, faults: Faults
) -> None:
    """Compare a mask with the pixels of its id."""
    differing = int((mask != seen).sum())
    if differing:
        message = (
            f"{differing} pixels differ from instance {record['attributes']['instance_id']} in the "
            f"instance-id image ({int(mask.sum())} in the mask, {int(seen.sum())} in the image)"
        )
        faults.add(entry.file, record["id"], "mask", message)


def _check_truth(
    entry: Entry, truth: Truth, ids: np.ndarray | None, config: Config | None, faults: Faults
) -> None:
    """Check the store against the instance-id image and the scene, and the annotations against the store."""
    number, row = entry.record["id"], truth.row
    store = f"store row of image {number}"
    name = f"images/{entry.split}/{entry.record['file_name']}"
    if (row["file_name"], row["height"], row["width"]) != (name, *entry.size):
        faults.add(
            entry.file, number, "image_record", f"the store has {row['file_name']} of another name or size"
        )
    if ids is not None:
        seen = dict(
            zip(*(part.tolist() for part in np.unique(ids[ids > 0], return_counts=True)), strict=True)
        )
        stored = {instance: thing["area"] for instance, thing in truth.objects.items()}
        if seen != stored:
            odd = sorted(seen.items() ^ stored.items())[:3]
            faults.add(
                store, number, "store", f"instances and areas differ from the instance-id image: {odd}"
            )
    for instance, thing in truth.objects.items():
        said = truth.categories.get(instance)
        if thing["category"] != said:
            faults.add(store, number, "category", f"instance {instance} is {said!r} in its scene")
    if config is not None:
        for record in entry.annotations:
            _check_against_store(entry, record, truth, config, faults)


def _check_against_store(
    entry: Entry, record: Mapping[str, Any], truth: Truth, config: Config, faults: Faults
) -> None:
    """Check an annotation's category, crowd flag and attributes against the row that it comes from."""
    attributes = dict(record["attributes"])
    number = attributes.pop("instance_id", None)
    thing = truth.objects.get(number) if is_int(number) else None
    if thing is None:
        faults.add(
            entry.file, record["id"], "extra_annotation", "the store has no such instance in this image"
        )
        return
    labels, fields = config.labels, thing["fields"]
    name = labels.categories.written(thing["category"])
    if entry.categories.get(record["category_id"]) != name:
        said = entry.categories.get(record["category_id"])
        faults.add(entry.file, record["id"], "category", f"is {said!r}; the scene made it {name!r}")
    fate = labels.fate(thing["category"], thing["area"], fields)
    if {"keep": 0, "crowd": 1}.get(fate) != record["iscrowd"]:
        faults.add(
            entry.file, record["id"], "policy", f"iscrowd {record['iscrowd']}; the policy says {fate!r}"
        )
    if record["id"] != thing["annotation_id"] or attributes != fields:
        faults.add(entry.file, record["id"], "attributes", "id or attributes are not those of the store")


def _check_left_out(
    entry: Entry, ids: np.ndarray | None, shown: set[int], config: Config, faults: Faults
) -> None:
    """Check that whatever can be seen is annotated, unless the label policy drops it."""
    stored = entry.truth.objects if entry.truth is not None else {}
    seen = {*stored} if ids is None else {int(value) for value in np.unique(ids) if value}
    if ids is not None and shown - seen:
        faults.add(
            entry.file, entry.record["id"], "extra_annotation", f"no pixel shows {sorted(shown - seen)[:5]}"
        )
    for instance in sorted(seen - shown):
        thing = stored.get(instance)
        if thing is None:
            fate = "unknown" if entry.truth is None else "keep"
        else:
            fate = config.labels.fate(thing["category"], thing["area"], thing["fields"])
        if fate in ("keep", "crowd"):
            message = f"instance {instance} is in the image but has no annotation"
            faults.add(entry.file, entry.record["id"], "missing_annotation", message)


def _check_depths(folder: Path, entry: Entry, config: Config, faults: Faults) -> None:
    """Check shapes and types of the layers of metres."""
    if config.dataset.depth != "off":
        suffix = _METRES[config.dataset.depth][0]
        _check_metres(folder, _range_name(folder, entry, suffix), config.dataset.depth, entry, faults)
    if config.dataset.measured_depth != "off" and entry.truth is not None and entry.truth.measures:
        _check_metres(folder, "measured_depth", config.dataset.measured_depth, entry, faults)


_METRES = {"png16": (".png", np.uint16), "float32": (".npy", np.float32)}


def _check_metres(folder: Path, name: str, stored: str, entry: Entry, faults: Faults) -> None:
    suffix, dtype = _METRES[stored]
    path = f"{name}/{entry.stem}{suffix}"
    depth = _array(folder, path, entry, faults) if suffix == ".npy" else _pixels(folder, path, entry, faults)
    if depth is not None and (depth.shape != entry.size or depth.dtype != dtype):
        found = f"is {depth.shape} {depth.dtype}, not {entry.size} {np.dtype(dtype)}"
        faults.add(path, entry.record["id"], "image_size", found)


def _range_name(folder: Path, entry: Entry, suffix: str) -> str:
    """Return what the layer of metres must be called; where no store can say, what is there."""
    if entry.truth is not None:
        return "depth" if entry.truth.planar else "distance"
    return "distance" if (folder / f"distance/{entry.stem}{suffix}").exists() else "depth"


def _array(folder: Path, path: str, entry: Entry, faults: Faults) -> np.ndarray | None:
    """Open an array file; mapped, so a header that lies about its size allocates nothing."""
    try:
        return np.load(folder / path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        faults.add(path, entry.record["id"], "missing_file", "it is not there")
    except _DAMAGED as error:
        faults.add(path, entry.record["id"], "corrupt_file", f"cannot be read: {error!r:.120}")
    return None
