"""Kitchen units and other cabinets: a carcass with doors or drawers, with or without a worktop."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from simdata.assets.joinery import Corners, boards, fronts, handles
from simdata.mesh import Model, centered
from simdata.model import Model as Value

FRONT = 0.018  # m, thickness of a door
OVERHANG = 0.02  # m, of the worktop beyond the doors


class Cabinet(Value):
    """A cabinet `length` (x) by `depth` (y) by `height` (z) m, its doors towards -y; `rows` 1 has doors."""

    category: ClassVar[str] = "cabinet"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "length": (0.6, 1.6), "depth": (0.3, 0.5), "height": (0.5, 0.9)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (200.0, 400.0)

    length: float = Field(1.2, ge=0.2, le=6.0)
    depth: float = Field(0.35, ge=0.1, le=1.0)
    height: float = Field(0.7, ge=0.2, le=3.0)
    columns: int = Field(3, ge=1, le=12)
    rows: int = Field(1, ge=1, le=6)

    def model(self) -> Model:
        """Return the parts "body", "fronts" and "handles"; texture coordinates are in metres."""
        return centered(_unit(self.length, self.depth, 0.0, self.height, self.columns, self.rows))


class Counter(Value):
    """A kitchen counter `length` (x) by `width` (y) m, its top `height` m above the floor, doors to -y."""

    category: ClassVar[str] = "counter"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "length": (1.2, 2.6), "width": (0.6, 0.75), "height": (0.85, 0.95), "thickness": (0.02, 0.05)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (300.0, 600.0)

    length: float = Field(2.0, ge=0.3, le=8.0)
    width: float = Field(0.65, ge=0.3, le=2.0)
    height: float = Field(0.9, ge=0.4, le=1.5)
    thickness: float = Field(0.035, ge=5e-3, le=0.15)
    columns: int = Field(4, ge=1, le=16)
    plinth: float = Field(0.1, ge=0.02, le=0.3)

    @model_validator(mode="after")
    def _fits(self) -> Counter:
        if self.thickness + self.plinth > 0.7 * self.height:
            raise ValueError(
                f"top of {self.thickness} m and plinth of {self.plinth} m leave no cabinet in {self.height} m"
            )
        return self

    def model(self) -> Model:
        """Return the parts "top", "body", "fronts", "handles" and "plinth"."""
        x, y, level = self.length / 2.0, self.width / 2.0, self.height - self.thickness
        top = boards([((-x, -y, level), (x, y, self.height))], 0.004)
        unit = _unit(self.length - 0.002, self.width - OVERHANG, self.plinth, level + 5e-4, self.columns, 1)
        shifted = {name: part.transformed(1.0, (0.0, OVERHANG / 2.0, 0.0)) for name, part in unit.items()}
        foot = boards([((-x + 0.01, -y + 0.07, 0.0), (x - 0.01, y - 0.01, self.plinth + 5e-4))])
        return centered({"top": top, **shifted, "plinth": foot})


def _unit(length: float, depth: float, low: float, high: float, columns: int, rows: int) -> dict:
    """Return carcass, fronts and handles between two heights, m."""
    x, y = length / 2.0, depth / 2.0
    body: list[Corners] = [((-x, -y + FRONT + 0.002, low), (x, y, high))]
    doors = fronts((-x, -y, low + 0.002), (x, -y + FRONT, high - 0.004), columns, rows)
    bars = handles(doors, upright=rows == 1)
    return {"body": boards(body), "fronts": boards(doors, 0.002), "handles": boards(bars)}
