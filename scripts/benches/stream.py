"""What being fed live costs: `StreamDataset` beside `simdata.samples`, for a consumer that does nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

from benches.measure import config, verdict
from simdata import samples
from simdata.torch import StreamDataset

SIZES = {"": (640, 480), "small_": (160, 120)}


def stream(scenes: int = 30, turns: int = 2) -> dict[str, Any]:
    """Images a second of a live stream over those of the bare generator in this process, with `gl`."""
    figures: dict[str, Any] = {"images": 3 * scenes, "turns": turns}
    for name, (width, height) in SIZES.items():
        size = (f"builder.cameras.width={width}", f"builder.cameras.height={height}")
        chosen = config(*size, renderer="gl", scenes=10_000)
        bare, live = [], []
        for _ in range(turns):  # the best of some turns: other work on the machine only ever takes away
            bare.append(rate(samples(chosen), 3 * scenes))
            live.append(rate(iter(StreamDataset(chosen, split=None)), 3 * scenes))
        figures[f"{name}bare_images_per_second"], figures[f"{name}live_images_per_second"] = (
            max(bare),
            max(live),
        )
        figures[f"{name}ratio"] = max(live) / max(bare)
    return verdict(figures, at_least={"ratio": 0.9, "small_ratio": 0.9})


def rate(images: Iterator[Any], count: int, warm: int = 12) -> float:
    """Return images a second, once the first ones are there and processes have started."""
    for _ in islice(images, warm):
        pass
    start = time.perf_counter()
    for _ in islice(images, count):
        pass
    seconds = time.perf_counter() - start
    images.close()  # type: ignore[attr-defined]
    return count / seconds
