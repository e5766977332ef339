"""Development, metering, optics and processing of a sensor, against closed form."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest

from simdata.sensor import Sensor, develop, expose, metered, undeveloped
from simdata.sensor.expose import BRIGHTEST
from simdata.sensor.optics import fading, through_lens
from simdata.sensor.process import gains
from simdata.sensor.tone import SATURATION, coded, decoded, exposed, filmic, merged, unfilmic

EVERYTHING = Sensor(
    key=0.18,
    exposure_error=0.2,
    blur=0.7,
    red_shift=5e-4,
    blue_shift=-8e-4,
    vignetting=0.4,
    bloom=0.02,
    warmth=10,
    tint=0.02,
    full_well=15_000,
    gain=2,
    read_noise=3,
    prnu=0.008,
    dsnu=1,
    bits=10,
    demosaic="edge_aware",
    color_smoothing=1,
    sharpening=0.7,
    jpeg=90,
    noise_seed=5,
    pattern_seed=6,
)


def grey(value: float, size: tuple[int, int] = (48, 64)) -> np.ndarray:
    return np.full((*size, 3), value, np.float16)


def scenery(size: tuple[int, int] = (96, 128)) -> np.ndarray:
    """Smooth light of many brightnesses and colours, wholly covered, (H, W, 4) float16."""
    generator = np.random.default_rng(0)
    light = np.ones((*size, 4), np.float16)
    coarse = generator.uniform(0, 1, (6, 8, 3)) ** 2
    light[..., :3] = np.kron(coarse, np.ones((size[0] // 6, size[1] // 8, 1)))
    return light


def point(size: int = 65) -> np.ndarray:
    """One bright pixel in the middle, float32."""
    light = np.zeros((size, size, 3), np.float32)
    light[size // 2, size // 2] = 1
    return light


def spread(light: np.ndarray, axis: int) -> float:
    """Return the variance of light along an axis, square pixels."""
    line = light.sum(1 - axis)
    place = np.arange(len(line))
    middle = (line * place).sum() / line.sum()
    return float((line * (place - middle) ** 2).sum() / line.sum())


class TestDevelopment:
    def test_it_is_the_published_curve(self) -> None:
        """Uchimura's curve where it is simple: the line is a line, the shoulder nears 1, the toe a power."""
        line = np.linspace(0.23, 0.53, 20)
        assert filmic(line) == pytest.approx(line, abs=1e-12)
        assert filmic(np.array([0.0, 50.0])) == pytest.approx([0, 1])
        assert filmic(np.array(1e-4)) == pytest.approx(0.22 * (1e-4 / 0.22) ** 1.33, rel=1e-3)
        assert (np.diff(filmic(np.linspace(0, 4, 4001))) > 0).all()

    @pytest.mark.parametrize("ev", [-3.0, 0.0, 0.37, 6.0])
    def test_a_table_equals_the_formula(self, ev: float) -> None:
        light = np.random.default_rng(1).uniform(0, 3, (40, 50, 3)).astype(np.float16)
        expected = np.rint(255 * coded(filmic(light.astype(float) * 2**ev)))
        assert (develop(light, ev) == expected).all()

    def test_stops_are_powers_of_two(self) -> None:
        light = np.linspace(0.01, 0.4, 300).astype(np.float16).reshape(10, 10, 3)
        assert (develop(light, 1.0) == develop((2 * light).astype(np.float16))).all()
        assert (develop(light, 1.0) != develop(light)).any()

    def test_what_no_surface_covers_shows_the_backdrop(self) -> None:
        light = np.zeros((3, 3, 4), np.float16)
        light[0] = (0.4, 0.3, 0.2, 1)
        light[1] = (0.2, 0.15, 0.1, 0.5)
        for backdrop in ((0.2, 0.4, 0.6), (1.0, 0.0, 0.5)):
            for ev in (-15, 0, 15):
                shown = develop(light, ev, backdrop)
                assert (shown[2] == np.rint(255 * np.array(backdrop))).all()
                covered = decoded(shown[0] / 255)
                half = coded((covered + decoded(np.array(backdrop))) / 2)
                assert shown[1] / 255 == pytest.approx(half, abs=0.01)
            assert expose(light, Sensor(bits=16), backdrop=backdrop)["rgb"][2, 0] == pytest.approx(
                255 * np.array(backdrop), abs=1
            )

    def test_numbers_that_are_none_do_no_harm(self) -> None:
        light = np.array([[[np.nan, -1, np.inf]]], np.float16)
        assert develop(light).tolist() == [[[0, 0, 255]]]
        assert np.isfinite(exposed(light)).all()

    def test_undeveloped_light_develops_to_what_it_was(self) -> None:
        rgb = np.arange(256, dtype=np.uint8).reshape(16, 16, 1).repeat(3, -1)
        assert (develop(undeveloped(rgb)) == rgb).all()
        x = np.linspace(0, SATURATION, 999)
        assert unfilmic(filmic(x)) == pytest.approx(x, abs=1e-4)


