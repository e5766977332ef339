"""A frying pan with a long handle."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import hull, wedges
from simdata.assets.solid import fillet, revolve, sweep
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value


class Pan(Value):
    """A pan of `radius` at the rim; the handle points to +x."""

    category: ClassVar[str] = "pan"
    supercategory: ClassVar[str] = "cookware"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.08, 0.13), "height": (0.035, 0.055), "handle_length": (0.14, 0.19)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (2700.0, 3500.0)

    radius: float = Field(0.11, ge=0.05, le=0.25)
    height: float = Field(0.045, ge=0.02, le=0.15)
    wall: float = Field(0.0032, ge=2e-3, le=8e-3)
    flare: float = Field(0.8, ge=0.6, le=1.0, description="radius of the floor over radius of the rim, 1")
    handle_length: float = Field(0.17, ge=0.05, le=0.3)

    @model_validator(mode="after")
    def _fits(self) -> Pan:
        if self.wall * 4.0 > self.height:
            raise ValueError(f"wall {self.wall} m must be at most a quarter of the height {self.height} m")
        return self

    def model(self) -> Model:
        """Return the parts "body" and "handle"."""
        r, floor, wall, top = self.radius, self.radius * self.flare, self.wall, self.height
        base = 1.4 * wall
        outline = [
            (0.0, 0.0),
            (floor, 0.0),
            (r, top),
            (r - wall, top),
            (floor - 0.8 * wall, base),
            (0.0, base),
        ]
        radii = [0.0, 0.3 * top, 0.49 * wall, 0.49 * wall, 0.3 * top, 0.0]
        body = revolve(fillet(outline, radii, 4), 56)
        inner, outer = [(floor - 0.8 * wall, base), (r - wall, top)], [(floor, 0.15 * top), (r, top)]
        pieces = (hull([(floor - 0.003, 0.0), (floor, base)], 16), *wedges(inner, outer))
        return centered({"body": Part(body, pieces), "handle": self._handle()})

    def _handle(self) -> Part:
        length, z = self.handle_length, 0.78 * self.height
        start = self.radius * (self.flare + (1.0 - self.flare) * 0.78) - 0.6 * self.wall
        s = np.linspace(0.0, 1.0, 24)
        path = np.column_stack([start + length * s, np.zeros(24), z + 0.14 * length * s**1.4])
        grip = 0.55 + 0.45 * np.clip((s - 0.2) / 0.25, 0.0, 1.0) ** 2 * (
            3 - 2 * np.clip((s - 0.2) / 0.25, 0.0, 1.0)
        )
        sizes = np.column_stack([0.0065 * grip, 0.0125 * (grip - 0.12 * np.sin(np.pi * s) ** 2)])
        mesh = sweep(path, sizes, power=2.8, segments=20, tips=(0.0, 0.006))
        corners = np.array([(0.0, a, b) for a in (-0.9, 0.9) for b in (-0.9, 0.9)])
        half = np.column_stack([np.ones(24), sizes[:, 1], sizes[:, 0]])
        points = path[:, None] + corners * half[:, None]
        return Part(mesh, tuple(points[[a, (a + b) // 2, b]].reshape(-1, 3) for a, b in ((1, 9), (9, 23))))
