"""A ball: a sphere with the texture of a thing."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simdata.assets.solid import icosphere_points, uv_sphere
from simdata.mesh import Model, Part, centered
from simdata.model import Model as Value


class Ball(Value):
    """A ball, tennis to football."""

    category: ClassVar[str] = "ball"
    supercategory: ClassVar[str] = "toy"
    typical: ClassVar[dict[str, tuple[float, float]]] = {"radius": (0.02, 0.06)}
    density: ClassVar[tuple[float, float]] = (150.0, 500.0)

    radius: float = Field(0.035, ge=5e-3, le=0.3)

    def model(self) -> Model:
        """Return one part, "body", that collides as 42 points."""
        return centered({"body": Part(uv_sphere(self.radius), (1.04 * self.radius * icosphere_points(1),))})
