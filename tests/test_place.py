"""Rooms, what stands in them and their light: closed form where there is one, else what nobody should see."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from pydantic import ValidationError

from simdata.asset import load_model
from simdata.assets.joinery import boards, pierced
from simdata.assets.room import JOINT, Room
from simdata.config import Config
from simdata.config_file import load_config, scene_names, scene_summary
from simdata.errors import UnknownNameError
from simdata.geometry import transform
from simdata.light import AreaLight, SpotLight, Sun
from simdata.mesh import volume
from simdata.physics import settle
from simdata.scene import start_scene
from simdata.scenes.lighting import Lighting
from simdata.scenes.place import make_place
from simdata.scenes.reading import direct_light, reading, seen_through
from simdata.scope import scene_scope
from simdata.sky import DaySky, NightSky, looked_up, radiance
from simdata.spec import SceneSpec

SETTINGS = ("bare", "desk", "dining", "kitchen", "workbench")


def build(number: int, **builder: object) -> SceneSpec:
    return Config(scene="tabletop", builder=builder).make_builder().build(scene_scope(3, number, views=3))


def test_a_pierced_wall_lacks_its_holes() -> None:
    holes = [np.array([0.5, 0.8, 1.3, 1.9]), np.array([2.0, 0.8, 2.8, 1.9])]
    part = pierced(3.5, 0.2, 2.5, holes)
    assert volume(part.mesh) == pytest.approx(0.2 * (3.5 * 2.5 - 2 * 0.8 * 1.1))
    solids = [np.prod(np.ptp(piece, axis=0)) for piece in part.pieces]
    assert sum(solids) == pytest.approx(volume(part.mesh)), "what collides is what is seen"


def test_windows_are_where_the_room_says() -> None:
    room = Room(length=5, width=4, height=2.6, wall=0.2, north=2, west=1, south=0, east=1, sill=0.9)
    ring = 2 * (room.length + 2 * room.wall) + 2 * (room.width + 2 * JOINT)
    hole = room.window_width * room.window_height
    walls = room.model().parts["walls"].mesh
    assert volume(walls) == pytest.approx(room.wall * (ring * room.height - 4 * hole))
    corners = walls.vertices + np.array([0, 0, 0.5 * np.ptp(room.model().bounds[:, 2]) - 0.05])
    lone = [hole.position[1] for hole in room.openings() if abs(hole.inward[0]) > 0.5]
    assert lone == pytest.approx([0, 0], abs=1e-9), "a single window is in the middle of its wall"
    for opening in room.openings():
        side = np.cross(opening.inward, (0, 0, 1))
        for a, b in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
            corner = (
                opening.position + side * a * opening.width / 2 + np.array([0, 0, b * opening.height / 2])
            )
            assert np.abs(corners - corner).sum(axis=1).min() < 1e-9
        assert opening.position @ opening.inward == pytest.approx(
            -2.5 if abs(opening.inward[0]) > 0.5 else -2.0
        )
    with pytest.raises(ValidationError, match="windows need"):
        Room(length=2, width=2, north=2, window_width=1.2)


def test_boards_are_boxes_with_grain_along_them() -> None:
    corners = [((0, 0, 0), (0.4, 0.1, 2.0)), ((1, 1, 1), (2, 1.2, 1.1))]
    sharp, rounded = boards(corners), boards(corners, 0.01)
    assert volume(sharp.mesh) == pytest.approx(0.4 * 0.1 * 2 + 1 * 0.2 * 0.1)
    assert 0.98 * volume(sharp.mesh) < volume(rounded.mesh) < volume(sharp.mesh)
    for part in (sharp, rounded):
        mesh = part.mesh
        along = np.where(mesh.vertices[:, 0] < 0.5, mesh.vertices[:, 2], mesh.vertices[:, 0])
        ends = np.abs(np.where(mesh.vertices[:, 0] < 0.5, mesh.normals[:, 2], mesh.normals[:, 0])) > 0.1
        steps = mesh.faces[~ends[mesh.faces].any(axis=1)]
        a, b = steps[:, 0], steps[:, 1]
        assert np.diff([mesh.uvs[a, 0], mesh.uvs[b, 0]], axis=0) == pytest.approx(
            np.diff([along[a], along[b]], axis=0), abs=1e-9
        )


@pytest.mark.parametrize("name", SETTINGS)
def test_a_place_holds_together(name: str) -> None:
    """No camera in a wall or in furniture; nothing but the table where objects are dropped; all is named."""
    for number in range(4):
        spec = build(number, setting=name)
        scene = start_scene(spec)
        boxes = {}
        for node, matrix in zip(scene.nodes, scene.world_from_nodes(0.0), strict=True):
            points = transform(matrix, load_model(node.shape).parts[node.part].mesh.vertices)
            boxes[node.name] = np.stack([points.min(axis=0), points.max(axis=0)])
            assert node.name in spec.look.materials
        room = boxes["room.floor"]
        for camera in spec.cameras:
            eye = camera.world_from_camera(0.0)[:3, 3]
            assert (eye[:2] > room[0, :2]).all() and (eye[:2] < room[1, :2]).all()
            inside = [
                box for box, low_high in boxes.items()
                if not box.startswith("room") and (eye > low_high[0]).all() and (eye < low_high[1]).all()
            ]  # fmt: skip
            assert not inside
        for box, (low, high) in boxes.items():
            assert (low[:2] > room[0, :2] - 0.05).all() and (high[:2] < room[1, :2] + 0.05).all(), box


def test_settings_have_their_own_things() -> None:
    kinds = {name: Counter() for name in SETTINGS}
    for name in SETTINGS:
        for number in range(6):
            spec = build(number, setting=name, objects={"count": 1})
            kinds[name].update({node.shape.generator for node in spec.layout.nodes if node.fixed})
    assert set(kinds["bare"]) == {"panel", "room", "table"}
    assert kinds["kitchen"]["counter"] and kinds["workbench"]["pegboard"] and kinds["desk"]["shelf"]
    assert kinds["dining"]["chair"] == 6
    tools, table = (
        [node.category for number in range(3) for node in build(number, setting=name).layout.nodes]
        for name in ("workbench", "dining")
    )
    assert tools.count("spanner") > 4 * table.count("spanner")
    assert table.count("plate") > tools.count("plate")


def test_names_that_nobody_knows_are_refused() -> None:
    for wrong, words in (
        ({"setting": "kitchn"}, "did you mean 'kitchen'"),
        ({"settings": {"den": {"around": {"shelff": 1}}}, "setting": "den"}, "did you mean 'shelf'"),
        ({"settings": {"den": {"surfaces": {"top": "oakk"}}}, "setting": "den"}, "did you mean 'oak'"),
        ({"settings": {"den": {"likely": {"mugg": 2}}}, "setting": "den"}, "did you mean 'mug'"),
    ):
        with pytest.raises(ValidationError, match=words):
            Config(scene="tabletop", builder=wrong).make_builder()


def test_light_of_a_rectangle_against_closed_form() -> None:
    """A sheet below the middle of a level rectangle. Source: Howell's catalogue of view factors, B-4."""
    a, b, c = 0.3, 0.2, 1.1
    x, y = a / 2 / c, b / 2 / c
    corner = (
        x / math.sqrt(1 + x * x) * math.atan(y / math.sqrt(1 + x * x))
        + y / math.sqrt(1 + y * y) * math.atan(x / math.sqrt(1 + y * y))
    ) / (2 * math.pi)
    strength = 0.7
    radiance = math.pi * strength / (a * b)
    panel = AreaLight(
        position=(0, 0, c), direction=(0, 0, -1), up=(0, 1, 0), width=a, height=b, strength=strength
    )
    assert direct_light(panel, np.zeros(3), []) == pytest.approx(4 * corner * radiance, rel=2e-3)


