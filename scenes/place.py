"""A place under construction: a room, what stands in it and hangs on its walls, and which lamps it has."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from simdata.asset import GeneratedShape, load_model
from simdata.assets.room import SIDES, SLAB, Opening, Room
from simdata.distributions import Uniform, UniformInt
from simdata.geometry import Pose, quat_about, rotation_from_quat
from simdata.placement import Surface
from simdata.scope import Scope
from simdata.spec import Node

GAP = 0.004  # m between a wall and what stands against it
MIXED = {"books"}  # surfaces of which every node looks different
CLOSE = 0.1  # m that a camera keeps from walls and furniture


@dataclass(frozen=True, eq=False)
class Coat:
    """How a scenery node is finished: all nodes of one group and surface look the same."""

    surface: str
    group: str


@dataclass(frozen=True, eq=False)
class Fixture:
    """A lamp.

    Attributes:
        node: the name of its glowing node.
        kind: "panel", "pendant" or "desk_lamp".
        position: (3,) m, world frame, of the glowing node's middle.
        size: (3,) m, of its box.
    """

    node: str
    kind: str
    position: np.ndarray
    size: np.ndarray


@dataclass(eq=False)
class Place:
    """The floor is z = 0, and the top of the table is centred at x = y = 0.

    Attributes:
        room: its generator.
        middle: (2,) m, of its floor.
        top: length, width, height of the table's top, m.
        surface: what is free on it.
        nodes, coats: all scenery, and each node's finish by its name.
        fixtures: lamps.
        boxes: (2, 3) m each, world frame, of all that a camera should not be in or look through.
        taken: wall -> spans along it that are taken, m from its middle.
    """

    room: Room
    middle: np.ndarray
    top: tuple[float, float, float]
    surface: Surface
    nodes: list[Node] = field(default_factory=list)
    coats: dict[str, Coat] = field(default_factory=dict)
    fixtures: list[Fixture] = field(default_factory=list)
    boxes: list[np.ndarray] = field(default_factory=list)
    taken: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: {side: [] for side in SIDES})

    def openings(self) -> list[Opening]:
        """Return the windows in the world frame."""
        shift = np.array([*self.middle, 0.0])
        return [replace(hole, position=hole.position + shift) for hole in self.room.openings()]

    def run(self, side: str) -> float:
        """Return the length of a wall, m."""
        return self.room.length if side in ("north", "south") else self.room.width

    def stand(
        self, name: str, generator: str, params: dict[str, Any], surfaces: dict[str, str], *,
        at: tuple[float, float, float], heading: float = 0.0, group: str = "", solid: bool = True,
    ) -> np.ndarray:  # fmt: skip
        """Put something down: its box's middle over (x, y), its lowest point at z; returns its box (2, 3).

        Args:
            surfaces: part -> surface; "*" is every other part.
            heading: rad about z.
            group: things of one group share their looks, surface by surface.
            solid: whether a camera keeps away from it.
        """
        shape = GeneratedShape(generator=generator, params=params)
        model = load_model(shape)
        quat = quat_about((0, 0, 1), heading)
        x, y, z = at
        place = np.array([x, y, z - model.bounds[0, 2]])
        pose = Pose(position=tuple(map(float, place)), quat_xyzw=tuple(map(float, quat)))
        for part, made in model.parts.items():
            node = Node(name=f"{name}.{part}", shape=shape, part=part, pose=pose, fixed=True, friction=0.6)
            self.nodes.append(node)
            surface = surfaces.get(part, surfaces.get("*", part))
            self.coats[node.name] = Coat(surface, node.name if surface in MIXED else group or name)
            if part == "glow":
                middle, size = made.mesh.bounds.mean(axis=0), np.ptp(made.mesh.bounds, axis=0)
                spot = rotation_from_quat(quat) @ middle + place
                self.fixtures.append(Fixture(node.name, generator, spot, size))
        box = _box(model.bounds, rotation_from_quat(quat), place)
        if solid:
            self.boxes.append(box)
        return box

    def lean(
        self, side: str, along: float, name: str, generator: str, params: dict[str, Any],
        surfaces: dict[str, str], *, bottom: float = 0.0, **more: Any,
    ) -> np.ndarray:  # fmt: skip
        """Put something with its back (+y) against a wall, `along` m from the wall's middle."""
        heading = SIDES.index(side) * math.pi / 2
        depth = float(np.ptp(load_model(GeneratedShape(generator=generator, params=params)).bounds[:, 1]))
        away = (self.room.width if side in ("north", "south") else self.room.length) / 2
        x, y, _ = rotation_from_quat(quat_about((0, 0, 1), heading)) @ (along, away - depth / 2 - GAP, 0)
        at = (x + self.middle[0], y + self.middle[1], bottom)
        return self.stand(name, generator, params, surfaces, at=at, heading=heading, **more)

    def reserve(self, scope: Scope, side: str, width: float, near: float | None = None) -> float | None:
        """Find and take a free span of a wall; returns its middle, or None where there is none.

        Args:
            near: where its middle should be, m from the wall's; else anywhere.
        """
        reach = self.run(side) / 2 - width / 2 - 0.05
        if reach < 0:
            return None
        spots = scope.stream.child("span", side).generator().uniform(-reach, reach, 12)
        if near is not None:
            spots = np.clip([near], -reach, reach)
        for spot in spots:
            low, high = spot - width / 2, spot + width / 2
            if all(high <= a or low >= b for a, b in self.taken[side]):
                self.taken[side].append((low, high))
                return float(spot)
        return None

    def clear(self, eye: np.ndarray, aim: np.ndarray) -> bool:
        """Tell whether a camera may stand at `eye` and sees `aim`, (3,) m each, world frame."""
        half = np.array([self.room.length, self.room.width]) / 2 - CLOSE
        inside = (np.abs(eye[:2] - self.middle) < half).all() and CLOSE < eye[2] < self._ceiling() - CLOSE
        return bool(inside) and not any(_meets(box, eye, aim) for box in self.boxes)

    def _ceiling(self) -> float:
        return self.room.height if self.room.ceiling else math.inf


