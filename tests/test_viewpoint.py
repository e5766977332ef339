"""What a builder varies about its cameras, drawn under names of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_calibration import KALIBR

import simdata
from simdata.camera import Camera
from simdata.config import Config
from simdata.config_file import load_config
from simdata.errors import ConfigError, SceneRejected
from simdata.pipeline import Pipeline, resolve
from simdata.scope import Scope, scene_scope
from simdata.viewpoint import Cameras

MIDDLE = np.array([0.0, 0.0, 0.75])
FIRST_VIEW = "scene/#4/attempt/#0/cameras/#0/view/#0"


def draw(fields: dict | None = None, *, views: int = 2, scene: int = 4) -> tuple[tuple[Camera, ...], Scope]:
    scope = scene_scope(3, scene, views=views)
    return Cameras.model_validate(fields or {}).draw(scope.cameras, MIDDLE), scope


def test_a_plain_view_draws_what_it_always_drew() -> None:
    """The numbers of an earlier version: whoever has a seed keeps its pictures."""
    spec = Config(scene="tabletop").make_builder().build(scene_scope(3, 1))
    (first,) = spec.cameras
    assert first.lens.fx == 522.2121570523867
    assert first.pose.position == (0.8647032079234162, -0.07590132541235477, 1.2897235274448562)
    assert not first.rolls and first.aperture is None and first.lens.lens == "pinhole"


VARIED = {
    "velocity": {"dist": "in_shell", "radius_low": 0.2, "radius_high": 1.0},
    "angular_velocity": {"dist": "in_box", "low": [-1, -1, -1], "high": [1, 1, 1]},
    "exposure": {"dist": "uniform", "low": 0.001, "high": 0.02},
    "readout": 0.03,
    "aperture": {"dist": "uniform", "low": 0.001, "high": 0.01},
    "ev": {"dist": "normal", "mean": 0, "sigma": 0.5, "low": -1, "high": 1},
}


def test_everything_can_vary_and_disturbs_nothing_else() -> None:
    (plain, *_), before = draw()
    (first, second), after = draw(VARIED)
    assert first.pose == plain.pose and first.lens == plain.lens
    changed = {path.rsplit("/", 1)[-1] for path in before.drawn if before.drawn[path] != after.drawn[path]}
    assert set(before.drawn) == set(after.drawn) and changed == set(VARIED)
    assert 0.2 <= np.linalg.norm(first.motion.velocity) <= 1.0 and first.motion != second.motion
    assert first.rolls and first.shutter.readout == 0.03 and 0.001 <= first.shutter.exposure <= 0.02
    eye, aim = (np.array(after.drawn[f"{FIRST_VIEW}/{name}"]) for name in ("eye", "aim"))
    assert first.aperture.focus == pytest.approx(np.linalg.norm(aim - eye))
    assert np.allclose(first.lens.project(np.array([0, 0, first.aperture.focus])), (320, 240))


@pytest.mark.parametrize("kind", ["brown_conrady", "kannala_brandt"])
def test_lenses_are_drawn(kind: str) -> None:
    (first, second), _ = draw({"lens": {"kind": kind}})
    assert first.lens.lens == second.lens.lens == kind and first.lens != second.lens
    (plain, _), _ = draw()
    assert first.pose == plain.pose


def test_a_fisheye_sees_as_much_as_it_is_told() -> None:
    (camera,), _ = draw({"lens": {"kind": "kannala_brandt", "fov": 3.4, "k1": 0.01}}, views=1)
    assert camera.lens.fx == pytest.approx(640 / 3.4) and camera.lens.k1 == 0.01
    assert camera.lens.max_angle == pytest.approx(1.7)


def test_a_lens_that_folds_its_image_is_a_rejected_draw() -> None:
    with pytest.raises(SceneRejected, match="no ray for a corner") as caught:
        draw({"lens": {"kind": "brown_conrady", "k1": -2.0}})
    assert caught.value.reason == "impossible_lens"


def test_stereo_takes_two_views_a_placement() -> None:
    fields = {"stereo": {"baseline": {"dist": "uniform", "low": 0.1, "high": 0.2}}}
    cameras, scope = draw(fields, views=4)
    assert [camera.name for camera in cameras] == [
        "view_0_left", "view_0_right", "view_1_left", "view_1_right"
    ]  # fmt: skip
    left, right = cameras[:2]
    baseline = scope.drawn[f"{FIRST_VIEW}/baseline"]
    apart = np.linalg.inv(left.world_from_camera()) @ right.world_from_camera()
    assert np.allclose(apart[:3, 3], (baseline, 0, 0)) and np.allclose(apart[:3, :3], np.eye(3))
    (alone, _), _ = draw()
    assert left.pose == alone.pose and left.lens == right.lens == alone.lens


def test_views_must_fit_the_rig(tmp_path: Path) -> None:
    with pytest.raises(
        ConfigError, match=r"dataset.views is 3, but a placement has 2 cameras; make it 2 or 4"
    ):
        draw({"stereo": {}}, views=3)
    file = tmp_path / "mine.yaml"
    file.write_text("scene: tabletop\nbuilder:\n  cameras:\n    stereo: {baseline: 0.1}\n")
    with pytest.raises(ConfigError, match=r"mine\.yaml:3: builder\.cameras: dataset\.views is 3"):
        load_config(file)
    (tmp_path / "chain.yaml").write_text(KALIBR)
    file.write_text("scene: tabletop\nbuilder:\n  cameras:\n    lens: {kind: measured, path: chain.yaml}\n")
    config = load_config(file, overrides=["dataset.views=4", "renderer=flat"])
    with pytest.raises(ConfigError, match=r"builder\.cameras: dataset\.views is 4.*make it 3 or 6"):
        resolve(config, tmp_path)


def test_a_plan_holds_the_numbers_of_a_calibration_not_its_path(tmp_path: Path) -> None:
    (tmp_path / "chain.yaml").write_text(KALIBR)
    file = tmp_path / "mine.yaml"
    file.write_text("scene: tabletop\nbuilder:\n  cameras:\n    lens: {kind: measured, path: chain.yaml}\n")
    config = load_config(file, overrides=["renderer=flat"])
    resolved = resolve(config, tmp_path)
    assert str(tmp_path) not in resolved.model_dump_json()
    (tmp_path / "chain.yaml").unlink()
    cameras = Pipeline(resolved).specs(0)[0].cameras
    assert [camera.name for camera in cameras] == ["view_0_cam0", "view_0_cam1", "view_0_cam2"]
    assert cameras[0].lens.cx == 322.2 and cameras[1].lens.lens == "kannala_brandt"
    assert resolve(resolved, tmp_path) == resolved  # as a resumed run does
    with pytest.raises(ConfigError, match="prepare"):
        config.make_builder().build(scene_scope(0, 0, views=3))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"lens": {"kind": "measured"}}, "path of a calibration file, or a rig"),
        ({"lens": {"kind": "measured", "path": "x"}, "stereo": {}}, "a measured rig says itself"),
        ({"lens": {"kind": "fish"}}, "'pinhole', 'brown_conrady', 'kannala_brandt', 'measured'"),
        ({"readout": {"dist": "uniform", "low": -1, "high": 1}}, "allowed is 0 to 10"),
        ({"velocity": [0, 0, 1000]}, "allowed is -100 to 100"),
    ],
)
def test_mistakes_are_refused(fields: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Cameras.model_validate(fields)


@pytest.mark.parametrize("depth", ["float32", "png16"])
def test_a_fisheye_dataset_keeps_what_lies_behind(tmp_path: Path, depth: str) -> None:
    """Its metres are stored along the ray, checked, and read as distance or depth; nothing is lost."""
    sets = [
        "dataset.scenes=5", "dataset.views=1", f"dataset.depth={depth}", "renderer=flat",
        "builder.objects.count=2", "builder.cameras.width=32", "builder.cameras.height=24",
        "builder.cameras.lens={kind: kannala_brandt, fov: 4.5}",
        "builder.cameras.velocity=[1, 0, 0]", "builder.cameras.readout=0.05",
    ]  # fmt: skip
    config = load_config("tabletop", overrides=sets)
    simdata.generate(config, tmp_path / "data", workers=1)
    checked = subprocess.run([sys.executable, "-m", "simdata", "check", str(tmp_path / "data")], check=False)
    assert checked.returncode == 0
    samples = {sample.image_id: sample for sample in simdata.samples(config)}
    off = 2e-6 if depth == "float32" else 5.1e-4
    for record in simdata.Dataset(tmp_path / "data"):
        frame = samples[record.image_id].frame
        hit = frame.node_ids > 0
        assert np.isposinf(record.distance()[~hit]).all() and np.isposinf(record.depth()[~hit]).all()
        assert np.abs(record.distance()[hit] - frame.layers["distance"][hit]).max() <= off
        assert np.abs(record.depth()[hit] - frame.depth[hit]).max() <= off
        assert (record.depth()[hit] < 0).any()
        seen = record.camera.project(
            record.camera.unproject(distance=record.distance(), t=record.t), record.t
        )
        rows, columns = np.nonzero(hit)
        assert np.abs(seen[hit] - np.stack([columns, rows], -1) - 0.5).max() < 1e-5
