"""Maps of what lights see: which share the atlas, and how each looks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from simdata.geometry import invert, look_at, transform
from simdata.light import AreaLight, Light, Sun
from simdata.render.caster import Casters
from simdata.render.gl.stage import columns
from simdata.render.gl.view import View

MAX_SHADOWS = 4  # maps
ATLAS = 2048  # texels a side; maps share it as quarters
WIDEST = 3.0  # half width of a lamp's map at z = 1
COARSE = 0.015  # m: a sun whose texels would be larger gets finer maps, too
WIDE = 1.0  # half width of a lamp's map at z = 1 beyond which it gets another one, of the objects alone
USED = 0.75  # of a finer map's half width; what lies farther out may be left to a coarser one
STEP = 32  # texels by which a finer map moves, so that shadows stand still while a camera moves


@dataclass(frozen=True, eq=False)
class ShadowMap:
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

    @property
    def texel(self) -> float:
        """Metres of a texel (for a lamp: at z = 1)."""
        return 2 * self.half_width / (ATLAS * self.side)

    @property
    def key(self) -> tuple[bytes, float, float, float]:
        """Equal for equal maps of one tile."""
        return self.world_from_light.tobytes(), self.near, self.far, self.half_width

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

    def meets(self, corners: np.ndarray) -> np.ndarray:
        """Say which boxes, (N, 8, 3) metres, world frame, may stand in a sun's light: (N,) bool."""
        across = transform(invert(self.world_from_light), corners)[..., :2]
        return ((across.min(1) < self.half_width) & (across.max(1) > -self.half_width)).all(-1)


@dataclass(frozen=True, eq=False)
class Share:
    """What a light has of the atlas.

    whole: shows all that casts shadows; things: a lamp's finer map, about the objects; spare: corners of the
    tiles for a sun's finer maps. All tiles are of one size.
    """

    whole: ShadowMap
    things: ShadowMap | None = None
    spare: tuple[tuple[float, float], ...] = ()


