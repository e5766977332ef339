"""Lenses against OpenCV, both ways, and against themselves where OpenCV says nothing."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from simdata.camera import pixel_centers
from simdata.lens import AnyLens, BrownConrady, KannalaBrandt, Lens, Pinhole

SENSOR = {"width": 64, "height": 48, "fx": 40.0, "fy": 42.0, "cx": 30.5, "cy": 25.25}
PINHOLE = Pinhole(**SENSOR, skew=1.5)
FIVE = BrownConrady(**SENSOR, k1=-0.28, k2=0.09, p1=0.004, p2=-0.003, k3=-0.01)
EIGHT = BrownConrady(**SENSOR, k1=0.9, k2=0.3, p1=-0.002, p2=0.003, k3=0.02, k4=1.2, k5=0.4, k6=0.05)
FISHEYE = KannalaBrandt(**SENSOR, k1=-0.03, k2=0.012, k3=-0.004, k4=0.0006, skew=-0.8)
WIDE = KannalaBrandt(**{**SENSOR, "fx": 12.0, "fy": 12.5}, k1=-0.01, max_angle=math.pi)
LENSES = {"pinhole": PINHOLE, "five": FIVE, "eight": EIGHT, "fisheye": FISHEYE, "wide": WIDE}
every_lens = pytest.mark.parametrize("lens", LENSES.values(), ids=LENSES.keys())


def opencv_matrix(lens: AnyLens) -> np.ndarray:
    """K as OpenCV has it: the first pixel's centre is (0, 0) there."""
    K = lens.matrix()
    K[:2, 2] -= 0.5
    return K


def coefficients(lens: AnyLens) -> np.ndarray:
    names = "k1 k2 k3 k4" if isinstance(lens, KannalaBrandt) else "k1 k2 p1 p2 k3 k4 k5 k6"
    return np.array([getattr(lens, name, 0.0) for name in names.split()])


def opencv_project(lens: AnyLens, points: np.ndarray) -> np.ndarray:
    """Project (n, 3) with OpenCV, into our pixels."""
    K, nothing = opencv_matrix(lens), np.zeros(3)
    if isinstance(lens, KannalaBrandt):
        K[0, 1] = 0
        pixels, _ = cv2.fisheye.projectPoints(
            points[:, None], nothing, nothing, K, coefficients(lens), alpha=lens.skew / lens.fx
        )
    else:
        # projectPoints does not know skew, so it only distorts, and K is ours.
        plane, _ = cv2.projectPoints(points, nothing, nothing, np.eye(3), coefficients(lens))
        plane = np.concatenate([plane[:, 0], np.ones((len(points), 1))], 1)
        pixels = (plane @ K.T)[:, :2]
    return pixels.reshape(-1, 2) + 0.5


def points_before(lens: AnyLens, count: int = 400) -> np.ndarray:
    """Points at many depths whose image lies within the sensor or a little beside it."""
    generator = np.random.default_rng(1)
    plane = generator.uniform(-0.75, 0.75, (count, 2))
    return np.concatenate([plane, np.ones((count, 1))], 1) * generator.uniform(0.1, 9, (count, 1))


def off_opencv(lens: AnyLens, truth: AnyLens) -> float:
    """Pixels by which a lens projects differently from OpenCV with the numbers of another."""
    points = points_before(truth)
    return float(np.abs(lens.project(points) - opencv_project(truth, points)).max())


@every_lens
def test_project_is_opencvs(lens: AnyLens) -> None:
    assert off_opencv(lens, lens) < 1e-10


MUTANTS = [
    (FIVE, {"cx": FIVE.cx - 0.5, "cy": FIVE.cy - 0.5}),
    (FIVE, {"p1": -FIVE.p1}),
    (FIVE, {"p2": -FIVE.p2}),
    (FIVE, {"p1": FIVE.p2, "p2": FIVE.p1}),
    (EIGHT, {"k3": EIGHT.k4, "k4": EIGHT.k3}),
    (FISHEYE, {"cx": FISHEYE.cx - 0.5}),
    (FISHEYE, {"k4": 0.0}),
    (FISHEYE, {"skew": -FISHEYE.skew}),
]


@pytest.mark.parametrize(("truth", "change"), MUTANTS, ids=[str(change) for _, change in MUTANTS])
def test_mutants_are_not_opencvs(truth: AnyLens, change: dict[str, float]) -> None:
    assert off_opencv(truth.model_copy(update=change), truth) > 1e-3


