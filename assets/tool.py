"""Hand tools, lying along x: a hammer, a screwdriver, a spanner."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import cuboid, hull
from simdata.assets.solid import Array, box, fillet, joined, loft, revolve, sweep, turned
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value

Range = tuple[float, float]
# Rotation that lays what stands along z down along x.
LAID = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
# … and tips it over to y.
TIPPED = np.array([[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, -1.0, 0.0]])


class Hammer(Value):
    """A hammer; its head across the end at +x."""

    category: ClassVar[str] = "hammer"
    supercategory: ClassVar[str] = "tool"
    typical: ClassVar[dict[str, Range]] = {
        "length": (0.25, 0.33), "head": (0.09, 0.12), "thickness": (0.021, 0.028)
    }  # fmt: skip
    density: ClassVar[Range] = (2500.0, 3500.0)

    length: float = Field(0.29, ge=0.12, le=0.5)
    head: float = Field(0.105, ge=0.04, le=0.2)
    thickness: float = Field(0.024, ge=0.01, le=0.06)

    def model(self) -> Model:
        """Return the parts "head" and "handle"."""
        t, length = self.thickness, self.length
        s = np.linspace(0.0, 1.0, 24)
        path = np.column_stack([-length + (length + 0.4 * t) * s, np.zeros(24), np.zeros(24)])
        swell = 0.62 + 0.3 * np.sin(np.pi * np.clip(1.5 * s, 0.0, 1.0)) ** 2 - 0.15 * s
        sizes = np.column_stack([0.5 * t * swell, 0.62 * t * swell])
        handle = sweep(path, sizes, power=2.6, segments=20, tips=(0.008, 0.0))
        block = box((1.1 * t, 0.5 * self.head, 1.02 * t), 0.12 * t, 3, (0.0, 0.0, 0.0))
        y0, y1 = 0.24 * self.head, 0.5 * self.head
        y0, y1 = 0.24 * self.head, 0.5 * self.head
        profile = [(0.0, 0.0), (0.46 * t, 0.0), (0.46 * t, y1 - y0), (0.0, y1 - y0)]
        face = turned(revolve(fillet(profile, [0.0, 0.0, 0.002, 0.0], 2), 28), TIPPED, (0.0, y0, 0.0))
        ends = [(half * t, y, tall * t) for half, tall, y in ((0.46, 0.44, -y0), (0.42, 0.07, -y1))]
        peen = loft([[(a, y, -b), (-a, y, -b), (-a, y, b), (a, y, b)] for a, y, b in ends])
        half = np.array([0.55 * t, 0.25 * self.head, 0.5 * t])
        near = cuboid((-0.42 * t, y0, -0.42 * t), (0.42 * t, y1, 0.42 * t))
        far = np.array([(sx * a, y, sz * b) for a, y, b in ends for sx in (-1, 1) for sz in (-1, 1)])
        grip = [_stations(path, sizes, pair) for pair in ((0, 3), (3, 8), (8, 15), (15, 23))]
        head = Part(joined(block, face, peen), (cuboid(-half, half), near, far))
        return centered({"head": head, "handle": Part(handle, tuple(grip))})


class Screwdriver(Value):
    """A screwdriver with a fluted handle, its blade towards +x."""

    category: ClassVar[str] = "screwdriver"
    supercategory: ClassVar[str] = "tool"
    typical: ClassVar[dict[str, Range]] = {
        "blade": (0.075, 0.15), "handle": (0.08, 0.11), "radius": (0.011, 0.017)
    }  # fmt: skip
    density: ClassVar[Range] = (1800.0, 2600.0)

    blade: float = Field(0.1, ge=0.03, le=0.4)
    handle: float = Field(0.095, ge=0.04, le=0.2)
    radius: float = Field(0.014, ge=6e-3, le=0.03)
    shaft: float = Field(0.003, ge=1e-3, le=8e-3)

    def model(self) -> Model:
        """Return the parts "handle" and "blade"."""
        r, long, end = self.radius, self.handle, self.handle + self.blade
        line = [(0.0, 0.0), (0.8 * r, 0.0), (r, 0.12 * long), (r, 0.62 * long), (0.6 * r, 0.8 * long)]
        line += [(0.75 * r, 0.93 * long), (0.5 * r, long), (0.0, long)]
        flutes = 1.0 + 0.045 * np.cos(6.0 * 2.0 * np.pi * np.arange(48) / 48)
        grip = revolve(fillet(line, [0.0, 0.004, 0.006, 0.01, 0.01, 0.004, 0.002, 0.0], 3), 48, lobes=flutes)
        pin = self.shaft
        z = np.array([long - 0.01, end - 0.012, end - 0.006, end])
        sizes = np.array([(pin, pin), (pin, pin), (0.6 * pin, 1.35 * pin), (0.22 * pin, 1.35 * pin)])
        path = np.column_stack([z, np.zeros(4), np.zeros(4)])
        blade = sweep(path, sizes, segments=16)
        waists = ((0.8, 0.0), (1.0, 0.12), (1.0, 0.62), (0.65, 1.0))
        handle = np.concatenate([ring(share * r, x * long) for share, x in waists])
        rod = cuboid((long - 0.01, -pin, -pin), (end, pin, pin))
        return centered({"handle": Part(turned(grip, LAID), (handle,)), "blade": Part(blade, (rod,))})


class Spanner(Value):
    """A ring spanner lying flat: a ring at each end, the larger one at +x."""

    category: ClassVar[str] = "spanner"
    supercategory: ClassVar[str] = "tool"
    typical: ClassVar[dict[str, Range]] = {
        "length": (0.13, 0.22), "jaw": (0.008, 0.014), "thickness": (0.006, 0.009)
    }  # fmt: skip
    density: ClassVar[Range] = (7700.0, 7900.0)

    length: float = Field(0.17, ge=0.06, le=0.5)
    jaw: float = Field(0.011, ge=3e-3, le=0.03)
    thickness: float = Field(0.007, ge=2e-3, le=0.02)

    @model_validator(mode="after")
    def _fits(self) -> Spanner:
        if 6.0 * self.jaw > self.length:
            raise ValueError(f"rings of {self.jaw} m leave no bar in a length of {self.length} m")
        return self

    def model(self) -> Model:
        """Return one part, "body"."""
        thick, half = self.thickness, self.length / 2.0
        meshes, rims, ends = [], [], []
        for side, hole in ((1.0, self.jaw), (-1.0, 0.8 * self.jaw)):
            outer = 1.5 * hole
            at = (side * (half - outer), 0.0, 0.0)
            outline = [(hole, 0.0), (outer, 0.0), (outer, thick), (hole, thick), (hole, 0.0)]
            ring = revolve(fillet(outline, [0.0, 1e-3, 1e-3, 0.0, 0.0], 2)[:-1], 36, closed=True)
            meshes.append(turned(ring, np.eye(3), at))
            rims.append(hull([(outer, 0.0), (outer, thick)], 10) + at)
            ends.append(at[0] - side * 1.2 * hole)
        size = (ends[0] - ends[1], 0.9 * self.jaw, 0.6 * thick)
        middle = (sum(ends) / 2.0, 0.0, thick / 2.0)
        bar = box(size, 0.25 * thick, 2, middle)
        return centered({"body": Part(joined(*meshes, bar), (np.concatenate(rims),))})


def ring(radius: float, x: float, sides: int = 6) -> Array:
    """Return points (sides,3) on a circle about the x axis, m: few, so that round things come to rest."""
    turn = 2.0 * np.pi * np.arange(sides) / sides
    return np.column_stack([np.full(sides, x), radius * np.cos(turn), radius * np.sin(turn)])


def _stations(path: Array, sizes: Array, ends: tuple[int, int]) -> Array:
    """Return the convex piece of a swept handle between two of its stations."""
    corners = np.array([(0.0, a, b) for a in (-0.92, 0.92) for b in (-0.92, 0.92)])
    half = np.column_stack([np.ones(len(sizes)), sizes[:, 1], sizes[:, 0]])
    return (path[:, None] + corners * half[:, None])[list(ends)].reshape(-1, 3)
