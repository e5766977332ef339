"""`Scope`: all that a scene builder may lean on: named streams, the split, the config's shared variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from simdata.distributions import Ref
from simdata.rng import Drawable, Stream
from simdata.spec import Origin


@dataclass(frozen=True, eq=False)
class Scope:
    """The place from which one scene is drawn.

    A builder draws its layout from `scope.layout`, its look from `scope.look`, its cameras from
    `scope.cameras`. The layout's names do not hold the look's number: so all looks of a scene share a layout.

    Attributes:
        stream: where the names start.
        split: "train", "val", …; known before anything is drawn, so that assets can be split too.
        views: cameras wanted.
        let: shared variables of the config, drawn once a scene.
        store: where imported meshes live; None when there are none.
        drawn: path -> value, filled by every draw; shared by all children.
    """

    stream: Stream
    split: str = "train"
    views: int = 1
    look_number: int = 0
    let: Mapping[str, Any] = field(default_factory=dict)
    store: Path | None = None
    drawn: dict[str, Any] = field(default_factory=dict)
    root: Stream | None = None

    @property
    def layout(self) -> Scope:
        """Where the layout is drawn."""
        return self.child("layout")

    @property
    def look(self) -> Scope:
        """Where this look is drawn."""
        return self.child("look", self.look_number)

    @property
    def cameras(self) -> Scope:
        """Where the cameras of this look are drawn."""
        return self.child("cameras", self.look_number)

    def child(self, *names: str | int) -> Scope:
        """Step down by one or more names."""
        return replace(self, stream=self.stream.child(*names), root=self.root or self.stream)

    def draw(self, name: str, distribution: Drawable) -> Any:
        """Draw the value called `name` here, and record it.

        Raises:
            KeyError: a reference to a shared variable that the config does not bind.
        """
        if isinstance(distribution, Ref):
            value = distribution.scale * self._shared(distribution.name) + distribution.offset
        else:
            value = self.stream.draw(name, distribution)
        self.drawn["/".join(self.stream.child(name).path)] = value
        return value

    def _shared(self, name: str) -> Any:
        root = self.root or self.stream
        return root.child("let").draw(name, self.let[name])


def scene_scope(
    seed: int,
    scene: int,
    *,
    attempt: int = 0,
    look: int = 0,
    split: str = "train",
    views: int = 1,
    let: Mapping[str, Any] | None = None,
    store: Path | None = None,
) -> Scope:
    """Make the scope of one attempt at one scene."""
    stream = Stream(seed).child("scene", scene, "attempt", attempt)
    return Scope(stream, split=split, views=views, look_number=look, let=let or {}, store=store)


def origin(scope: Scope, builder: str, *, seed: int, scene: int, attempt: int) -> Origin:
    """Say where a spec came from; call it after everything is drawn.

    Of a builder that is named by its file, only the file's own name is kept: its folder is one machine's.
    """
    drawn = dict(sorted(scope.drawn.items()))
    return Origin(
        builder=builder.rpartition("/")[2],
        seed=seed,
        scene=scene,
        look=scope.look_number,
        attempt=attempt,
        split=scope.split,
        drawn=drawn,
    )
