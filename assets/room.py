"""A room seen from inside: floor, walls, skirting and, if wanted, a ceiling, all thin slabs."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import cuboid
from simdata.assets.solid import Array, box
from simdata.mesh import Model, Part, centered, merged
from simdata.model import Model as Value

SLAB = 0.05  # m, thickness of floor, walls and ceiling
JOINT = 1e-3  # m, how far a slab runs into its neighbour, so that no two share an edge


class Room(Value):
    """A room with `length` (x) by `width` (y) m of floor and `height` m of air.

    `ceiling` is 1 or 0, `skirting` a height in m, 0 for none.
    """

    category: ClassVar[str] = "room"
    supercategory: ClassVar[str] = "scenery"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "length": (3.0, 6.0),
        "width": (3.0, 6.0),
        "height": (2.4, 3.2),
    }
    density: ClassVar[tuple[float, float]] = (1500.0, 2400.0)

    length: float = Field(4.0, ge=0.5, le=100.0)
    width: float = Field(4.0, ge=0.5, le=100.0)
    height: float = Field(2.6, ge=0.3, le=50.0)
    ceiling: int = Field(1, ge=0, le=1)
    skirting: float = Field(0.08, ge=0.0, le=0.5)

    @model_validator(mode="after")
    def _fits(self) -> Room:
        if self.skirting > 0.5 * self.height:
            raise ValueError(f"skirting {self.skirting} m must be at most half the height {self.height} m")
        return self

    def model(self) -> Model:
        """Return the parts "floor", "walls" and, where wanted, "ceiling" and "skirting"; uvs in metres."""
        x, y, top = self.length / 2.0 + SLAB, self.width / 2.0 + SLAB, self.height
        parts = {
            "floor": _slabs([((-x, -y, -SLAB), (x, y, 0.0))]),
            "walls": _slabs(self._ring(SLAB, 0.0, top, SLAB)),
        }
        if self.ceiling:
            parts["ceiling"] = _slabs([((-x, -y, top), (x, y, top + SLAB))])
        if self.skirting:
            parts["skirting"] = _slabs(self._ring(0.0, 0.0, self.skirting, 0.012))
        return centered(parts)

    def _ring(self, out: float, low: float, high: float, depth: float) -> list[tuple[Array, Array]]:
        """Return four upright slabs `depth` m thick, their outer faces `out` m outside the floor's edge."""
        x, y = self.length / 2.0 + out, self.width / 2.0 + out
        ends = [
            ((x - depth, -y), (x, y)), ((-x, -y), (-x + depth, y)),
            ((-x + depth - JOINT, y - depth), (x - depth + JOINT, y - JOINT)),
            ((-x + depth - JOINT, -y + JOINT), (x - depth + JOINT, -y + depth)),
        ]  # fmt: skip
        return [(np.array([*a, low]), np.array([*b, high])) for a, b in ends]


def _slabs(corners: list[tuple]) -> Part:
    meshes = []
    for low, high in corners:
        a, b = np.asarray(low), np.asarray(high)
        meshes.append(box(b - a, center=(a + b) / 2.0, tile=1.0))
    return Part(merged(meshes), tuple(cuboid(low, high) for low, high in corners))
