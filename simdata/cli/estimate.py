"""What a run would take, from one scene made in a temporary folder."""

from __future__ import annotations

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from simdata.config import Config
from simdata.pipeline import Pipeline, resolve
from simdata.write.files import write_scene


@dataclass(frozen=True)
class Measured:
    """One scene: its images, the bytes of all its files, the seconds it took, and the renderer's name."""

    images: int
    bytes: int
    seconds: float
    renderer: str


def measure(config: Config) -> Measured:
    """Make scene 0 as a worker would, first costs included, and throw it away.

    Raises:
        ConfigError, RenderError: as a run would.
        SceneRejected: no draw of scene 0 is possible.
    """
    with tempfile.TemporaryDirectory(prefix="simdata-dry-run-") as name:
        folder = Path(name)
        (folder / "assets").mkdir()
        config = resolve(config, folder / "assets")
        pipeline = Pipeline(config, store=folder / "assets")
        began = time.perf_counter()
        try:
            run = pipeline.scene(0)
            write_scene(run, pipeline.samples(run), folder / "out", config)
        finally:
            pipeline.close()
        seconds = time.perf_counter() - began
        size = sum(file.stat().st_size for file in (folder / "out").rglob("*") if file.is_file())
    strides = pipeline.strides
    return Measured(strides.looks * strides.times * strides.views, size, seconds, config.renderer)
