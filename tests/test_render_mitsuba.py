"""`mitsuba` against closed form, against rays and against `gl`."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from photometer import dressed, shot, wall
from sample_scene import LENSES, camera, floor, scene_of, thing

from simdata.camera import Aperture, Motion, Shutter
from simdata.errors import RenderError
from simdata.geometry import Pose
from simdata.light import AreaLight, PointLight, SpotLight, Sun
from simdata.material import FieldTexture, ImageTexture, Material
from simdata.raycast import RayScene
from simdata.scene import Scene
from simdata.sensor import undeveloped
from simdata.sky import DaySky, radiance
from simdata.spec import Haze
from simdata.texture import texture_maps

pytest.importorskip("mitsuba", reason="mitsuba is not installed; pip install 'simdata[mitsuba]'")

from simdata.render.mitsuba import MitsubaRenderer

GREY = Material(base_color=(0.46, 0.46, 0.46), roughness=1.0)
ALBEDO = 0.179  # of it, linear
UP = np.array((0.0, 0.0, 1.0))
NARROW = camera(16, 12, eye=(0, -2, 0), target=(0, 0, 0), fov=0.02)
BLURRED = {
    "motion blur": {"motion": Motion(velocity=(2.0, 0, 0.5)), "shutter": Shutter(exposure=0.1)},
    "an aperture": {"aperture": Aperture(diameter=0.2, focus=0.5)},
}
ROLLING = {
    "motion": Motion(velocity=(0.4, 0.1, 0), angular_velocity=(0.2, -0.3, 0.9)),
    "shutter": Shutter(readout=0.1),
}


@pytest.fixture(scope="module")
def traced() -> Iterator[MitsubaRenderer]:
    renderer = MitsubaRenderer(samples=64, device="cpu")
    yield renderer
    renderer.close()


@pytest.fixture(scope="module")
def quick() -> Iterator[MitsubaRenderer]:
    renderer = MitsubaRenderer(samples=16, device="cpu")
    yield renderer
    renderer.close()


def light(renderer: Any, scene: Scene) -> np.ndarray:
    """Return the linear light (H, W, 3) of a scene's picture."""
    return undeveloped(shot(renderer, scene)).astype(float)


def card(matter: Material = GREY, **look: Any) -> Scene:
    """A wall of which so little is seen, head-on, that its lights take it for a point."""
    return wall(NARROW, materials={"cuboid_1.body": matter}, **look)


FACING: dict[str, Any] = {"direction": (0, 1, 0), "up": (0, 0, 1)}
# What lights the card, and what a white one reads; what a lamp and its cosine add up to is in powers of 1.25.
LIT: dict[str, tuple[dict[str, Any], float]] = {
    "sun": ({"lights": (Sun(direction=(0.6, -0.8, 0), strength=0.7),)}, 0.56),
    "hard sun": ({"lights": (Sun(direction=(0.6, -0.8, 0), strength=0.7, angle=0),)}, 0.56),
    "wide sun": ({"lights": (Sun(direction=(0.6, -0.8, 0), strength=0.7, angle=0.3),)}, 0.56),
    "point": ({"lights": (PointLight(position=(0.75, -1, 0)),)}, 1.25**-3),
    "spot": ({"lights": (SpotLight(position=(0, -1.25, 0), direction=(0, 1, 0)),)}, 1.25**-2),
    "area": ({"lights": (AreaLight(position=(0, -1.25, 0), **FACING, width=0.1, height=0.1),)}, 1.25**-2),
    "ambient": ({"ambient": 0.5}, 0.5),
}
ASLANT = AreaLight(position=(0.75, -1, 0), **FACING, width=0.1, height=0.1)
WIDE = AreaLight(position=(0.2, -1, 0), **FACING, width=1.0, height=0.6)
DAY = DaySky(sun=(0.5, -0.5, 0.7), turbidity=4, strength=0.6, ground=(0.5, 0.2, 0.1))


@pytest.mark.parametrize("name", LIT)
def test_a_grey_card_reads_what_its_light_says(traced: MitsubaRenderer, gl: Any, name: str) -> None:
    """And what it reads under `gl`: gloss adds a little of which closed form does not know."""
    look, expected = LIT[name]
    seen = light(traced, card(**look)).mean()
    assert seen == pytest.approx(ALBEDO * expected, rel=0.08)
    assert seen == pytest.approx(light(gl, card(**look)).mean(), rel=0.04)


