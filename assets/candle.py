"""A pillar candle with a melted pool and a wick."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import hull
from simdata.assets.solid import fillet, revolve, sweep
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value


class Candle(Value):
    """A candle whose wax stands `height` m high; `pool` is the depth of the hollow in its top."""

    category: ClassVar[str] = "candle"
    supercategory: ClassVar[str] = "decoration"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.025, 0.04), "height": (0.05, 0.14), "pool": (0.002, 0.008)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (880.0, 940.0)

    radius: float = Field(0.032, ge=0.008, le=0.1)
    height: float = Field(0.09, ge=0.02, le=0.4)
    pool: float = Field(0.005, ge=0.0, le=0.02)
    wick: float = Field(0.012, ge=4e-3, le=0.03)

    @model_validator(mode="after")
    def _fits(self) -> Candle:
        if self.pool > 0.5 * min(self.height, self.radius):
            raise ValueError(f"pool {self.pool} m must be at most half of radius {self.radius} m and height")
        return self

    def model(self) -> Model:
        """Return the parts "wax" and "wick"."""
        r, top = self.radius, self.height
        rim = 0.82 * r
        hollow = [(rim * s, top - self.pool * (1.0 - s**2)) for s in (0.85, 0.65, 0.4, 0.2)]
        outline = [(0.0, 0.0), (r, 0.0), (r, top), (rim, top), *hollow, (0.0, top - self.pool)]
        wax = revolve(fillet(outline, [0.0, 0.002, 0.003, 0.004, 0.0, 0.0, 0.0, 0.0, 0.0], 4))
        s = np.linspace(0.0, 1.0, 12)
        length = self.wick + 0.003
        path = np.column_stack([0.15 * length * s**2, np.zeros(12), top - self.pool - 0.003 + length * s])
        wick = sweep(path, 0.0011, segments=10, tips=(0.0, 0.0009))
        low = top - self.pool - 0.001
        stub = np.array(
            [[x, y, z] for x in (-0.001, 0.003) for y in (-0.001, 0.001) for z in (low, path[-1, 2])]
        )
        return centered({"wax": Part(wax, (hull([(r, 0.0), (r, top)], 16),)), "wick": Part(wick, (stub,))})
