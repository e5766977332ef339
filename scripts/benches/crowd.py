"""Variants of a settled scene: more objects, lights, triangles. They obey no physics."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path

import numpy as np

from benches.measure import config
from simdata.asset import ImportedShape, encode_part, load_model
from simdata.geometry import matrix_from_pose, quat_from_matrix
from simdata.light import PointLight
from simdata.mesh import Mesh, Part
from simdata.pipeline import Pipeline, SceneRun
from simdata.scene import Scene
from simdata.spec import Layout, Node

GOLDEN = math.pi * (3 - math.sqrt(5))


def settled(objects: int = 20, number: int = 0) -> SceneRun:
    """Draw and settle the default tabletop with that many objects."""
    return Pipeline(config(f"builder.objects.count={objects}")).scene(number)


def crowded(scene: Scene, objects: int) -> Scene:
    """Return the scene with that many objects: its own, again and again, turned about the table's middle."""
    own = max(node.instance for node in scene.nodes)
    nodes, matrices, materials = [], [], {}
    for pile in range(math.ceil(objects / own)):
        turn = _turn(pile * GOLDEN)
        for node, matrix in zip(scene.nodes, scene.world_from_nodes(0.0), strict=True):
            instance = node.instance + pile * own
            if (pile and not node.instance) or (node.instance and instance > objects):
                continue
            name = f"{node.name}/{pile}"
            nodes.append(node.model_copy(update={"name": name, "instance": instance if node.instance else 0}))
            matrices.append(turn @ matrix)
            materials[name] = scene.spec.look.material(node)
    look = scene.spec.look.model_copy(update={"materials": materials})
    return _scene(scene, nodes, np.array(matrices), look)


def unlabelled(scene: Scene) -> Scene:
    """Return the scene with every object a distractor: it looks the same and asks for no silhouette."""
    nodes = [node.model_copy(update={"labelled": False}) for node in scene.nodes]
    return _scene(scene, nodes, scene.world_from_nodes(0.0), scene.spec.look)


def lit(scene: Scene, lights: int) -> Scene:
    """Return the scene under its sun and a ring of lamps, that many lights in all."""
    angles = [k * GOLDEN for k in range(lights - 1)]
    places = [(1.2 * math.cos(angle), 1.2 * math.sin(angle), 2.0) for angle in angles]
    ring = [PointLight(position=place, strength=0.6 / lights) for place in places]
    look = scene.spec.look
    look = look.model_copy(update={"lights": (*look.lights[:1], *ring)})
    return scene.with_spec(scene.spec.model_copy(update={"look": look}))


def finer(scene: Scene, rounds: int, store: Path) -> tuple[Scene, int]:
    """Return the scene with each triangle cut in four, `rounds` times, and how many it then has."""
    nodes, count = [], 0
    for node in scene.nodes:
        part = load_model(node.shape).parts[node.part]
        mesh = part.mesh
        for _ in range(rounds):
            mesh = quartered(mesh)
        count += len(mesh.faces)
        content = encode_part(Part(mesh, part.pieces))
        sha256 = hashlib.sha256(content).hexdigest()
        (store / f"{sha256}.npz").write_bytes(content)
        nodes.append(node.model_copy(update={"shape": ImportedShape(sha256=sha256), "part": "body"}))
    return _scene(scene, nodes, scene.world_from_nodes(0.0), scene.spec.look), count


def quartered(mesh: Mesh) -> Mesh:
    """Cut every triangle into four at the middles of its edges."""
    pairs = np.sort(np.concatenate([mesh.faces[:, [k, (k + 1) % 3]] for k in range(3)]), axis=1)
    edges, which = np.unique(pairs, axis=0, return_inverse=True)
    middles = len(mesh.vertices) + which.reshape(3, -1).T  # of the edges 01, 12, 20 of every face
    a, b, c = mesh.faces.T
    ab, bc, ca = middles.T
    quarters = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
    faces = np.concatenate([np.stack(corners, 1) for corners in quarters])
    normals = mesh.normals[edges].sum(1)
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    return Mesh(
        np.concatenate([mesh.vertices, mesh.vertices[edges].mean(1)]),
        faces.astype(np.int32),
        np.concatenate([mesh.normals, normals]),
        np.concatenate([mesh.uvs, mesh.uvs[edges].mean(1)]),
    )


def _scene(scene: Scene, nodes: list[Node], world_from_nodes: np.ndarray, look: object) -> Scene:
    layout = Layout(nodes=tuple(nodes), settling=scene.spec.layout.settling)
    spec = scene.spec.model_copy(update={"layout": layout, "look": look})
    quats = np.array([quat_from_matrix(matrix[:3, :3]) for matrix in world_from_nodes])
    return Scene(spec, np.zeros(1), world_from_nodes[None, :, :3, 3], quats[None])


def _turn(angle: float) -> np.ndarray:
    return matrix_from_pose(np.zeros(3), np.array([0.0, 0.0, math.sin(angle / 2), math.cos(angle / 2)]))
