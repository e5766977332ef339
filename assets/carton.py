"""A milk carton with a gable top and a screw cap."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import cuboid
from simdata.assets.solid import fillet, loft, revolve, rounded_rectangle, turned
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value

FIN = 0.004  # m, thickness of the sealed fold on the ridge


class Carton(Value):
    """A carton of `width` and `depth`; `height` is that of the walls, the gable rises `gable` m above."""

    category: ClassVar[str] = "carton"
    supercategory: ClassVar[str] = "container"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "width": (0.06, 0.085), "depth": (0.06, 0.085), "height": (0.12, 0.2), "gable": (0.028, 0.042)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (200.0, 1030.0)

    width: float = Field(0.07, ge=0.03, le=0.2)
    depth: float = Field(0.07, ge=0.03, le=0.2)
    height: float = Field(0.16, ge=0.05, le=0.4)
    gable: float = Field(0.035, ge=0.015, le=0.1)
    fin: float = Field(0.016, ge=5e-3, le=0.03)

    @model_validator(mode="after")
    def _fits(self) -> Carton:
        if not 0.5 <= self.width / self.depth <= 2.0:
            raise ValueError(f"width {self.width} m and depth {self.depth} m must be within a factor of 2")
        return self

    def model(self) -> Model:
        """Return the parts "body" and "cap"."""
        half, top, ridge = (
            np.array([self.width / 2.0, self.depth / 2.0]),
            self.height,
            self.height + self.gable,
        )
        walls = cuboid((*-half, 0.0), (*half, top))
        peak = cuboid((-half[0], -FIN / 2.0, ridge - 1e-3), (half[0], FIN / 2.0, ridge + self.fin))
        cap, knob = self._cap()
        return centered(
            {
                "body": Part(self._body(), (np.concatenate([walls, peak[::2]]), peak)),
                "cap": Part(cap, (knob,)),
            }
        )

    def _body(self) -> Mesh:
        w, d, top = self.width, self.depth, self.height
        corner = 0.0025
        ring = rounded_rectangle(w, d, corner)
        levels = [(0.95, 0.0), (0.985, 0.0004), (1.0, 0.0025), (1.0, top)]
        rings = [
            np.column_stack([ring * s, np.full(len(ring), z)])
            for s, z in [(1 - 0.0022 / w * 2, 0.0), *levels[2:]]
        ]
        for share in (0.5, 1.0):
            roof = ring * (1.0, 1.0 + share * (FIN / d - 1.0))
            # Gable ends lean inward half way up, where the carton is folded.
            lean = 1.0 - 0.12 * np.sin(np.pi * share)
            rings.append(np.column_stack([roof * (lean, 1.0), np.full(len(ring), top + share * self.gable)]))
        rings.append(rings[-1] + (0.0, 0.0, self.fin))
        return loft(rings, np.radians(30.0))

    def _cap(self) -> tuple[Mesh, np.ndarray]:
        """Return the cap on the slope towards -y, and its convex piece."""
        r, h = 0.21 * min(self.width, self.depth), 0.013
        outline = fillet([(0.0, 0.0), (r * 1.12, 0.0), (r * 1.12, 0.003), (r, 0.004), (r, h), (0.0, h)],
                         [0.0, 3e-4, 5e-4, 5e-4, 0.0015, 0.0], 3)  # fmt: skip
        cap = revolve(outline, 60, lobes=1.0 + 0.012 * np.cos(np.arange(60) * 2.0 * np.pi / 3.0))
        run, rise = self.depth / 2.0 - FIN / 2.0, self.gable
        tilt = np.arctan2(rise, run)
        turn = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
        at = np.array([0.0, -FIN / 2.0 - 0.5 * run, self.height + 0.5 * rise]) + turn @ (0.0, 0.0, -0.0015)
        mesh = turned(cap, turn, at)
        angle = 2.0 * np.pi * np.arange(8) / 8.0
        rim = 1.06 * r * np.column_stack([np.cos(angle), np.sin(angle)])
        knob = np.concatenate([np.column_stack([rim, np.full(8, z)]) for z in (0.0, h)])
        return mesh, knob @ turn.T + at
