"""`tabletop`: household objects dropped on a table in a kitchen, a study, a workshop or a dining room.

What varies
    Layout: the setting, its room and furniture; how many objects, of which categories, each category's own
    shape, where and how they are dropped. Look: what everything is made of; daylight, sun and lamps. Cameras:
    where each stands, what it aims at, its lens, how it moves.
What is labelled
    Every dropped object, by its category; the table and all around it are scenery.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field, model_validator

from simdata.asset import ImportedShape, base_color, has_surface_map, surface_finish, texture_path
from simdata.assets import GENERATORS
from simdata.assets.finish import Finish
from simdata.assets.finishes import household_finishes
from simdata.color import srgb_from_linear
from simdata.distributions import Choice, Constant, Name, Quantity, Scalar
from simdata.errors import UnknownNameError
from simdata.material import FieldTexture, ImageTexture, Material
from simdata.model import Model
from simdata.scenes.furnishing import AROUND, furnish
from simdata.scenes.lighting import Lighting
from simdata.scenes.objects import Objects
from simdata.scenes.place import Place, chance
from simdata.scenes.setting import RoomSize, Setting, settings
from simdata.scope import Scope
from simdata.sensor_kind import PhoneSensor
from simdata.spec import Layout, Look, Node, SceneSpec, Settling
from simdata.viewpoint import Cameras

TOP = 0.02  # m of the table's top above the height below which an object has left the scene


class Tabletop(Model):
    """Household objects dropped on a table: in a kitchen, on a desk, on a workbench, in a dining room.

    Attributes:
        setting: which of the settings.
        settings: kinds of places; name -> table, furniture, finishes, likely items.
        room: how large the room is.
        scenery: factor on the probability of each thing that stands or hangs around.
        detail: probability that a finish keeps its texture, layer and coat; else its plain colour stays.
        objects: what is dropped.
        finishes: finish name -> distributions, for items and scenery.
        light: the sky, the sun and lamps.
        cameras: where the views stand, about the middle of the table top, and their lenses.
        settling: when the scene counts as at rest.
    """

    setting: Annotated[Name, Quantity("name")] = Choice(values=("desk", "dining", "kitchen", "workbench"))
    settings: dict[str, Setting] = Field(default_factory=settings)
    room: RoomSize = Field(default_factory=RoomSize)
    scenery: Annotated[Scalar, Quantity("1", 0, 10)] = Constant(value=1.0)
    detail: Annotated[Scalar, Quantity("probability", 0, 1)] = Constant(value=1.0)
    objects: Objects = Field(default_factory=Objects)
    finishes: dict[str, Finish] = Field(default_factory=household_finishes)
    light: Lighting = Field(default_factory=Lighting)
    cameras: Cameras = Field(default_factory=lambda: Cameras(sensor=PhoneSensor()))
    settling: Settling = Field(default_factory=Settling)

    @model_validator(mode="after")
    def _names_are_known(self) -> Tabletop:
        _require("setting", _values(self.setting), self.settings)
        wanted = [d for item in self.objects.items.values() for d in item.finish.values()]
        wanted += [mesh.finish for mesh in self.objects.meshes if mesh.finish]
        for setting in self.settings.values():
            wanted += setting.surfaces.values()
            _require("thing around", setting.around, AROUND)
            _require("item", setting.likely, {*GENERATORS, *self.objects.items})
        for names in wanted:
            _require("finish", _values(names), self.finishes)
        return self

    def categories(self) -> list[str]:
        """Return every class name that this builder can label."""
        return sorted(self.objects.categories())

    def prepare(self, store: Path) -> Tabletop:
        """Validate and re-encode the user's meshes into `store`, and read calibration files.

        Workers then never see the files.

        Raises:
            AssetError: a mesh that cannot be used.
            ConfigError: a calibration file that cannot be read.
        """
        ready = {"objects": self.objects.prepare(store), "cameras": self.cameras.prepare()}
        return self.model_copy(update=ready)

    def build(self, scope: Scope) -> SceneSpec:
        """Draw one scene.

        Raises:
            SceneRejected: an object found no place on the table, drawn sizes contradict each other, or no
                camera has a free sight.
        """
        layout = scope.layout
        setting = self.settings[layout.draw("setting", self.setting)]
        place = furnish(layout.child("furniture"), setting, self.room, layout.draw("scenery", self.scenery))
        dropped = self.objects.drop(layout, place.surface, setting.likely)
        finishes = {node.name: names for node, names in dropped}
        middle = np.array([0.0, 0.0, place.surface.height])
        # A centre below the table's top means that the object went over the edge.
        settling = self.settling.model_copy(update={"floor": place.surface.height - TOP})
        return SceneSpec(
            layout=Layout(nodes=(*place.nodes, *(node for node, _ in dropped)), settling=settling),
            look=self._look(scope.look, place, setting, [node for node, _ in dropped], finishes),
            cameras=self.cameras.draw(scope.cameras, middle, place.clear),
        )

    def _look(
        self, scope: Scope, place: Place, setting: Setting, objects: list[Node], finishes: dict[str, Any]
    ) -> Look:
        """Draw what everything is made of, and the light."""
        lit = self.light.draw(scope.child("light"), place)
        materials = dict(lit.glows)
        for node in place.nodes:
            coat = place.coats[node.name]
            if node.name not in materials:
                below = scope.child("material", coat.group, coat.surface)
                materials[node.name] = self._material(below, setting.surfaces.get(coat.surface, PLAIN))
        for node in objects:
            names = finishes[node.name]
            if names is None and isinstance(node.shape, ImportedShape):
                materials[node.name] = _own_material(node.shape, scope.store)
            else:  # parts of one object that are told the same share the draw
                below = scope.child("material", node.instance, str(_values(names)))
                materials[node.name] = self._material(below, names)
        return Look(materials=materials, lights=lit.lights, ambient=lit.ambient, sky=lit.sky)

    def _material(self, scope: Scope, names: Any) -> Material:
        made = self.finishes[scope.draw("finish", names)].draw(scope)
        return made if chance(scope, "detailed", scope.draw("detail", self.detail)) else _plain(made)


PLAIN = Constant(value="plain")


def _plain(made: Material) -> Material:
    """Return a material as one colour all over."""
    color = made.texture.colors[0] if isinstance(made.texture, FieldTexture) else made.base_color
    bare = {"texture": None, "layer": None, "coat": 0.0, "transmission": 0.0}
    return made.model_copy(update={"base_color": color, **bare})


def _values(names: Any) -> tuple:
    """Return the names that a distribution of names can give."""
    return names.values if isinstance(names, Choice) else (names.value,)


def _require(kind: str, names: Any, known: Any) -> None:
    unknown = sorted(set(names) - set(known))
    if unknown:
        raise ValueError(str(UnknownNameError(kind, unknown[0], sorted(known))))


def _own_material(shape: ImportedShape, store: Path) -> Material:
    """Return the material that came with an imported mesh."""
    color = tuple(srgb_from_linear(channel) for channel in base_color(shape, store))
    picture = ImageTexture(sha256=shape.sha256, surface=has_surface_map(shape, store))
    texture = picture if texture_path(shape, store) else None
    roughness, metallic = surface_finish(shape, store)
    return Material(base_color=color, roughness=roughness, metallic=metallic, texture=texture)
