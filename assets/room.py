"""A room seen from inside: floor, walls with windows, skirting and, if wanted, a ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.joinery import Corners, boards, pierced
from simdata.assets.solid import Array, turned
from simdata.mesh import Model, Part, centered, merged
from simdata.model import Model as Value

SLAB = 0.05  # m, thickness of floor and ceiling
JOINT = 1e-3  # m, how far a slab runs into its neighbour, so that no two share an edge
SIDES = ("north", "west", "south", "east")  # the walls at +y, -x, -y, +x; each a quarter turn from the last
BAR = 0.05  # m, thickness of a window's frame
CROSSBAR, WIDE = 0.06, 0.8  # m, of its middle bar; width from which on it has one


@dataclass(frozen=True, eq=False)
class Opening:
    """A window, in the frame of the middle of the floor.

    Attributes:
        position: (3,) m, of its middle, on the wall's inner face.
        inward: (3,) unit, into the room.
        width, height: m.
        clear: share of it that its frame leaves open.
        depth: of the wall, m.
    """

    position: Array
    inward: Array
    width: float
    height: float
    clear: float = 1.0
    depth: float = 0.0


class Room(Value):
    """A room with `length` (x) by `width` (y) m of floor and `height` m of air.

    `ceiling` is 1 or 0, `skirting` a height in m, 0 for none. `north` to `east` count the windows in the
    walls at +y, -x, -y, +x: all of one size, evenly spaced, their lower edge `sill` m above the floor.
    """

    category: ClassVar[str] = "room"
    supercategory: ClassVar[str] = "scenery"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "length": (3.0, 6.0), "width": (3.0, 6.0), "height": (2.4, 3.2), "wall": (0.05, 0.3),
        "window_width": (0.7, 1.3), "window_height": (0.8, 1.3),
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (1500.0, 2400.0)

    length: float = Field(4.0, ge=0.5, le=100.0)
    width: float = Field(4.0, ge=0.5, le=100.0)
    height: float = Field(2.6, ge=0.3, le=50.0)
    wall: float = Field(0.05, ge=0.02, le=1.0)
    ceiling: int = Field(1, ge=0, le=1)
    skirting: float = Field(0.08, ge=0.0, le=0.5)
    north: int = Field(0, ge=0, le=8)
    west: int = Field(0, ge=0, le=8)
    south: int = Field(0, ge=0, le=8)
    east: int = Field(1, ge=0, le=8)
    window_width: float = Field(1.0, ge=0.2, le=20.0)
    window_height: float = Field(1.2, ge=0.2, le=20.0)
    sill: float = Field(0.9, ge=0.02, le=20.0)

    @model_validator(mode="after")
    def _fits(self) -> Room:
        if self.skirting > 0.5 * self.height:
            raise ValueError(f"skirting {self.skirting} m must be at most half the height {self.height} m")
        for side in SIDES:
            needed, run = getattr(self, side) * (self.window_width + 0.2), self._run(side)
            if needed > run:
                raise ValueError(f"{side}: windows need {needed:.2f} m of wall, there are {run:.2f} m")
        if any(getattr(self, side) for side in SIDES) and self.sill + self.window_height > self.height - 0.05:
            raise ValueError(
                f"windows end {self.sill + self.window_height:.2f} m up, in a height of {self.height} m"
            )
        return self

    def model(self) -> Model:
        """Return "floor", "walls" and, where there are any, "ceiling", "skirting", "frames" and "sills"."""
        x, y, top = self.length / 2.0 + self.wall, self.width / 2.0 + self.wall, self.height
        parts = {"floor": boards([((-x, -y, -SLAB), (x, y, 0.0))]), "walls": self._walls()}
        if self.ceiling:
            parts["ceiling"] = boards([((-x, -y, top), (x, y, top + SLAB))])
        if self.skirting:
            parts["skirting"] = boards(self._skirting())
        frames = [_turned(self._frame(hole), *self._turn(side)) for side, hole in self._holes()]
        sills = [_turned(self._sill(hole), *self._turn(side)) for side, hole in self._holes()]
        if frames:
            parts |= {"frames": _together(frames), "sills": _together(sills)}
        return centered(parts)

    def openings(self) -> list[Opening]:
        """Return the windows, wall by wall in the order of `SIDES`."""
        found = []
        for side, (x0, z0, x1, z1) in self._holes():
            turn, offset = self._turn(side)
            middle = turn @ ((x0 + x1) / 2.0, 0.0, (z0 + z1) / 2.0) + offset
            width, height = x1 - x0, z1 - z0
            crossbar = CROSSBAR if width > WIDE else 0.0
            clear = (width - 2 * BAR - crossbar) * (height - 2 * BAR) / (width * height)
            found.append(Opening(middle, turn @ (0.0, -1.0, 0.0), width, height, clear, self.wall))
        return found

    def _run(self, side: str) -> float:
        return self.length if side in ("north", "south") else self.width

    def _margin(self, side: str) -> float:
        """Return how far a wall runs beyond the floor: two cover the corners, two end just inside them."""
        return self.wall if side in ("north", "south") else JOINT

    def _turn(self, side: str) -> tuple[Array, Array]:
        """Return rotation (3,3) and offset (3,) from a wall's own frame: x along it, y outward."""
        angle = SIDES.index(side) * np.pi / 2.0
        c, s = np.round((np.cos(angle), np.sin(angle)))
        turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
        away = (self.width if side in ("north", "south") else self.length) / 2.0
        return turn, turn @ (-self._run(side) / 2.0 - self._margin(side), away, 0.0)

    def _holes(self) -> list[tuple[str, Array]]:
        """Return each window's wall, and x0, z0, x1, z1 in that wall's frame, m."""
        holes = []
        for side in SIDES:
            count, run = getattr(self, side), self._run(side)
            for number in range(count):
                middle = self._margin(side) + run * (number + 0.5) / count
                x = middle + np.array([-0.5, 0.5]) * self.window_width
                holes.append((side, np.array([x[0], self.sill, x[1], self.sill + self.window_height])))
        return holes

    def _walls(self) -> Part:
        walls = []
        for side in SIDES:
            holes = [hole for wall, hole in self._holes() if wall == side]
            run = self._run(side) + 2.0 * self._margin(side)
            walls.append(_turned(pierced(run, self.wall, self.height, holes), *self._turn(side)))
        return _together(walls)

    def _frame(self, hole: Array) -> Part:
        """Return four bars, and a crossbar where the window is wide."""
        x0, z0, x1, z1 = hole
        y0, y1 = 0.55 * self.wall, 0.55 * self.wall + min(BAR, 0.4 * self.wall)
        bars: list[Corners] = [((x, y0, z0), (x + BAR, y1, z1)) for x in (x0, x1 - BAR)]
        inner = x0 + BAR - JOINT, x1 - BAR + JOINT
        bars += [((inner[0], y0 + JOINT, z), (inner[1], y1 - JOINT, z + BAR)) for z in (z0, z1 - BAR)]
        if x1 - x0 > WIDE:
            low, high = (x0 + x1 - CROSSBAR) / 2.0, (x0 + x1 + CROSSBAR) / 2.0
            bars.append(((low, y0 - 0.01, z0 + 0.01), (high, y1 + 0.01, z1 - 0.01)))
        return boards(bars)

    def _sill(self, hole: Array) -> Part:
        x0, z0, x1, _ = hole
        return boards([((x0 - 0.04, -0.035, z0 - 0.025), (x1 + 0.04, 0.55 * self.wall, z0 + 0.002))])

    def _skirting(self) -> list[Corners]:
        """Return four strips along the foot of the walls."""
        x, y, thick, top = self.length / 2.0, self.width / 2.0, 0.012, self.skirting
        return [
            ((x - thick, -y, 0.0), (x, y, top)), ((-x, -y, 0.0), (-x + thick, y, top)),
            ((-x + thick - JOINT, y - thick, 0.0), (x - thick + JOINT, y - JOINT, top)),
            ((-x + thick - JOINT, -y + JOINT, 0.0), (x - thick + JOINT, -y + thick, top)),
        ]  # fmt: skip


def _turned(part: Part, rotation: Array, offset: Array) -> Part:
    pieces = tuple(piece @ rotation.T + offset for piece in part.pieces)
    return Part(turned(part.mesh, rotation, offset), pieces)


def _together(parts: list[Part]) -> Part:
    return Part(merged(part.mesh for part in parts), tuple(piece for part in parts for piece in part.pieces))
