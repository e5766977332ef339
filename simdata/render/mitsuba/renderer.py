"""`MitsubaRenderer`: colour by paths, labels by rays."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simdata.amodal import silhouettes
from simdata.camera import Camera
from simdata.errors import RenderError
from simdata.frame import Frame
from simdata.raycast import ray_scene
from simdata.render import Probe
from simdata.render.mitsuba.probe import GPU, SCALAR, VECTORS, advice, find_way, open_way
from simdata.scene import Scene
from simdata.sensor import expose

if TYPE_CHECKING:  # whatever imports Mitsuba is imported once its compiler is named: see `open_way`
    from simdata.render.mitsuba.stage import Stage

VERSION = version("mitsuba")  # a ModuleNotFoundError where it is not installed
SAMPLES, MOST_SAMPLES = 64, 256
PATIENCE = {GPU: 10.0, VECTORS: 50.0, SCALAR: 500.0}


class MitsubaRenderer:
    """Draws any camera with Mitsuba's path tracer; see `simdata.render.Renderer` for the arguments.

    Args:
        denoise: let OptiX take the noise out; on a GPU alone.
    """

    def __init__(
        self, *, store: Path | None = None, samples: int = 0, device: str = "auto", denoise: bool = False
    ) -> None:
        self.way = find_way(device)
        if denoise and self.way.device != "gpu":
            raise RenderError(
                "mitsuba denoises on a GPU alone; leave render.denoise out, or take more samples"
            )
        open_way(self.way)
        self._store, self._samples, self._denoise = store, samples or SAMPLES, denoise
        self._scene: Scene | None = None
        self._stage: tuple[float, Stage] | None = None

    @classmethod
    def probe(cls, device: str = "auto") -> Probe:
        """Say which variant draws.

        Raises:
            RenderError: none does on this device, and why.
        """
        way = find_way(device)
        says = f"Mitsuba {VERSION} on the {way.device.upper()}: {way}{advice(way)}"
        return Probe(
            says,
            way.device,
            SAMPLES,
            (way.environment,),
            most_samples=MOST_SAMPLES,
            denoises=way.device == "gpu",
            patience=PATIENCE[way.variant],
        )

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
        from simdata.render.mitsuba.path import collected, denoised

        look = self._scene.spec.look
        told = f"{camera.model_dump_json()} {t!r} {self._scene.spec.look.digest}"
        seed = hashlib.sha256(told.encode()).hexdigest()
        light = collected(self._staged(t), camera, t, self._samples, seed)
        if self._denoise:
            light[..., :3] = denoised(light[..., :3])
        light = np.clip(light, 0, np.finfo(np.float16).max).astype(np.float16)
        pictures = expose(light, camera.sensor, camera.ev, backdrop=look.backdrop, t=t)
        layers = ray_scene(self._scene, self._store).view(camera, t)
        return Frame(
            camera, t, {**pictures, **layers}, silhouettes(self._scene, camera, t, store=self._store)
        )

    def close(self) -> None:
        """Give back what Mitsuba holds."""
        self._scene, self._stage = None, None

    def _staged(self, t: float) -> Stage:
        """Return the scene at an instant, as Mitsuba holds it."""
        assert self._scene is not None
        open_way(self.way)  # another renderer may have chosen another one
        from simdata.render.mitsuba.stage import Stage

        if self._stage is None or self._stage[0] != t:
            self._stage = t, Stage(self._scene, t, self._store)
        return self._stage[1]
