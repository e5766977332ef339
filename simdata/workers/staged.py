"""A staged scene read back for a training loop, or taken over by the run whose scene it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from simdata.dataset import pixels
from simdata.labelled import labelled_object
from simdata.target import Target, target_of
from simdata.workers.plan import Plan
from simdata.write.files import facts_path, read_facts
from simdata.write.receipt import FileFact, fact_of_file


class Shown(NamedTuple):
    """One image of a stream.

    Attributes:
        image: (H, W, 3) uint8, sRGB.
        target: its labels.
        edition: number of the config that made it: 0, and one more after each update.
    """

    image: np.ndarray
    target: Target
    edition: int = 0


def shown(folder: Path, scene: int, plan: Plan, edition: int) -> Iterator[Shown]:
    """Read the images of a staged scene one after another, in the order of their ids.

    Args:
        folder: the staging folder.
        scene: its number.
        plan: whose label policy decides what becomes of an object.
        edition: told with each.
    """
    facts = read_facts(folder, scene)
    rows = defaultdict(list)
    for row in facts["instances"]:
        rows[row["image_id"]].append(row)
    for row in facts["images"]:
        size = row["height"], row["width"]
        objects = [
            labelled_object(one, size, plan.config.labels, plan.categories) for one in rows[row["image_id"]]
        ]
        image = pixels(folder / row["file_name"], "RGB")
        yield Shown(image, target_of(row["image_id"], size, objects), edition)


def take_over(recorded: Path, scene: int, folder: Path) -> dict[str, Any] | None:
    """Move a scene that a stream has recorded into a shard's staging folder.

    Args:
        recorded: where the stream staged it.
        scene: its number.
        folder: of the shard.

    Returns:
        Its facts; None where it was not recorded, or not to its end: it must be made then.
    """
    if not facts_path(recorded, scene).is_file():
        return None
    facts = read_facts(recorded, scene)
    files = [FileFact.model_validate(fact) for fact in facts["files"]]
    # They were never waited for: after a power cut a file may be shorter than its name says.
    if not all(
        (recorded / fact.path).is_file() and fact_of_file(recorded, fact.path) == fact for fact in files
    ):
        return None
    paths = [Path(fact.path) for fact in files]
    for path in [*paths, facts_path(Path(), scene)]:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (recorded / path).replace(folder / path)
    return facts
