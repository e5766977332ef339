"""Rays through Embree against the oracle, against closed form, and against themselves made wrong."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sample_scene import camera, faults, flat, floor, random_scene, scene_of, thing

from simdata.asset import GeneratedShape, ImportedShape, encode_part, load_model
from simdata.camera import pixel_centers
from simdata.errors import AssetError
from simdata.geometry import Pose, quat_about
from simdata.raycast import RayScene, ray_scene
from simdata.scene import Scene
from simdata.spec import Layout, Look, Node, SceneSpec

Layers = dict[str, np.ndarray]


def see(scene: Scene) -> Layers:
    return RayScene(scene).view(scene.spec.cameras[0])


@pytest.mark.parametrize("seed", range(12))
def test_embree_and_the_oracle_see_the_same(seed: int) -> None:
    scene = random_scene(seed)
    view = see(scene)
    assert len(np.unique(view["node_ids"])) > 3
    assert faults(view, dict(flat(scene).layers)) == []


def half_a_pixel(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Layers:
    seen_by = scene.spec.cameras[0]
    lens = seen_by.lens.model_copy(update={"cx": seen_by.lens.cx + 0.5, "cy": seen_by.lens.cy + 0.5})
    return RayScene(scene).view(seen_by.model_copy(update={"lens": lens}))


def rows_flipped(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Layers:
    return {name: layer[::-1] for name, layer in see(scene).items()}


def normals_in_the_world_frame(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Layers:
    view = see(scene)
    return view | {"normals": view["normals"] @ scene.spec.cameras[0].world_from_camera()[:3, :3].T}


def normals_inside_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Layers:
    view = see(scene)
    return view | {"normals": -view["normals"]}


def depth_along_the_ray(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Layers:
    view, seen_by = see(scene), scene.spec.cameras[0]
    return view | {
        "depth": view["depth"] * np.linalg.norm(seen_by.lens.rays(pixel_centers(seen_by)), axis=-1)
    }


def ids_one_too_low(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Layers:
    view = see(scene)
    return view | {
        "node_ids": view["node_ids"] - 1,
        "depth": np.where(view["node_ids"] > 1, view["depth"], 0),
    }


MUTANTS = [
    half_a_pixel,
    rows_flipped,
    normals_in_the_world_frame,
    normals_inside_out,
    depth_along_the_ray,
    ids_one_too_low,
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutants_are_caught(
    mutant: Callable[[Scene, pytest.MonkeyPatch], Layers], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = random_scene(3)
    truth = dict(flat(scene).layers)
    assert faults(see(scene), truth) == []
    assert faults(mutant(scene, monkeypatch), truth) != []


def ball(*nodes: Node, radius: float = 0.1, far: float = 50.0) -> Scene:
    """A sphere at the origin, 1 m before the camera's eye at (0, -1, 0)."""
    return scene_of(
        [*thing("sphere", 1, Pose(), radius=radius), *nodes],
        camera(200, 150, eye=(0, -1, 0), fov=0.4, far=far),
    )


@pytest.mark.parametrize("look", [see, lambda scene: dict(flat(scene).layers)], ids=["raycast", "flat"])
def test_a_sphere_is_where_closed_form_says(look: Callable[[Scene], Layers]) -> None:
    """Solve |s ray - center|^2 = r^2 for every pixel centre; the mesh lies inside by its sagitta."""
    scene, radius = ball(), 0.1
    view, seen_by = look(scene), scene.spec.cameras[0]
    rays = seen_by.lens.rays(pixel_centers(seen_by))
    square = (rays**2).sum(-1)
    apart = np.sqrt(np.maximum(1 - 1 / square, 0))  # of the ray from the centre at (0, 0, 1)
    sagitta = radius * (1 - np.cos(np.pi / 48)) * 2  # of 48 segments and 24 rings
    assert (view["node_ids"][apart < radius - sagitta] == 1).all()
    assert (view["node_ids"][apart > radius] == 0).all()
    area = np.count_nonzero(apart < radius)
    assert abs(np.count_nonzero(view["node_ids"]) - area) < 0.01 * area
    # And by integration: seen at distance 1, a sphere's outline has the radius f r / sqrt(1 - r^2).
    outline = seen_by.lens.fx * radius / np.sqrt(1 - radius**2)
    assert abs(area - np.pi * outline**2) < 0.01 * area
    inner = apart < 0.8 * radius
    depth = (1 - np.sqrt(1 - square * (1 - radius**2), where=inner, out=np.zeros_like(square))) / square
    assert np.abs(view["depth"] - depth)[inner].max() < 1e-3
    normals = (rays * depth[..., None] - (0, 0, 1)) / radius
    assert np.abs(view["normals"] - normals)[inner].max() < 0.02  # facets are 7.5 degrees wide