class TestMetering:
    @pytest.mark.parametrize("key", [0.1, 0.18, 0.4])
    def test_the_log_average_meets_the_key(self, key: float) -> None:
        light = np.exp(np.random.default_rng(2).normal(-3, 1, (100, 120, 1))).repeat(3, -1).astype(np.float16)
        average = np.exp(np.log(light[::2, ::2].astype(float)).mean())
        assert average * 2 ** metered(light, key) == pytest.approx(key, rel=0.006)
        assert metered((light / 8).astype(np.float16), key) - metered(light, key) == pytest.approx(
            3, abs=0.02
        )

    def test_only_what_is_covered_counts(self) -> None:
        light = np.zeros((20, 20, 4), np.float16)
        assert metered(light, 0.18) == 0
        light[5:15, 5:15] = (0.045, 0.045, 0.045, 1)
        assert metered(light, 0.18) == pytest.approx(2, abs=0.01)

    def test_it_works_alone_and_errs_as_it_is_told(self) -> None:
        dark = grey(0.01)
        seen = expose(dark, Sensor(key=0.18))
        assert (seen["rgb"] == seen["clean"]).all()
        assert seen["rgb"][0, 0, 0] == pytest.approx(255 * coded(filmic(np.array(0.18))), abs=1)
        wrong = expose(dark, Sensor(key=0.18, exposure_error=1.0))["rgb"]
        assert wrong[0, 0, 0] == pytest.approx(255 * coded(filmic(np.array(0.36))), abs=1)


class TestOptics:
    def test_vignetting_is_cos_to_the_fourth(self) -> None:
        tangent = 0.5
        lost = fading(480, 640, tangent)
        fall = {(239, 319): 0.0, (0, 0): tangent, (239, 0): tangent * 0.8}
        for place, slope in fall.items():
            assert lost[place] == pytest.approx(np.cos(np.arctan(slope)) ** 4, abs=0.004)
        assert (
            through_lens(np.ones((480, 640, 3), np.float32), Sensor(vignetting=tangent))[0, 0, 1]
            == lost[0, 0]
        )

    @pytest.mark.parametrize("shift", [0.004, -0.01])
    def test_red_is_seen_farther_out_by_its_share(self, shift: float) -> None:
        size, at = 201, 160
        light = np.zeros((size, size, 3), np.float32)
        light[at - 2 : at + 3, at - 2 : at + 3] = 1
        moved = through_lens(light, Sensor(red_shift=shift))
        place = np.arange(size) + 0.5
        middle = [(moved[..., c].sum(0) * place).sum() / moved[..., c].sum() for c in range(3)]
        away = at + 0.5 - size / 2
        assert middle[0] - size / 2 == pytest.approx(away * (1 + shift), abs=0.03)
        assert middle[1] - size / 2 == pytest.approx(away, abs=1e-4)
        assert (moved[..., 1:] == light[..., 1:]).all()

    @pytest.mark.parametrize("sigma", [0.6, 1.5, 3.0])
    def test_blur_is_a_bell_that_keeps_light(self, sigma: float) -> None:
        blurred = through_lens(point(), Sensor(blur=sigma))[..., 1]
        assert blurred.sum() == pytest.approx(1, abs=1e-4)
        assert spread(blurred, 0) == pytest.approx(sigma**2, rel=0.03)
        assert spread(blurred, 1) == pytest.approx(sigma**2, rel=0.03)

    def test_glare_takes_its_share_far_away_and_keeps_light(self) -> None:
        light = through_lens(400 * point(257), Sensor(bloom=0.1, bloom_radius=0.05))[..., 1]
        assert light.sum() == pytest.approx(400, rel=0.02)
        assert light[128, 128] == pytest.approx(400 * 0.9, rel=0.01)
        rest = light.copy()
        rest[128, 128] = 0
        radius = 0.05 * 257
        # Half is as wide as the radius, half four times as wide; the grid it is made on adds a little.
        assert spread(rest, 0) == pytest.approx(radius**2 * (1 + 16) / 2, rel=0.1)
        assert light[128, 128 + round(radius)] > 0

    def test_even_light_stays_even(self) -> None:
        even = np.ones((60, 80, 3), np.float32)
        through = through_lens(even, Sensor(blur=1, bloom=0.3, red_shift=0.01, blue_shift=-0.01))
        assert through == pytest.approx(even, abs=1e-5)


