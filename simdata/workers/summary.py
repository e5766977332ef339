"""`Progress` while a run goes on, `Summary` when it is done."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from simdata.workers.folder import Output
from simdata.write.receipt import Hole


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        done_scenes, total_scenes: holes and what earlier runs have done included.
        images: so far.
        rejections: reason -> draws that were rejected and drawn again.
        holes: scenes that failed twice.
        rate: images a second since this run began.
        seconds: since this run began.
    """

    done_scenes: int
    total_scenes: int
    images: int
    rejections: dict[str, int]
    holes: int
    rate: float
    seconds: float

    @property
    def seconds_left(self) -> float | None:
        """An estimate; None before the first image."""
        if not self.rate or not self.done_scenes:
            return None
        images_left = (self.total_scenes - self.done_scenes) * self.images / self.done_scenes
        return images_left / self.rate


@dataclass(frozen=True)
class Summary:
    """What a finished dataset holds.

    Attributes:
        out: its folder.
        images, instances: how many.
        rejections: reason -> draws that were rejected and drawn again.
        holes: scenes that are missing, and why.
        seconds: this run took.
        resumed_scenes: scenes that earlier runs had done already.
        already_complete: whether nothing was left to do.
    """

    out: Path
    images: int
    instances: int
    rejections: dict[str, int] = field(default_factory=dict)
    holes: tuple[Hole, ...] = ()
    seconds: float = 0.0
    resumed_scenes: int = 0
    already_complete: bool = False


def read_summary(
    output: Output, *, seconds: float = 0.0, resumed_scenes: int = 0, already_complete: bool = False
) -> Summary:
    """Sum up a finished dataset from its manifest."""
    manifest = json.loads(output.manifest.read_bytes())
    return Summary(
        out=output.path,
        images=manifest["counts"]["images"],
        instances=manifest["counts"]["instances"],
        rejections=manifest["rejections"],
        holes=tuple(Hole.model_validate(hole) for hole in manifest["holes"]),
        seconds=seconds,
        resumed_scenes=resumed_scenes,
        already_complete=already_complete,
    )