@pytest.mark.parametrize("look", [see, lambda scene: dict(flat(scene).layers)], ids=["raycast", "flat"])
def test_a_plane_is_where_closed_form_says(look: Callable[[Scene], Layers]) -> None:
    """Meet the plane z = -0.2 with every ray: inside the slab's upper side, and nowhere else."""
    seen_by = camera(160, 120, eye=(0.3, -1.2, 0.5), target=(0.1, 0, -0.2), roll=0.3)
    scene = scene_of(floor(-0.2, size=0.8), seen_by)
    view = look(scene)
    rays = seen_by.lens.rays(pixel_centers(seen_by)) @ seen_by.world_from_camera()[:3, :3].T
    depth = (-0.2 - 0.5) / rays[..., 2]
    x, y = 0.3 + rays[..., 0] * depth, -1.2 + rays[..., 1] * depth
    on_top = (depth > 0) & (np.maximum(np.abs(x), np.abs(y)) < 0.4)
    assert np.count_nonzero(on_top) > 2000
    assert (view["node_ids"][on_top] == 1).all()
    assert np.abs(view["depth"] - depth)[on_top].max() < 1e-6
    assert np.allclose(view["normals"][on_top], seen_by.world_from_camera()[:3, :3].T @ (0, 0, 1), atol=1e-6)
    # What else is seen of the slab is its sides, which lie lower.
    sides = (view["node_ids"] == 1) & ~on_top
    points = seen_by.unproject(view["depth"])[sides]
    assert (points[:, 2] > -0.3 - 1e-6).all() and (points[:, 2] < -0.2 + 1e-6).all()
    assert np.allclose(np.abs(points[:, :2]).max(1), 0.4, atol=1e-6)


@pytest.mark.parametrize("look", [see, lambda scene: dict(flat(scene).layers)], ids=["raycast", "flat"])
def test_near_and_far_are_planes(look: Callable[[Scene], Layers]) -> None:
    """A cube about the eye is seen from inside, through what the near plane leaves of it."""
    cube = thing("cuboid", 1, Pose(), sx=0.2, sy=0.2, sz=0.2)
    wall = thing("cuboid", 2, Pose(position=(0, 1.0, 0)), sx=4.0, sy=0.2, sz=4.0)
    inside = {"eye": (0, 0, 0), "target": (0, 1, 0)}
    assert np.allclose(look(scene_of([*cube, *wall], camera(**inside)))["depth"], 0.1)
    past_the_cube = look(scene_of([*cube, *wall], camera(near=0.11, **inside)))
    assert (past_the_cube["node_ids"] == 2).all() and np.allclose(past_the_cube["depth"], 0.9)
    past_the_wall = look(scene_of([*cube, *wall], camera(near=0.11, far=0.89, **inside)))
    assert (past_the_wall["node_ids"] == 0).all() and np.isinf(past_the_wall["depth"]).all()
    assert not past_the_wall["normals"].any()


@pytest.mark.parametrize("near", [0.02, 0.75, 0.95])
def test_both_cut_alike_at_the_near_plane(near: float) -> None:
    """What is behind the eye, and what the near plane takes off, is not seen; the inside behind it is."""
    behind = thing("sphere", 9, Pose(position=(0, -1.5, 0.4)), radius=0.3)
    scene = scene_of([*random_scene(1).nodes, *behind], camera(near=near))
    view = see(scene)
    assert faults(view, dict(flat(scene).layers)) == []
    assert view["depth"].min() >= near - 1e-6
    assert len(scene.nodes) not in view["node_ids"]


def test_an_empty_scene_is_background() -> None:
    view = see(scene_of([]))
    assert not view["node_ids"].any() and np.isinf(view["depth"]).all()


def test_far_from_the_origin_nothing_is_lost() -> None:
    """At 10 km float32 knows places to a millimetre only; the scene's own middle must be the origin."""
    offset = np.array([10_000.0, -7_000.0, 300.0])
    here = random_scene(5)
    nodes = [
        node.model_copy(
            update={"pose": node.pose.model_copy(update={"position": tuple(offset + node.pose.position)})}
        )
        for node in here.nodes
    ]
    eye = here.spec.cameras[0]
    moved = eye.pose.model_copy(update={"position": tuple(offset + eye.pose.position)})
    there = scene_of(nodes, eye.model_copy(update={"pose": moved}))
    assert faults(see(there), see(here)) == []


