"""A plain box with rounded edges."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from simdata.assets.piece import cuboid
from simdata.assets.solid import box
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value


class Block(Value):
    """A box of `sx`, `sy`, `sz` m, edges rounded by `bevel` m."""

    category: ClassVar[str] = "box"
    supercategory: ClassVar[str] = "container"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "sx": (0.05, 0.2), "sy": (0.03, 0.15), "sz": (0.03, 0.12), "bevel": (0.002, 0.005)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (150.0, 700.0)

    sx: float = Field(0.12, ge=5e-3, le=2.0)
    sy: float = Field(0.08, ge=5e-3, le=2.0)
    sz: float = Field(0.06, ge=5e-3, le=2.0)
    bevel: float = Field(0.003, ge=0.0, le=0.1)

    @model_validator(mode="after")
    def _fits(self) -> Block:
        limit = min(self.sx, self.sy, self.sz) / 2.0
        if self.bevel > limit:
            raise ValueError(f"bevel {self.bevel} m must be at most half the shortest side, {limit} m")
        return self

    def model(self) -> Model:
        """Return one part, "body"."""
        half = (self.sx / 2.0, self.sy / 2.0, self.sz / 2.0)
        mesh = box((self.sx, self.sy, self.sz), self.bevel, steps=3)
        return centered({"body": Part(mesh, (cuboid([-h for h in half], half),))})
