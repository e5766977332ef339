"""Light that surfaces pass on in `gl`: closed form in a grey box, and paths by the dozen below a table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from photometer import Photometer, dressed, shot
from sample_scene import camera, scene_of, thing

from simdata.asset import GeneratedShape
from simdata.color import srgb_from_linear
from simdata.geometry import Pose
from simdata.light import AreaLight
from simdata.material import Material
from simdata.raycast import RayScene
from simdata.render.gl.direct import DirectPass
from simdata.render.gl.grid import Grid, grid_about
from simdata.render.gl.panorama import ROWS, basis
from simdata.render.gl.passing import passed_on
from simdata.render.gl.patch import patches
from simdata.scene import Scene
from simdata.spec import Node

AXES = np.concatenate([np.eye(3), -np.eye(3)])
DARK = np.zeros((ROWS, 2 * ROWS, 3))


def slab(name: str, low: tuple[float, ...], high: tuple[float, ...], part: str = "body") -> Node:
    sides = dict(zip(("sx", "sy", "sz"), np.subtract(high, low).tolist(), strict=True))
    middle = (np.add(low, high) / 2).tolist()
    shape = GeneratedShape(generator="cuboid", params=sides)
    return Node(name=name, shape=shape, part=part, pose=Pose(position=tuple(middle)), fixed=True)


def box(*things: Node) -> Scene:
    """A room of 3 x 2.4 x 2.5 m with its floor at z = 0, closed, and what stands in it."""
    (x, y, z), w = (1.5, 1.2, 2.5), 0.1
    shell = [
        slab("low", (-x - w, -y - w, -w), (x + w, y + w, 0)),
        slab("high", (-x - w, -y - w, z), (x + w, y + w, z + w)),
        slab("west", (-x - w, -y, 0), (-x, y, z)),
        slab("east", (x, -y, 0), (x + w, y, z)),
        slab("south", (-x, -y - w, 0), (x, -y, z)),
        slab("north", (-x, y, 0), (x, y + w, z)),
    ]
    return scene_of([*things, *shell], camera())


def grid_in_box() -> Grid:
    over = np.array([0.25, 0.75, 1.25, 1.75, 2.25])
    return Grid(np.array([-1.25, -0.95]), np.array([0.5, 0.475]), (6, 5), np.zeros(0), over, 0.0)


@pytest.mark.parametrize("albedo", [0.2, 0.5, 0.8])
def test_a_grey_box_that_is_evenly_lit_gathers_the_whole_series(albedo: float) -> None:
    """Every wall reads 1 of the lights: all that is passed on is a + a^2 + ... = a / (1 - a), everywhere."""
    scene, grid = box(), grid_in_box()
    albedos = np.full((len(scene.nodes), 3), albedo)
    seen = patches(RayScene(scene), 0.0, grid.places.reshape(-1, 3), albedos)
    assert not seen.inside.any()
    light = passed_on(grid, seen, np.ones((len(seen.points), 3)), DARK)
    found = np.einsum("kd,...kc->...dc", basis(AXES).T, light)
    assert found == pytest.approx(np.full(found.shape, albedo / (1 - albedo)), rel=0.02)


def test_open_sky_is_kept_and_what_hides_it_takes_it_away() -> None:
    """Above an endless black floor, under an even sky: 1 looking up, 0 looking down, half on a wall."""
    ground = slab("ground", (-500, -500, -0.1), (500, 500, 0))
    scene, grid = scene_of([ground], camera()), grid_in_box()
    seen = patches(RayScene(scene), 0.0, grid.places.reshape(-1, 3), np.zeros((1, 3)))
    light = passed_on(grid, seen, np.zeros((len(seen.points), 3)), np.ones_like(DARK))
    found = np.einsum("kd,...kc->...dc", basis(AXES).T, light)
    truth = np.array([0.5, 0.5, 1, 0.5, 0.5, 0])[:, None]
    assert np.abs(found - truth).max() < 0.03


def test_shares_add_up_and_give_back_what_is_linear() -> None:
    under, over = np.array([0.2, 0.5]), np.array([1.0, 1.5, 2.0])
    grid = Grid(np.array([-1.0, -0.5]), np.array([0.5, 0.4]), (5, 4), under, over, 0.8)
    places = grid.places.reshape(-1, 3)
    points = np.random.default_rng(0).uniform((-1, -0.5, 1.0), (1, 0.7, 2.0), (50, 3))
    numbers, shares = grid.shares(points, np.zeros_like(points))
    assert shares.sum(-1) == pytest.approx(np.ones(50))
    assert np.einsum("ne,nec->nc", shares, places[numbers]) == pytest.approx(points)


def test_no_light_goes_through_a_table_top() -> None:
    under, over = np.array([0.2, 0.5]), np.array([1.0, 1.5])
    grid = Grid(np.zeros(2), np.ones(2), (3, 3), under, over, 0.8)
    points = np.array([[1.3, 0.4, 0.8], [1.3, 0.4, 0.7]])  # upon it, and just below
    numbers, shares = grid.shares(points, np.array([[0.0, 0, 1], [0, 0, -1]]))
    of_over = (shares * (numbers >= 2 * 9)).sum(-1)
    assert of_over == pytest.approx([1, 0])


PANEL = AreaLight(
    position=(0.6, 0.3, 2.45), direction=(0, 0, -1), up=(0, 1, 0), width=0.6, height=0.6, strength=3
)
GREYS = {"low": 0.5, "high": 0.7, "west": 0.6, "east": 0.6, "south": 0.6, "north": 0.6, "top": 0.3}


def furnished() -> Scene:
    """The box with a table along a wall, some things on it, and a panel at the ceiling to one side."""
    things = [
        thing("cuboid", k, Pose(position=(-1.7 + 0.5 * k, 0.5, 0.76)), sx=0.1, sy=0.1, sz=0.1)
        for k in (1, 2, 3)
    ]
    scene = box(*(node for one in things for node in one), slab("top", (-1.4, 0, 0.67), (0.2, 1.15, 0.71)))
    paint = {
        name: Material(base_color=(srgb_from_linear(grey),) * 3, roughness=1) for name, grey in GREYS.items()
    }
    return dressed(scene, lights=(PANEL,), materials=paint)


def of_panel(places: np.ndarray, normals: np.ndarray, rays: RayScene, rng: np.random.Generator) -> np.ndarray:
    """Return what white surfaces at places (n, 3) read of the panel, by one point of it each."""
    at = PANEL.position + (rng.random((len(places), 2)) - 0.5)[:, [0, 1, 1]] * (PANEL.width, PANEL.height, 0)
    arm = at - places
    far = np.linalg.norm(arm, axis=-1)
    lit = np.maximum((arm * normals).sum(-1), 0) * np.maximum(arm[:, 2], 0) / far**4 * PANEL.strength
    return lit * ~rays.meets(places, arm, near=1e-4, far=1 - 1e-4)


def paths(scene: Scene, place: np.ndarray, normal: np.ndarray, count: int = 60_000) -> float:
    """Return what a white surface reads of all but the panel itself: light is followed backwards, 8 times."""
    rng, rays = np.random.default_rng(1), RayScene(scene)
    albedos = np.array([GREYS.get(node.name, 0.8) for node in scene.nodes])
    places, normals = np.tile(place, (count, 1)), np.tile(normal, (count, 1)).astype(float)
    weight, total = np.ones(count), 0.0
    for _ in range(8):
        way = rng.normal(size=places.shape)
        way = way / np.linalg.norm(way, axis=-1, keepdims=True) + normals
        hits = rays.cast(places, way, near=1e-4)
        places = places + hits.distance[:, None] * way
        normals = np.where(hits.from_behind[:, None], -1, 1) * hits.normals
        weight = weight * albedos[hits.node_ids - 1]
        total += float((weight * of_panel(places, normals, rays, rng)).mean())
    return total


@pytest.mark.parametrize(
    ("place", "normal"),
    [
        ((-0.6, 0.6, 0.001), (0, 0, 1)),  # the floor below the table
        ((-0.6, 0.6, 0.669), (0, 0, -1)),  # its underside
        ((-0.2, 0.15, 0.711), (0, 0, 1)),  # its top
        ((0.9, -0.6, 0.001), (0, 0, 1)),  # the floor beside it
        ((-1.499, -0.5, 1.2), (1, 0, 0)),  # a wall
    ],
)
def test_the_field_in_a_furnished_room_is_what_paths_bring(
    gl: Any, place: tuple[float, ...], normal: tuple[float, ...]
) -> None:
    scene = furnished()
    truth = paths(scene, np.array(place), np.array(normal))
    found = read_off(gl, scene, np.array([place]), np.array([normal], float))
    assert found[0] == pytest.approx(truth, rel=0.15)


def read_off(gl: Any, scene: Scene, places: np.ndarray, normals: np.ndarray) -> np.ndarray:
    """Return what `gl`'s field tells of places (n, 3), green."""
    gl.load(scene)
    with gl._context:
        subject = gl._subject(gl._stage, gl._materials, 0.0)
        objects = np.array([node.instance > 0 for node in scene.nodes])
        grid = grid_about(subject.lighting.cast, subject.stage.corners(0.0), objects)
        albedos = np.array([[GREYS.get(node.name, 0.8)] * 3 for node in scene.nodes])
        seen = patches(RayScene(scene), 0.0, grid.places.reshape(-1, 3), albedos)
        lights = DirectPass(gl._context, gl._targets)
        light = passed_on(grid, seen, lights.reading(subject.lighting, seen.points, seen.facing), DARK)
        lights.release()
    numbers, shares = grid.shares(places, normals)
    return np.einsum("ne,nk,nek->n", shares, basis(normals), light.reshape(-1, 9, 3)[numbers][..., 1])


def test_lights_are_those_of_pictures(gl: Any, meter: Photometer) -> None:
    """A chalk floor under the panel, in the picture and by the pass that lights rays' ends."""
    floor = slab("low", (-20, -20, -0.1), (20, 20, 0))
    view = camera(16, 16, eye=(0, -1e-6, 1.5), target=(0, 0, 0), fov=0.9)
    scene = dressed(scene_of([floor], view), lights=(PANEL,))
    seen = meter.light(shot(gl, scene))
    origin, rays = view.pixel_rays()
    places = (origin - rays * (origin[2] / rays[..., 2:])).reshape(-1, 3)
    with gl._context:
        lights = DirectPass(gl._context, gl._targets)
        found = lights.reading(gl._lighting, places, np.tile([0, 0, 1], (len(places), 1)))
        lights.release()
    assert found[:, 1].reshape(16, 16) == pytest.approx(seen, rel=0.08)
