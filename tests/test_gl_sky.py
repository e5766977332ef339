"""Light from a sky in `gl`: what it does to surfaces against brute force; that it is seen without seams."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from photometer import Photometer, dressed, shot, wall
from sample_scene import camera, floor, scene_of, thing

from simdata.geometry import Pose
from simdata.lens import KannalaBrandt
from simdata.light import Sun
from simdata.material import Material
from simdata.render.gl.panorama import LEVELS, ROWS, basis, harmonics, reflections
from simdata.render.gl.surroundings import turned
from simdata.sky import DaySky, ImageSky, areas, directions, import_sky, radiance
from simdata.spec import Haze

SKY = DaySky(sun=(0.6, 0.48, 0.64), clouds=0.5, seed=3, strength=0.5)


def by_normal(light: np.ndarray, normal: np.ndarray) -> np.ndarray:
    """Return what a white diffuse surface reads, by the definition, (3,)."""
    weight = (directions(len(light)) @ normal).clip(0)[..., None] * areas(len(light))[..., None] / math.pi
    return (weight * light).sum((0, 1))


def test_harmonics_read_what_brute_force_reads() -> None:
    light = radiance(SKY, ROWS)
    found, generator = harmonics(light), np.random.default_rng(0)
    for normal in generator.normal(size=(50, 3)):
        normal /= np.linalg.norm(normal)
        truth = by_normal(light, normal)
        # Order 2 leaves out less than a few per cent of what reads most.
        assert (
            np.abs(basis(normal) @ found - truth).max() < 0.04 * by_normal(light, np.array([0, 0, 1])).max()
        )


def test_harmonics_of_even_light_are_exact() -> None:
    found = harmonics(np.full((ROWS, 2 * ROWS, 3), 0.7))
    assert np.allclose(basis(np.array([0.36, 0.48, 0.8])) @ found, 0.7, atol=1e-3)


def test_blurred_reflections_keep_even_light_and_spread_a_spot() -> None:
    even = reflections(np.full((ROWS, 2 * ROWS, 3), 0.3))
    assert even.shape == (LEVELS, ROWS, 2 * ROWS, 3) and np.allclose(even, 0.3, atol=1e-5)
    spot = np.zeros((ROWS, 2 * ROWS, 3))
    spot[20, 30] = 1
    found = reflections(spot)[..., 0]
    assert [int(level.argmax()) for level in found] == [20 * 2 * ROWS + 30] * LEVELS
    peaks = found.max((1, 2))
    assert (np.diff(peaks) < 0).all()
    # The widest lobe against the definition, at one direction beside the spot.
    there = directions(ROWS)[26, 40]
    cosine = directions(ROWS) @ there
    weight = cosine.clip(0) * areas(ROWS)  # roughness 1: D is even
    assert found[-1, 26, 40] == pytest.approx(weight[20, 30] / weight.sum(), rel=1e-4)


@pytest.mark.parametrize("heading", [0.0, 0.5, -2.1, 7.0])
def test_a_turned_sky_is_where_its_heading_says(heading: float) -> None:
    light = np.zeros((ROWS, 2 * ROWS, 3))
    light[20, 40] = 1
    found = turned(light, heading)[..., 0]
    middle = (found[..., None] * directions(ROWS)).sum((0, 1))
    truth = directions(ROWS, heading)[20, 40]
    assert middle @ truth / np.linalg.norm(middle) > 0.9999


def slab(*cameras: Any, **look: Any) -> Any:
    """A board that lies level and nothing else, seen from above."""
    board = thing("cuboid", 1, Pose(position=(0, 0, -0.05)), sx=2, sy=2, sz=0.1)
    above = camera(8, 8, eye=(0, -1e-6, 2), target=(0, 0, 0), fov=0.2)
    return dressed(scene_of(board, *(cameras or (above,))), **look)


def test_a_white_board_under_the_sky_reads_its_strength(gl: Any, meter: Photometer) -> None:
    for strength in (0.3, 0.8):
        sky = SKY.model_copy(update={"strength": strength, "clouds": 1.0})
        seen = meter.light(shot(gl, slab(sky=sky)))
        assert seen == pytest.approx(strength, rel=0.08)


@pytest.mark.parametrize(
    ("roughness", "metallic"),
    [
        (0.05, 0),
        (0.3, 0),
        (0.6, 0),
        (1.0, 0),
        (0.05, 1),
    ],
)
def test_in_even_light_things_vanish(
    gl: Any, meter: Photometer, tmp_path: Path, roughness: float, metallic: float
) -> None:
    """The furnace: a white ball sends back what it gets from everywhere."""
    cv2.imwrite(str(tmp_path / "even.hdr"), np.full((64, 128, 3), 1, np.float32))
    sky = ImageSky(sha256=import_sky(tmp_path / "even.hdr", tmp_path), strength=0.5)
    ball = thing("sphere", 1, Pose(), radius=0.3)
    matter = Material(base_color=(1, 1, 1), roughness=roughness, metallic=metallic)
    renderer = type(gl)(samples=1, store=tmp_path)
    view = camera(48, 48, eye=(0, -1, 0))
    rgb = shot(renderer, dressed(scene_of(ball, view), sky=sky, materials={"sphere_1.body": matter}))
    renderer.close()
    seen = meter.light(rgb)
    assert seen[2, 2] == pytest.approx(0.5, abs=0.01)  # the sky itself
    assert np.abs(seen[24] / 0.5 - 1).max() < 0.06


def test_the_sky_is_seen_where_it_is(gl: Any, tmp_path: Path) -> None:
    """One bright patch at a known azimuth and height, before a camera that looks there."""
    picture = np.full((256, 512, 3), 0.1, np.float32)
    picture[100:110, 300:312] = 40
    cv2.imwrite(str(tmp_path / "patch.hdr"), picture)
    sky = ImageSky(sha256=import_sky(tmp_path / "patch.hdr", tmp_path), heading=0.5, strength=0.4)
    azimuth = 0.5 + math.pi - 2 * math.pi * 306 / 512
    polar = math.pi * 105 / 256
    flat = math.sin(polar)
    way = (flat * math.cos(azimuth), flat * math.sin(azimuth), math.cos(polar))
    renderer = type(gl)(samples=4, store=tmp_path)
    views = [
        camera(81, 61, eye=(0, 0, 0), target=way),
        camera(81, 61, eye=(0, 0, 0), target=way, lens=KannalaBrandt.from_fov(81, 61, 3.4)),
    ]
    scene = dressed(scene_of(floor(z=-5), *views), sky=sky)
    for number in range(2):
        bright = shot(renderer, scene, number).astype(int).sum(-1)
        rows, columns = np.nonzero(bright > 0.8 * bright.max())
        assert abs(rows.mean() - 30) < 1 and abs(columns.mean() - 40) < 1
    renderer.close()


def test_a_lens_that_sees_behind_itself_shows_no_seams(gl: Any) -> None:
    """Where the faces of its cube meet, the sky goes on: no pixel stands out from its neighbours."""
    lens = KannalaBrandt.from_fov(160, 160, math.radians(200))
    view = camera(eye=(0, 0, 0.3), target=(0.3, 1, 0.6), lens=lens)
    ball = thing("sphere", 1, Pose(position=(0, -20, 0)), radius=0.1)
    sky = DaySky(sun=(-0.6, -0.48, 0.64), turbidity=6)
    rgb = shot(gl, dressed(scene_of(ball, view), sky=sky)).astype(int)
    _, rays = view.pixel_rays()
    inside = cv2.erode(np.isfinite(rays).all(-1).astype(np.uint8), np.ones((5, 5)), borderValue=0) > 0
    up = inside & (rays[..., 2] > 0.08)
    steps = [np.abs(np.diff(rgb, axis=axis)).max(-1) for axis in (0, 1)]
    both = [up[1:] & up[:-1], up[:, 1:] & up[:, :-1]]
    assert max(step[where].max() for step, where in zip(steps, both, strict=True)) < 12


def test_a_mirror_shows_the_sky_in_its_direction(gl: Any) -> None:
    chrome = Material(base_color=(1, 1, 1), metallic=1.0, roughness=0.05)
    sky = DaySky(sun=(0, 0.5, 0.866), strength=0.4, ground=(0.02, 0.02, 0.02))
    ball = thing("sphere", 1, Pose(position=(0, 0, 0.5)), radius=0.5)
    black = Material(base_color=(0.1, 0.1, 0.1), roughness=1.0)
    scene = dressed(
        scene_of(
            [*ball, *floor(z=0, size=50)], camera(60, 60, eye=(0, -3, 0.5), target=(0, 0, 0.5), fov=0.4)
        ),
        sky=sky,
        materials={"sphere_1.body": chrome, "floor": black},
    )
    rgb = shot(gl, scene).astype(int)
    assert rgb[15, 30].sum() > 2 * rgb[45, 30].sum()  # the sky above, dark ground below
    assert rgb[15, 30, 2] > rgb[15, 30, 0]


@pytest.mark.parametrize("density", [0.05, 0.5])
def test_haze_fades_by_the_distance_along_the_ray(gl: Any, meter: Photometer, density: float) -> None:
    haze = Haze(density=density, color=(1, 1, 1), strength=0.9)
    view = camera(41, 31, eye=(0, -2, 0), target=(0, 0, 0), fov=1.4)
    scene = wall(view, lights=(Sun(direction=(0, -1, 0), strength=0.4),))
    clear = meter.light(shot(gl, scene))
    look = scene.spec.look.model_copy(update={"haze": haze})
    hazy = meter.light(shot(gl, scene.with_spec(scene.spec.model_copy(update={"look": look}))))
    _, rays = view.pixel_rays()
    through = np.exp(-density * 2 * np.linalg.norm(rays, axis=-1) / rays[..., 1])
    assert np.abs(hazy - (clear * through + 0.9 * (1 - through))).max() < 0.01


def test_haze_hides_the_sky_and_the_backdrop_at_the_far_plane(gl: Any, meter: Photometer) -> None:
    haze = Haze(density=0.02, color=(1, 1, 1), strength=0.6)
    view = camera(8, 8, eye=(0, 0, 1), target=(0, 1, 1.2), far=100)
    ball = thing("sphere", 1, Pose(position=(0, -20, 0)), radius=0.1)
    for more in ({"sky": SKY}, {}):
        rgb = shot(gl, dressed(scene_of(ball, view), haze=haze, **more))
        assert np.abs(meter.light(rgb) - 0.6).max() < (0.11 if more else 0.1)
