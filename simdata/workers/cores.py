"""How many cores there are, and each worker's share of them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")


def usable_cores(quota: Path = _QUOTA) -> int:
    """Return how many cores this process may keep busy, a container's quota included; at least 1.

    Args:
        quota: of the control group: microseconds of CPU ("max" for no limit) a period, and the period.

    Source: cgroup v2, "CPU Interface Files", cpu.max.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # no such file, or no limit
        time, period = (int(word) for word in quota.read_text().split())
        cores = min(cores, time // period)
    return max(cores, 1)


def share_of_cores(workers: int) -> int:
    """Return the cores that each of so many workers of this machine may keep busy; at least 1."""
    return max(usable_cores() // workers, 1)