def make_place(room: Room, middle: np.ndarray, top: tuple[float, float, float]) -> Place:
    """Start a place with its bare room."""
    place = Place(room, middle, top, Surface(*top))
    params = room.model_dump()
    place.stand("room", "room", params, {}, at=(*middle, -SLAB), solid=False)
    for side in SIDES:
        count = getattr(room, side)
        centers = place.run(side) * ((np.arange(count) + 0.5) / max(count, 1) - 0.5)
        half = room.window_width / 2 + 0.05
        place.taken[side] += [(float(c - half), float(c + half)) for c in centers]
    return place


def number(scope: Scope, name: str, low: float, high: float) -> float:
    """Draw a number within a band."""
    return float(scope.draw(name, Uniform(low=low, high=high)))


def numbers(scope: Scope, **bands: tuple[float, float]) -> dict[str, float]:
    """Draw a number within each band."""
    return {name: number(scope, name, *ends) for name, ends in bands.items()}


def seed(scope: Scope) -> int:
    """Draw which member of a family something is."""
    return int(scope.draw("seed", UniformInt(low=0, high=999)))


def backs_wall(place: Place) -> bool:
    """Tell whether the table stands against the north wall."""
    return abs(front(place, 0.0) - place.top[1] / 2) < 2 * GAP


def front(place: Place, margin: float) -> float:
    """Return how far back (+y) something may be, `margin` m before the north wall."""
    return float(place.middle[1] + place.room.width / 2 - margin)


def along_table(place: Place) -> float:
    """Return where the table's middle is along the north wall, m from the wall's middle."""
    return -float(place.middle[0])


def chance(scope: Scope, name: str, share: float) -> bool:
    """Draw whether something is there."""
    return bool(scope.draw(name, Uniform(low=0, high=1)) < share)


def _box(bounds: np.ndarray, rotation: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Return the world's box about a turned box, (2, 3) m."""
    corners = bounds[np.indices((2, 2, 2)).reshape(3, 8).T, np.arange(3)] @ rotation.T + place
    return np.stack([corners.min(axis=0), corners.max(axis=0)])


def _meets(box: np.ndarray, eye: np.ndarray, aim: np.ndarray) -> bool:
    """Tell whether the eye is too close to a box, or the box hides the aim from it.

    Source: Kay and Kajiya, "Ray tracing complex scenes" (1986): the slabs of a box.
    """
    if (eye > box[0] - CLOSE).all() and (eye < box[1] + CLOSE).all():
        return True
    way = np.where(np.abs(aim - eye) < 1e-12, 1e-12, aim - eye)
    enter, leave = np.sort(np.stack([(box[0] - eye) / way, (box[1] - eye) / way]), axis=0)
    return bool(max(enter.max(), 0.0) < min(leave.min(), 0.8))
