"""Procedural textures: every family tiles, varies, keeps its mean colour, and has the relief that it says."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from scipy import fft

from simdata.color import linear, linear_from_srgb, srgb_from_linear
from simdata.errors import UnknownNameError
from simdata.material import FieldTexture, Layer, Material
from simdata.rng import Stream
from simdata.texture import (
    FAMILIES,
    LAYERS,
    SIZE,
    bake,
    baked,
    covered,
    layer_mask,
    texture_field,
    texture_maps,
)
from simdata.texture.press import ean13

BLACK, WHITE, RED = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.8, 0.1, 0.1)
SIDE = 128  # of the tiles that are looked at here, unless a test needs finer ones


def drawn(family: str, seed: int, side: int = SIDE) -> np.ndarray:
    """Return a member that no cache has seen."""
    return texture_maps.__wrapped__(family, seed, side)


def seam(maps: np.ndarray) -> float:
    """Return how far the step across the border exceeds the largest of the steps inside, over all channels.

    A step is the mean difference between two neighbouring rows, or columns.
    """
    worst = -np.inf
    for axis in (0, 1):
        steps = np.abs(np.diff(maps.astype(float), axis=axis, append=maps.take([0], axis))).mean(1 - axis)
        worst = max(worst, (steps[-1] - 1.1 * steps[:-1].max(0)).max())
    return float(worst)


@pytest.mark.parametrize("family", FAMILIES)
def test_families_tile(family: str) -> None:
    for seed in range(6):
        assert seam(drawn(family, seed)) < 3


def test_a_tile_that_was_cut_is_caught() -> None:
    """Where nothing lies at the border by design, a strip less on two sides is a seam, or nothing here is."""
    caught = [seam(drawn(family, 0)[:-9, :-9]) > 3 for family in FAMILIES]
    assert np.mean(caught) > 0.5


@pytest.mark.parametrize("name", LAYERS)
def test_layers_tile_and_cover_what_they_are_told(name: str) -> None:
    mask = layer_mask.__wrapped__(name, 3, 256)
    assert seam(mask[..., None]) < 4
    for amount in (0.0, 0.004, 0.05, 0.3, 0.5, 0.97, 1.0):
        assert covered(mask, amount).mean() == pytest.approx(amount, abs=0.001)
        assert (mask > 255 * (1 - amount)).mean() == pytest.approx(amount, abs=0.005)


def signature(maps: np.ndarray) -> np.ndarray:
    """Return what a tile looks like wherever it is laid: quantiles of shares, ways of edges, on 3 scales."""
    maps, parts = maps.astype(np.float32) / 255, []
    for _ in range(3):
        tone = maps[..., 0]
        slopes = [np.roll(tone, -1, axis) - np.roll(tone, 1, axis) for axis in (1, 0)]
        for x, y in (slopes, np.moveaxis(maps[..., 2:] - 0.5, -1, 0)):
            turn, steep = np.arctan2(y, x) % np.pi, 4 * np.hypot(x, y)
            parts.append(np.histogram(turn, 8, (0, np.pi), weights=steep)[0] / tone.size)
        shares = maps[..., :2].reshape(-1, 2)
        parts.append(np.quantile(shares, np.linspace(0.02, 0.98, 9), axis=0).ravel() / 9)
        maps = maps.reshape(len(maps) // 2, 2, len(maps) // 2, 2, 4).mean((1, 3))
    return np.concatenate(parts)


def waves(maps: np.ndarray) -> np.ndarray:
    """Return the spectrum of the four channels, of unit energy about their means."""
    small = cv2.resize(maps, (32, 32), interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean((0, 1))
    return fft.rfft2(small / max(np.linalg.norm(small), 1e-6), axes=(0, 1))


def distances(tiles: list[np.ndarray]) -> Iterator[float]:
    """Return how different each two tiles look: difference of signatures + 1 - correlation.

    The correlation is that of the best of all shifts. The same tile laid elsewhere is at 0.
    """
    seen = [(signature(tile), waves(tile)) for tile in tiles]
    for k, (one, spectrum) in enumerate(seen):
        for other, others in seen[:k]:
            alike = fft.irfft2((spectrum * others.conj()).sum(-1)).max()
            yield float(np.abs(one - other).sum() + 1 - alike)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_two_of_fifty_members_look_alike(family: str) -> None:
    assert min(distances([drawn(family, seed, 64) for seed in range(50)])) > 0.2


def test_a_member_that_is_only_shifted_or_faded_is_caught() -> None:
    for family in ("brick", "label", "plastic", "wood"):
        tile = drawn(family, 1, 64)
        faded = np.rint(128 + 0.97 * (tile.astype(float) - 128)).astype(np.uint8)
        assert max(distances([tile, np.roll(tile, (12, 40), (0, 1)), faded])) < 0.15


def mip_levels(maps: np.ndarray) -> Iterator[np.ndarray]:
    """Yield a tile, and again and again its half, in bytes as renderers keep them."""
    exact = maps.astype(float)
    while len(exact) > 1:
        yield np.rint(exact)
        exact = exact.reshape(len(exact) // 2, 2, len(exact) // 2, 2, -1).mean((1, 3))
    yield np.rint(exact)


def light_of(maps: np.ndarray) -> np.ndarray:
    """Return the mean of linear light (3,) 0 to 255, mixed as `FieldTexture` says."""
    tone, accent = (maps[..., channel, None] / 255.0 for channel in (0, 1))
    low, high, ink = (255 * np.array(linear(c)) for c in ((0.9, 0.8, 0.6), (0.3, 0.2, 0.1), (0.1, 0.2, 0.9)))
    return (low * (1 - tone - accent) + high * tone + ink * accent).mean((0, 1))


@pytest.mark.parametrize("family", FAMILIES)
def test_light_does_not_shift_with_the_mip_level(family: str) -> None:
    for seed in (0, 4):
        means = np.array([light_of(level) for level in mip_levels(drawn(family, seed, 256))])
        assert np.abs(means - means[0]).max() < 1
        assert (drawn(family, seed)[..., :2].sum(-1, dtype=int) <= 256).all(), "more than all of a texel"


@pytest.mark.parametrize("family", FAMILIES)
def test_slopes_are_those_of_the_relief(family: str) -> None:
    """From texel to texel two away, in any direction, they add up to the difference in height."""
    field = FAMILIES[family](Stream(2).child("texture", family).generator(), SIZE)
    slopes = (texture_maps(family, 2)[..., 2:].astype(float) - 128) / 127
    assert (np.abs(slopes) > 0.999).mean() < 0.01, "too steep to be told"
    rise = slopes * 2 / SIZE
    around = [np.abs(rise[:, 1::2, 0].sum(1)), np.abs(rise[1::2, :, 1].sum(0))]
    allowed = 0.005 * 2 / SIZE * SIZE / 2  # half a step of each byte, all one way
    assert max(loop.max() for loop in around) < allowed + 0.002
    middle = SIZE // 2
    east = np.cumsum(rise[:, 1:middle:2, 0], 1) - (field.height[:, 2 : middle + 1 : 2] - field.height[:, :1])
    north = np.cumsum(rise[middle - 1 : 0 : -2, :, 1], 0)
    north -= field.height[middle - 2 :: -2] - field.height[middle]
    for error in (east, north):
        assert np.median(np.abs(error)) < 0.0006


@pytest.mark.parametrize("family", FAMILIES)
def test_members_are_the_same_each_time_and_in_each_size(family: str) -> None:
    first = drawn(family, 5, 256)
    drawn(family, 6)
    assert np.array_equal(first, drawn(family, 5, 256))
    assert not texture_maps(family, 5).flags.writeable
    assert np.array_equal(texture_field(family, 5, 256), np.minimum(first[..., :2].sum(-1, dtype=int), 255))
    halved = cv2.resize(texture_maps(family, 5), (64, 64), interpolation=cv2.INTER_AREA)[..., :2].astype(
        float
    )
    again = cv2.resize(first, (64, 64), interpolation=cv2.INTER_AREA)[..., :2].astype(float)
    assert np.abs(halved - again).mean() < 14


def test_tables_are_sorted_and_say_what_they_lack() -> None:
    assert list(FAMILIES) == sorted(FAMILIES) and list(LAYERS) == sorted(LAYERS)
    with pytest.raises(UnknownNameError, match="wood"):
        texture_maps("woood", 0)
    with pytest.raises(UnknownNameError, match="dust"):
        layer_mask("dusty", 0)


def scanned(picture: np.ndarray) -> set[str]:
    """Return what OpenCV's scanner reads in a picture from several distances."""
    seen = (cv2.resize(picture, None, fx=s, fy=s, interpolation=cv2.INTER_AREA) for s in (1, 0.35, 0.3, 0.25))
    return {cv2.barcode.BarcodeDetector().detectAndDecode(one)[0] for one in seen} - {""}


