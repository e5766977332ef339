"""What stands on desks: a monitor, a keyboard."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simdata.assets.joinery import Corners, boards
from simdata.assets.piece import cuboid
from simdata.assets.solid import box
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value

Range = tuple[float, float]
KEY = 0.0185  # m, from key to key


class Monitor(Value):
    """A monitor of `width` (x) by `height` (z) m on a foot, its screen towards -y."""

    category: ClassVar[str] = "monitor"
    supercategory: ClassVar[str] = "electronics"
    typical: ClassVar[dict[str, Range]] = {"width": (0.48, 0.64), "height": (0.29, 0.37)}
    density: ClassVar[Range] = (800.0, 1500.0)

    width: float = Field(0.56, ge=0.2, le=1.6)
    height: float = Field(0.33, ge=0.15, le=1.0)
    rise: float = Field(0.11, ge=0.02, le=0.5)

    def model(self) -> Model:
        """Return the parts "body" and "screen"; the screen is its longer side in uv."""
        x, low, high = self.width / 2.0, self.rise, self.rise + self.height
        body: list[Corners] = [
            ((-x, -0.015, low), (x, 0.015, high)), ((-0.03, 0.014, 0.006), (0.03, 0.03, low + 0.12)),
            ((-0.11, -0.08, 0.0), (0.11, 0.08, 0.01)),
        ]  # fmt: skip
        size = np.array([self.width - 0.018, 0.002, self.height - 0.018])
        at = np.array([0.0, -0.0155, (low + high) / 2.0])
        screen = Part(box(size, center=at, along=0), (cuboid(at - size / 2, at + size / 2),))
        return centered({"body": boards(body, 0.003), "screen": screen})


class Keyboard(Value):
    """A keyboard with `columns` by `rows` keys; the last row has a space bar."""

    category: ClassVar[str] = "keyboard"
    supercategory: ClassVar[str] = "electronics"
    typical: ClassVar[dict[str, Range]] = {"thickness": (0.012, 0.02)}
    density: ClassVar[Range] = (700.0, 1200.0)

    columns: int = Field(15, ge=4, le=24)
    rows: int = Field(5, ge=2, le=8)
    thickness: float = Field(0.015, ge=4e-3, le=0.04)

    def model(self) -> Model:
        """Return the parts "body" and "keys"."""
        x, y = self.columns * KEY / 2.0, self.rows * KEY / 2.0
        body = boards([((-x - 0.008, -y - 0.008, 0.0), (x + 0.008, y + 0.008, self.thickness))], 0.003)
        keys: list[Corners] = []
        for row in range(self.rows):
            for first, last in self._row(row):
                low = (-x + first * KEY + 0.001, -y + row * KEY + 0.001, self.thickness - 1e-3)
                keys.append((low, (-x + last * KEY - 0.001, low[1] + KEY - 0.002, self.thickness + 0.005)))
        caps = boards(keys)
        whole = cuboid((-x, -y, self.thickness - 1e-3), (x, y, self.thickness + 0.005))
        return centered({"body": body, "keys": Part(caps.mesh, (whole,))})

    def _row(self, row: int) -> list[tuple[int, int]]:
        """Return the first and last column of each key, and one more."""
        if row:
            return [(k, k + 1) for k in range(self.columns)]
        side = self.columns // 4
        ends = [(k, k + 1) for k in range(side)]
        return [*ends, (side, self.columns - side), *((self.columns - b, self.columns - a) for a, b in ends)]
