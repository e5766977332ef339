"""`tiny` by closed form, against rays, and as a picture; and the table of renderers."""

from __future__ import annotations

import hashlib
import math
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from sample_scene import camera, floor, random_scene, scene_of, thing

from simdata import physics
from simdata.amodal import silhouettes
from simdata.camera import Camera, Pinhole, pixel_centers
from simdata.errors import RenderError
from simdata.frame import Frame
from simdata.geometry import Pose, look_at
from simdata.light import PointLight, Sun
from simdata.material import FieldTexture, ImageTexture, Material
from simdata.raycast import RayScene
from simdata.render import tiny as tiny_module
from simdata.render.tiny import TinyRenderer
from simdata.scene import Scene
from simdata.spec import Layout, Look, SceneSpec

SUN = Sun(direction=(0.48, -0.36, 0.8), strength=0.7)


@pytest.fixture(scope="module")
def renderer() -> TinyRenderer:
    return TinyRenderer()


def draw(renderer: TinyRenderer, scene: Scene) -> Frame:
    renderer.load(scene)
    return renderer.render(scene.spec.cameras[0])


def dressed(scene: Scene, **look: object) -> Scene:
    return scene.with_spec(scene.spec.model_copy(update={"look": Look(**look)}))


def off_centre(width: int = 160, height: int = 120, **more: float) -> Camera:
    """A pinhole whose pixels are not square and whose principal point lies well off the middle."""
    fx = more.pop("fx", 150.0)
    lens = Pinhole(width=width, height=height, fx=fx, fy=1.1 * fx, cx=width * 0.3, cy=height * 0.72)
    return Camera(
        name="c", lens=lens, pose=Pose.from_matrix(look_at((0.1, -1.0, 0.3), (0, 0, 0), 0.2)), **more
    )


@pytest.mark.parametrize(
    "view", [camera(320, 240, fov=0.5), off_centre(320, 240, fx=600.0)], ids=["centred", "off_centre"]
)
def test_sphere_is_where_and_as_large_as_its_formula_says(renderer: TinyRenderer, view: Camera) -> None:
    """A ray meets the sphere where its distance from the centre is below the radius."""
    radius, center = 0.1, np.zeros(3)
    frame = draw(renderer, scene_of(thing("sphere", 1, Pose(), radius=radius), view))
    pose = view.world_from_camera()
    rays = view.lens.rays(pixel_centers(view)) @ pose[:3, :3].T
    arm = center - pose[:3, 3]
    along = rays @ arm
    length2 = (rays**2).sum(-1)
    under = along**2 - length2 * (arm @ arm - radius**2)
    expected = under >= 0
    hit = frame.node_ids == 1
    assert abs(hit.sum() / expected.sum() - 1) < 0.01  # the mesh has 48 sides
    assert np.count_nonzero(hit & ~expected) == 0
    depth = (along - np.sqrt(np.maximum(under, 0))) / length2
    inner = hit & (under > 0.3 * length2 * radius**2)
    assert inner.sum() > 500
    assert np.abs(frame.depth - depth)[inner].max() < 1e-3


@pytest.mark.parametrize("view", [camera(160, 120), off_centre()], ids=["centred", "off_centre"])
def test_plane_depth_is_that_of_pixel_centres(renderer: TinyRenderer, view: Camera) -> None:
    frame = draw(renderer, scene_of(floor(size=50), view))
    pose = view.world_from_camera()
    rays = view.lens.rays(pixel_centers(view)) @ pose[:3, :3].T
    depth = (-0.2 - pose[2, 3]) / rays[..., 2]
    seen = (depth > 0) & (depth < 10)
    assert seen.mean() > 0.3
    assert (frame.node_ids[seen] == 1).all()
    assert np.abs(frame.depth - depth)[seen].max() < 1e-3
    # Half a pixel off would show: neighbouring rows differ by more than the tolerance.
    assert np.abs(np.diff(depth, axis=0))[seen[1:]].min() > 2e-3


