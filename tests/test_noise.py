"""Periodic noise against closed forms and other people's algorithms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from simdata.noise import fractal, noise, ridged, spectral, warped, worley


def generator(seed: int = 3) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64(seed))


def test_gradient_noise_is_that_of_its_lattice() -> None:
    """At lattice points it is 0; near them it rises as their gradients say."""
    size, cells = 4096, 4
    field = noise(generator(), size, cells, cells)
    angles = generator().uniform(0, 2 * np.pi, (cells, cells))
    step = size // cells
    at = field[::step, ::step]  # half a texel beyond each lattice point, both ways
    expected = np.sqrt(2) * 0.5 * cells / size * (np.cos(angles) + np.sin(angles))
    assert np.allclose(at, expected, atol=1e-5)
    assert 0.2 < field.std() < 0.5 and np.abs(field).max() < 1.2


@pytest.mark.parametrize("cells", [(5, 5), (7, 4), (3, 3)])
def test_cells_are_those_of_a_tree_search_on_the_torus(cells: tuple[int, int]) -> None:
    size, (columns, rows) = 96, cells
    found = worley(generator(), size, columns, rows, 0.9)
    places = 0.5 + 0.9 * generator().uniform(-0.5, 0.5, (2, rows, columns))
    points = np.stack([places[0] + np.arange(columns), places[1] + np.arange(rows)[:, None]], -1).reshape(
        -1, 2
    )
    texel = (np.arange(size) + 0.5) / size
    x, y = np.meshgrid(texel * columns, texel * rows)
    near, index = cKDTree(points, boxsize=cells).query(np.stack([x, y], -1), k=2)
    assert np.allclose(found.nearest, near[..., 0], atol=1e-5)
    assert (np.abs(found.second - near[..., 1]) > 1e-4).mean() < 0.01  # it looks no farther than 3 x 3 cells
    assert (found.index == index[..., 0]).mean() > 0.999
    assert np.array_equal(found.each(np.arange(found.count)), found.index)


def test_spectral_noise_has_the_waves_it_is_told() -> None:
    fields = [spectral(generator(seed), 128, 5, 20, 1.0) for seed in range(20)]
    assert np.mean([field.var() for field in fields]) == pytest.approx(1, abs=0.05)
    power = np.mean([np.abs(np.fft.fft2(field)) ** 2 for field in fields], 0)
    across = np.fft.fftfreq(128, 1 / 128)
    frequency = np.hypot(across, across[:, None])
    outside = (frequency < 4.99) | (frequency > 20.01)
    assert power[outside].max() < 1e-6 * power.max()
    rings = [power[(frequency > f - 1) & (frequency < f + 1)].mean() for f in (7, 14)]
    assert rings[0] / rings[1] == pytest.approx(4, rel=0.2)  # amplitude is 1 / frequency


def test_stretched_waves_are_longer_along_x() -> None:
    field = spectral(generator(), 128, 4, 60, 0.5, (8, 1))
    across, down = (np.abs(np.diff(field, axis=axis)).mean() for axis in (1, 0))
    assert down > 4 * across


@pytest.mark.parametrize(
    "make", [lambda g, n: spectral(g, n, 1, 20), lambda g, n: worley(g, n, 6, 6).nearest]
)
def test_another_size_shows_the_same(make: object) -> None:
    large, small = (make(generator(), size) for size in (256, 64))  # type: ignore[operator]
    halves = [large[k::4, k::4] for k in (1, 2)]
    assert min(np.abs(np.mean(halves, 0) - small).mean(), np.abs(large[::4, ::4] - small).mean()) < 0.01


def test_looking_whole_texels_aside_is_rolling() -> None:
    field = fractal(generator(), 64, 3, 3)
    ways = np.full((64, 64), 5 / 64), np.full((64, 64), -9 / 64)
    assert np.allclose(warped(field, *ways), np.roll(field, (9, -5), (0, 1)), atol=1e-5)
    cells = worley(generator(), 64, 5, 5)
    bent = cells.bent(*ways)
    assert np.array_equal(bent.index, np.roll(cells.index, (9, -5), (0, 1)))


@pytest.mark.parametrize("make", [noise, fractal, ridged])
def test_noise_goes_on_across_the_border(make: object) -> None:
    field = make(generator(), 128, 4, 6)  # type: ignore[operator]
    for axis in (0, 1):
        steps = np.abs(np.diff(field, axis=axis, append=field.take([0], axis))).mean(1 - axis)
        assert steps[-1] < 1.3 * steps[:-1].max()