def test_any_rays_in_any_shape() -> None:
    """Distances are in units of the direction's length; normals are outward whichever side is met."""
    rays = RayScene(ball())
    directions = np.array([[[0, 2.0, 0], [0, -2.0, 0]], [[0, 0.5, 0], [1.0, 0, 0]]])
    hits = rays.cast((0, -1, 0), directions)
    assert hits.node_ids.tolist() == [[1, 0], [1, 0]]
    assert np.allclose(hits.distance, [[0.45, np.inf], [1.8, np.inf]], atol=1e-3)
    assert np.allclose(hits.normals[0, 0], (0, -1, 0), atol=0.1)
    assert np.allclose(np.linalg.norm(hits.smooth_normals, axis=-1), [[1, 0], [1, 0]])
    assert hits.uvs.shape == (2, 2, 2)
    from_inside = rays.cast(np.zeros(3), np.array([0, 1.0, 0]))
    assert from_inside.node_ids == 1 and np.allclose(from_inside.normals, (0, 1, 0), atol=0.1)
    assert rays.cast((0, -1, 0), np.array([0, 1.0, 0]), near=1.0).distance == pytest.approx(1.1, abs=1e-3)
    assert rays.cast((0, -1, 0), np.array([0, 1.0, 0]), far=0.8).distance == np.inf
    assert rays.cast(np.zeros((0, 3)), np.zeros((0, 3))).node_ids.shape == (0,)


def test_uvs_are_those_of_the_mesh() -> None:
    shape = GeneratedShape(generator="cuboid")
    mesh = load_model(shape).parts["body"].mesh
    middles, uvs = mesh.vertices[mesh.faces].mean(1), mesh.uvs[mesh.faces].mean(1)
    a, b, c = np.moveaxis(mesh.vertices[mesh.faces], 1, 0)
    out = np.cross(b - a, c - a)
    hits = RayScene(scene_of(thing("cuboid", 1, Pose()))).cast(middles + out * 10, -out)
    assert np.allclose(hits.distance, 10)
    assert np.allclose(hits.uvs, uvs, atol=1e-6)
    assert np.allclose(hits.normals, out / np.linalg.norm(out, axis=1, keepdims=True))


def test_one_instance_alone() -> None:
    scene = random_scene(2)
    rays, seen_by = RayScene(scene), scene.spec.cameras[0]
    eye = seen_by.world_from_camera()
    directions = seen_by.lens.rays(pixel_centers(seen_by)) @ eye[:3, :3].T
    for instance in (1, 2):
        nodes = [node for node in scene.nodes if node.instance == instance]
        alone = rays.cast(eye[:3, 3], directions, only_instance=instance)
        only = flat(scene_of(nodes, seen_by))
        assert np.array_equal(alone.node_ids > 0, only.node_ids > 0)
        assert {scene.nodes[i - 1].instance for i in np.unique(alone.node_ids) if i} == {instance}
    vertices, faces = rays.triangles(only_instance=1)
    assert faces.max() == len(vertices) - 1
    assert len(rays.triangles()[1]) > len(faces)


def test_each_instant_has_its_own_poses() -> None:
    layout = Layout(nodes=tuple(thing("sphere", 1, Pose())), times=(0.0, 0.5))
    spec = SceneSpec(layout=layout, look=Look(), cameras=(camera(eye=(0, -1, 0)),))
    turned = np.broadcast_to(quat_about((0, 0, 1), 1.0), (2, 1, 4))
    scene = Scene(spec, np.array([0.0, 0.5]), np.array([[[0, 0, 0]], [[0, 1.0, 0]]]), turned)
    rays = RayScene(scene)
    depths = [rays.view(spec.cameras[0], t)["depth"].min() for t in (0.0, 0.5, 0.0)]
    assert np.allclose(depths, [0.95, 1.95, 0.95], atol=5e-3)
    with pytest.raises(ValueError, match=r"0\.25 s is not one of the stored instants"):
        rays.view(spec.cameras[0], 0.25)


def test_imported_meshes_come_from_the_store(tmp_path: Path) -> None:
    content = encode_part(load_model(GeneratedShape(generator="mug")).parts["body"])
    sha256 = hashlib.sha256(content).hexdigest()
    (tmp_path / f"{sha256}.npz").write_bytes(content)
    nodes = [Node(name="mine", shape=ImportedShape(sha256=sha256), part="body")]
    scene = scene_of(nodes, camera(eye=(0, -0.3, 0.2)))
    assert RayScene(scene, store=tmp_path).view(scene.spec.cameras[0])["node_ids"].any()
    with pytest.raises(AssetError, match="pass `store`"):
        RayScene(scene)


def test_all_who_look_at_a_scene_share_its_tree() -> None:
    scene, other = random_scene(0), random_scene(0)
    assert ray_scene(scene) is ray_scene(scene)
    assert ray_scene(scene) is not ray_scene(other)


def test_a_view_is_the_same_each_time() -> None:
    scene = random_scene(4)
    first, second = see(scene), see(scene)
    assert all(np.array_equal(first[name], second[name]) for name in first)