class TestProcessing:
    def test_white_balance_errs_along_the_daylights(self) -> None:
        assert gains(0, 0) == pytest.approx([1, 1, 1])
        warm, cool = gains(20, 0), gains(-20, 0)
        assert warm[0] > warm[1] > warm[2] == 1 and cool[0] == 1 < cool[1] < cool[2]
        # 5002.8 K against D65, by the tables of CIE 15: D50 is (0.3457, 0.3585).
        d50, d65 = (np.linalg.solve(_XYZ_FROM_RGB, (x / y, 1, (1 - x - y) / y)) for x, y in _WHITES)
        found = gains(1e6 / 5002.8 - 1e6 / 6504, 0)
        assert found / found[1] == pytest.approx(d50 / d65 * d65[1] / d50[1], rel=0.01)

    def test_tint_is_stops_of_green(self) -> None:
        factors = gains(0, 0.5)
        assert factors[1] / factors[0] == pytest.approx(2**0.5) and gains(0, -0.5).min() == 1

    def test_grey_light_turns_by_the_gains_and_white_stays_white(self) -> None:
        sensor = Sensor(warmth=20, tint=0.1)
        shown = expose(grey(0.2), sensor)["rgb"][0, 0]
        assert shown == pytest.approx(255 * coded(filmic(0.2 * gains(20, 0.1))), abs=1)
        assert (expose(grey(5.0), sensor)["rgb"] == 255).all()

    def test_sharpening_overshoots_and_keeps_flats(self) -> None:
        edge = grey(0.1)
        edge[:, 32:] = 0.4
        plain, sharp = (expose(edge, Sensor(bits=16, sharpening=s))["rgb"][24].astype(int) for s in (0, 1.0))
        assert sharp[31, 0] < plain[31, 0] - 5 and sharp[32, 0] > plain[32, 0] + 5
        assert abs(sharp[[0, 63]] - plain[[0, 63]]).max() <= 1

    def test_colours_are_smoothed_and_brightness_is_not(self) -> None:
        light = grey(0.2)
        light[24, 32] = (0.2, 0.2, 0.6)
        shown = expose(light, Sensor(color_smoothing=2.0))["rgb"].astype(float)
        before = expose(light, Sensor(bits=16))["rgb"].astype(float)
        weights = np.array([0.299, 0.587, 0.114])
        assert (shown @ weights)[24, 32] == pytest.approx((before @ weights)[24, 32], abs=1)
        assert np.ptp(shown[24, 32]) < 0.2 * np.ptp(before[24, 32])

    def test_jpeg_changes_as_much_as_its_quality_says(self) -> None:
        light = scenery()
        plain = expose(light, Sensor(bits=16))["rgb"].astype(int)
        errors = []
        for quality in (20, 60, 95):
            shown = expose(light, Sensor(bits=16, jpeg=quality))["rgb"].astype(int)
            errors.append(np.abs(shown - plain).mean())
        assert errors[0] > errors[1] > errors[2] > 0
        assert (expose(grey(0.2), Sensor(bits=16, jpeg=100))["rgb"] == expose(grey(0.2))["rgb"]).all()

    @pytest.mark.parametrize("bits", [4, 6, 8])
    def test_few_bits_are_few_levels(self, bits: int) -> None:
        ramp = np.linspace(0, 3, 64 * 48).astype(np.float16).reshape(48, 64, 1).repeat(3, -1)
        levels = np.unique(expose(ramp, Sensor(bits=bits))["rgb"])
        # Nearly all numbers are bright ones, of which the shoulder shows several as one level.
        assert 2**bits / 3 < len(levels) < 2**bits and levels[0] == 0 and levels[-1] == 255
        dark = 255 * coded(filmic(np.arange(1, 4) / (2**bits * 15 / 16 - 1) * SATURATION))
        assert levels[1:4] == pytest.approx(dark, abs=1)