def test_the_sun_shines_where_a_window_lets_it() -> None:
    room = Room(length=4, width=4, height=2.6, east=1, sill=0.9, window_width=1.0, window_height=1.2)
    holes = make_place(room, np.zeros(2), (1.0, 0.8, 0.7)).openings()
    way = np.array([2.0, 0.0, 0.8])
    sun = Sun(direction=tuple(way / np.linalg.norm(way)), strength=2.0)
    lit = direct_light(sun, np.array([0.0, 0.0, 0.7]), holes)
    assert lit == pytest.approx(2.0 * 0.8 / math.hypot(2, 0.8))
    assert direct_light(sun, np.array([0.0, 0.6, 0.7]), holes) == 0
    assert direct_light(sun, np.array([0.0, 0.0, 1.4]), holes) == 0
    west = sun.model_copy(update={"direction": (-sun.direction[0], 0.0, sun.direction[2])})
    assert direct_light(west, np.array([0.0, 0.0, 0.7]), holes) == 0


@pytest.mark.parametrize("mood", ["day", "evening", "night"])
def test_light_is_fitted_to_the_table(mood: str) -> None:
    for number in range(4):
        builder = Config(
            scene="tabletop", builder={"light": {"mood": mood, "brightness": 0.5}}
        ).make_builder()
        spec = builder.build(scene_scope(3, number))
        look = spec.look
        lamps = [
            x for x in look.lights if isinstance(x, SpotLight) or (isinstance(x, AreaLight) and x.surface)
        ]
        assert look.lights and look.ambient == 0
        if mood == "night":
            assert isinstance(look.sky, NightSky) and lamps == list(look.lights)
        for lamp in lamps:
            if isinstance(lamp, AreaLight):
                glow = look.materials[lamp.surface].emission
                assert glow == pytest.approx(math.pi * lamp.strength / (lamp.width * lamp.height))
        suns = [x for x in look.lights if isinstance(x, Sun)]
        assert all(np.allclose(sun.direction, look.sky.sun) for sun in suns)
        assert not suns or isinstance(look.sky, DaySky)


