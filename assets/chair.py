"""A wooden chair: a seat on four legs, a back of two rails."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from simdata.assets.joinery import boards, mirrored
from simdata.mesh import Model, centered
from simdata.model import Model as Value


class Chair(Value):
    """A chair facing -y: a seat `width` m square, `seat` m high, its back up to `height` m."""

    category: ClassVar[str] = "chair"
    supercategory: ClassVar[str] = "furniture"
    typical: ClassVar[dict[str, tuple[float, float]]] = {
        "width": (0.38, 0.46), "seat": (0.43, 0.48), "height": (0.78, 0.98), "leg": (0.028, 0.045)
    }  # fmt: skip
    density: ClassVar[tuple[float, float]] = (500.0, 750.0)

    width: float = Field(0.42, ge=0.2, le=1.0)
    seat: float = Field(0.45, ge=0.2, le=1.0)
    height: float = Field(0.86, ge=0.4, le=2.0)
    leg: float = Field(0.034, ge=0.01, le=0.1)

    def model(self) -> Model:
        """Return the parts "seat" and "frame"; texture coordinates are in metres."""
        half, leg, level = self.width / 2.0, self.leg, self.seat - 0.022
        seat = boards([((-half, -half, level), (half, half, self.seat))], 0.008)
        a, free = half - leg - 0.004, self.height - self.seat
        frame = [*mirrored((a, -a - leg, 0.0), (a + leg, -a, level + 5e-4)),
                 *mirrored((a, a, 0.0), (a + leg, a + leg, self.height))]  # fmt: skip
        end = a + 1e-3
        for low, high in ((0.35, 0.55), (0.75, 0.98)):
            rail = (self.seat + low * free, self.seat + high * free)
            frame.append(((-end, a + 0.2 * leg, rail[0]), (end, a + 0.7 * leg, rail[1])))
        for y in (-a - leg, a):
            frame.append(((-end, y + 0.2 * leg, level - 0.06), (end, y + 0.8 * leg, level - 1e-3)))
        return centered({"seat": seat, "frame": boards(frame, 0.004)})