def test_a_panel_falls_off_with_two_cosines_and_lights_nothing_behind_it(traced: MitsubaRenderer) -> None:
    seen = light(traced, card(lights=(ASLANT,))).mean()
    assert seen == pytest.approx(ALBEDO * 1.25**-4, rel=0.08)
    turned = ASLANT.model_copy(update={"direction": (0, -1, 0)})
    assert not light(traced, card(lights=(turned,))).any()
    assert not light(traced, card(lights=(ASLANT.model_copy(update={"portal": True}),))).any()


@pytest.mark.parametrize("look", [{"lights": (WIDE,)}, {"sky": DAY}, {"sky": DAY, "ambient": 0.2}])
def test_wide_lights_and_skies_read_the_same_under_gl(traced: MitsubaRenderer, gl: Any, look: dict) -> None:
    assert light(traced, card(**look)).mean() == pytest.approx(light(gl, card(**look)).mean(), rel=0.04)


def test_a_spot_fades_as_gl_says(traced: MitsubaRenderer, gl: Any) -> None:
    spot = SpotLight(position=(0, -1.5, 0), direction=(0, 1, 0), angle=0.5, blend=0.4)
    ours, theirs = (light(one, wall(lights=(spot,))).mean(-1) for one in (traced, gl))
    assert np.abs(ours - theirs).max() < 0.05
    assert (theirs == 0).any() and ours[theirs == 0].max() < 0.02  # the lamp is wide


def test_lamps_are_not_seen_but_in_mirrors(traced: MitsubaRenderer) -> None:
    """Labels know of no lamp: a ball of light and a panel hang between the camera and the wall."""
    lamps = (
        PointLight(position=(0, -1, 0), radius=0.1, strength=0.3),
        AreaLight(position=(0.3, -1, 0), **FACING, width=0.2, height=0.2, strength=0.3),
    )
    seen = light(traced, wall(lights=lamps)).mean(-1)
    assert np.abs(np.diff(seen, axis=1)).max() < 0.1
    mirror = Material(base_color=(1, 1, 1), roughness=0, metallic=1)
    assert light(traced, wall(lights=lamps, materials={"cuboid_1.body": mirror})).max() > 2


def test_a_sky_is_where_its_picture_says(quick: MitsubaRenderer) -> None:
    """What is seen of it, and what it lights."""
    picture = radiance(DAY, 256)
    for heading in np.radians((0, 60, 200, 330)):
        target = np.array((math.cos(heading), math.sin(heading), 0.4))
        view = camera(24, 16, eye=50 * UP, target=target + 50 * UP, fov=0.8)
        ways = view.pixel_rays()[1]
        ways = ways / np.linalg.norm(ways, axis=-1, keepdims=True)
        row = np.arccos(ways[..., 2]) / math.pi * 256 - 0.5
        column = 256 - np.arctan2(ways[..., 1], ways[..., 0]) / math.pi * 256 - 0.5
        expected = cv2.remap(
            picture, np.float32(column), np.float32(row), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP
        )
        seen = light(quick, dressed(scene_of(floor(), view), sky=DAY))
        assert np.abs(seen / expected - 1).max() < 0.08
    assert light(quick, card(sky=DAY)).mean() == pytest.approx(ALBEDO * _on_wall(picture), rel=0.08)


def _on_wall(picture: np.ndarray) -> float:
    """Return what a white wall that faces -y reads under a sky (H, 2 H, 3), on average."""
    height = len(picture)
    polar = math.pi * (np.arange(height)[:, None] + 0.5) / height
    azimuth = math.pi - math.pi * (np.arange(2 * height) + 0.5) / height
    cosine = np.clip(-np.sin(polar) * np.sin(azimuth), 0, None)
    return float((picture.mean(-1) * cosine * np.sin(polar)).sum() * (math.pi / height) ** 2 / math.pi)


def test_shadows_fall_where_rays_say(quick: MitsubaRenderer) -> None:
    things = thing("cuboid", 1, Pose(position=(0.1, 0, 0)), sx=0.3, sy=0.1, sz=0.2)
    scene = scene_of([*floor(), *things], camera(64, 48, eye=(0.3, -0.9, 0.9)))
    way = np.array((0.48, 0.36, 0.8))
    seen = light(quick, dressed(scene, lights=(Sun(direction=tuple(way), angle=0),))).mean(-1)
    assert _misjudged(scene, way, seen) < 0.01
    assert _misjudged(scene, way * (1, -1, 1), seen) > 0.03


