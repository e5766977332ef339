"""The look's lights on the device, with one atlas of shadow maps a scene."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np

from simdata.color import linear_from_srgb
from simdata.geometry import invert
from simdata.light import AreaLight, Light, SpotLight, Sun
from simdata.render.caster import Casters, casters
from simdata.render.gl.panorama import ROWS
from simdata.render.gl.program import Program
from simdata.render.gl.shadow import ATLAS, MAX_SHADOWS, ShadowMap, Share, finer, shares
from simdata.render.gl.stage import Stage, columns
from simdata.render.gl.view import View
from simdata.scene import Scene

MAX_LIGHTS, MAX_PORTALS = 16, 8
LIT_UNIT, DEPTH_UNIT, OUTSIDE_UNIT = 2, 3, 5
NEAR, NEAREST = 1.2, 0.4  # of the radius of all that casts shadows; m


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
        self._outside = context.texture3d((2 * ROWS, ROWS, MAX_PORTALS), 3, dtype="f2")
        self._outside.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._outside.repeat_y = self._outside.repeat_z = False
        self._lights: list[tuple[Light, int]] = []  # and the number of its share, -1 for none
        self._shares: list[Share] = []
        self._finer: list[list[ShadowMap]] = []  # a share, as they lie in the atlas
        self._shown: dict[AreaLight, int] = {}  # a portal's number
        self._stage: Stage
        self._t: float
        self.cast: Casters

    @property
    def nearness(self) -> float:
        """Metres within which things hide light from each other that the field is too coarse to tell."""
        return min(NEAR * self.cast.radius, NEAREST)

    def load(self, stage: Stage, t: float) -> None:
        """Take the lights of a scene and draw what each of the strongest sees."""
        self._stage, self._t = stage, t
        self.cast = cast = casters(stage.scene, stage.bounds, t)
        lights = stage.scene.spec.look.lights
        strongest = sorted(lights, key=lambda light: -_reaching(light, cast.center))
        shining = [light for light in strongest if light.strength > 0][:MAX_LIGHTS]
        self._shares = shares(shining, cast) if cast.nodes else []
        self._finer = [[share.things] if share.things else [] for share in self._shares]
        count = len(self._shares)
        numbered = [(light, number if number < count else -1) for number, light in enumerate(shining)]
        self._lights = sorted(numbered, key=lambda one: isinstance(one[0], AreaLight))
        for one in [one for share in self._shares for one in (share.whole, share.things) if one]:
            self._draw(one, self._casting(one))

    def open_to(self, shown: dict[AreaLight, np.ndarray]) -> None:
        """Let portals shine as what they show does, a panorama (ROWS, 2 ROWS, 3); others shine evenly.

        Each place sees another part of the sky in a portal: a floor what is high, a ceiling the ground.
        """
        self._shown = {portal: number for number, portal in enumerate([*shown][:MAX_PORTALS])}
        for portal, number in self._shown.items():
            layer = 0, 0, number, 2 * ROWS, ROWS, 1
            self._outside.write(shown[portal].astype(np.float16).tobytes(), viewport=layer)

    def fit(self, view: View, nearest: float) -> None:
        """Draw the finer maps of suns over a wide scene for a view whose nearest thing is so far, metres."""
        corners = self._stage.corners(self._t)
        for number, share in enumerate(self._shares):
            if not share.spare:
                continue
            nodes = self._casting(share.whole)
            found = finer(share, view, nearest, corners[nodes])
            if [one.key for one in found] == [one.key for one in self._finer[number]]:
                continue
            self._finer[number] = found
            for one in found:
                self._draw(
                    one, [node for node, met in zip(nodes, one.meets(corners[nodes]), strict=True) if met]
                )

    def bind(self, view_from_world: np.ndarray, program: Program) -> None:
        """Tell a program about the lights as a viewer sees them."""
        rows = np.zeros((6, MAX_LIGHTS, 4), np.float32)
        sets = [[share.whole, *more] for share, more in zip(self._shares, self._finer, strict=True)]
        for place, (light, number) in enumerate(self._lights):
            rows[:, place] = _light_row(light, view_from_world)
            if isinstance(light, AreaLight) and light in self._shown:
                rows[1, place, :3] = light.width * light.height / np.pi  # of radiance 1
                rows[3, place, 2] = 1 + self._shown[light]
            first = sum(len(maps) for maps in sets[: max(number, 0)])
            rows[3, place, [1, 3]] = (-1, -1) if number < 0 else (first, first + len(sets[number]) - 1)
        names = ("position", "color", "axis", "extra", "across", "along")
        program.set(**{f"light_{name}": row.tobytes() for name, row in zip(names, rows, strict=True)})
        lamps = sum(not isinstance(light, AreaLight) for light, _ in self._lights)
        program.set(light_count=len(self._lights), lamp_count=lamps)
        program.set(**_shadows([one for maps in sets for one in maps], invert(view_from_world)))
        self._lit.use(LIT_UNIT)
        self._plain.use(DEPTH_UNIT)
        self._outside.use(OUTSIDE_UNIT)

    def release(self) -> None:
        """Give everything back."""
        for thing in (self._lit, self._plain, self._target, self._atlas, self._outside):
            thing.release()

    def _casting(self, shadow: ShadowMap) -> list[int]:
        """Return the nodes that keep a map's light from others."""
        nodes = self.cast.nodes if shadow.lamp else self.cast.nodes | self.cast.shell
        scene = self._stage.scene
        return [node for node in self._stage.nodes if node in nodes and not _clear(scene, node)]

    def _draw(self, shadow: ShadowMap, nodes: Sequence[int] | np.ndarray) -> None:
        """Draw what one light sees into its tile."""
        left, top, width = (round(ATLAS * value) for value in (*shadow.corner, shadow.side))
        self._target.viewport = (left, top, width, width)
        self._target.use()
        self._target.clear(viewport=(left, top, width, width))
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._stage.look(shadow.world_from_light, self._t)
        self._program.set(clip_from_view=shadow.projection())
        self._stage.geometry.draw(self._program, nodes)


