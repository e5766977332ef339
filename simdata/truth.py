"""The truth store as it lies on the disk: Parquet rows by image id, read a row group at a time."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_GROUPS_KEPT = 16  # row groups of the store in memory at once, some MB each
_SPANS_KEPT = 4096  # files whose row groups' id ranges are remembered, some bytes each
_UNREAD = {"outline"}  # half of an instance's bytes, and only annotation files are made of it


class Store:
    """The truth store: rows by image id. Holds some twenty bytes an image and a few row groups."""

    def __init__(self, path: Path) -> None:
        self._images = sorted((path / "store").glob("shard-*.images.parquet"))
        tables = [_read(file, ["image_id", "split"]) for file in self._images]
        self._ids = np.concatenate(
            [np.zeros(0, np.int64), *(table["image_id"].to_numpy() for table in tables)]
        )
        self._splits = pa.chunked_array(
            [chunk for table in tables for chunk in table["split"].chunks], pa.string()
        )
        self._ends = np.cumsum([len(table) for table in tables])
        self._groups = lru_cache(_GROUPS_KEPT)(_group)
        self._spans = lru_cache(_SPANS_KEPT)(_spans)

    def image_ids(self, split: str | None) -> np.ndarray:
        """Return (N,) int64 ids, rising, of one split or of all."""
        if split is None:
            return self._ids
        return self._ids[pc.equal(self._splits, split).to_numpy()]

    def image(self, image_id: int) -> dict[str, Any]:
        """Return the row of an image."""
        return self._rows(self._shard(image_id), image_id)[0]

    def instances(self, image_id: int) -> list[dict[str, Any]]:
        """Return the rows of the objects in an image."""
        shard = self._shard(image_id)
        return self._rows(shard.with_name(shard.name.replace(".images.", ".instances.")), image_id)

    def scenes_of(self, image_id: int) -> str:
        """Return the file of scenes that holds an image's scene, relative to the dataset."""
        return "scenes/" + self._shard(image_id).name.replace(".images.parquet", ".jsonl")

    def _shard(self, image_id: int) -> Path:
        place = np.searchsorted(self._ids, image_id)
        return self._images[int(np.searchsorted(self._ends, place, side="right"))]

    def _rows(self, file: Path, image_id: int) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        hit = [group for group, (low, high) in enumerate(self._spans(file)) if low <= image_id <= high]
        for group in hit:
            table = self._groups(file, group)
            ids = table.column("image_id").to_numpy()
            first, end = np.searchsorted(ids, [image_id, image_id + 1])
            rows += table.slice(int(first), int(end - first)).to_pylist()
        return rows


def _group(file: Path, group: int) -> pa.Table:
    with pq.ParquetFile(file) as parquet:
        wanted = [name for name in parquet.schema_arrow.names if name not in _UNREAD]
        return parquet.read_row_group(group, columns=wanted)


def _spans(file: Path) -> tuple[tuple[int, int], ...]:
    """Return the first and last image id of every row group."""
    metadata = pq.read_metadata(file)
    place = metadata.schema.names.index("image_id")
    columns = [metadata.row_group(group).column(place).statistics for group in range(metadata.num_row_groups)]
    return tuple((column.min, column.max) for column in columns)


def _read(file: Path, columns: list[str]) -> pa.Table:
    # A quarter of what `read_table` takes for the start of a dataset; threads would only wait for each other.
    with pq.ParquetFile(file) as parquet:
        return parquet.read(columns, use_threads=False)
