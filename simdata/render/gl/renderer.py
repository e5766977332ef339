"""`gl`: a physically based rasteriser on OpenGL, with exact labels."""

from __future__ import annotations

from pathlib import Path

import moderngl

from simdata.asset import load_model
from simdata.camera import Camera
from simdata.errors import RenderError
from simdata.frame import Frame
from simdata.render.gl.color import ColorPass
from simdata.render.gl.context import open_context
from simdata.render.gl.geometry import Geometry, Packed, geometry_key
from simdata.render.gl.label import LabelPass
from simdata.render.gl.light import Lighting
from simdata.render.gl.material import Materials, Textures
from simdata.render.gl.program import compile_program
from simdata.render.gl.stage import Stage
from simdata.render.gl.target import Targets
from simdata.render.gl.view import View
from simdata.scene import Scene


class GlRenderer:
    """Draws over EGL, on a GPU or on the CPU."""

    def __init__(self, *, store: Path | None = None, samples: int = 4, device: str = "auto") -> None:
        self._context, self.device = open_context(device)
        self._context.front_face = "cw"
        self._store, self._samples = store, samples
        self._packed, self._textures = Packed(), Textures(self._context, store)
        self._targets = Targets(self._context)
        self._depth = compile_program(self._context, "scene", "depth")
        self._labels = LabelPass(self._context, self._targets)
        self._colors = ColorPass(self._context, self._targets, self._depth)
        self._lighting = Lighting(self._context, self._depth)
        self._stage: Stage | None = None

    def load(self, scene: Scene) -> None:
        meshes = [load_model(node.shape, self._store).parts[node.part].mesh for node in scene.nodes]
        geometry = Geometry(self._context, meshes, self._packed)
        self._stage = Stage(self._context, scene, meshes, geometry)
        self._materials = Materials(self._context, scene, self._textures)
        self._lighting.load(self._stage, float(scene.times[0]))

    def render(self, camera: Camera, t: float = 0.0) -> Frame:
        view = View(camera.world_from_camera(t), camera.lens.matrix(), camera.width, camera.height, camera.near, camera.far)
        layers = self._labels.draw(self._stage, view, t)
        light = self._colors.shade(self._stage, self._materials, self._lighting, view, t, self._samples)
        rgb = self._colors.develop(light, 1, self._stage.scene.spec.look, 0.0)
        return Frame(camera, t, {"rgb": rgb, **layers})
