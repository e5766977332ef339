"""Skies: which way they look, how bright they are, and what may be imported as one."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from simdata.errors import AssetError
from simdata.sky import DaySky, ImageSky, NightSky, areas, daylight, directions, import_sky, radiance, reading
from simdata.sky.day import LUMINANCE, clear


def sun_at(elevation: float, azimuth: float = 0.7) -> tuple[float, float, float]:
    e, a = math.radians(elevation), azimuth
    return (math.cos(e) * math.cos(a), math.cos(e) * math.sin(a), math.sin(e))


def brute_reading(light: np.ndarray) -> float:
    """The definition: radiance times cosine over pi, pixel by pixel, by its middle."""
    height = len(light)
    polar = np.pi * (np.arange(height) + 0.5) / height
    weight = np.cos(polar).clip(0) * np.sin(polar) * (np.pi / height) ** 2 / np.pi
    return float((weight[:, None] * (light @ LUMINANCE)).sum())


def test_pixels_look_where_the_convention_says() -> None:
    ways = directions(64)
    assert np.allclose(np.linalg.norm(ways, axis=-1), 1)
    assert (ways[0, :, 2] > 0.99).all() and (ways[-1, :, 2] < -0.99).all()
    ahead = ways[31:33, 63:65].mean((0, 1))
    assert ahead[0] > 0.99
    # Clockwise seen from above: a quarter of the picture to the right of +x is -y.
    assert directions(64)[32, 96][1] < -0.99
    assert directions(64, heading=math.pi / 2)[32, 64][1] > 0.99
    assert areas(64).sum() * 128 == pytest.approx(4 * math.pi)


@pytest.mark.parametrize("elevation", [80, 30, 5, 0, -5, -40])
@pytest.mark.parametrize("clouds", [0.0, 0.4, 1.0])
def test_a_day_reads_its_strength(elevation: float, clouds: float) -> None:
    for turbidity in (1.8, 10.0):
        sky = DaySky(sun=sun_at(elevation), turbidity=turbidity, clouds=clouds, strength=0.7)
        light = radiance(sky, 64)
        assert light.shape == (64, 128, 3) and light.dtype == np.float32
        assert np.isfinite(light).all() and light.min() >= 0
        assert brute_reading(light) == pytest.approx(0.7, rel=2e-3)
        assert light[:32].max() < 60  # finite, and no sun in it


def test_a_night_reads_its_strength_and_glows_at_the_horizon() -> None:
    light = radiance(NightSky(strength=0.01), 64)
    assert brute_reading(light) == pytest.approx(0.01, rel=2e-3)
    assert (light[31] @ LUMINANCE > light[2] @ LUMINANCE).all()


def test_a_clear_sky_is_brightest_about_the_sun_and_blue_away_from_it() -> None:
    sun = np.array(sun_at(40))
    light = radiance(DaySky(sun=tuple(sun), turbidity=2.5), 64)
    bright = np.unravel_index((light[:28] @ LUMINANCE).argmax(), (28, 128))
    assert directions(64)[bright] @ sun > math.cos(math.radians(6))
    opposite = directions(64) @ np.array([-sun[0], -sun[1], sun[2]])
    red, _, blue = light[np.unravel_index(opposite.argmax(), opposite.shape)]
    assert blue > 2 * red


def test_a_clear_zenith_is_as_bright_as_the_model_says() -> None:
    """By hand, from the paper: turbidity 3, the sun 45 degrees up."""
    chi = (4 / 9 - 3 / 120) * (math.pi - math.pi / 2)
    expected = (4.0453 * 3 - 4.9710) * math.tan(chi) - 0.2155 * 3 + 2.4192
    light = clear(np.array(sun_at(45)), 3.0, 180)
    assert (light[0] @ LUMINANCE).mean() == pytest.approx(expected, rel=0.01)


def test_clouds_cover_their_share_and_differ_by_seed() -> None:
    free = radiance(DaySky(sun=sun_at(50)), 128)[:48]
    for clouds in (0.2, 0.6):
        sky = DaySky(sun=sun_at(50), clouds=clouds, strength=0.5, seed=1)
        light = radiance(sky, 128)[:48]
        grey = light[..., 2] / light[..., 0] < 0.75 * free[..., 2] / free[..., 0]
        assert grey[:, 70:].mean() == pytest.approx(clouds, abs=0.3)
        other = radiance(sky.model_copy(update={"seed": 2}), 128)[:48]
        assert np.abs(light - other).mean() > 0.02


def test_a_sky_is_the_same_at_any_size_but_for_detail() -> None:
    sky = DaySky(sun=sun_at(30), clouds=0.5, seed=4)
    large = cv2.resize(radiance(sky, 512), (128, 64), interpolation=cv2.INTER_AREA)
    small = radiance(sky, 64)
    assert np.abs(large - small)[:30].mean() < 0.06 * small[:30].mean()


def test_the_ground_is_lit_by_its_sky_and_sun() -> None:
    sky = DaySky(sun=sun_at(60), strength=0.5, ground=(0.5, 0.5, 0.5))
    light = radiance(sky, 64)
    albedo = 0.214
    tint, ratio = daylight(sky.sun, sky.turbidity)
    sun = 0.5 * ratio * sky.sun[2] * tint[1] ** 2.2
    assert light[40, 0, 1] == pytest.approx(albedo * (reading(light)[1] + sun), rel=0.02)


def test_daylight_reddens_and_fades_as_the_sun_sinks() -> None:
    high, low, below = (daylight(sun_at(e)) for e in (60, 8, -1))
    assert high[0][0] == pytest.approx(1) and high[0][2] > 0.85 and low[0][2] < 0.6
    assert 2 < high[1] < 8  # a clear day's sun against its sky
    assert high[1] > low[1] > below[1] == 0
    assert daylight(sun_at(60), clouds=1.0)[1] == 0
    assert daylight(sun_at(60), turbidity=8)[1] < high[1]


def test_a_picture_is_imported_with_its_brightness_and_its_sides(tmp_path: Path) -> None:
    picture = np.full((64, 128, 3), 0.25, np.float32)
    picture[:, 96:] = (4.0, 0.25, 0.25)  # red to the right, as OpenCV's RGB
    cv2.imwrite(str(tmp_path / "sky.hdr"), picture[..., ::-1])
    sha256 = import_sky(tmp_path / "sky.hdr", tmp_path / "store")
    sky = ImageSky(sha256=sha256, heading=0.3, strength=2.0)
    light = radiance(sky, 32, tmp_path / "store")
    assert brute_reading(light) == pytest.approx(2.0, rel=5e-3)
    red = light[16, :, 0] > 8 * light[16, :, 1]
    assert red[48:].all() and not red[:48].any()
    assert light[16, 60, 1] == pytest.approx(light[16, 5, 1], rel=0.01)
    with pytest.raises(AssetError, match="import it again"):
        radiance(sky.model_copy(update={"sha256": "0" * 64}), 32, tmp_path)
    with pytest.raises(AssetError, match="pass `store`"):
        radiance(sky, 32)


def test_an_encoded_picture_is_made_linear(tmp_path: Path) -> None:
    picture = np.full((64, 128, 3), 255, np.uint8)
    picture[:, 64:] = 188  # half the light
    cv2.imwrite(str(tmp_path / "sky.png"), picture)
    light = radiance(ImageSky(sha256=import_sky(tmp_path / "sky.png", tmp_path)), 64, tmp_path)
    assert light[30, 96, 0] / light[30, 32, 0] == pytest.approx(0.503, abs=0.005)


def test_what_is_no_sky_is_refused_in_a_line(tmp_path: Path) -> None:
    def refused(picture: np.ndarray | None, says: str, name: str = "sky.png") -> None:
        path = tmp_path / name
        if picture is not None:
            cv2.imwrite(str(path), picture)
        with pytest.raises(AssetError, match=says) as raised:
            import_sky(path, tmp_path)
        assert "\n" not in str(raised.value) and name in str(raised.value)

    refused(None, "no such file")
    refused(np.zeros((50, 50, 3), np.uint8), "twice as wide")
    refused(np.zeros((16, 32, 3), np.uint8), "64 to")
    refused(np.zeros((64, 128, 3), np.uint8), "black")
    refused(np.full((64, 128, 3), -1.0, np.float32), "negative|black", "sky.tiff")
    (tmp_path / "text.hdr").write_text("no picture")
    refused(None, "cannot be read", "text.hdr")
