"""Noise and holes of depth sensors against their stated model."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sample_scene import camera, floor, scene_of, thing

from simdata.annotate.measured_depth import MeasuredDepth
from simdata.frame import Frame
from simdata.geometry import Pose
from simdata.lens import Pinhole
from simdata.material import Material
from simdata.raycast import ray_scene
from simdata.render.flat import FlatRenderer
from simdata.sensor import StereoDepth, StructuredLight
from simdata.sensor.triangulate import deviation, measured, seen_from_both

SIZE = (120, 200)
FOCAL = 500.0
PLAIN = {"jitter": 0.0, "step": 0.0, "farthest": 20.0, "nearest": 0.1}


def wall(z: float, sensor: Any, *, cosine: float = 1.0, albedo: float = 0.5, grey: Any = None) -> np.ndarray:
    """Measure a wall z metres away."""
    whole = np.ones(SIZE, np.float32)
    picture = np.random.default_rng(0).uniform(0, 255, SIZE) if grey is None else grey
    return measured(z * whole, cosine * whole, sensor, focal=FOCAL, albedo=albedo * whole, grey=picture)


def inside(found: np.ndarray) -> np.ndarray:
    """Return what is measured away from the columns that the second place does not see."""
    kept = found[:, SIZE[1] // 2 :]
    assert np.isfinite(kept).all()
    return kept.astype(float)


@pytest.mark.parametrize("kind", [StructuredLight, StereoDepth])
@pytest.mark.parametrize("z", [0.8, 2.0, 4.0])
def test_sigma_grows_with_the_square_of_the_distance(kind: Any, z: float) -> None:
    sensor = kind(noise=0.1, **PLAIN)
    error = inside(wall(z, sensor)) - z
    expected = z * z / (FOCAL * sensor.baseline) * 0.1
    assert error.std() == pytest.approx(expected, rel=0.04)
    assert abs(np.median(error)) < 0.05 * expected


@pytest.mark.parametrize("degrees", [30, 60, 75])
def test_a_slant_adds_nguyens_term(degrees: float) -> None:
    angle, z = math.radians(degrees), 0.6
    sensor = StructuredLight(noise=0.0, steepest=math.radians(85), darkest=0.0, **PLAIN)
    error = inside(wall(z, sensor, cosine=math.cos(angle))) - z
    assert error.std() == pytest.approx(1e-4 / math.sqrt(z) * (angle / (math.pi / 2 - angle)) ** 2, rel=0.04)


@pytest.mark.parametrize("step", [0.125, 1.0])
def test_disparities_come_in_steps(step: float) -> None:
    sensor = StructuredLight(noise=0.3, **{**PLAIN, "step": step})
    disparity = FOCAL * sensor.baseline / inside(wall(2.0, sensor)) / step
    assert np.abs(disparity - np.rint(disparity)).max() < 1e-4
    assert len(np.unique(np.rint(disparity))) > 2


def test_it_measures_within_its_range_alone() -> None:
    sensor = StructuredLight(noise=0.0, jitter=0, step=0, nearest=0.5, farthest=3.0, darkest=0.0)
    for z, seen in ((0.45, False), (0.55, True), (2.9, True), (3.1, False)):
        assert np.isfinite(wall(z, sensor)[:, 150:]).all() == seen
        assert np.isfinite(wall(z, sensor)[:, 150:]).any() == seen


def test_dark_and_steep_surfaces_are_holes() -> None:
    sensor = StructuredLight(darkest=0.02, steepest=math.radians(75), **PLAIN)
    # albedo cos / z^2 against 0.02
    for z, albedo, degrees, seen in (
        *((1.0, 0.021, 0, True), (1.0, 0.019, 0, False), (2.0, 0.081, 0, True), (2.0, 0.079, 0, False)),
        *((1.0, 0.039, 60, False), (1.0, 0.041, 60, True), (1.0, 1.0, 74, True), (1.0, 1.0, 76, False)),
    ):
        found = wall(z, sensor, albedo=albedo, cosine=math.cos(math.radians(degrees)))
        assert np.isfinite(found[:, 150:]).all() == seen, (z, albedo, degrees)


def test_stereo_finds_nothing_on_what_is_plain() -> None:
    generator, sensor = np.random.default_rng(3), StereoDepth(plainest=4.0, window=7, **PLAIN)
    found = {
        sigma: np.isfinite(wall(2.0, sensor, grey=generator.normal(100, sigma, SIZE))[:, 100:]).mean()
        for sigma in (0.0, 2.0, 4.0, 8.0)
    }
    assert found[0.0] == 0 and found[2.0] < 0.01 and 0.3 < found[4.0] < 0.7 and found[8.0] > 0.99
    ramp = np.tile(np.arange(200.0), (120, 1))
    assert deviation(ramp, 7)[60, 100] == pytest.approx(2)  # of -3 … 3


def test_what_the_second_place_does_not_see_is_a_hole() -> None:
    """A board before a wall: to its left, the wall is hidden as far as the disparities differ."""
    disparity = np.full((4, 100), 10.0)
    disparity[:, 40:60] = 26.0
    seen = seen_from_both(disparity)
    hidden = np.flatnonzero(~seen[0])
    # Left edge: columns below 10 are beyond the second picture; then 16 columns left of the board.
    assert hidden.tolist() == [*range(10), *range(24, 40)]
    assert (seen == seen[0]).all()


def test_rays_agree_which_pixels_the_second_place_sees() -> None:
    """Cast from what each pixel sees to the second place: the holes are where something is in the way."""
    sensor = StructuredLight(jitter=0, noise=0, step=0, darkest=0.0, steepest=math.pi / 2, farthest=20)
    nodes = [
        *floor(),
        *thing("cuboid", 1, Pose(position=(-0.15, 0, 0)), sx=0.1, sy=0.1, sz=0.3),
        *thing("sphere", 2, Pose(position=(0.15, 0.1, 0)), radius=0.1),
    ]
    view = camera(160, 120, depth_sensor=sensor)
    scene = scene_of(nodes, view)
    frame = seen_by_oracle(scene)
    found = MeasuredDepth()(frame, scene, ()).layers["measured_depth"]
    points = view.unproject(frame.depth)
    place = view.world_from_camera() @ (sensor.baseline, 0, 0, 1)
    arms = place[:3] - points
    free = ~ray_scene(scene).meets(points, arms, near=2e-3, far=1.0)
    free &= frame.node_ids > 0
    column = np.arange(160) + 0.5 - view.lens.fx * sensor.baseline / frame.depth
    free &= column > 0
    differing = np.isfinite(found) != free
    hidden = ((frame.node_ids > 0) & (column > 0) & ~free).sum()
    assert hidden > 150
    # They may differ by a pixel along an edge.
    assert differing.sum() < 0.25 * hidden


def test_edges_are_ragged_by_the_jitter() -> None:
    depth = np.full(SIZE, 3.0, np.float32)
    depth[:, 100:] = 1.0  # right of the edge is near, so nothing is hidden beside it but on its left
    sensor = StereoDepth(noise=0, step=0, jitter=1.5, plainest=0, farthest=20)
    ones = np.ones(SIZE, np.float32)
    found = measured(depth, ones, sensor, focal=10.0, albedo=ones, grey=ones)
    near = np.abs(found - 1) < 0.1
    share = near.mean(0)
    # A pixel d columns beside the edge looks across it as often as a bell of 1.5 reaches d.
    for d in (-3, -1, 2):
        expected = 0.5 * (1 + math.erf((d + 0.5) / 1.5 / math.sqrt(2)))
        assert share[100 + d] == pytest.approx(expected, abs=0.12)
    assert not near[:, :90].any() and near[:, 110:].all()


def test_noise_is_of_the_seed_and_the_instant() -> None:
    sensor, one = StructuredLight(seed=4), np.ones(SIZE, np.float32)

    def at(t: float, which: StructuredLight = sensor) -> bytes:
        return measured(2 * one, one, which, focal=FOCAL, albedo=one, grey=one, t=t).tobytes()

    assert at(0.0) == at(0.0) == at(-0.0)
    assert len({at(0.0), at(0.1), at(0.0, sensor.sibling(1))}) == 3


def test_dark_materials_are_dark_in_infrared() -> None:
    sensor = StructuredLight(darkest=0.01)
    view = camera(80, 60, eye=(0, -1, 0), depth_sensor=sensor)
    scene = scene_of(thing("cuboid", 1, Pose(position=(0, 0.05, 0)), sx=4, sy=0.1, sz=4), view)
    seen = []
    for color in ((0.8, 0.8, 0.8), (0.02, 0.02, 0.02)):
        look = scene.spec.look.model_copy(update={"materials": {"cuboid_1.body": Material(base_color=color)}})
        painted = scene.with_spec(scene.spec.model_copy(update={"look": look}))
        found = MeasuredDepth()(seen_by_oracle(painted), painted, ()).layers["measured_depth"]
        seen.append(np.isfinite(found[:, 40:]).mean())
    assert seen == [1, 0]


def seen_by_oracle(scene: Any) -> Frame:
    renderer = FlatRenderer()
    renderer.load(scene)
    return renderer.render(scene.spec.cameras[0])


def test_cameras_without_one_measure_nothing() -> None:
    scene = scene_of(floor())
    assert not MeasuredDepth()(seen_by_oracle(scene), scene, ()).layers


def test_true_depth_stays_true() -> None:
    scene = scene_of(floor(), camera(lens=Pinhole.from_fov(80, 60, 1.0), depth_sensor=StereoDepth()))
    frame = seen_by_oracle(scene)
    before = frame.depth.copy()
    MeasuredDepth()(frame, scene, ())
    assert np.array_equal(frame.depth, before)
