"""Surfaces of `gl` against closed form: relief, what varies over a field, layers, varnish, glow, glass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from photometer import BLACK, Photometer, dressed, shot, wall
from photometer import WHITE as WHITE_WALL
from sample_scene import camera

from simdata.camera import Camera
from simdata.color import linear, srgb_from_linear
from simdata.light import Sun
from simdata.material import FieldTexture, Layer, Material
from simdata.raycast import RayScene
from simdata.scene import Scene
from simdata.texture import layer_mask

SIZE = 64  # texels a side of the maps that these tests lay
NAME = "cuboid_1.body"
WHITE = (1.0, 1.0, 1.0)
SUN = np.array((0.5, -0.8, 0.33)) / np.linalg.norm((0.5, -0.8, 0.33))

Maps = Callable[[np.ndarray, np.ndarray], tuple[Any, Any, Any, Any]]


@pytest.fixture
def lay(gl: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Let fields be what a function of u and v says: tone and accent in [0, 1], slopes along u and v."""
    from simdata.render.gl import texture

    def laid(maps: Maps) -> None:
        centers = (np.arange(SIZE) + 0.5) / SIZE
        tone, accent, *slopes = np.broadcast_arrays(
            *maps(centers[None, :], 1 - centers[:, None]), np.empty((SIZE, SIZE))
        )[:4]
        channels = [255 * tone * (1 - accent), 255 * accent, *(128 + 127 * slope for slope in slopes)]
        baked = np.rint(np.stack(channels, -1)).astype(np.uint8)
        monkeypatch.setattr(texture, "texture_maps", lambda *_: baked)
        gl._textures.release()

    yield laid
    gl._textures.release()


def fielded(**more: Any) -> FieldTexture:
    return FieldTexture(family="plaster", **{"colors": (WHITE, WHITE), **more})


def near_wall(material: Material, **look: Any) -> Scene:
    """A wall so near that a texel is wider than a pixel."""
    view = camera(96, 72, eye=(0.07, -0.4, 0.03), target=(0.07, 0, 0.03), roll=0.4)
    return dressed(wall(view), materials={NAME: material}, **look)


