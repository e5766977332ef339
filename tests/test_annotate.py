"""Labels against what the oracle sees of each object, alone and among the others."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sample_scene import alone, camera, flat, floor, random_scene, scene_of, thing

from simdata import mask
from simdata.amodal import silhouettes
from simdata.annotate import ANNOTATORS, DEFAULT, annotate
from simdata.annotate.masks import Masks
from simdata.annotate.poses import Poses
from simdata.annotate.visibility import Visibility
from simdata.annotation import ImageIndex, Labels, Sample
from simdata.asset import GeneratedShape, ImportedShape, encode_part, load_model
from simdata.camera import Pinhole
from simdata.errors import AssetError, ConfigError, FrameError, UnknownNameError
from simdata.frame import Frame
from simdata.geometry import Pose, quat_about, rotation_from_quat, transform
from simdata.raycast import RayScene
from simdata.render.flat import FlatRenderer
from simdata.scene import Scene
from simdata.silhouette import Silhouette
from simdata.spec import Node


def label(frame: Frame, scene: Scene, **more: Any) -> Sample:
    return annotate(frame, scene, image_id=5, index=ImageIndex(1, 0, 0, 1), split="val", **more)


def seen(frame: Frame, scene: Scene, instance: int) -> np.ndarray:
    ids = [i + 1 for i, node in enumerate(scene.nodes) if node.instance == instance]
    return np.isin(frame.node_ids, ids)


def assert_visibility(scene: Scene, frame: Frame) -> int:
    """Compare with single-object pictures; returns how many objects are partly hidden."""
    found = Visibility()(frame, scene, ()).instances
    assert found
    for instance, fields in found.items():
        whole = alone(scene, frame.camera, instance)
        visible, inside = seen(frame, scene, instance), whole.inside(frame.camera.width, frame.camera.height)
        assert not (visible & ~inside).any()
        assert fields["hidden_area"] == np.count_nonzero(inside & ~visible), instance
        assert fields["visible_fraction"] == np.count_nonzero(visible) / np.count_nonzero(inside)
        assert fields["truncation"] == pytest.approx(1 - np.count_nonzero(inside) / whole.area, abs=1e-12)
        assert fields["amodal_box_xywh"] == whole.box_xywh
        assert fields["amodal_rle"] == mask.encode(inside)
        assert fields["truncated"] or fields["truncation"] == 0
    return sum(fields["hidden_area"] > 0 for fields in found.values())


@pytest.mark.parametrize("seed", range(6))
def test_what_is_hidden_and_cut_off_equals_single_object_pictures(seed: int) -> None:
    scene = random_scene(seed, objects=6, fov=0.5)
    assert assert_visibility(scene, flat(scene)) >= 2


def test_silhouettes_that_the_frame_brings_are_used_and_all_are_needed() -> None:
    scene = random_scene(0, objects=4)
    frame = flat(scene)
    mine = silhouettes(scene, frame.camera)
    brought = Frame(frame.camera, 0.0, frame.layers, mine)
    assert Visibility()(brought, scene, ()).instances == Visibility()(frame, scene, ()).instances
    first = min(Visibility()(frame, scene, ()).instances)
    larger = Silhouette(-80, 0, np.ones((60, 160), bool))
    fields = Visibility()(Frame(frame.camera, 0.0, frame.layers, mine | {first: larger}), scene, ()).instances
    assert fields[first]["truncation"] == 0.5 and fields[first]["amodal_box_xywh"] == [-80, 0, 160, 60]
    del mine[first]
    with pytest.raises(FrameError, match=f"shows instance {first} but brings no silhouette"):
        Visibility()(Frame(frame.camera, 0.0, frame.layers, mine), scene, ())


def test_a_pixel_that_only_the_renderer_sees_belongs_to_the_whole() -> None:
    """Rasterisers differ by a pixel on edges; a whole that lacks what is seen would be nonsense."""
    scene = random_scene(0, objects=4)
    frame = flat(scene)
    mine = silhouettes(scene, frame.camera)
    first = min(Visibility()(frame, scene, ()).instances)
    for nothing in (Silhouette(0, 0, np.zeros((0, 0), bool)), Silhouette(-5, -5, np.zeros((2, 2), bool))):
        brought = Frame(frame.camera, 0.0, frame.layers, mine | {first: nothing})
        only = label(brought, scene).instances[0]
        assert only.fields["amodal_rle"] == only.rle and only.fields["amodal_box_xywh"] == only.box_xywh
        assert (only.fields["visible_fraction"], only.fields["truncation"]) == (1, 0)


def test_closed_form_of_a_sphere_that_the_edge_halves() -> None:
    """Its centre is on the right edge; the image of a sphere there is an ellipse, halved but for its lean."""
    f, x, radius = 200.0, 0.4, 0.08
    lens = Pinhole(width=160, height=160, fx=f, fy=f, cx=80.0, cy=80.0)
    seen_by = camera(eye=(0, -1, 0)).model_copy(update={"lens": lens})
    scene = scene_of(thing("sphere", 1, Pose(position=(x, 0, 0)), radius=radius), seen_by)
    fields = Visibility()(flat(scene), scene, ()).instances[1]
    # Cone about (x, 0, 1) with sin(a) = radius / distance: (q . c)^2 >= |q|^2 |c|^2 cos^2 a.
    columns, rows = np.meshgrid(
        (np.arange(1000) + 0.5) / 1000 * 80 - 40, (np.arange(1000) + 0.5) / 1000 * 80 - 40
    )
    u, v = x + columns / f, rows / f
    cone = (u * x + 1) ** 2 >= (u**2 + v**2 + 1) * (1 + x**2 - radius**2)
    assert fields["truncation"] == pytest.approx(cone[:, 500:].sum() / cone.sum(), abs=0.015)
    assert 0.45 < fields["truncation"] < 0.65 and fields["truncated"]


def test_an_object_cut_by_the_near_plane() -> None:
    nodes = [
        *thing("cuboid", 1, Pose(position=(0, -0.85, 0.35)), sx=0.3, sy=0.3, sz=0.05),
        *thing("sphere", 2, Pose(position=(0, -0.3, 0.1)), radius=0.1),
        *thing("mug", 3, Pose(position=(0.05, 0, 0))),
    ]
    scene = scene_of(nodes, camera(near=0.06, eye=(0, -1, 0.4)))
    frame = flat(scene)
    assert_visibility(scene, frame)
    assert Visibility()(frame, scene, ()).instances[1]["truncated"]


@pytest.mark.parametrize(
    ("plane", "cut"), [({"near": 0.95}, True), ({"near": 0.85}, False), ({"far": 1.05}, True)]
)
def test_a_part_out_of_reach_truncates_though_nothing_leaves_the_image(plane: Any, cut: bool) -> None:
    """A ball of 0.1 m at 1 m: its nearest point is at 0.9 m. A corner of its turned box is nearer."""
    turned = Pose(quat_xyzw=tuple(quat_about((1, 2, 3), 0.7)))
    scene = scene_of(thing("sphere", 1, turned, radius=0.1), camera(eye=(0, -1, 0), **plane))
    fields = Visibility()(flat(scene), scene, ()).instances[1]
    assert (fields["truncated"], fields["truncation"]) == (cut, 0)


def test_closed_form_of_half_a_square() -> None:
    """A plate at 1 m hides the right half of one at 2 m; the camera looks level along y."""
    back = thing("cuboid", 1, Pose(position=(0, 1.05, 0)), sx=0.8, sy=0.1, sz=0.8)
    front = thing("cuboid", 2, Pose(position=(0.5, 0.005, 0)), sx=1.0, sy=0.01, sz=1.0)
    scene = scene_of([*back, *front], camera(80, 80, eye=(0, -1, 0), target=(0, 0, 0)))
    fields = Visibility()(flat(scene), scene, ()).instances
    assert fields[1]["visible_fraction"] == 0.5 and not fields[1]["truncated"]
    assert fields[2]["visible_fraction"] == 1.0 and fields[2]["truncated"]


def test_a_whole_object_behind_others_has_no_labels() -> None:
    nodes = [
        *thing("sphere", 1, Pose(position=(0, 0.5, 0)), radius=0.05),
        *thing("cuboid", 2, Pose(), sx=0.5, sz=0.5),
    ]
    scene = scene_of(nodes, camera(eye=(0, -1, 0)))
    sample = label(flat(scene), scene)
    assert [instance.instance_id for instance in sample.instances] == [2]


@pytest.mark.parametrize(("x", "cut"), [(0.0, False), (0.4, False), (0.5, True), (-0.5, True), (-0.4, False)])
def test_truncated_says_whether_the_edge_cuts_it(x: float, cut: bool) -> None:
    """At 1 m the image reaches 0.546 m to either side; the sphere's outline about 0.1 m beyond its centre."""
    scene = scene_of(thing("sphere", 1, Pose(position=(x, 0, 0)), radius=0.1), camera(eye=(0, -1, 0)))
    assert Visibility()(flat(scene), scene, ()).instances[1]["truncated"] is cut


