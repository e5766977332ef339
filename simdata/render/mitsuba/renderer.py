"""`MitsubaRenderer`: colour by paths, labels by rays."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import mitsuba as mi
import numpy as np

from simdata.amodal import silhouettes
from simdata.camera import Camera
from simdata.errors import RenderError
from simdata.frame import Frame
from simdata.raycast import ray_scene
from simdata.render import Probe
from simdata.render.mitsuba.path import collected
from simdata.render.mitsuba.probe import find_way
from simdata.render.mitsuba.stage import Stage
from simdata.scene import Scene
from simdata.sensor import expose

SAMPLES = 64


class MitsubaRenderer:
    """Draws any camera with Mitsuba's path tracer; see `simdata.render.Renderer` for the arguments."""

    def __init__(self, *, store: Path | None = None, samples: int = 0, device: str = "auto") -> None:
        self.way, _ = find_way(device)
        os.environ.update(self.way.environment)  # read when the variant is first used
        mi.set_variant(self.way.variant)
        self._store, self._samples = store, samples or SAMPLES
        self._scene: Scene | None = None
        self._stage: tuple[float, Stage] | None = None

    @classmethod
    def probe(cls, device: str = "auto") -> Probe:
        """Say which variant draws.

        Raises:
            RenderError: none does on this device, and why.
        """
        way, version = find_way(device)
        return Probe(f"Mitsuba {version} on the {way.device.upper()}: {way}", way.device, SAMPLES, (way.environment,))

    def load(self, scene: Scene) -> None:
        """Take a scene; the one before is forgotten.

        Raises:
            AssetError: an imported mesh is not in the store.
            RenderError: a texture is not.
        """
        self._stage, self._scene = None, scene
        self._staged(float(scene.times[0]))

    def render(self, camera: Camera, t: float = 0.0) -> Frame:
        """Draw rgb, node_ids, depth, normals and the silhouettes of all labelled objects.

        And what a perfect sensor sees, "clean", where the camera has another one.

        Raises:
            RenderError: no scene is loaded.
        """
        if self._scene is None:
            raise RenderError("no scene is loaded; call load(scene) before render(camera)")
        look = self._scene.spec.look
        told = f"{camera.model_dump_json()} {t!r} {self._scene.spec.look.digest}"
        seed = hashlib.sha256(told.encode()).hexdigest()
        light = collected(self._staged(t), camera, t, self._samples, seed)
        light = np.clip(light, 0, np.finfo(np.float16).max).astype(np.float16)
        pictures = expose(light, camera.sensor, camera.ev, backdrop=look.backdrop, t=t)
        layers = ray_scene(self._scene, self._store).view(camera, t)
        return Frame(camera, t, {**pictures, **layers}, silhouettes(self._scene, camera, t, store=self._store))

    def close(self) -> None:
        """Give back what Mitsuba holds."""
        self._scene, self._stage = None, None

    def _staged(self, t: float) -> Stage:
        """Return the scene at an instant, as Mitsuba holds it."""
        assert self._scene is not None
        mi.set_variant(self.way.variant)  # another renderer may have chosen another one
        if self._stage is None or self._stage[0] != t:
            self._stage = t, Stage(self._scene, t, self._store)
        return self._stage[1]
