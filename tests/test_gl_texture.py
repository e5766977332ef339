"""Textures of `gl`: where they lie, how they are encoded, how they are filtered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from photometer import Photometer, dressed, shot, wall
from sample_scene import camera, floor, random_scene, scene_of, thing

from simdata.color import srgb_from_linear
from simdata.errors import RenderError
from simdata.geometry import Pose
from simdata.material import FieldTexture, ImageTexture, Material
from simdata.raycast import RayScene
from simdata.scene import Scene
from simdata.texture import FAMILIES, texture_maps

REPEAT = (1.0, 1.5)


@pytest.fixture
def stocked(gl: Any, tmp_path: Path) -> Any:
    renderer = type(gl)(samples=1, store=tmp_path)
    yield renderer
    renderer.close()


def put(store: Path, picture: np.ndarray) -> ImageTexture:
    _, data = cv2.imencode(".png", picture[..., ::-1])
    name = hashlib.sha256(data.tobytes()).hexdigest()
    (store / f"{name}.png").write_bytes(data.tobytes())
    return ImageTexture(sha256=name)


def textured_wall(family: str) -> Scene:
    """A wall so near that a texel is wider than a pixel, its field in black and white: tone 1 and accent."""
    view = camera(120, 90, eye=(0.07, -0.1, 0.03), target=(0.07, 0, 0.03), roll=0.4)
    texture = FieldTexture(family=family, seed=3, colors=((0, 0, 0), (1, 1, 1)), repeat=REPEAT)
    matter = Material(base_color=(1, 1, 1), roughness=1, texture=texture)
    return dressed(wall(view), ambient=0.7, materials={"cuboid_1.body": matter})


def can(family: str) -> Scene:
    """An upright cylinder: its side is a wall that bends, with a seam behind."""
    view = camera(120, 90, eye=(0, -0.4, 0), target=(0, 0, 0), fov=0.35)
    texture = FieldTexture(family=family, seed=3, colors=((0, 0, 0), (1, 1, 1)), repeat=(0.2, 0.15))
    matter = Material(base_color=(1, 1, 1), roughness=1, texture=texture)
    scene = scene_of(thing("cylinder", 1, Pose(), radius=0.05, height=0.3), view)
    return dressed(scene, ambient=0.7, materials={"cylinder_1.body": matter})


def field_at_pixels(scene: Scene) -> tuple[np.ndarray, np.ndarray]:
    """Return the linear colour of the texture at what each pixel centre sees (H, W), by rays; and where."""
    view = scene.spec.cameras[0]
    hits = RayScene(scene).cast(*view.pixel_rays(), near=view.near, far=view.far)
    texture = scene.spec.look.material(scene.nodes[0]).texture
    assert isinstance(texture, FieldTexture)
    field = texture_maps(texture.family, texture.seed)[..., :2].sum(-1).astype(np.float32) / 255
    place = hits.uvs * texture.repeat
    place[..., 1] = 1 - place[..., 1]  # row 0 is v = 1
    x, y = np.moveaxis((place * field.shape[0] - 0.5).astype(np.float32), -1, 0)
    return cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP), hits.node_ids > 0


def misplaced(gl: Any, meter: Photometer, scene: Scene) -> float:
    """Return the share of pixels whose light is not that of the texture there, gloss aside."""
    expected, seen = field_at_pixels(scene)
    light = meter.light(shot(gl, scene))[seen] / 0.7
    assert np.ptp(expected[seen]) > 0.6
    return float((np.abs(light - expected[seen]) > 0.12).mean())


@pytest.mark.parametrize("make", [textured_wall, can])
@pytest.mark.parametrize("family", ["checks", "granite", "knit", "label"])
def test_a_field_lies_where_the_mesh_says(
    gl: Any, meter: Photometer, make: Callable[[str], Scene], family: str
) -> None:
    assert misplaced(gl, meter, make(family)) < 0.01


TURNED: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "upside down": np.flipud,
    "mirrored": np.fliplr,
    "transposed": lambda maps: maps.swapaxes(0, 1),
    "half a texel aside": lambda maps: (maps // 2 + np.roll(maps, 1, 1) // 2).astype(np.uint8),
}


@pytest.mark.parametrize("turn", TURNED.values(), ids=TURNED.keys())
def test_a_field_laid_otherwise_is_caught(
    gl: Any, meter: Photometer, monkeypatch: pytest.MonkeyPatch, turn: Callable
) -> None:
    from simdata.render.gl import texture

    monkeypatch.setattr(texture, "texture_maps", lambda *key: turn(texture_maps(*key)))
    gl._textures.release()  # it holds this very field
    assert misplaced(gl, meter, textured_wall("granite")) > 0.03
    gl._textures.release()


@pytest.mark.parametrize("family", ["barcode", "brick", "label", "stripes"])
def test_from_afar_a_field_has_the_light_of_its_texels(gl: Any, family: str) -> None:
    """Black and white, the hardest to mix: a tile within a pixel reads what a wall of its mean light does."""
    texture = FieldTexture(family=family, colors=((0, 0, 0), (1, 1, 1)), relief=0, repeat=(500, 500))
    mean = texture_maps(family, 0)[..., :2].sum(-1).mean() / 255
    plain, pictured = (
        shot(gl, wall(ambient=0.8, materials={"cuboid_1.body": matter})).astype(int)
        for matter in (
            Material(base_color=(srgb_from_linear(mean),) * 3, roughness=1),
            Material(base_color=(1, 1, 1), roughness=1, texture=texture),
        )
    )
    assert np.abs(plain - pictured).max() <= 1


def test_a_grey_picture_is_the_same_grey_as_a_colour(stocked: Any, tmp_path: Path) -> None:
    """Both are sRGB: 128 in a file is 128 / 255 of a base colour, whatever lights them."""
    for value in (20, 128, 230):
        texture = put(tmp_path, np.full((16, 16, 3), value, np.uint8))
        colours = [Material(base_color=(value / 255,) * 3), Material(base_color=(1, 1, 1), texture=texture)]
        plain, pictured = (shot(stocked, wall(ambient=0.8, materials={"cuboid_1.body": c})) for c in colours)
        assert np.abs(plain.astype(int) - pictured).max() <= 1


def test_a_base_colour_tints_a_picture(stocked: Any, tmp_path: Path) -> None:
    texture = put(tmp_path, np.full((16, 16, 3), 188, np.uint8))  # half of the light
    both = [Material(base_color=(0.735357,) * 3, texture=texture), Material(base_color=(0.537099,) * 3)]
    seen = [shot(stocked, wall(ambient=0.8, materials={"cuboid_1.body": one})) for one in both]
    assert np.abs(seen[0].astype(int) - seen[1]).max() <= 1


def test_pictures_are_the_right_way_up_in_their_own_colours(stocked: Any, tmp_path: Path) -> None:
    """The top row of a file is v = 1, at +y on a floor seen from above; its first column is u = 0."""
    picture = np.zeros((8, 8, 3), np.uint8)
    picture[:4, :4], picture[:4, 4:], picture[4:, :4] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    scene = scene_of(
        thing("cuboid", 1, Pose(), sx=1.0, sy=1.0, sz=0.1), camera(60, 60, eye=(0, -0.001, 2.0), fov=0.5)
    )
    look = {"cuboid_1.body": Material(base_color=(1, 1, 1), texture=put(tmp_path, picture))}
    rgb = shot(stocked, dressed(scene, ambient=0.5, materials=look))
    corners = [rgb[15, 15], rgb[15, 45], rgb[45, 15], rgb[45, 45]]
    assert [int(corner.argmax()) for corner in corners[:3]] == [0, 1, 2]
    assert corners[3].max() < 80 < min(corner.max() for corner in corners[:3])


def test_a_far_checkerboard_is_grey_not_moire(stocked: Any, tmp_path: Path) -> None:
    """Mip-maps average linear light: fine black and white reads half, wherever it is seen from."""
    checks = np.kron(np.indices((64, 64)).sum(0) % 2 * 255, np.ones((2, 2)))[..., None].repeat(3, -1)
    matter = Material(base_color=(1, 1, 1), roughness=1, texture=put(tmp_path, checks.astype(np.uint8)))
    floors = floor(z=0, size=40)
    scene = scene_of(floors, camera(eye=(0, -2, 1.5), target=(0, 4, 0), fov=0.5))
    board, half = (
        shot(stocked, dressed(scene, ambient=0.6, materials={"floor": one})).astype(int)
        for one in (matter, Material(base_color=(0.735357,) * 3, roughness=1))
    )
    assert np.abs(board[:20].mean() - half[:20].mean()) < 4
    assert np.abs(board[:20] - board[:20].mean((1, 2), keepdims=True)).max() < 12


def test_more_samples_smooth_edges_and_keep_the_mean(gl: Any) -> None:
    scene = dressed(random_scene(1, width=160, height=120), ambient=0.5)
    means, edges = [], []
    for samples in (1, 4, 64):
        renderer = type(gl)(samples=samples)
        rgb = shot(renderer, scene).astype(float)
        renderer.close()
        means.append(rgb.mean())
        edges.append(len(np.unique(rgb[(rgb > 2) & (rgb < 100)])))  # between the black backdrop and surfaces
    assert np.ptp(means) < 0.4
    assert edges[0] == 0 < edges[1] < edges[2]


def test_a_missing_picture_is_named(gl: Any, stocked: Any) -> None:
    look = {"cuboid_1.body": Material(texture=ImageTexture(sha256="0" * 64))}
    scene = wall(materials=look)
    with pytest.raises(RenderError, match="open the renderer with store="):
        gl.load(scene)
    with pytest.raises(RenderError, match=r"0{64}\.png cannot be read"):
        stocked.load(scene)
    with pytest.raises(RenderError, match="no scene is loaded"):
        stocked.render(scene.spec.cameras[0])
    assert shot(stocked, wall(ambient=0.5)).mean() > 50  # and it goes on


def test_every_family_can_be_drawn(gl: Any) -> None:
    pictures = {name: shot(gl, textured_wall(name)).tobytes() for name in sorted(FAMILIES)}
    assert len(set(pictures.values())) == len(pictures)
