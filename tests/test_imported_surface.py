"""Maps of imported GLB materials: roughness, metalness, normals, read and drawn."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from photometer import Photometer, dressed, shot
from sample_scene import camera

from simdata.asset import ImportedShape
from simdata.asset_gate import import_mesh
from simdata.geometry import Pose
from simdata.light import Sun
from simdata.material import Material
from simdata.raycast import RayScene
from simdata.render.stored import stored_surface
from simdata.scene import Scene, start_scene
from simdata.scenes.tabletop import _own_material
from simdata.spec import Layout, Look, Node, SceneSpec

SIDE = 64  # texels of the maps
VIEW = camera(48, 36, eye=(0.02, -0.5, 0.01), target=(0.02, 0, 0.01), roll=0.4)
SUN = np.array((0.35, -0.8, 0.3)) / np.linalg.norm((0.35, -0.8, 0.3))


def wall_of(store: Path, color: tuple[int, int, int] = (255, 255, 255), **maps: Any) -> ImportedShape:
    """Import a square of 2 m in the plane y = 0 from a GLB with maps, each (H, W, 3) uint8 or a factor.

    glTF is y up: its x is our x, its y our z. Its u grows along +x, and pictures stand upright on it.
    """
    import trimesh
    from PIL import Image

    corners = np.array([(-1, -1, 0), (1, -1, 0), (1, 1, 0), (-1, 1, 0)], float)
    made = {k: Image.fromarray(v) if isinstance(v, np.ndarray) else v for k, v in maps.items()}
    base = Image.new("RGB", (4, 4), color)
    material = trimesh.visual.material.PBRMaterial(baseColorTexture=base, **made)
    visual = trimesh.visual.TextureVisuals(uv=(corners[:, :2] + 1) / 2, material=material)
    square = trimesh.Trimesh(corners, [(0, 1, 2), (0, 2, 3)], visual=visual, process=False)
    square.export(store / "wall.glb")
    return import_mesh(store / "wall.glb", store=store, scale=1.0, category="wall")


def scene_with(shape: ImportedShape, material: Material, **look: Any) -> Scene:
    node = Node(name="wall", shape=shape, part="body", fixed=True, pose=Pose())
    spec = SceneSpec(layout=Layout(nodes=(node,)), look=Look(), cameras=(VIEW,))
    return dressed(start_scene(spec), materials={"wall": material}, **look)


def normal_map(x: float, y: float) -> np.ndarray:
    """Return an even map of a normal (x, y, z), z from its length."""
    normal = np.array((x, y, math.sqrt(1 - x * x - y * y)))
    return np.rint(128 + 127 * np.full((SIDE, SIDE, 3), normal)).astype(np.uint8)


@pytest.fixture
def stocked(gl: Any, tmp_path: Path) -> Any:
    renderer = type(gl)(samples=1, store=tmp_path)
    yield renderer
    renderer.close()


def faced(renderer: Any, meter: Photometer, shape: ImportedShape, store: Path) -> float:
    """Return the mean of n.l under SUN of a white wall with maps, gloss taken away."""
    light = []
    for color in ((1.0,) * 3, (0.0,) * 3):
        matter = _own_material(shape, store).model_copy(update={"base_color": color})
        scene = scene_with(shape, matter, lights=(Sun(direction=tuple(SUN), strength=0.8),))
        light.append(meter.light(shot(renderer, scene)).mean() / 0.8)
    return light[0] - light[1]


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.4, 0.0), (-0.4, 0.0), (0.0, 0.4), (0.3, -0.5)])
def test_a_normal_map_tilts_the_normal_by_its_angle(
    stocked: Any, meter: Photometer, tmp_path: Path, x: float, y: float
) -> None:
    """Red leans to the right, green upwards: here +x and +z, out of a wall that faces -y."""
    shape = wall_of(tmp_path, normalTexture=normal_map(x, y), roughnessFactor=1.0, metallicFactor=0.0)
    expected = np.array((x, -math.sqrt(1 - x * x - y * y), y)) @ SUN
    assert faced(stocked, meter, shape, tmp_path) == pytest.approx(expected, abs=0.02)


def test_roughness_is_green_and_metalness_blue_times_their_factors(stocked: Any, tmp_path: Path) -> None:
    """A wall with maps reads what a plain one of these numbers reads; its left half is not its right."""
    finish = np.zeros((SIDE, SIDE, 3), np.uint8)
    finish[:, : SIDE // 2], finish[:, SIDE // 2 :] = (9, 204, 51), (99, 102, 255)
    shape = wall_of(
        tmp_path, (200, 120, 60), metallicRoughnessTexture=finish, roughnessFactor=0.5, metallicFactor=0.8
    )
    own = _own_material(shape, tmp_path)
    assert own.texture.surface and (own.roughness, own.metallic) == pytest.approx((0.3, 0.48), abs=0.01)
    light = {"ambient": 0.3, "lights": (Sun(direction=(0.2, -0.9, 0.1), strength=0.5),)}
    seen = shot(stocked, scene_with(shape, own, **light)).astype(int)
    place = RayScene(scene_with(shape, own), store=tmp_path).cast(*VIEW.pixel_rays()).uvs[..., 0]
    for half, rough, metal in ((place < 0.49, 0.4, 0.16), (place > 0.51, 0.2, 0.8)):
        plain = Material(base_color=tuple(c / 255 for c in (200, 120, 60)), roughness=rough, metallic=metal)
        expected = shot(stocked, scene_with(shape, plain, **light)).astype(int)
        assert half.sum() > 100 and np.abs(seen - expected)[half].max() <= 3
        swapped = plain.model_copy(update={"roughness": metal, "metallic": rough})
        assert np.abs(seen - shot(stocked, scene_with(shape, swapped, **light)))[half].max() > 8


def test_maps_are_kept_as_they_are_and_count_in_the_name(tmp_path: Path) -> None:
    normals = normal_map(0.6, 0.0)
    normals[: SIDE // 2] = normal_map(0.0, 0.28)[: SIDE // 2]
    bumpy, flat = (wall_of(tmp_path, normalTexture=one) for one in (normals, normal_map(0, 0)))
    assert bumpy != flat and _own_material(wall_of(tmp_path), tmp_path).texture.surface is False
    maps = stored_surface(_own_material(bumpy, tmp_path).texture, tmp_path).astype(float)
    slopes = (maps[..., 2:] - 128) / 127
    assert maps.shape == (SIDE, SIDE, 4) and (maps[..., :2] == 255).all()  # factors of a file that tells none
    assert np.allclose(slopes[: SIDE // 2], (0, -0.28 / 0.96), atol=0.01)
    assert np.allclose(slopes[SIDE // 2 :], (-0.75, 0), atol=0.02)


def test_mitsuba_sees_the_same_maps(stocked: Any, tmp_path: Path) -> None:
    pytest.importorskip("mitsuba")
    from simdata.render.mitsuba.renderer import MitsubaRenderer

    normals = np.vstack([normal_map(0.0, 0.5)[: SIDE // 2], normal_map(-0.5, 0.0)[SIDE // 2 :]])
    finish = np.full((SIDE, SIDE, 3), (0, 255, 0), np.uint8)
    finish[:, SIDE // 2 :] = (0, 128, 255)
    shape = wall_of(tmp_path, (220, 180, 90), normalTexture=normals, metallicRoughnessTexture=finish)
    look = {"ambient": 0.3, "lights": (Sun(direction=tuple(SUN), strength=0.6),)}
    scene = scene_with(shape, _own_material(shape, tmp_path), **look)
    theirs = shot(MitsubaRenderer(samples=32, device="cpu", store=tmp_path), scene)
    ours, theirs = (cv2.blur(one.mean(-1), (5, 5)) for one in (shot(stocked, scene), theirs))
    off = np.abs(ours - theirs).mean()
    assert off < 10 and 2 * off < min(np.abs(one - ours).mean() for one in (theirs[::-1], theirs[:, ::-1]))
