"""A plate: a flat floor, a raised rim, a foot ring."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from simdata.assets.piece import hull, wedges
from simdata.assets.solid import Array, fillet, revolve
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value


class Plate(Value):
    """A plate of `radius` m, its flat floor a share `well` of it."""

    category: ClassVar[str] = "plate"
    supercategory: ClassVar[str] = "tableware"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.09, 0.14), "height": (0.016, 0.026), "wall": (0.0035, 0.005), "well": (0.55, 0.68)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (2200.0, 2500.0)

    radius: float = Field(0.12, ge=0.04, le=0.25)
    height: float = Field(0.02, ge=0.012, le=0.05)
    wall: float = Field(0.0045, ge=2e-3, le=8e-3)
    well: float = Field(0.62, ge=0.4, le=0.75)

    @model_validator(mode="after")
    def _fits(self) -> Plate:
        if self.height < 2.0 * self.wall + 0.003:
            raise ValueError(
                f"height {self.height} m must be at least twice the wall of {self.wall} m and 3 mm more"
            )
        return self

    def model(self) -> Model:
        """Return one part, "body"."""
        return centered({"body": Part(self._body(), tuple(self._pieces()))})

    def _sides(self) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
        """Return under side and upper side, centre to lip, as (radius, z) m."""
        r, well, wall, top = self.radius, self.radius * self.well, self.wall, self.height
        shoulder = well + 0.35 * (r - well)
        knee = 0.003 + 0.62 * (top - wall - 0.003)
        under = [(well, 0.003), (shoulder, knee), (r, top - wall)]
        upper = [(well - 0.002, 0.003 + wall), (shoulder - 0.001, knee + wall), (r, top)]
        return under, upper

    def _body(self) -> Mesh:
        under, upper = self._sides()
        well, wall = self.radius * self.well, self.wall
        foot = [(0.0, 0.0025), (well - 0.012, 0.0025), (well - 0.0105, 0.0), (well - 0.005, 0.0)]
        outline = [*foot, *under, *upper[::-1], (0.0, upper[0][1])]
        radii = [0.0, 8e-4, 8e-4, 8e-4, 0.006, 0.02, 0.49 * wall, 0.49 * wall, 0.02, 0.02, 0.0]
        return revolve(fillet(outline, radii, 2), 56)

    def _pieces(self) -> list[Array]:
        under, upper = self._sides()
        base = hull([(self.radius * self.well - 0.005, 0.0), under[0], upper[0]], 16)
        return [base, *wedges([upper[0], *upper[1:]], under, 8)]
