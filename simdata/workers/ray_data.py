"""A live stream as a data set of Ray Data: its actors host supervisors, so native code never runs in Ray.

Ray Data repeats for ever what takes its actors down (which is why runs do not use it); here nothing does.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from simdata.config import Config
from simdata.errors import ConfigError
from simdata.workers.apart import prepare
from simdata.workers.channel import Channel
from simdata.workers.deal import Deal, Turn
from simdata.workers.live import Losses, images_of
from simdata.workers.maker import Maker, Staging
from simdata.workers.ray_executor import start_ray
from simdata.workers.staged import Shown

_STORE_MB = 500  # of a Ray that we start: pictures on their way


def ray_dataset(config: Config, deal: Deal, workers: int) -> Any:
    """Return a `ray.data.Dataset` of what a deal shows in epoch 0; see `simdata.ray_dataset`.

    Args:
        config: what to make. Each actor imports its files again: nodes must see them under the same path.
        deal: what to show; it must end.
        workers: actors.

    Raises:
        ConfigError, RenderError: the config cannot be made here, or Ray does not start.
    """
    if workers < 1:
        raise ConfigError(f"{workers} workers; at least 1 is needed")
    with tempfile.TemporaryDirectory(prefix="simdata-assets-") as store:
        chosen = prepare(config, Path(store)).plan.config
    config = config.model_copy(update={"renderer": chosen.renderer, "render": chosen.render})
    ray = sys.modules.get("ray")
    if ray is None or not ray.is_initialized():
        # Readers and the split of blocks need cores of their own, or actors that hold all starve them.
        ray = start_ray(None, workers + 2, _STORE_MB)
    try:
        import ray.data
    except ImportError as error:
        raise ConfigError(
            f"Ray Data cannot be imported ({error}); try: pip install 'simdata[ray-data]'"
        ) from error
    turns = [turn._asdict() for turn in deal.turns(0)]
    made = ray.data.from_items(turns, override_num_blocks=min(len(turns), 4 * workers))
    actors = ray.data.ActorPoolStrategy(size=workers)
    return made.flat_map(
        Host, fn_constructor_args=(config.model_dump_json(), deal), compute=actors, num_cpus=1
    )


class Host:
    """Lives in an actor of Ray Data: a supervisor and its child, and a folder on this node's disk."""

    def __init__(self, config: str, deal: Deal) -> None:
        self._channel = Channel.open(Config.model_validate_json(config))
        self._losses = Losses(self._channel, deal.scenes or 0)
        self._staging = Staging(Path(tempfile.mkdtemp(dir=self._channel.staging)), kept=False)
        self._maker = Maker(self._channel, self._staging)

    def __call__(self, row: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Make a scene; return the rows of its images."""
        made = self._maker.make(Turn(row["scene"], row["images"]))
        return map(_row, images_of(made, self._channel, self._losses, self._staging))


def _row(shown: Shown) -> dict[str, Any]:
    target = shown.target
    return {
        "image": shown.image,
        "image_id": target.image_id,
        "boxes": target.boxes_xyxy,
        "labels": target.labels,
        "area": target.area,
        "iscrowd": target.iscrowd,
        "masks": json.dumps(target.rles),
    }
