"""A bottle with a screw cap."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from simdata.assets.piece import hull
from simdata.assets.solid import Array, fillet, revolve
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value


class Bottle(Value):
    """A closed bottle; `height` includes the cap, `shoulder` is the share of it at which the body ends."""

    category: ClassVar[str] = "bottle"
    supercategory: ClassVar[str] = "container"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.028, 0.042), "height": (0.17, 0.26), "neck": (0.011, 0.014), "shoulder": (0.52, 0.68)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (80.0, 1000.0)

    radius: float = Field(0.034, ge=0.015, le=0.1)
    height: float = Field(0.22, ge=0.08, le=0.5)
    neck: float = Field(0.0125, ge=5e-3, le=0.04)
    shoulder: float = Field(0.6, ge=0.4, le=0.75)
    cap_height: float = Field(0.016, ge=8e-3, le=0.04)

    @model_validator(mode="after")
    def _fits(self) -> Bottle:
        if self.neck > 0.75 * self.radius:
            raise ValueError(
                f"neck {self.neck} m must be at most three quarters of the radius {self.radius} m"
            )
        if self.height * (1.0 - self.shoulder) < self.cap_height + 0.015:
            raise ValueError(f"cap_height {self.cap_height} m leaves no neck above shoulder {self.shoulder}")
        return self

    def model(self) -> Model:
        """Return the parts "body" and "cap"."""
        body = Part(self._body(), tuple(self._pieces()))
        return centered({"body": body, "cap": Part(self._cap(), (hull(self._cap_section(), 10),))})

    def _slope(self) -> Array:
        """Return the shoulder, body to neck, as a smooth S of (radius, z) m."""
        low, high = self.height * self.shoulder, self.height - self.cap_height - 0.01
        t = np.linspace(0.0, 1.0, 9)
        fall = t**2 * (3.0 - 2.0 * t)
        return np.column_stack([self.radius + (self.neck - self.radius) * fall, low + (high - low) * t])

    def _body(self) -> Mesh:
        r, slope = self.radius, self._slope()
        band = self.height * self.shoulder
        rib = 0.0012
        base = [(0.0, 0.004), (0.55 * r, 0.003), (0.72 * r, 0.0), (r, 0.0), (r, 0.22 * band)]
        # The label sits in a shallow recess, as on real bottles.
        label = [(r - rib, 0.22 * band + 0.002), (r - rib, 0.9 * band), (r, 0.9 * band + 0.002)]
        top = slope[-1, 1]
        collar = [
            (self.neck + 0.0025, top + 0.001),
            (self.neck + 0.0025, top + 0.003),
            (self.neck - 5e-4, top + 0.004),
        ]
        mouth = [(self.neck - 5e-4, self.height - 0.004), (0.0, self.height - 0.004)]
        radii = [0.0, 0.003, 0.003, 0.006, 0.001, 0.001, 0.001, 0.001] + [0.0] * len(slope)
        radii += [5e-4, 5e-4, 0.0, 5e-4, 0.0]
        return revolve(fillet([*base, *label, *slope, *collar, *mouth], radii, 2), 40)

    def _cap_section(self) -> list[tuple[float, float]]:
        r, low = self.neck + 0.002, self.height - self.cap_height
        return [(r, low), (r, self.height)]

    def _cap(self) -> Mesh:
        (r, low), (_, high) = self._cap_section()
        outline = fillet([(0.0, low), (r, low), (r, high), (0.0, high)], [0.0, 4e-4, 0.0015, 0.0], 2)
        knurl = 1.0 + 0.012 * np.cos(np.arange(60) * 2.0 * np.pi / 3.0)  # grip: a rib every third segment
        return revolve(outline, 60, lobes=knurl)

    def _pieces(self) -> list[Array]:
        slope, r = self._slope(), self.radius
        body = hull([(r, 0.0), slope[0], slope[3]], 12)
        return [
            body,
            hull([slope[3], slope[5]], 10),
            hull([slope[5], (self.neck, self.height - self.cap_height)], 10),
        ]
