"""A renderer in a process of its own, as a worker has it, that says what its work costs in CPU seconds.

Of the OpenGL contexts of a process only the last is current, so renderers that are compared side by side live
apart. They wait for each other: only one of them works at a time.
"""

from __future__ import annotations

import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benches.measure import ONE_CORE, cpu_of, environment
from simdata.annotate import annotate
from simdata.annotation import ImageIndex
from simdata.asset import load_model
from simdata.camera import Camera
from simdata.config import Config
from simdata.pipeline import Pipeline, SceneRun
from simdata.scene import Scene
from simdata.write.files import write_scene


class Artist:
    """Draws, labels and writes in a child of one core.

    Args:
        config: its renderer and `render` settings are taken.
        store: folder of imported meshes.
    """

    def __init__(self, config: Config, store: Path | None = None) -> None:
        self._pool = ProcessPoolExecutor(
            1, get_context("spawn"), initializer=_Desk.open, initargs=(config, store)
        )
        with environment(ONE_CORE):
            self._pool.submit(int).result()

    def load(self, scene: Scene) -> float:
        """Take a scene."""
        return self._ask("load", scene)

    def bare(self, camera: Camera) -> float:
        """Call `getCameraImage` of TinyRenderer, once its buffers are warm."""
        return self._ask("bare", camera)

    def drawn(self, camera: Camera) -> float:
        """Draw a frame."""
        return self._ask("drawn", camera)

    def labelled(self, camera: Camera) -> float:
        """Draw a frame and annotate it."""
        return self._ask("labelled", camera)

    def written(self, run: SceneRun) -> float:
        """Load, draw, annotate and write a settled scene."""
        return self._ask("written", run)

    def picture(self, camera: Camera) -> Any:
        """Draw a frame, and return its rgb."""
        return self._ask("picture", camera)

    def __enter__(self) -> Self:
        """Return this."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the process."""
        self._pool.shutdown()

    def _ask(self, what: str, about: Any) -> Any:
        return self._pool.submit(_Desk.do, what, about).result()


class _Desk:
    """What stands in the child: its one pipeline and the scene at hand."""

    _only: _Desk

    def __init__(self, config: Config, store: Path | None) -> None:
        self._config, self._pipeline = config, Pipeline(config, store=store)
        self._scene: Scene | None = None

    @classmethod
    def open(cls, config: Config, store: Path | None) -> None:
        cls._only = cls(config, store)
        cls._only._pipeline.renderer()

    @classmethod
    def do(cls, what: str, about: Any) -> Any:
        return getattr(cls._only, what)(about)

    def load(self, scene: Scene) -> float:
        self._scene = self._made(scene)
        return cpu_of(lambda: self._pipeline.renderer().load(scene))

    def bare(self, camera: Camera) -> float:
        renderer = self._pipeline.renderer()
        renderer.capture(camera)
        return cpu_of(lambda: renderer.capture(camera))

    def drawn(self, camera: Camera) -> float:
        return cpu_of(lambda: self._pipeline.renderer().render(camera))

    def labelled(self, camera: Camera) -> float:
        return cpu_of(lambda: self._label(camera))

    def written(self, run: SceneRun) -> float:
        self._made(run.scenes[0])
        with tempfile.TemporaryDirectory() as folder:
            return cpu_of(lambda: write_scene(run, self._pipeline.samples(run), Path(folder), self._config))

    def picture(self, camera: Camera) -> Any:
        return self._pipeline.renderer().render(camera).rgb

    def _made(self, scene: Scene) -> Scene:
        """Make the meshes: in a worker settling has done so."""
        for node in scene.nodes:
            load_model(node.shape, self._pipeline.store)
        return scene

    def _label(self, camera: Camera) -> None:
        frame = self._pipeline.renderer().render(camera)
        annotate(
            frame,
            self._scene,
            image_id=1,
            index=ImageIndex(0, 0, 0, 0),
            split="train",
            store=self._pipeline.store,
        )
