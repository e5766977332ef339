"""A scene as other renderers can read it without simdata: one JSON file, arrays beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from rivals.srgb import coded, decoded
from simdata.asset import load_model
from simdata.camera import Camera
from simdata.color import linear_from_srgb
from simdata.material import FieldTexture, Material
from simdata.mesh import Mesh
from simdata.scene import Scene
from simdata.texture import texture_field


def export(scene: Scene, folder: Path) -> Path:
    """Write a scene of generated shapes, one sun and pinhole cameras; returns the JSON file.

    Node k has `k.npz`: vertices (V, 3) float32, world frame, metres; normals (V, 3) float32; faces (F, 3)
    int32; uvs (V, 2) float32, in tiles of its texture `k.png`, where it has one. Colours are linear; textures
    sRGB.
    """
    folder.mkdir(parents=True, exist_ok=True)
    nodes = []
    for k, (node, matrix) in enumerate(zip(scene.nodes, scene.world_from_nodes(0.0), strict=True)):
        material = scene.spec.look.material(node)
        _put_mesh(load_model(node.shape).parts[node.part].mesh, matrix, material, folder / f"{k}.npz")
        textured = isinstance(material.texture, FieldTexture)
        if textured:
            cv2.imwrite(str(folder / f"{k}.png"), cv2.cvtColor(_picture(material), cv2.COLOR_RGB2BGR))
        color = [linear_from_srgb(channel) for channel in material.base_color]
        looks = {"roughness": max(material.roughness, 0.05), "metallic": material.metallic}
        nodes.append({"number": k, "color": color, "textured": textured, **looks})
    path = folder / "scene.json"
    path.write_text(json.dumps({"nodes": nodes, **_light(scene), "cameras": _cameras(scene)}))
    return path


def _put_mesh(mesh: Mesh, world_from_node: np.ndarray, material: Material, path: Path) -> None:
    rotation, shift = world_from_node[:3, :3], world_from_node[:3, 3]
    repeat = material.texture.repeat if isinstance(material.texture, FieldTexture) else (1.0, 1.0)
    np.savez(
        path,
        vertices=(mesh.vertices @ rotation.T + shift).astype(np.float32),
        normals=(mesh.normals @ rotation.T).astype(np.float32),
        faces=mesh.faces,
        uvs=(mesh.uvs * repeat).astype(np.float32),
    )


def _picture(material: Material) -> np.ndarray:
    """Return base colour times texture, (size, size, 3) uint8 sRGB; row 0 is v = 1."""
    texture = material.texture
    low, high = np.array(texture.colors)
    tints = low + (high - low) * np.linspace(0, 1, 256)[:, None]
    tinted = coded(decoded(tints) * decoded(np.array(material.base_color)))
    return np.rint(255 * tinted).astype(np.uint8)[texture_field(texture.family, texture.seed)]


def _light(scene: Scene) -> dict[str, Any]:
    """Return the sun's irradiance and the radiance from everywhere.

    Here a strength of 1 makes a white diffuse surface read 1, so that its irradiance is pi.
    """
    (sun,) = scene.spec.look.lights
    tint = [linear_from_srgb(channel) for channel in sun.color]
    irradiance = [np.pi * sun.strength * channel for channel in tint]
    told = {"towards": list(sun.direction), "irradiance": irradiance, "angle": sun.angle}
    return {"sun": told, "ambient": scene.spec.look.ambient}


def _cameras(scene: Scene) -> list[dict[str, Any]]:
    return [_camera(camera) for camera in scene.spec.cameras]


def _camera(camera: Camera) -> dict[str, Any]:
    lens = camera.lens
    told = {name: getattr(lens, name) for name in ("width", "height", "fx", "fy", "cx", "cy")}
    return {**told, "near": camera.near, "world_from_camera": camera.world_from_camera().tolist()}
