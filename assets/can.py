"""A drinks can: a drawn body, a lid with a rim, a recessed panel and a pull tab."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from simdata.assets.piece import hull
from simdata.assets.solid import extrude, fillet, joined, revolve, superellipse
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value


class Can(Value):
    """A can of `radius` and `height` m; `neck` is the radius of the lid as a share of `radius`."""

    category: ClassVar[str] = "can"
    supercategory: ClassVar[str] = "container"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "radius": (0.026, 0.034), "height": (0.09, 0.17), "neck": (0.8, 0.9)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (900.0, 1020.0)

    radius: float = Field(0.033, ge=0.02, le=0.08)
    height: float = Field(0.122, ge=0.05, le=0.25)
    neck: float = Field(0.83, ge=0.7, le=0.95)

    @model_validator(mode="after")
    def _fits(self) -> Can:
        if self.height < 1.5 * self.radius:
            raise ValueError(f"height {self.height} m must be at least 1.5 times the radius {self.radius} m")
        return self

    def model(self) -> Model:
        """Return the parts "body" and "lid"."""
        r, lid, top = self.radius, self.radius * self.neck, self.height
        whole = hull([(0.74 * r, 0.0), (r, 0.012), (r, top - 0.45 * r), (lid, top)], 10)
        # The lid lies within the hull of the whole can; it only needs a thin piece of its own.
        cover = hull([(lid, top - 0.006), (lid, top)], 10)
        return centered({"body": Part(self._body(), (whole,)), "lid": Part(self._lid(), (cover,))})

    def _body(self) -> Mesh:
        r, lid, top = self.radius, self.radius * self.neck, self.height
        outline = [
            (0.0, 0.007), (0.45 * r, 0.0055), (0.68 * r, 0.001), (0.71 * r, 0.0), (0.77 * r, 0.0), (0.97 *
            r, 0.009),
            (r, 0.013), (r, 0.4 * top), (r, top - 0.42 * r), (lid - 0.001, top - 0.0045), (lid - 0.001, top
            - 0.003),
            (0.0, top - 0.003),
        ]  # fmt: skip
        radii = [0.0, 0.01, 0.001, 8e-4, 8e-4, 0.004, 0.004, 0.0, 0.015, 0.003, 0.0, 0.0]
        return revolve(fillet(outline, radii, 2), 40)

    def _lid(self) -> Mesh:
        r, top = self.radius * self.neck, self.height
        panel = top - 0.0022
        outline = [
            (0.0, top - 0.0045), (r - 0.0005, top - 0.0045), (r + 2e-4, top - 0.003), (r + 2e-4, top), (r -
            0.0016, top),
            (r - 0.0022, panel - 0.0015), (r - 0.0042, panel - 0.0015), (r - 0.005, panel), (0.0, panel),
        ]  # fmt: skip
        radii = [0.0, 3e-4, 8e-4, 7e-4, 7e-4, 7e-4, 7e-4, 8e-4, 0.0]
        ring = revolve(fillet(outline, radii, 2), 40)
        outline_tab = superellipse(28, 2.6) * (0.42 * r, 0.24 * r)
        tab = extrude(outline_tab, 0.0011, 0.0004).transformed(1.0, (0.18 * r, 0.0, panel + 2e-4))
        rivet = revolve(fillet([(0.0, 0.0), (0.0024, 0.0), (0.0024, 0.0016), (0.0, 0.0016)], 6e-4, 2), 16)
        mouth = extrude(superellipse(28, 2.3) * (0.24 * r, 0.32 * r), 6e-4, 2e-4)
        return joined(
            ring, tab, rivet.transformed(1.0, (0.0, 0.0, panel - 1e-4)),
            mouth.transformed(1.0, (-0.5 * r, 0.0, panel - 3e-4)),
        )  # fmt: skip
