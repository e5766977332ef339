"""The default scene builder: every draw is valid, named, and independent of the others."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from simdata.asset import load_model
from simdata.assets.catalogue import household_items
from simdata.config import Config
from simdata.config_file import load_config
from simdata.distributions import Constant
from simdata.errors import ConfigError, SceneRejected
from simdata.geometry import transform
from simdata.physics import settle
from simdata.pipeline import Pipeline
from simdata.render.flat import FlatRenderer
from simdata.scene import Scene, start_scene
from simdata.scope import scene_scope
from simdata.spec import SceneSpec

SMALL = {"cameras": {"width": 96, "height": 72}}


def build(number: int, builder: dict | None = None, **scope: object) -> SceneSpec:
    return (
        Config(scene="tabletop", builder=builder or {}).make_builder().build(scene_scope(3, number, **scope))
    )


@pytest.mark.parametrize("number", range(12))
def test_specs_are_valid_and_survive_json(number: int) -> None:
    spec = build(number, views=2, look=number % 2)
    again = SceneSpec.model_validate_json(spec.model_dump_json())
    assert again == spec and again.digest == spec.digest
    labelled = {node.instance for node in spec.layout.nodes if node.labelled}
    assert 5 <= len(labelled) <= 20
    assert labelled == set(range(1, len(labelled) + 1))
    assert {node.category for node in spec.layout.nodes if node.labelled} <= set(
        Config(scene="tabletop").make_builder().categories()
    )


def test_ten_categories_and_more_and_every_item_turns_up() -> None:
    items, many = household_items(), {"objects": {"count": 40}}
    assert len(items) >= 10
    kinds = Counter(
        node.category for number in range(10) for node in build(number, many).layout.nodes if node.labelled
    )
    assert len(kinds) == len(items)
    assert min(kinds.values()) >= 3


def test_objects_start_apart_and_above_the_table() -> None:
    for number in range(5):
        scene = start_scene(build(number))
        top = scene.spec.layout.settling.floor + 0.02
        boxes = {}
        for node, matrix in zip(scene.nodes, scene.world_from_nodes(0.0), strict=True):
            if node.instance:
                mesh = load_model(node.shape).parts[node.part].mesh
                points = transform(matrix, mesh.vertices)
                assert points[:, 2].min() >= top
                low, high = boxes.get(node.instance, (np.full(3, np.inf), np.full(3, -np.inf)))
                boxes[node.instance] = np.minimum(low, points.min(0)), np.maximum(high, points.max(0))
        heights = sorted(low[2] for low, _ in boxes.values())
        assert heights[0] < top + 0.02, "nothing stands on the table"


def test_looks_share_one_layout_and_differ() -> None:
    first, second = build(1, look=0), build(1, look=1)
    assert first.layout == second.layout
    assert first.look != second.look
    assert first.cameras != second.cameras


def test_changing_one_distribution_leaves_all_other_draws_unchanged() -> None:
    """No rival can say that: draws are keyed by their names, not by the order of calls."""
    before = scene_scope(3, 4, views=2)
    after = scene_scope(3, 4, views=2)
    plain = Config(scene="tabletop").make_builder()
    changed = Config(scene="tabletop", builder={"light": {"turbidity": 4.56}}).make_builder()
    plain.build(before)
    changed.build(after)
    assert any(path.endswith("/turbidity") for path in before.drawn)
    differing = {path for path in before.drawn if before.drawn[path] != after.drawn[path]}
    assert set(before.drawn) == set(after.drawn)
    assert {path.rsplit("/", 1)[-1] for path in differing} == {"turbidity"}


def test_adding_a_draw_leaves_all_others_unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = scene_scope(3, 4), scene_scope(3, 4)
    builder = Config(scene="tabletop").make_builder()
    builder.build(before)
    kind = type(builder)
    original = kind._look

    def with_one_more(self, scope, *rest):
        scope.draw("dust", Constant(value=0.5))
        return original(self, scope, *rest)

    monkeypatch.setattr(kind, "_look", with_one_more)
    builder.build(after)
    assert len(after.drawn) == len(before.drawn) + 1
    assert {path: after.drawn[path] for path in before.drawn} == before.drawn


def test_lights_are_as_small_as_the_sun_and_as_large_as_a_window() -> None:
    builder = Config(
        scene="tabletop", builder={"setting": "bare", "objects": {"count": 1}, "light": {"mood": "studio"}}
    ).make_builder()
    angles = [builder.build(scene_scope(3, number)).look.lights[0].angle for number in range(30)]
    assert min(angles) < 0.02 and max(angles) > 0.15 and all(0.009 <= angle <= 0.3 for angle in angles)


def test_shared_variables_bind_fields_together() -> None:
    studio = {
        "strength": {"dist": "ref", "name": "day"},
        "ambient": {"dist": "ref", "name": "day", "scale": 0.5},
    }
    config = Config.model_validate(
        {
            "scene": "tabletop",
            "let": {"day": {"dist": "uniform", "low": 0.5, "high": 1.0}},
            "builder": {"light": {"mood": "studio", "studio": studio}},
        }
    )
    for number in range(3):
        spec = config.make_builder().build(scene_scope(0, number, let=config.let))
        assert spec.look.ambient == pytest.approx(0.5 * spec.look.lights[0].strength)


def test_most_draws_settle_with_everything_on_the_table() -> None:
    settled = rejected = 0
    for number in range(8):
        spec = build(number)
        try:
            scene = settle(spec)
        except SceneRejected:
            rejected += 1
            continue
        settled += 1
        loose = [k for k, node in enumerate(scene.nodes) if node.instance]
        assert (scene.positions[0, loose, 2] > spec.layout.settling.floor).all()
    assert settled > 2 * rejected, f"{rejected} of 8 draws were rejected: the builder asks for too much"


def test_after_settle_nothing_needs_pybullet(tmp_path: Path) -> None:
    """A stored scene is rendered and labelled where PyBullet cannot even be imported."""
    scene = settle(build(0, {**SMALL, "objects": {"count": 5}}))
    stored = tmp_path / "scene.json"
    stored.write_text(json.dumps(scene.to_json()))
    code = f"""
