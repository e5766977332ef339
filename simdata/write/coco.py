"""The truth store to COCO detection and segmentation files.

A pure function of the published store and the config's `labels`, so that another label policy can be applied
without rendering anything again.

Source: cocodataset.org, "Data format"; the strict subset that `simdata.check.annotations` spells out.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from simdata.annotation import Sample
from simdata.config import Config
from simdata.errors import WriteError
from simdata.scene import Scene
from simdata.write.files import write_scene
from simdata.write.outline import choose_mask_format, outline
from simdata.write.put import put_stream
from simdata.write.receipt import Receipt
from simdata.write.store import image_batches, instance_batches, seal_shard

_IMAGE_COLUMNS = ["image_id", "split", "file_name", "width", "height"]


@dataclass(frozen=True)
class SampleRun:
    """A scene as far as its samples tell (how many draws were rejected on the way they do not)."""

    number: int
    split: str
    attempt: int
    rejections: Mapping[str, int]
    scenes: tuple[Scene, ...]


class CocoWriter:
    """COCO detection and segmentation: one JSON file a split, masks as polygons or RLE.

    Used on its own it writes without a pool of workers: everything is one shard.
    """

    def __init__(self, config: Config) -> None:
        self.config = config

    def write(self, samples: Iterable[Sample], folder: Path) -> Receipt:
        """Write samples, which must come scene by scene, and seal them as shard 0."""
        scenes = []
        for group in _by_scene(samples):
            run = _run_of(group)
            write_scene(run, group, folder, self.config)
            scenes.append(run.number)
        return seal_shard(0, scenes, folder)

    def commit(self, receipts: Iterable[Receipt], folder: Path) -> dict[str, Any]:
        """Write the annotation files."""
        return commit(receipts, folder, self.config)


def commit(receipts: Iterable[Receipt], folder: Path, config: Config) -> dict[str, Any]:
    """Write `annotations/instances_<split>.json` for every split, in bounded memory.

    Args:
        receipts: of all published shards.
        folder: the dataset; its store is read.
        config: its `labels`, `info` and category list are used.

    Returns:
        For the manifest: "mask_format", "categories" (names, id = index + 1), "images", "annotations" and
        "crowds" by split, "by_category" by split and written name, "dropped" by reason, "files" (hashes).
    """
    shards = sorted(receipts, key=lambda receipt: receipt.shard)
    names = config.category_names()
    mask_format = choose_mask_format(config, sum(receipt.instances for receipt in shards))
    splits = [name for name, share in sorted(config.dataset.splits.items()) if share > 0]
    head = _head(config, names)
    with ExitStack() as stack:
        outputs = {
            split: _SplitFile(stack.enter_context(put_stream(folder / annotation_path(split))), head)
            for split in splits
        }
        derive = _Derive(config, mask_format, {name: i for i, name in enumerate(names, 1)}, outputs)
        for receipt in shards:
            derive.images(folder, receipt.shard)
        for output in outputs.values():
            output.section("annotations")
        for receipt in shards:
            derive.annotations(folder, receipt.shard)
        for output in outputs.values():
            output.close()
    return {"mask_format": mask_format, "categories": names} | derive.counts(names)


def annotation_path(split: str) -> str:
    """Return a split's annotation file, relative to the dataset."""
    return f"annotations/instances_{split}.json"


def image_record(row: Mapping[str, Any], config: Config) -> dict[str, Any]:
    """Make one entry of `images`. `file_name` is relative to `images/<split>/`, as in COCO itself."""
    return {
        "id": row["image_id"],
        "file_name": row["file_name"].rpartition("/")[2],
        "width": row["width"],
        "height": row["height"],
        "license": 1,
        "date_captured": config.info.date_created,
    }


def annotation_record(
    row: Mapping[str, Any], size: Sequence[int], category_id: int, mask_format: str
) -> dict[str, Any]:
    """Make one entry of `annotations`.

    Args:
        row: of the instance store.
        size: [height, width] of the image.
        category_id: from 1.
        mask_format: "polygon", "rle" or "crowd" (which is RLE too: COCO knows no other).
    """
    rle = {"size": list(size), "counts": row["rle_counts"]}
    return {
        "id": row["annotation_id"],
        "image_id": row["image_id"],
        "category_id": category_id,
        "iscrowd": int(mask_format == "crowd"),
        "bbox": row["box_xywh"],
        "area": row["area"],
        "segmentation": json.loads(row["outline"] or outline(rle)) if mask_format == "polygon" else rle,
        "attributes": {"instance_id": row["instance_id"]} | json.loads(row["fields"]),
    }


def _head(config: Config, names: Sequence[str]) -> dict[str, Any]:
    """Return what stands in every annotation file before the images."""
    info = config.info.model_dump()
    licence = {"id": 1, "name": info.pop("license"), "url": info.pop("license_url")}
    categories = [{"id": i, "name": name, "supercategory": ""} for i, name in enumerate(names, 1)]
    return {"info": info, "licenses": [licence], "categories": categories}


