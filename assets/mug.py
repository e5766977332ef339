"""A mug: a thrown body with rounded lip and foot, and a handle whose ends are sunk into the wall."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import hull, wedges
from simdata.assets.solid import Array, curve, fillet, revolve, sweep
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value


class Mug(Value):
    """A mug of outer `radius` and `height`; the handle reaches `handle_reach` m from the wall, towards +x."""

    category: ClassVar[str] = "mug"
    supercategory: ClassVar[str] = "tableware"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.034, 0.046), "height": (0.08, 0.11), "wall": (0.003, 0.0045), "taper": (0.88, 1.0),
        "handle_reach": (0.026, 0.034), "handle_height": (0.045, 0.06), "handle_width": (0.009, 0.014),
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (2200.0, 2500.0)

    radius: float = Field(0.04, ge=0.02, le=0.08)
    height: float = Field(0.095, ge=0.04, le=0.2)
    wall: float = Field(0.004, ge=2e-3, le=0.01)
    base: float = Field(0.006, ge=2e-3, le=0.02)
    taper: float = Field(0.96, ge=0.6, le=1.2, description="radius of the foot over radius of the lip, 1")
    handle_reach: float = Field(0.03, ge=0.01, le=0.06)
    handle_height: float = Field(0.06, ge=0.02, le=0.15)
    handle_width: float = Field(0.011, ge=5e-3, le=0.03)
    handle_thickness: float = Field(0.007, ge=3e-3, le=0.02)

    @model_validator(mode="after")
    def _fits(self) -> Mug:
        if self.wall + 0.01 > self.radius * min(self.taper, 1.0):
            raise ValueError(f"wall {self.wall} m leaves no room in a radius of {self.radius} m")
        if self.handle_height + self.handle_thickness + 0.012 > self.height:
            raise ValueError(f"handle_height {self.handle_height} m does not fit a height of {self.height} m")
        return self

    def model(self) -> Model:
        """Return the parts "body" and "handle"."""
        return centered({"body": Part(self._body(), tuple(self._pieces())), "handle": self._handle()})

    def _at(self, z: float) -> float:
        """Return the outer radius at height z, m."""
        return self.radius * (self.taper + (1.0 - self.taper) * z / self.height)

    def _body(self) -> Mesh:
        foot, lip, wall, top = self._at(0.0), self._at(self.height), self.wall, self.height
        floor = self._at(self.base) - wall
        outline = [
            (0.0, 0.0015), (foot - 0.008, 0.0015), (foot - 0.0065, 0.0), (foot, 0.0), (lip, top), (lip -
            wall, top),
            (floor, self.base), (0.0, self.base),
        ]  # fmt: skip
        radii = [0.0, 5e-4, 5e-4, 0.004, 0.49 * wall, 0.49 * wall, 0.012, 0.0]
        outline_round = fillet(outline, radii, 3)
        return revolve(_split_long(outline_round, 0.04))

    def _handle(self) -> Part:
        reach, half, middle = self.handle_reach, self.handle_height / 2.0, self.height * 0.5
        low, high = middle - half, middle + half
        start, end = self._at(high) - self.wall / 2.0, self._at(low) - self.wall / 2.0
        out = self.radius * (self.taper + 1.0) / 2.0 + reach - self.handle_thickness / 2.0
        knots = [
            (start, high), (start + 0.35 * reach, high + 0.02 * half), (out - 0.12 * reach, middle + 0.72 *
            half),
            (out, middle + 0.22 * half), (out - 0.06 * reach, middle - 0.35 * half),
            (end + 0.45 * reach, low + 0.12 * half), (end, low),
        ]  # fmt: skip
        line = curve(knots, 28)
        path = np.column_stack([line[:, 0], np.zeros(len(line)), line[:, 1]])
        flare = 1.0 + 0.3 * np.exp(-np.minimum(np.arange(28), np.arange(28)[::-1]) / 2.0)
        sizes = np.column_stack([self.handle_thickness / 2.0 * flare, self.handle_width / 2.0 * flare])
        return Part(sweep(path, sizes, power=2.4), tuple(self._handle_pieces(path)))

    def _handle_pieces(self, path: Array) -> list[Array]:
        offsets = np.array([(a, b) for a in (-1.0, 1.0) for b in (-1.0, 1.0)]) * 0.42
        pieces = []
        for low, high in ((1, 9), (9, 19), (19, 27)):
            ends = path[[low, (low + high) // 2, high]]
            rise = np.array([0.0, 0.0, self.handle_thickness])
            thick = rise if (low, high) != (9, 19) else rise[::-1]
            pieces.append(
                np.concatenate(
                    [ends + a * thick + b * np.array([0.0, self.handle_width, 0.0]) for a, b in offsets]
                )
            )
        return pieces

    def _pieces(self) -> list[Array]:
        top, low = self.height, self.base
        section_in = [(self._at(low) - self.wall, low), (self._at(top) - self.wall, top)]
        section_out = [(self._at(low), low), (self._at(top), top)]
        return [
            *wedges(section_in, section_out),
            hull([(self._at(0.0) - 0.001, 0.0), (self._at(low), low)], 16),
        ]


def _split_long(line: Array, limit: float) -> Array:
    """Return the polyline with no step above `limit` m, so that shading and texture stay even."""
    points = [line[:1]]
    for a, b in itertools.pairwise(line):
        count = max(1, int(np.ceil(np.linalg.norm(b - a) / limit)))
        points.append(a + (b - a) * np.arange(1, count + 1)[:, None] / count)
    return np.concatenate(points)