def test_box_covers_the_pixels_whose_centres_it_covers(renderer: TinyRenderer) -> None:
    """Its face, at 1 m, is 10.8 by 6.8 pixels: centres within 5.4 and 3.4 of the middle are hit."""
    lens = Pinhole(width=40, height=30, fx=100, fy=100, cx=20, cy=15)
    view = Camera(name="ruler", lens=lens, pose=Pose.from_matrix(look_at((0, -1.05, 0), (0, 0, 0))))
    frame = draw(renderer, scene_of(thing("cuboid", 1, Pose(), sx=0.108, sy=0.1, sz=0.068), view))
    expected = np.zeros((30, 40), np.int32)
    expected[12:18, 15:25] = 1
    assert np.array_equal(frame.node_ids, expected)


@pytest.mark.parametrize("seed", range(3))
def test_ids_and_depth_are_those_of_the_rays(renderer: TinyRenderer, seed: int) -> None:
    scene = random_scene(seed)
    for view in (*scene.spec.cameras, off_centre()):
        renderer.load(scene)
        frame = renderer.render(view)
        truth = RayScene(scene).view(view)
        differ = frame.node_ids != truth["node_ids"]
        assert differ.mean() < 1e-3, f"{differ.sum()} pixels differ"
        same = ~differ & (frame.node_ids > 0)
        assert np.quantile(np.abs(frame.depth[same] - truth["depth"][same]), 0.999) < 1e-4
        assert np.isinf(frame.depth[frame.node_ids == 0]).all()


