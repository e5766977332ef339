"""Fruit: a lobed body with a dimple, and a stem."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simdata.assets.piece import hull
from simdata.assets.solid import Array, curve, revolve, sweep
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value

# Sections (radius over half the height, z over the height), bottom to top.
APPLE = ((0.0, 0.07), (0.16, 0.045), (0.34, 0.0), (0.62, 0.06), (0.9, 0.26), (1.02, 0.5), (1.0, 0.68),
         (0.82, 0.88),
         (0.5, 0.99), (0.25, 0.97), (0.09, 0.89), (0.0, 0.85))  # fmt: skip
PEAR = ((0.0, 0.035), (0.12, 0.02), (0.28, 0.0), (0.52, 0.045), (0.7, 0.16), (0.74, 0.3), (0.65, 0.46),
         (0.46, 0.63),
        (0.34, 0.78), (0.27, 0.91), (0.16, 0.985), (0.05, 0.99), (0.0, 0.98))  # fmt: skip


class Apple(Value):
    """An apple of greatest `radius` m; `tall` is its height over its width."""

    category: ClassVar[str] = "apple"
    supercategory: ClassVar[str] = "fruit"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.03, 0.045), "tall": (0.84, 1.0), "lobes": (0.005, 0.025)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (780.0, 880.0)

    radius: float = Field(0.038, ge=0.01, le=0.1)
    tall: float = Field(0.92, ge=0.6, le=1.3, description="height over width, 1")
    lobes: float = Field(
        0.015, ge=0.0, le=0.06, description="how far the five lobes stand out, of the radius"
    )

    def model(self) -> Model:
        """Return the parts "body" and "stem"."""
        height = 2.0 * self.radius * self.tall
        section = _section(APPLE, self.radius / 1.02, height)
        stem = _stem(section[-1, 1], 0.32 * height, 0.0013)
        pieces = hull(section[[2, 6, 12, 17, 21, 24]] if len(section) > 24 else section, 8)
        return centered({"body": Part(_lobed(section, 5, self.lobes), (pieces,)), "stem": stem})


class Pear(Value):
    """A pear of greatest `radius` m; `tall` is its height over its width."""

    category: ClassVar[str] = "pear"
    supercategory: ClassVar[str] = "fruit"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.03, 0.04), "tall": (1.25, 1.6), "lobes": (0.0, 0.02)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (950.0, 1020.0)

    radius: float = Field(0.034, ge=0.01, le=0.1)
    tall: float = Field(1.4, ge=1.0, le=2.2, description="height over width, 1")
    lobes: float = Field(
        0.01, ge=0.0, le=0.06, description="how far the three lobes stand out, of the radius"
    )

    def model(self) -> Model:
        """Return the parts "body" and "stem"."""
        height = 2.0 * self.radius * self.tall
        section = _section(PEAR, self.radius / 0.74, height)
        stem = _stem(section[-1, 1], 0.26 * height, 0.0015)
        belly, top = hull(section[[3, 6, 9, 14]], 9), hull(section[[14, 18, 22, 25]], 8)
        return centered({"body": Part(_lobed(section, 3, self.lobes), (belly, top)), "stem": stem})


def _section(table: tuple[tuple[float, float], ...], radius: float, height: float) -> Array:
    """Return 28 points (radius, z) m of a smooth section, its ends on the axis."""
    section = curve(np.array(table) * (radius, height), 28)
    section[:, 0] = np.maximum(section[:, 0], 0.0)
    section[[0, -1], 0] = 0.0
    return section


def _lobed(section: Array, count: int, depth: float) -> Mesh:
    turn = 2.0 * np.pi * np.arange(48) / 48
    return revolve(section, 48, lobes=1.0 + depth * np.cos(count * turn) + 0.4 * depth * np.cos(turn + 1.0))


def _stem(z: float, length: float, radius: float) -> Part:
    """Return a bent stem that starts a little inside the fruit."""
    s = np.linspace(0.0, 1.0, 14)
    path = np.column_stack([0.3 * length * s**2, np.zeros(14), z - 0.004 + length * s])
    sizes = radius * (1.0 + 0.5 * s**4 + 0.3 * (1.0 - s) ** 3)
    mesh = sweep(path, np.column_stack([sizes, sizes]), segments=10, tips=(0.0, 0.0008))
    ends = path[[2, -1]]
    corners = np.array([(a, b, 0.0) for a in (-1, 1) for b in (-1, 1)]) * radius
    return Part(mesh, ((ends[:, None] + corners).reshape(-1, 3),))
