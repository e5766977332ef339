"""Silhouettes against pictures of one object alone by the oracle, beyond the image's edges too."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sample_scene import LENSES, alone, camera, floor, random_scene, scene_of, thing

from simdata import amodal, coverage
from simdata.amodal import silhouettes
from simdata.camera import Camera, Motion, Shutter
from simdata.coverage import covered, surface_of
from simdata.geometry import Pose
from simdata.lens import Lens, Pinhole
from simdata.raycast import RayScene
from simdata.reach import beyond_reach
from simdata.scene import Scene
from simdata.sighting import sightings
from simdata.silhouette import Silhouette, margin, window

ROLLING = {
    "motion": Motion(velocity=(1.5, 0.4, -0.3), angular_velocity=(0.5, -1.0, 2.0)),
    "shutter": Shutter(readout=0.08, exposure=0.01),
}


def bent(seen_by: Camera) -> Camera:
    return seen_by.model_copy(update={"lens": LENSES["folded"]})


def assert_silhouettes(scene: Scene, seen_by: Camera | None = None) -> dict[int, Silhouette]:
    seen_by = seen_by or scene.spec.cameras[0]
    found = silhouettes(scene, seen_by)
    assert list(found) == sorted({node.instance for node in scene.nodes if node.labelled})
    for instance, one in found.items():
        assert one.same_pixels(alone(scene, seen_by, instance)), instance
    return found


@pytest.mark.parametrize("seed", range(8))
def test_they_equal_pictures_of_one_object_alone(seed: int) -> None:
    scene = random_scene(seed, objects=6, fov=0.3)
    found = assert_silhouettes(scene)
    inside = {i: np.count_nonzero(one.inside(80, 60)) for i, one in found.items()}
    assert any(0 < inside[i] < one.area for i, one in found.items())


@pytest.mark.parametrize("rolling", [{}, ROLLING], ids=["still", "rolling"])
@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
def test_every_lens_and_a_rolling_shutter(lens: Lens, rolling: dict) -> None:
    """Against the oracle beyond the image too, and inside it against the very view that gives the labels."""
    scene = random_scene(4, objects=5, lens=lens, **rolling)
    seen_by = scene.spec.cameras[0]
    found = assert_silhouettes(scene, seen_by)
    assert sum(one.area > 0 for one in found.values()) > 3
    for instance, one in found.items():
        lone = scene_of([node for node in scene.nodes if node.instance == instance], seen_by)
        assert np.array_equal(one.inside(80, 60), RayScene(lone).view(seen_by)["node_ids"] > 0)


def test_rays_in_strips_find_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = random_scene(1, objects=3)
    seen_by = bent(scene.spec.cameras[0])
    whole = silhouettes(scene, seen_by)
    monkeypatch.setattr(amodal, "RAYS", 1000)
    parts = silhouettes(scene, seen_by)
    assert all(parts[i].same_pixels(whole[i]) and whole[i].area > 20 for i in whole)


@pytest.mark.parametrize("y", [-0.9, -1.0, -1.07, -1.3])
def test_through_and_behind_the_camera(y: float) -> None:
    """A slab from before the near plane to behind the eye, and a ball of which a cap is too near."""
    nodes = [
        *thing("cuboid", 1, Pose(position=(0.02, y, 0.33)), sx=0.4, sy=0.5, sz=0.05),
        *thing("sphere", 2, Pose(position=(0.03, -0.9, 0.38)), radius=0.06),
        *thing("mug", 3, Pose(position=(0, y, 0.4))),
    ]
    scene = scene_of(nodes, camera(near=0.06))
    found = assert_silhouettes(scene)
    assert found[2].area > 0
    assert_silhouettes(scene, bent(scene.spec.cameras[0]))


def test_the_far_plane_cuts_too() -> None:
    scene = scene_of(thing("cuboid", 1, Pose(position=(0, 0.5, 0)), sx=0.1, sy=2.0, sz=0.1), camera(far=1.2))
    whole = silhouettes(scene, scene.spec.cameras[0].model_copy(update={"far": 50.0}))[1].area
    assert 0 < assert_silhouettes(scene)[1].area < whole


def test_an_object_that_cannot_be_seen_has_no_pixel() -> None:
    """Behind the camera, beyond far, nearer than near, and beside the margin."""
    places = [(0, -2, 0.8), (0, 60, -20), (0, -0.995, 0.398), (9, 0, 0)]
    nodes = [n for i, p in enumerate(places, 1) for n in thing("sphere", i, Pose(position=p), radius=0.002)]
    scene = scene_of(nodes)
    for seen_by in (scene.spec.cameras[0], bent(scene.spec.cameras[0])):
        found = silhouettes(scene, seen_by)
        assert [found[i].area for i in (1, 2, 3, 4)] == [0, 0, 0, 0]
        assert found[1].box_xywh == [0, 0, 0, 0]


@pytest.mark.parametrize("roll", [0.0, 0.3, 0.8])
def test_thin_poles_and_things_of_a_pixel_or_two(roll: float) -> None:
    """A pole a third of a pixel wide is seen here and there, a ball of 1 to 3 pixels where its centre is."""
    nodes = thing("cylinder", 1, Pose(position=(0.1, 0, 0)), radius=0.0025, height=1.5)
    for i in range(2, 12):
        place = (-0.3 + 0.0503 * i, 0.01 * i, 0.1)
        nodes += thing("sphere", i, Pose(position=place), radius=0.006 + 0.001 * i)
    scene = scene_of(nodes, camera(roll=roll))
    found = assert_silhouettes(scene)
    assert {1, 2, 3} & {found[i].area for i in range(2, 12)}


def test_a_row_of_pixel_centres_along_an_edge() -> None:
    """A square seen straight on, its sides through pixel centres: those count as seen, as the oracle says."""
    f = 64.0
    lens = Pinhole(width=64, height=64, fx=f, fy=f, cx=32.0, cy=32.0)
    seen_by = camera(eye=(0, -1, 0), target=(0, 0, 0)).model_copy(update={"lens": lens})
    half = 8.5 / 64  # at 1 m: from 23.5 to 40.5
    scene = scene_of(
        thing("cuboid", 1, Pose(position=(0, 0.25, 0)), sx=2 * half, sy=0.5, sz=2 * half), seen_by
    )
    assert silhouettes(scene, seen_by)[1].box_xywh == [23, 23, 18, 18]


def test_closed_form_of_a_sphere() -> None:
    """The image of a sphere on the axis is a disc of radius f r / sqrt(d^2 - r^2): centre-sampled exactly."""
    lens = Pinhole(width=200, height=120, fx=150.0, fy=150.0, cx=197.3, cy=60.2)
    seen_by = camera(eye=(0, -1, 0)).model_copy(update={"lens": lens})
    scene = scene_of(thing("sphere", 1, Pose(), radius=0.3), seen_by)
    one = silhouettes(scene, seen_by)[1]
    radius = 150 * 0.3 / np.sqrt(1 - 0.09)
    x, y = np.meshgrid(np.arange(100, 300) + 0.5, np.arange(-10, 130) + 0.5)
    off = np.hypot(x - 197.3, y - 60.2)
    found = one.crop((100, -10, 300, 130))
    assert one.area == found.sum()
    assert not found[off > radius].any() and found[off < radius * 0.995].all()  # its mesh is a little smaller


def test_parts_and_unlabelled_things() -> None:
    """A lid on a drum is one silhouette; a ball that is not labelled has none."""
    drum = thing("cylinder", 7, Pose(), radius=0.1, height=0.1)
    lid = [n.model_copy(update={"name": "lid"}) for n in thing("cuboid", 7, Pose(position=(0, 0, 0.3)))]
    ball = thing("sphere", 8, Pose(position=(0.05, -0.2, 0)), labelled=False)
    scene = scene_of([*floor(), *drum, *lid, *ball])
    assert list(assert_silhouettes(scene)) == [7]
    assert list(silhouettes(scene, scene.spec.cameras[0], instances=[8])) == [8]


def test_objects_move() -> None:
    here, there = (scene_of(thing("mug", 1, Pose(position=(x, 0, 0)))) for x in (0.0, 0.2))
    layout = here.spec.layout.model_copy(update={"times": (0.0, 1.0)})
    positions, quats = (
        np.concatenate([getattr(one, name) for one in (here, there)]) for name in ("positions", "quats_xyzw")
    )
    scene = Scene(here.spec.model_copy(update={"layout": layout}), np.array([0.0, 1.0]), positions, quats)
    seen_by = scene.spec.cameras[0]
    for t, still in ((0.0, here), (1.0, there), (0.0, here)):
        assert silhouettes(scene, seen_by, t)[1].same_pixels(silhouettes(still, seen_by)[1])
    assert not silhouettes(here, seen_by)[1].same_pixels(silhouettes(there, seen_by)[1])


def test_a_scene_of_nothing() -> None:
    scene = scene_of([])
    assert silhouettes(scene, scene.spec.cameras[0]) == {} == silhouettes(scene, bent(scene.spec.cameras[0]))
    assert beyond_reach(scene, scene.spec.cameras[0], instances=[]) == set()


@pytest.mark.parametrize("seed", range(4))
def test_any_triangles_at_all(seed: int) -> None:
    """Soup, either winding, on whole and half pixels, some without area: against one triangle at a time."""
    generator = np.random.default_rng(seed)
    pixels = generator.uniform(-8, 28, (40, 2))
    pixels[::2] = np.round(pixels[::2] * 2) / 2
    faces = generator.integers(0, 40, (9, 3))
    x, y = np.meshgrid(np.arange(20) + 0.5, np.arange(16) + 0.5)
    centers = np.stack([x, y], -1)
    expected = np.zeros((16, 20), bool)
    for a, b, c in pixels[faces]:
        sides = np.stack([_cross(q - p, centers - p) for p, q in ((a, b), (b, c), (c, a))])
        expected |= ((sides >= 0).all(0) | (sides <= 0).all(0)) & (abs(_cross(b - a, c - a)) > 1e-9)
    found = covered(pixels, surface_of(faces), 20, 16)
    assert np.array_equal(found, expected) and 20 < expected.sum() < 320


def test_large_surfaces_are_filled_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = random_scene(2)
    whole = silhouettes(scene, scene.spec.cameras[0])
    monkeypatch.setattr(coverage, "CROSSINGS", 500)
    parts = silhouettes(scene, scene.spec.cameras[0])
    assert all(parts[i].same_pixels(whole[i]) and whole[i].area > 40 for i in whole)


def _cross(a: np.ndarray, b: np.ndarray) -> Any:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]


@pytest.mark.parametrize("seed", range(4))
def test_the_window_holds_the_silhouette(seed: int) -> None:
    scene = random_scene(seed)
    seen_by = scene.spec.cameras[0]
    x0, y0, x1, y1 = margin(seen_by)
    assert (x0, y0, x1, y1) == (-80, -60, 160, 120)
    generator = np.random.default_rng(seed)
    for _ in range(200):
        points = generator.normal((0, 0, 0.5), (1, 1, 1), (6, 3))
        left, top, right, bottom = window(seen_by, points)
        assert x0 <= left <= right <= x1 and y0 <= top <= bottom <= y1
        shares = generator.dirichlet(np.ones(6), 400)
        inside = shares @ points
        pixels = seen_by.lens.project(inside[inside[:, 2] > seen_by.near])
        held = (pixels >= (x0, y0)).all(1) & (pixels <= (x1, y1)).all(1)
        assert ((pixels[held] >= (left, top)) & (pixels[held] <= (right, bottom))).all()
    assert window(bent(seen_by), points) == margin(seen_by)
    assert window(seen_by, points - (0, 0, 9)) == (0, 0, 0, 0) == window(seen_by, np.zeros((0, 3)))


def test_sightings_are_not_much_more_than_what_is_seen() -> None:
    """Else every ray would be cast, and they would be right but dear."""
    for lens in ("brown_conrady", "fisheye"):
        scene = random_scene(4, objects=5, lens=LENSES[lens], fov=0.5, width=640, height=480)
        seen_by = scene.spec.cameras[0]
        lens_of_view = seen_by.lens.resized(8)
        seen_by = seen_by.model_copy(update={"lens": lens_of_view})
        found = silhouettes(scene, seen_by)
        places = sightings(scene, seen_by, instances=found)
        assert sum(one.area for one in places.values()) < 3 * sum(one.area for one in found.values())


def test_what_a_lens_cannot_see_is_not_looked_for() -> None:
    scene = scene_of(thing("sphere", 1, Pose(position=(0, -3, 0)), radius=0.1))
    for name in ("skewed", "folded", "fisheye"):
        seen_by = scene.spec.cameras[0].model_copy(update={"lens": LENSES[name]})
        assert sightings(scene, seen_by, instances=[1])[1].area == 0


def as_if_still(camera: Camera, time: float, rest: float, middles: np.ndarray, radii: np.ndarray) -> float:
    return 0.0


def test_a_rolling_shutter_needs_room_for_what_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    fast = {"motion": Motion(velocity=(6.0, 0.0, 0.0)), "shutter": Shutter(readout=0.1)}
    scene = random_scene(4, objects=3, lens=LENSES["skewed"], **fast)
    assert_silhouettes(scene)
    monkeypatch.setattr("simdata.sighting.BANDS", 1)
    assert_silhouettes(scene)
    monkeypatch.setattr("simdata.sighting._swept", as_if_still)
    with pytest.raises(AssertionError):
        assert_silhouettes(scene)


def half_a_pixel_off(pixels: np.ndarray, *rest: Any) -> np.ndarray:
    return covered(pixels + 0.5, *rest)


def cut_at_the_image(seen_by: Camera) -> tuple[int, int, int, int]:
    return 0, 0, seen_by.width, seen_by.height


def without_the_last_part(scene: Scene, store: Any = None) -> Any:
    return RayScene(scene_of([n for n in scene.nodes if n.name != "lid"]), store=store)


@pytest.mark.parametrize(
    ("where", "mutant"),
    [
        ("simdata.amodal.covered", half_a_pixel_off),
        ("simdata.silhouette.margin", cut_at_the_image),
        ("simdata.amodal.ray_scene", without_the_last_part),
    ],
)
def test_mutants_are_caught(where: str, mutant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(where, mutant)
    with pytest.raises(AssertionError):
        test_parts_and_unlabelled_things()
        test_they_equal_pictures_of_one_object_alone(0)
