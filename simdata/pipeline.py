"""One scene number, end to end: draw, settle, render, annotate. Depends on nothing but its arguments.

A draw that cannot be (`SceneRejected`) is drawn again with the next attempt number and counted by reason,
because rejection reshapes the distribution and users deserve to see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simdata.annotate import annotate
from simdata.annotation import ImageIndex, Sample, Strides
from simdata.config import Config, split_of
from simdata.errors import ConfigError, SceneRejected
from simdata.physics import settle
from simdata.render import make_renderer, resolve_renderer
from simdata.scene import Scene
from simdata.scope import origin, scene_scope
from simdata.spec import SceneSpec


@dataclass(frozen=True, eq=False)
class SceneRun:
    """One accepted scene number.

    Attributes:
        number: from 0.
        split: its split.
        attempt: how many draws were rejected before this one.
        rejections: reason -> count.
        scenes: one a look; all share one settled layout.
    """

    number: int
    split: str
    attempt: int
    rejections: Mapping[str, int]
    scenes: tuple[Scene, ...]


class Pipeline:
    """Everything one process needs to make the samples of any scene number of a config.

    `config.renderer` must be a renderer's name, not "auto": which one it is, is decided once for a run.
    """

    def __init__(self, config: Config, *, store: Path | None = None) -> None:
        self.config = config
        self.store = store
        self.builder = config.make_builder()
        self._renderer: Any = None

    @property
    def strides(self) -> Strides:
        """Looks, instants and views per scene."""
        dataset = self.config.dataset
        return Strides(looks=dataset.looks_per_layout, times=1, views=dataset.views)

    def scene(self, number: int) -> SceneRun:
        """Draw and settle scene `number`.

        Raises:
            SceneRejected: `run.max_attempts` draws in a row could not be.
        """
        rejections: Counter[str] = Counter()
        for attempt in range(self.config.run.max_attempts):
            try:
                scenes = self._attempt(number, attempt)
            except SceneRejected as rejected:
                rejections[rejected.reason] += 1
                last = rejected
                continue
            return SceneRun(number, self.split(number), attempt, dict(rejections), scenes)
        raise SceneRejected(
            f"scene {number}: all {self.config.run.max_attempts} draws were rejected ({dict(rejections)}); "
            f"the last: {last}; ask for fewer objects, more room, or raise run.max_attempts",
            reason="exhausted",
        ) from last

    def samples(self, run: SceneRun) -> Iterator[Sample]:
        """Render and label every image of a scene, in the order of their ids."""
        for look, scene in enumerate(run.scenes):
            yield from self.views(scene, number=run.number, look=look, split=run.split)

    def views(self, scene: Scene, *, number: int, look: int, split: str) -> Iterator[Sample]:
        """Render and label every instant and view of one settled scene."""
        renderer = self.renderer()
        renderer.load(scene)
        for time, t in enumerate(scene.times):
            for view, camera in enumerate(scene.spec.cameras):
                index = ImageIndex(number, look, time, view)
                frame = renderer.render(camera, float(t))
                image_id = self.strides.image_id(index)
                yield annotate(frame, scene, image_id=image_id, index=index, split=split, store=self.store)

    def split(self, number: int) -> str:
        """Return the split of a scene number."""
        return split_of(self.config.dataset.splits, number)

    def specs(self, number: int, attempt: int = 0) -> tuple[SceneSpec, ...]:
        """Draw one spec a look; no physics."""
        return tuple(self._build(number, attempt, look) for look in range(self.strides.looks))

    def renderer(self) -> Any:
        """Open the renderer, once."""
        if self._renderer is None:
            render = self.config.render
            self._renderer = make_renderer(self.config.renderer, store=self.store, **render.model_dump())
        return self._renderer

    def close(self) -> None:
        """Close the renderer, if one was opened."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _attempt(self, number: int, attempt: int) -> tuple[Scene, ...]:
        specs = self.specs(number, attempt)
        settled = settle(specs[0], store=self.store)
        return tuple(settled.with_spec(spec) for spec in specs)

    def _build(self, number: int, attempt: int, look: int) -> SceneSpec:
        config = self.config
        scope = scene_scope(
            config.seed,
            number,
            attempt=attempt,
            look=look,
            split=self.split(number),
            views=config.dataset.views,
            let=config.let,
            store=self.store,
        )
        spec = self.builder.build(scope)
        source = origin(scope, config.scene, seed=config.seed, scene=number, attempt=attempt)
        return spec.model_copy(update={"origin": source})


def resolve(config: Config, store: Path) -> Config:
    """Settle what must be the same for every worker: the renderer's name and what the user's files hold.

    Meshes are validated and re-encoded into `store`; the returned builder fields name them by content.

    Raises:
        AssetError: a mesh that cannot be used.
        ConfigError: another file that cannot be used, or does not fit the rest of the config.
        RenderError: the renderer does not work on this machine.
    """
    builder = config.make_builder()
    if hasattr(builder, "prepare"):
        builder = builder.prepare(store)
    fields = builder.model_dump(mode="json")
    render = config.render
    taken = resolve_renderer(config.renderer, **render.model_dump())
    settled = render.model_copy(update={"samples": taken.samples, "device": taken.device})
    resolved = config.model_copy(update={"builder": fields, "renderer": taken.name, "render": settled})
    try:
        resolved.make_builder()  # what was read from files is seen by the validators only now
    except ValidationError as error:
        first = error.errors()[0]
        reason = first.get("ctx", {}).get("error", first["msg"])
        raise ConfigError(f"builder.{'.'.join(map(str, first['loc']))}: {reason}") from None
    return resolved
