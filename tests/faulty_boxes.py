"""A scene builder for tests of the workers: a few boxes that never move, and faults on request."""

from __future__ import annotations

import ctypes
import hashlib
import os
import signal
from pathlib import Path
from typing import Any

from pydantic import Field

from simdata import (
    Camera,
    GeneratedShape,
    Layout,
    Look,
    Model,
    Node,
    Pinhole,
    Pose,
    SceneSpec,
    Scope,
    look_at,
)
from simdata.config import Config
from simdata.distributions import Uniform
from simdata.errors import AssetError, PlacementRejected
from simdata.pipeline import resolve
from simdata.workers.folder import Output
from simdata.workers.plan import Plan, make_plan

WIDTH, HEIGHT = 64, 48


class Boxes(Model):
    """Boxes in a row.

    Attributes:
        faults: scene number -> what happens instead.
        tries: folder in which each try at a faulty scene leaves a file; "" for none.
        once: only the first try fails.
        cubes: name of one of the two categories.
    """

    faults: dict[str, str] = Field(default_factory=dict)
    tries: str = ""
    once: bool = False
    cubes: str = "cube"

    def categories(self) -> list[str]:
        """Return the class names."""
        return [self.cubes, "slab"]

    def build(self, scope: Scope) -> SceneSpec:
        """Draw one scene, or fail."""
        number = int(scope.stream.path[1][1:])
        if self._strikes(number):
            fail(self.faults[str(number)], number)
        nodes = [self._node(scope.layout.child(i), i) for i in range(1, 4)]
        eye = Pose.from_matrix(look_at((0.9, 0.1, 0.5), (0, 0, 0)))
        lens = Pinhole.from_fov(WIDTH, HEIGHT, 0.8)
        cameras = tuple(Camera(name=f"view_{i}", lens=lens, pose=eye) for i in range(scope.views))
        return SceneSpec(layout=Layout(nodes=tuple(nodes)), look=Look(), cameras=cameras)

    def _node(self, scope: Scope, number: int) -> Node:
        size = scope.draw("size", Uniform(low=0.05, high=0.15))
        params = {"sx": size, "sy": size, "sz": 0.02 if number == 3 else size}
        return Node(
            name=f"box_{number}",
            shape=GeneratedShape(generator="cuboid", params=params),
            part="body",
            instance=number,
            category="slab" if number == 3 else self.cubes,
            labelled=True,
            pose=Pose(position=(0, 0.2 * (number - 2), 0)),
            fixed=True,
        )

    def _strikes(self, number: int) -> bool:
        if str(number) not in self.faults:
            return False
        if not self.tries:
            return True
        tried = len(list(Path(self.tries).glob(f"{number}.*")))
        (Path(self.tries) / f"{number}.{tried}.{os.getpid()}").touch()
        return not (self.once and tried)


def fail(how: str, number: int) -> None:
    """Fail in one of the ways in which native code and builders fail."""
    os.write(2, f"about to fail by {how}\n".encode())
    if how == "crash":
        ctypes.string_at(0)
    elif how == "abort":
        os.abort()
    elif how == "spin":
        while True:
            pass
    elif how == "raise":
        raise ValueError(f"scene {number} has no {object()!r}")
    elif how == "reject":
        raise PlacementRejected("no room")
    elif how == "asset":
        raise AssetError("mesh is broken")
    elif how == "leave":
        raise SystemExit(3)
    elif how == "exit":
        os._exit(3)
    elif how == "print":
        os.write(1, b"\x00\xff{noise}" * 50_000)
    else:
        os.kill(os.getpid(), getattr(signal, how))  # "SIGKILL", "SIGSTOP"


def make_config(scenes: int = 6, shard_scenes: int = 2, views: int = 1, **builder: Any) -> Config:
    """Make a config of this builder, `flat` renderer, no physics."""
    run = builder.pop("run", {})
    return Config.model_validate(
        {
            "scene": f"{__file__}:Boxes",
            "seed": 7,
            "renderer": "flat",
            "builder": builder,
            "dataset": {"scenes": scenes, "views": views, "splits": {"train": 0.5, "val": 0.5}},
            "run": {"shard_scenes": shard_scenes, "hole_budget": 0.5, "max_attempts": 3} | run,
        }
    )


def begin(out: Path, config: Config) -> Plan:
    """Do what a driver does before it starts workers."""
    store = out.parent / f"{out.name}-store"
    store.mkdir()
    plan = make_plan(resolve(config, store))
    out.mkdir()
    Output(out).work.mkdir()
    Output(out).adopt(plan, store)
    return plan


def tree(folder: Path) -> dict[str, str]:
    """Return path -> hash of every file of a dataset, but for the log."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "run.log"
    }
