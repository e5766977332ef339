"""A bowl: a curved wall on a foot ring, hollow."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import hull, wedges
from simdata.assets.solid import Array, fillet, revolve
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value


class Bowl(Value):
    """A bowl of outer `radius` at the lip; `foot` is the radius it stands on, as a share of it."""

    category: ClassVar[str] = "bowl"
    supercategory: ClassVar[str] = "tableware"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.06, 0.09), "height": (0.045, 0.07), "wall": (0.003, 0.005), "foot": (0.45, 0.6)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (2200.0, 2500.0)

    radius: float = Field(0.075, ge=0.03, le=0.2)
    height: float = Field(0.06, ge=0.02, le=0.2)
    wall: float = Field(0.004, ge=2e-3, le=0.015)
    foot: float = Field(0.5, ge=0.3, le=0.8)

    @model_validator(mode="after")
    def _fits(self) -> Bowl:
        if self.wall > 0.2 * min(self.height, self.radius * self.foot):
            raise ValueError(f"wall {self.wall} m is above a fifth of the height or of the foot's radius")
        return self

    def model(self) -> Model:
        """Return one part, "body"."""
        return centered({"body": Part(self._body(), tuple(self._pieces()))})

    def _outer(self, t: Array) -> Array:
        """Return the outer wall (n,2) m for t from 0 (foot) to 1 (lip): steep above, flat below."""
        foot = self.radius * self.foot
        bend = t * np.pi / 2.0
        swell = np.column_stack([np.sin(bend), 1.0 - np.cos(bend)])
        # Half way between a quarter ellipse and a cone: a full ellipse looks like a ball cut in two.
        mixed = 0.6 * swell + 0.4 * np.column_stack([t, t])
        return np.array([foot, 0.004]) + mixed * (self.radius - foot, self.height - 0.004)

    def _inner(self, t: Array) -> Array:
        """Return the inner wall, `wall` m inside the outer one."""
        line = self._outer(t)
        ahead = np.gradient(line, axis=0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        return line + self.wall * np.column_stack([-ahead[:, 1], ahead[:, 0]])

    def _body(self) -> Mesh:
        t = np.linspace(0.0, 1.0, 11)
        outer, inner = self._outer(t), self._inner(t)
        foot = outer[0, 0]
        stand = [(0.0, 0.002), (foot - 0.008, 0.002), (foot - 0.006, 0.0), (foot - 0.001, 0.0)]
        floor = inner[0, 1]
        outline = np.concatenate([stand, outer, inner[::-1], [(0.0, floor)]])
        radii = np.zeros(len(outline))
        radii[[1, 2, 3]] = 8e-4
        radii[[len(stand) + len(outer) - 1, len(stand) + len(outer)]] = 0.49 * self.wall
        radii[-2] = 0.01
        return revolve(fillet(outline, radii, 2))

    def _pieces(self) -> list[Array]:
        t = np.linspace(0.0, 1.0, 11)
        outer, inner = self._outer(t), self._inner(t)
        base = hull([(outer[0, 0], 0.0), (inner[0, 0], inner[0, 1])], 16)
        bands = [(inner[[a, b]], outer[[a, (a + b) // 2, b]]) for a, b in ((0, 5), (5, 10))]
        return [base, *(piece for band in bands for piece in wedges(*band))]
