"""Where every labelled instance stands, as the camera sees it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simdata.annotation import Labels
from simdata.frame import Frame
from simdata.geometry import invert, quat_from_matrix
from simdata.scene import Scene


class Poses:
    """`camera_from_object` and `distance` of each labelled instance, seen or not.

    `camera_from_object` is {"position": (3,) metres, "quat_xyzw": (4,) unit} of the frame of the instance's
    first node, in the OpenCV camera frame (x right, y down, z forward). `distance` is from the camera's
    centre to that frame's origin, metres.
    """

    def __init__(self, *, store: Path | None = None) -> None:
        """Take the folder of imported meshes, which is not needed here."""

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        """Label one frame."""
        camera_from_nodes = invert(frame.camera.world_from_camera(frame.t)) @ scene.world_from_nodes(frame.t)
        instances: dict[int, dict[str, Any]] = {}
        for node, camera_from_node in zip(scene.nodes, camera_from_nodes, strict=True):
            if node.labelled and node.instance not in instances:
                instances[node.instance] = _pose(camera_from_node)
        return Labels(instances=instances)


def _pose(camera_from_object: np.ndarray) -> dict[str, Any]:
    position = camera_from_object[:3, 3]
    quat = quat_from_matrix(camera_from_object[:3, :3])
    pose = {"position": position.tolist(), "quat_xyzw": quat.tolist()}
    return {"camera_from_object": pose, "distance": float(np.linalg.norm(position))}
