"""`Frame`: the layers of one view, shapes checked on creation; what is seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from simdata.camera import Camera
from simdata.errors import FrameError
from simdata.silhouette import Silhouette

# name -> (trailing shape, dtype); any other layer only has to be (H, W, ...).
KNOWN_LAYERS: dict[str, tuple[tuple[int, ...], type]] = {
    "clean": ((3,), np.uint8),
    "depth": ((), np.float32),
    "distance": ((), np.float32),
    "node_ids": ((), np.int32),
    "normals": ((3,), np.float32),
    "rgb": ((3,), np.uint8),
}


@dataclass(frozen=True, eq=False)
class Frame:
    """What one camera saw at one instant.

    Attributes:
        camera: who looked.
        t: when, seconds.
        layers: name -> (H, W, ...) array, read-only. Known ones:
            rgb: (H, W, 3) uint8, sRGB.
            clean: (H, W, 3) uint8, sRGB: rgb without the camera's noise and blur, equally exposed. Of cameras
                that have a sensor.
            node_ids: (H, W) int32; i is `scene.nodes[i - 1]`, 0 is background. Taken at pixel centres.
            depth: (H, W) float32, planar z, metres; inf where nothing was hit. 0 or less beyond 90 degrees
                off the axis.
            distance: (H, W) float32, along the ray, metres; inf where nothing was hit. Of lenses that are
                not planar (`lens.planar`), where depth alone would not say where a point is.
            normals: (H, W, 3) float32, unit, camera frame; 0 where nothing was hit. Optional.
        silhouettes: instance id -> silhouette of every labelled instance, seen or not; None where the
            renderer makes none (`simdata.amodal` makes them from the scene).

    Raises:
        FrameError: rgb, node_ids or depth is missing, or a shape or dtype is wrong.
    """

    camera: Camera
    t: float
    layers: Mapping[str, np.ndarray] = field(repr=False)
    silhouettes: Mapping[int, Silhouette] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        missing = {"rgb", "node_ids", "depth"} - set(self.layers)
        if missing:
            raise FrameError(f"a frame needs the layers {', '.join(sorted(missing))}")
        size = (self.camera.height, self.camera.width)
        for name, array in self.layers.items():
            tail, dtype = KNOWN_LAYERS.get(name, (array.shape[2:], array.dtype.type))
            if array.shape != size + tail or array.dtype != dtype:
                raise FrameError(
                    f"layer {name!r} must be {size + tail} {np.dtype(dtype)}, got {array.shape} {array.dtype}"
                )
            array.flags.writeable = False
        object.__setattr__(self, "layers", MappingProxyType(dict(self.layers)))
        if self.silhouettes is not None:
            object.__setattr__(self, "silhouettes", MappingProxyType(dict(self.silhouettes)))

    @property
    def rgb(self) -> np.ndarray:
        """(H, W, 3) uint8."""
        return self.layers["rgb"]

    @property
    def node_ids(self) -> np.ndarray:
        """(H, W) int32."""
        return self.layers["node_ids"]

    @property
    def depth(self) -> np.ndarray:
        """(H, W) float32, metres."""
        return self.layers["depth"]
