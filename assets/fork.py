"""A fork: a handle that widens to a root, and tines sunk into it."""

from __future__ import annotations

import itertools
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.solid import Array, joined, sweep
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value


class Fork(Value):
    """A fork `length` m long, its tines towards +x and curved up."""

    category: ClassVar[str] = "fork"
    supercategory: ClassVar[str] = "cutlery"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "length": (0.16, 0.21), "head_width": (0.022, 0.028), "tine_length": (0.04, 0.052)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (7700.0, 8000.0)

    length: float = Field(0.19, ge=0.1, le=0.4)
    head_width: float = Field(0.025, ge=0.012, le=0.06)
    tine_length: float = Field(0.046, ge=0.015, le=0.12)
    tines: int = Field(4, ge=2, le=6)
    thickness: float = Field(0.0024, ge=1e-3, le=5e-3)

    @model_validator(mode="after")
    def _fits(self) -> Fork:
        if self.tine_length + 1.2 * self.head_width > 0.6 * self.length:
            raise ValueError(
                f"tine_length {self.tine_length} m leaves no handle in a length of {self.length} m"
            )
        if self.head_width / (self.tines * 2 - 1) < 0.8 * self.thickness:
            raise ValueError(f"{self.tines} tines do not fit a head_width of {self.head_width} m")
        return self

    def model(self) -> Model:
        """Return one part, "body"."""
        handle = sweep(
            self._path(*self._handle_x()), self._handle_sizes(), power=2.6, segments=20, tips=(0.004, 0.0012)
        )
        return centered({"body": Part(joined(handle, self._all_tines()), tuple(self._pieces()))})

    def _root(self) -> float:
        """Return x where the gaps between tines begin, m."""
        return self.length - self.tine_length

    def _height(self, x: Array) -> Array:
        """Return the height of the middle line at x, m: an arched neck, tines that dip and rise."""
        s = x / self.length
        neck = 0.05 * self.length * np.exp(-(((s - 0.42) / 0.24) ** 2))
        t = np.clip((x - self._root() + 0.02) / (self.tine_length + 0.02), 0.0, 1.0)
        return neck + 0.1 * self.tine_length * (t**2 * 2.2 - t)

    def _path(self, x: Array, y: float = 0.0) -> Array:
        return np.column_stack([x, np.full(len(x), y), self._height(x)])

    def _handle_x(self) -> tuple[Array]:
        return (np.linspace(0.0, self._root() + 0.002, 36),)

    def _handle_sizes(self) -> Array:
        (x,) = self._handle_x()
        s = x / self._root()
        grip = 0.0105 * (self.length / 0.19) ** 0.5
        waist = grip + (0.0052 - grip) * np.clip(s / 0.62, 0.0, 1.0) ** 1.3
        t = np.clip((x - self._root() + 1.25 * self.head_width) / (0.95 * self.head_width), 0.0, 1.0)
        width = waist + (self.head_width - waist) * t**2 * (3.0 - 2.0 * t)
        return np.column_stack([np.full(len(x), self.thickness / 2.0) * (1.25 - 0.25 * t), width / 2.0])

    def _all_tines(self) -> list[Mesh]:
        pitch = self.head_width / (2 * self.tines - 1) * 2.0
        x = np.linspace(self._root() - 0.006, self.length, 12)
        t = np.clip((x - self._root()) / self.tine_length, 0.0, 1.0)
        wide = pitch * (0.3 - 0.13 * t**1.5)
        tall = self.thickness / 2.0 * (0.96 - 0.4 * t**2)
        middle = (self.tines - 1) / 2.0
        offset = pitch * 0.955
        return [
            sweep(
                self._path(x, (k - middle) * offset),
                np.column_stack([tall, wide]),
                power=2.6,
                segments=10,
                tips=(0.0, 0.003),
            )
            for k in range(self.tines)
        ]

    def _pieces(self) -> list[Array]:
        head = self.length - self.tine_length - 0.6 * self.head_width
        cuts = (
            0.001,
            0.3 * self.length,
            head - 0.01,
            self.length - 0.5 * self.tine_length,
            self.length - 0.001,
        )
        return [self._piece(np.linspace(a, b, 3)) for a, b in itertools.pairwise(cuts)]

    def _piece(self, x: Array) -> Array:
        (at,) = self._handle_x()
        sizes = self._handle_sizes()
        width = np.interp(x, at, sizes[:, 1])[:, None]
        line = self._path(x)
        tall = self.thickness / 2.0
        return np.concatenate([line + np.array([0.0, 1.0, 0.0]) * width * a + (0.0, 0.0, tall * b)
                               for a in (-1.0, 1.0) for b in (-1.0, 1.0)])  # fmt: skip
