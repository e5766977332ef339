"""`tabletop`: household objects dropped on a table in a room.

What varies
    Layout: how many objects, of which categories, each category's own shape, where and how they are dropped,
    the table and the room. Look: what everything is made of, the sun, the light of the room. Cameras: where
    each stands, what it aims at, its lens, how it moves.
What is labelled
    Every dropped object, by its category; the table and the room are scenery.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from simdata.asset import (
    GeneratedShape,
    ImportedShape,
    Shape,
    base_color,
    load_model,
    surface_finish,
    texture_path,
)
from simdata.assets.catalogue import Finish, Item, generator, household_finishes, household_items
from simdata.assets.room import SLAB
from simdata.color import srgb_from_linear
from simdata.distributions import (
    Choice,
    Color,
    Constant,
    Hsv,
    InShell,
    Integer,
    LogUniform,
    Point,
    Quantity,
    Scalar,
    Uniform,
    UniformInt,
)
from simdata.errors import AssetError, SceneRejected
from simdata.geometry import Pose, quat_about, rotation_from_quat
from simdata.light import Sun
from simdata.material import ImageTexture, Material
from simdata.model import Model
from simdata.placement import Surface
from simdata.scope import Scope
from simdata.spec import Layout, Look, Node, SceneSpec, Settling
from simdata.viewpoint import Cameras

Meters = Quantity("m", 0.001, 100)
Radians = Quantity("rad", -2 * math.pi, 2 * math.pi)
TOP = 0.02  # m of the table's top above the height below which an object has left the scene


class MeshSource(Model):
    """A mesh file of the user's own.

    Attributes:
        path: obj, glb, gltf, stl or ply; relative paths start at the config's folder.
        category: class name for the labels.
        scale: metres per file unit.
        mass: of one object, whatever its density then is.
        weight: how often it is picked, against the other items.
        tumbled: probability that it is dropped at a random rotation.
        licence: SPDX id, for the record.
        sha256: content hash, filled in when the file has been validated and re-encoded; leave it empty.
    """

    path: str
    category: str = Field(min_length=1)
    scale: float = Field(default=1.0, gt=0)
    mass: Annotated[Scalar, Quantity("kg", 0.001, 100)] = Uniform(low=0.1, high=0.5)
    weight: float = Field(default=1.0, ge=0)
    tumbled: Annotated[Scalar, Quantity("probability", 0, 1)] = Constant(value=0.2)
    licence: str = "unknown"
    sha256: str = ""


class Objects(Model):
    """What is dropped.

    Attributes:
        count: objects a scene.
        items: household items; name -> how often, shape, density, finish.
        meshes: mesh files of your own, picked beside the items.
        clearance: gap between an object and what is below it when it is let go.
        spread: share of the table's half sides within which objects are dropped.
    """

    count: Annotated[Integer, Quantity("objects", 1, 200)] = UniformInt(low=5, high=20)
    items: dict[str, Item] = Field(default_factory=household_items)
    meshes: tuple[MeshSource, ...] = ()
    clearance: Annotated[Scalar, Quantity("m", 0.0005, 1)] = Uniform(low=0.002, high=0.012)
    spread: Annotated[Scalar, Quantity("1", 0.05, 1)] = Uniform(low=0.6, high=0.85)

    @model_validator(mode="after")
    def _something_to_pick(self) -> Objects:
        if not any(kind.weight for kind in (*self.items.values(), *self.meshes)):
            raise ValueError("every weight is 0, so there is nothing to drop; give one item or mesh a weight")
        return self


class Furniture(Model):
    """The table and the room around it; the floor is z = 0 and the table stands at x = y = 0."""

    table_length: Annotated[Scalar, Quantity("m", 0.3, 5)] = Uniform(low=1.1, high=1.6)
    table_width: Annotated[Scalar, Quantity("m", 0.3, 5)] = Uniform(low=0.75, high=1.0)
    table_height: Annotated[Scalar, Quantity("m", 0.2, 1.5)] = Uniform(low=0.7, high=0.78)
    room_length: Annotated[Scalar, Quantity("m", 2, 30)] = Uniform(low=3.2, high=5.5)
    room_width: Annotated[Scalar, Quantity("m", 2, 30)] = Uniform(low=3.0, high=4.5)
    room_height: Annotated[Scalar, Quantity("m", 1.8, 10)] = Uniform(low=2.4, high=2.9)


def _surfaces() -> dict[str, Finish]:
    brown = Hsv(hue=(0.04, 0.11), saturation=(0.3, 0.7), value=(0.3, 0.75))
    dark = Hsv(hue=(0.03, 0.1), saturation=(0.35, 0.75), value=(0.12, 0.4))
    pale = Hsv(saturation=(0.0, 0.3), value=(0.7, 0.97))
    return {
        "floor": Finish(
            color=dark,
            accent=brown,
            texture=Choice(values=("boards", "tiles", "weave")),
            contrast=Uniform(low=0.3, high=0.9),
        ),
        "skirting": Finish(color=Hsv(saturation=(0.0, 0.1), value=(0.7, 0.97))),
        "table": Finish(
            color=Hsv(hue=(0.03, 0.12), saturation=(0.1, 0.7), value=(0.2, 0.9)),
            accent=Hsv(hue=(0.03, 0.12), saturation=(0.1, 0.7), value=(0.1, 0.95)),
            texture=Choice(values=("wood", "boards", "marble", "speckle", "none"), weights=(4, 2, 1, 1, 1)),
            contrast=Uniform(low=0.3, high=1.0),
            repeat=Uniform(low=1.2, high=2.5),
        ),
        "walls": Finish(
            color=pale,
            contrast=Uniform(low=0.05, high=0.2),
            texture=Choice(values=("plaster", "none")),
            repeat=Uniform(low=0.6, high=1.5),
        ),
    }


class Light(Model):
    """One sun through an unseen window, and light from everywhere.

    Attributes:
        angle: angular diameter: a small light like the sun casts hard shadows, a large one like a window soft
            ones. Renderer tiny draws all of them hard.
    """

    direction: Annotated[Point, Quantity("1, towards the light")] = InShell(
        radius_low=1, radius_high=1, elevation_low=math.radians(35), elevation_high=math.radians(80)
    )
    strength: Annotated[Scalar, Quantity("1", 0, 20)] = Uniform(low=0.6, high=1.0)
    ambient: Annotated[Scalar, Quantity("1", 0, 5)] = Uniform(low=0.35, high=0.65)
    color: Annotated[Color, Quantity("sRGB", 0, 1)] = Hsv(
        hue=(0.05, 0.17), saturation=(0.0, 0.15), value=(0.95, 1.0)
    )
    angle: Annotated[Scalar, Quantity("rad", 0, 2)] = LogUniform(low=0.009, high=0.3)


class Tabletop(Model):
    """Household objects dropped on a table in a room.

    Attributes:
        objects: what is dropped.
        furniture: what it is dropped on.
        finishes: finish name -> distributions, for the items' parts.
        surfaces: the same for floor, skirting, table and walls.
        light: sun and ambient.
        cameras: where the views stand, about the middle of the table top, and their lenses.
        settling: when the scene counts as at rest.
    """

    objects: Objects = Field(default_factory=Objects)
    furniture: Furniture = Field(default_factory=Furniture)
    finishes: dict[str, Finish] = Field(default_factory=household_finishes)
    surfaces: dict[str, Finish] = Field(default_factory=_surfaces)
    light: Light = Field(default_factory=Light)
    cameras: Cameras = Field(default_factory=Cameras)
    settling: Settling = Field(default_factory=Settling)

    def categories(self) -> list[str]:
        """Return every class name that this builder can label."""
        made = {generator(name).category for name in self.objects.items}
        return sorted(made | {mesh.category for mesh in self.objects.meshes})

    def prepare(self, store: Path) -> Tabletop:
        """Validate and re-encode the user's meshes into `store`, and read calibration files.

        Workers then never see the files.

        Raises:
            AssetError: a mesh that cannot be used.
            ConfigError: a calibration file that cannot be read.
        """
        from simdata.asset_gate import import_mesh

        meshes = []
        for mesh in self.objects.meshes:
            shape = import_mesh(
                Path(mesh.path), store=store, scale=mesh.scale, category=mesh.category, licence=mesh.licence
            )
            # Only the file's name stays: the plan must be equal wherever the file happened to lie.
            meshes.append(mesh.model_copy(update={"path": Path(mesh.path).name, "sha256": shape.sha256}))
        objects = self.objects.model_copy(update={"meshes": tuple(meshes)})
        return self.model_copy(update={"objects": objects, "cameras": self.cameras.prepare()})

    def build(self, scope: Scope) -> SceneSpec:
        """Draw one scene.

        Raises:
            SceneRejected: an object found no place on the table, or its drawn sizes contradict each other.
        """
        layout, finishes = self._layout(scope.layout)
        return SceneSpec(
            layout=layout,
            look=self._look(scope.look, layout, finishes),
            cameras=self.cameras.draw(scope.cameras, np.array([0.0, 0.0, layout.settling.floor + TOP])),
        )

    def _layout(self, scope: Scope) -> tuple[Layout, dict[str, str]]:
        """Draw what stands where; also say which finish each node takes."""
        nodes, finishes, top = self._scenery(scope.child("furniture"))
        free = Surface(*top)
        count = scope.draw("count", self.objects.count)
        spread = scope.draw("spread", self.objects.spread)
        for number in range(1, count + 1):
            dropped = self._object(scope.child("object", number), number, free, spread)
            nodes += [node for node, _ in dropped]
            finishes |= {node.name: finish for node, finish in dropped}
        # A centre below the table's top means that the object went over the edge.
        settling = self.settling.model_copy(update={"floor": free.height - TOP})
        return Layout(nodes=tuple(nodes), settling=settling), finishes

    def _scenery(self, scope: Scope) -> tuple[list[Node], dict[str, str], tuple[float, float, float]]:
        """Draw the room and the table; returns nodes, finishes and the top's length, width, height."""
        size = {name: scope.draw(name, getattr(self.furniture, name)) for name in Furniture.model_fields}
        top = (size["table_length"], size["table_width"], size["table_height"])
        table = GeneratedShape(
            generator="table", params=dict(zip(("length", "width", "height"), top, strict=True))
        )
        # No ceiling yet: a sun is the only strong light that every renderer has, and it must come in.
        room_size = {key: size[f"room_{key}"] for key in ("length", "width", "height")} | {"ceiling": 0}
        room = GeneratedShape(generator="room", params=room_size)
        nodes, finishes = [], {}
        for name, shape, parts in (
            ("room", room, {"floor": "floor", "walls": "walls", "skirting": "skirting"}),
            ("table", table, {"top": "table", "legs": "table"}),
        ):
            model = load_model(shape)
            # A model's origin is the middle of its box; the room's lowest point is below its floor slab.
            below = SLAB if name == "room" else 0.0
            pose = Pose(position=(0.0, 0.0, -float(model.bounds[0, 2]) - below))
            for part, finish in parts.items():
                nodes.append(
                    Node(name=f"{name}.{part}", shape=shape, part=part, pose=pose, fixed=True, friction=0.6)
                )
                finishes[f"{name}.{part}"] = f"surface/{finish}"
        return nodes, finishes, top

    def _object(self, scope: Scope, number: int, free: Surface, spread: float) -> list[tuple[Node, str]]:
        """Draw one object and the place from which it drops; one node a part."""
        kinds = {**self.objects.items, **{f"mesh/{i}": mesh for i, mesh in enumerate(self.objects.meshes)}}
        chances = Choice(values=tuple(kinds), weights=tuple(kind.weight for kind in kinds.values()))
        name = scope.draw("kind", chances)
        kind = kinds[name]
        shape, category, density, finish = self._shape(scope, name, kind)
        quat = _drop_rotation(scope, scope.draw("tumbled", kind.tumbled))
        model = load_model(shape, scope.store)
        corners = (
            np.concatenate([part.mesh.vertices for part in model.parts.values()]) @ rotation_from_quat(quat).T
        )
        clearance = scope.draw("clearance", self.objects.clearance)
        position = free.place(scope, corners, clearance, spread)
        pose = Pose(position=position, quat_xyzw=tuple(float(x) for x in quat))
        return [
            (
                Node(
                    name=f"{category}_{number}.{part}",
                    shape=shape,
                    part=part,
                    instance=number,
                    category=category,
                    labelled=True,
                    pose=pose,
                    density=density,
                ),
                finish.get(part, finish.get("*", "")),
            )
            for part in model.parts
        ]

    def _shape(self, scope: Scope, name: str, kind: Any) -> tuple[Shape, str, float, dict[str, str]]:
        """Draw the shape of one object: (shape, category, density, finish of its parts)."""
        if isinstance(kind, MeshSource):
            shape = ImportedShape(sha256=kind.sha256)
            mass = scope.draw("mass", kind.mass)
            return shape, kind.category, mass / load_model(shape, scope.store).mass_properties(1.0).mass, {}
        params = {key: scope.child("shape").draw(key, value) for key, value in kind.shape.items()}
        made = generator(name)
        shape = GeneratedShape(generator=name, params=params)
        try:
            load_model(shape)
        except AssetError as error:  # e.g. a handle taller than its mug: this draw cannot be, the next may
            raise SceneRejected(str(error), reason="impossible_shape") from error
        return (
            shape,
            made.category,
            scope.draw("density", kind.density),
            kind.finish,
        )

    def _look(self, scope: Scope, layout: Layout, finishes: dict[str, str]) -> Look:
        """Draw what everything is made of, and the light."""
        materials = {}
        for node in layout.nodes:
            if isinstance(node.shape, ImportedShape):
                materials[node.name] = _own_material(node.shape, scope.store)
            else:
                materials[node.name] = self._finish(finishes[node.name]).draw(
                    _finish_scope(scope, node, finishes)
                )
        light = self.light
        direction = np.array(scope.draw("sun_direction", light.direction))
        direction /= np.linalg.norm(direction)
        sun = Sun(
            direction=tuple(float(x) for x in direction),
            color=scope.draw("sun_color", light.color),
            strength=scope.draw("sun_strength", light.strength),
            angle=scope.draw("sun_angle", light.angle),
        )
        return Look(materials=materials, lights=(sun,), ambient=scope.draw("ambient", light.ambient))

    def _finish(self, name: str) -> Finish:
        kind, _, short = name.rpartition("/")
        return (self.surfaces if kind == "surface" else self.finishes)[short]


def _drop_rotation(scope: Scope, tumbled: float) -> np.ndarray:
    """Draw a rotation: any one with probability `tumbled`, else upright with any heading."""
    if scope.draw("falls", Uniform(low=0, high=1)) < tumbled:
        # Uniform over rotations: a normal 4-vector has no preferred direction (Muller, 1959).
        vector = scope.stream.child("rotation").generator().normal(size=4)
        return vector / np.linalg.norm(vector)
    return quat_about((0, 0, 1), scope.draw("heading", Uniform(low=-math.pi, high=math.pi)))


def _finish_scope(scope: Scope, node: Node, finishes: dict[str, str]) -> Scope:
    """Return where a node's material is drawn: parts of one object that share a finish share the draw."""
    owner = f"object/{node.instance}" if node.instance else node.name
    return scope.child("material", owner, finishes[node.name])


def _own_material(shape: ImportedShape, store: Path) -> Material:
    """Return the material that came with an imported mesh."""
    color = tuple(srgb_from_linear(channel) for channel in base_color(shape, store))
    texture = ImageTexture(sha256=shape.sha256) if texture_path(shape, store) else None
    roughness, metallic = surface_finish(shape, store)
    return Material(base_color=color, roughness=roughness, metallic=metallic, texture=texture)
