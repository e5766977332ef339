"""The datasets that the proofs train and test on: generated once, then kept in a folder that git ignores."""

from __future__ import annotations

import json
import resource
import time
from pathlib import Path
from typing import Any

import simdata
from simdata.config import Config

CONFIG = Path(__file__).with_name("ten.yaml")
KEPT = Path(__file__).resolve().parent.parent.parent / "out" / "training"
# Members of the families of textures; the default draws no higher ones than 31.
OTHER = "{dist: uniform_int, low: 32, high: 39}"


def training_config(name: str = "tabletop", **dataset: Any) -> Config:
    """Return a variant of the tabletop as a problem of ten classes.

    Args:
        name: "tabletop", or "tabletop/plain" and the like.
        dataset: fields of the config's dataset that differ from `ten.yaml`.
    """
    ten, look = simdata.load_config(str(CONFIG)), simdata.load_config(name).builder
    builder = {**look, "cameras": {**look.get("cameras", {}), **ten.builder["cameras"]}}
    return ten.model_copy(update={"builder": builder, "dataset": ten.dataset.model_copy(update=dataset)})


def held_out_config(seed: int = 1, renderer: str = "gl", samples: int = 1, **dataset: Any) -> Config:
    """Return the default tabletop by another seed, with members of the textures that training never draws.

    So every shape, colour, light and camera is another draw, and every texture another member of its family.
    What training shares with it are the generators of shapes, the families of textures, the distributions.

    Args:
        seed: of the scenes.
        renderer, samples: who draws them, and with how many samples a pixel.
        dataset: fields of the config's dataset that differ from `ten.yaml`.
    """
    finishes = simdata.load_config(str(CONFIG)).make_builder().finishes
    other = [f"builder.finishes.{name}.seed={OTHER}" for name in finishes]
    other += [f"builder.finishes.{name}.layer.seed={OTHER}" for name in finishes if finishes[name].layer]
    drawn = [f"seed={seed}", f"renderer={renderer}", f"render.samples={samples}"]
    config = simdata.load_config(str(CONFIG), overrides=[*other, *drawn])
    sized = config.dataset.model_copy(update={"splits": {"train": 0.0, "val": 1.0}, **dataset})
    return config.model_copy(update={"dataset": sized})


def generated(name: str, config: Config, workers: int = 2) -> dict[str, float]:
    """Make a dataset, or the rest of it, unless it is there.

    Returns:
        Its images; and the seconds and CPU seconds that making it took, all calls together.

    Raises:
        ConfigError: the folder holds something else, such as a dataset of another config: remove it.
    """
    path = KEPT / f"{name}.json"
    told = json.loads(path.read_text()) if path.exists() else {"seconds": 0.0, "cpu_seconds": 0.0}
    start, spent = time.monotonic(), _children_cpu()
    summary = simdata.generate(config, KEPT / name, workers=workers)
    if not summary.already_complete:
        told["seconds"] = round(told["seconds"] + time.monotonic() - start, 1)
        told["cpu_seconds"] = round(told["cpu_seconds"] + _children_cpu() - spent, 1)
        path.write_text(json.dumps(told) + "\n")
    return {"images": summary.images, **told}


def _children_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