import sys, json
sys.modules["pybullet"] = None
from simdata.scene import Scene
from simdata.config import Config
from simdata.pipeline import Pipeline
scene = Scene.from_json(json.load(open({str(stored)!r})))
pipeline = Pipeline(Config(scene="tabletop", renderer="flat"))
sample, = pipeline.views(scene, number=0, look=0, split="train")
print(len(sample.instances), int(sample.frame.node_ids.sum()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    renderer = FlatRenderer()
    renderer.load(scene)
    frame = renderer.render(scene.spec.cameras[0])
    instances, total = map(int, done.stdout.split())
    assert total == int(frame.node_ids.sum())
    assert instances == len({scene.nodes[i - 1].instance for i in np.unique(frame.node_ids) if i} - {0})


def test_scene_survives_json_bit_for_bit() -> None:
    scene = settle(build(0, {"objects": {"count": 5}}))
    again = Scene.from_json(json.loads(json.dumps(scene.to_json())))
    assert np.array_equal(again.positions, scene.positions)
    assert np.array_equal(again.quats_xyzw, scene.quats_xyzw)
    assert again.spec == scene.spec


def test_rejections_are_counted_by_reason_and_drawn_again() -> None:
    builder = {**SMALL, "setting": "bare", "settling": {"limit": 0.28}, "objects": {"count": 7}}
    config = Config(scene="tabletop", renderer="flat", builder=builder, run={"max_attempts": 40})
    runs = [Pipeline(config).scene(number) for number in range(3)]
    assert sum(run.attempt for run in runs) >= 1
    for run in runs:
        assert sum(run.rejections.values()) == run.attempt
        assert run.scenes[0].spec.origin.attempt == run.attempt


def test_settling_that_never_ends_is_said_with_the_counts() -> None:
    builder = {**SMALL, "settling": {"limit": 0.01}}
    config = Config(scene="tabletop", renderer="flat", builder=builder, run={"max_attempts": 2})
    with pytest.raises(SceneRejected, match="all 2 draws were rejected") as caught:
        Pipeline(config).scene(0)
    assert caught.value.reason == "exhausted"


def test_a_mesh_of_the_users_own_is_dropped_and_labelled(tmp_path: Path) -> None:
    pybullet_data = pytest.importorskip("pybullet_data")
    duck = Path(pybullet_data.getDataPath()) / "duck.obj"
    config = Config(
        scene="tabletop",
        renderer="flat",
        builder={
            **SMALL,
            "objects": {
                "count": 4,
                "items": {},
                "meshes": [{"path": str(duck), "category": "duck", "scale": 0.05}],
            },
        },
    )
    prepared = config.make_builder().prepare(tmp_path)
    assert (
        str(tmp_path) not in prepared.model_dump_json() and str(duck.parent) not in prepared.model_dump_json()
    )
    config = config.model_copy(update={"builder": prepared.model_dump(mode="json")})
    assert config.category_names() == ["duck"]
    pipeline = Pipeline(config, store=tmp_path)
    run = pipeline.scene(0)
    found = [instance.category for sample in pipeline.samples(run) for instance in sample.instances]
    assert found and set(found) == {"duck"}
    masses = [
        load_model(n.shape, tmp_path).mass_properties(n.density).mass
        for n in run.scenes[0].nodes
        if n.instance
    ]
    assert all(0.1 <= mass <= 0.5 for mass in masses)


def test_a_finish_is_put_on_a_mesh_of_the_users_own(tmp_path: Path) -> None:
    """Its texture then lies on the mesh, which says nothing of texture coordinates, per metre."""
    import trimesh

    trimesh.creation.box((0.2, 0.15, 0.1)).export(tmp_path / "a.stl")
    mesh = {"path": str(tmp_path / "a.stl"), "category": "block"}
    builder = {**SMALL, "objects": {"count": 1, "items": {}, "meshes": [mesh | {"finish": "oak"}]}}
    looks = []
    for change in ({"finish": "oak"}, {}):
        builder["objects"]["meshes"] = [mesh | change]
        config = Config(scene="tabletop", renderer="flat", builder=builder)
        prepared = config.make_builder().prepare(tmp_path / "s").model_dump(mode="json")
        config = config.model_copy(update={"builder": prepared})
        scene = Pipeline(config, store=tmp_path / "s").scene(0).scenes[0]
        node = next(node for node in scene.nodes if node.instance)
        looks.append(scene.spec.look.material(node))
        assert np.ptp(load_model(node.shape, tmp_path / "s").parts["body"].mesh.uvs) == pytest.approx(0.2)
    dressed, own = looks
    assert dressed.texture.family in ("wood", "veneer") and own.texture is None
    builder["objects"]["meshes"] = [mesh | {"finish": "okk"}]
    with pytest.raises(ValueError, match=r"unknown finish .okk"):
        Config(scene="tabletop", builder=builder).make_builder()


def test_categories_can_be_merged_renamed_and_dropped() -> None:
    labels = {"categories": {"rename": {"mug": "cup", "bowl": "cup"}, "drop": ["fork"]}}
    config = Config.model_validate({"scene": "tabletop", "labels": labels})
    names = config.category_names()
    assert "cup" in names and not {"mug", "bowl", "fork"} & set(names)
    wrong = Config.model_validate({"scene": "tabletop", "labels": {"categories": {"drop": ["forks"]}}})
    with pytest.raises(ConfigError, match="forks"):
        wrong.category_names()


def test_the_yaml_beside_the_builder_is_its_default() -> None:
    loaded = load_config("tabletop")
    assert loaded.make_builder() == Config(scene="tabletop").make_builder()
