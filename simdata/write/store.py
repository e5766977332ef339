"""The truth store: one shard's facts files to two Parquet files and a file of scenes.

It keeps every labelled object with a visible pixel, named as the scene builder named it. What becomes of it
in a format (dropped, renamed, crowd) is decided when that format is derived, and can be decided again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from simdata.errors import WriteError
from simdata.model import canonical_json
from simdata.write.files import facts_path, read_facts
from simdata.write.put import put_stream
from simdata.write.receipt import FileFact, Hole, Receipt, fact_of_file

IMAGE_SCHEMA = pa.schema(
    {
        "image_id": pa.int64(),
        "split": pa.string(),
        "scene": pa.int64(),
        "look": pa.int32(),
        "time": pa.int32(),
        "view": pa.int32(),
        "t": pa.float64(),  # seconds
        "width": pa.int32(),
        "height": pa.int32(),
        "file_name": pa.string(),  # relative to the dataset
        "sha256": pa.string(),  # of the picture's file
        "pixels_sha256": pa.string(),  # of (H, W, 3) uint8 RGB before encoding, row by row
        "layers": pa.string(),  # JSON: layer -> file, relative to the dataset
        "camera": pa.string(),  # JSON
        "labels": pa.string(),  # JSON, of the whole image
        "renderer": pa.string(),
        "scene_offset": pa.int64(),  # where its line is in the shard's file of scenes, bytes
        "scene_bytes": pa.int64(),
    }
)
INSTANCE_SCHEMA = pa.schema(
    {
        "annotation_id": pa.int64(),
        "image_id": pa.int64(),
        "instance_id": pa.int32(),
        "category": pa.string(),  # as the scene builder named it
        "area": pa.int64(),  # visible pixels
        "box_xywh": pa.list_(pa.float64(), 4),
        "rle_counts": pa.string(),  # COCO compressed RLE; its size is [height, width] of the image
        "outline": pa.string(),  # JSON: COCO polygons, where the worker has traced them already
        "fields": pa.string(),  # JSON: every other label
    }
)
_ROWS = 4096  # rows a group: what a reader holds in memory at once


def shard_paths(shard: int) -> tuple[str, str, str]:
    """Return the files of a shard, relative to the dataset: image rows, instance rows, scenes."""
    stem = f"shard-{shard:06d}"
    return f"store/{stem}.images.parquet", f"store/{stem}.instances.parquet", f"scenes/{stem}.jsonl"


def seal_shard(shard: int, scenes: Sequence[int], folder: Path, holes: Sequence[Hole] = ()) -> Receipt:
    """Turn the facts files of a shard into its part of the store; return what it holds.

    Equal facts give equal bytes, and sealing again replaces what a sealing cut short has left.

    Args:
        shard: its number.
        scenes: the scene numbers it covers, holes included.
        folder: the staging folder that `write_scene` filled.
        holes: scenes that are missing.

    Raises:
        WriteError: a scene has neither facts nor a hole, or a file could not be written.
        DiskFullError: no space left.
    """
    missing = {hole.scene for hole in holes}
    present = [scene for scene in sorted(scenes) if scene not in missing]
    lost = [scene for scene in present if not facts_path(folder, scene).is_file()]
    if lost:
        raise WriteError(f"shard {shard}: scene {lost[0]} has no facts in {folder} and is no hole")
    tally = _Tally()
    paths = shard_paths(shard)
    with ExitStack() as stack:
        images, instances, lines = (stack.enter_context(put_stream(folder / path)) for path in paths)
        image_rows = stack.enter_context(_Rows(images, IMAGE_SCHEMA))
        instance_rows = stack.enter_context(_Rows(instances, INSTANCE_SCHEMA))
        for facts in (read_facts(folder, scene) for scene in present):
            place = _put_line(lines, facts["scene"])
            image_rows.add([row | place for row in facts["images"]])
            instance_rows.add(facts["instances"])
            tally.add(facts)
    files = tally.files + [fact_of_file(folder, path) for path in paths]
    return tally.receipt(shard, scenes, files, holes)


def image_batches(folder: Path, shard: int, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Read the image rows of a published shard, some at a time."""
    return _batches(folder / shard_paths(shard)[0], columns)


def instance_batches(folder: Path, shard: int, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Read the instance rows of a published shard, some at a time."""
    return _batches(folder / shard_paths(shard)[1], columns)


def _batches(path: Path, columns: list[str]) -> Iterator[list[dict[str, Any]]]:
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=_ROWS // 4, columns=columns):
            yield batch.to_pylist()


def _put_line(lines: BinaryIO, record: dict[str, Any]) -> dict[str, int]:
    """Append one scene; return where it is."""
    line = canonical_json(record).encode() + b"\n"
    place = {"scene_offset": lines.tell(), "scene_bytes": len(line)}
    lines.write(line)
    return place


class _Rows:
    """Rows to a Parquet file, a group at a time; what goes into a group depends on the rows alone."""

    def __init__(self, stream: BinaryIO, schema: pa.Schema) -> None:
        self._schema = schema
        # Readers search by image id; statistics of anything else would only be weight.
        self._file = pq.ParquetWriter(
            stream, schema, compression="zstd", compression_level=3, write_statistics=["image_id"]
        )
        self._rows: list[dict[str, Any]] = []

    def add(self, rows: list[dict[str, Any]]) -> None:
        """Take some rows; write whole groups."""
        self._rows += rows
        while len(self._rows) >= _ROWS:
            self._flush(_ROWS)

    def _flush(self, count: int) -> None:
        table = pa.Table.from_pylist(self._rows[:count], schema=self._schema)
        self._file.write_table(table, row_group_size=count)
        del self._rows[:count]

    def __enter__(self) -> _Rows:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if kind is None and self._rows:
            self._flush(len(self._rows))
        self._file.close()


class _Tally:
    """What the facts of a shard add up to."""

    def __init__(self) -> None:
        self.files: list[FileFact] = []
        self._images: Counter[str] = Counter()
        self._categories: Counter[str] = Counter()
        self._fates: Counter[str] = Counter()
        self._rejections: Counter[str] = Counter()

    def add(self, facts: dict[str, Any]) -> None:
        """Add one scene."""
        self.files += [FileFact(**fact) for fact in facts["files"]]
        self._images.update(row["split"] for row in facts["images"])
        self._categories.update(row["category"] for row in facts["instances"])
        self._fates.update(facts["fates"])
        self._rejections.update(facts["scene"]["rejections"])

    def receipt(
        self, shard: int, scenes: Sequence[int], files: list[FileFact], holes: Sequence[Hole]
    ) -> Receipt:
        """Sum up."""
        dropped = {fate: count for fate, count in self._fates.items() if fate not in ("keep", "crowd")}
        return Receipt(
            shard=shard,
            first_scene=min(scenes),
            last_scene=max(scenes),
            files=tuple(sorted(files, key=lambda fact: fact.path)),
            images=self._images.total(),
            instances=self._categories.total(),
            crowds=self._fates["crowd"],
            dropped=dict(sorted(dropped.items())),
            images_by_split=dict(sorted(self._images.items())),
            instances_by_category=dict(sorted(self._categories.items())),
            rejections=dict(sorted(self._rejections.items())),
            holes=tuple(sorted(holes, key=lambda hole: hole.scene)),
        )