def test_what_the_table_reads_is_what_was_drawn() -> None:
    room = Room(length=4, width=4, height=2.6, east=1)
    place = make_place(room, np.zeros(2), (1.0, 0.8, 0.7))
    light = Lighting(mood="day", brightness=0.6, ambient=0.1)
    for number in range(5):
        lit = light.draw(scene_scope(0, number).look, place)
        assert lit.ambient == pytest.approx(0.06)
        assert reading(list(lit.lights), place) == pytest.approx(0.54, rel=1e-6)


def test_looks_of_one_layout_have_lights_of_their_own() -> None:
    builder = Config(scene="tabletop").make_builder()
    first, second = (builder.build(scene_scope(3, 2, look=look)) for look in (0, 1))
    assert first.layout == second.layout and first.look.lights != second.look.lights


def test_physics_leaves_out_only_what_nothing_can_touch(monkeypatch: pytest.MonkeyPatch) -> None:
    import simdata.physics as physics

    spec = build(1, setting="dining", objects={"count": 6})
    some, kept = settle(spec), []
    within = physics._within_reach
    monkeypatch.setattr(
        physics, "_within_reach", lambda bodies, floor: kept.append(within(bodies, floor)) or bodies
    )
    every = settle(spec)
    assert {"room.floor", "room.skirting"}.isdisjoint({body.name for body in kept[0]})
    assert "table.top" in {body.name for body in kept[0]}
    assert np.allclose(some.positions, every.positions, atol=1e-9)


def test_variants_are_listed_and_differ() -> None:
    assert {f"tabletop/{name}" for name in ("cluttered", "dark", "plain")} <= set(scene_names())
    for name in ("cluttered", "dark", "plain"):
        assert scene_summary(f"tabletop/{name}").endswith(".")
        assert load_config(f"tabletop/{name}").scene == "tabletop"
    plain, dark, cluttered = (
        load_config(f"tabletop/{n}").make_builder() for n in ("plain", "dark", "cluttered")
    )
    look = plain.build(scene_scope(3, 0)).look
    assert look.sky is None and len(look.lights) == 1
    assert not any(made.texture or made.layer or made.transmission for made in look.materials.values())
    assert dark.light.brightness.high < Lighting().brightness.low
    assert cluttered.objects.count.low > 15
    with pytest.raises(UnknownNameError, match="did you mean 'tabletop/dark'"):
        load_config("tabletop/drak")


def test_a_config_extends_a_variant(tmp_path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("extends: tabletop/dark\nbuilder: {objects: {count: 3}}\n")
    builder = load_config(file).make_builder()
    assert builder.objects.count.value == 3
    assert set(builder.light.mood.values) == {"evening", "night"}


def test_a_portal_lights_the_table_as_the_sky_behind_its_window_does() -> None:
    """Rays spread over the hemisphere; a third of the sky's light comes off the reveal."""
    place = make_place(Room(east=1, wall=0.2), np.zeros(2), (1.2, 0.8, 0.75))
    (hole,) = place.openings()
    sky = DaySky(sun=(0.6, 0.3, 0.74))
    radiances = seen_through(hole, sky, place)
    portal = AreaLight(
        position=tuple(hole.position), direction=tuple(hole.inward), up=(0, 0, 1), width=hole.width,
        height=hole.height, strength=radiances[1] * hole.width * hole.height / math.pi,
    )  # fmt: skip
    one, two = np.random.default_rng(0).uniform(size=(2, 400_000))
    flat, turn = np.sqrt(one), math.tau * two
    ways = np.stack([flat * np.cos(turn), flat * np.sin(turn), np.sqrt(1 - one)], -1)
    truth, told = 0.0, 0.0
    for point in [np.array([a, b, 0.75]) for a in (-0.4, 0, 0.4) for b in (-0.8 / 3, 0, 0.8 / 3)]:
        share = 1.0 * (ways[:, 0] > 0)
        for x in (hole.position[0], hole.position[0] + 0.2):
            met = point + ways * ((x - point[0]) / ways[:, :1])
            free = np.abs(met[:, 1]) < hole.width / 2
            free &= np.abs(met[:, 2] - hole.position[2]) < hole.height / 2
            share *= np.where(free, 1, 0 if x == hole.position[0] else 1 / 3)
        truth += float(np.mean(looked_up(radiance(sky, 64), ways)[:, 1] * share)) * hole.clear
        told += direct_light(portal, point, [])
    assert told == pytest.approx(truth, rel=0.03)
