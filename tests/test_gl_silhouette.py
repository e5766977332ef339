"""`gl` sees whole objects: all silhouettes of one pass against pictures of each object alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from sample_scene import alone, camera, floor, scene_of, strewn, thing

from simdata.amodal import silhouettes
from simdata.camera import Camera, Pinhole
from simdata.geometry import Pose
from simdata.render.gl import silhouette as silhouette_module
from simdata.scene import Scene
from simdata.silhouette import Silhouette, Window, margin

OBJECTS = 45  # more than one word of 32 bits
# Corners snap to a grid of 1/256 pixel, so outlines move by 1/512 along x and y at most: as many of their
# pixels may change sides.
ROUNDED = 1 / 256


def crowd(seed: int, **view: Any) -> Scene:
    """Strew objects everywhere: before and behind the camera, beside the image, through the near plane."""
    generator = np.random.default_rng(seed)
    nodes = [*floor(), *strewn(generator, OBJECTS, (-0.9, -1.3, -0.5), (0.9, 1.5, 0.6))]
    return scene_of(nodes, camera(160, 120, **{"near": 0.1, **view}))


def found_by(gl: Any, scene: Scene) -> dict[int, Silhouette]:
    gl.load(scene)
    return dict(gl.render(scene.spec.cameras[0]).silhouettes)


def differing(
    scene: Scene, found: dict[int, Silhouette], truth: dict[int, Silhouette]
) -> tuple[int, int, int]:
    """Count pixels that differ: in all, and most of one object; and the pixels of all outlines."""
    whole = margin(scene.spec.cameras[0])
    assert list(found) == list(truth)
    off = [np.count_nonzero(found[i].crop(whole) != truth[i].crop(whole)) for i in truth]
    return sum(off), max(off), sum(outline(one) for one in truth.values())


def outline(one: Silhouette) -> int:
    """Count the pixels of a silhouette that touch what is not of it."""
    mask = np.pad(one.mask, 1)
    inner = mask[:-2, 1:-1] & mask[2:, 1:-1] & mask[1:-1, :-2] & mask[1:-1, 2:]
    return int(np.count_nonzero(one.mask & ~inner))


VIEWS = {
    "plain": {},
    "rolled, narrow": {"roll": 0.7, "fov": 0.4},
    "skewed": {"lens": Pinhole(width=160, height=120, fx=140, fy=180, cx=40, cy=100, skew=16)},
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_they_are_those_of_the_geometry(gl: Any, view: dict[str, Any]) -> None:
    counts = []
    for seed in range(3):
        scene = crowd(seed, **view)
        found = found_by(gl, scene)
        counts.append(differing(scene, found, silhouettes(scene, scene.spec.cameras[0])))
        # The scene holds what it is there for.
        inside = {i: np.count_nonzero(one.inside(160, 120)) for i, one in found.items()}
        assert sum(0 < inside[i] < one.area for i, one in found.items()) >= 2
        assert sum(one.area == 0 for one in found.values()) >= 3
    off, most, edge = np.transpose(counts)
    assert edge.sum() > 5000 and off.sum() <= ROUNDED * edge.sum() and most.max() <= 1


@pytest.mark.parametrize("seed", range(2))
def test_they_are_those_of_one_object_alone(gl: Any, seed: int) -> None:
    scene = crowd(seed)
    together = found_by(gl, scene)
    for instance, one in together.items():
        nodes = [node for node in scene.nodes if node.instance == instance]
        assert found_by(gl, scene_of(nodes, scene.spec.cameras[0]))[instance].same_pixels(one)


def extremes() -> Scene:
    """A pole through the near plane, one thinner than a pixel, crumbs, a wall wider than all, a shell."""
    nodes = [
        *thing("cylinder", 1, Pose(position=(0.05, -0.95, 0.3)), radius=0.02, height=1.0),
        *thing("cylinder", 2, Pose(position=(0.1, 0, 0)), radius=0.0025, height=2.5),
        *thing("cuboid", 3, Pose(position=(0, 5, 0)), sx=100, sy=0.1, sz=3),
        *thing("cuboid", 4, Pose(position=(0, -1, 0.4)), sx=0.5, sy=0.5, sz=0.5),
        *thing("cuboid", 5, Pose(position=(0, -1.5, 0.4)), sx=1, sy=0.1, sz=1),
    ]
    for instance in range(6, 40):
        place = (-0.6 + 0.0353 * instance, 0.01 * instance, 0.1)
        nodes += thing("sphere", instance, Pose(position=place), radius=0.003 + 0.0005 * instance)
    return scene_of(nodes, camera(near=0.08))


def test_huge_tiny_and_thin_things(gl: Any) -> None:
    scene = extremes()
    found = found_by(gl, scene)
    truth = {instance: alone(scene, scene.spec.cameras[0], instance) for instance in found}
    off, most, edge = differing(scene, found, truth)
    assert off <= max(ROUNDED * edge, 2) and most <= 1
    assert found[4].area == 9 * 80 * 60  # the camera stands in it
    assert found[5].area == 0
    assert found[3].trimmed().mask.shape[1] == 3 * 80
    assert {one.area for one in found.values()} & {1, 2, 3, 4}


def test_what_is_not_labelled_has_none_and_hides_nothing(gl: Any) -> None:
    ball = thing("sphere", 1, Pose(), radius=0.1)
    wall = thing("cuboid", 2, Pose(position=(0, -0.5, 0)), labelled=False, sx=1, sy=0.1, sz=1)
    found = found_by(gl, scene_of([*ball, *wall]))
    assert list(found) == [1]
    assert found[1].same_pixels(found_by(gl, scene_of(ball))[1])


def test_clipping_at_the_edge_is_caught(gl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = crowd(0)
    window = silhouette_module.window

    def clipped(seen_by: Camera, vertices: np.ndarray) -> Window:
        x0, y0, x1, y1 = window(seen_by, vertices)
        x0, y0, x1, y1 = max(x0, 0), max(y0, 0), min(x1, 160), min(y1, 120)
        return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else (0, 0, 0, 0)

    monkeypatch.setattr(silhouette_module, "window", clipped)
    off, _, edge = differing(scene, found_by(gl, scene), silhouettes(scene, scene.spec.cameras[0]))
    assert off > 50 * ROUNDED * edge


def test_a_picture_moved_by_half_a_pixel_is_caught(gl: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = crowd(0)
    truth = silhouettes(scene, scene.spec.cameras[0])
    view = silhouette_module.View.shifted
    monkeypatch.setattr(
        silhouette_module.View,
        "shifted",
        lambda self, x, y, width, height: view(self, x + 0.5, y, width, height),
    )
    off, _, edge = differing(scene, found_by(gl, scene), truth)
    assert off > 50 * ROUNDED * edge
