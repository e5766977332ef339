"""A small scene builder for tests: fixed boxes on a floor, nothing falls, rendered in milliseconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from simdata.asset import GeneratedShape
from simdata.camera import Camera, Pinhole
from simdata.distributions import Integer, Quantity, Scalar, Uniform, UniformInt
from simdata.geometry import Pose, look_at
from simdata.light import Sun
from simdata.material import Material
from simdata.model import Model
from simdata.scope import Scope
from simdata.spec import Layout, Look, Node, SceneSpec


class Mesh(Model):
    """A mesh file."""

    path: str
    category: str = "thing"


class Boxes(Model):
    """Boxes on a floor.

    Attributes:
        count: boxes a scene.
        side: of a box.
        ambient: light from everywhere.
        meshes: validated before anything is made.
    """

    count: Annotated[Integer, Quantity("boxes", 1, 20)] = UniformInt(low=3, high=5)
    side: Annotated[Scalar, Quantity("m", 0.01, 1)] = Uniform(low=0.1, high=0.3)
    ambient: Annotated[Scalar, Quantity("1", 0, 5)] = 0.5
    meshes: tuple[Mesh, ...] = ()

    def categories(self) -> list[str]:
        """Name the two kinds of box."""
        return ["even", "odd"]

    def prepare(self, store: Path) -> Boxes:
        """Import the meshes, as a builder with meshes does."""
        from simdata.asset_gate import import_mesh

        for mesh in self.meshes:
            import_mesh(Path(mesh.path), store=store, scale=1.0, category=mesh.category, licence="CC0-1.0")
        return self

    def build(self, scope: Scope) -> SceneSpec:
        """Draw one scene."""
        floor = GeneratedShape(generator="cuboid", params={"sx": 4.0, "sy": 4.0, "sz": 0.1})
        ground = Pose(position=(0.0, 0.0, -0.05))
        nodes = [Node(name="floor", shape=floor, part="body", pose=ground, fixed=True)]
        for number in range(1, scope.layout.draw("count", self.count) + 1):
            nodes.append(self._box(scope.layout.child("box", number), number))
        materials = {
            node.name: Material(base_color=(0.2 + 0.1 * (i % 7), 0.5, 0.9 - 0.1 * (i % 5)))
            for i, node in enumerate(nodes)
        }
        look = Look(
            materials=materials,
            lights=(Sun(direction=(0.3, 0.2, 0.9)),),
            ambient=scope.look.draw("ambient", self.ambient),
        )
        return SceneSpec(layout=Layout(nodes=tuple(nodes)), look=look, cameras=self._cameras(scope))

    def _box(self, scope: Scope, number: int) -> Node:
        side = scope.draw("side", self.side)
        shape = GeneratedShape(generator="cuboid", params={"sx": side, "sy": side, "sz": side})
        x, y = (scope.draw(axis, Uniform(low=-0.8, high=0.8)) for axis in "xy")
        return Node(
            name=f"box_{number}",
            shape=shape,
            part="body",
            instance=number,
            category="odd" if number % 2 else "even",
            labelled=True,
            pose=Pose(position=(x, y, side / 2)),
            fixed=True,
        )

    def _cameras(self, scope: Scope) -> tuple[Camera, ...]:
        lens = Pinhole.from_fov(64, 48, 1.0)
        eyes = [(2.0, -1.5 + 0.5 * view, 1.5) for view in range(scope.views)]
        return tuple(
            Camera(name=f"view_{view}", lens=lens, pose=Pose.from_matrix(look_at(eye, (0, 0, 0))))
            for view, eye in enumerate(eyes)
        )
