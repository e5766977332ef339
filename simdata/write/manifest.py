"""`manifest.json`: written last, so a folder that has one is whole.

It holds the hashes of the receipts and the annotations; each receipt those of its shard's files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simdata.write.receipt import FileFact, Receipt, fact_of_bytes

MANIFEST = "manifest.json"


def receipt_path(shard: int) -> str:
    """Return where a shard's receipt is, relative to the dataset."""
    return f"store/shard-{shard:06d}.json"


def receipt_bytes(receipt: Receipt) -> bytes:
    """Return the receipt's file."""
    return json.dumps(receipt.model_dump(mode="json"), indent=1, ensure_ascii=False).encode() + b"\n"


def receipt_fact(receipt: Receipt) -> FileFact:
    """Say what the receipt's file is."""
    return fact_of_bytes(receipt_path(receipt.shard), receipt_bytes(receipt))


def manifest_bytes(
    plan: Mapping[str, Any],
    receipts: Sequence[Receipt],
    written: Mapping[str, Any],
    files: Iterable[FileFact] = (),
) -> bytes:
    """Build the manifest: no clock, no worker count, so equal runs give equal bytes.

    Args:
        plan: what was asked for; "config" is the whole config, renderer resolved.
        receipts: of all shards.
        written: what `coco.commit` returned; its "files" are listed with the others.
        files: any other file to be vouched for, such as imported assets.
    """
    shards = sorted(receipts, key=lambda receipt: receipt.shard)
    vouched = [FileFact(**fact) for fact in written["files"]] + [receipt_fact(r) for r in shards] + [*files]
    manifest = {
        "simdata_dataset": 1,
        "plan": dict(plan),
        "counts": {
            "images": sum(receipt.images for receipt in shards),
            "instances": sum(receipt.instances for receipt in shards),
            "images_by_split": _total(receipt.images_by_split for receipt in shards),
            "instances_by_category": _total(receipt.instances_by_category for receipt in shards),
        },
        "coco": {key: value for key, value in written.items() if key != "files"},
        "rejections": _total(receipt.rejections for receipt in shards),
        "holes": [hole.model_dump(mode="json") for receipt in shards for hole in receipt.holes],
        "files": [fact.model_dump() for fact in sorted(vouched, key=lambda fact: fact.path)],
    }
    return json.dumps(manifest, indent=1, ensure_ascii=False, allow_nan=False).encode() + b"\n"


def _total(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Add up, sorted by name."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(sorted(total.items()))
