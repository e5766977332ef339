"""Samples to files. One file per format; the table below says which.

A worker calls `write` and returns the receipt; the driver calls `commit` with all receipts, in the order of
their shards. The truth store is what every other format is derived from.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from simdata.annotation import Sample
from simdata.config import Config
from simdata.registry import Registry
from simdata.write.receipt import Receipt


class Writer(Protocol):
    """A dataset format. It is made from the config of the run."""

    def __init__(self, config: Config) -> None:
        """Keep what the format needs of the config."""

    def write(self, samples: Iterable[Sample], folder: Path) -> Receipt:
        """Write the files of some samples into a folder; runs in a worker."""

    def commit(self, receipts: Iterable[Receipt], folder: Path) -> dict[str, Any]:
        """Write what joins all shards, from what is published in `folder`; return counts for the manifest."""


WRITERS = Registry("writer", {"coco": "simdata.write.coco:CocoWriter"}, "simdata.writers")
