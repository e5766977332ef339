"""What hangs on walls: a picture, a pegboard with tools, a curtain, a door."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simdata.assets.joinery import Corners, boards, mirrored
from simdata.assets.piece import cuboid
from simdata.assets.solid import box, loft
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value
from simdata.rng import Stream

Range = tuple[float, float]


class Picture(Value):
    """A framed picture of `width` (x) by `height` (z) m, its back at +y."""

    category: ClassVar[str] = "picture"
    supercategory: ClassVar[str] = "decoration"
    typical: ClassVar[dict[str, Range]] = {
        "width": (0.25, 0.7),
        "height": (0.25, 0.7),
        "frame": (0.012, 0.04),
    }
    density: ClassVar[Range] = (500.0, 900.0)

    width: float = Field(0.4, ge=0.05, le=5.0)
    height: float = Field(0.5, ge=0.05, le=5.0)
    frame: float = Field(0.02, ge=4e-3, le=0.2)

    def model(self) -> Model:
        """Return the parts "frame", "mat" and "canvas"; the canvas is its longer side in uv."""
        x, z, bar = self.width / 2.0, self.height / 2.0, min(self.frame, 0.2 * min(self.width, self.height))
        bars = mirrored((x - bar, -0.012, -z), (x, 0.012, z))
        for low, high in ((-z, -z + bar), (z - bar, z)):
            bars.append(((-x + bar - 1e-3, -0.011, low), (x - bar + 1e-3, 0.011, high)))
        mat = boards([((-x + bar / 2, -0.001, -z + bar / 2), (x - bar / 2, 0.01, z - bar / 2))])
        edge = bar + 0.12 * min(self.width, self.height)
        size = (2 * (x - edge), 0.003, 2 * (z - edge))
        half = np.array(size) / 2.0
        sheet = Part(
            box(size, center=(0.0, -0.001, 0.0), along=0),
            (cuboid(-half, half),),
        )
        return centered({"frame": boards(bars, 0.003), "mat": mat, "canvas": sheet})


class Pegboard(Value):
    """A board of `width` (x) by `height` (z) m on the wall, hung with tools; `seed` says which."""

    category: ClassVar[str] = "pegboard"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, Range]] = {"width": (0.8, 1.6), "height": (0.5, 0.8)}
    density: ClassVar[Range] = (500.0, 900.0)

    width: float = Field(1.2, ge=0.4, le=4.0)
    height: float = Field(0.6, ge=0.45, le=2.0)
    seed: int = Field(0, ge=0)

    def model(self) -> Model:
        """Return the parts "board", "steel" and "grips"; texture coordinates are in metres."""
        x, z = self.width / 2.0, self.height / 2.0
        board = boards([((-x, 0.0, -z), (x, 0.012, z))], 0.002)
        rng = Stream(self.seed).child("pegboard").generator()
        steel: list[Corners] = []
        grips: list[Corners] = []
        at = -x + 0.06
        while at < x - 0.1:
            wide = self._tool(at, z, rng, steel, grips)
            at += wide + rng.uniform(0.03, 0.09)
        return centered({"board": board, "steel": boards(steel, 0.002), "grips": boards(grips, 0.006)})

    def _tool(
        self, x: float, z: float, rng: np.random.Generator, steel: list[Corners], grips: list[Corners]
    ) -> float:
        """Hang one tool with its left edge at x; return its width, m."""
        top, y = z - rng.uniform(0.06, 0.14), -0.014
        kind = int(rng.integers(3))
        long = rng.uniform(0.18, 0.3)
        if kind == 0:  # a hammer
            steel.append(((x, y - 0.012, top - 0.03), (x + 0.1, y + 0.012, top)))
            grips.append(((x + 0.038, y - 0.01, top - long), (x + 0.062, y + 0.01, top - 0.029)))
            return 0.1
        if kind == 1:  # a chisel or screwdriver, its handle up
            grips.append(((x, y - 0.013, top - 0.11), (x + 0.028, y + 0.013, top)))
            steel.append(
                ((x + 0.009, y - 0.004, top - 0.1 - 0.6 * long), (x + 0.019, y + 0.004, top - 0.109))
            )
            return 0.028
        steel.append(((x + 0.012, y - 0.004, top - long), (x + 0.034, y + 0.004, top - 0.039)))  # a spanner
        steel.append(((x, y - 0.006, top - 0.04), (x + 0.046, y + 0.006, top)))
        return 0.046


class Curtain(Value):
    """A curtain that hangs in folds: `width` (x) by `height` (z) m."""

    category: ClassVar[str] = "curtain"
    supercategory: ClassVar[str] = "decoration"
    typical: ClassVar[dict[str, Range]] = {"width": (0.3, 0.6), "height": (1.4, 2.3), "fold": (0.02, 0.035)}
    density: ClassVar[Range] = (100.0, 400.0)

    width: float = Field(0.45, ge=0.1, le=5.0)
    height: float = Field(1.8, ge=0.3, le=6.0)
    fold: float = Field(0.025, ge=0.0, le=0.1)

    def model(self) -> Model:
        """Return one part, "cloth"; u runs once around it."""
        count = max(3, round(self.width / 0.09))
        s = np.linspace(0.0, 1.0, 8 * count + 1)
        line = np.column_stack([self.width * (s - 0.5), self.fold * np.cos(2 * np.pi * count * s)])
        edge = np.array([(-0.002, 0.0), (0.002, 0.0), (0.002, self.height), (-0.002, self.height)])
        rings = np.zeros((len(s), 4, 3))
        rings[..., :2] = line[:, None]
        rings[..., 1:] += edge
        half = (self.width / 2.0, self.fold + 0.002)
        piece = cuboid((-half[0], -half[1], 0.0), (half[0], half[1], self.height))
        return centered({"cloth": Part(loft(rings), (piece,))})


class Door(Value):
    """A closed door with its frame, in a wall at +y: a leaf of `width` (x) by `height` (z) m."""

    category: ClassVar[str] = "door"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, Range]] = {"width": (0.75, 0.95), "height": (1.95, 2.1)}
    density: ClassVar[Range] = (400.0, 700.0)

    width: float = Field(0.85, ge=0.4, le=3.0)
    height: float = Field(2.0, ge=0.5, le=5.0)
    panels: int = Field(2, ge=0, le=4)

    def model(self) -> Model:
        """Return the parts "leaf", "frame" and "handle"; texture coordinates are in metres."""
        x, top, bar = self.width / 2.0, self.height, 0.07
        frame = mirrored((x, -0.025, 0.0), (x + bar, 0.01, top + bar))
        frame.append(((-x - 1e-3, -0.024, top), (x + 1e-3, 0.009, top + bar - 1e-3)))
        leaf: list[Corners] = [((-x + 0.002, -0.008, 0.004), (x - 0.002, 0.008, top - 0.002))]
        step = (top - 0.2) / max(self.panels, 1)
        leaf += [
            ((-x + 0.12, -0.014, 0.1 + k * step + 0.06), (x - 0.12, -0.007, 0.1 + (k + 1) * step - 0.06))
            for k in range(self.panels)
        ]
        knob: list[Corners] = [
            ((x - 0.09, -0.012, 0.95), (x - 0.05, -0.007, 1.1)),
            ((x - 0.077, -0.055, 1.03), (x - 0.063, -0.011, 1.044)),
            ((x - 0.18, -0.056, 1.028), (x - 0.06, -0.044, 1.046)),
        ]
        return centered(
            {"leaf": boards(leaf, 0.003), "frame": boards(frame, 0.003), "handle": boards(knob, 0.003)}
        )