_WHITES = ((0.3457, 0.3585), (0.3127, 0.3290))
_XYZ_FROM_RGB = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def test_no_sensor_and_a_perfect_one_are_plain_development() -> None:
    light = scenery()
    light[:20, :20] *= 0.5  # partly covered
    plain = develop(light, 0.3, (0.2, 0.4, 0.6))
    for sensor in (None, Sensor()):
        seen = expose(light, sensor, 0.3, backdrop=(0.2, 0.4, 0.6))
        assert (seen["rgb"] == plain).all() and ("clean" in seen) == (sensor is not None)


def test_clean_is_what_a_perfect_sensor_sees_equally_exposed() -> None:
    light = scenery()
    stops = metered(light, EVERYTHING.key) + EVERYTHING.exposure_error
    seen = expose(light, EVERYTHING)
    assert (seen["clean"] == develop(light, stops)).all()
    gap = np.abs(seen["rgb"].astype(int) - seen["clean"])
    assert 1 < gap.mean() < 20


@pytest.mark.parametrize("headroom", [0.5, 2.0, 6.0])
def test_headroom_tells_bright_light_apart_and_leaves_the_rest(headroom: float) -> None:
    brightest = SATURATION * 2**headroom
    light = np.concatenate([np.linspace(0, 1, 50), np.geomspace(1, brightest, 200)]).astype(np.float32)
    seen = merged(light, headroom)
    assert (seen[:50] == light[:50]).all() and seen[-1] == pytest.approx(SATURATION, rel=1e-5)
    assert (np.diff(seen[50:]) > 0).all()
    near = merged(np.array([1.0, 1.001], np.float32), headroom)
    assert near[1] - near[0] == pytest.approx(0.001, rel=0.02)  # no kink at white
    assert merged(light, 0.0) is light


def test_meters_spare_highlights() -> None:
    """A tenth of the picture is far too bright: it decides. A fiftieth does not."""
    for share, stops in ((0.1, math.log2(BRIGHTEST / 64)), (0.02, None)):
        light = grey(0.02, (100, 100))
        light[: int(100 * share)] = 64
        average = 2 ** np.log2(light[::2, ::2, 0].astype(float)).mean()
        wanted = math.log2(0.18 / average)
        assert metered(light, 0.18) == pytest.approx(wanted if stops is None else stops, abs=0.02)
        assert stops is None or stops < wanted - 1


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (5, 4), (33, 47)])
def test_any_size_will_do(size: tuple[int, int]) -> None:
    light = np.full((*size, 4), 1, np.float16)
    for demosaic in ("none", "bilinear", "edge_aware"):
        seen = expose(light, EVERYTHING.model_copy(update={"demosaic": demosaic}))
        assert seen["rgb"].shape == (*size, 3) and seen["rgb"].dtype == np.uint8


def test_every_fault_alone_changes_the_picture() -> None:
    """`perfect` must name them all, or one of them would do nothing by itself."""
    changes = {
        "blur": 1,
        "red_shift": 0.02,
        "blue_shift": 0.02,
        "vignetting": 0.5,
        "bloom": 0.2,
        "warmth": 20,
        "tint": 0.2,
        "headroom": 3,
        "full_well": 3000,
        "bits": 5,
        "demosaic": "bilinear",
        "color_smoothing": 2,
        "sharpening": 1,
        "jpeg": 30,
    }
    light = scenery()
    light[:20, :20] = 2  # headroom is for what is brighter than white
    plain = develop(light)
    for name, value in changes.items():
        assert (expose(light, Sensor(**{name: value}))["rgb"] != plain).any(), name
    # The rest says how, or needs electrons.
    how = {"bloom_radius", "gain", "read_noise", "prnu", "dsnu", "sharpening_radius"}
    assert set(Sensor.model_fields) - set(changes) - how == {
        *("key", "exposure_error", "noise_seed", "pattern_seed")
    }


SCRIPT = """
import hashlib, sys
sys.path.insert(0, "tests")
from test_sensor import EVERYTHING, scenery
from simdata.sensor import expose
print(hashlib.sha256(expose(scenery(), EVERYTHING, t=0.5)["rgb"].data).hexdigest())
"""


def test_another_process_makes_the_same_bytes() -> None:
    found = {
        subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(found) == 1 and len(found.pop().strip()) == 64
