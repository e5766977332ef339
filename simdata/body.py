"""Rigid bodies out of nodes: what is welded together, its collision pieces, mass and inertia. Numbers only.

A moving body's frame sits at its centre of mass along its principal axes, so that the inertial frame of a
simulator is the identity and nothing is left to convert inside it. A fixed body keeps its first node's frame.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from simdata.asset import load_model
from simdata.geometry import invert, transform
from simdata.mesh import Array, MassProperties, Model
from simdata.spec import Node

# A mesh of at least this many vertices, all equally far from one centre, is a ball and collides as a sphere.
BALL_VERTICES = 100


@dataclass(frozen=True, eq=False)
class Body:
    """One rigid body, in its own frame.

    Attributes:
        name: its first node's.
        nodes: (n,) their indices in the layout.
        body_from_nodes: (n, 4, 4) float64.
        world_from_body: (4, 4) float64, at the start.
        pieces: convex collision pieces, (k, 3) metres each.
        ball: radius, metres, of a ball about the frame's origin, whose pieces would rattle; 0 for the rest.
        mass: kg; 0 never moves.
        inertia: (3,) kg m^2 about the frame's axes; zeros where it never moves.
        friction, restitution: 1; the mean of the nodes, by mass.
    """

    name: str
    nodes: tuple[int, ...]
    body_from_nodes: Array
    world_from_body: Array
    pieces: tuple[Array, ...]
    ball: float
    mass: float
    inertia: Array
    friction: float
    restitution: float


def make_bodies(nodes: Sequence[Node], store: Path | None = None) -> list[Body]:
    """Weld nodes of one instance (> 0) into one body each; a node of instance 0 is a body of its own.

    A body with a fixed node never moves. Order is that of the first nodes.

    Raises:
        AssetError: a mesh cannot be loaded or encloses nothing.
    """
    groups: dict[tuple[str, int], list[int]] = {}
    for index, node in enumerate(nodes):
        key = ("instance", node.instance) if node.instance else ("node", index)
        groups.setdefault(key, []).append(index)
    return [_weld(tuple(group), [nodes[index] for index in group], store) for group in groups.values()]


def _weld(indices: tuple[int, ...], nodes: Sequence[Node], store: Path | None) -> Body:
    parts = [load_model(node.shape, store).parts[node.part] for node in nodes]
    world_from_nodes = np.stack([node.pose.matrix() for node in nodes])
    frame, mass, inertia, shares = world_from_nodes[0], 0.0, np.zeros(3), np.ones(len(nodes))
    if not any(node.fixed for node in nodes):
        pairs = zip(nodes, parts, strict=True)
        solids = [Model({"solid": part}).mass_properties(node.density) for node, part in pairs]
        shares = np.array([solid.mass for solid in solids])
        frame, mass, inertia = _principal_frame(solids, world_from_nodes)
    body_from_nodes = invert(frame) @ world_from_nodes
    placed = zip(body_from_nodes, parts, strict=True)
    return Body(
        name=nodes[0].name,
        nodes=indices,
        body_from_nodes=body_from_nodes,
        world_from_body=frame,
        pieces=tuple(transform(matrix, piece) for matrix, part in placed for piece in part.pieces),
        ball=_ball_radius(parts[0].mesh.vertices) if mass and len(nodes) == 1 else 0.0,
        mass=mass,
        inertia=inertia,
        friction=float(np.average([node.friction for node in nodes], weights=shares)),
        restitution=float(np.average([node.restitution for node in nodes], weights=shares)),
    )


def _ball_radius(vertices: Array) -> float:
    """Return the radius of a mesh that is a ball, else 0."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    radii = np.linalg.norm(vertices - (low + high) / 2, axis=1)
    is_ball = len(vertices) >= BALL_VERTICES and np.ptp(radii) < 1e-4 * radii.max()
    return float(radii.max()) if is_ball and np.ptp(high - low) < 1e-2 * radii.max() else 0.0


def _principal_frame(solids: Sequence[MassProperties], world_from_nodes: Array) -> tuple[Array, float, Array]:
    """Sum up solids: world_from_body (4, 4) at the centre of mass along the principal axes, kg, (3,) kg m^2.

    Summed in the first node's axes, which stay where they are principal already: a box keeps its own.

    Source: parallel-axis theorem; the axes are the eigenvectors of the summed tensor.
    """
    first = world_from_nodes[0]
    first_from_nodes = invert(first) @ world_from_nodes
    masses = np.array([solid.mass for solid in solids])
    placed = list(zip(first_from_nodes, solids, strict=True))
    centers = np.stack([transform(matrix, solid.center_of_mass) for matrix, solid in placed])
    center = masses @ centers / masses.sum()
    tensor = np.zeros((3, 3))
    for (matrix, solid), arm in zip(placed, centers - center, strict=True):
        rotation = matrix[:3, :3]
        tensor += rotation @ solid.inertia @ rotation.T
        tensor += solid.mass * (arm @ arm * np.eye(3) - np.outer(arm, arm))
    inertia, axes = np.diag(tensor).copy(), np.eye(3)
    if np.abs(tensor - np.diag(inertia)).max() > 1e-9 * inertia.max():
        inertia, axes = np.linalg.eigh((tensor + tensor.T) / 2)
        axes[:, 2] = np.cross(axes[:, 0], axes[:, 1])
    first_from_body = np.eye(4)
    first_from_body[:3, :3], first_from_body[:3, 3] = axes, center
    return first @ first_from_body, float(masses.sum()), inertia
