"""Verify a finished dataset from its files alone; shares nothing with what wrote them.

Catches what no single reader does: ids that readers mistake, boxes and areas that are not the mask's, masks
that are not the rendered pixels, swapped categories, stale, missing, extra and damaged files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simdata.check.annotations import Coco, is_int, load
from simdata.check.fault import Fault, Faults
from simdata.check.picture import Entry, check_picture
from simdata.check.tree import MANIFEST, Tree, check_tree
from simdata.check.truth import Truth, shards
from simdata.errors import ConfigError

__all__ = ["Fault", "check_dataset"]


def check_dataset(path: str | Path) -> list[Fault]:
    """Check a dataset; an empty list is a clean bill.

    One annotation file is held in memory at a time, and one shard of the store.

    Raises:
        ConfigError: there is no such folder, or nothing in it looks like a dataset.
    """
    folder = Path(path)
    if not folder.is_dir():
        raise ConfigError(f"no folder {folder}")
    files = sorted(file.relative_to(folder).as_posix() for file in folder.glob("annotations/*.json"))
    if not files and not (folder / MANIFEST).exists() and not (folder / "store").exists():
        raise ConfigError(f"{folder} is no dataset: it has no {MANIFEST} and no annotations")
    faults = Faults()
    tree = check_tree(folder, faults)
    seen = _Seen()
    for file in files:
        coco = load(folder, file, faults)
        if coco is not None:
            _check_split(folder, coco, tree, seen, faults)
    _check_whole(tree, seen, faults)
    return list(dict.fromkeys(faults))


class _Seen:
    """What must agree, or must not meet, across the splits."""

    def __init__(self) -> None:
        self.image_splits: dict[int, str] = {}
        self.scene_splits: dict[int, str] = {}
        self.categories: dict[int, str] | None = None
        self.formats: set[type] = set()
        self.counts: dict[str, dict[str, int]] = {"images": {}, "annotations": {}}
        self.store_complete = True


def _check_split(folder: Path, coco: Coco, tree: Tree, seen: _Seen, faults: Faults) -> None:
    """Check all images of one annotation file."""
    _check_shared(coco, seen, faults)
    rest = dict(coco.images)
    for truths in shards(folder, tree.broken, faults):
        for number, truth in truths.items():
            if truth.row["split"] != coco.split:
                continue
            _note_scene(truth, seen, faults)
            record = rest.pop(number, None)
            if record is None:
                faults.add(coco.file, number, "missing_image", "the store has this image, the file does not")
                continue
            check_picture(folder, _entry(coco, record, truth), tree.config, faults)
    for number, record in rest.items():
        if tree.config is not None and not tree.broken:
            faults.add(coco.file, number, "extra_image", "the store has no such image in this split")
        check_picture(folder, _entry(coco, record, None), tree.config, faults)


def _entry(coco: Coco, record: dict[str, Any], truth: Truth | None) -> Entry:
    annotations = coco.annotations.get(record["id"], [])
    return Entry(coco.file, coco.split, record, annotations, coco.categories, truth)


def _note_scene(truth: Truth, seen: _Seen, faults: Faults) -> None:
    scene, split = truth.row["scene"], truth.row["split"]
    if seen.scene_splits.setdefault(scene, split) != split:
        other = seen.scene_splits[scene]
        message = f"scene {scene} is in {other!r} and in {split!r}: validation would see training scenes"
        faults.add("store", truth.row["image_id"], "splits", message)


def _check_shared(coco: Coco, seen: _Seen, faults: Faults) -> None:
    """Check what all splits share: categories, mask format, and no image."""
    if seen.categories not in (None, coco.categories):
        faults.add(coco.file, None, "categories", "the category list is not that of the other splits")
    seen.categories = coco.categories
    for number in coco.images:
        if seen.image_splits.setdefault(number, coco.split) != coco.split:
            faults.add(coco.file, number, "splits", f"this image is in {seen.image_splits[number]!r} too")
    for record in _records(coco):
        if not record["iscrowd"]:
            seen.formats.add(type(record["segmentation"]))
            if len(seen.formats) > 1:
                faults.add(
                    coco.file, record["id"], "mixed_formats", "polygons and run lengths in one dataset"
                )
                break
    seen.counts["images"][coco.split] = len(coco.images)
    seen.counts["annotations"][coco.split] = sum(map(len, coco.annotations.values()))


def _records(coco: Coco) -> Iterator[dict[str, Any]]:
    for records in coco.annotations.values():
        yield from records


def _check_whole(tree: Tree, seen: _Seen, faults: Faults) -> None:
    """Check the manifest's counts and that every scene is there or is a known hole."""
    if tree.config is None:
        return
    written = tree.manifest.get("coco")
    written = written if isinstance(written, dict) else {}
    for what, counts in seen.counts.items():
        if written.get(what) != counts:
            faults.add(
                MANIFEST, None, "counts", f"{what} are {counts}, the manifest says {written.get(what)}"
            )
    names = list((seen.categories or {}).values())
    if written.get("categories") != names:
        faults.add(
            MANIFEST, None, "categories", f"are {names}, the manifest says {written.get('categories')}"
        )
    if not tree.broken:
        _check_scenes(tree, tree.config.dataset.scenes, seen, faults)


def _check_scenes(tree: Tree, scenes: int, seen: _Seen, faults: Faults) -> None:
    holes = tree.manifest.get("holes")
    holes = holes if isinstance(holes, list) else []
    known = {hole["scene"] for hole in holes if isinstance(hole, dict) and is_int(hole.get("scene"))}
    lost = sorted(set(range(scenes)) - known - seen.scene_splits.keys())
    if lost:
        message = f"{len(lost)} scenes are neither there nor holes: {', '.join(map(str, lost[:5]))}"
        faults.add(MANIFEST, None, "missing_scene", message)
