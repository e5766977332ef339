"""Vessels of glass: a tumbler, a jar with a lid."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from simdata.assets.piece import hull, wedges
from simdata.assets.solid import fillet, revolve
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value

Range = tuple[float, float]


class Tumbler(Value):
    """A drinking glass with a heavy foot; `taper` is the radius of the foot over that of the lip."""

    category: ClassVar[str] = "glass"
    supercategory: ClassVar[str] = "tableware"
    typical: ClassVar[dict[str, Range]] = {
        "radius": (0.031, 0.043), "height": (0.08, 0.15), "wall": (0.002, 0.0032), "taper": (0.72, 1.0)
    }  # fmt: skip
    density: ClassVar[Range] = (2400.0, 2600.0)

    radius: float = Field(0.037, ge=0.015, le=0.1)
    height: float = Field(0.11, ge=0.03, le=0.3)
    wall: float = Field(0.0025, ge=1e-3, le=8e-3)
    taper: float = Field(0.85, ge=0.5, le=1.1)
    base: float = Field(0.009, ge=2e-3, le=0.03)

    @model_validator(mode="after")
    def _fits(self) -> Tumbler:
        if self.wall + 0.005 > self.radius * self.taper or self.base > 0.4 * self.height:
            raise ValueError(f"wall {self.wall} m and base {self.base} m leave no hollow")
        return self

    def model(self) -> Model:
        """Return one part, "body"."""
        foot, lip, wall, top = self.radius * self.taper, self.radius, self.wall, self.height
        floor = foot + (lip - foot) * self.base / top - wall
        outline = [(0.0, 0.001), (0.6 * foot, 0.0), (foot, 0.0), (lip, top), (lip - wall, top)]
        outline += [(floor, self.base), (0.0, self.base)]
        body = revolve(fillet(outline, [0.0, 0.002, 0.003, 0.49 * wall, 0.49 * wall, 0.004, 0.0], 3), 40)
        sides = wedges([(floor, self.base), (lip - wall, top)], [(floor + wall, self.base), (lip, top)])
        bottom = hull([(foot - 0.001, 0.0), (floor + wall, self.base)], 16)
        return centered({"body": Part(body, (*sides, bottom))})


class Jar(Value):
    """A closed jar with a wide lid; a label fits the band below its shoulder."""

    category: ClassVar[str] = "jar"
    supercategory: ClassVar[str] = "container"
    typical: ClassVar[dict[str, Range]] = {
        "radius": (0.03, 0.048), "height": (0.08, 0.15), "lid": (0.75, 0.95)
    }  # fmt: skip
    density: ClassVar[Range] = (900.0, 1300.0)

    radius: float = Field(0.038, ge=0.015, le=0.1)
    height: float = Field(0.11, ge=0.04, le=0.3)
    lid: float = Field(0.86, ge=0.5, le=1.0, description="radius of the lid over radius of the body, 1")
    lid_height: float = Field(0.014, ge=5e-3, le=0.04)

    @model_validator(mode="after")
    def _fits(self) -> Jar:
        if self.lid_height > 0.3 * self.height:
            raise ValueError(f"lid_height {self.lid_height} m is above 0.3 of the height {self.height} m")
        return self

    def model(self) -> Model:
        """Return the parts "body" and "lid"."""
        r, neck, top = self.radius, self.radius * self.lid - 0.002, self.height
        low = top - self.lid_height
        outline = [(0.0, 0.003), (0.7 * r, 0.0), (r, 0.0), (r, 0.86 * low), (neck, low - 0.003)]
        outline += [(neck, top - 0.002), (0.0, top - 0.002)]
        body = revolve(fillet(outline, [0.0, 0.003, 0.006, 0.012, 0.003, 0.0, 0.0], 3), 40)
        rim = neck + 0.002
        cover = [(0.0, low), (rim, low), (rim + 0.001, low + 0.001), (rim + 0.001, low + 0.003)]
        cover += [(rim, low + 0.004), (rim, top), (rim - 0.004, top), (rim - 0.006, top - 0.001)]
        cover.append((0.0, top - 0.001))
        lid = revolve(fillet(cover, [0.0, 3e-4, 3e-4, 3e-4, 3e-4, 0.0015, 1e-3, 1e-3, 0.0], 2), 40)
        whole = hull([(r, 0.0), (r, 0.86 * low), (neck, low)], 12)
        return centered(
            {"body": Part(body, (whole,)), "lid": Part(lid, (hull([(rim, low), (rim, top)], 12),))}
        )
