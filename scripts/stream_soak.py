"""Ten thousand images out of one live stream: whether anything grows, in the consumer or its children."""

from __future__ import annotations

import os
import resource
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benches.measure import config, verdict

from simdata.torch import StreamDataset

IMAGES, WARM, EVERY = 10_000, 2_000, 50
SMALL = ("builder.cameras.width=160", "builder.cameras.height=120")


def stream_soak(images: int = IMAGES, warm: int = WARM) -> dict[str, Any]:
    """Growth of a live stream's processes, open files and folder over 10,000 images, nothing recycled."""
    seen: dict[str, list[float]] = {"parent_mb": [], "children_mb": [], "open_files": [], "folder_mb": []}
    with tempfile.TemporaryDirectory() as name:
        tempfile.tempdir = name
        dataset = StreamDataset(config(*SMALL, renderer="gl"), split=None, max_items=images)
        for number, _ in enumerate(dataset):
            if number % EVERY == 0:
                for key, value in look(Path(name)).items():
                    seen[key].append(value)
        dataset.close()
        left = len(list(Path(name).iterdir()))
        tempfile.tempdir = None
    first = warm // EVERY
    figures: dict[str, Any] = {"images": images, "warm_up": warm, "left_behind": left}
    for key, values in seen.items():
        figures |= {f"{key}_first": values[first], f"{key}_last": values[-1], f"{key}_most": max(values)}
    for key in ("parent_mb", "children_mb"):
        # The slope of a line through all of them after warm-up: one late collection decides nothing.
        slope = statistics.linear_regression(range(first, len(seen[key])), seen[key][first:]).slope
        figures[f"{key}_growth_per_image"] = slope / EVERY
    figures["open_files_growth"] = figures["open_files_last"] - figures["open_files_first"]
    bounds = {"parent_mb_growth_per_image": 0.005, "children_mb_growth_per_image": 0.01}
    return verdict(figures, at_most=bounds | {"open_files_growth": 0, "folder_mb_most": 64, "left_behind": 0})


def look(folder: Path) -> dict[str, float]:
    """Measure the processes and the folder now."""
    return {
        "parent_mb": resident_mb(os.getpid()),
        "children_mb": sum(map(resident_mb, children())),
        "open_files": len(list(Path("/proc/self/fd").iterdir())),
        "folder_mb": sum(map(size_of, folder.rglob("*"))) / 2**20,
    }


def size_of(path: Path) -> int:
    """Return the bytes of a file; 0 of one that is gone already."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def children() -> list[int]:
    """Return the processes that this one has started, whichever of its threads did."""
    tasks = Path("/proc/self/task").glob("*/children")
    return [int(pid) for task in tasks for pid in task.read_text().split()]


def resident_mb(pid: int) -> float:
    """Return the resident memory of a process, MB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20