def _shadows(maps: list[ShadowMap], world_from_view: np.ndarray) -> dict[str, bytes]:
    """Return maps as `light.glsl` reads them."""
    turns = np.zeros((MAX_SHADOWS, 4, 4))
    tiles, ranges = np.zeros((2, MAX_SHADOWS, 4), np.float32)
    for number, shadow in enumerate(maps):
        turns[number] = invert(shadow.world_from_light) @ world_from_view
        tiles[number] = *shadow.corner, shadow.side, ATLAS * shadow.side
        ranges[number] = shadow.near, shadow.far, shadow.half_width, 0
    return {
        "shadow_from_view": columns(turns),
        "shadow_tile": tiles.tobytes(),
        "shadow_range": ranges.tobytes(),
    }


def _clear(scene: Scene, node: int) -> bool:
    """Say whether most light goes through a node: no shadow is nearer the truth than a black one."""
    return scene.spec.look.material(scene.nodes[node]).transmission > 0.5


def _light_row(light: Light, view_from_world: np.ndarray) -> np.ndarray:
    """Return a light as `light.glsl` reads it, but for its maps: (6, 4)."""
    rotation, shift = view_from_world[:3, :3], view_from_world[:3, 3]
    row = np.zeros((6, 4))
    row[1, :3] = [light.strength * linear_from_srgb(channel) for channel in light.color]
    if isinstance(light, Sun):
        row[0, :3], row[1, 3], row[2] = rotation @ light.direction, np.sin(light.angle / 2), (0, 0, 1, -1)
        return row
    row[0] = *(rotation @ np.asarray(light.position) + shift), 1
    row[2] = 0, 0, 1, -1
    if isinstance(light, AreaLight):
        across = np.cross(light.direction, light.up)
        row[1, 3] = np.sqrt(light.width * light.height / np.pi)
        row[2, :3] = rotation @ light.direction
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
