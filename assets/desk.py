"""Tables to work at: a desk with drawers, a carpenter's bench."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from simdata.assets.joinery import Corners, boards, fronts, handles
from simdata.mesh import Model, centered
from simdata.model import Model as Value

Range = tuple[float, float]


class Desk(Value):
    """A desk `length` (x) by `width` (y) m, its top `height` m high: drawers at +x."""

    category: ClassVar[str] = "desk"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, Range]] = {
        "length": (1.1, 1.8), "width": (0.6, 0.85), "height": (0.7, 0.77), "thickness": (0.018, 0.035)
    }  # fmt: skip
    density: ClassVar[Range] = (500.0, 750.0)

    length: float = Field(1.4, ge=0.7, le=6.0)
    width: float = Field(0.7, ge=0.3, le=2.0)
    height: float = Field(0.74, ge=0.4, le=1.3)
    thickness: float = Field(0.025, ge=5e-3, le=0.1)
    drawers: int = Field(3, ge=1, le=6)

    def model(self) -> Model:
        """Return the parts "top", "legs", "fronts" and "handles"; texture coordinates are in metres."""
        x, y, level = self.length / 2.0, self.width / 2.0, self.height - self.thickness
        top = boards([((-x, -y, level), (x, y, self.height))], 0.003)
        inner, back, up = x - 0.42, y - 0.03, level + 5e-4  # sides end just inside the top: no flicker
        sides: list[Corners] = [
            ((-x + 0.01, -y + 0.03, 0.0), (-x + 0.035, back, up)),
            ((inner, -y + 0.045, 0.06), (x - 0.01, back, up)),
            ((-x + 0.034, back - 0.02, 0.3), (inner + 1e-3, back - 1e-3, level - 0.02)),
            ((inner + 0.02, -y + 0.08, 0.0), (x - 0.03, back - 0.02, 0.061)),
        ]
        doors = fronts((inner, -y + 0.025, 0.065), (x - 0.01, -y + 0.043, level - 0.01), 1, self.drawers)
        return centered(
            {"top": top, "legs": boards(sides, 0.001), "fronts": boards(doors, 0.002),
             "handles": boards(handles(doors, upright=False))}
        )  # fmt: skip


class Bench(Value):
    """A workbench `length` (x) by `width` (y) m, its top `height` m high, on stout legs with a shelf."""

    category: ClassVar[str] = "bench"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, Range]] = {
        "length": (1.2, 2.0), "width": (0.6, 0.85), "height": (0.8, 0.92), "thickness": (0.04, 0.09),
        "leg": (0.07, 0.1),
    }  # fmt: skip
    density: ClassVar[Range] = (600.0, 750.0)

    length: float = Field(1.6, ge=0.5, le=6.0)
    width: float = Field(0.7, ge=0.3, le=2.0)
    height: float = Field(0.86, ge=0.4, le=1.3)
    thickness: float = Field(0.06, ge=0.02, le=0.2)
    leg: float = Field(0.08, ge=0.03, le=0.2)
    planks: int = Field(4, ge=1, le=12)

    @model_validator(mode="after")
    def _fits(self) -> Bench:
        if 3.0 * self.leg > min(self.length, self.width):
            raise ValueError(f"legs of {self.leg} m do not fit {self.length} by {self.width} m")
        return self

    def model(self) -> Model:
        """Return the parts "top" (planks side by side), "legs" and "shelf"; uvs are in metres."""
        x, y, level = self.length / 2.0, self.width / 2.0, self.height - self.thickness
        step = self.width / self.planks
        planks: list[Corners] = [
            ((-x, -y + k * step, level), (x, -y + (k + 1) * step - 8e-4, self.height))
            for k in range(self.planks)
        ]
        a, b, leg = x - 0.12, y - 0.03, self.leg
        posts: list[Corners] = [
            ((sx * a - leg / 2, sy * (b - leg / 2) - leg / 2, 0.0),
             (sx * a + leg / 2, sy * (b - leg / 2) + leg / 2, level + 5e-4))
            for sx in (-1, 1) for sy in (-1, 1)
        ]  # fmt: skip
        posts += [
            ((-a, sy * (b - leg / 2) - 0.02, level - 0.12), (a, sy * (b - leg / 2) + 0.02, level - 0.01))
            for sy in (-1, 1)
        ]
        low = ((-a - leg / 2 + 0.005, -b + 0.01, 0.18), (a + leg / 2 - 0.005, b - 0.01, 0.205))
        return centered({"top": boards(planks, 0.003), "legs": boards(posts, 0.003), "shelf": boards([low])})
