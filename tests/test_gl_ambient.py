"""Light from everywhere in `gl` where things stand near: openness, and what surfaces pass on."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from photometer import WHITE, Photometer, dressed, shot
from sample_scene import camera, floor, scene_of, thing

from simdata.asset import GeneratedShape, load_model
from simdata.camera import Camera
from simdata.geometry import Pose
from simdata.lens import KannalaBrandt
from simdata.light import AreaLight, PointLight, Sun
from simdata.material import Material
from simdata.raycast import ray_scene
from simdata.scene import Scene
from simdata.sensor import undeveloped
from simdata.sky import DaySky, looked_up, radiance
from simdata.spec import Node

# Of albedo 0.1: what hides the sky from it passes nearly nothing on.
GREY = Material(base_color=(0.349, 0.349, 0.349), roughness=1.0)


def grey(scene: Scene, **look: Any) -> Scene:
    return dressed(scene, materials={node.name: GREY for node in scene.nodes}, **look)


def openness(gl: Any, meter: Photometer, scene: Scene) -> np.ndarray:
    """Return the share of light from everywhere that is left of what arrives without the objects."""
    return lit(gl, meter, grey(scene, ambient=6.0)) / lit(gl, meter, grey(bare(scene), ambient=6.0))


def lit(gl: Any, meter: Photometer, scene: Scene) -> np.ndarray:
    return meter.light(shot(gl, scene))


def test_an_empty_plane_is_wholly_open(gl: Any) -> None:
    for eye in ((0, -1, 0.4), (0, -1, 0.1), (0, -1e-6, 2)):
        view = camera(120, 90, eye=eye, target=(0, 0, 0))
        crumb = thing("cuboid", 1, Pose(position=(0, 0.3, -3)), sx=1, sy=1, sz=1)
        rgb = shot(gl, dressed(scene_of([*floor(z=0, size=40), *crumb], view), ambient=0.5)).astype(int)
        ground = rgb[-40:]
        assert np.ptp(ground) <= 1


def beside_a_wall(height: float) -> Scene:
    """A long wall on the ground, and a camera above that sees the ground in front of it."""
    wall = thing("cuboid", 1, Pose(position=(0, 0.1, height / 2)), sx=8, sy=0.2, sz=height)
    view = camera(160, 120, eye=(0, -0.9, 0.9), target=(0, -0.2, 0), fov=1.0)
    return scene_of([*wall, *floor(z=0, size=20)], view)


def test_the_ground_beside_a_wall_is_as_open_as_geometry_says(gl: Any, meter: Photometer) -> None:
    """A long wall of height h hides (1 - d / sqrt(d^2 + h^2)) / 2 of the light at distance d."""
    height = 0.15
    scene = beside_a_wall(height)
    seen = openness(gl, meter, scene)[:, 80]
    origin, rays = scene.spec.cameras[0].pixel_rays()
    away = -(origin - rays * (origin[2] / rays[..., 2:]))[:, 80, 1]
    ground = (away > 0.01) & (away < 0.5)
    truth = 1 - 0.5 * (1 - away / np.hypot(away, height))
    assert np.abs(seen - truth)[ground].max() < 0.1
    assert seen[ground & (away < 0.04)].max() < 0.75 and seen[ground & (away > 0.4)].min() > 0.95


def bare(scene: Scene) -> Scene:
    """Leave the scenery alone."""
    return scene_of([node for node in scene.nodes if node.name == "floor"], *scene.spec.cameras)


def test_a_ball_darkens_the_ground_where_it_touches(gl: Any, meter: Photometer) -> None:
    """A ball of radius r on a plane hides r^3 / (r^2 + d^2)^1.5 of the light at distance d."""
    r = 0.1
    ball = thing("sphere", 1, Pose(position=(0, 0, r)), radius=r)
    view = camera(200, 40, eye=(0, -0.9, 0.7), target=(0, -0.02, 0), fov=0.6)
    scene = scene_of([*ball, *floor(z=0, size=10)], view)
    seen = openness(gl, meter, scene)
    origin, rays = view.pixel_rays()
    place = origin - rays * (origin[2] / rays[..., 2:])
    gl.load(scene)
    ids = gl.render(view).node_ids
    away = np.linalg.norm(place[..., :2], axis=-1)
    # What is behind the ball sees a side of it that the picture does not show.
    ground = (ids == len(ball) + 1) & (away < 0.4) & (place[..., 1] < 0)
    truth = 1 - r**3 / (away**2 + r**2) ** 1.5
    assert np.abs(seen - truth)[ground].mean() < 0.06
    assert np.abs(seen - truth)[ground].max() < 0.2
    assert seen[ground & (away < 0.07)].mean() < 0.55


def test_no_halo_is_around_what_stands_far_before_something(gl: Any, meter: Photometer) -> None:
    ball = thing("sphere", 1, Pose(position=(0, -1, 0)), radius=0.1)
    back = thing("cuboid", 2, Pose(position=(0, 2, 0)), sx=30, sy=0.1, sz=30)
    view = camera(80, 60, eye=(0, -2, 0), target=(0, 0, 0))
    scene = scene_of([*ball, *back], view)
    gl.load(scene)
    ids = gl.render(view).node_ids
    seen = lit(gl, meter, dressed(scene, ambient=0.6))
    assert np.abs(seen[ids == 2] - 0.6).max() < 0.02


def room(*extra: Node, view: Camera, ceiling: int = 1) -> Scene:
    """A cube of 2 m seen from inside, and a crumb in its middle."""
    sides = {"length": 2, "width": 2, "height": 2, "ceiling": ceiling, "skirting": 0, "east": 0}
    shape = GeneratedShape(generator="room", params=sides)
    model = load_model(shape)
    pose = Pose(position=(0, 0, -float(model.bounds[0, 2]) - 0.05))
    nodes = [Node(name=f"room.{part}", shape=shape, part=part, pose=pose, fixed=True) for part in model.parts]
    crumb = thing("sphere", 1, Pose(position=(0, 0, 0.9)), radius=0.05)
    return scene_of([*crumb, *nodes, *extra], view)


BALL_VIEW = camera(41, 41, eye=(0, -0.5, 0.9), target=(0, 0, 0.9), fov=0.3)


def test_a_red_wall_tints_what_faces_it(gl: Any) -> None:
    """All else black: a chalk ball's side towards a lit red wall is red, by the wall's form factor."""
    red = thing("cuboid", 2, Pose(position=(0.5, 0, 0.9)), sx=0.02, sy=6, sz=6)
    red = [node.model_copy(update={"instance": 0, "labelled": False}) for node in red]
    ball = thing("sphere", 1, Pose(position=(0, 0, 0.9)), radius=0.05)
    scene = scene_of([*ball, *red], BALL_VIEW)
    paint = {"cuboid_2.body": Material(base_color=(1, 0, 0), roughness=1), "sphere_1.body": WHITE}
    lamp = Sun(direction=(-1, 0, 0), strength=0.8)
    rgb = shot(gl, dressed(scene, lights=(lamp,), materials=paint)).astype(int)
    right = rgb[20, 27]
    assert right[0] > 3 * max(right[1], 1) and right[0] > 100


def test_what_a_wall_passes_on_is_its_light_times_its_form_factor(gl: Any, meter: Photometer) -> None:
    """A chalk ball beside a large lit wall reads the wall's light on the side that faces it."""
    wall = thing("cuboid", 2, Pose(position=(0, 0.5, 0.9)), sx=40, sy=0.02, sz=40)
    wall = [node.model_copy(update={"instance": 0, "labelled": False}) for node in wall]
    ball = thing("sphere", 1, Pose(position=(0, 0, 0.9)), radius=0.05)
    half = Material(base_color=(0.735357, 0.735357, 0.735357), roughness=1.0)
    sun = Sun(direction=(0, -1, 0), strength=0.8)
    view = camera(41, 41, eye=(0, 0.4, 0.9), target=(0, 0, 0.9), fov=0.3)
    scene = dressed(scene_of([*ball, *wall], view), lights=(sun,), materials={"cuboid_2.body": half})
    # Seen from the wall: the half that the sun does not reach, lit by a wall that fills its sky at 0.4.
    assert lit(gl, meter, scene)[20, 20] == pytest.approx(0.4, rel=0.12)


