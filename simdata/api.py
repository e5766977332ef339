"""The front door for Python: `generate`, `samples`, `load_config`, `Dataset`."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simdata.annotation import Sample
from simdata.config import Config
from simdata.config_file import load_config
from simdata.pipeline import Pipeline, resolve
from simdata.render import passed_over
from simdata.workers.run import Summary
from simdata.workers.run import generate as run_generate


def generate(config: Config | str | Path, out: str | Path, **options: Any) -> Summary:
    """Write a dataset to `out`; the same call again resumes it.

    Args:
        config: a `Config`, the name of a builder, or a YAML file.
        out: folder of the dataset.
        options: `workers`, `executor`, `ray_address`, `overwrite`, … as in `workers.run.generate`.

    Raises:
        ConfigError: a mistake in the config, or `out` holds something else.
        IncompleteError: stopped before its end; call again to resume.
    """
    return run_generate(as_config(config), Path(out), **options)


def samples(config: Config | str | Path, *, seed: int | None = None, start: int = 0) -> Iterator[Sample]:
    """Make labelled samples one after another, without any file.

    Sample after sample of scene `start`, `start + 1`, … up to the config's `dataset.scenes`. They are
    rendered in this very process: guard long trainings with `generate`, whose workers may crash without harm.

    Args:
        config: a `Config`, the name of a builder, or a YAML file.
        seed: replaces the config's.
        start: first scene number.
    """
    config = as_config(config)
    if seed is not None:
        config = config.model_copy(update={"seed": seed})
    with tempfile.TemporaryDirectory(prefix="simdata-assets-") as folder:
        resolved = resolve(config, Path(folder))
        for note in passed_over(config.renderer, resolved.renderer):
            warnings.warn(note, stacklevel=2)
        pipeline = Pipeline(resolved, store=Path(folder))
        try:
            for number in range(start, config.dataset.scenes):
                yield from pipeline.samples(pipeline.scene(number))
        finally:
            pipeline.close()


def as_config(config: Config | str | Path) -> Config:
    """Return a config as it is, or load it by name or path."""
    return config if isinstance(config, Config) else load_config(str(config))
