"""Sensors from a config to a stored picture: makes, renderers, replay, labels that stay what they are."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
from sample_scene import floor, random_scene, scene_of
from test_check import rules, vouch

import simdata
from simdata.camera import Camera
from simdata.check import check_dataset
from simdata.config_file import load_config
from simdata.dataset import Dataset
from simdata.errors import ConfigError
from simdata.render import make_renderer
from simdata.replay import replay
from simdata.scope import scene_scope
from simdata.sensor import Sensor, develop
from simdata.viewpoint import Cameras

MAKES = ("ideal", "phone", "machine_vision", "automotive", "action_cam")


def drawn(fields: dict[str, Any], views: int = 2) -> tuple[Camera, ...]:
    return Cameras.model_validate(fields).draw(scene_scope(3, 4, views=views).cameras, np.zeros(3))


def test_off_draws_nothing_and_disturbs_nothing() -> None:
    scopes = [scene_scope(3, 4, views=2) for _ in range(2)]
    plain = Cameras().draw(scopes[0].cameras, np.zeros(3))
    noisy = Cameras(sensor="phone").draw(scopes[1].cameras, np.zeros(3))
    assert all(camera.sensor is None and camera.depth_sensor is None for camera in plain)
    assert [camera.model_copy(update={"sensor": None}) for camera in noisy] == list(plain)
    assert not any("sensor" in path for path in scopes[0].drawn)
    assert {path.rsplit("/", 1)[-1] for path in scopes[1].drawn if "/sensor/" in path} == (
        set(Sensor.model_fields) - {"demosaic"}
    )


@pytest.mark.parametrize("make", MAKES)
def test_every_make_can_be_drawn_changed_and_stored(make: str) -> None:
    first, second = (camera.sensor for camera in drawn({"sensor": make}))
    assert first is not None and second is not None and first.noise_seed != second.noise_seed
    assert Sensor.model_validate_json(first.model_dump_json()) == first
    assert first.key == 0.18 and first.perfect == (make == "ideal")
    changed = {"kind": make, "jpeg": 40, "gain": {"dist": "uniform", "low": 2, "high": 3}}
    sensor = drawn({"sensor": changed})[0].sensor
    assert sensor is not None and sensor.jpeg == 40 and 2 <= sensor.gain < 3
    assert sensor.blur == first.blur  # nothing else was disturbed


def test_the_cameras_of_a_pair_are_of_one_make_and_have_their_own_noise() -> None:
    left, right = (camera.sensor for camera in drawn({"sensor": "phone", "stereo": {}}))
    assert left is not None and right is not None and left.gain == right.gain
    assert left.noise_seed != right.noise_seed and left.pattern_seed != right.pattern_seed


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("sensor=fone", "unknown kind 'fone'; did you mean 'phone'?"),
        ("sensor={kind: phone, read_nose: 3}", "unknown key 'read_nose'; did you mean 'read_noise'?"),
        ("sensor={kind: phone, jpeg: 101}", "allowed is 0 to 100"),
        ("sensor={kind: phone, demosaic: best}", "allowed: 'none', 'bilinear' or 'edge_aware'"),
        (
            "depth_sensor=activ_stereo",
            "unknown kind 'activ_stereo'; did you mean 'active_stereo' or 'stereo'?",
        ),
    ],
)
def test_a_mistake_is_told_with_what_is_near(option: str, says: str) -> None:
    with pytest.raises(ConfigError) as raised:
        load_config("tabletop", overrides=[f"builder.cameras.{option}"])
    assert says in str(raised.value)


def test_a_depth_sensor_looks_through_a_pinhole() -> None:
    with pytest.raises(ValueError, match="a depth sensor looks through a pinhole"):
        Cameras.model_validate({"depth_sensor": "stereo", "lens": {"kind": "kannala_brandt"}})


@pytest.fixture(params=["gl", "tiny"])
def renderer(request: pytest.FixtureRequest) -> Any:
    if request.param == "gl":
        yield request.getfixturevalue("gl")
        return
    tiny = make_renderer("tiny")
    yield tiny
    tiny.close()


def test_a_renderer_sees_through_the_sensor_and_labels_stay(renderer: Any) -> None:
    scene = random_scene(2, width=96, height=72)
    camera = scene.spec.cameras[0]
    renderer.load(scene)
    plain = renderer.render(camera)
    perfect = renderer.render(camera.model_copy(update={"sensor": Sensor()}))
    assert (perfect.rgb == plain.rgb).all() and (perfect.layers["clean"] == plain.rgb).all()
    noisy = camera.model_copy(update={"sensor": Sensor(full_well=2000, bits=10, vignetting=0.3, jpeg=80)})
    first, again = renderer.render(noisy), renderer.render(noisy)
    assert (first.rgb == again.rgb).all() and (first.layers["clean"] == plain.rgb).all()
    assert np.abs(first.rgb.astype(int) - plain.rgb).mean() > 1
    for name in set(plain.layers) - {"rgb"}:
        assert np.array_equal(first.layers[name], plain.layers[name]), name


def test_auto_exposure_makes_night_and_noon_alike(gl: Any) -> None:
    scene = scene_of(floor(size=40), random_scene(0, width=64, height=48).spec.cameras[0])
    camera = scene.spec.cameras[0]
    shown = {}
    for ambient in (0.02, 3.0):
        look = scene.spec.look.model_copy(update={"ambient": ambient})
        gl.load(scene.with_spec(scene.spec.model_copy(update={"look": look})))
        for key in (0.0, 0.18):
            seen = gl.render(camera.model_copy(update={"sensor": Sensor(key=key)}))
            shown[ambient, key] = float(np.median(seen.rgb[-20:]))
    assert shown[3.0, 0.0] - shown[0.02, 0.0] > 150
    assert abs(shown[3.0, 0.18] - shown[0.02, 0.18]) < 8
    middle = float(develop(np.full((1, 1, 3), 0.18, np.float16))[0, 0, 0])
    assert shown[3.0, 0.18] == pytest.approx(middle, abs=25)


def test_a_dataset_keeps_clean_and_measured_and_replays_to_the_same_bytes(tmp_path: Any) -> None:
    options = [
        *("dataset.scenes=2", "dataset.views=1", "dataset.clean=true", "renderer=tiny", "run.hole_budget=0"),
        *("builder.cameras.width=96", "builder.cameras.height=72", "builder.cameras.sensor=phone"),
        *("builder.cameras.depth_sensor=structured_light", "dataset.splits={train: 1}"),
        *("dataset.measured_depth=png16", "dataset.depth=float32"),
    ]
    config = load_config("tabletop", overrides=options)
    simdata.generate(config, tmp_path / "set", workers=1)
    assert not check_dataset(tmp_path / "set")
    dataset = Dataset(tmp_path / "set")
    for record in dataset:
        assert record.camera.sensor is not None
        again = replay(dataset, record.image_id)
        assert again.same_pixels and again.differing == 0
        assert (record.clean() == again.sample.frame.layers["clean"]).all()
        assert (record.clean() != record.image()).any()
        found = again.sample.layers["measured_depth"]
        assert np.array_equal(np.isfinite(record.measured_depth()), np.isfinite(found))
        both = np.isfinite(found)
        assert record.measured_depth()[both] == pytest.approx(found[both], abs=0.00051)
        assert all(one.attributes["contrast"] >= 0 for one in record.instances)
    # What is missing is missed, and what is of another size is seen even where its hash is right.
    files = ("clean/train/000000000001.png", "measured_depth/train/000000000002.png")
    for name in files:
        whole = (tmp_path / "set" / name).read_bytes()
        (tmp_path / "set" / name).unlink()
        assert rules(tmp_path / "set") == {"missing_file"}
        cropped = cv2.imdecode(np.frombuffer(whole, np.uint8), cv2.IMREAD_UNCHANGED)[:, 1:]
        assert cv2.imwrite(str(tmp_path / "set" / name), cropped)
        vouch(tmp_path / "set", name)
        assert rules(tmp_path / "set") == {"image_size"}
        (tmp_path / "set" / name).write_bytes(whole)
        vouch(tmp_path / "set", name)
    assert not check_dataset(tmp_path / "set")