def test_a_closed_white_room_gathers_light(gl: Any, meter: Photometer) -> None:
    """Two bounces inside walls of albedo a: between a and a + a^2 of what arrives directly, no sky at all."""
    lamp = PointLight(position=(0, 0, 1.6), strength=0.4)
    grey_room = {f"room.{part}": GREY for part in ("floor", "walls", "ceiling")}
    white_room = {name: Material(base_color=(0.9, 0.9, 0.9), roughness=1) for name in grey_room}
    below = camera(21, 21, eye=(0, -0.3, 0.6), target=(0, 0, 0.87), fov=0.2)
    dim, bright = (
        lit(gl, meter, dressed(room(view=below), lights=(lamp,), materials=paint))[10, 10]
        for paint in (grey_room, white_room)
    )
    assert bright > 2.5 * dim > 0


def test_a_closed_room_keeps_sky_and_sun_out(gl: Any) -> None:
    sun, sky = Sun(direction=(0.48, 0.36, 0.8), strength=1.0), DaySky(sun=(0.48, 0.36, 0.8), strength=0.5)
    inside = camera(60, 60, eye=(0, -0.9, 1), target=(0, 0, 0.8), fov=1.4)
    closed = shot(gl, dressed(room(view=inside), lights=(sun,), sky=sky))
    assert closed.max() <= 6
    open_top = shot(gl, dressed(room(view=inside, ceiling=0), lights=(sun,), sky=sky))
    assert open_top.mean() > 60


