"""What it costs to read a dataset of 100,000 images into a training loop, beside torchvision's reader.

Nobody rendered all of it: it has the rows of one small run under many ids, and its pictures hard-linked.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from torch.utils.data import DataLoader

from benches.measure import config, cpu_of, verdict
from simdata import generate
from simdata.annotation import annotation_id
from simdata.torch import CocoDataset, collate

ROOT = Path(__file__).parent.parent.parent
SCENES, COPIES = (
    10,
    3,
)  # scenes rendered, and how often a shard repeats them: as many images as a shard of a run
RIVAL_SHARE = 5  # torchvision reads every annotation at once: it gets a fifth of the images


def feed(images: int = 100_000, items: int = 300) -> dict[str, Any]:
    """Start of an epoch, memory of a loader's worker, and CPU of an item in any order."""
    with tempfile.TemporaryDirectory(prefix="simdata-feed-") as name:
        few, many = Path(name) / "few", Path(name) / "many"
        render(few)
        made = multiply(few, many, images)
        figures = {"images": made, **epoch(many, items)}
        for key, masks in (("item_ms", False), ("masks_item_ms", True)):
            figures[key] = item_ms(CocoDataset(many, masks=masks), items)
        theirs = rival(many, items)
    figures |= {"torchvision_images": made // RIVAL_SHARE} | {
        f"torchvision_{k}": v for k, v in theirs.items()
    }
    return verdict(figures, at_most={"epoch_start_s": 2.0, "worker_pss_mb": 300.0})


def render(few: Path) -> None:
    """Render the one shard that all others repeat."""
    one_shard = ["dataset.splits={train: 1.0}", "dataset.instance_ids=false", f"run.shard_scenes={SCENES}"]
    generate(config(*one_shard, scenes=SCENES), few)


def epoch(folder: Path, items: int) -> dict[str, float]:
    """Open a dataset, wait for its first item by two workers, then see how much memory each of them has."""
    start, start_cpu = time.perf_counter(), time.process_time()
    loader = DataLoader(CocoDataset(folder), shuffle=True, num_workers=2, collate_fn=collate)
    feeding = iter(loader)
    next(feeding)
    figures = {"epoch_start_s": time.perf_counter() - start}
    figures["epoch_start_cpu_s"] = time.process_time() - start_cpu  # of the process that trains
    for _ in range(items):
        next(feeding)
    memory = [memory_mb(process.pid) for process in multiprocessing.active_children()]
    for kind in ("rss", "pss", "uss"):
        figures[f"worker_{kind}_mb"] = max(worker[kind] for worker in memory)
    return figures


def memory_mb(process: int) -> dict[str, float]:
    """Return the memory of a process, MB: resident; shared pages by their share; what is its alone."""
    lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()[1:]
    kb = {name: int(rest.split()[0]) for name, rest in (line.split(":") for line in lines)}
    alone = kb["Private_Clean"] + kb["Private_Dirty"]
    return {"rss": kb["Rss"] / 1024, "pss": kb["Pss"] / 1024, "uss": alone / 1024}


def item_ms(dataset: CocoDataset, items: int) -> float:
    """Return the CPU milliseconds of an item in this process, in any order."""
    order = np.random.default_rng(0).permutation(len(dataset))[: items + 1].tolist()
    dataset[order.pop()]  # the first opens the store
    return 1000 * cpu_of(lambda: [dataset[place] for place in order]) / items


def rival(folder: Path, items: int) -> dict[str, float]:
    """Return the same of torchvision's `CocoDetection`, and what it takes to open it."""
    script, library = ROOT / "scripts/readers_torchvision.py", ROOT / ".venv-torchvision"
    files = [str(folder / "images/train"), str(folder / "annotations/instances_train.json")]
    command = [sys.executable, str(script), *files, "--time", str(items)]
    path = {"PYTHONPATH": str(library)}
    done = subprocess.run(command, env=os.environ | path, capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else {}


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
