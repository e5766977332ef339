"""A hardcover book lying flat, spine towards -x."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import cuboid
from simdata.assets.solid import Array, box, loft, sweep
from simdata.mesh import Mesh, Model, Part, centered, merged
from simdata.model import Model as Value


class Book(Value):
    """A book `width` (x) by `height` (y) by `thickness` (z) m, its boards `board` m thick."""

    category: ClassVar[str] = "book"
    supercategory: ClassVar[str] = "stationery"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "width": (0.11, 0.18), "height": (0.17, 0.25), "thickness": (0.015, 0.045)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (650.0, 900.0)

    width: float = Field(0.14, ge=0.05, le=0.4)
    height: float = Field(0.21, ge=0.05, le=0.5)
    thickness: float = Field(0.03, ge=8e-3, le=0.1)
    board: float = Field(0.0028, ge=1e-3, le=6e-3)

    @model_validator(mode="after")
    def _fits(self) -> Book:
        if self.thickness < 2.5 * self.board:
            raise ValueError(f"thickness {self.thickness} m must be at least 2.5 boards of {self.board} m")
        return self

    def model(self) -> Model:
        """Return the parts "cover" and "pages"."""
        w, h, t = self.width, self.height, self.thickness
        size = np.array([w, h, t]) / 2.0
        bulge = self._bulge()
        whole = cuboid(-size, size)
        spine = cuboid((-size[0] - bulge, -size[1], -0.6 * size[2]), (-size[0], size[1], 0.6 * size[2]))
        # The cover's piece is the whole book: pages lie within it and repeat only their block.
        block = size - (0.004, 0.004, self.board)
        cover = Part(self._cover(), (np.concatenate([whole, spine[:4]]),))
        return centered({"cover": cover, "pages": Part(self._pages(), (cuboid(-block, block),))})

    def _bulge(self) -> float:
        return 0.18 * self.thickness

    def _cover(self) -> Mesh:
        w, h, t, board = self.width, self.height, self.thickness, self.board
        lift = (t - board) / 2.0
        groove = 0.004  # the hinge: a gap between board and spine
        boards = [
            box((w - groove, h, board), 0.35 * board, center=(groove / 2.0, 0.0, z), tile=h)
            for z in (-lift, lift)
        ]
        return merged([*boards, self._spine()])

    def _spine(self) -> Mesh:
        """Return a bent strip whose ends reach under the boards."""
        half, skin = self.thickness / 2.0 - 2e-4, 0.6 * self.board
        bend = np.linspace(-1.0, 1.0, 17)
        x, rise = -self.width / 2.0 - self._bulge() * (1.0 - bend**2) + 0.001 + skin / 2.0, half - skin / 2.0
        hinge = -self.width / 2.0 + 0.009
        line = np.concatenate([[(hinge, -rise)], np.column_stack([x, rise * bend]), [(hinge, rise)]])
        path = np.column_stack([line[:, 0], np.zeros(len(line)), line[:, 1]])
        return sweep(path, (skin / 2.0, self.height / 2.0 - 2e-4), power=8.0)

    def _pages(self) -> Mesh:
        """Return the block of pages: a hollow fore edge, a round back."""
        half, inset = self.thickness / 2.0 - 0.9 * self.board, 0.004
        bend = np.linspace(-1.0, 1.0, 13)
        fore = self.width / 2.0 - inset - 0.35 * self._bulge() * (1.0 - bend**2)
        back = -self.width / 2.0 + 0.0012 + 0.6 * self.board - 0.85 * self._bulge() * (1.0 - bend**2)
        ring = np.concatenate(
            [np.column_stack([fore, half * bend]), np.column_stack([back, half * bend])[::-1]]
        )
        return _carried(ring, self.height - 2.0 * inset)


def _carried(section: Array, length: float) -> Mesh:
    """Return a section (n,2) of (x, z) m carried along y, centred, with flat ends."""
    rings = [
        np.column_stack([section[:, 0], np.full(len(section), y), section[:, 1]])
        for y in (length / 2, -length / 2)
    ]
    return loft(rings)