def test_masks_boxes_and_areas_are_those_of_the_id_image() -> None:
    scene = random_scene(4)
    frame = flat(scene)
    sample = label(frame, scene)
    ids = sample.layers["instance_ids"]
    assert ids.dtype == np.uint16 and len(sample.instances) >= 4
    assert [i.instance_id for i in sample.instances] == [v for v in np.unique(ids).tolist() if v]
    for instance in sample.instances:
        pixels = seen(frame, scene, instance.instance_id)
        assert np.array_equal(ids == instance.instance_id, pixels)
        assert np.array_equal(mask.decode(instance.rle), pixels)
        assert instance.area == np.count_nonzero(pixels)
        assert instance.box_xywh == mask.box_xywh(pixels)
        assert scene.nodes[int(frame.node_ids[pixels][0]) - 1].category == instance.category


def test_parts_make_one_instance_and_scenery_and_distractors_none() -> None:
    """A lid on a drum is one object; a ball that is not labelled hides but is not counted."""
    drum = thing("cylinder", 7, Pose(), radius=0.1, height=0.1)
    lid = [
        node.model_copy(update={"name": "lid"})
        for node in thing("cuboid", 7, Pose(position=(0, 0, 0.07)), sx=0.1, sy=0.1, sz=0.04)
    ]
    ball = thing("sphere", 8, Pose(position=(0.05, -0.2, 0)), radius=0.05, labelled=False)
    scene = scene_of([*floor(), *drum, *lid, *ball])
    frame = flat(scene)
    sample = label(frame, scene)
    (only,) = sample.instances
    assert (only.instance_id, only.category) == (7, "cylinder")
    assert only.area == np.count_nonzero(np.isin(frame.node_ids, (2, 3)))
    assert set(np.unique(sample.layers["instance_ids"])) == {0, 7}
    whole = alone(scene, frame.camera, 7)
    assert only.fields["hidden_area"] == whole.area - only.area > 0


