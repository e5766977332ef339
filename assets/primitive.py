"""Plain bodies for tests, floors and furniture. Texture coordinates are in metres."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simdata.assets.piece import cuboid, hull
from simdata.assets.solid import box, icosphere_points, revolve, uv_sphere
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value

Range = tuple[float, float]


class Cuboid(Value):
    """A sharp box of `sx`, `sy`, `sz` m."""

    category: ClassVar[str] = "cuboid"
    supercategory: ClassVar[str] = "primitive"
    typical: ClassVar[dict[str, Range]] = {"sx": (0.03, 0.2), "sy": (0.03, 0.2), "sz": (0.03, 0.2)}
    density: ClassVar[Range] = (500.0, 1000.0)

    sx: float = Field(0.1, ge=1e-3, le=1000.0)
    sy: float = Field(0.1, ge=1e-3, le=1000.0)
    sz: float = Field(0.1, ge=1e-3, le=1000.0)

    def model(self) -> Model:
        """Return one part, "body"."""
        half = np.array([self.sx, self.sy, self.sz]) / 2.0
        return centered({"body": Part(box(2.0 * half, tile=1.0), (cuboid(-half, half),))})


class Plane(Value):
    """A thin slab of `sx` by `sy` m to stand on."""

    category: ClassVar[str] = "plane"
    supercategory: ClassVar[str] = "scenery"
    typical: ClassVar[dict[str, Range]] = {"sx": (2.0, 10.0), "sy": (2.0, 10.0)}
    density: ClassVar[Range] = (1000.0, 2500.0)

    sx: float = Field(4.0, ge=1e-2, le=10000.0)
    sy: float = Field(4.0, ge=1e-2, le=10000.0)
    thickness: float = Field(0.1, ge=1e-3, le=10.0)

    def model(self) -> Model:
        """Return one part, "body"."""
        return Cuboid(sx=self.sx, sy=self.sy, sz=self.thickness).model()


class Sphere(Value):
    """A sphere of `radius` m."""

    category: ClassVar[str] = "sphere"
    supercategory: ClassVar[str] = "primitive"
    typical: ClassVar[dict[str, Range]] = {"radius": (0.02, 0.08)}
    density: ClassVar[Range] = (500.0, 1000.0)

    radius: float = Field(0.05, ge=1e-3, le=100.0)

    def model(self) -> Model:
        """Return one part, "body", that collides as 42 points."""
        # 1.04: the flat facets then lie as far inside the sphere as the corners lie outside.
        return centered({"body": Part(uv_sphere(self.radius), (1.04 * self.radius * icosphere_points(1),))})


class Cylinder(Value):
    """An upright cylinder."""

    category: ClassVar[str] = "cylinder"
    supercategory: ClassVar[str] = "primitive"
    typical: ClassVar[dict[str, Range]] = {"radius": (0.02, 0.1), "height": (0.03, 0.2)}
    density: ClassVar[Range] = (500.0, 1000.0)

    radius: float = Field(0.05, ge=1e-3, le=100.0)
    height: float = Field(0.1, ge=1e-3, le=1000.0)

    def model(self) -> Model:
        """Return one part, "body"."""
        r, h = self.radius, self.height
        mesh = revolve([(0.0, 0.0), (r, 0.0), (r, h), (0.0, h)])
        return centered({"body": Part(mesh, (hull([(r, 0.0), (r, h)], 16),))})
