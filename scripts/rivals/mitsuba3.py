"""Mitsuba 3's path tracer, 16 samples. Runs in `.venv-rivals` only; see `serve`.

python mitsuba3.py VARIANT
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import mitsuba as mi
import numpy as np
from serve import serve

SAMPLES, DEPTH = 16, 6
MITSUBA_FROM_OPENCV = np.diag([-1.0, -1.0, 1.0, 1.0])  # it looks along z with y up and x to the left


class Mitsuba:
    """Draws with Mitsuba; the scene's trees and compiled kernels stay in place between views."""

    def load(self, path: str) -> None:
        """Take an exported scene."""
        told, folder = json.loads(Path(path).read_text()), Path(path).parent
        self._cameras = [mi.load_dict(_camera(camera)) for camera in told["cameras"]]
        self._scene = mi.load_dict(
            {
                "type": "scene",
                "integrator": {"type": "path", "max_depth": DEPTH},
                "sun": {
                    "type": "directional",
                    "direction": [-x for x in told["sun"]["towards"]],
                    "irradiance": {"type": "rgb", "value": told["sun"]["irradiance"]},
                },
                "sky": {"type": "constant", "radiance": {"type": "rgb", "value": told["ambient"]}},
                **{f"node{node['number']}": _mesh(node, folder) for node in told["nodes"]},
            }
        )

    def render(self, camera: int) -> None:
        """Draw what one camera sees."""
        self._picture = np.array(mi.render(self._scene, sensor=self._cameras[camera], spp=SAMPLES))

    def save(self, path: str) -> None:
        """Write the last picture, linear."""
        np.save(path, self._picture[..., :3].astype(np.float32))


def _mesh(node: dict[str, Any], folder: Path) -> Any:
    arrays = np.load(folder / f"{node['number']}.npz")
    properties = mi.Properties()
    properties["bsdf"] = mi.load_dict(_surface(node, folder))
    mesh = mi.Mesh(
        f"node {node['number']}",
        len(arrays["vertices"]),
        len(arrays["faces"]),
        has_vertex_normals=True,
        has_vertex_texcoords=True,
        props=properties,
    )
    values = mi.traverse(mesh)
    values["vertex_positions"] = arrays["vertices"].ravel()
    values["vertex_normals"] = arrays["normals"].ravel()
    values["vertex_texcoords"] = (arrays["uvs"] * (1, -1) + (0, 1)).ravel()  # its v runs down the picture
    values["faces"] = arrays["faces"].ravel().astype(np.uint32)
    values.update()
    return mesh


def _surface(node: dict[str, Any], folder: Path) -> dict[str, Any]:
    if node["textured"]:
        color: dict[str, Any] = {"type": "bitmap", "filename": str(folder / f"{node['number']}.png")}
    else:
        color = {"type": "rgb", "value": node["color"]}
    looks = {"roughness": node["roughness"], "metallic": node["metallic"], "specular": 0.5}
    return {"type": "twosided", "bsdf": {"type": "principled", "base_color": color, **looks}}


def _camera(told: dict[str, Any]) -> dict[str, Any]:
    width, height = told["width"], told["height"]
    pose = np.array(told["world_from_camera"]) @ MITSUBA_FROM_OPENCV
    return {
        "type": "perspective",
        "fov": float(np.degrees(2 * np.arctan(width / 2 / told["fx"]))),
        "fov_axis": "x",
        "near_clip": told["near"],
        "principal_point_offset_x": told["cx"] / width - 0.5,
        "principal_point_offset_y": told["cy"] / height - 0.5,
        "to_world": mi.ScalarTransform4f(pose.tolist()),
        "film": {"type": "hdrfilm", "width": width, "height": height, "rfilter": {"type": "box"}},
        "sampler": {"type": "independent"},
    }


if __name__ == "__main__":
    mi.set_variant(sys.argv[1])
    serve(f"Mitsuba {mi.__version__}, {sys.argv[1]}, {SAMPLES} samples, path depth {DEPTH}", Mitsuba())