def test_poses_put_the_object_where_the_camera_sees_it() -> None:
    pose = Pose(position=(0.1, 0.2, 0.05), quat_xyzw=tuple(quat_about((1, 2, 3), 0.7)))
    scene = scene_of(thing("cuboid", 3, pose), camera(eye=(0.3, -1, 0.5), roll=0.4))
    fields = Poses()(flat(scene), scene, ()).instances[3]
    found, seen_by = fields["camera_from_object"], scene.spec.cameras[0]
    corner = np.array([0.02, -0.03, 0.01])
    in_camera = rotation_from_quat(np.array(found["quat_xyzw"])) @ corner + found["position"]
    in_world = transform(seen_by.world_from_camera(), in_camera)
    assert np.allclose(in_world, transform(pose.matrix(), corner))
    assert np.allclose(seen_by.lens.project(in_camera), seen_by.project(transform(pose.matrix(), corner)))
    assert fields["distance"] == pytest.approx(np.linalg.norm(np.subtract(pose.position, (0.3, -1, 0.5))))


def test_an_object_straight_ahead() -> None:
    scene = scene_of(thing("cuboid", 1, Pose()), camera(eye=(0, -1, 0)))
    found = Poses()(flat(scene), scene, ()).instances[1]["camera_from_object"]
    assert np.allclose(found["position"], (0, 0, 1), atol=1e-12)
    # World x is the camera's x, world z its -y: a quarter turn back about x.
    assert np.allclose(rotation_from_quat(np.array(found["quat_xyzw"])) @ (0, 0, 1), (0, -1, 0))


def test_labels_are_plain_json() -> None:
    scene = random_scene(1)
    for instance in label(flat(scene), scene).instances:
        assert json.loads(json.dumps(dict(instance.fields))) == instance.fields


