"""`Receipt`: what one shard holds, with the hash of every file. It alone makes the shard count."""

from __future__ import annotations

import hashlib
from pathlib import Path

from pydantic import Field

from simdata.model import Model


class FileFact(Model):
    """One file of the dataset.

    Attributes:
        path: relative to the dataset's folder, forward slashes.
        sha256: of its bytes, hex.
        bytes: its size.
    """

    path: str
    sha256: str
    bytes: int = Field(ge=0)


class Hole(Model):
    """One scene that is not in the dataset: it failed twice with the same seed.

    Attributes:
        scene: its number.
        split: the split it would have been in.
        cause: a short fixed word ("crash", "cpu_limit", "exhausted", …).
        detail: one line for people, with what reproduces it.
    """

    scene: int = Field(ge=0)
    split: str
    cause: str
    detail: str = ""


class Receipt(Model):
    """What one shard holds. No clock and no worker in it: equal work gives equal receipts.

    Attributes:
        shard: number, from 0.
        first_scene, last_scene: the scene numbers it covers, both included; holes are among them.
        files: every file of the shard, by path.
        images, instances: how many; instances are all labelled objects with a visible pixel.
        crowds: instances that the label policy writes as `iscrowd: 1`.
        dropped: reason -> instances that the label policy leaves out of the annotations.
        images_by_split: split -> images.
        instances_by_category: category as the scene builder named it -> instances.
        rejections: reason -> draws that were rejected and drawn again.
        holes: scenes that are missing.
    """

    shard: int = Field(ge=0)
    first_scene: int = Field(ge=0)
    last_scene: int = Field(ge=0)
    files: tuple[FileFact, ...] = ()
    images: int = 0
    instances: int = 0
    crowds: int = 0
    dropped: dict[str, int] = Field(default_factory=dict)
    images_by_split: dict[str, int] = Field(default_factory=dict)
    instances_by_category: dict[str, int] = Field(default_factory=dict)
    rejections: dict[str, int] = Field(default_factory=dict)
    holes: tuple[Hole, ...] = ()


def fact_of_bytes(path: str, data: bytes) -> FileFact:
    """Say what a file of these bytes is."""
    return FileFact(path=path, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))


def fact_of_file(folder: Path, path: str) -> FileFact:
    """Read one file of a dataset and say what it is."""
    full = folder / path
    with full.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    return FileFact(path=path, sha256=sha256, bytes=full.stat().st_size)
