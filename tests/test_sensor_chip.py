"""Noise of a sensor against its model: the photon transfer curve; mosaic and converter."""

from __future__ import annotations

import numpy as np
import pytest

from simdata.sensor import Sensor, expose
from simdata.sensor.chip import BLACK, digitised, filled, mosaic, white
from simdata.sensor.tone import SATURATION

SIZE = (240, 320)
WELL, READ = 6000.0, 12.0
LEVELS = np.array([0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7])  # of a full well
NOISY = Sensor(full_well=WELL, read_noise=READ, bits=14, demosaic="bilinear")


def electrons(share: float, sensor: Sensor, gain: float = 1.0, t: float = 0.0) -> np.ndarray:
    """Return what a flat field reads, (H, W) in electrons."""
    light = np.full((*SIZE, 3), share * SATURATION, np.float32)
    numbers = digitised(light, sensor, gain, t).astype(float)
    return (numbers - BLACK) / (white(sensor.bits) - BLACK) * sensor.full_well / (sensor.gain * gain)


def transfer(sensor: Sensor, gain: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return means and variances in time of flat fields: of the difference of two, so no pattern counts."""
    means, variances = [], []
    for share in LEVELS:
        one, other = (electrons(share, sensor, gain, t) for t in (0.0, 1.0))
        means.append((one.mean() + other.mean()) / 2)
        variances.append((one - other).var() / 2)
    return np.array(means), np.array(variances)


@pytest.mark.parametrize(("own", "auto"), [(1.0, 1.0), (4.0, 1.0), (1.0, 4.0)])
def test_the_photon_transfer_curve_has_slope_1_and_the_read_noise(own: float, auto: float) -> None:
    """In electrons, variance is mean plus the square of the read noise. 77,000 pixels tell it to 0.5 %."""
    sensor = NOISY.model_copy(update={"gain": own})
    means, variances = transfer(sensor, auto)
    assert means == pytest.approx(LEVELS * WELL / (own * auto), rel=0.01, abs=0.2)
    assert variances == pytest.approx(means + READ**2, rel=0.025)
    slope, rest = np.polyfit(means, variances, 1)
    assert slope == pytest.approx(1, abs=0.02) and rest == pytest.approx(READ**2, rel=0.15)


def test_pixels_that_differ_add_noise_that_grows_with_the_square() -> None:
    sensor = NOISY.model_copy(update={"prnu": 0.03, "dsnu": 20.0})
    temporal = transfer(sensor)[1]
    spatial = np.array([electrons(share, sensor).var() for share in LEVELS]) - temporal
    expected = (0.03 * LEVELS * WELL) ** 2 + 20.0**2
    assert spatial == pytest.approx(expected, rel=0.06)
    assert temporal == pytest.approx(transfer(NOISY)[1], rel=0.05)  # and none that changes


def test_the_pattern_stays_and_the_noise_does_not() -> None:
    sensor = NOISY.model_copy(update={"prnu": 0.05, "noise_seed": 1, "pattern_seed": 2})
    first = electrons(0.5, sensor)
    again, later = electrons(0.5, sensor), electrons(0.5, sensor, t=0.1)
    other_noise = electrons(0.5, sensor.model_copy(update={"noise_seed": 9}))
    other_chip = electrons(0.5, sensor.model_copy(update={"pattern_seed": 9}))
    assert (first == again).all()
    pattern = (0.05 * 0.5 * WELL) ** 2
    shared = pattern / (pattern + 0.5 * WELL + READ**2)

    def alike(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.corrcoef(a.ravel(), b.ravel())[0, 1])

    for another in (later, other_noise):
        assert alike(first, another) == pytest.approx(shared, abs=0.02)
    assert abs(alike(other_chip, electrons(0.5, sensor, t=0.1))) < 0.02
    assert abs(alike(first, electrons(0.5, sensor.sibling(1)))) < 0.02


def test_auto_exposure_of_a_dark_scene_makes_it_grainy() -> None:
    sensor = Sensor(key=0.18, full_well=WELL)
    bright, dark = (np.full((*SIZE, 3), light, np.float16) for light in (0.18, 0.18 / 16))
    grain = [expose(light, sensor)["rgb"].astype(float).std() for light in (bright, dark)]
    # Half of four stops are gain: a quarter of the electrons.
    assert grain[1] == pytest.approx(2 * grain[0], rel=0.1)


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_a_converter_has_its_steps_and_clips(bits: int) -> None:
    ramp = np.linspace(-0.2, 1.5, 4096, dtype=np.float32).reshape(64, 64, 1).repeat(3, -1) * SATURATION
    numbers = digitised(ramp, Sensor(bits=bits))
    assert (numbers % (1 << (16 - bits)) == 0).all()
    assert numbers.max() == white(bits) and numbers.min() < BLACK
    inside = (ramp > 0) & (ramp < SATURATION)
    exact = BLACK + ramp[inside] / SATURATION * (white(bits) - BLACK)
    assert np.abs(numbers[inside] - exact).max() <= (1 << (16 - bits)) / 2 + 0.01


@pytest.mark.parametrize("demosaic", ["bilinear", "edge_aware"])
def test_a_mosaic_is_red_green_green_blue_and_flats_survive_it(demosaic: str) -> None:
    light = np.broadcast_to(np.float32([0.9, 0.5, 0.2]), (12, 14, 3)).copy()
    seen = mosaic(light)
    assert (seen[::2, ::2] == np.float32(0.9)).all() and (seen[1::2, 1::2] == np.float32(0.2)).all()
    assert (seen[::2, 1::2] == np.float32(0.5)).all() and (seen[1::2, ::2] == np.float32(0.5)).all()
    sensor = Sensor(demosaic=demosaic)
    numbers = filled(digitised(light, sensor), sensor).astype(float)
    share = (numbers - BLACK) / (white(0) - BLACK) * SATURATION
    assert share == pytest.approx(light, abs=1e-3)
