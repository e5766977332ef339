"""The front door for Python: `generate`, `samples`, `stream`, `load_config`, `Dataset`."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from simdata.annotation import Sample
from simdata.config import Config
from simdata.config_file import load_config
from simdata.pipeline import Pipeline, resolve
from simdata.render import passed_over
from simdata.target import Target
from simdata.workers.deal import Deal
from simdata.workers.run import Summary
from simdata.workers.run import generate as run_generate
from simdata.workers.source import Live


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
    rendered in this very process, and each is the whole truth about an image; `stream` gives a training loop
    pictures and labels alone, from children that may crash without harm.

    Args:
        config: a `Config`, the name of a builder, or a YAML file.
        seed: replaces the config's.
        start: first scene number.
    """
    config = as_config(config, seed)
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


def stream(
    config: Config | str | Path,
    *,
    seed: int | None = None,
    max_items: int | None = None,
    split: str | None = "train",
    epoch: int = 0,
    children: int | None = None,
    spread: int = 4,
) -> Generator[tuple[np.ndarray, Target]]:
    """Make labelled images for a training loop for as long as it asks, in children of this process.

    Children work ahead, but not far: where the loop is slow, they wait. One that crashes is replaced; a scene
    that fails again is left out, with a warning. All are gone when the iteration ends, however it ends.
    `simdata.torch.StreamDataset` is the same for PyTorch.

    Args:
        config: a `Config`, the name of a builder, or a YAML file; its `dataset.scenes` does not matter.
        seed: replaces the config's.
        max_items: images an epoch; None for no end.
        split: only scenes of this split; None for all.
        epoch: image i of an epoch depends on (seed, epoch, i) alone. Epoch 0 is what `generate` writes.
        children: at a time; None takes what the cores allow.
        spread: images of so many scenes come alternately.

    Yields:
        (H, W, 3) uint8, sRGB, and its labels.

    Raises:
        ConfigError, RenderError: the config cannot be made here; at once.
        WorkerError: later, when too many scenes fail or children are killed again and again.
    """
    config = as_config(config, seed)
    source = Live(config, Deal(config.dataset, split, max_items, spread), children)
    for note in source.notes:
        warnings.warn(note, stacklevel=2)
    return _streamed(source, epoch)


def ray_dataset(
    config: Config | str | Path,
    *,
    max_items: int,
    seed: int | None = None,
    split: str | None = "train",
    workers: int = 1,
) -> Any:
    """Make labelled images for Ray Data and Ray Train: epoch 0 of the stream, made when they are asked for.

    Args:
        config: a `Config`, the name of a builder, or a YAML file.
        max_items: images in all.
        seed: replaces the config's.
        split: only scenes of this split; None for all.
        workers: actors, each with a child that renders.

    Returns:
        A `ray.data.Dataset` of rows: "image" (H, W, 3) uint8, "image_id", "boxes" (N, 4) float32 XYXY,
        "labels" (N,) int64, "area" (N,) float32, "iscrowd" (N,) int64, "masks" (JSON: N COCO run lengths);
        in no particular order. It uses this process's Ray, or starts one on the loopback address.

    Raises:
        ConfigError, RenderError: the config cannot be made here, or Ray does not start.
    """
    from simdata.workers.ray_data import ray_dataset as made_by_ray

    config = as_config(config, seed)
    return made_by_ray(config, Deal(config.dataset, split, max_items), workers)


def as_config(config: Config | str | Path, seed: int | None = None) -> Config:
    """Return a config as it is, or load it by name or path.

    Args:
        config: what the user named.
        seed: replaces the config's.
    """
    config = config if isinstance(config, Config) else load_config(str(config))
    return config if seed is None else config.model_copy(update={"seed": seed})


def _streamed(source: Live, epoch: int) -> Generator[tuple[np.ndarray, Target]]:
    try:
        with closing(source.show(epoch)) as images:
            for shown in images:
                yield shown.image, shown.target
    finally:
        source.close()
