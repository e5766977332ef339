"""What all benchmarks share: configs, CPU seconds, and bounds that are met or missed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from simdata import load_config
from simdata.config import Config

# A worker that has one core: libraries with more threads spin while they wait, which is CPU time for nothing.
ONE_CORE = {
    "LP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OPENCV_FOR_THREADS_NUM": "1",
}


def config(*overrides: str, renderer: str = "tiny", scenes: int = 20) -> Config:
    """Load the default tabletop."""
    return load_config("tabletop", overrides=[f"renderer={renderer}", f"dataset.scenes={scenes}", *overrides])


@contextmanager
def cpu(into: list[float]) -> Iterator[None]:
    """Add the CPU seconds of this process, all threads, to a list."""
    start = time.process_time()
    yield
    into.append(time.process_time() - start)


def cpu_of(work: Callable[[], Any]) -> float:
    """Return the CPU seconds, all threads, that some work takes in this process."""
    seconds: list[float] = []
    with cpu(seconds):
        work()
    return seconds[0]


@contextmanager
def environment(names: dict[str, str]) -> Iterator[None]:
    """Set environment variables for the children that are started meanwhile."""
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(names)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


def verdict(
    figures: dict[str, Any],
    *,
    at_most: dict[str, float] | None = None,
    at_least: dict[str, float] | None = None,
) -> dict[str, Any]:
    """Add the bounds of some figures, and whether all are met."""
    at_most, at_least = at_most or {}, at_least or {}
    met = all(figures[key] <= bound for key, bound in at_most.items())
    met = met and all(figures[key] >= bound for key, bound in at_least.items())
    told = [f"{key} at most {bound:g}" for key, bound in at_most.items()]
    told += [f"{key} at least {bound:g}" for key, bound in at_least.items()]
    return {**figures, "bound": ", ".join(told) or "none", "met": met}
