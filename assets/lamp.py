"""Lamps: one for the desk, one that hangs, a panel in the ceiling. Each has a part "glow" that shines."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from simdata.assets.joinery import boards, mirrored
from simdata.assets.piece import cuboid, hull
from simdata.assets.solid import Array, box, fillet, joined, revolve, sweep, turned, uv_sphere
from simdata.mesh import Mesh, Model, Part, centered
from simdata.model import Model as Value

Range = tuple[float, float]


class DeskLamp(Value):
    """A lamp on a round foot; its arm bends towards -y, and its shade hangs `reach` m from the pole."""

    category: ClassVar[str] = "lamp"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, Range]] = {
        "height": (0.38, 0.55), "reach": (0.24, 0.36), "shade": (0.055, 0.085)
    }  # fmt: skip
    density: ClassVar[Range] = (800.0, 2000.0)

    height: float = Field(0.42, ge=0.2, le=1.0)
    reach: float = Field(0.2, ge=0.1, le=0.6)
    shade: float = Field(0.07, ge=0.04, le=0.2)

    def model(self) -> Model:
        """Return the parts "body", "shade" and "glow"."""
        foot = revolve(fillet([(0.0, 0.0), (0.085, 0.0), (0.085, 0.016), (0.0, 0.02)], 0.004, 2), 32)
        bend = np.linspace(0.0, np.pi / 2.0, 7)
        rise = self.height - 0.05
        arm = np.column_stack([np.zeros(7), -0.05 * (1 - np.cos(bend)), rise + 0.05 * np.sin(bend)])
        path = np.concatenate(
            [[(0.0, 0.0, 0.01)], [(0.0, 0.0, 0.5 * rise)], arm, [(0.0, -self.reach, self.height)]]
        )
        pole = sweep(path, 0.007, side=(1.0, 0.0, 0.0), segments=10)
        at = (0.0, -self.reach, self.height + 0.01)
        hood, glow, cone = _shade(self.shade, 1.1 * self.shade, at)
        post = cuboid((-0.01, -0.01, 0.0), (0.01, 0.01, self.height))
        beam = cuboid((-0.008, -self.reach, self.height - 0.02), (0.008, 0.0, self.height + 0.008))
        body = Part(joined(foot, pole), (hull([(0.085, 0.0), (0.08, 0.02)], 12), post, beam))
        return centered({"body": body, "shade": Part(hood, (cone,)), "glow": glow})


class Pendant(Value):
    """A lamp that hangs `drop` m from the ceiling."""

    category: ClassVar[str] = "pendant"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, Range]] = {"drop": (0.5, 1.0), "shade": (0.14, 0.24)}
    density: ClassVar[Range] = (800.0, 2000.0)

    drop: float = Field(0.8, ge=0.1, le=5.0)
    shade: float = Field(0.18, ge=0.05, le=0.6)

    def model(self) -> Model:
        """Return the parts "body" (cord and rose), "shade" and "glow"."""
        rose = revolve(fillet([(0.0, -0.03), (0.05, -0.03), (0.05, 0.0), (0.0, 0.0)], 0.01, 2), 20)
        top = -self.drop + 0.75 * self.shade
        cord = box((0.006, 0.006, -top), center=(0.0, 0.0, top / 2.0 - 5e-4))
        hood, glow, cone = _shade(self.shade, 0.75 * self.shade, (0.0, 0.0, top))
        pieces = (hull([(0.05, -0.03), (0.05, 0.0)], 8), cuboid((-0.003, -0.003, top), (0.003, 0.003, 0.0)))
        return centered(
            {"body": Part(joined(rose, cord), pieces), "shade": Part(hood, (cone,)), "glow": glow}
        )


class Panel(Value):
    """A flat light of `length` (x) by `width` (y) m that sits on a ceiling and shines down."""

    category: ClassVar[str] = "panel"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, Range]] = {"length": (0.3, 1.2), "width": (0.2, 0.6)}
    density: ClassVar[Range] = (800.0, 2000.0)

    length: float = Field(0.6, ge=0.05, le=5.0)
    width: float = Field(0.6, ge=0.05, le=5.0)

    def model(self) -> Model:
        """Return the parts "frame" and "glow"."""
        x, y, bar = self.length / 2.0, self.width / 2.0, 0.02
        glow = boards([((-x + bar, -y + bar, 0.006), (x - bar, y - bar, 0.03))])
        bars = mirrored((x - bar, -y, 0.0), (x, y, 0.035))
        for low, high in ((-y, -y + bar), (y - bar, y)):
            bars.append(((-x + bar - 1e-3, low, 1e-3), (x - bar + 1e-3, high, 0.034)))
        return centered({"frame": boards(bars), "glow": glow})


def _shade(radius: float, height: float, top: tuple[float, float, float]) -> tuple[Mesh, Part, Array]:
    """Return a bell 2 mm thick that hangs from `top`, the bulb in it, and the bell's convex piece."""
    r, thick = radius, 0.002
    outer = [(0.0, 0.0), (0.3 * r, 0.0), (0.42 * r, -0.25 * height), (r, -height)]
    inner = [(r - thick, -height), (0.42 * r - thick, -0.25 * height - thick), (0.0, -0.2 * height)]
    profile = fillet([*outer, *inner], [0.0, 4e-3, 0.02, 5e-4, 5e-4, 0.02, 0.0], 2)[::-1]
    at = np.asarray(top)
    bulb_radius = 0.42 * r
    bulb = turned(uv_sphere(bulb_radius, 20, 10), np.eye(3), at - (0.0, 0.0, 0.68 * height))
    knob = hull([(0.3 * bulb_radius, -bulb_radius), (bulb_radius, 0.0), (0.3 * bulb_radius, bulb_radius)], 8)
    glow = Part(bulb, (knob + at - (0.0, 0.0, 0.68 * height),))
    cone = hull([(0.3 * r, 0.0), (r, -height)], 12) + at
    return turned(revolve(profile, 28), np.eye(3), at), glow, cone
