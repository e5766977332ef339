"""Every entry of every table keeps its contract: a new line in a table needs no test of its own."""

from __future__ import annotations

import inspect
import json

import numpy as np
import pytest
from sample_scene import camera, floor, scene_of, thing

from simdata.annotate import ANNOTATORS
from simdata.annotation import Labels
from simdata.asset import GeneratedShape, asset_record, generators, load_model
from simdata.config import BUILDERS, Config
from simdata.config_file import load_config
from simdata.errors import RenderError
from simdata.geometry import Pose
from simdata.mesh import is_watertight, volume
from simdata.render import RENDERERS, make_renderer, resolve_renderer
from simdata.scene import Scene
from simdata.scope import scene_scope
from simdata.spec import SceneSpec
from simdata.write import WRITERS


@pytest.fixture(scope="module")
def scene() -> Scene:
    nodes = [
        *floor(),
        *thing("mug", 1, Pose(position=(-0.1, 0, 0)), radius=0.07, height=0.15),
        *thing("cuboid", 2, Pose(position=(0.12, 0.05, 0.02)), sx=0.15, sy=0.1, sz=0.2),
    ]
    return scene_of(nodes, camera(96, 72))


@pytest.mark.parametrize("name", BUILDERS.names())
class TestBuilders:
    def test_same_scope_same_spec_and_json_round_trip(self, name: str) -> None:
        builder = load_config(name).make_builder()
        first, second = (builder.build(scene_scope(1, 5, views=2)) for _ in range(2))
        assert first == second and first.digest == second.digest
        assert SceneSpec.model_validate_json(first.model_dump_json()) == first
        assert len(first.cameras) == 2

    def test_what_it_labels_is_in_its_categories(self, name: str) -> None:
        config = load_config(name)
        builder = config.make_builder()
        assert len(set(builder.categories())) == len(builder.categories()) > 0
        spec = builder.build(scene_scope(1, 5))
        assert {node.category for node in spec.layout.nodes if node.labelled} <= set(builder.categories())
        assert config.category_names() == sorted(config.category_names())

    def test_seeds_and_scenes_differ(self, name: str) -> None:
        builder = load_config(name).make_builder()
        digests = {builder.build(scene_scope(*at)).digest for at in ((0, 0), (0, 1), (1, 0), (1, 1))}
        assert len(digests) == 4

    def test_it_says_what_varies(self, name: str) -> None:
        kind = BUILDERS.load(name)
        assert "What varies" in (inspect.getmodule(kind).__doc__ or "")
        assert "Attributes:" in (kind.__doc__ or "")


@pytest.fixture
def opens(name: str) -> None:
    """Skip a renderer that does not open on this machine, with its own reason."""
    try:
        resolve_renderer(name)
    except RenderError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", RENDERERS.names())
@pytest.mark.usefixtures("opens")
class TestRenderers:
    def test_ids_and_depth_equal_the_oracle(self, name: str, scene: Scene) -> None:
        frames = []
        for which in (name, "flat"):
            renderer = make_renderer(which)
            renderer.load(scene)
            frames.append(renderer.render(scene.spec.cameras[0]))
            renderer.close()
        drawn, oracle = frames
        same = drawn.node_ids == oracle.node_ids
        assert same.mean() >= 0.999
        hit = same & np.isfinite(oracle.depth)
        assert np.abs(drawn.depth[hit] - oracle.depth[hit]).max() < 1e-3
        assert set(np.unique(drawn.node_ids)) == set(np.unique(oracle.node_ids))

    def test_same_bytes_again_and_after_another_scene(self, name: str, scene: Scene) -> None:
        renderer = make_renderer(name)
        renderer.load(scene)
        first = renderer.render(scene.spec.cameras[0])
        renderer.load(scene_of(thing("sphere", 1, Pose())))
        renderer.render(camera(32, 24))
        renderer.load(scene)
        again = renderer.render(scene.spec.cameras[0])
        renderer.close()
        for layer in first.layers:
            assert np.array_equal(first.layers[layer], again.layers[layer]), layer

    def test_probe_is_one_line(self, name: str) -> None:
        assert "\n" not in RENDERERS.load(name).probe().says


@pytest.mark.parametrize("name", ANNOTATORS.names())
def test_annotators_are_pure_and_speak_json(name: str, scene: Scene) -> None:
    renderer = make_renderer("flat")
    renderer.load(scene)
    frame = renderer.render(scene.spec.cameras[0])
    annotator = ANNOTATORS.load(name)()
    first, second = annotator(frame, scene, ()), annotator(frame, scene, ())
    assert isinstance(first, Labels)
    assert json.dumps(
        [dict(first.image), {k: dict(v) for k, v in first.instances.items()}], sort_keys=True
    ) == (json.dumps([dict(second.image), {k: dict(v) for k, v in second.instances.items()}], sort_keys=True))
    assert set(first.instances) <= {1, 2}
    assert all(layer.shape[:2] == (72, 96) for layer in first.layers.values())


@pytest.mark.parametrize("name", WRITERS.names())
def test_writers_have_both_halves(name: str) -> None:
    writer = WRITERS.load(name)(Config(scene="tabletop"))
    assert list(inspect.signature(writer.write).parameters) == ["samples", "folder"]
    assert list(inspect.signature(writer.commit).parameters) == ["receipts", "folder"]


@pytest.mark.parametrize("name", generators().names())
def test_generators_make_closed_bodies_of_known_origin(name: str) -> None:
    shape = GeneratedShape(generator=name)
    model = load_model(shape)
    assert np.allclose(model.bounds.mean(axis=0), 0, atol=1e-9)
    for part in model.parts.values():
        assert is_watertight(part.mesh) and volume(part.mesh) > 0
        assert part.pieces
    assert asset_record(shape).licence == "CC0-1.0"