@pytest.mark.parametrize("lens", [FIVE, EIGHT], ids=["five", "eight"])
def test_rays_are_opencvs_undistorted_points(lens: BrownConrady) -> None:
    pixels = pixel_centers(lens).reshape(-1, 2)
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_MAX_ITER, 500, 1e-14)
    plane = cv2.undistortPoints(
        pixels - 0.5, opencv_matrix(lens), coefficients(lens), None, None, None, criteria
    )
    assert np.abs(lens.rays(pixels)[:, :2] - plane.reshape(-1, 2)).max() < 1e-9


def test_fisheye_rays_are_opencvs_undistorted_points() -> None:
    lens = FISHEYE.model_copy(update={"skew": 0.0})  # OpenCV's inverse knows none
    pixels = pixel_centers(lens).reshape(-1, 2)
    rays = lens.rays(pixels)
    front = rays[:, 2] > 0.1
    assert front.mean() > 0.9
    plane = cv2.fisheye.undistortPoints(
        pixels[:, None] - 0.5, opencv_matrix(lens), coefficients(lens)
    ).reshape(-1, 2)
    assert np.abs(rays[front, :2] / rays[front, 2:] - plane[front]).max() < 1e-5  # it stops early


@every_lens
def test_rays_undo_project_at_every_pixel(lens: AnyLens) -> None:
    pixels = pixel_centers(lens)
    rays = lens.rays(pixels)
    seen = np.isfinite(rays).all(-1)
    assert np.array_equal(seen, ~np.isnan(rays).any(-1)) and seen.mean() > 0.7
    assert np.abs(lens.project(rays * 3.7) - pixels)[seen].max() < 1e-9
    length = rays[..., 2] if lens.planar else np.linalg.norm(rays, axis=-1)
    assert np.allclose(length[seen], 1, atol=1e-12)


coordinates = st.integers(-1000, 1000).map(lambda n: n / 1000)
directions = st.tuples(coordinates, coordinates, coordinates).filter(any)


@every_lens
@given(direction=directions, depth=st.floats(0.01, 100))
@settings(max_examples=150, deadline=None, derandomize=True)
def test_project_undone_by_rays(lens: AnyLens, direction: tuple[float, ...], depth: float) -> None:
    point = np.array(direction) * depth
    pixel = lens.project(point)
    if np.isnan(pixel).any():
        assert np.isnan(pixel).all()
        return
    ray = lens.rays(pixel)
    if np.isnan(ray).any():  # within rounding of the fold
        assert math.atan2(math.hypot(*point[:2]), point[2]) > 0.99 * edge(lens)
        return
    unit = point / np.linalg.norm(point)
    assert np.abs(ray / np.linalg.norm(ray) - unit).max() < 1e-6


def edge(lens: AnyLens) -> float:
    """Angle from the axis at which a lens stops seeing; tangential terms may bring it a little nearer."""
    if isinstance(lens, KannalaBrandt):
        return lens.valid_angle
    return math.atan(lens.valid_radius) - 0.1 if isinstance(lens, BrownConrady) else math.pi / 2


