"""What it costs to read a dataset of 100,000 images into a training loop, beside torchvision's reader.

The dataset is valid, but nobody rendered it: the rows of one small run under many ids, its pictures hard-linked.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benches.measure import config, verdict
from simdata import generate
from simdata.annotation import annotation_id
from simdata.torch import CocoDataset

ROOT = Path(__file__).parent.parent.parent
SCENES, COPIES = (
    10,
    3,
)  # scenes rendered, and how often a shard repeats them: as many images as a shard of a run
RIVAL_SHARE = 5  # torchvision reads every annotation at once: it gets a fifth of the images


def feed(images: int = 100_000, items: int = 300) -> dict[str, Any]:
    """Start of an epoch, memory of a loader's worker and time an item, all in shuffled order."""
    with tempfile.TemporaryDirectory(prefix="simdata-feed-") as name:
        folder, few = Path(name) / "many", Path(name) / "few"
        generate(
            config(
                "dataset.splits={train: 1.0}",
                "dataset.instance_ids=false",
                f"run.shard_scenes={SCENES}",
                scenes=SCENES,
            ),
            few,
        )
        made = multiply(few, folder, images)
        figures: dict[str, Any] = {"images": made, **epoch(folder, items)}
        for key, masks in (("", False), ("masks_", True)):
            figures[f"{key}item_ms"] = item_ms(CocoDataset(folder, "train", masks=masks), items)
        figures |= rival(folder, made // RIVAL_SHARE, items)
    return verdict(figures, at_most={"epoch_start_s": 2.0, "worker_pss_mb": 300.0})


def multiply(few: Path, folder: Path, images: int) -> int:
    """Write the rows and annotations of a small dataset under many ids; return how many images there are."""
    tables = [pq.read_table(few / f"store/shard-000000.{kind}.parquet") for kind in ("images", "instances")]
    stride = tables[0].num_rows
    shards = -(-images // (stride * COPIES))
    for part in ("store", "annotations", "images/train"):
        (folder / part).mkdir(parents=True)
    for shard in range(shards):
        firsts = [(shard * COPIES + copy) * stride for copy in range(COPIES)]
        for kind, table in zip(("images", "instances"), tables, strict=True):
            rows = pa.concat_tables([shifted(table, first) for first in firsts])
            put(rows, folder / f"store/shard-{shard:06d}.{kind}.parquet")
        for first in firsts:
            link(few, folder, tables[0], first)
    made = shards * COPIES * stride
    (folder / "manifest.json").write_text(manifest(few, made))
    (folder / "annotations/instances_train.json").write_text(annotations(few, made // RIVAL_SHARE, stride))
    return made


def shifted(table: pa.Table, first: int) -> pa.Table:
    """Give rows the ids that come after `first` images."""
    ids = table.column("image_id").to_numpy() + first
    columns = {"image_id": ids}
    if "file_name" in table.column_names:
        columns["file_name"] = [picture(image_id) for image_id in ids]
    else:
        pairs = zip(ids, table.column("instance_id").to_pylist(), strict=True)
        columns["annotation_id"] = [annotation_id(int(image_id), instance) for image_id, instance in pairs]
    for name, values in columns.items():
        place = table.column_names.index(name)
        table = table.set_column(place, table.schema.field(place), pa.array(values))
    return table


def picture(image_id: int) -> str:
    """Return the file of a picture."""
    return f"images/train/{image_id:012d}.png"


def put(table: pa.Table, path: Path) -> None:
    """Write a Parquet file as runs do."""
    options = {"compression": "zstd", "compression_level": 3, "write_statistics": ["image_id"]}
    pq.write_table(table, path, row_group_size=4096, **options)


def link(few: Path, folder: Path, table: pa.Table, first: int) -> None:
    """Hard-link the pictures of a small dataset under later ids."""
    for image_id in table.column("image_id").to_pylist():
        os.link(few / picture(image_id), folder / picture(image_id + first))


def manifest(few: Path, images: int) -> str:
    """Return the manifest of the large dataset, as far as readers want it."""
    value = json.loads((few / "manifest.json").read_bytes())
    value["coco"]["images"] = {"train": images}
    return json.dumps(value)


def annotations(few: Path, images: int, stride: int) -> str:
    """Return the annotation file of the first images."""
    value = json.loads((few / "annotations/instances_train.json").read_bytes())
    lists: dict[str, list] = {"images": [], "annotations": []}
    for first in range(0, images, stride):
        for image in value["images"]:
            number = image["id"] + first
            lists["images"].append(image | {"id": number, "file_name": Path(picture(number)).name})
        for one in value["annotations"]:
            number = one["image_id"] + first
            ids = {"id": annotation_id(number, one["attributes"]["instance_id"]), "image_id": number}
            lists["annotations"].append(one | ids)
    return json.dumps(value | lists)
