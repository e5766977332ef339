"""What `gl` makes of a GPU: labelled and written images a second."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path
from typing import Any

from benches.measure import config, verdict
from simdata import generate
from simdata.errors import RenderError
from simdata.render import RENDERERS

SIZES = ((128, 128), (640, 480), (1280, 720))


def gl_gpu(scenes: int = 48) -> dict[str, Any]:
    """Labelled and written images a second on a GPU, settling included, for one and for several workers."""
    try:
        probe = RENDERERS.load("gl").probe("gpu")
    except RenderError as error:
        return verdict({"unproven": f"no GPU here: {error}"})
    figures: dict[str, Any] = {"says": probe.says, "scenes": scenes}
    for width, height in SIZES:
        for count in sorted({1, 4, os.cpu_count() or 1}):
            figures[f"{width}x{height}, {count} workers"] = _images_per_second(width, height, count, scenes)
    return verdict(figures)


def _images_per_second(width: int, height: int, workers: int, scenes: int, looks: int = 8) -> float:
    """Generate a dataset; many looks a layout, so that drawing weighs more than settling."""
    chosen = config(
        f"builder.cameras.width={width}",
        f"builder.cameras.height={height}",
        f"dataset.looks_per_layout={looks}",
        "render.device=gpu",
        renderer="gl",
        scenes=scenes,
    )
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        generate(chosen, Path(folder) / "dataset", workers=workers)
        return scenes * looks * chosen.dataset.views / (time.perf_counter() - start)