def _misjudged(scene: Scene, way: np.ndarray, seen: np.ndarray) -> float:
    """Return the share of the floor's pixels that are lit and should not be, or the other way round."""
    view, rays = scene.spec.cameras[0], RayScene(scene)
    origin, directions = view.pixel_rays()
    hits = rays.cast(origin, directions)
    points = origin + directions * hits.distance[..., None] + 1e-4 * way
    on_floor = hits.node_ids == 1
    dark = rays.meets(points[on_floor], np.broadcast_to(way, points[on_floor].shape))
    return float((dark != (seen[on_floor] < 0.3)).mean())


@pytest.mark.parametrize("lens", LENSES)
@pytest.mark.parametrize("moving", [{}, ROLLING], ids=["still", "rolling"])
def test_colour_lies_on_its_labels_under_every_lens(quick: MitsubaRenderer, lens: str, moving: dict) -> None:
    """A glowing box before nothing, but for the pixels at its edge."""
    view = camera(eye=(0.1, -0.6, 0.2)).model_copy(update={"lens": LENSES[lens].resized(0.5), **moving})
    scene = scene_of(thing("cuboid", 1, Pose(), sx=0.7, sy=0.1, sz=0.4), view)
    glow = {"cuboid_1.body": Material(base_color=(1, 1, 1), emission=1.0)}
    quick.load(scene := dressed(scene, materials=glow))
    frame, truth = quick.render(view), RayScene(scene).view(view)
    for name, layer in truth.items():
        assert np.array_equal(frame.layers[name], layer), name
    there = truth["node_ids"] > 0
    inner, outer = (cv2.erode(np.uint8(part), np.ones((3, 3))) > 0 for part in (there, ~there))
    assert inner.sum() > 9 and outer.sum() > 9
    assert frame.rgb[inner].min() > 200 and frame.rgb[outer].max() == 0
    edge = frame.rgb[~inner & ~outer].mean(-1)
    assert np.mean(edge > 150) == pytest.approx(there[~inner & ~outer].mean(), abs=0.2)


@pytest.mark.parametrize("name", BLURRED)
def test_blur_is_as_wide_as_that_of_gl(traced: MitsubaRenderer, gl: Any, name: str) -> None:
    sharp = camera(48, 36)
    nodes = thing("sphere", 1, Pose(position=(0.05, 0, 0)), radius=0.2)
    blurred = sharp.model_copy(update=BLURRED[name])
    scene = dressed(scene_of(nodes, sharp, blurred), ambient=0.5)
    ours, theirs, without = (
        shot(*args).mean(-1) for args in ((traced, scene, 1), (gl, scene, 1), (gl, scene, 0))
    )
    assert np.abs(ours - theirs).mean() < 0.3 * np.abs(without - theirs).mean()


def test_textures_lie_as_under_gl(quick: MitsubaRenderer, gl: Any) -> None:
    """A label has no symmetry; it is turned, mirrored or shifted to see that this would be noticed."""
    view = camera(64, 48, eye=(0.07, -0.2, 0.03), target=(0.07, 0, 0.03), roll=0.4)
    texture = FieldTexture(family="label", seed=3, colors=((0, 0, 0), (1, 1, 1)), relief=0, repeat=(2.0, 3.0))
    matter = Material(base_color=(1, 1, 1), roughness=1, texture=texture)
    scene = dressed(wall(view), ambient=0.7, materials={"cuboid_1.body": matter})
    ours, theirs = (shot(one, scene).mean(-1) for one in (quick, gl))
    off = np.abs(ours - theirs).mean()
    assert 3 * off < min(np.abs(other - theirs).mean() for other in (ours[::-1], ours[:, ::-1]))


def test_pictures_are_the_right_way_up(tmp_path: Path) -> None:
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:4, :4], picture[:4, 4:], picture[4:, :4] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    _, data = cv2.imencode(".png", picture[..., ::-1])
    name = hashlib.sha256(data.tobytes()).hexdigest()
    (tmp_path / f"{name}.png").write_bytes(data.tobytes())
    above = camera(20, 20, eye=(0, -0.001, 2.0), fov=0.5)
    scene = scene_of(thing("cuboid", 1, Pose(), sx=1.0, sy=1.0, sz=0.1), above)
    look = {"cuboid_1.body": Material(base_color=(1, 1, 1), texture=ImageTexture(sha256=name))}
    renderer = MitsubaRenderer(samples=4, device="cpu", store=tmp_path)
    rgb = shot(renderer, dressed(scene, ambient=0.5, materials=look))
    corners = [rgb[5, 5], rgb[5, 15], rgb[15, 5], rgb[15, 15]]
    assert [int(corner.argmax()) for corner in corners[:3]] == [0, 1, 2]
    assert corners[3].max() < 80 < min(corner.max() for corner in corners[:3])
    with pytest.raises(RenderError, match="open the renderer with store="):
        MitsubaRenderer(device="cpu").load(dressed(scene, materials=look))
    look = {"cuboid_1.body": Material(texture=ImageTexture(sha256="0" * 64))}
    with pytest.raises(RenderError, match=r"0{64}\.png cannot be read"):
        renderer.load(dressed(scene, materials=look))