def test_bar_codes_are_read_by_a_scanner() -> None:
    bars = np.array([int(bar) for bar in ean13([4, 0, 0, 6, 3, 8, 1, 3, 3, 3, 9, 3])], np.uint8)
    row = np.pad(1 - bars, 15, constant_values=1).repeat(2) * np.uint8(255)
    assert scanned(np.pad(np.tile(row, (120, 1)), 40, constant_values=255)) == {"4006381333931"}
    texture = FieldTexture(family="barcode", colors=(WHITE, BLACK), accent=BLACK)
    members = [texture.model_copy(update={"seed": seed}) for seed in range(4)]
    read = [scanned(bake(member, size=1024)[300:760]) for member in members]
    assert sum(len(codes) == 1 and len(codes.pop()) >= 12 for codes in read) >= 3


def encoded(light: np.ndarray) -> np.ndarray:
    """Return sRGB, 0 to 255, of linear light."""
    return 255 * np.vectorize(srgb_from_linear, otypes=[float])(np.clip(light, 0, 1))


def test_baked_colours_are_mixed_and_tinted_as_light_is() -> None:
    maps = texture_maps("brick", 1, 64)
    texture = FieldTexture(family="brick", seed=1, colors=(BLACK, WHITE), accent=RED)
    tone, accent = (maps[..., channel, None] / 255.0 for channel in (0, 1))
    red = np.vectorize(linear_from_srgb)(RED)
    assert np.abs(bake(texture, size=64) - encoded(tone + accent * red)).max() < 1
    plain = texture.model_copy(update={"accent": None})
    assert np.abs(bake(plain, size=64) - encoded(tone + accent)).max() < 1
    # sRGB 188 is half of the light of 255, and 128 that of 180 or so: half of any light is the same step.
    half = (188 / 255,) * 3
    for value in (30, 128, 255):
        even = FieldTexture(family="brick", colors=((value / 255,) * 3,) * 2)
        light = linear_from_srgb(value / 255) * linear_from_srgb(188 / 255)
        assert np.abs(bake(even, half, size=16) - encoded(np.array(light))).max() < 1
    dust = Layer(family="dust", amount=0.4, color=WHITE)
    cover = covered(layer_mask("dust", 0, 64), 0.4)[..., None]
    under = FieldTexture(family="brick", colors=(BLACK, BLACK))
    assert np.abs(bake(under, layer=dust, size=64) - encoded(cover)).max() < 1