class _SplitFile:
    """One annotation file while it is written: valid JSON, one object a line."""

    def __init__(self, stream: BinaryIO, head: Mapping[str, Any]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._bytes = 0
        self._first = True
        self._put('{\n"info": ' + _line(head["info"]))
        for name in ("licenses", "categories"):
            self._put(f',\n"{name}": [\n' + ",\n".join(map(_line, head[name])) + "\n]")
        self._put(',\n"images": [\n')

    def add(self, record: Mapping[str, Any]) -> None:
        """Append one object to the open section."""
        self._put(("" if self._first else ",\n") + _line(record))
        self._first = False

    def section(self, name: str) -> None:
        """Close the open section and open the next."""
        self._put(f'\n],\n"{name}": [\n')
        self._first = True

    def close(self) -> None:
        """Close the last section."""
        self._put("\n]\n}\n")

    def fact(self, path: str) -> dict[str, Any]:
        """Say what was written."""
        return {"path": path, "sha256": self._hash.hexdigest(), "bytes": self._bytes}

    def _put(self, text: str) -> None:
        data = text.encode()
        self._stream.write(data)
        self._hash.update(data)
        self._bytes += len(data)


def _line(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass
class _Derive:
    """Store rows to records, and what they add up to."""

    config: Config
    mask_format: str
    ids: Mapping[str, int]
    outputs: Mapping[str, _SplitFile]
    tally: Counter[tuple[str, ...]] = field(default_factory=Counter)

    def images(self, folder: Path, shard: int) -> None:
        """Add the images of one shard; those without any object too."""
        for rows in image_batches(folder, shard, _IMAGE_COLUMNS):
            for row in rows:
                self.outputs[row["split"]].add(image_record(row, self.config))
                self.tally["images", row["split"]] += 1

    def annotations(self, folder: Path, shard: int) -> None:
        """Add the annotations of one shard."""
        columns = ["image_id", "split", "width", "height"]
        images = {row["image_id"]: row for rows in image_batches(folder, shard, columns) for row in rows}
        for row in _rows(folder, shard):
            image = images[row["image_id"]]
            self._annotation(row, image["split"], (image["height"], image["width"]))

    def _annotation(self, row: Mapping[str, Any], split: str, size: Sequence[int]) -> None:
        labels, fields = self.config.labels, json.loads(row["fields"])
        fate = labels.fate(row["category"], row["area"], fields)
        if fate not in ("keep", "crowd"):
            self.tally["dropped", fate] += 1
            return
        name = labels.categories.written(row["category"]) or ""
        if name not in self.ids:
            raise WriteError(
                f"image {row['image_id']}: category {row['category']!r} is not among those the builder "
                f"declares ({', '.join(self.ids)}); add it to the builder's categories()"
            )
        how = "crowd" if fate == "crowd" else self.mask_format
        self.outputs[split].add(annotation_record(row, size, self.ids[name], how))
        self.tally["annotations", split] += 1
        self.tally["by_category", split, name] += 1
        self.tally["crowds", split] += fate == "crowd"

    def counts(self, names: Sequence[str]) -> dict[str, Any]:
        """Return the counts; splits and categories that have none are there with 0."""
        tally = self.tally
        counts: dict[str, Any] = {
            key: {split: tally[key, split] for split in self.outputs}
            for key in ("images", "annotations", "crowds")
        }
        counts["by_category"] = {
            split: {name: tally["by_category", split, name] for name in names} for split in self.outputs
        }
        counts["dropped"] = {key[1]: n for key, n in sorted(tally.items()) if key[0] == "dropped"}
        counts["files"] = [output.fact(annotation_path(split)) for split, output in self.outputs.items()]
        return counts


def _rows(folder: Path, shard: int) -> Iterator[dict[str, Any]]:
    """Read all instance rows of a shard, some at a time."""
    columns = ["annotation_id", "image_id", "instance_id", "category", "area", "box_xywh", "rle_counts"]
    for rows in instance_batches(folder, shard, [*columns, "outline", "fields"]):
        yield from rows


def _by_scene(samples: Iterable[Sample]) -> Iterator[list[Sample]]:
    """Group samples by scene, in the order they come."""
    group: list[Sample] = []
    for sample in samples:
        if group and sample.index.scene != group[0].index.scene:
            yield group
            group = []
        group.append(sample)
    if group:
        yield group


def _run_of(group: Sequence[Sample]) -> SampleRun:
    """Tell what the samples of one scene tell about it."""
    looks = {sample.index.look: sample.scene for sample in group}
    origin = group[0].scene.spec.origin
    attempt = origin.attempt if origin else 0
    scenes = tuple(scene for _, scene in sorted(looks.items(), key=lambda item: item[0]))
    return SampleRun(group[0].index.scene, group[0].split, attempt, {}, scenes)
