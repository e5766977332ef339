"""`Work`: what a child does for a plan. All the native code of a run is behind it."""

from __future__ import annotations

import ctypes
from pathlib import Path

from simdata.errors import ConfigError
from simdata.pipeline import Pipeline
from simdata.workers.folder import Output
from simdata.workers.plan import require_versions, runnable
from simdata.write.files import facts_path, write_scene
from simdata.write.receipt import Hole, Receipt
from simdata.write.store import seal_shard


class Work:
    """Everything one process needs to make the scenes of a plan.

    Raises:
        ConfigError: there is no plan in the folder, or it was made with other versions than are here.
        RenderError: the plan's renderer does not open here; no other one takes its place.
    """

    def __init__(self, out: Path) -> None:
        output = Output(out)
        plan = output.read_plan()
        if plan is None:
            raise ConfigError(f"{output.plan} is not there: does this machine see the same folder {out}?")
        require_versions(plan)
        self.config = runnable(plan, output.sources)
        self.pipeline = Pipeline(self.config, store=output.assets)
        self.pipeline.renderer()  # now, so that a missing renderer is not taken for a scene's fault

    def scene(self, number: int, folder: Path) -> tuple[int, dict[str, int]]:
        """Make one scene in a staging folder; return how many images, and rejected draws by reason.

        Raises:
            SceneRejected: no draw of it can be.
        """
        # An earlier child may have died after its last byte and before its answer.
        facts_path(folder, number).unlink(missing_ok=True)
        run = self.pipeline.scene(number)
        write_scene(run, self.pipeline.samples(run), folder, self.config)
        images = sum(len(scene.times) * len(scene.spec.cameras) for scene in run.scenes)
        _give_back_memory()
        return images, dict(run.rejections)

    def seal(self, shard: int, scenes: range, folder: Path, holes: tuple[Hole, ...]) -> Receipt:
        """Join the scenes of a shard and say what it holds."""
        return seal_shard(shard, scenes, folder, holes)

    def close(self) -> None:
        """Close the renderer."""
        self.pipeline.close()


def _give_back_memory() -> None:
    """Return to the system what a scene has freed (2 ms); else its largest scene is a worker's size for ever.

    Source: malloc_trim(3), of glibc alone.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
