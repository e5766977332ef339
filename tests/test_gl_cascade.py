"""A sun over a wide scene: shadows' edges against closed form near and far, and no seam between its maps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from photometer import BLACK, Photometer, dressed, shot
from sample_scene import camera, floor, scene_of, thing

from simdata.camera import Camera, Motion, Shutter
from simdata.geometry import Pose, look_at
from simdata.lens import KannalaBrandt
from simdata.light import Light, PointLight, Sun
from simdata.render.caster import Casters
from simdata.render.gl.shadow import ATLAS, STEP, Share, finer, shares
from simdata.render.gl.view import pinhole_view
from simdata.scene import Scene
from simdata.spec import Node

DISTANCES = (5, 10, 20, 60, 150)  # m
SUN = Sun(direction=(-0.8, 0, 0.6), angle=0.0, strength=0.8)
PASSED_ON = 12  # of 255: what the ground in the sun sends to what is in the shade
SLOPE = 0.8 / 0.6  # metres by which a shadow grows for each of height


def size_at(distance: float) -> float:
    """Return the side of the box at a distance, m: a part of it, wide enough for some rows of the picture."""
    return 0.1 * distance


def box_at(number: int, distance: float) -> list[Node]:
    """A box on the ground, left of the way ahead; its shadow falls to the right, and its tip at x = 0."""
    side = size_at(distance)
    place = (-(0.5 + SLOPE) * side, distance, side / 2)
    return thing("cuboid", number, Pose(position=place), sx=side, sy=side, sz=side)


def plain(*cameras: Camera, **look: Any) -> Scene:
    """Boxes near and far on a ground of 400 m, the sun on the left."""
    look = {"lights": (SUN,)} | look
    boxes = [node for number, distance in enumerate(DISTANCES, 1) for node in box_at(number, distance)]
    ahead = camera(480, 360, eye=(0, 0, 6), target=(0, 30, 0), fov=0.9, far=500)
    return dressed(
        scene_of([*boxes, *floor(z=0, size=400)], *(cameras or (ahead,))), **{"lights": (SUN,), **look}
    )


def on_the_ground(view: Camera) -> np.ndarray:
    """Return where pixels see z = 0, (H, W, 3) metres; nan above the horizon."""
    origin, rays = view.pixel_rays()
    return origin - rays * (origin[2] / np.where(rays[..., 2:] < 0, rays[..., 2:], np.nan))


@pytest.mark.parametrize("distance", [10, 20, 60, 150])
def test_a_shadow_ends_where_geometry_says_near_and_far(gl: Any, meter: Photometer, distance: float) -> None:
    """Its tip lies at x = 0, to a pixel and a quarter, in every row through the middle of its box."""
    scene = plain()
    view = scene.spec.cameras[0]
    light, (x, y) = meter.light(shot(gl, scene)), np.moveaxis(on_the_ground(view)[..., :2], -1, 0)
    side, pixel = size_at(distance), distance / view.lens.fx
    rows = np.flatnonzero(np.abs(y[:, view.width // 2] - distance) < 0.3 * side)
    assert len(rows) > 0
    for row in rows:
        seen = np.abs(x[row]) < 0.6 * side
        share = light[row, seen] / light[row, seen].max()
        assert share[0] < 0.05 and share[-1] > 0.95
        assert abs(np.interp(0.5, np.maximum.accumulate(share), x[row, seen])) < 1.25 * pixel


@pytest.mark.parametrize("elevation", [6, 40])
def test_lit_ground_shows_no_seam(gl: Any, elevation: float) -> None:
    """Nothing but the ground is in sight; what pictures show of it changes by its gloss alone."""
    a = math.radians(elevation)
    sun = Sun(direction=(-math.cos(a), 0, math.sin(a)), strength=0.5 / math.sin(a))
    aside = camera(240, 180, eye=(12, 0, 6), target=(80, 20, 0), fov=0.9, far=500)
    scene = plain(aside, lights=(sun,))
    rgb = shot(gl, scene).astype(int)[..., 0]
    seen = np.nan_to_num(np.linalg.norm(on_the_ground(aside), axis=-1), nan=1e9) < 150
    assert seen.sum() > 0.5 * seen.size and rgb[seen].min() > 100
    for axis in (0, 1):
        both = seen & np.roll(seen, 1, axis)
        both[(0,) if axis == 0 else (slice(None), 0)] = False
        assert np.abs(rgb - np.roll(rgb, 1, axis))[both].max() <= 2


def test_a_long_shadow_shows_no_seam(gl: Any) -> None:
    """A wall along the way ahead keeps all of the ground beside it dark, in whichever map."""
    wall = thing("cuboid", 9, Pose(position=(-5, 80, 5)), sx=1, sy=200, sz=10)
    ahead = camera(240, 180, eye=(0, 0, 6), target=(0, 30, 0), fov=0.9, far=500)
    low = Sun(direction=(-0.96, 0, 0.28))
    # A white wall would pass light of the far ground on into its own shadow.
    black = {"cuboid_9.body": BLACK}
    rgb = shot(gl, dressed(scene_of([*wall, *floor(z=0, size=800)], ahead), lights=(low,), materials=black))
    x, y = np.moveaxis(on_the_ground(ahead)[..., :2], -1, 0)
    assert rgb[(np.abs(x) < 3.5) & (y > 0) & (y < 160)].max() <= PASSED_ON
    assert rgb[(x > 32) & (x < 60) & (y > 0) & (y < 160)].min() > 100


def test_pictures_of_a_wide_scene_do_not_depend_on_those_before(gl: Any) -> None:
    fisheye = KannalaBrandt.from_fov(60, 45, 3.3)
    slide = Motion(velocity=(2.0, 1.0, 0.0))
    views = (
        camera(60, 45, eye=(0, 0, 6), target=(0, 30, 0), far=500),
        camera(60, 45, eye=(30, 90, 20), target=(0, 60, 0), far=500),
        camera(60, 45, eye=(0, 0, 2), target=(0, 5, 1), far=500, motion=slide, shutter=Shutter(readout=0.02)),
        camera(60, 45, eye=(0, 40, 6), far=500).model_copy(update={"lens": fisheye}),
    )
    scene = plain(*views)
    alone = [shot(gl, scene, number) for number in range(len(views))]
    gl.load(scene)
    for number in (2, 0, 3, 1, 0, 2):
        assert (gl.render(views[number]).rgb == alone[number]).all()
    assert len({picture.tobytes() for picture in alone}) == len(views)


def cast_by(radius: float) -> Casters:
    nowhere = np.array([[np.inf] * 3, [-np.inf] * 3])
    return Casters(
        frozenset({0}), np.zeros(3), radius, np.array([0, 0, 0, radius]), 0.0, nowhere, frozenset()
    )


def counts(lights: tuple[Light, ...], radius: float) -> list[int]:
    """Return how many maps each light has, after looking that no two share a tile."""
    found: list[Share] = shares(lights, cast_by(radius))
    tiles = [corner for share in found for corner in (share.whole.corner, *share.spare)]
    assert len(set(tiles)) == len(tiles) and all(
        share.whole.side <= 0.5 or len(tiles) == 1 for share in found
    )
    return [1 + len(share.spare) for share in found]


def test_only_a_sun_over_a_wide_scene_has_more_than_one_map() -> None:
    lamp = PointLight(position=(0, 0, 50))
    for lights in ((SUN,), (SUN, lamp), (SUN, SUN, lamp, lamp), (lamp,)):
        assert counts(lights, 4.0) == [1] * len(lights)
    assert shares((SUN,), cast_by(4.0))[0].whole.side == 1.0
    assert counts((SUN,), 100) == [4]
    assert counts((SUN, lamp), 100) == [3, 1] and counts((lamp, SUN), 100) == [1, 3]
    assert counts((SUN, SUN), 100) == [2, 2]
    assert counts((SUN, lamp, lamp), 100) == [2, 1, 1]
    assert counts((SUN, lamp, lamp, lamp), 100) == [2, 1, 1]
    assert counts((lamp, lamp, lamp, SUN), 100) == [1, 1, 1, 1]
    assert counts((lamp,), 100) == [1]


def fitted(eye: tuple[float, float, float], nearest: float = 8.0) -> list[Any]:
    view = camera(480, 360, eye=(0, 0, 6), target=(0, 30, 0), far=500)
    pose = look_at((0, 0, 6), (0, 30, 0))
    pose[:3, 3] = eye
    seen = pinhole_view(view.model_copy(update={"pose": Pose.from_matrix(pose)}), 0.0)
    return finer(shares((SUN,), cast_by(100))[0], seen, nearest, np.zeros((1, 8, 3)))


def test_maps_grow_with_distance_and_stand_still_while_a_camera_moves() -> None:
    maps = fitted((0, 0, 6))
    widths = [one.half_width for one in maps]
    assert len(maps) == 3 and widths == sorted(widths, reverse=True) and widths[0] < 0.5 * 102
    for eye in ((0.3, 0.1, 6.2), (0.01, 0, 6), (7, 3, 5)):
        for one, moved in zip(maps, fitted(eye), strict=True):
            assert moved.half_width == one.half_width
            steps = (moved.world_from_light - one.world_from_light)[:3, 3] @ one.world_from_light[:3, :3]
            steps /= STEP * 2 * one.half_width / (ATLAS * one.side)
            assert np.abs(steps - np.round(steps)).max() < 1e-6
    assert [one.key for one in fitted((0, 0, 6), 9.0)] == [one.key for one in maps]
    assert not fitted((0, 0, 6), 200.0)  # each pixel sees more than a texel of the whole map
