"""Light of `gl` against closed form: strength, cones, shadows, stops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from photometer import BLACK, Photometer, dressed, shot, wall
from sample_scene import camera, floor, scene_of, thing

from simdata.geometry import Pose
from simdata.light import Light, PointLight, SpotLight, Sun
from simdata.material import Material
from simdata.render.gl.light import ATLAS
from simdata.scene import Scene

# A dielectric sends 4 % off its surface at once: of that, what reaches the camera depends on where it stands.
GLOSS = 0.03


def lit(gl: Any, meter: Photometer, scene: Scene) -> np.ndarray:
    return meter.light(shot(gl, scene))


def on_the_wall(scene: Scene) -> np.ndarray:
    """Return where pixels see the plane y = 0, (H, W, 3) metres."""
    origin, rays = scene.spec.cameras[0].pixel_rays()
    return origin - rays * (origin[1] / rays[..., 1:2])


def test_the_curve_rises_from_black_to_white(meter: Photometer) -> None:
    dialled, shown = meter.curve
    assert shown[0] == 0 and shown[-1] >= 250 and (np.diff(shown) >= 0).all()
    assert 100 < np.interp(0.18, dialled, shown) < 150  # middle grey


def test_a_sun_of_strength_1_makes_a_white_wall_read_1(gl: Any, meter: Photometer) -> None:
    for strength in (0.25, 0.5, 1.0):
        seen = lit(gl, meter, wall(lights=(Sun(direction=(0, -1, 0), strength=strength),)))
        assert seen == pytest.approx(strength, rel=GLOSS + 0.01)


@pytest.mark.parametrize("degrees", [30, 60, 75])
def test_a_slanted_sun_follows_the_cosine(gl: Any, meter: Photometer, degrees: float) -> None:
    a = math.radians(degrees)
    sun = Sun(direction=(0.6 * math.sin(a), -math.cos(a), 0.8 * math.sin(a)))
    assert lit(gl, meter, wall(lights=(sun,)))[12, 16] == pytest.approx(math.cos(a), rel=GLOSS + 0.02)
    behind = Sun(direction=(0, 1, 0))
    assert not lit(gl, meter, wall(lights=(behind,))).any()


@pytest.mark.parametrize("away", [0.7, 1.0, 1.6])
def test_a_lamp_falls_off_with_the_square_and_the_cosine(gl: Any, meter: Photometer, away: float) -> None:
    lamp = np.array((0.2, -away, 0.1))
    scene = wall(lights=(PointLight(position=tuple(lamp), strength=0.6),))
    arm = lamp - on_the_wall(scene)
    expected = 0.6 * away / np.linalg.norm(arm, axis=-1) ** 3
    assert np.ptp(expected) > 0.2 * expected.max()
    assert np.abs(lit(gl, meter, scene) / expected - 1).max() < GLOSS + 0.03


def test_a_spot_fades_out_between_its_two_cones(gl: Any, meter: Photometer) -> None:
    place, angle, blend = (0.0, -1.5, 0.0), 0.5, 0.4
    spot = SpotLight(position=place, direction=(0, 1, 0), angle=angle, blend=blend)
    lamp = PointLight(position=place)
    scene = wall(lights=(spot,))
    ratio = lit(gl, meter, scene) / lit(gl, meter, wall(lights=(lamp,)))
    off = np.arctan(np.hypot(*np.moveaxis(on_the_wall(scene)[..., [0, 2]], -1, 0)) / 1.5)
    begin = math.cos(angle * (1 - blend))
    step = np.clip((np.cos(off) - math.cos(angle)) / (begin - math.cos(angle)), 0, 1)
    assert np.abs(ratio - step**2 * (3 - 2 * step)).max() < 0.03
    assert (off > angle).any() and not ratio[off > angle].any()


def test_lights_add(gl: Any, meter: Photometer) -> None:
    lights: list[Light] = [
        Sun(direction=(0.6, -0.8, 0), strength=0.2),
        PointLight(position=(0.5, -1, 0), strength=0.2),
        SpotLight(position=(-0.5, -1, 0), direction=(0, 1, 0), strength=0.2),
    ]
    single = sum(lit(gl, meter, wall(lights=(light,))) for light in lights)
    together = lit(gl, meter, wall(lights=tuple(lights), ambient=0.1))
    assert np.abs(together - single - 0.1).max() < 0.01


def test_a_stop_doubles_the_light(gl: Any, meter: Photometer) -> None:
    sun = Sun(direction=(0, -1, 0), strength=0.2)
    for stops in (-1, 1, 2):
        scene = wall(lights=(sun,))
        view = scene.spec.cameras[0].model_copy(update={"ev": stops})
        scene = scene.with_spec(scene.spec.model_copy(update={"cameras": (view,)}))
        seen = lit(gl, meter, scene)[12, 16]
        assert seen == pytest.approx(lit(gl, meter, wall(lights=(sun,)))[12, 16] * 2.0**stops, rel=0.02)


def test_a_lights_colour_is_srgb(gl: Any) -> None:
    """The tint is linear light: half a sun through each channel is what a half-bright channel encodes."""
    tinted = shot(gl, wall(lights=(Sun(direction=(0, -1, 0), color=(0.735357, 1, 0), strength=0.3),)))[12, 16]
    half = shot(gl, wall(lights=(Sun(direction=(0, -1, 0), strength=0.15),)))[12, 16]
    whole = shot(gl, wall(lights=(Sun(direction=(0, -1, 0), strength=0.3),)))[12, 16]
    assert abs(int(tinted[0]) - half[0]) <= 1 and tinted[1] == whole[1] and tinted[2] == 0


def under_a_sheet(height: float, angle: float, across: float, *, at: float) -> Scene:
    """A sheet 0.4 m wide over a floor, the sun above; a camera beneath sees `across` m about x = at."""
    sheet = thing("cuboid", 1, Pose(position=(0, 0, height)), sx=0.4, sy=0.4, sz=0.001)
    view = camera(200, 40, eye=(at, -1e-6, 0.2), target=(at, 0, 0), fov=2 * math.atan(across / 2 / 0.2))
    sun = Sun(direction=(0, 0, 1), angle=angle, strength=0.5)
    # A white sheet would pass light of the floor on into its own shadow.
    black = {"cuboid_1.body": BLACK}
    return dressed(scene_of([*sheet, *floor(z=0, size=8)], view), lights=(sun,), materials=black)


def profile(gl: Any, meter: Photometer, scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return x on the floor, metres, rising, and the share of light that arrives there: all rows' mean."""
    view = scene.spec.cameras[0]
    origin, rays = view.pixel_rays()
    x = (origin - rays * (origin[2] / rays[..., 2:]))[20, :, 0]
    light = lit(gl, meter, scene).mean(0)
    order = np.argsort(x)
    return x[order], (light / light.max())[order]