def test_baked_materials_have_all_maps() -> None:
    texture = FieldTexture(
        family="tiles",
        colors=(BLACK, WHITE),
        accent=RED,
        roughness=(0.1, 0.3, 1.0),
        metallic=(0.0, 0.0, 1.0),
        relief=2.0,
        repeat=(3, 2),
    )
    maps = texture_maps("tiles", 0, 128)
    whole = baked(Material(texture=texture), 128)
    tone, accent = maps[..., 0] / 255.0, maps[..., 1] / 255.0
    assert np.abs(whole.roughness - 255 * (0.1 + 0.2 * tone + 0.9 * accent)).max() <= 1
    assert np.abs(whole.metallic.astype(int) - maps[..., 1]).max() <= 1
    assert np.allclose(whole.slopes, 2 * (maps[..., 2:].astype(float) - 128) / 127, atol=1e-6)
    assert whole.repeat == (3, 2) and whole.color.shape == (128, 128, 3)
    plain = baked(Material(base_color=RED, roughness=0.2), 8)
    assert np.abs(plain.color - 255 * np.array(RED)).max() < 1 and (plain.roughness == 51).all()


def test_a_baked_layer_covers_and_spans_the_wider_tile() -> None:
    dusty = Layer(family="dust", amount=0.4, color=WHITE, roughness=1.0, repeat=(1, 1))
    under = FieldTexture(family="brick", colors=(BLACK, BLACK), repeat=(4, 2))
    both = baked(Material(base_color=WHITE, texture=under, roughness=0.0, layer=dusty), 128)
    assert both.repeat == (1, 1)
    cover = covered(layer_mask("dust", 0, 128), 0.4)
    assert np.abs(both.color[..., 0] - encoded(cover)).max() < 1
    assert np.abs(both.roughness - 255 * cover).max() <= 1
    tile = both.slopes[:64, :32]
    assert np.abs(tile - both.slopes[64:, 32:64]).max() < 0.05 < np.abs(tile).max()


def test_a_picture_is_baked_in_its_own_colours() -> None:
    from simdata.material import ImageTexture

    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:4] = (200, 100, 50)
    material = Material(base_color=WHITE, texture=ImageTexture(sha256="0" * 64))
    whole = baked(material, 16, picture)
    assert (whole.color[:8] == (200, 100, 50)).all() and (whole.color[8:] == 0).all()