@every_lens
def test_nothing_behind_a_planar_lens_is_seen(lens: AnyLens) -> None:
    behind = np.array([[0.1, 0.1, -1.0], [0.1, 0.1, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    seen = np.isfinite(lens.project(behind)).all(-1)
    assert seen.tolist() == (
        [True, True, False, False] if lens is WIDE else [False, lens is FISHEYE, False, False]
    )


def test_a_fold_hides_what_lies_beyond() -> None:
    """r (1 - r^2 / 3) turns back at r = 1, where it is 2 / 3: farther pixels have no ray."""
    lens = BrownConrady(**{**SENSOR, "cx": 32.0, "cy": 24.0}, k1=-1 / 3)
    assert lens.valid_radius == pytest.approx(1)
    assert np.isfinite(lens.project(np.array([0.999, 0.0, 1.0]))).all()
    assert np.isnan(lens.project(np.array([1.001, 0.0, 1.0]))).all()
    # OpenCV shows it all the same, as a ghost inside the image.
    assert 0 < opencv_project(lens, np.array([[1.3, 0.0, 1.0]]))[0, 0] < lens.width
    edge = 2 / 3 * lens.fx
    rays = lens.rays(np.array([[32 + edge - 0.01, 24], [32 + edge + 0.01, 24]]))
    assert np.isfinite(rays[0]).all() and rays[0, 0] < 1 and np.isnan(rays[1]).all()


@pytest.mark.parametrize(("name", "axis"), [("p1", 1), ("p2", 0)])
def test_the_tangential_fold_counts_too(name: str, axis: int) -> None:
    """Along x, x + 3 p2 x^2 turns back at x = -1 / (6 p2), where no radial term would say so; y likewise."""
    lens = BrownConrady(**SENSOR, **{name: 0.25})
    assert lens.valid_radius == math.inf
    points = np.array([[0.0, 0, 1]] * 4)
    points[:, axis] = (-0.66, -0.67, -1.5, -3.0)  # beyond -2 both directions have turned: a rotation's sign
    assert np.isfinite(lens.project(points)).all(-1).tolist() == [True, False, False, False]


@pytest.mark.parametrize(("name", "power"), [("k1", 3), ("k2", 5), ("k3", 7), ("k4", 9)])
def test_a_fisheye_that_turns_back_stops_there(name: str, power: int) -> None:
    """t (1 - t^2 / 3) turns back at one radian, and so do the higher powers."""
    lens = KannalaBrandt(**SENSOR, **{name: -1 / power})
    assert lens.valid_angle == pytest.approx(1)
    angles = np.array([0.99, 1.01])
    seen = np.isfinite(lens.project(np.stack([np.sin(angles), angles * 0, np.cos(angles)], -1))).all(-1)
    assert seen.tolist() == [True, False]


@pytest.mark.parametrize("fov", [1.0, 3.3, 6.0])
def test_an_equidistant_field_of_view_spans_the_image(fov: float) -> None:
    lens = KannalaBrandt.from_fov(100, 40, fov)
    left, middle, right = lens.rays(np.array([[0.0, 20.0], [50.0, 20.0], [100.0, 20.0]]))
    assert np.allclose(middle, (0, 0, 1))
    assert math.atan2(right[0], right[2]) == pytest.approx(fov / 2)
    assert np.allclose(left, right * (-1, 1, 1))
    assert lens.max_angle == max(math.pi / 2, fov / 2)


@every_lens
def test_resized_shows_the_same(lens: AnyLens) -> None:
    finer = lens.resized(3)
    assert (finer.width, finer.height) == (192, 144) and type(finer) is type(lens)
    pixels = np.array([[10.0, 7.5], [40.0, 30.0]])
    assert np.allclose(finer.rays(pixels * 3), lens.rays(pixels), equal_nan=True)


@every_lens
def test_json_tells_which_lens_it_is(lens: AnyLens) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(Lens)
    assert adapter.validate_json(lens.model_dump_json()) == lens


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (Pinhole, {"fx": 0}),
        (Pinhole, {"skew": math.nan}),
        (BrownConrady, {"p1": 3}),
        (KannalaBrandt, {"max_angle": 4}),
        (KannalaBrandt, {"max_angle": 0}),
        (KannalaBrandt, {"p1": 0.1}),
    ],
)
def test_nonsense_is_refused(kind: type[Pinhole], change: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=next(iter(change))):
        kind(**{**SENSOR, **change})


@pytest.mark.parametrize("share", [1.0, 0.8], ids=["whole", "mutant"])
def test_windows_hold_all_that_may_be_seen_of_balls(share: float) -> None:
    """Against points of the balls, one by one; windows of smaller balls are caught."""
    sensor = {"width": 640, "height": 480, "fx": 600, "fy": 580, "cx": 310, "cy": 250}
    lenses = [
        Pinhole(**sensor, skew=20),
        BrownConrady(**sensor, k1=-0.2, k2=0.05, p1=0.0005, p2=-0.0005),
        BrownConrady(**sensor, k1=-0.9, p1=0.01, p2=0.02),
        BrownConrady(**sensor, k1=0.9, k2=0.2, p1=0.002, k4=1.3, k5=0.3, k6=0.02),
        KannalaBrandt.from_fov(640, 480, 5.2),
        KannalaBrandt(**sensor, k1=-0.1, skew=30, max_angle=3),
    ]
    generator = np.random.default_rng(0)
    middles, radii = generator.normal(size=(500, 3)), generator.uniform(0, 0.4, 500)
    ways = generator.normal(size=(500, 300, 3))
    ways /= np.linalg.norm(ways, axis=-1, keepdims=True)
    for lens in lenses:
        windows = lens.windows(middles, radii * share)[:, None]
        pixels = lens.project(middles[:, None] + radii[:, None, None] * ways)
        seen = (np.abs(pixels) < 1e6).all(-1)
        held = (pixels >= windows[..., :2] - 1e-6) & (pixels <= windows[..., 2:] + 1e-6)
        assert 0 < seen.mean() < 1 and held.all(-1)[seen].all() == (share == 1), lens
        small = seen.all(1) & (radii < 0.2) & (middles[:, 2] > 0.7)
        sides = np.ptp(pixels[small], axis=1)
        assert np.median((windows[small, 0, 2:] - windows[small, 0, :2]) / sides) < 2
