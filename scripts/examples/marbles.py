"""Glass marbles dropped into a bowl: a whole scene builder on one screen.

simdata generate scripts/examples/marbles.py:Marbles --out marbles --scenes 10
"""

from typing import Annotated

from simdata import (
    Camera,
    GeneratedShape,
    Hsv,
    InBox,
    InShell,
    Layout,
    Look,
    Material,
    Model,
    Node,
    Pinhole,
    Pose,
    Quantity,
    SceneSpec,
    Scope,
    Sun,
    Uniform,
    UniformInt,
    look_at,
)
from simdata.distributions import Color, Integer, Point, Scalar

BOWL = GeneratedShape(generator="bowl", params={"radius": 0.09, "height": 0.07})
GROUND = GeneratedShape(generator="plane", params={"sx": 2.0, "sy": 2.0})


class Marbles(Model):
    """Glass marbles dropped into a bowl."""

    count: Annotated[Integer, Quantity("marbles", 1, 60)] = UniformInt(low=4, high=12)
    radius: Annotated[Scalar, Quantity("m", 0.003, 0.03)] = Uniform(low=0.008, high=0.014)
    drop: Annotated[Point, Quantity("m", -1, 1)] = InBox(low=(-0.03, -0.03, 0.0), high=(0.03, 0.03, 0.01))
    color: Annotated[Color, Quantity("sRGB", 0, 1)] = Hsv(saturation=(0.5, 1.0), value=(0.4, 1.0))
    eye: Annotated[Point, Quantity("m", -2, 2)] = InShell(radius_low=0.35, radius_high=0.5, elevation_low=0.7)

    def categories(self) -> list[str]:
        """Return the class names."""
        return ["marble"]

    def build(self, scope: Scope) -> SceneSpec:
        """Draw one scene."""
        layout, look = scope.layout, scope.look
        marbles = [self.marble(layout.child(i), i) for i in range(1, layout.draw("count", self.count) + 1)]
        scenery = [
            Node(name="ground", shape=GROUND, part="body", fixed=True, pose=Pose(position=(0, 0, -0.05))),
            Node(name="bowl", shape=BOWL, part="body", fixed=True, pose=Pose(position=(0, 0, 0.035))),
        ]
        glass = {m.name: Material(base_color=look.draw(m.name, self.color), roughness=0.1) for m in marbles}
        return SceneSpec(
            layout=Layout(nodes=(*scenery, *marbles)),
            look=Look(materials=glass, lights=(Sun(direction=(0.3, 0.2, 0.93), strength=0.7),)),
            cameras=tuple(self.camera(scope.cameras.child(i), i) for i in range(scope.views)),
        )

    def marble(self, scope: Scope, number: int) -> Node:
        """Draw one marble; each starts above the one before."""
        shape = GeneratedShape(generator="sphere", params={"radius": scope.draw("radius", self.radius)})
        x, y, z = scope.draw("drop", self.drop)
        pose = Pose(position=(x, y, z + 0.06 + 0.03 * number))
        name = f"marble_{number}"
        return Node(name=name, shape=shape, part="body", instance=number, category="marble", labelled=True,
                    pose=pose, density=2500)  # fmt: skip

    def camera(self, scope: Scope, view: int) -> Camera:
        """Draw one view of the bowl."""
        pose = Pose.from_matrix(look_at(scope.draw("eye", self.eye), (0, 0, 0.03)))
        return Camera(name=f"view_{view}", lens=Pinhole.from_fov(320, 240, 0.6), pose=pose)
