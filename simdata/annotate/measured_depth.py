"""What the camera's depth sensor measures, beside true depth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from simdata import active_stereo
from simdata.annotation import Labels
from simdata.camera import pixel_centers
from simdata.frame import Frame
from simdata.raycast import ray_scene
from simdata.scene import Scene
from simdata.sensor import ActiveStereo
from simdata.sensor.triangulate import measured


class MeasuredDepth:
    """The layer `measured_depth` of cameras that have a `depth_sensor`, in their own pixels.

    (H, W) float32, metres along z; inf is a hole, also where the sensor sees something and cannot tell.
    """

    def __init__(self, *, store: Path | None = None) -> None:
        """Take the folder of imported meshes."""
        self._store = store

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        """Label one frame."""
        camera, sensor = frame.camera, frame.camera.depth_sensor
        if sensor is None:
            return Labels()
        layers: Mapping[str, np.ndarray] = frame.layers
        if "normals" not in layers:
            layers = {**layers, "normals": ray_scene(scene, self._store).view(camera, frame.t)["normals"]}
        if isinstance(sensor, ActiveStereo):
            found = active_stereo.measured(scene, camera, frame.t, layers, self._store)
        else:
            rays = camera.lens.rays(pixel_centers(camera))
            found = measured(
                frame.depth,
                -np.einsum("hwi,hwi->hw", layers["normals"], rays) / np.linalg.norm(rays, axis=-1),
                sensor,
                focal=camera.lens.fx,
                albedo=active_stereo.albedo(scene)[frame.node_ids],
                # Noise is no texture: it differs from camera to camera.
                grey=cv2.cvtColor(layers.get("clean", frame.rgb), cv2.COLOR_RGB2GRAY),
                t=frame.t,
            )
        return Labels(layers={"measured_depth": found})
