"""What is dropped on a surface: household items and the user's own meshes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from simdata.asset import GeneratedShape, ImportedShape, Shape, load_model
from simdata.assets.catalogue import Item, generator, household_items
from simdata.distributions import Choice, Constant, Integer, Name, Quantity, Scalar, Uniform, UniformInt
from simdata.errors import AssetError, SceneRejected
from simdata.geometry import Pose, quat_about, rotation_from_quat
from simdata.model import Model
from simdata.placement import Surface
from simdata.scope import Scope
from simdata.spec import Node


class MeshSource(Model):
    """A mesh file of the user's own.

    Attributes:
        path: obj, glb, gltf, stl or ply; relative paths start at the config's folder.
        category: class name for the labels.
        scale: metres per file unit.
        mass: of one object, whatever its density then is.
        weight: how often it is picked, against the other items.
        tumbled: probability that it is dropped at a random rotation.
        finish: name of one of the scene's finishes, in place of the material that came with the file. Its
            textures then repeat per metre, unless the file has texture coordinates of its own.
        licence: SPDX id, for the record.
        sha256: content hash, filled in when the file has been validated and re-encoded; leave it empty.
    """

    path: str
    category: str = Field(min_length=1)
    scale: float = Field(default=1.0, gt=0)
    mass: Annotated[Scalar, Quantity("kg", 0.001, 100)] = Uniform(low=0.1, high=0.5)
    weight: float = Field(default=1.0, ge=0)
    tumbled: Annotated[Scalar, Quantity("probability", 0, 1)] = Constant(value=0.2)
    finish: Annotated[Name, Quantity("name")] | None = None
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

    def categories(self) -> set[str]:
        """Return every class name that these objects can have."""
        made = {generator(name).category for name in self.items}
        return made | {mesh.category for mesh in self.meshes}

    def prepare(self, store: Path) -> Objects:
        """Validate and re-encode the user's meshes into `store`.

        Raises:
            AssetError: a mesh that cannot be used.
        """
        from simdata.asset_gate import import_mesh

        meshes = []
        for mesh in self.meshes:
            shape = import_mesh(
                Path(mesh.path), store=store, scale=mesh.scale, category=mesh.category, licence=mesh.licence
            )
            # Only the file's name stays: the plan must be equal wherever the file happened to lie.
            meshes.append(mesh.model_copy(update={"path": Path(mesh.path).name, "sha256": shape.sha256}))
        return self.model_copy(update={"meshes": tuple(meshes)})

    def drop(self, scope: Scope, free: Surface, likely: Mapping[str, float]) -> list[tuple[Node, Any]]:
        """Draw all objects; returns each node with the distribution of its finish (None: its mesh's own).

        Args:
            free: where they are dropped.
            likely: item -> factor on its weight.

        Raises:
            SceneRejected: an object found no place, or its drawn sizes contradict each other.
        """
        count, spread = scope.draw("count", self.count), scope.draw("spread", self.spread)
        kinds = {**self.items, **{f"mesh/{i}": mesh for i, mesh in enumerate(self.meshes)}}
        weights = tuple(kind.weight * likely.get(name, 1.0) for name, kind in kinds.items())
        if not any(weights):
            weights = tuple(kind.weight for kind in kinds.values())
        chances = Choice(values=tuple(kinds), weights=weights)
        dropped = []
        for number in range(1, count + 1):
            below = scope.child("object", number)
            name = below.draw("kind", chances)
            dropped += self._object(below, number, name, kinds[name], free, spread)
        return dropped

    def _object(
        self, scope: Scope, number: int, name: str, kind: Any, free: Surface, spread: float
    ) -> list[tuple[Node, Any]]:
        """Draw one object and the place from which it drops; one node a part."""
        shape, category, density, finish = _shape(scope, name, kind)
        quat = _drop_rotation(scope, scope.draw("tumbled", kind.tumbled))
        model = load_model(shape, scope.store)
        corners = (
            np.concatenate([part.mesh.vertices for part in model.parts.values()]) @ rotation_from_quat(quat).T
        )
        clearance = scope.draw("clearance", self.clearance)
        position = free.place(scope, corners, clearance, spread)
        pose = Pose(position=position, quat_xyzw=tuple(float(x) for x in quat))
        same = {"shape": shape, "instance": number, "category": category, "labelled": True, "pose": pose}
        return [
            (
                Node(name=f"{category}_{number}.{part}", part=part, density=density, **same),
                finish.get(part, finish.get("*")),
            )
            for part in model.parts
        ]


def _shape(scope: Scope, name: str, kind: Any) -> tuple[Shape, str, float, dict[str, Any]]:
    """Draw the shape of one object: (shape, category, density, finish of its parts)."""
    if isinstance(kind, MeshSource):
        own = ImportedShape(sha256=kind.sha256)
        mass = scope.draw("mass", kind.mass)
        return (
            own,
            kind.category,
            mass / load_model(own, scope.store).mass_properties(1.0).mass,
            {"*": kind.finish},
        )
    params = {key: scope.child("shape").draw(key, value) for key, value in kind.shape.items()}
    shape = GeneratedShape(generator=name, params=params)
    try:
        load_model(shape)
    except AssetError as error:  # e.g. a handle taller than its mug: this draw cannot be, the next may
        raise SceneRejected(str(error), reason="impossible_shape") from error
    return shape, generator(name).category, scope.draw("density", kind.density), kind.finish


def _drop_rotation(scope: Scope, tumbled: float) -> np.ndarray:
    """Draw a rotation: any one with probability `tumbled`, else upright with any heading."""
    if scope.draw("falls", Uniform(low=0, high=1)) < tumbled:
        # Uniform over rotations: a normal 4-vector has no preferred direction (Muller, 1959).
        vector = scope.stream.child("rotation").generator().normal(size=4)
        return vector / np.linalg.norm(vector)
    return quat_about((0, 0, 1), scope.draw("heading", Uniform(low=-math.pi, high=math.pi)))