def ways(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return uv at each pixel centre (H, W, 2), and world positions over uv, (3, 2), by rays."""
    view = scene.spec.cameras[0]
    origin, rays = view.pixel_rays()
    uvs = RayScene(scene).cast(origin, rays, near=view.near, far=view.far).uvs
    places = origin - rays * (origin[1] / rays[..., 1:2])
    flat_uvs, flat = uvs.reshape(-1, 2), places.reshape(-1, 3)
    solved, *_ = np.linalg.lstsq(flat_uvs - flat_uvs.mean(0), flat - flat.mean(0), rcond=None)
    return uvs, solved.T


HEIGHT = 0.06  # of the waves, tile sides


def slopes_of(u: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how HEIGHT sin(2 pi u) cos(4 pi v) rises along u and v."""
    a, b = 2 * np.pi * u, 4 * np.pi * v
    return 2 * np.pi * HEIGHT * np.cos(a) * np.cos(b), -4 * np.pi * HEIGHT * np.sin(a) * np.sin(b)


def shaded_by_relief(scene: Scene, repeat: tuple[float, float], relief: float) -> np.ndarray:
    """Return n.l (H, W) of the waves under SUN."""
    uvs, place_of_uv = ways(scene)
    along = place_of_uv * np.sign(repeat)
    along /= np.linalg.norm(along, axis=0)
    tile = uvs * repeat
    slope = relief * np.stack(slopes_of(tile[..., 0], tile[..., 1]), -1)
    normals = np.array((0, -1, 0)) - slope @ along.T
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return np.maximum(normals @ SUN, 0)


def off_relief(gl: Any, meter: Photometer, repeat: tuple[float, float], relief: float = 1.0) -> float:
    """Return by how much the light of a white wall with waves is off n.l, at most, gloss aside."""
    sun = (Sun(direction=tuple(SUN), strength=0.8),)
    light = []
    for color in (WHITE, (0, 0, 0)):
        texture = fielded(relief=relief, repeat=repeat)
        scene = near_wall(Material(base_color=color, texture=texture, roughness=1.0), lights=sun)
        light.append(meter.light(shot(gl, scene)) / 0.8)
    expected = shaded_by_relief(scene, repeat, relief)
    assert np.ptp(expected) > 0.25
    return float(np.abs(light[0] - light[1] - expected).max())


REPEATS = [(3.0, 3.0), (2.0, 5.0), (-3.0, 3.0), (3.0, -2.0)]


@pytest.mark.parametrize("repeat", REPEATS)
def test_relief_turns_the_normal_as_its_slopes_say(gl: Any, meter: Photometer, lay: Any, repeat: Any) -> None:
    """Stretched and mirrored tiles, too: a slope is metres a metre, along u and along v as they lie."""
    lay(lambda u, v: (0, 0, *slopes_of(u, v)))
    assert off_relief(gl, meter, repeat) < 0.05
    assert off_relief(gl, meter, repeat, relief=0.5) < 0.05


WRONG: dict[str, Maps] = {
    "dented": lambda u, v: (0, 0, *(-slope for slope in slopes_of(u, v))),
    "u for v": lambda u, v: (0, 0, *slopes_of(u, v)[::-1]),
    "v downwards": lambda u, v: (0, 0, slopes_of(u, v)[0], -slopes_of(u, v)[1]),
    "too flat": lambda u, v: (0, 0, *(0.7 * slope for slope in slopes_of(u, v))),
}


@pytest.mark.parametrize("maps", WRONG.values(), ids=WRONG.keys())
def test_another_relief_is_caught(gl: Any, meter: Photometer, lay: Any, maps: Maps) -> None:
    lay(maps)
    assert off_relief(gl, meter, (3.0, 3.0)) > 0.1


def test_labels_know_nothing_of_relief(gl: Any, lay: Any) -> None:
    lay(lambda u, v: (0, 0, *slopes_of(u, v)))
    scenes = [near_wall(Material(texture=fielded(relief=relief))) for relief in (0.0, 4.0)]
    frames = []
    for scene in scenes:
        gl.load(scene)
        frames.append(gl.render(scene.spec.cameras[0]))
    for layer in ("normals", "depth", "node_ids"):
        assert (frames[0].layers[layer] == frames[1].layers[layer]).all()


def test_relief_too_fine_to_be_seen_makes_a_surface_rough(gl: Any, meter: Photometer, lay: Any) -> None:
    """A far, bumpy metal is like a rougher flat one: twice the variance is a lobe's width squared."""
    slope = 0.35
    lay(lambda u, v: (0, 0, slope * np.sign(np.sin(64 * np.pi * u)), slope * np.sign(np.sin(64 * np.pi * v))))
    rough = (2 * slope**2 + 0.3**4) ** 0.25
    view = camera(32, 24, eye=(0, -2, 0), target=(0, 0, 0))
    for tilt in (0.2, 0.5, 0.8):
        sun = (Sun(direction=(math.sin(tilt), -math.cos(tilt), 0), strength=0.5),)
        metals = [
            Material(base_color=WHITE, metallic=1, roughness=0.3, texture=fielded(repeat=(200, 200))),
            Material(base_color=WHITE, metallic=1, roughness=rough),
            Material(base_color=WHITE, metallic=1, roughness=0.3),
        ]
        seen = [
            meter.light(shot(gl, dressed(wall(view), materials={NAME: metal}, lights=sun))).mean()
            for metal in metals
        ]
        assert seen[0] == pytest.approx(seen[1], rel=0.06)
        assert abs(seen[0] / seen[2] - 1) > 0.2


def test_colour_is_that_of_tone_and_accent(gl: Any, lay: Any) -> None:
    """Each cell of a chart reads what a plain wall of the colour that the docstring blends reads."""
    low, high, accent = np.array((0.1, 0.3, 0.5)), np.array((0.9, 0.6, 0.2)), np.array((0.2, 0.9, 0.9))
    for tone, share in ((0.0, 0.0), (1.0, 0.0), (0.4, 0.0), (0.4, 1.0), (0.6, 0.4)):
        lay(lambda u, v, tone=tone, share=share: (tone, share, 0, 0))
        for ink in (tuple(accent), None):
            texture = fielded(colors=(tuple(low), tuple(high)), accent=ink)
            light = [np.array(linear(tuple(end))) for end in (low, high, high if ink is None else accent)]
            mixed = light[0] + (light[1] - light[0]) * tone
            mixed = mixed + (light[2] - mixed) * share
            blend = tuple(srgb_from_linear(channel) for channel in mixed)
            pair = [Material(base_color=WHITE, texture=texture), Material(base_color=blend)]
            one, other = (shot(gl, near_wall(matter, ambient=0.8)).astype(int) for matter in pair)
            assert np.abs(one - other).max() <= 2


@pytest.mark.parametrize(("tone", "share"), [(0.0, 0.0), (1.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.2, 0.6)])
def test_roughness_and_metalness_are_those_of_tone_and_accent(
    gl: Any, lay: Any, tone: float, share: float
) -> None:
    lay(lambda u, v: (tone, share, 0, 0))
    rough, metal = (0.3, 0.8, 0.5), (0.0, 1.0, 0.6)
    tone, share = (np.rint(255 * x) / 255 for x in (tone, share))
    weights = ((1 - tone) * (1 - share), tone * (1 - share), share)
    colour = (0.9, 0.6, 0.3)
    field = Material(base_color=colour, texture=fielded(roughness=rough, metallic=metal))
    plain = Material(base_color=colour, roughness=np.dot(weights, rough), metallic=np.dot(weights, metal))
    sun = (Sun(direction=(0.6, -0.8, 0.0), strength=0.5),)
    one, other = (
        shot(gl, near_wall(matter, ambient=0.3, lights=sun)).astype(int) for matter in (field, plain)
    )
    assert np.abs(one - other).max() <= 1
    swapped = plain.model_copy(update={"roughness": plain.metallic, "metallic": plain.roughness})
    assert np.abs(one - shot(gl, near_wall(swapped, ambient=0.3, lights=sun))).max() > 5


def dusty(gl: Any, meter: Photometer, view: Camera, dust: Layer) -> tuple[Scene, np.ndarray]:
    """Return a black wall with white dust, and the share of it that dust covers (H, W)."""
    scenes = [
        dressed(wall(view), ambient=0.9, materials={NAME: matter})
        for matter in (BLACK, WHITE_WALL, BLACK.model_copy(update={"layer": dust}))
    ]
    bare, covered, found = (meter.light(shot(gl, scene)) for scene in scenes)
    return scenes[-1], (found - bare) / (covered - bare)


@pytest.mark.parametrize("amount", [0.1, 0.5, 0.8])
def test_a_layer_lies_where_its_mask_is_above_an_edge(gl: Any, meter: Photometer, amount: float) -> None:
    dust = Layer(family="dust", seed=2, amount=amount, color=(1, 1, 1), roughness=1.0, repeat=(0.9, 0.7))
    view = camera(96, 72, eye=(0.07, -0.12, 0.03), target=(0.07, 0, 0.03), roll=0.4)
    scene, share = dusty(gl, meter, view, dust)
    uvs, _ = ways(scene)
    mask = np.flipud(layer_mask("dust", 2)).astype(np.float32) / 255
    x, y = np.moveaxis((uvs * dust.repeat % 1 * len(mask) - 0.5).astype(np.float32), -1, 0)
    above = cv2.remap(mask, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP) - (1 - amount)
    clear_cut, covered = np.abs(above) > 0.04, (above > 0).astype(float)
    assert clear_cut.mean() > 0.5 and np.ptp(covered[clear_cut]) == 1
    assert (np.abs(share - covered)[clear_cut] < 0.03).mean() > 0.98


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.5, 0.8, 1.0])
@pytest.mark.parametrize("away", [1.0, 4.0, 15.0])
def test_a_layer_covers_as_much_from_afar(gl: Any, meter: Photometer, amount: float, away: float) -> None:
    """Where a tile is smaller than a pixel, its edges are no longer seen; what it covers is."""
    dust = Layer(family="dust", amount=amount, color=(1, 1, 1), roughness=1.0, repeat=(5, 5))
    _, share = dusty(gl, meter, camera(64, 48, eye=(0, -away, 0), target=(0, 0, 0)), dust)
    assert share.mean() == pytest.approx(amount, abs=0.04)
    assert away < 15 or np.ptp(share) < 0.1