def test_a_portal_takes_the_place_of_the_sky_it_stands_for(gl: Any) -> None:
    """Under a closed roof with no window, a portal is all there is; marked or not, it shines the same."""
    light = AreaLight(position=(0, 0.9, 1), direction=(0, -1, 0), up=(0, 0, 1), width=1, height=1)
    inside = camera(40, 40, eye=(0, -0.9, 1), target=(0, 0, 0.8), fov=1.0)
    seen = [
        shot(gl, dressed(room(view=inside), lights=(light.model_copy(update={"portal": portal}),)))
        for portal in (False, True)
    ]
    assert np.abs(seen[0].astype(int) - seen[1]).mean() < 3 and seen[1].mean() > 30


def test_bytes_do_not_depend_on_which_view_came_first(gl: Any) -> None:
    lens = KannalaBrandt.from_fov(60, 60, math.radians(200))
    views = [camera(60, 45), camera(60, 60, lens=lens), camera(33, 21, eye=(0.6, 0.5, 0.3))]
    ball = thing("sphere", 1, Pose(position=(0, 0, 0)), radius=0.2)
    scene = dressed(
        scene_of([*ball, *floor()], *views),
        sky=DaySky(sun=(0.6, 0.48, 0.64), clouds=0.3),
        lights=(Sun(direction=(0.6, 0.48, 0.64)),),
    )
    found = []
    for order in ((0, 1, 2), (2, 0, 1)):
        gl.load(scene)
        found.append({number: gl.render(views[number]).rgb.tobytes() for number in order})
    assert found[0] == found[1]


def with_window(view: Camera) -> Scene:
    """The room with one wall, at x = 1, of four slabs about an opening: 0.8 m wide, from 0.6 to 1.4 m up."""
    closed = room(view=view)
    nodes = [node for node in closed.nodes if node.part != "walls"]
    slabs = {
        "west": ((-1.025, 0, 1), (0.05, 2.1, 2)),
        "north": ((0, 1.025, 1), (2.1, 0.05, 2)),
        "south": ((0, -1.025, 1), (2.1, 0.05, 2)),
        "below": ((1.025, 0, 0.3), (0.05, 2.1, 0.6)),
        "above": ((1.025, 0, 1.7), (0.05, 2.1, 0.6)),
        "left": ((1.025, 0.7, 1), (0.05, 0.6, 2)),
        "right": ((1.025, -0.7, 1), (0.05, 0.6, 2)),
    }
    for name, (place, size) in slabs.items():
        shape = GeneratedShape(generator="cuboid", params=dict(zip(("sx", "sy", "sz"), size, strict=True)))
        nodes.append(Node(name=name, shape=shape, part="body", fixed=True, pose=Pose(position=place)))
    return scene_of(nodes, view)


IN_WINDOW = AreaLight(
    position=(0.99, 0, 1), direction=(-1, 0, 0), up=(0, 0, 1), width=0.8, height=0.8, portal=True
)
# Where a white surface lies in the black room, and which way it faces.
BELOW_WINDOW: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "floor": ((0.0, 0.2, 0.0), (0, 0, 1)),
    "ceiling": ((0.1, -0.2, 2.0), (0, 0, -1)),
    "far wall": ((-1.0, 0.1, 1.2), (1, 0, 0)),
    "side wall": ((0.2, 1.0, 0.9), (0, -1, 0)),
}


