"""Light for `tiny`: its one lamp, fitted to the look, and shadows drawn by ourselves.

TinyRenderer's own shadows take no more than a fifth of the light, begin 5 cm behind what casts them, and cost
more than the picture. So the renderer draws one depth map a scene from the lamp, and every view looks up
there which of its pixels the lamp sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from simdata.camera import Camera, Pinhole
from simdata.geometry import Pose, invert, look_at
from simdata.light import AreaLight, Light, Sun
from simdata.render.caster import casters
from simdata.scene import Scene

# TinyRenderer multiplies light with colours as sRGB encodes them; that encoding is nearly this power.
GAMMA = 2.2
# Where the lamp does not reach, this share of the brightness stays.
SHADE = 0.68
# Share of the lamp's brightness that surfaces get by their tilt alone: TinyRenderer's highlight.
SHEEN = 0.15
# Share of a lamp's light that the surfaces of a closed room pass on to all others.
PASSED_ON = 0.25
# Texels along the side of the shadow map; pixels over which an edge of a shadow is softened.
MAP_SIZE, SOFTNESS = 320, 5
# A surface this far behind what the lamp sees, in texels, begins to be in shadow; twice as far it is wholly.
BIAS_TEXELS = 2.0
# The shadow map is drawn from this many radii away: nearly parallel rays.
DISTANCE = 20.0


@dataclass(frozen=True, eq=False)
class Lamp:
    """TinyRenderer's one light, and the sphere about the objects within which it casts shadows.

    Attributes:
        direction: (3,) unit, world frame, towards the light.
        color: sRGB.
        ambient, diffuse, specular: brightness of what is encoded, as TinyRenderer multiplies it.
        center, radius: metres, world frame.
        casters: indices of the nodes that cast shadows: not a room, whose walls would darken everything.
    """

    direction: np.ndarray
    color: tuple[float, float, float]
    ambient: float
    diffuse: float
    specular: float
    center: np.ndarray
    radius: float
    casters: frozenset[int]

    def arguments(self) -> dict[str, object]:
        """Return the lamp as arguments of PyBullet's `getCameraImage`."""
        return {
            "lightDirection": self.direction.tolist(),
            "lightColor": list(self.color),
            "shadow": 0,
            "lightAmbientCoeff": self.ambient,
            "lightDiffuseCoeff": self.diffuse,
            "lightSpecularCoeff": self.specular,
        }

    def camera(self) -> Camera:
        """Return the view from the lamp."""
        distance = DISTANCE * self.radius
        pose = Pose.from_matrix(
            look_at((self.center + distance * self.direction).tolist(), self.center.tolist())
        )
        focal, middle = MAP_SIZE / 2 * (DISTANCE - 1), MAP_SIZE / 2
        lens = Pinhole(width=MAP_SIZE, height=MAP_SIZE, fx=focal, fy=focal, cx=middle, cy=middle)
        near, far = distance - 2 * self.radius, distance + 10 * self.radius
        return Camera(name="lamp", lens=lens, pose=pose, near=near, far=far)

    def shade(self, rgb: np.ndarray, depth: np.ndarray, camera: Camera, t: float, seen: np.ndarray) -> None:
        """Darken in place what the lamp does not see.

        Args:
            rgb: (H, W, 3) uint8.
            depth: (H, W) float32, metres; inf where nothing was hit.
            seen: (MAP_SIZE, MAP_SIZE) float32, depth in `camera()`, metres; finite.

        Source: Williams, "Casting curved shadows on curved surfaces" (1978).
        """
        x, y, z = _through(self.camera(), camera, np.where(np.isfinite(depth), depth, np.float32(0)), t)
        far = (self.camera().far,) * 4
        # Interpolated depths follow a surface: no stair of texels where it turns away from the lamp.
        behind = z - cv2.remap(seen, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=far)
        bias = BIAS_TEXELS * 2 * self.radius / MAP_SIZE
        # 255 in the light, 255 SHADE from twice the bias on: a straight line, cut at both ends.
        fall = 255 * (1 - SHADE) / bias
        lit = np.clip(255 + fall * bias - fall * behind, 255 * SHADE, 255).astype(np.uint8)
        lit = cv2.blur(lit, (SOFTNESS, SOFTNESS))
        cv2.multiply(rgb, cv2.cvtColor(lit, cv2.COLOR_GRAY2RGB), rgb, scale=1 / 255)


def lamp_of(scene: Scene, bounds: Sequence[np.ndarray], t: float) -> Lamp:
    """Fit TinyRenderer's lamp to the strongest light of a scene; the others join the ambient light.

    Args:
        scene: with its look.
        bounds: (2, 3) metres, node frame, of each node.
        t: one of the scene's instants, seconds.
    """
    cast = casters(scene, bounds, t)
    center, radius = cast.center, cast.radius
    look = scene.spec.look
    lights = [_arriving(light, center) for light in look.lights]
    above = (np.array([0.0, 0.0, 1.0]), (1.0, 1.0, 1.0), 0.0)
    direction, color, strength = max(lights, key=lambda light: light[2], default=above)
    # A lamp that TinyRenderer cannot have lights half of every solid.
    sky = look.sky.strength if look.sky else 0.0
    passed_on = PASSED_ON * strength if cast.shell else 0.0
    everywhere = look.ambient + sky + passed_on + 0.5 * (sum(light[2] for light in lights) - strength)
    # More than 1 would be cut off, and colours with it.
    unlit, lit = (min(light, 1.15) ** (1 / GAMMA) for light in (everywhere, everywhere + strength))
    return Lamp(
        direction=direction / np.linalg.norm(direction),
        color=color,
        ambient=unlit,
        diffuse=(1 - SHEEN) * (lit - unlit),
        specular=SHEEN * (lit - unlit),
        center=center,
        radius=radius,
        casters=cast.nodes,
    )


def _arriving(light: Light, center: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float], float]:
    """Return the direction (3,) towards a light, its sRGB colour and strength, as they are at the centre."""
    if isinstance(light, Sun):
        return np.asarray(light.direction), light.color, light.strength
    arm = np.asarray(light.position) - center
    distance = max(float(np.linalg.norm(arm)), 1e-3)
    way = arm / distance
    facing = max(float(-way @ light.direction), 0.0) if isinstance(light, AreaLight) else 1.0
    return way, light.color, facing * light.strength / distance**2


def _through(
    to: Camera, camera: Camera, depth: np.ndarray, t: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Carry pixels of one pinhole with their depth (H, W) into another: index coordinates x, y, and depth z.

    Source: Hartley & Zisserman, Multiple View Geometry, 9.6: x' = K' R K^-1 x d + K' t.
    """
    to_from_camera = invert(to.world_from_camera(t)) @ camera.world_from_camera(t)
    turn = to.lens.matrix() @ to_from_camera[:3, :3] @ np.linalg.inv(camera.lens.matrix())
    shift = to.lens.matrix() @ to_from_camera[:3, 3]
    u = np.arange(camera.width) + 0.5
    v = np.arange(camera.height)[:, None] + 0.5
    x, y, z = (
        depth * ((row[0] * u).astype(np.float32) + (row[1] * v + row[2]).astype(np.float32))
        + np.float32(part)
        for row, part in zip(turn, shift, strict=True)
    )
    return x / z - np.float32(0.5), y / z - np.float32(0.5), z
