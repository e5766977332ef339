"""The look's lights on the device, with one atlas of shadow maps a scene."""

from __future__ import annotations

from dataclasses import dataclass

import moderngl
import numpy as np

from simdata.color import linear_from_srgb
from simdata.geometry import invert, look_at
from simdata.light import AreaLight, Light, SpotLight, Sun
from simdata.render.caster import Casters, casters
from simdata.render.gl.program import Program
from simdata.render.gl.stage import Stage, columns

MAX_LIGHTS, MAX_SHADOWS = 16, 4
ATLAS = 2048  # texels a side; four maps share it as quarters
LIT_UNIT, DEPTH_UNIT = 2, 3
NEAR, NEAREST = 1.2, 2.0  # of the radius of all that casts shadows; m
WIDEST = 3.0  # half width of a lamp's map at z = 1


class Lighting:
    """Lights in the table that `light.glsl` reads; the strongest cast shadows.

    Args:
        context: where they are.
        depth_program: draws depth alone.
    """

    def __init__(self, context: moderngl.Context, depth_program: Program) -> None:
        self._context, self._program = context, depth_program
        self._atlas = context.depth_texture((ATLAS, ATLAS))
        self._target = context.framebuffer(depth_attachment=self._atlas)
        self._lit = context.sampler(
            texture=self._atlas, compare_func="<=", filter=(moderngl.LINEAR, moderngl.LINEAR),
            repeat_x=False, repeat_y=False,
        )  # fmt: skip
        self._plain = context.sampler(
            texture=self._atlas, compare_func="", filter=(moderngl.NEAREST, moderngl.NEAREST),
            repeat_x=False, repeat_y=False,
        )  # fmt: skip
        self._lights: list[tuple[Light, int]] = []  # and the number of its map, -1 for none
        self._maps: list[_Map] = []
        self.cast: Casters

    @property
    def nearness(self) -> float:
        """Metres within which things hide the sky from each other; beyond, they are its surroundings."""
        return min(NEAR * self.cast.radius, NEAREST)

    def load(self, stage: Stage, t: float) -> None:
        """Take the lights of a scene and draw what each of the strongest sees."""
        self.cast = cast = casters(stage.scene, stage.bounds, t)
        lights = stage.scene.spec.look.lights
        strongest = sorted(lights, key=lambda light: -_reaching(light, cast.center))
        shining = [light for light in strongest if light.strength > 0][:MAX_LIGHTS]
        shaded = shining[:MAX_SHADOWS] if cast.nodes else []
        numbered = [(light, number if number < len(shaded) else -1) for number, light in enumerate(shining)]
        self._lights = sorted(numbered, key=lambda one: isinstance(one[0], AreaLight))
        side = 1.0 if len(shaded) < 2 else 0.5
        self._maps = []
        self._target.use()
        self._target.clear()
        for number, light in enumerate(shaded):
            corner = (side * (number % 2), side * (number // 2))
            self._maps.append(_map_of(light, cast, corner, side))
            nodes = cast.nodes | cast.shell if isinstance(light, Sun) else cast.nodes
            self._draw(self._maps[-1], stage, [node for node in stage.nodes if node in nodes], t)

    def bind(self, view_from_world: np.ndarray, program: Program) -> None:
        """Tell a program about the lights as a viewer sees them."""
        rows = np.zeros((6, MAX_LIGHTS, 4), np.float32)
        for place, (light, shadow) in enumerate(self._lights):
            rows[:, place] = _light_row(light, shadow, view_from_world)
        names = ("position", "color", "axis", "extra", "across", "along")
        program.set(**{f"light_{name}": row.tobytes() for name, row in zip(names, rows, strict=True)})
        lamps = sum(not isinstance(light, AreaLight) for light, _ in self._lights)
        program.set(light_count=len(self._lights), lamp_count=lamps)
        program.set(**self._shadows(invert(view_from_world)))
        self._lit.use(LIT_UNIT)
        self._plain.use(DEPTH_UNIT)

    def release(self) -> None:
        """Give everything back."""
        for thing in (self._lit, self._plain, self._target, self._atlas):
            thing.release()

    def _shadows(self, world_from_view: np.ndarray) -> dict[str, bytes]:
        """Return the maps as `light.glsl` wants them."""
        turns = np.zeros((MAX_SHADOWS, 4, 4))
        tiles, ranges = np.zeros((2, MAX_SHADOWS, 4), np.float32)
        for number, shadow in enumerate(self._maps):
            turns[number] = invert(shadow.world_from_light) @ world_from_view
            tiles[number] = *shadow.corner, shadow.side, ATLAS * shadow.side
            ranges[number] = shadow.near, shadow.far, shadow.half_width, 0
        return {
            "shadow_from_view": columns(turns),
            "shadow_tile": tiles.tobytes(),
            "shadow_range": ranges.tobytes(),
        }

    def _draw(self, shadow: _Map, stage: Stage, nodes: list[int], t: float) -> None:
        """Draw what one light sees into its tile."""
        (x, y), side = shadow.corner, shadow.side
        left, top, width = (round(ATLAS * value) for value in (x, y, side))
        self._target.viewport = (left, top, width, width)
        self._context.enable_only(moderngl.DEPTH_TEST)
        stage.look(shadow.world_from_light, t)
        self._program.set(clip_from_view=shadow.projection())
        stage.geometry.draw(self._program, nodes)


@dataclass(frozen=True, eq=False)
class _Map:
    """What one light sees: its tile of the atlas, (x, y) and side of 1, and how it looks.

    near, far: metres; half_width: metres, of the map (for a lamp: at z = 1).
    """

    world_from_light: np.ndarray
    lamp: bool
    near: float
    far: float
    half_width: float
    corner: tuple[float, float]
    side: float

    def projection(self) -> bytes:
        """Return clip_from_light."""
        near, far = self.near, self.far
        clip = np.zeros((4, 4))
        clip[0, 0] = clip[1, 1] = 1 / self.half_width
        if self.lamp:
            clip[2, 2:] = (far + near) / (far - near), -2 * far * near / (far - near)
            clip[3, 2] = 1
        else:
            clip[2, 2:] = 2 / (far - near), -(far + near) / (far - near)
            clip[3, 3] = 1
        return columns(clip)


def _map_of(light: Light, cast: Casters, corner: tuple[float, float], side: float) -> _Map:
    """Fit a light's map about the sphere of all that casts shadows; shadows reach ten radii beyond it."""
    center, radius = cast.center, 1.02 * cast.radius
    if isinstance(light, Sun):
        if cast.shell:  # it falls in by the windows, on whatever is inside
            center, radius = cast.room.mean(0), 0.51 * float(np.linalg.norm(np.ptp(cast.room, axis=0)))
        eye = center + 2 * radius * np.asarray(light.direction)
        return _Map(look_at(tuple(eye), tuple(center)), False, radius, 12 * radius, radius, corner, side)
    distance = float(np.linalg.norm(np.asarray(light.position) - center))
    if distance > 1.05 * radius:
        tangent = radius / np.sqrt(distance**2 - radius**2)
        near = distance - radius
    else:  # it hangs among them: it shadows what lies below it, within a wide cone
        tangent, near = WIDEST, 0.02 * radius
    ahead = np.asarray(light.position) + (light.direction if isinstance(light, AreaLight) else (0, 0, -1))
    pose = look_at(light.position, tuple(center if distance > 1.05 * radius else ahead))
    return _Map(pose, True, near, distance + 11 * radius, min(tangent, WIDEST), corner, side)


def _light_row(light: Light, shadow: int, view_from_world: np.ndarray) -> np.ndarray:
    """Return a light as `light.glsl` reads it, (6, 4)."""
    rotation, shift = view_from_world[:3, :3], view_from_world[:3, 3]
    row = np.zeros((6, 4))
    row[1, :3] = [light.strength * linear_from_srgb(channel) for channel in light.color]
    row[3] = 0, shadow, 0, 0
    if isinstance(light, Sun):
        row[0, :3], row[1, 3], row[2] = rotation @ light.direction, np.sin(light.angle / 2), (0, 0, 1, -1)
        return row
    row[0] = *(rotation @ np.asarray(light.position) + shift), 1
    row[2] = 0, 0, 1, -1
    if isinstance(light, AreaLight):
        across = np.cross(light.direction, light.up)
        row[1, 3] = np.sqrt(light.width * light.height / np.pi)
        row[2, :3] = rotation @ light.direction
        row[3, 2] = not light.portal
        row[4, :3], row[5, :3] = rotation @ across * light.width / 2, rotation @ light.up * light.height / 2
        return row
    row[1, 3] = light.radius
    if isinstance(light, SpotLight):
        row[2] = *(rotation @ light.direction), np.cos(light.angle)
        row[3, 0] = np.cos(light.angle * (1 - light.blend)) + 1e-4
    return row


def _reaching(light: Light, center: np.ndarray) -> float:
    """Return a light's strength at a point, whatever a spot's cone."""
    if isinstance(light, Sun):
        return light.strength
    arm = center - np.asarray(light.position)
    distance = max(float(np.linalg.norm(arm)), 1e-3)
    facing = max(float(arm @ light.direction) / distance, 0.0) if isinstance(light, AreaLight) else 1.0
    return facing * light.strength / distance**2
