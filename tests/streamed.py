"""What tests of streams share: what a stream has shown, and what it has left behind."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np

from simdata import Dataset
from simdata.target import Target


def print_of(image: np.ndarray, target: Target) -> str:
    """Return a digest of every bit of an image and its labels."""
    arrays = (image, target.boxes_xyxy, target.labels, target.area, target.iscrowd, target.masks())
    parts = [
        f"{array.dtype}{array.shape}".encode() + np.ascontiguousarray(array).tobytes() for array in arrays
    ]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def prints_of_dataset(folder: Path, split: str | None = "train") -> dict[int, str]:
    """Return image id -> digest of a dataset on the disk."""
    return {record.image_id: print_of(record.image(), record.target()) for record in Dataset(folder, split)}


def prints(shown: Iterable[tuple[np.ndarray, Target]]) -> dict[int, str]:
    """Return image id -> digest, in the order shown; nothing may come twice."""
    found: dict[int, str] = {}
    for image, target in shown:
        assert target.image_id not in found, f"image {target.image_id} is shown twice"
        found[target.image_id] = print_of(image, target)
    return found


def prints_of_items(items: Iterable[tuple[Any, dict[str, Any]]]) -> dict[int, str]:
    """Return the same of tensors; it holds the types, too."""
    found: dict[int, str] = {}
    for image, told in items:
        size = tuple(image.shape[1:])
        target = Target(
            told["image_id"],
            size,
            told["boxes"].numpy(),
            told["labels"].numpy(),
            told["area"].numpy(),
            told["iscrowd"].numpy(),
            (),
        )
        masks = told["masks"].numpy().astype(bool)
        object.__setattr__(target, "masks", lambda masks=masks: masks)
        assert target.image_id not in found, f"image {target.image_id} is shown twice"
        found[target.image_id] = print_of(image.numpy().transpose(1, 2, 0), target)
    return found


def descendants(pid: int) -> dict[int, str]:
    """Return the processes below one, by id, with their command lines; ended ones are none."""
    parents, commands = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(folder.name)], commands[int(folder.name)] = int(fields[1]), command
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {child: commands[child] for child in found - {pid}}


def children(pid: int | None = None) -> list[int]:
    """Return the rendering children below a process, by default this one."""
    below = descendants(pid or os.getpid())
    return [child for child, command in below.items() if "simdata.workers.child" in command]


def wait_until(true: Callable[[], Any], seconds: float) -> bool:
    """Wait until something is true; return whether it became so in time."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True
