"""Labels under every lens and a rolling shutter: Embree, the oracle and closed form say the same."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from sample_scene import LENSES, SENSOR, faults, flat, random_scene, scene_of, thing

from simdata import spec
from simdata.camera import Camera, Motion, Shutter, pixel_centers
from simdata.errors import UndrawableError
from simdata.geometry import Pose
from simdata.lens import KannalaBrandt, Lens, Pinhole
from simdata.material import Material
from simdata.raycast import RayScene
from simdata.render import make_renderer
from simdata.render.face import atlas_places
from simdata.scene import Scene

SHADES = [(r, g, b) for r in (1.0, 0.0) for g in (0.0, 0.5, 1.0) for b in (0.3, 1.0)]

Layers = dict[str, np.ndarray]
Look = Callable[[Scene], Layers]

ROLLING = {
    "motion": Motion(velocity=(1.5, 0.4, -0.3), angular_velocity=(0.5, -1.0, 2.0)),
    "shutter": Shutter(readout=0.15, exposure=0.01),
}


def see(scene: Scene) -> Layers:
    return RayScene(scene).view(scene.spec.cameras[0])


def look_flat(scene: Scene) -> Layers:
    return dict(flat(scene).layers)


both = pytest.mark.parametrize("look", [see, look_flat], ids=["raycast", "flat"])


@pytest.mark.parametrize("rolling", [{}, ROLLING], ids=["still", "rolling"])
@pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())
@pytest.mark.parametrize("seed", [3, 5])
def test_embree_and_the_oracle_see_the_same(lens: Lens, rolling: dict, seed: int) -> None:
    scene = random_scene(seed, lens=lens, **rolling)
    view, truth = see(scene), look_flat(scene)
    assert len(np.unique(view["node_ids"])) > 3
    assert faults(view, truth) == []
    assert ("distance" in view) == ("distance" in truth) == (lens.lens == "kannala_brandt")
    blind = np.isnan(lens.rays(pixel_centers(lens))).any(-1)
    assert blind.any() == (lens in (LENSES["folded"], LENSES["all round"]))
    for layers in (view, truth):
        assert not layers["node_ids"][blind].any() and np.isposinf(layers["depth"][blind]).all()


MUTANTS = {
    "wrong sign": LENSES["brown_conrady"].model_copy(update={"p1": -0.01}),
    "half a pixel": LENSES["brown_conrady"].model_copy(update={"cx": 40.5}),
    "no distortion": Pinhole(**SENSOR),
}


@pytest.mark.parametrize("mutant", MUTANTS.values(), ids=MUTANTS.keys())
def test_another_lens_is_caught(mutant: Lens) -> None:
    truth = look_flat(random_scene(3, lens=LENSES["brown_conrady"]))
    assert faults(see(random_scene(3, lens=mutant)), truth) != []


def test_without_the_rolling_a_difference_is_caught() -> None:
    scene = random_scene(3, lens=LENSES["fisheye"], **ROLLING)
    still = random_scene(3, lens=LENSES["fisheye"])
    assert faults(see(still), look_flat(scene)) != []


EQUIDISTANT = KannalaBrandt(width=120, height=100, fx=26, fy=26, cx=61.3, cy=48.9, max_angle=2.4)


@both
@pytest.mark.parametrize("off_axis", [0.0, 0.7, 1.57, 2.0], ids=["before", "aslant", "beside", "behind"])
def test_a_sphere_under_an_equidistant_fisheye(look: Look, off_axis: float) -> None:
    """A ray at angle a from the centre meets the sphere where a < asin(r / D): a radian is 26 pixels."""
    distance, radius = 0.6, 0.25
    towards = np.array([math.sin(off_axis), 0.0, math.cos(off_axis)])
    scene = scene_of(
        thing("sphere", 1, Pose(position=tuple(distance * towards)), radius=radius),
        Camera(name="c", lens=EQUIDISTANT, pose=Pose()),
    )
    view = look(scene)
    x, y = np.moveaxis(pixel_centers(EQUIDISTANT) - (61.3, 48.9), -1, 0)
    angle, turn = np.hypot(x, y) / 26, np.arctan2(y, x)
    rays = np.stack([np.sin(angle) * np.cos(turn), np.sin(angle) * np.sin(turn), np.cos(angle)], -1)
    cosine = rays @ towards
    apart = distance * np.sqrt(np.maximum(1 - cosine**2, 0))
    meets = (cosine > 0) & (apart < radius) & (angle <= 2.4)
    sagitta = radius * (1 - math.cos(math.pi / 48)) * 2  # of 48 segments and 24 rings
    sure = meets & (apart < radius - sagitta)
    assert sure.sum() > 200
    assert (view["node_ids"][sure] == 1).all() and not view["node_ids"][~meets].any()
    inner = meets & (apart < 0.8 * radius)
    along = (distance * cosine - np.sqrt(np.maximum(radius**2 - apart**2, 0)))[inner]
    assert np.abs(view["distance"][inner] - along).max() < 2e-3
    assert np.abs(view["depth"][inner] - along * np.cos(angle[inner])).max() < 2e-3
    if off_axis == 0:
        outline = math.pi * (26 * math.asin(radius / distance)) ** 2
        assert abs(np.count_nonzero(view["node_ids"]) - outline) < 0.03 * outline
    if off_axis == 2.0:
        assert (view["depth"][inner] < 0).all()


@both
def test_near_and_far_are_spheres_under_a_fisheye(look: Look) -> None:
    """Inside a cube of half a metre: its walls are 0.25 m away, its edges 0.35, its corners 0.43."""
    cube = thing("cuboid", 1, Pose(), sx=0.5, sy=0.5, sz=0.5)
    scene = scene_of(cube, Camera(name="c", lens=EQUIDISTANT, pose=Pose(), near=0.3, far=0.4))
    x, y = np.moveaxis(pixel_centers(EQUIDISTANT) - (61.3, 48.9), -1, 0)
    angle = np.hypot(x, y) / 26
    rays = np.stack([np.sin(angle) * x / angle / 26, np.sin(angle) * y / angle / 26, np.cos(angle)], -1)
    distance = 0.25 / np.abs(rays).max(-1)
    seen = (distance > 0.3) & (distance < 0.4) & (angle <= 2.4)
    view = look(scene)
    assert 0 < seen.mean() < 1 and np.array_equal(view["node_ids"] > 0, seen)
    assert np.allclose(view["distance"][seen], distance[seen])


@both
def test_a_pixel_without_a_ray_is_background_wherever_one_stands(look: Look) -> None:
    """Inside a cube every ray meets something, so whatever a blind pixel were taken for would show."""
    cube = thing("cuboid", 1, Pose(), sx=0.5, sy=0.5, sz=0.5)
    for lens in (LENSES["folded"], LENSES["all round"]):
        view = look(scene_of(cube, Camera(name="c", lens=lens, pose=Pose())))
        blind = np.isnan(lens.rays(pixel_centers(lens))).any(-1)
        assert 0 < blind.mean() < 1 and np.array_equal(view["node_ids"] == 0, blind)
        assert not view["normals"][blind].any() and np.isposinf(view["depth"][blind]).all()


POLE = 0.04  # m wide
SPEED, READOUT, AWAY = 2.0, 0.05, 1.0


def pole_before_a_moving_camera() -> Scene:
    """An upright strip, one metre before a camera that goes right while its rows are read."""
    camera = Camera(
        name="c",
        lens=Pinhole.from_fov(160, 120, 1.0),
        pose=Pose(),
        motion=Motion(velocity=(SPEED, 0, 0)),
        shutter=Shutter(readout=READOUT),
    )
    strip = thing("cuboid", 1, Pose(position=(0, 0, AWAY + 5e-4)), sx=POLE, sy=4.0, sz=1e-3)
    return scene_of(strip, camera)


def pole_faults(view: Layers, scene: Scene) -> int:
    """Count pixels unlike closed form: row r looks at tau, when the strip has gone left by v tau."""
    lens = scene.spec.cameras[0].lens
    rows, columns = np.arange(lens.height), np.arange(lens.width) + 0.5
    tau = READOUT * ((rows + 0.5) / lens.height - 0.5)
    middle = lens.cx - lens.fx * SPEED * tau / AWAY
    off = np.abs(columns - middle[:, None]) - lens.fx * POLE / 2 / AWAY
    wrong = (view["node_ids"] > 0) != (off < 0)
    return int(np.count_nonzero(wrong & (np.abs(off) > 0.05)))


@both
def test_a_rolling_shutter_slants_a_pole(look: Look, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = pole_before_a_moving_camera()
    view = look(scene)
    assert pole_faults(view, scene) == 0
    left_by = [np.flatnonzero(view["node_ids"][row]).mean() for row in (0, -1)]
    assert left_by[0] - left_by[1] == pytest.approx(
        scene.spec.cameras[0].lens.fx * SPEED * READOUT * 119 / 120, abs=1
    )
    right_time = Camera._time_at
    monkeypatch.setattr(Camera, "_time_at", lambda self, y, t: right_time(self, self.height - y, t))
    assert pole_faults(look(scene), scene) > 1000  # read from the bottom
    monkeypatch.setattr(Camera, "_time_at", lambda self, y, t: right_time(self, y, t) + READOUT / 2)
    assert pole_faults(look(scene), scene) > 1000  # the frame's time is the first row's


def test_the_pole_is_where_project_says() -> None:
    scene = pole_before_a_moving_camera()
    view, camera = see(scene), scene.spec.cameras[0]
    for height in np.linspace(-0.38, 0.38, 9):
        u, v = camera.project(np.array([0, height, AWAY]))
        columns = np.flatnonzero(view["node_ids"][int(v)]) + 0.5
        assert columns.mean() == pytest.approx(u, abs=0.6)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (ROLLING, "a rolling shutter"),
        ({"motion": ROLLING["motion"], "shutter": Shutter(exposure=0.1)}, "motion blur"),
        ({"aperture": {"diameter": 0.01, "focus": 1}}, "an aperture"),
        ({"ev": 1}, "exposure compensation"),
    ],
)
def test_tiny_refuses_what_it_cannot_draw(change: dict, what: str) -> None:
    pytest.importorskip("pybullet")
    scene = random_scene(0, **change)
    renderer = make_renderer("tiny")
    renderer.load(scene)
    for lens in (scene.spec.cameras[0].lens, LENSES["fisheye"]):
        with pytest.raises(UndrawableError, match=what):
            renderer.render(scene.spec.cameras[0].model_copy(update={"lens": lens}))
    renderer.close()


@pytest.mark.parametrize("shift", [0, 1], ids=["true", "mutant"])
@pytest.mark.parametrize("name", ["brown_conrady", "folded", "fisheye", "all round"])
def test_tiny_resamples_colour_onto_its_labels(
    name: str, shift: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lit from everywhere, each colour is a node's own: where labels say so, and nowhere a pixel aside."""
    pytest.importorskip("pybullet")
    scene = random_scene(3, lens=LENSES[name].resized(4))
    camera, truth = scene.spec.cameras[0], see(scene)
    shades = {node.name: Material(base_color=SHADES[i]) for i, node in enumerate(scene.nodes)}
    look = spec.Look(materials=shades, lights=(), ambient=1.0, backdrop=(0, 0, 0))
    if shift:
        monkeypatch.setattr("simdata.render.tiny.atlas_places", lambda *a: atlas_places(*a) + 1.5)
    renderer = make_renderer("tiny")
    renderer.load(scene.with_spec(scene.spec.model_copy(update={"look": look})))
    frame = renderer.render(camera)
    renderer.close()
    assert all(np.array_equal(frame.layers[layer], truth[layer]) for layer in frame.layers if layer != "rgb")
    colors = np.array([(0, 0, 0), *(shades[node.name].base_color for node in scene.nodes)])
    apart = np.abs(frame.rgb[:, :, None] / 255 - colors).sum(-1)
    shown, ids = apart.argmin(-1), truth["node_ids"]
    shifts = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    agree = {by: (np.roll(shown, by, (0, 1)) == ids)[2:-2, 2:-2].mean() for by in shifts}
    assert (max(agree, key=agree.__getitem__) == (0, 0) and agree[0, 0] > 0.99) == (not shift)


def test_tiny_draws_a_skewed_pinhole() -> None:
    pytest.importorskip("pybullet")
    scene = random_scene(3, lens=LENSES["skewed"])
    renderer = make_renderer("tiny")
    renderer.load(scene)
    frame = renderer.render(scene.spec.cameras[0])
    renderer.close()
    assert (frame.node_ids != see(scene)["node_ids"]).mean() < 2e-3