def shares(lights: Sequence[Light], cast: Casters) -> list[Share]:
    """Share the atlas among lights, the strongest first; fewer shares than lights where it is too small."""
    side = 1.0 if len(lights) == 1 else 0.5
    wholes = [_whole(light, cast, side) for light in lights[:MAX_SHADOWS]]
    things = [_about_things(whole, cast) for whole in wholes]
    coarse = [not whole.lamp and whole.texel > COARSE for whole in wholes]
    counts = _counts(coarse, [one is not None for one in things])
    if sum(counts) > 1:
        side = 0.5
    tiles = [(side * (number % 2), side * (number // 2)) for number in range(MAX_SHADOWS)]
    found = []
    for whole, close, count in zip(wholes, things, counts, strict=True):
        if count:
            own, spare = replace(whole, corner=tiles[0], side=side), tuple(tiles[1:count])
            more = replace(close, corner=spare[0], side=side) if close and spare else None
            found.append(Share(own, more, () if more else spare))
        tiles = tiles[count:]
    return found


def _counts(coarse: Sequence[bool], close: Sequence[bool]) -> list[int]:
    """Return how many maps each light gets: one or, coarse, two; a closer one; coarse ones more."""
    counts, left = [], MAX_SHADOWS
    for is_coarse in coarse:
        counts.append(min(1 + is_coarse, left))
        left -= counts[-1]
    for number in [*np.flatnonzero(close).tolist(), *np.flatnonzero(coarse).tolist() * MAX_SHADOWS][:left]:
        counts[number] += counts[number] > 0
    return counts


def _whole(light: Light, cast: Casters, side: float) -> ShadowMap:
    """Fit a light's map about the sphere of all that casts shadows; shadows reach ten radii beyond it."""
    center, radius, corner = cast.center, 1.02 * cast.radius, (0.0, 0.0)
    if isinstance(light, Sun):
        if cast.shell:  # it falls in by the windows, on whatever is inside
            center, radius = cast.room.mean(0), 0.51 * float(np.linalg.norm(np.ptp(cast.room, axis=0)))
        eye = center + 2 * radius * np.asarray(light.direction)
        pose = look_at(tuple(eye), tuple(center))
        return ShadowMap(pose, False, radius, 12 * radius, radius, corner, side)
    distance = float(np.linalg.norm(np.asarray(light.position) - center))
    if distance > 1.05 * radius:
        tangent = radius / np.sqrt(distance**2 - radius**2)
        near = distance - radius
    else:  # it hangs among them: it shadows what lies below it, within a wide cone
        tangent, near = WIDEST, 0.02 * radius
    ahead = np.asarray(light.position) + (light.direction if isinstance(light, AreaLight) else (0, 0, -1))
    pose = look_at(light.position, tuple(center if distance > 1.05 * radius else ahead))
    return ShadowMap(pose, True, near, distance + 11 * radius, min(tangent, WIDEST), corner, side)


def _about_things(whole: ShadowMap, cast: Casters) -> ShadowMap | None:
    """Return a wide lamp's map about the objects alone; None for others, and where it hangs among them."""
    eye, center, radius = whole.world_from_light[:3, 3], cast.things[:3], 1.02 * cast.things[3]
    distance = float(np.linalg.norm(eye - center))
    if not whole.lamp or whole.half_width < WIDE or distance < 1.05 * radius:
        return None
    tangent = radius / math.sqrt(distance**2 - radius**2)
    return replace(whole, world_from_light=look_at(tuple(eye), tuple(center)), half_width=min(tangent, WIDE))


def finer(share: Share, view: View, nearest: float, corners: np.ndarray) -> list[ShadowMap]:
    """Fit a sun's finer maps to ranges of a view's depth; each is so much longer than the one before.

    Args:
        share: of a sun.
        view: who looks.
        nearest: metres to the nearest thing it sees.
        corners: (N, 8, 3) metres, world frame, of the boxes of all that casts shadows.

    Returns:
        The coarsest first; none where even the nearest pixels see no more than the whole map shows.

    Source: Zhang et al., "Parallel-Split Shadow Maps for Large-scale Virtual Environments" (2006), its
    logarithmic split; whole texels as in Valient, "Stable Rendering of Cascaded Shadow Maps" (2008).
    """
    whole, count = share.whole, len(share.spare)
    far = whole.texel * float(view.matrix[0, 0])  # where a pixel is as wide as a texel of the whole map
    if not share.spare or not nearest < far:
        return []
    begin = 2.0 ** math.floor(math.log2(nearest))  # steps, for maps that do not change with every move
    ends = begin * (far / begin) ** (np.arange(count + 1) / (count + 1))
    maps = [_about(view, ends[k], ends[k + 1], share, share.spare[k], corners) for k in range(count)[::-1]]
    return [one for one in maps if one.half_width < whole.half_width]


def _about(
    view: View, begin: float, end: float, share: Share, corner: tuple[float, float], corners: np.ndarray
) -> ShadowMap:
    """Return a sun's map about a ball that holds what a view sees from one depth to another, metres."""
    whole, pixels = share.whole, [(x, y, 1) for x in (0, view.width) for y in (0, view.height)]
    rays = pixels @ np.linalg.inv(view.matrix).T
    middle = rays.mean(0)
    squared = float(((rays - middle) ** 2).sum(-1).max())
    center = min((1 + squared) * (begin + end) / 2, end) * middle
    radius = float(np.linalg.norm(np.concatenate([begin * rays, end * rays]) - center, axis=-1).max())
    half_width = radius / USED
    step = 2 * STEP * half_width / (ATLAS * whole.side)
    shift = np.eye(4)
    x, y, _ = transform(invert(whole.world_from_light) @ view.world_from_view, center)
    shift[:2, 3] = step * np.round(np.array([x, y]) / step)
    pose = whole.world_from_light @ shift
    fitted = replace(whole, world_from_light=pose, half_width=half_width, corner=corner)
    heights = transform(invert(pose), corners[fitted.meets(corners)])[..., 2]
    return replace(fitted, near=max(float(heights.min(initial=whole.far / 2)) - fitted.texel, whole.near))