def test_relief_is_bright_where_it_faces_the_light(quick: MitsubaRenderer) -> None:
    """Heights rise along u and v; what u and v are on the wall, rays say."""
    view = camera(64, 48, eye=(0.07, -0.2, 0.03), target=(0.07, 0, 0.03), roll=0.4)
    texture = FieldTexture(family=_bumpy(), seed=1, colors=((1, 1, 1), (1, 1, 1)), relief=1)
    matter = Material(base_color=(1, 1, 1), roughness=1, texture=texture)
    origin, rays = view.pixel_rays()
    hits = RayScene(wall(view)).cast(origin, rays)
    points = (origin + rays * hits.distance[..., None]).reshape(-1, 3)
    along = np.linalg.lstsq(np.c_[hits.uvs.reshape(-1, 2), np.ones(len(points))], points, rcond=None)[0][:2]
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    maps = texture_maps(texture.family, texture.seed)
    x, y = np.moveaxis(hits.uvs * (1, -1) % 1 * len(maps), -1, 0).astype(int)
    slopes = (maps[y, x, 2:].astype(float) - 128) / 127
    normals = np.array((0, -1, 0)) - slopes @ along
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    for way in np.array([(0.6, -0.8, 0), (-0.6, -0.8, 0), (0, -0.8, 0.6)]):
        scene = dressed(wall(view), lights=(Sun(direction=tuple(way)),), materials={"cuboid_1.body": matter})
        seen = light(quick, scene).mean(-1)
        assert np.corrcoef(seen.ravel(), np.clip(normals @ way, 0, 1).ravel())[0, 1] > 0.8


def _bumpy() -> str:
    """Return a family whose relief is strong and broad."""
    return "plaster"


def test_what_glows_is_seen_and_lights_what_is_near(traced: MitsubaRenderer) -> None:
    glow = Material(base_color=(1, 1, 1), emission=0.6)
    assert light(traced, card(glow)).mean() == pytest.approx(0.6, abs=0.02)
    ball = thing("sphere", 2, Pose(position=(0, -0.3, 0)), radius=0.1)
    view = camera(16, 12, eye=(0, -2, 0), target=(0.5, 0, 0), fov=0.05)
    scene = scene_of([*wall().nodes, *ball], view)
    seen = light(traced, dressed(scene, materials={"sphere_2.body": glow})).mean()
    arm = math.hypot(0.5, 0.3)
    assert seen == pytest.approx(0.6 * 0.1**2 * 0.3 / arm**3, rel=0.1)


def test_a_clear_pane_lets_its_tint_through(traced: MitsubaRenderer) -> None:
    """Two faces, each of which reflects some 8 % (a thin wall has two sides) and tints the rest."""
    pane = thing("cuboid", 2, Pose(position=(0, -1, 0)), sx=1, sy=0.01, sz=1)
    view = camera(16, 12, eye=(0, -2, 0), target=(0, 0, 0), fov=0.05)
    scene = scene_of([*wall().nodes, *pane], view)
    glow = Material(base_color=(1, 1, 1), emission=0.8)
    glass = Material(base_color=(1.0, 0.735357, 1.0), transmission=1.0)
    seen = light(traced, dressed(scene, materials={"cuboid_1.body": glow, "cuboid_2.body": glass})).mean(
        (0, 1)
    )
    assert seen[0] == pytest.approx(0.8 * 0.923**2, rel=0.05)
    assert seen[1] == pytest.approx(seen[0] / 4, rel=0.08)


def test_glass_casts_a_faint_shadow(traced: MitsubaRenderer) -> None:
    """A small lamp's light comes through as it does from what glows, without specks."""
    pane = thing("cuboid", 2, Pose(position=(0, -0.5, 0)), sx=4, sy=0.01, sz=4)
    view = camera(16, 12, eye=(0, -0.4, 0), target=(0, 0, 0), fov=0.05)
    scene = scene_of([*wall().nodes, *pane], view)
    glass = Material(base_color=(1, 1, 1), transmission=1.0)
    lamp = {"lights": (Sun(direction=(0, -1, 0), angle=0.02),)}
    through, free = (
        light(traced, dressed(scene_of(nodes, view), **lamp, materials=look)).mean(-1)
        for nodes, look in (
            (scene.nodes, {"cuboid_1.body": GREY, "cuboid_2.body": glass}),
            (wall().nodes, {"cuboid_1.body": GREY}),
        )
    )
    assert through.mean() == pytest.approx(0.923**2 * free.mean(), rel=0.08)
    assert through.std() < 0.1 * through.mean()


