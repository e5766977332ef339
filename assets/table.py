"""A table: a top on four legs."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from simdata.assets.piece import cuboid
from simdata.assets.solid import box
from simdata.mesh import Model, Part, centered, merged
from simdata.model import Model as Value


class Table(Value):
    """A table of `length` (x) by `width` (y) m, its top surface `height` m above the floor."""

    category: ClassVar[str] = "table"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "length": (0.9, 1.6), "width": (0.7, 0.95), "height": (0.7, 0.78), "thickness": (0.02, 0.045),
        "leg": (0.04, 0.07),
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (500.0, 750.0)

    length: float = Field(1.2, ge=0.2, le=10.0)
    width: float = Field(0.8, ge=0.2, le=10.0)
    height: float = Field(0.74, ge=0.1, le=2.0)
    thickness: float = Field(0.03, ge=5e-3, le=0.2)
    leg: float = Field(0.05, ge=0.01, le=0.3)
    inset: float = Field(0.02, ge=0.0, le=0.5)

    @model_validator(mode="after")
    def _fits(self) -> Table:
        if 2.0 * (self.leg + self.inset) > min(self.length, self.width):
            raise ValueError(
                f"legs of {self.leg} m, {self.inset} m inset, do not fit {self.length} by {self.width} m"
            )
        if self.thickness > 0.5 * self.height:
            raise ValueError(f"thickness {self.thickness} m must be at most half the height {self.height} m")
        return self

    def model(self) -> Model:
        """Return the parts "top" and "legs"; texture coordinates are in metres."""
        size = (self.length, self.width, self.thickness)
        level = self.height - self.thickness
        top = box(
            size, min(0.004, 0.3 * self.thickness), 3, (0.0, 0.0, level + self.thickness / 2.0), tile=1.0
        )
        slab = cuboid(
            (-self.length / 2, -self.width / 2, level), (self.length / 2, self.width / 2, self.height)
        )
        x, y = (side / 2.0 - self.inset - self.leg / 2.0 for side in (self.length, self.width))
        feet = [(a * x, b * y) for a in (-1, 1) for b in (-1, 1)]
        half, sink = self.leg / 2.0, 1e-3  # legs end just inside the top: faces in one plane would flicker
        legs = [
            box(
                (self.leg, self.leg, level + sink),
                0.08 * self.leg,
                2,
                (*foot, (level + sink) / 2.0),
                tile=1.0,
            )
            for foot in feet
        ]
        posts = tuple(cuboid((a - half, b - half, 0.0), (a + half, b + half, level)) for a, b in feet)
        return centered({"top": Part(top, (slab,)), "legs": Part(merged(legs), posts)})
