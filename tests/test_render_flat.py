"""The oracle itself, on scenes so simple that the answer can be written down. (See also test_raycast.)"""

from __future__ import annotations

import numpy as np
import pytest
from sample_scene import camera, flat, random_scene, scene_of, thing

from simdata.camera import Camera, Pinhole
from simdata.errors import RenderError
from simdata.geometry import Pose, look_at
from simdata.material import Material
from simdata.render.flat import FlatRenderer, _first_hits
from simdata.scene import start_scene
from simdata.spec import Layout, Look, SceneSpec

# One pixel is 1 cm at 1 m; the eye is at the origin's south, the principal point on a pixel's corner.
RULER = Camera(
    name="ruler",
    lens=Pinhole(width=40, height=30, fx=100, fy=100, cx=20, cy=15),
    pose=Pose.from_matrix(look_at((0, -1.05, 0), (0, 0, 0))),
)


def test_a_box_covers_the_pixels_whose_centres_it_covers() -> None:
    """Its face, at 1 m, is 10.8 by 6.8 pixels: centres within 5.4 and 3.4 of the middle are hit."""
    frame = flat(scene_of(thing("cuboid", 1, Pose(), sx=0.108, sy=0.1, sz=0.068), RULER))
    expected = np.zeros((30, 40), np.int32)
    expected[12:18, 15:25] = 1
    assert np.array_equal(frame.node_ids, expected)
    hit = expected > 0
    assert np.allclose(frame.depth[hit], 1.0) and np.isinf(frame.depth[~hit]).all()
    assert np.allclose(frame.layers["normals"][hit], (0, 0, -1))  # towards the viewer: z is forward


def test_right_is_right_and_up_is_up() -> None:
    nodes = [
        *thing("sphere", 1, Pose(position=(0.12, 0, 0.08)), radius=0.03),
        *thing("sphere", 2, Pose(position=(-0.12, 0, -0.08)), radius=0.03),
    ]
    frame = flat(scene_of(nodes, RULER))
    rows, columns = np.nonzero(frame.node_ids == 1)
    assert rows.max() < 15 and columns.min() >= 20
    rows, columns = np.nonzero(frame.node_ids == 2)
    assert rows.min() >= 15 and columns.max() < 20


def test_the_nearer_wins_whatever_the_order() -> None:
    near, far = thing("cuboid", 1, Pose()), thing("cuboid", 2, Pose(position=(0, 0.3, 0)), sx=1.0)
    for nodes in ([*near, *far], [*far, *near]):
        frame = flat(scene_of(nodes, RULER))
        assert frame.node_ids[15, 20] == nodes.index(near[0]) + 1
        assert frame.node_ids[15, 1] == nodes.index(far[0]) + 1


def test_colours_are_the_materials_and_the_backdrop() -> None:
    nodes = thing("cuboid", 1, Pose())
    look = Look(materials={nodes[0].name: Material(base_color=(1, 0.5, 0))}, backdrop=(0, 0, 0.2))
    scene = start_scene(SceneSpec(layout=Layout(nodes=tuple(nodes)), look=look, cameras=(RULER,)))
    rgb = flat(scene).rgb
    assert rgb[15, 20].tolist() == [255, 128, 0]
    assert rgb[0, 0].tolist() == [0, 0, 51]
    assert len(np.unique(rgb.reshape(-1, 3), axis=0)) == 2  # no light, no blend


TRIANGLE = np.array([[[-1.0, -1, 2], [1, -1, 2], [0, 1, 4]]])


@pytest.mark.parametrize("order", [[0, 1, 2], [0, 2, 1], [2, 0, 1]])
def test_one_triangle_by_hand(order: list[int]) -> None:
    """The ray (0, 0, 1) meets its middle line at z = 3, half way up; both windings count."""
    corners = TRIANGLE[:, order]
    rays = np.array([[0, 0, 1.0], [0.9, 0.9, 1], [0, 0, 1]])
    _, depth, weights = _first_hits(rays, corners, 0.1, 10)
    assert np.allclose(depth, [3, np.inf, 3])
    assert np.allclose(weights[0][np.argsort(order)], (0.25, 0.25, 0.5))
    assert np.isinf(_first_hits(-rays, corners, 0.1, 10)[1]).all()  # behind
    assert np.isinf(_first_hits(rays, corners, 3.1, 10)[1]).all()
    assert np.isinf(_first_hits(rays, corners, 0.1, 2.9)[1]).all()


def test_a_triangle_without_area_is_not_hit() -> None:
    line = np.array([[[0.0, -1, 2], [0, 0, 2], [0, 1, 2]]])
    assert np.isinf(_first_hits(np.array([[0, 0, 1.0]]), line, 0.1, 10)[1]).all()


def test_culling_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = random_scene(7, width=40, height=30)
    whole = flat(scene)
    monkeypatch.setattr("simdata.render.flat.PAIRS", 5000)
    parts = flat(scene)
    assert all(np.array_equal(whole.layers[name], parts.layers[name]) for name in whole.layers)


def test_render_needs_a_scene_and_close_lets_it_go() -> None:
    renderer = FlatRenderer()
    with pytest.raises(RenderError, match=r"call load\(scene\) before"):
        renderer.render(camera())
    renderer.load(random_scene(0))
    renderer.close()
    with pytest.raises(RenderError):
        renderer.render(camera())
    assert "NumPy" in FlatRenderer.probe().says
