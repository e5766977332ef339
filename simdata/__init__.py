"""simdata: training images for robots and self-driving cars that nobody has to label.

    import simdata
    simdata.generate("tabletop", "data/tabletop", workers=2)
    for sample in simdata.samples("tabletop", seed=7): ...
    for record in simdata.Dataset("data/tabletop"): ...
    for image, target in simdata.stream("tabletop"): ...

Names are imported when they are first used, so `import simdata` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_WHERE = {
    "ActiveStereo": "sensor",
    "Aperture": "camera",
    "AreaLight": "light",
    "BrownConrady": "lens",
    "Camera": "camera",
    "Cameras": "viewpoint",
    "Choice": "distributions",
    "Config": "config",
    "Constant": "distributions",
    "Dataset": "dataset",
    "DaySky": "sky",
    "FieldTexture": "material",
    "Frame": "frame",
    "GeneratedShape": "asset",
    "Haze": "spec",
    "Hsv": "distributions",
    "ImageSky": "sky",
    "ImageTexture": "material",
    "ImportedShape": "asset",
    "InBox": "distributions",
    "InShell": "distributions",
    "KannalaBrandt": "lens",
    "Labels": "annotation",
    "Layer": "material",
    "Layout": "spec",
    "LogUniform": "distributions",
    "Look": "spec",
    "Material": "material",
    "Model": "model",
    "Motion": "camera",
    "NightSky": "sky",
    "Node": "spec",
    "Normal": "distributions",
    "Pinhole": "lens",
    "PointLight": "light",
    "Pose": "geometry",
    "Quantity": "distributions",
    "Rig": "rig",
    "Sample": "annotation",
    "Scene": "scene",
    "SceneSpec": "spec",
    "Scope": "scope",
    "Sensor": "sensor",
    "Settling": "spec",
    "Shutter": "camera",
    "SimdataError": "errors",
    "SpotLight": "light",
    "StereoDepth": "sensor",
    "Stream": "rng",
    "StructuredLight": "sensor",
    "Sun": "light",
    "Uniform": "distributions",
    "UniformInt": "distributions",
    "check_dataset": "check",
    "generate": "api",
    "load_config": "config_file",
    "look_at": "geometry",
    "ray_dataset": "api",
    "read_calibration": "calibration",
    "samples": "api",
    "settle": "physics",
    "stream": "api",
}

__all__ = ["__version__", *sorted(_WHERE)]


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'simdata' has no attribute {name!r}")
    return getattr(importlib.import_module(f"simdata.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return __all__
