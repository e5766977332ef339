"""Small flat things: a cutting board, a roll of tape, a pen."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import wedges
from simdata.assets.solid import extrude, fillet, joined, revolve, rounded_rectangle, sweep, turned
from simdata.assets.tool import LAID, ring
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value

Range = tuple[float, float]


class CuttingBoard(Value):
    """A board of `length` (x) by `width` (y) m with round corners."""

    category: ClassVar[str] = "cutting board"
    supercategory: ClassVar[str] = "cookware"
    typical: ClassVar[dict[str, Range]] = {
        "length": (0.24, 0.36), "width": (0.16, 0.24), "thickness": (0.012, 0.024), "corner": (0.008, 0.03)
    }  # fmt: skip
    density: ClassVar[Range] = (550.0, 750.0)

    length: float = Field(0.3, ge=0.08, le=0.8)
    width: float = Field(0.2, ge=0.06, le=0.6)
    thickness: float = Field(0.018, ge=4e-3, le=0.06)
    corner: float = Field(0.015, ge=2e-3, le=0.1)

    @model_validator(mode="after")
    def _fits(self) -> CuttingBoard:
        if 2.5 * self.corner > min(self.length, self.width):
            raise ValueError(f"corners of {self.corner} m do not fit {self.length} by {self.width} m")
        return self

    def model(self) -> Model:
        """Return one part, "body"; u runs along it."""
        outline = rounded_rectangle(self.length, self.width, self.corner, 10)
        mesh = extrude(outline, self.thickness, 0.22 * self.thickness, 4)
        flat = Mesh(mesh.vertices, mesh.faces, mesh.normals, mesh.vertices[:, :2] / self.length)
        rim = rounded_rectangle(self.length, self.width, self.corner, 2)
        slab = np.concatenate([np.column_stack([rim, np.full(len(rim), z)]) for z in (0.0, self.thickness)])
        return centered({"body": Part(flat, (slab,))})


class Tape(Value):
    """A roll of tape lying flat: the roll about a core of cardboard."""

    category: ClassVar[str] = "tape"
    supercategory: ClassVar[str] = "stationery"
    typical: ClassVar[dict[str, Range]] = {
        "radius": (0.032, 0.058), "core": (0.55, 0.75), "width": (0.018, 0.05)
    }  # fmt: skip
    density: ClassVar[Range] = (900.0, 1200.0)

    radius: float = Field(0.048, ge=0.015, le=0.15)
    core: float = Field(0.68, ge=0.3, le=0.85, description="radius of the hole over that of the roll, 1")
    width: float = Field(0.03, ge=6e-3, le=0.15)

    def model(self) -> Model:
        """Return the parts "body" and "core"."""
        outer, hole, top = self.radius, self.radius * self.core, self.width
        skin = min(0.003, 0.3 * (outer - hole))
        parts = {}
        for name, near, far in (("body", hole + skin, outer), ("core", hole, hole + 1.02 * skin)):
            rise = 0.0 if name == "body" else 4e-4
            outline = [(near, rise), (far, rise), (far, top - rise), (near, top - rise), (near, rise)]
            line = fillet(outline, [0.0, 6e-4, 6e-4, 0.0, 0.0], 2)[:-1]
            sides = wedges([(near, rise), (near, top - rise)], [(far, rise), (far, top - rise)])
            parts[name] = Part(revolve(line, 44, closed=True), tuple(sides))
        return centered(parts)


class Pen(Value):
    """A capped pen lying along x, its cap at +x."""

    category: ClassVar[str] = "pen"
    supercategory: ClassVar[str] = "stationery"
    typical: ClassVar[dict[str, Range]] = {"length": (0.13, 0.155), "radius": (0.006, 0.009)}
    density: ClassVar[Range] = (900.0, 1500.0)

    length: float = Field(0.14, ge=0.06, le=0.3)
    radius: float = Field(0.007, ge=2e-3, le=0.02)

    def model(self) -> Model:
        """Return the parts "barrel" and "cap"."""
        r, joint, end = self.radius, 0.6 * self.length, self.length
        line = fillet([(0.0, 0.0), (0.86 * r, 0.0), (0.92 * r, joint + 0.004), (0.0, joint + 0.004)],
                      [0.0, 0.002, 0.0, 0.0], 3)  # fmt: skip
        hood = fillet([(0.0, joint), (r, joint), (0.9 * r, end), (0.0, end)], [0.0, 3e-4, 0.003, 0.0], 4)
        s = np.linspace(0.0, 1.0, 8)
        x = end - 0.004 - 0.036 * s
        path = np.column_stack([x, np.zeros(8), r + 0.0022 - 0.0006 * s])
        path[0, 2] -= 0.0028
        clip = sweep(path, (6e-4, 0.0016), segments=8, tips=(0.0, 0.001))
        cap = joined(turned(revolve(hood, 32), LAID), clip)
        # One prism from end to end, without the clip: on it, a pen would rock for ever.
        barrel, hood_piece = (
            np.concatenate([ring(r, a), ring(r, b)]) for a, b in ((0.0, joint), (joint, end))
        )
        return centered(
            {"barrel": Part(turned(revolve(line, 32), LAID), (barrel,)), "cap": Part(cap, (hood_piece,))}
        )
