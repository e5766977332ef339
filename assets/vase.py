"""A vase: a belly, a neck and a flared lip, hollow."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import hull
from simdata.assets.solid import Array, curve, fillet, revolve
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value


class Vase(Value):
    """A vase; `radius` is that of the belly, at the share `belly` of the height."""

    category: ClassVar[str] = "vase"
    supercategory: ClassVar[str] = "decoration"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.04, 0.065), "height": (0.14, 0.24), "foot": (0.024, 0.034), "neck": (0.016, 0.026),
        "lip": (0.022, 0.036), "belly": (0.3, 0.5),
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (2200.0, 2500.0)

    radius: float = Field(0.05, ge=0.02, le=0.2)
    height: float = Field(0.18, ge=0.06, le=0.6)
    foot: float = Field(0.03, ge=0.01, le=0.2)
    neck: float = Field(0.02, ge=8e-3, le=0.2)
    lip: float = Field(0.028, ge=8e-3, le=0.2)
    wall: float = Field(0.004, ge=2e-3, le=0.01)
    belly: float = Field(0.4, ge=0.2, le=0.65)

    @model_validator(mode="after")
    def _fits(self) -> Vase:
        if min(self.neck, self.foot) < self.wall + 0.004:
            raise ValueError(f"wall {self.wall} m leaves no hollow: neck {self.neck} m, foot {self.foot} m")
        if max(self.neck, self.foot) > self.radius:
            raise ValueError(
                f"radius {self.radius} m must be the widest: neck {self.neck} m, foot {self.foot} m"
            )
        return self

    def model(self) -> Model:
        """Return one part, "body"."""
        outer = self._outer()
        ahead = np.gradient(outer, axis=0)
        ahead /= np.linalg.norm(ahead, axis=1, keepdims=True)
        inner = outer + self.wall * np.column_stack([-ahead[:, 1], ahead[:, 0]])
        inner = inner[inner[:, 1] > self.wall * 1.5]
        outline = np.concatenate(
            [[(0.0, 0.0)], outer, inner[::-1], [(inner[0, 0], self.wall), (0.0, self.wall)]]
        )
        radii = np.zeros(len(outline))
        radii[1], radii[len(outer)], radii[len(outer) + 1], radii[-2] = (
            0.002,
            0.49 * self.wall,
            0.49 * self.wall,
            0.004,
        )
        return centered({"body": Part(revolve(fillet(outline, radii, 2)), tuple(self._pieces(outer)))})

    def _outer(self) -> Array:
        h, belly = self.height, self.belly
        knots = [
            (self.foot, 0.0), (self.foot + 0.72 * (self.radius - self.foot), 0.45 * belly * h),
            (self.radius, belly * h),
            (0.45 * self.radius + 0.55 * self.neck, (0.55 * belly + 0.45 * 0.82) * h),
            (self.neck, 0.82 * h), (self.lip, h),
        ]  # fmt: skip
        return curve(knots, 21)

    def _pieces(self, outer: Array) -> list[Array]:
        cuts = (0, 8, 12, 16, 20)
        return [
            hull(outer[low : high + 1 : 4 if low == 0 else 2], 10) for low, high in itertools.pairwise(cuts)
        ]
