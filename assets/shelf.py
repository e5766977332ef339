"""A shelf on the wall with books and jars."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simdata.assets.joinery import Corners, boards, mirrored
from simdata.assets.piece import hull
from simdata.assets.solid import fillet, revolve, turned
from simdata.mesh import Model, Part, centered, merged
from simdata.model import Model as Value
from simdata.rng import Stream

Range = tuple[float, float]
STACKS = 4  # parts into which books and jars are dealt, each with a finish of its own


class Shelf(Value):
    """A wall shelf of `length` (x) by `depth` (y) m, its back at +y, with `levels` boards `gap` m apart.

    `seed` says which books and jars stand on it, `filled` how much of it they take.
    """

    category: ClassVar[str] = "shelf"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, Range]] = {"length": (0.6, 1.4), "depth": (0.2, 0.3), "gap": (0.28, 0.36)}
    density: ClassVar[Range] = (300.0, 700.0)

    length: float = Field(1.0, ge=0.4, le=4.0)
    depth: float = Field(0.24, ge=0.12, le=0.6)
    gap: float = Field(0.32, ge=0.2, le=0.8)
    levels: int = Field(2, ge=1, le=6)
    filled: float = Field(0.8, ge=0.0, le=1.0)
    jars: float = Field(0.3, ge=0.0, le=1.0)
    seed: int = Field(0, ge=0)

    def model(self) -> Model:
        """Return "boards" and, as far as there are any, "books_0" to "books_3" and "jars"; uvs in metres."""
        x, y, thick = self.length / 2.0, self.depth / 2.0, 0.022
        planks: list[Corners] = [
            ((-x, -y, k * self.gap), (x, y, k * self.gap + thick)) for k in range(self.levels)
        ]
        planks += mirrored(
            (x - 0.09, y - 0.012, -0.1), (x - 0.07, y - 1e-3, (self.levels - 1) * self.gap + 1e-3)
        )
        parts = {"boards": boards(planks, 0.002)}
        books: list[list[Corners]] = [[] for _ in range(STACKS)]
        jars: list[Part] = []
        for level in range(self.levels):
            self._fill(level * self.gap + thick, books, jars)
        parts |= {f"books_{k}": boards(stack) for k, stack in enumerate(books) if stack}
        if jars:
            pieces = tuple(piece for jar in jars for piece in jar.pieces)
            parts["jars"] = Part(merged(jar.mesh for jar in jars), pieces)
        return centered(parts)

    def _fill(self, z: float, books: list[list[Corners]], jars: list[Part]) -> None:
        """Stand things side by side on one board."""
        rng = Stream(self.seed).child("shelf", round(1000 * z)).generator()
        at, end = -self.length / 2.0 + 0.02, self.length / 2.0 - 0.13
        front = -self.depth / 2.0 + 0.03
        while at < end:
            if rng.uniform() > self.filled:
                at += rng.uniform(0.05, 0.2)
            elif rng.uniform() < self.jars:
                radius, tall = rng.uniform(0.035, 0.05), rng.uniform(0.09, 0.18)
                jars.append(_jar(radius, tall, (at + radius, 0.01, z)))
                at += 2 * radius + rng.uniform(0.005, 0.04)
            else:
                thick, tall = rng.uniform(0.015, 0.05), rng.uniform(0.17, 0.9 * self.gap - 0.02)
                back = min(front + rng.uniform(0.12, 0.17), self.depth / 2.0 - 0.015)
                low = (at, front + rng.uniform(0.0, 0.02), z)
                books[int(rng.integers(STACKS))].append((low, (at + thick, back, z + tall)))
                at += thick + 0.0015


def _jar(radius: float, tall: float, at: tuple[float, float, float]) -> Part:
    r, neck = radius, 0.8 * radius
    line = [(0.0, 0.0), (r, 0.0), (r, 0.8 * tall), (neck, 0.86 * tall), (neck, tall), (0.0, tall)]
    mesh = revolve(fillet(line, [0.0, 0.006, 0.012, 0.004, 0.002, 0.0], 1), 14)
    return Part(turned(mesh, np.eye(3), at), (hull([(r, 0.0), (r, 0.8 * tall), (neck, tall)], 8) + at,))