def test_a_layer_has_its_own_roughness_and_metalness(gl: Any) -> None:
    layer = Layer(family="dust", amount=1.0, color=(0.9, 0.6, 0.3), roughness=0.35, metallic=1.0)
    below = Material(base_color=(0.1, 0.2, 0.3), coat=1.0, emission=2.0, transmission=0.5, layer=layer)
    plain = Material(base_color=(0.9, 0.6, 0.3), roughness=0.35, metallic=1.0)
    sun = (Sun(direction=(0.1, -0.99, 0.0), strength=0.5),)
    one, other = (
        shot(gl, near_wall(matter, ambient=0.3, lights=sun)).astype(int) for matter in (below, plain)
    )
    assert np.abs(one - other).max() <= 1


def test_a_varnish_mirrors_and_keeps_what_it_mirrors_from_below(gl: Any, meter: Photometer) -> None:
    """Head-on, of light from everywhere: it adds 4 % of it, and takes 4 % of what is sent from below."""
    view = camera(8, 8, eye=(0, -2, 0), target=(0, 0, 0), fov=0.01)
    for color, coat in ((0.0, 1.0), (0.0, 0.5), (0.5, 1.0)):
        matter = Material(base_color=(color,) * 3, roughness=1.0, coat=coat, coat_roughness=0.0)
        bare = matter.model_copy(update={"coat": 0.0})
        with_coat, without = (
            meter.light(shot(gl, dressed(wall(view), ambient=0.9, materials={NAME: one}))).mean() / 0.9
            for one in (matter, bare)
        )
        # Above and below are not equally bright; a wall sees their mean.
        assert with_coat == pytest.approx(without * (1 - 0.04 * coat) + 0.04 * coat, abs=0.006)