def test_varnish_mirrors_a_lamp(traced: MitsubaRenderer) -> None:
    sun = Sun(direction=(0, -1, 0), angle=0.05)
    plain, coated = (
        light(traced, card(GREY.model_copy(update={"coat": coat}), lights=(sun,))).mean()
        for coat in (0.0, 1.0)
    )
    assert coated > plain + 0.3


def test_haze_fades_with_metres(quick: MitsubaRenderer) -> None:
    haze = Haze(density=0.4, color=(1, 1, 1), strength=0.6)
    glow = Material(base_color=(1, 1, 1), emission=0.2)
    through = math.exp(-0.4 * 2)
    seen = light(quick, card(glow, haze=haze)).mean()
    assert seen == pytest.approx(0.2 * through + 0.6 * (1 - through), abs=0.01)


def test_haze_hides_the_sky_as_under_gl(quick: MitsubaRenderer, gl: Any) -> None:
    view = camera(16, 12, target=(0, -2, 1), far=20)
    for behind in ({"sky": DAY}, {"backdrop": (0.8, 0.2, 0.1)}):
        scene = dressed(scene_of(floor(), view), haze=Haze(density=0.03), **behind)
        assert np.abs(shot(quick, scene).astype(int) - shot(gl, scene)).max() <= 2


def test_nothing_shows_the_backdrop(quick: MitsubaRenderer) -> None:
    scene = scene_of(floor(), camera(8, 6, target=(0, -2, 1)))
    rgb = shot(quick, dressed(scene, ambient=0.9, backdrop=(0.2, 0.4, 0.6)))
    assert np.abs(rgb.astype(int) - (51, 102, 153)).max() <= 1


def test_a_sky_that_is_sought_through_a_portal_is_the_same(traced: MitsubaRenderer) -> None:
    """A portal is where a sky is looked for: it neither adds to it nor hides any, whatever its strength."""
    sky = DaySky(sun=(0.6, -0.3, 0.74), strength=1.0)
    portal = AreaLight(position=(0.3, -1.25, 0), **FACING, width=2.0, height=1.5, strength=9, portal=True)
    bare, through = (light(traced, card(sky=sky, lights=lights)).mean() for lights in ((), (portal,)))
    assert through == pytest.approx(bare, rel=0.03)


def test_what_stands_before_a_portal_hides_its_sky(traced: MitsubaRenderer) -> None:
    """A black board behind the camera, farther away than most things are, keeps all of the sky out."""
    portal = AreaLight(position=(0.3, -4, 0), **FACING, width=3.0, height=3.0, portal=True)
    nodes = thing("cuboid", 1, Pose(position=(0, 0.05, 0)), sx=40, sy=0.1, sz=40)
    nodes += thing("cuboid", 2, Pose(position=(0, -3, 0)), sx=120, sy=0.1, sz=120)
    bare, hidden = scene_of(nodes[:1], NARROW), scene_of(nodes, NARROW)
    black = {"cuboid_2.body": Material(base_color=(0, 0, 0), roughness=1.0)}
    lit, dark = (
        light(traced, dressed(scene, sky=DaySky(sun=(0.6, -0.3, 0.74)), lights=(portal,), materials=black))
        for scene in (bare, hidden)
    )
    assert dark.mean() < 0.02 * lit.mean()


@pytest.mark.parametrize("lamp", [SpotLight, AreaLight])
def test_what_a_lamp_stands_for_is_seen_but_lights_nothing(traced: MitsubaRenderer, lamp: Any) -> None:
    glow = {"sphere_2.body": Material(base_color=(1, 1, 1), emission=0.6)}
    ball = thing("sphere", 2, Pose(position=(0, -0.3, 0)), radius=0.1)
    size = {} if lamp is SpotLight else {"up": (0, 0, 1), "width": 0.1, "height": 0.1}
    away = lamp(position=(0, -9, 0), direction=(0, -1, 0), surface="sphere_2.body", **size)
    for aim, reads in ((0.0, 0.6), (0.5, 0.0)):
        view = camera(16, 12, eye=(0, -2, 0), target=(aim, 0, 0), fov=0.05)
        scene = scene_of([*wall().nodes, *ball], view)
        seen = light(traced, dressed(scene, materials=glow, lights=(away,))).mean()
        assert seen == pytest.approx(reads, abs=0.02 if reads else 1e-4)
