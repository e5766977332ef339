"""`Scene`: a spec with its motion; what is there.

The poses are stored, so everything from here on works without a physics engine.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from simdata.geometry import matrix_from_pose
from simdata.spec import Node, SceneSpec


@dataclass(frozen=True, eq=False)
class Scene:
    """A spec and the poses of its nodes over time.

    Attributes:
        spec: what was asked for.
        times: (T,) float64, seconds, rising; equal to `spec.layout.times`.
        positions: (T, N, 3) float64, metres, world frame.
        quats_xyzw: (T, N, 4) float64, unit.
        settled_after: simulated seconds until everything was at rest.
    """

    spec: SceneSpec
    times: np.ndarray
    positions: np.ndarray
    quats_xyzw: np.ndarray
    settled_after: float = 0.0

    def __post_init__(self) -> None:
        instants, nodes = len(self.times), len(self.spec.layout.nodes)
        for name, shape in {
            "times": (instants,),
            "positions": (instants, nodes, 3),
            "quats_xyzw": (instants, nodes, 4),
        }.items():
            array = np.array(getattr(self, name), float)
            if array.shape != shape or not np.isfinite(array).all():
                raise ValueError(f"Scene.{name} must be finite with shape {shape}, got {array.shape}")
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes; the id image holds index + 1."""
        return self.spec.layout.nodes

    @cached_property
    def instance_of_node(self) -> np.ndarray:
        """(N + 1,) int32: instance id to write for each value of the id image; 0 where it is not labelled."""
        table = np.array([0] + [node.instance if node.labelled else 0 for node in self.nodes], np.int32)
        table.flags.writeable = False
        return table

    def world_from_nodes(self, t: float) -> np.ndarray:
        """Return (N, 4, 4) float64 at one of the stored instants.

        Raises:
            ValueError: t is no stored instant.
        """
        index = np.flatnonzero(self.times == t)
        if len(index) == 0:
            raise ValueError(f"t = {t:g} s is not one of the stored instants {self.times.tolist()}")
        return matrix_from_pose(self.positions[index[0]], self.quats_xyzw[index[0]])

    def with_spec(self, spec: SceneSpec) -> Scene:
        """Give the same motion another look or other cameras.

        Raises:
            ValueError: the layouts differ, so the motion does not belong to it.
        """
        if spec.layout.digest != self.spec.layout.digest:
            raise ValueError("the spec has another layout; settle it instead")
        return Scene(spec, self.times, self.positions, self.quats_xyzw, self.settled_after)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON value from which `from_json` makes an equal scene, bit for bit."""
        return {
            "spec": self.spec.model_dump(mode="json"),
            "times": self.times.tolist(),
            "positions": self.positions.tolist(),
            "quats_xyzw": self.quats_xyzw.tolist(),
            "settled_after": self.settled_after,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Scene:
        """Read what `to_json` wrote."""
        arrays = {key: np.array(value[key], float) for key in ("times", "positions", "quats_xyzw")}
        return cls(SceneSpec.model_validate(value["spec"]), **arrays, settled_after=value["settled_after"])


def start_scene(spec: SceneSpec) -> Scene:
    """Make a scene that stands at its start poses at every instant: no physics."""
    nodes, instants = spec.layout.nodes, len(spec.layout.times)
    positions = np.array([node.pose.position for node in nodes], float).reshape(-1, 3)
    quats = np.array([node.pose.quat_xyzw for node in nodes], float).reshape(-1, 4)
    return Scene(
        spec,
        np.array(spec.layout.times),
        np.tile(positions, (instants, 1, 1)),
        np.tile(quats, (instants, 1, 1)),
    )
