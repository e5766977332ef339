"""Read COCO files with torchvision and print what it reads, or how long that takes, as JSON.

The torchvision of the package index is built for CUDA's PyTorch: beside a CPU's, its compiled operators do
not load. Its readers need none. `make_torchvision` in scripts/environment gets it.

    export PYTHONPATH=.venv-torchvision
    .venv/bin/python scripts/readers_torchvision.py IMAGES ANNOTATIONS [--time COUNT]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

# torchvision describes these two while it is imported, loaded or not.
OPERATORS = torch.library.Library("torchvision", "FRAGMENT")
for name in ("nms", "qnms"):
    if not hasattr(torch.ops.torchvision, name):
        OPERATORS.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")

from torchvision.datasets import CocoDetection, wrap_dataset_for_transforms_v2  # noqa: E402

KEYS = ["image_id", "boxes", "labels", "masks"]


def opened(images: Path, annotations: Path) -> CocoDetection:
    """Open the files; pycocotools talks, and standard output is for JSON alone."""
    with contextlib.redirect_stdout(sys.stderr):
        return CocoDetection(images, str(annotations))


def items(images: Path, annotations: Path) -> list[dict[str, Any]]:
    """Return every item, as it is read and as it is wrapped; arrays by the hash of their bytes."""
    plain = opened(images, annotations)
    raw = [plain[place][1] for place in range(len(plain))]
    wrapped = wrap_dataset_for_transforms_v2(plain, target_keys=KEYS)
    found = []
    for place in range(len(plain)):
        image, target = wrapped[place]
        told = {"image_id": target.pop("image_id"), "image": digest(np.asarray(image))}
        told |= {key: value.tolist() for key, value in target.items() if key != "masks"}
        if "masks" in target:
            told["masks"] = [digest(mask.numpy()) for mask in target["masks"]]
        told["raw"] = [[one["bbox"], one["category_id"], one["iscrowd"]] for one in raw[place]]
        found.append(told)
    return found


def digest(array: np.ndarray) -> str:
    """Return the hash of an array's bytes and shape."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes() + str(array.shape).encode()).hexdigest()


def timed(images: Path, annotations: Path, count: int) -> dict[str, float]:
    """Return seconds to open the files, the memory that takes, and CPU milliseconds an item in any order."""
    before, start = resident_mb(), time.perf_counter()
    plain = opened(images, annotations)
    figures = {"start_s": time.perf_counter() - start, "memory_mb": resident_mb() - before}
    order = np.random.default_rng(0).permutation(len(plain))[:count].tolist()
    for name, keys in (("item_ms", KEYS[:3]), ("masks_item_ms", KEYS)):
        wrapped = wrap_dataset_for_transforms_v2(plain, target_keys=keys)
        start = time.process_time()
        for place in order:
            torch.from_numpy(np.array(wrapped[place][0]).transpose(2, 0, 1).copy())
        figures[name] = 1000 * (time.process_time() - start) / count
    return figures


def resident_mb() -> float:
    """Return the resident memory of this process, MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def main() -> None:
    """Print JSON."""
    parser = argparse.ArgumentParser(description="Read COCO files with torchvision; print JSON.")
    parser.add_argument("images", type=Path)
    parser.add_argument("annotations", type=Path)
    parser.add_argument("--time", type=int, metavar="COUNT", help="time so many items instead")
    told = parser.parse_args()
    if told.time:
        print(json.dumps(timed(told.images, told.annotations, told.time)))
    else:
        print(json.dumps(items(told.images, told.annotations)))


if __name__ == "__main__":
    main()
