"""Blender's Cycles on the CPU, 16 samples and OpenImageDenoise. Runs in `.venv-rivals` only; see `serve`.

`bpy` is GPL: nothing of simdata imports it, and this file imports nothing of simdata.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

import bpy
import numpy as np
from mathutils import Matrix, Vector
from serve import serve

SAMPLES, BOUNCES = 16, 6
BLENDER_FROM_OPENCV = np.diag([1.0, -1.0, -1.0, 1.0])  # it looks along -z with y up


class Cycles:
    """Draws with Cycles; the scene's meshes and trees stay in place between views."""

    def load(self, path: str) -> None:
        """Take an exported scene."""
        bpy.ops.wm.read_factory_settings(use_empty=True)
        told, folder = json.loads(Path(path).read_text()), Path(path).parent
        self._cameras = told["cameras"]
        for node in told["nodes"]:
            _add_node(node, folder)
        _add_light(told)
        _set_up()

    def render(self, camera: int) -> None:
        """Draw what one camera sees."""
        _look(self._cameras[camera])
        bpy.ops.render.render()

    def save(self, path: str) -> None:
        """Write the last picture, linear."""
        with tempfile.TemporaryDirectory() as folder:
            file = str(Path(folder) / "picture.exr")
            bpy.data.images["Render Result"].save_render(file)
            picture = bpy.data.images.load(file)
            width, height = picture.size
            pixels = np.array(picture.pixels, np.float32).reshape(height, width, -1)
        np.save(path, np.flipud(pixels)[..., :3])


def _add_node(node: dict[str, Any], folder: Path) -> None:
    arrays = np.load(folder / f"{node['number']}.npz")
    mesh = bpy.data.meshes.new(f"node {node['number']}")
    mesh.from_pydata(arrays["vertices"].tolist(), [], arrays["faces"].tolist())
    coordinates = arrays["uvs"][arrays["faces"].ravel()]
    mesh.uv_layers.new().data.foreach_set("uv", coordinates.ravel())
    mesh.normals_split_custom_set_from_vertices(arrays["normals"].tolist())
    mesh.materials.append(_material(node, folder))
    bpy.context.scene.collection.objects.link(bpy.data.objects.new(mesh.name, mesh))


def _material(node: dict[str, Any], folder: Path) -> Any:
    material = bpy.data.materials.new(f"node {node['number']}")
    material.use_nodes = True
    surface = material.node_tree.nodes["Principled BSDF"].inputs
    surface["Roughness"].default_value = node["roughness"]
    surface["Metallic"].default_value = node["metallic"]
    surface["Base Color"].default_value = (*node["color"], 1.0)
    if node["textured"]:
        picture = material.node_tree.nodes.new("ShaderNodeTexImage")
        picture.image = bpy.data.images.load(str(folder / f"{node['number']}.png"))
        material.node_tree.links.new(picture.outputs["Color"], surface["Base Color"])
    return material


def _add_light(told: dict[str, Any]) -> None:
    sun = bpy.data.lights.new("sun", "SUN")
    strength = max(told["sun"]["irradiance"])
    sun.energy, sun.angle = strength, told["sun"]["angle"]
    sun.color = [channel / strength for channel in told["sun"]["irradiance"]]
    lamp = bpy.data.objects.new("sun", sun)
    lamp.rotation_mode = "QUATERNION"
    lamp.rotation_quaternion = Vector(told["sun"]["towards"]).to_track_quat("Z", "Y")
    bpy.context.scene.collection.objects.link(lamp)
    world = bpy.data.worlds.new("world")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (*[told["ambient"]] * 3, 1.0)
    bpy.context.scene.world = world


def _set_up() -> None:
    scene = bpy.context.scene
    scene.render.engine, scene.cycles.device = "CYCLES", "CPU"
    scene.cycles.samples, scene.cycles.use_adaptive_sampling = SAMPLES, False
    scene.cycles.use_denoising, scene.cycles.denoiser = True, "OPENIMAGEDENOISE"
    scene.cycles.max_bounces = BOUNCES
    scene.render.use_persistent_data = True
    scene.render.image_settings.file_format, scene.render.image_settings.color_depth = "OPEN_EXR", "32"
    scene.view_settings.view_transform = "Raw"
    scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    scene.collection.objects.link(scene.camera)


def _look(told: dict[str, Any]) -> None:
    """Take a pinhole: Blender measures in sensor widths, shifts in image widths."""
    scene = bpy.context.scene
    camera, width, height = scene.camera.data, told["width"], told["height"]
    scene.render.resolution_x, scene.render.resolution_y = width, height
    scene.render.resolution_percentage = 100
    camera.sensor_fit, camera.clip_start = "HORIZONTAL", told["near"]
    camera.lens = told["fx"] * camera.sensor_width / width
    camera.shift_x, camera.shift_y = 0.5 - told["cx"] / width, (told["cy"] - height / 2) / width
    scene.camera.matrix_world = Matrix((np.array(told["world_from_camera"]) @ BLENDER_FROM_OPENCV).tolist())


if __name__ == "__main__":
    version = bpy.app.version_string
    serve(f"Blender {version} Cycles, CPU, {SAMPLES} samples, {BOUNCES} bounces, OpenImageDenoise", Cycles())
