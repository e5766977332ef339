"""A spoon: one skin from the tip of the bowl to the end of the handle."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.solid import Array, loft
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value


class Spoon(Value):
    """A spoon `length` m long, its bowl towards +x."""

    category: ClassVar[str] = "spoon"
    supercategory: ClassVar[str] = "cutlery"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "length": (0.14, 0.21), "bowl_width": (0.032, 0.044), "bowl_depth": (0.006, 0.011)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (7700.0, 8000.0)

    length: float = Field(0.19, ge=0.08, le=0.4)
    bowl_width: float = Field(0.04, ge=0.015, le=0.1)
    bowl_depth: float = Field(0.008, ge=2e-3, le=0.03)
    thickness: float = Field(0.0022, ge=1e-3, le=5e-3)

    @model_validator(mode="after")
    def _fits(self) -> Spoon:
        if self.bowl_width > 0.35 * self.length:
            raise ValueError(
                f"bowl_width {self.bowl_width} m must be at most 0.35 of the length {self.length} m"
            )
        if self.bowl_depth > 0.4 * self.bowl_width:
            raise ValueError(
                f"bowl_depth {self.bowl_depth} m must be at most 0.4 of bowl_width {self.bowl_width} m"
            )
        return self

    def model(self) -> Model:
        """Return one part, "body"."""
        bend = np.linspace(0.0, np.pi, 46)
        s = (1.0 - np.cos(bend)) / 2.0 * 0.4 + np.linspace(0.0, 1.0, 46) * 0.6  # closer at both ends
        return centered({"body": Part(loft(self._rings(s)), tuple(self._pieces()))})

    def _half_width(self, s: Array) -> Array:
        """Return half the width m at shares s of the length, 0 at the handle's end, 1 at the bowl's tip."""
        start = 1.0 - 1.55 * self.bowl_width / self.length  # the bowl is 1.55 times as long as wide
        t = np.clip((s - start) / (1.0 - start), 0.0, 1.0)
        egg = np.sqrt(np.clip(1.0 - (2.0 * t - 1.0) ** 2, 0.0, None)) * (1.08 - 0.22 * t)
        handle = 0.0085 - 0.0055 * np.clip(s / (0.75 * start), 0.0, 1.0) ** 0.8
        end = np.sqrt(np.clip(1.0 - (1.0 - np.clip(s / 0.045, 0.0, 1.0)) ** 2, 0.0, None))
        handle = np.where(t > 0.5, 0.0, handle) * end * (self.length / 0.19) ** 0.5
        return np.cbrt((self.bowl_width / 2.0 * egg) ** 3 + handle**3)  # smooth where handle meets bowl

    def _spine(self, s: Array) -> tuple[Array, Array]:
        """Return height of the rim line and depth of the hollow, m."""
        start = 1.0 - 1.55 * self.bowl_width / self.length
        t = np.clip((s - start) / (1.0 - start), 0.0, 1.0)
        depth = self.bowl_depth * np.sin(np.pi * t**0.85) ** 1.2
        neck = 0.055 * self.length * np.exp(-(((s - 0.32) / 0.3) ** 2))
        return self.bowl_depth + neck * (1.0 - t) ** 2, depth

    def _rings(self, s: Array) -> Array:
        half, (rim, depth) = self._half_width(s), self._spine(s)
        across = np.cos(np.pi * (np.arange(15) + 0.5) / 15.0)  # from +1 to -1, closer at the edges
        edge = np.sqrt(1.0 - across**2) ** 0.7
        thick = np.minimum(self.thickness, 1.2 * half)[:, None] / 2.0
        dish = rim[:, None] - depth[:, None] * (1.0 - across**2)
        upper, lower = dish + thick * edge, dish - thick * edge
        y = half[:, None] * across
        ring_y = np.concatenate([y, y[:, ::-1]], axis=1)
        ring_z = np.concatenate([upper, lower[:, ::-1]], axis=1)
        ring_x = np.broadcast_to((s * self.length)[:, None], ring_y.shape)
        return np.stack([ring_x, ring_y, ring_z], axis=2)

    def _pieces(self) -> list[Array]:
        start = 1.0 - 1.5 * self.bowl_width / self.length
        pieces = []
        for stations in (
            (0.005, 0.22, 0.35),
            (0.35, 0.5, start),
            (start, start + 0.3 * (1 - start), 0.5 + start / 2),
        ):
            pieces.append(self._piece(np.array(stations)))
        return [*pieces, self._piece(np.array([0.5 + start / 2, 0.25 * start + 0.75, 0.995]))]

    def _piece(self, stations: Array) -> Array:
        """Return rim and keel points: the hull fills the hollow, which is only millimetres deep."""
        rings = self._rings(stations)
        return rings[:, [0, 7, 14, 22]].reshape(-1, 3)