def test_a_varnish_glints_where_the_rough_below_does_not(gl: Any, meter: Photometer) -> None:
    """At the mirror's angle a lobe reads pi F D V n.l, with D = 1 / (pi a^2) and V = 1 / (4 n.l n.v)."""
    a, width = 0.3, 0.3**2
    view = camera(4, 4, eye=(-2 * math.sin(a), -2 * math.cos(a), 0), target=(0, 0, 0), fov=0.001)
    sun = (Sun(direction=(math.sin(a), -math.cos(a), 0), strength=0.4),)
    matter = Material(base_color=(0, 0, 0), roughness=1.0, coat=1.0, coat_roughness=0.3)
    bare = matter.model_copy(update={"coat": 0.0})
    coated, without = (
        meter.light(shot(gl, dressed(wall(view), materials={NAME: one}, lights=sun))).mean() / 0.4
        for one in (matter, bare)
    )
    fresnel = 0.04 + 0.96 * (1 - math.cos(a)) ** 5
    glint = fresnel / width**2 / (4 * math.cos(a))
    assert coated - 0.96 * without == pytest.approx(glint, rel=0.04)


@pytest.mark.parametrize("strength", [0.3, 1.0])
def test_what_glows_reads_its_emission_in_the_dark(gl: Any, meter: Photometer, strength: float) -> None:
    """Times its colour: 0.735357 of sRGB is half of the light."""
    matter = Material(base_color=(0.735357,) * 3, emission=strength)
    assert meter.light(shot(gl, near_wall(matter))) == pytest.approx(strength / 2, rel=0.02)