def test_without_the_half_pixel_the_rays_disagree(
    renderer: TinyRenderer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison above must be able to fail."""
    scene = random_scene(0)
    view = scene.spec.cameras[0]
    truth = RayScene(scene).view(view)["node_ids"]
    matrices = tiny_module._matrices

    def unshifted(camera: Camera, t: float) -> tuple[np.ndarray, np.ndarray]:
        sight, projection = matrices(camera, t)
        projection[:2, 2] -= 1 / camera.width, 1 / camera.height
        return sight, projection

    monkeypatch.setattr(tiny_module, "_matrices", unshifted)
    assert (draw(renderer, scene).node_ids != truth).mean() > 1e-3


@pytest.mark.parametrize("seed", range(4))
def test_what_it_shows_of_an_object_lies_in_its_silhouette(renderer: TinyRenderer, seed: int) -> None:
    scene = random_scene(seed, objects=6)
    renderer.load(scene)
    frame = renderer.render(scene.spec.cameras[0])
    ids = scene.instance_of_node[frame.node_ids]
    for instance, one in silhouettes(scene, frame.camera).items():
        assert one.inside(frame.camera.width, frame.camera.height)[ids == instance].all()


def test_near_and_far_cut(renderer: TinyRenderer) -> None:
    view = camera(near=0.9, far=1.2, eye=(0, -1, 0))
    frame = draw(renderer, scene_of([*thing("sphere", 1, Pose(), radius=0.2), *floor(size=20)], view))
    seen = frame.depth[frame.node_ids > 0]
    assert seen.min() >= 0.9 - 1e-6 and seen.max() <= 1.2 + 1e-6


def test_large_meshes_go_in_whole(renderer: TinyRenderer, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = scene_of([*thing("mug", 1, Pose()), *thing("sphere", 2, Pose(position=(0.2, 0, 0)))])
    whole = draw(renderer, scene)
    monkeypatch.setattr(tiny_module, "CHUNK_FACES", 500)
    pieces = draw(renderer, scene)
    assert len(renderer._bodies) > 10
    assert np.array_equal(whole.node_ids, pieces.node_ids) and np.array_equal(whole.rgb, pieces.rgb)


def test_picture_is_lit_neither_black_nor_blown_out(renderer: TinyRenderer) -> None:
    scene = scene_of([*thing("sphere", 1, Pose(), radius=0.2), *floor()], camera(160, 120))
    for lights in ((SUN,), (PointLight(position=(0.5, -0.5, 1), strength=1.0),), ()):
        frame = draw(renderer, dressed(scene, lights=lights))
        ball = frame.rgb[frame.node_ids == 1].mean(axis=-1)
        assert 60 < ball.mean() < 230
        assert (frame.rgb == 255).mean() < 0.05
        if lights:
            assert np.ptp(ball) > 40


def test_stronger_light_is_brighter_and_coloured_light_colours(renderer: TinyRenderer) -> None:
    scene = scene_of(thing("sphere", 1, Pose(), radius=0.2), camera(160, 120))
    means = []
    for strength in (0.1, 0.4, 0.7):
        sun = SUN.model_copy(update={"strength": strength, "color": (1.0, 0.6, 0.2)})
        frame = draw(renderer, dressed(scene, lights=(sun,), ambient=0.3))
        means.append(frame.rgb[frame.node_ids == 1].mean(axis=0))
    assert means[0].mean() < means[1].mean() < means[2].mean()
    red, green, blue = means[2]
    assert red > green > blue


def test_shadow_falls_away_from_the_sun(renderer: TinyRenderer) -> None:
    """A ball 0.4 m above a floor, sun at 45 degrees from the left: its shadow lies 0.4 m to the right."""
    view = camera(160, 160, eye=(0, -0.01, 2.0), fov=1.2)
    scene = scene_of([*thing("sphere", 1, Pose(position=(0, 0, 0.2)), radius=0.1), *floor(z=-0.2)], view)
    half = math.sqrt(0.5)
    rgb = draw(renderer, dressed(scene, lights=(Sun(direction=(-half, 0, half), strength=0.8),))).rgb
    right, left = (view.project(np.array([x, 0.0, -0.2])).astype(int) for x in (0.4, -0.4))
    shadow, lit = (int(rgb[y, x].sum()) for x, y in (right, left))
    assert shadow < 0.8 * lit


def test_backdrop_shows_where_nothing_is(renderer: TinyRenderer) -> None:
    scene = scene_of(thing("sphere", 1, Pose(), radius=0.1))
    frame = draw(renderer, dressed(scene, backdrop=(0.2, 0.4, 0.6)))
    nothing = frame.node_ids == 0
    assert nothing.any() and (frame.rgb[nothing] == (51, 102, 153)).all()


def test_field_textures_appear_in_their_colours(renderer: TinyRenderer) -> None:
    scene = scene_of(floor(), camera(160, 120, eye=(0, -1, 1.5)))
    texture = FieldTexture(family="wood", colors=((1, 0, 0), (0, 0, 1)), repeat=(2, 2))
    plain = draw(renderer, scene).rgb
    rgb = draw(renderer, dressed(scene, materials={"floor": Material(texture=texture)})).rgb.astype(int)
    assert np.ptp(plain[..., 0].astype(int) - plain[..., 2]) < 10
    assert (rgb[..., 0] - rgb[..., 2]).max() > 60 and (rgb[..., 2] - rgb[..., 0]).max() > 60
    assert rgb[..., 1].max() < 30


def test_image_textures_come_from_the_store_right_way_up(tmp_path: Path) -> None:
    """The top of the picture is v = 1: at +y on the floor seen from above."""
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:4] = 255, 0, 0
    picture[4:] = 0, 255, 0
    _, data = cv2.imencode(".png", picture[..., ::-1])
    name = hashlib.sha256(data.tobytes()).hexdigest()
    (tmp_path / f"{name}.png").write_bytes(data.tobytes())
    view = camera(60, 60, eye=(0, -0.001, 3.0))
    scene = scene_of(thing("cuboid", 1, Pose(), sx=1.0, sy=1.0, sz=0.1), view)
    scene = dressed(scene, materials={"cuboid_1.body": Material(texture=ImageTexture(sha256=name))})
    renderer = TinyRenderer(store=tmp_path)
    rgb = draw(renderer, scene).rgb
    renderer.close()
    assert rgb[25, 30, 0] > 100 > rgb[25, 30, 1]
    assert rgb[35, 30, 1] > 100 > rgb[35, 30, 0]


def test_same_bytes_again_after_other_scenes_and_in_another_renderer(renderer: TinyRenderer) -> None:
    scene = dressed(random_scene(1), lights=(SUN,))
    first = draw(renderer, scene)
    assert renderer.render(scene.spec.cameras[0]).rgb.tobytes() == first.rgb.tobytes()
    draw(renderer, random_scene(2))
    other = TinyRenderer()
    for again in (draw(renderer, scene), draw(other, scene)):
        for name, layer in first.layers.items():
            assert layer.tobytes() == again.layers[name].tobytes(), name
    other.close()


def test_settling_leaves_the_loaded_scene_alone(renderer: TinyRenderer) -> None:
    scene = random_scene(1)
    first = draw(renderer, scene)
    falling = [*floor(z=0), *thing("cuboid", 1, Pose(position=(0, 0, 0.1)))]
    physics.settle(scene_of(falling).spec)
    assert renderer.render(scene.spec.cameras[0]).rgb.tobytes() == first.rgb.tobytes()


def test_finer_colour_leaves_the_truth_alone(renderer: TinyRenderer) -> None:
    scene = random_scene(1)
    smooth = TinyRenderer(samples=4)
    one, four = draw(renderer, scene), draw(smooth, scene)
    smooth.close()
    assert np.array_equal(one.node_ids, four.node_ids) and np.array_equal(one.depth, four.depth)
    difference = np.abs(one.rgb.astype(int) - four.rgb).max(axis=-1)
    assert 0.005 < (difference > 8).mean() < 0.5  # edges only


def test_other_instants_show_other_poses(renderer: TinyRenderer) -> None:
    nodes = tuple(thing("sphere", 1, Pose(), radius=0.1))
    spec = SceneSpec(layout=Layout(nodes=nodes, times=(0.0, 1.0)), look=Look(), cameras=(camera(),))
    positions = np.array([[[-0.2, 0, 0]], [[0.2, 0, 0]]], float)
    scene = Scene(spec, np.array([0.0, 1.0]), positions, np.array([[[0, 0, 0, 1.0]]] * 2))
    renderer.load(scene)
    left, right, left_again = (renderer.render(spec.cameras[0], t) for t in (0.0, 1.0, 0.0))
    assert np.nonzero(left.node_ids)[1].max() < 40 <= np.nonzero(right.node_ids)[1].min()
    assert left.rgb.tobytes() == left_again.rgb.tobytes()


def test_scene_of_nothing_is_backdrop(renderer: TinyRenderer) -> None:
    frame = draw(renderer, scene_of([]))
    assert (frame.node_ids == 0).all() and np.isinf(frame.depth).all()


def test_memory_does_not_grow_with_scenes(renderer: TinyRenderer) -> None:
    """A large mesh and a new texture each time. The stated bound, 0.01 MB, is for scripts/bench.py."""

    def one(number: int) -> None:
        nodes = thing("mug", 1, Pose())  # one of two thousand vertices
        texture = FieldTexture(family="wood", seed=0, colors=((number / 100, 0, 0), (0, 0, 1)))
        scene = scene_of([*nodes, *floor()], camera(32, 24))
        draw(renderer, dressed(scene, materials={"floor": Material(texture=texture)}))

    for number in range(15):
        one(number)
    before = _resident_mb()
    for number in range(15, 55):
        one(number)
    assert (_resident_mb() - before) / 40 < 0.05  # a texture is 0.2 MB, a mug 0.9 MB


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def test_drawing_nothing_is_refused() -> None:
    renderer = TinyRenderer()
    with pytest.raises(RenderError, match="load"):
        renderer.render(camera())
    renderer.close()
    renderer.close()


def test_missing_texture_is_named(renderer: TinyRenderer) -> None:
    scene = scene_of(floor())
    look = {"floor": Material(texture=ImageTexture(sha256="0" * 64))}
    with pytest.raises(RenderError, match="store"):
        renderer.load(dressed(scene, materials=look))


def test_without_pybullet_tiny_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "PyBullet 3." in TinyRenderer.probe().says
    monkeypatch.setitem(sys.modules, "pybullet", None)
    physics.load_pybullet.cache_clear()
    with pytest.raises(RenderError, match="pip install"):
        TinyRenderer.probe()