def test_the_edge_of_an_umbra_is_where_geometry_says(gl: Any, meter: Photometer) -> None:
    texel = 2 * 1.02 * math.hypot(0.2, 0.2) / ATLAS
    x, share = profile(gl, meter, under_a_sheet(0.5, 0.0, 20 * texel, at=0.2))
    assert share[0] < 0.02 and share[-1] > 0.98
    crossing = np.interp(0.5, np.maximum.accumulate(share), x)
    assert abs(crossing - 0.2) < texel


@pytest.mark.parametrize("angle", [0.06, 0.12])
def test_a_penumbra_grows_with_distance_and_angle(gl: Any, meter: Photometer, angle: float) -> None:
    """A disk of light blurs an edge with a deviation of a quarter of its width, angle times height."""
    for height in (0.4, 0.8):
        x, share = profile(gl, meter, under_a_sheet(height, angle, 0.3, at=0.2))
        slope = np.diff(share) / np.diff(share).sum()
        middle = (x[1:] + x[:-1]) / 2
        center = (slope * middle).sum()
        deviation = math.sqrt((slope * (middle - center) ** 2).sum())
        assert center == pytest.approx(0.2, abs=0.02 * height)
        assert 4 * deviation == pytest.approx(2 * height * math.tan(angle / 2), rel=0.2)


@pytest.mark.parametrize("elevation", [3, 10, 40])
def test_a_plane_in_grazing_light_has_no_acne(gl: Any, elevation: float) -> None:
    """A board that casts shadows itself, and a ball that does not shade what is seen of it."""
    a = math.radians(elevation)
    board = thing("cuboid", 1, Pose(position=(0, 0, -0.02)), sx=1.0, sy=1.0, sz=0.04)
    ball = thing("sphere", 2, Pose(position=(0.4, 0.4, 0.05)), radius=0.05)
    view = camera(80, 60, eye=(-0.1, -0.1, 6.0), target=(-0.1, -0.1001, 0), fov=0.08)
    sun = Sun(direction=(-math.cos(a), 0, math.sin(a)), strength=1.0 / math.sin(a) / 4)
    for matter in (Material(roughness=1.0), Material(roughness=0.6)):
        look = {"lights": (sun,), "materials": {"cuboid_1.body": matter}}
        rgb = shot(gl, dressed(scene_of([*board, *ball], view), **look)).astype(int)
        assert rgb.min() > 50 and np.ptp(rgb) <= 2


def test_a_shadow_is_no_darker_than_what_else_lights_it(gl: Any, meter: Photometer) -> None:
    scene = under_a_sheet(0.3, 0.01, 0.3, at=0.0)
    look = scene.spec.look
    dark = dressed(scene, lights=look.lights, ambient=0.2, materials=dict(look.materials))
    unlit = dressed(scene, ambient=0.2, materials=dict(look.materials))
    assert np.abs(lit(gl, meter, dark)[:, 50:150] - lit(gl, meter, unlit)[:, 50:150]).max() < 0.01
