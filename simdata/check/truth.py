"""The truth store as the check sees it: rows by image, and what the stored scenes say of each instance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from simdata.camera import Camera
from simdata.check.fault import Faults

_UNREADABLE = (
    OSError,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
)  # ArrowInvalid is a ValueError
_IMAGE = ("image_id", "split", "scene", "file_name", "width", "height", "pixels_sha256", "camera")
_INSTANCE = ("image_id", "instance_id", "annotation_id", "category", "area", "fields")


@dataclass(frozen=True)
class Truth:
    """What the store says about one image.

    Attributes:
        row: of the image.
        objects: instance id -> row, "fields" parsed.
        categories: instance id -> category of the labelled nodes of its scene.
        planar: whether its layer of metres is depth; of a lens that sees beyond 90 degrees it is distance.
        measures: whether its camera has a depth sensor.
    """

    row: dict[str, Any]
    objects: dict[int, dict[str, Any]] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)
    planar: bool = True
    measures: bool = False


def shards(folder: Path, broken: set[str], faults: Faults) -> Iterator[dict[int, Truth]]:
    """Read the store shard by shard: image id -> truth. A shard with a broken file is left out."""
    for path in sorted((folder / "store").glob("shard-*.images.parquet")):
        stem = path.name.removesuffix(".images.parquet")
        names = (f"store/{path.name}", f"store/{stem}.instances.parquet", f"scenes/{stem}.jsonl")
        if broken.intersection(names):
            continue  # a fault stands already, and a reader of binary files need not meet a damaged one
        try:
            yield _shard(folder, *names)
        except _UNREADABLE as error:
            faults.add(names[0], None, "store", f"the shard cannot be read: {error!r:.200}")


def _shard(folder: Path, images: str, instances: str, scenes: str) -> dict[int, Truth]:
    categories = _categories(folder / scenes)
    truths = {}
    for row in pq.read_table(folder / images, columns=list(_IMAGE)).to_pylist():
        camera = Camera.model_validate_json(row["camera"])
        planar, measures = camera.lens.planar, camera.depth_sensor is not None
        truths[row["image_id"]] = Truth(
            row, categories=categories[row["scene"]], planar=planar, measures=measures
        )
    for row in pq.read_table(folder / instances, columns=list(_INSTANCE)).to_pylist():
        row["fields"] = json.loads(row["fields"])
        truths[row["image_id"]].objects[row["instance_id"]] = row
    return truths


def _categories(path: Path) -> dict[int, dict[int, str]]:
    """Return scene number -> instance id -> category, from the stored scenes themselves."""
    found = {}
    with path.open("rb") as lines:
        for line in lines:
            record = json.loads(line)
            nodes = record["scenes"][0]["spec"]["layout"]["nodes"]
            # The first labelled node of an instance names it.
            labelled = {node["instance"]: node["category"] for node in reversed(nodes) if node["labelled"]}
            found[record["number"]] = labelled
    return found
