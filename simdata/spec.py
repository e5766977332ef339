"""`SceneSpec`: what is asked for. Frozen, JSON both ways, with a digest for each of its three parts.

- `layout`: what stands where. All that physics sees.
- `look`: materials, lights, backdrop. Physics never sees it, so one settling serves several looks.
- `cameras`: who looks.

Time and parts are in the types from the start: a static scene is a scene with one instant; an object is one
instance of one or many nodes.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field, model_validator

from simdata.asset import Shape
from simdata.camera import Camera
from simdata.color import Srgb
from simdata.geometry import Pose, Vector
from simdata.light import Light
from simdata.material import Material
from simdata.model import Model
from simdata.sky import Sky

# An instance id must fit the 12 bits that annotation ids give it (image_id * 4096 + instance).
MAX_INSTANCES = 4095


class Node(Model):
    """One rigid piece of geometry: the unit of the id image, of material and of motion.

    Attributes:
        name: unique in the scene, e.g. "mug_3.handle".
        shape: where the mesh comes from.
        part: which part of the shape's model this node is ("body", "cap"); the model decides the names.
        instance: the object it belongs to, from 1; 0 is scenery. Nodes of one instance (> 0) are welded into
            one rigid body.
        category: class name for the labels; "" for scenery.
        labelled: whether annotations are written for it. A distractor is an object that is not labelled.
        pose: world_from_node at the start, metres.
        density: kg/m^3; mass and inertia follow from the geometry.
        fixed: never moves.
        friction, restitution: Coulomb and bounce coefficients, 1.
    """

    name: str = Field(min_length=1)
    shape: Shape
    part: str
    instance: int = Field(default=0, ge=0, le=MAX_INSTANCES)
    category: str = ""
    labelled: bool = False
    pose: Pose = Pose()
    density: float = Field(default=1000.0, gt=0)
    fixed: bool = False
    friction: float = Field(default=0.5, ge=0)
    restitution: float = Field(default=0.0, ge=0, le=1)

    @model_validator(mode="after")
    def _consistent(self) -> Node:
        if self.labelled and not (self.instance and self.category):
            raise ValueError(f"node {self.name!r} is labelled, so it needs an instance >= 1 and a category")
        return self


class Settling(Model):
    """When a dropped scene counts as at rest. Limits are in simulated time: a slow machine changes nothing.

    Attributes:
        step: integration step, s.
        limit: longest simulated time, s; still moving then is a rejected draw.
        speed: an object slower than this (m/s, linear) …
        spin: … and than this (rad/s, angular) …
        hold: … for this long, s, is at rest.
        floor: an object whose centre falls below this height, m, world z, has left the scene: rejected.
    """

    step: float = Field(default=1 / 120, gt=0, le=1 / 30)
    limit: float = Field(default=4.0, gt=0)
    speed: float = Field(default=0.01, gt=0)
    spin: float = Field(default=0.1, gt=0)
    hold: float = Field(default=0.1, ge=0)
    floor: float = 0.0


class Layout(Model):
    """What stands where: all that physics sees.

    Attributes:
        nodes: the id image holds `index + 1` of this tuple; 0 is background.
        gravity: (3,) m/s^2, world frame.
        settling: thresholds and limit.
        times: instants at which the scene is seen, s; one for a static scene.
    """

    nodes: tuple[Node, ...]
    gravity: Vector = (0.0, 0.0, -9.81)
    settling: Settling = Settling()
    times: tuple[float, ...] = Field(default=(0.0,), min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> Layout:
        names = [node.name for node in self.nodes]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"node names must be unique; twice: {', '.join(twice)}")
        return self


class Haze(Model):
    """Fog or haze that fills the air: light fades by exp(-density * metres), and the haze's own comes in.

    Attributes:
        density: 1/m; sight ends about 3 / density away.
        color: sRGB of what it shows when nothing is seen through it …
        strength: … at this brightness, in the unit of the lights.
    """

    density: float = Field(ge=0, le=10)
    color: Srgb = (0.8, 0.82, 0.85)
    strength: float = Field(default=0.5, ge=0)


class Look(Model):
    """How it looks: all that light touches.

    Attributes:
        materials: node name -> material; a node that is not named gets the default material.
        lights: any number; `gl` draws the 16 strongest at the scene's middle, 4 of them with shadows.
        ambient: light from everywhere, same unit as a sun's strength; a sky's is added to it.
        backdrop: sRGB where nothing is hit and there is no sky.
        sky: what surrounds the scene, and lights it; None is nothing but `ambient` and `backdrop`.
        haze: in the air between the camera and what it sees; None is clear.
    """

    materials: dict[str, Material] = Field(default_factory=dict)
    lights: tuple[Light, ...] = ()
    ambient: float = Field(default=0.4, ge=0)
    backdrop: Srgb = (0.5, 0.5, 0.5)
    sky: Sky | None = None
    haze: Haze | None = None

    def material(self, node: Node) -> Material:
        """Return the material of a node."""
        return self.materials.get(node.name, Material())


class Origin(Model):
    """Where a spec came from, and every value drawn on the way.

    Attributes:
        builder: the scene builder's name.
        seed, scene, look, attempt: the path of the draw.
        split: known before the draw, so that assets can be split too.
        drawn: path of names -> value.
    """

    builder: str
    seed: int
    scene: int
    look: int = 0
    attempt: int = 0
    split: str = "train"
    drawn: dict[str, Any] = Field(default_factory=dict)


class SceneSpec(Model):
    """What is asked for: layout, look and cameras, and where they came from."""

    layout: Layout
    look: Look
    cameras: tuple[Camera, ...] = Field(min_length=1)
    origin: Origin | None = None

    @model_validator(mode="after")
    def _consistent(self) -> SceneSpec:
        unknown = set(self.look.materials) - {node.name for node in self.layout.nodes}
        if unknown:
            raise ValueError(f"materials for nodes that do not exist: {', '.join(sorted(unknown))}")
        return self
