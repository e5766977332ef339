"""`GlRenderer`: takes a scene to the device and puts the passes together."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simdata.amodal import silhouettes
from simdata.asset import load_model
from simdata.camera import Camera
from simdata.errors import RenderError
from simdata.frame import Frame
from simdata.raycast import ray_scene
from simdata.render import Probe
from simdata.render.gl.bounce import Bounce
from simdata.render.gl.color import ColorPass
from simdata.render.gl.context import DEVICE_VARIABLE, open_context
from simdata.render.gl.direct import DirectPass
from simdata.render.gl.film import Film
from simdata.render.gl.geometry import Geometry, Packed, geometry_key
from simdata.render.gl.label import LabelPass
from simdata.render.gl.light import Lighting
from simdata.render.gl.material import Materials
from simdata.render.gl.probe import probe_device
from simdata.render.gl.program import Program
from simdata.render.gl.silhouette import SilhouettePass
from simdata.render.gl.stage import Stage
from simdata.render.gl.subject import Subject
from simdata.render.gl.surroundings import Surroundings
from simdata.render.gl.target import Targets
from simdata.render.gl.texture import Textures
from simdata.render.gl.view import pinhole_view
from simdata.scene import Scene
from simdata.sensor import expose
from simdata.silhouette import Silhouette, keeps_lines_straight

SAMPLES = 4


class GlRenderer:
    """Draws over EGL, on a GPU or on the CPU; see `simdata.render.Renderer` for the arguments."""

    def __init__(self, *, store: Path | None = None, samples: int = 0, device: str = "auto") -> None:
        self._context, self.device = open_context(device)
        # A picture's rows run downwards, so that what faces the viewer turns the other way.
        self._context.front_face = "cw"
        self._store = store
        self._targets, self._packed = Targets(self._context, self.device.max_size), Packed()
        self._textures = Textures(self._context, store)
        self._depth = Program(self._context, "scene", "depth")
        self._labels = LabelPass(self._context, self._targets)
        self._silhouettes = SilhouettePass(self._context, self._targets)
        self._colors = ColorPass(self._context, self._targets, self._labels, self._depth)
        self._film = Film(self._context, self._targets, self._colors, samples or SAMPLES)
        self._lighting = Lighting(self._context, self._depth)
        self._surroundings = Surroundings(self._context, store)
        self._direct = DirectPass(self._context, self._targets)
        self._bounce = Bounce(self._colors, self._direct, store)
        self._geometry: Geometry | None = None
        self._stage: Stage | None = None
        self._materials: Materials | None = None
        self._lit_at: float | None = None
        self._closed = False

    @classmethod
    def probe(cls, device: str = "auto") -> Probe:
        """Say what draws.

        Raises:
            RenderError: no EGL, or no device of this kind; says what to install.
        """
        found = probe_device(device)
        says = (
            f"{found['vendor']} {found['name']}, {found['version']}, up to {found['max_size']} pixels a side"
        )
        shares = tuple({DEVICE_VARIABLE: str(index)} for index in found["devices"])
        return Probe(f"OpenGL on the {found['kind'].upper()}: {says}", found["kind"], SAMPLES, shares)

    def load(self, scene: Scene) -> None:
        """Take a scene; the one before is forgotten, but for meshes and textures that come again.

        Raises:
            AssetError: an imported mesh is not in the store.
            RenderError: a texture is not.
        """
        meshes = [load_model(node.shape, self._store).parts[node.part].mesh for node in scene.nodes]
        with self._context:  # others may be open in this process
            self._forget()
            if self._geometry is None or self._geometry.key != geometry_key(meshes):
                if self._geometry is not None:
                    self._geometry.release()
                self._geometry = Geometry(self._context, meshes, self._packed)
            self._materials = Materials(scene, self._textures)
            self._stage = Stage(self._context, scene, meshes, self._geometry)

    def render(self, camera: Camera, t: float = 0.0) -> Frame:
        """Draw rgb, node_ids, depth, normals and the silhouettes of all labelled objects.

        And what a perfect sensor sees, "clean", where the camera has another one.

        Raises:
            RenderError: no scene is loaded, or the picture is larger than the device can.
        """
        if self._stage is None or self._materials is None:
            raise RenderError("no scene is loaded; call load(scene) before render(camera)")
        with self._context:
            subject = self._subject(self._stage, self._materials, t)
            layers, silhouettes = self._truth(self._stage, camera, t)
            light = self._film.picture(subject, camera, layers.get("distance", layers["depth"]))
        backdrop = self._stage.scene.spec.look.backdrop
        pictures = expose(light, camera.sensor, camera.ev, backdrop=backdrop, t=t)
        return Frame(camera, t, {**pictures, **layers}, silhouettes)

    def close(self) -> None:
        """Give back all that is on the device; nothing can be drawn afterwards."""
        if self._closed:
            return
        with self._context:
            self._forget()
            if self._geometry is not None:
                self._geometry.release()
            passes = (self._labels, self._silhouettes, self._film, self._colors, self._direct, self._depth)
            for thing in (*passes, self._lighting, self._surroundings, self._textures, self._targets):
                thing.release()
        self._context.release()
        self._closed = True

    def _subject(self, stage: Stage, materials: Materials, t: float) -> Subject:
        """Return what is photographed, with the light of an instant on it."""
        look = stage.scene.spec.look
        light = self._lighting, self._surroundings
        subject = Subject(stage, materials, *light, t, look.ambient, look.haze)
        if self._lit_at != t:
            self._lighting.load(stage, t)
            self._bounce.light(subject)
            self._lit_at = t
        return subject

    def _truth(
        self, stage: Stage, camera: Camera, t: float
    ) -> tuple[dict[str, np.ndarray], dict[int, Silhouette]]:
        """Return the layers but for rgb, and the silhouettes, at pixel centres.

        A rasteriser draws straight lines: under a lens that bends them, or a shutter that rolls, the camera's
        own rays are cast instead.
        """
        if keeps_lines_straight(camera):
            layers = self._labels.draw(stage, pinhole_view(camera, t), t)
            return layers, self._silhouettes.draw(stage, camera, t, self._store)
        layers = ray_scene(stage.scene, self._store).view(camera, t)
        return layers, silhouettes(stage.scene, camera, t, store=self._store)

    def _forget(self) -> None:
        """Let go of the scene."""
        if self._stage is not None:
            self._stage.release()
        self._stage, self._materials, self._lit_at = None, None, None
        self._textures.trim()