def test_labels_do_not_depend_on_what_was_labelled_before() -> None:
    first, second = random_scene(0), random_scene(1)
    before = [i.fields for i in label(flat(first), first).instances]
    label(flat(second), second)
    label(flat(random_scene(2)), random_scene(2))
    assert [i.fields for i in label(flat(first), first).instances] == before


def test_any_exact_renderer_gives_the_same_labels() -> None:
    scene = random_scene(8)
    oracle = flat(scene)
    view = RayScene(scene).view(scene.spec.cameras[0])
    other = Frame(oracle.camera, 0.0, {**view, "rgb": np.array(oracle.rgb)})
    assert [i.fields for i in label(oracle, scene).instances] == [
        i.fields for i in label(other, scene).instances
    ]


class Twice:
    """An annotator that gives a label masks give already."""

    def __init__(self, *, store: Path | None = None) -> None:
        pass

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        return Labels(instances={1: {"area": 3}})


class Neighbourly(Twice):
    """An annotator of the user's own: labels of the image, of instances seen and unseen, and a layer."""

    def __call__(self, frame: Frame, scene: Scene, neighbours: Sequence[Frame]) -> Labels:
        return Labels(
            image={"neighbours": len(neighbours)},
            instances={1: {"mine": True}, 999: {"mine": False}},
            layers={"far": frame.depth > 1},
        )


def test_annotators_of_the_user_join_in() -> None:
    scene = scene_of(thing("sphere", 1, Pose()))
    frame = flat(scene)
    sample = label(frame, scene, annotators=[f"{__name__}:Neighbourly"], neighbours=[frame])
    assert sample.image_labels == {"neighbours": 1}
    assert set(sample.layers) == {"instance_ids", "far"}
    (only,) = sample.instances
    assert set(only.fields) == {"area", "box_xywh", "rle", "mine"}  # masks run, asked for or not
    assert (sample.image_id, sample.split, sample.index.view) == (5, "val", 1)


def test_two_of_one_label_and_unknown_names_are_refused() -> None:
    scene = scene_of(thing("sphere", 1, Pose()))
    frame = flat(scene)
    with pytest.raises(ConfigError, match="'area', which another one gives too"):
        label(frame, scene, annotators=[f"{__name__}:Twice"])
    with pytest.raises(UnknownNameError, match="did you mean 'masks'"):
        label(frame, scene, annotators=["mask"])


def test_the_table_is_sorted_and_holds_the_default() -> None:
    assert list(ANNOTATORS.table) == sorted(ANNOTATORS.table)
    assert set(DEFAULT) <= set(ANNOTATORS.names())
    assert ANNOTATORS.load("masks") is Masks


def test_the_store_reaches_imported_meshes(tmp_path: Path) -> None:
    content = encode_part(load_model(GeneratedShape(generator="bowl")).parts["body"])
    sha256 = hashlib.sha256(content).hexdigest()
    (tmp_path / f"{sha256}.npz").write_bytes(content)
    shape = ImportedShape(sha256=sha256)
    node = Node(name="mine", shape=shape, part="body", instance=1, category="mine", labelled=True)
    scene = scene_of([node], camera(eye=(0, -0.5, 0.3)))
    renderer = FlatRenderer(store=tmp_path)
    renderer.load(scene)
    frame = renderer.render(scene.spec.cameras[0])
    assert label(frame, scene, store=tmp_path).instances[0].fields["visible_fraction"] == 1
    with pytest.raises(AssetError, match="pass `store`"):
        label(frame, scene)


@pytest.mark.parametrize("fault", ["shifted", "cut", "empty"])
def test_the_comparison_sees_a_mask_that_is_off(fault: str) -> None:
    """A pixel aside, cut at the image's edge, or forgotten: none must pass."""
    scene = random_scene(0, objects=6, fov=0.5)
    frame = flat(scene)
    mine = silhouettes(scene, frame.camera)
    broken = {i: _broken(one, fault) for i, one in mine.items()}
    assert_visibility(scene, Frame(frame.camera, 0.0, frame.layers, mine))
    with pytest.raises(AssertionError):
        assert_visibility(scene, Frame(frame.camera, 0.0, frame.layers, broken))


def _broken(one: Silhouette, fault: str) -> Silhouette:
    if fault == "shifted":
        return Silhouette(one.x + 1, one.y, one.mask)
    return Silhouette(0, 0, one.inside(80, 60) & (fault == "cut"))