def sky_on(scene: Scene, place: np.ndarray, facing: np.ndarray, sky: DaySky) -> np.ndarray:
    """Return what a white surface reads (3,) of a sky, by 200,000 rays, their density the cosine's."""
    one, two = np.random.default_rng(0).uniform(size=(2, 200_000))
    across = np.cross(facing, (0.6, 0.8, 0.0) if abs(facing[2]) > 0.5 else (0.0, 0.0, 1.0))
    across /= np.linalg.norm(across)
    flat, turn = np.sqrt(one)[:, None], (math.tau * two)[:, None]
    ways = flat * (np.cos(turn) * across + np.sin(turn) * np.cross(facing, across))
    ways = ways + np.sqrt(1 - one)[:, None] * facing
    free = ray_scene(scene).cast(place + 1e-4 * facing, ways).node_ids == 0
    return (looked_up(radiance(sky, 128), ways) * free[:, None]).mean(0)


@pytest.mark.parametrize("name", BELOW_WINDOW)
def test_a_portal_shows_each_place_its_own_part_of_the_sky(gl: Any, name: str) -> None:
    """A floor what is high, a ceiling the ground; its own strength is for those that see no sky."""
    place, facing = (np.asarray(values, float) for values in BELOW_WINDOW[name])
    view = camera(5, 5, eye=tuple(place + 0.3 * facing + 0.05), target=tuple(place), fov=0.02)
    bare, sky = with_window(view), DaySky(sun=(0.6, 0.48, 0.64), turbidity=4.0)
    truth = sky_on(bare, place, facing, sky)
    sky = sky.model_copy(update={"strength": sky.strength * 0.4 / truth.max()})
    black = Material(base_color=(0, 0, 0), roughness=1.0, metallic=1.0)  # no gloss that would light the rest
    part = {"floor": "room.floor", "ceiling": "room.ceiling", "far wall": "west", "side wall": "north"}[name]
    paint = {node.name: black for node in bare.nodes} | {part: WHITE}
    seen = undeveloped(shot(gl, dressed(bare, lights=(IN_WINDOW,), sky=sky, materials=paint)))
    assert seen.mean((0, 1)) == pytest.approx(truth * 0.4 / truth.max(), rel=0.25)


def test_a_window_s_reveal_is_lit_from_outside(gl: Any) -> None:
    view = camera(5, 5, eye=(0.5, 0, 1.2), target=(1.025, 0, 0.6), fov=0.01)
    seen = shot(gl, dressed(with_window(view), lights=(IN_WINDOW,), sky=DaySky(sun=(0.6, 0.48, 0.64))))
    assert seen.min() > 100


def test_the_sun_falls_in_by_the_window_alone(gl: Any, meter: Photometer) -> None:
    """Its patch on the floor is the opening, moved along the light."""
    slope = 1.2
    direction = np.array([1.0, 0, slope]) / math.hypot(1, slope)
    sun = Sun(direction=tuple(direction), strength=1.0, angle=0.002)
    above = camera(120, 120, eye=(0, -1e-6, 1.9), target=(0, 0, 0), fov=0.98)
    paint = {node.name: GREY for node in with_window(above).nodes}
    scene = dressed(with_window(above), lights=(sun,), materials=paint | {"room.floor": WHITE})
    seen = lit(gl, meter, scene)
    origin, rays = above.pixel_rays()
    floor_at = origin - rays * (origin[2] / rays[..., 2:])
    # From the floor to the plane of the wall's outer side and its inner one, along the light.
    high = [(x - floor_at[..., 0]) * slope for x in (1.0, 1.05)]
    patch = (np.abs(floor_at[..., 1]) < 0.4) & (high[0] > 0.6) & (high[1] < 1.4)
    edge = np.zeros_like(patch)
    for shift in (-2, 2):
        edge |= np.roll(patch, shift, 0) != patch
        edge |= np.roll(patch, shift, 1) != patch
    away = np.linalg.norm(floor_at[..., :2], axis=-1) > 0.15  # the crumb and its shadow
    assert seen[patch & ~edge & away].min() > 0.7
    assert seen[~patch & ~edge & away].max() < 0.3
    assert (patch & ~edge).sum() > 500
