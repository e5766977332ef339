"""Calibration files of each kind, as their tools write them; OpenCV says where points should be seen."""

from __future__ import annotations

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from simdata.calibration import read_calibration
from simdata.errors import ConfigError
from simdata.lens import BrownConrady, KannalaBrandt, Pinhole

K = np.array([[503.1, 0, 321.7], [0, 505.9, 236.2], [0, 0, 1]])
FIVE = np.array([-0.31, 0.12, 8e-4, -1e-05, -0.02])
EIGHT = np.array([0.6, 0.1, 8e-4, -5e-4, 0.01, 0.9, 0.2, 0.03])
FOUR = np.array([-0.02, 0.008, -0.003, 4e-4])
POINTS = np.random.default_rng(0).uniform((-0.5, -0.4, 0.9), (0.5, 0.4, 2.0), (50, 3))

ROS = """\
image_width: 640
image_height: 480
camera_name: narrow
camera_matrix:
  rows: 3
  cols: 3
  data: [503.1, 0., 321.7, 0., 505.9, 236.2, 0., 0., 1.]
distortion_model: {model}
distortion_coefficients:
  rows: 1
  cols: {count}
  data: {values}
rectification_matrix:
  rows: 3
  cols: 3
  data: [1., 0., 0., 0., 1., 0., 0., 0., 1.]
projection_matrix:
  rows: 3
  cols: 4
  data: [503.1, 0., 321.7, 0., 0., 505.9, 236.2, 0., 0., 0., 1., 0.]
"""
KALIBR = """\
cam0:
  cam_overlaps: [1]
  camera_model: pinhole
  distortion_coeffs: [-0.31, 0.12, 0.0008, -1e-05]
  distortion_model: radtan
  intrinsics: [503.1, 505.9, 321.7, 236.2]
  resolution: [640, 480]
  rostopic: /cam0/image_raw
cam1:
  T_cn_cnm1:
  - [0.9998, -0.0199986667, 0.0, -0.11]
  - [0.0199986667, 0.9998, 0.0, 0.002]
  - [0.0, 0.0, 1.0, 0.001]
  - [0.0, 0.0, 0.0, 1.0]
  cam_overlaps: [0, 2]
  camera_model: pinhole
  distortion_coeffs: [-0.02, 0.008, -0.003, 0.0004]
  distortion_model: equidistant
  intrinsics: [503.1, 505.9, 321.7, 236.2]
  resolution: [640, 480]
  rostopic: /cam1/image_raw
cam2:
  T_cn_cnm1:
  - [1.0, 0.0, 0.0, -0.2]
  - [0.0, 1.0, 0.0, 0.0]
  - [0.0, 0.0, 1.0, 0.0]
  - [0.0, 0.0, 0.0, 1.0]
  camera_model: pinhole
  distortion_coeffs: []
  distortion_model: none
  intrinsics: [400, 400, 319.5, 239.5]
  resolution: [640, 480]
"""


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def ros(path: Path, model: str, values: np.ndarray) -> Path:
    text = ROS.format(model=model, count=len(values), values=[float(value) for value in values])
    return write(path / "head.yaml", text)


def brown(values: np.ndarray) -> np.ndarray:
    """Where OpenCV sees POINTS: its pixel (0, 0) is the centre of ours at (0.5, 0.5)."""
    pixels, _ = cv2.projectPoints(POINTS, np.zeros(3), np.zeros(3), K, values)
    return pixels[:, 0] + 0.5


def fisheye(values: np.ndarray) -> np.ndarray:
    pixels, _ = cv2.fisheye.projectPoints(POINTS[:, None], np.zeros(3), np.zeros(3), K, values)
    return pixels[:, 0] + 0.5


@pytest.mark.parametrize(
    ("model", "values", "kind", "expected"),
    [
        ("plumb_bob", FIVE, BrownConrady, brown(FIVE)),
        ("rational_polynomial", EIGHT, BrownConrady, brown(EIGHT)),
        ("equidistant", FOUR, KannalaBrandt, fisheye(FOUR)),
        ("plumb_bob", np.zeros(5), Pinhole, brown(np.zeros(5))),
    ],
)
def test_ros(tmp_path: Path, model: str, values: np.ndarray, kind: type, expected: np.ndarray) -> None:
    (camera,) = read_calibration(ros(tmp_path, model, values)).cameras
    assert camera.name == "narrow" and type(camera.lens) is kind
    assert (camera.lens.width, camera.lens.height) == (640, 480)
    assert np.abs(camera.lens.project(POINTS) - expected).max() < 1e-9


def test_a_ros_message_as_it_is_echoed(tmp_path: Path) -> None:
    text = (
        "height: 480\nwidth: 640\ndistortion_model: plumb_bob\n"
        f"d: {FIVE.tolist()}\nk: {K.ravel().tolist()}\nbinning_x: 0\n"
    )
    (camera,) = read_calibration(write(tmp_path / "info.yaml", text)).cameras
    assert camera.name == "info"
    assert np.abs(camera.lens.project(POINTS) - brown(FIVE)).max() < 1e-9


def opencv(path: Path, values: np.ndarray, **more: float | str) -> Path:
    storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_WRITE)
    for name, value in {"calibration_time": "Tue", "image_width": 640, "image_height": 480, **more}.items():
        storage.write(name, value)
    storage.write("camera_matrix", K)
    storage.write("distortion_coefficients", values[:, None])
    storage.release()
    return path


@pytest.mark.parametrize("suffix", ["yml", "xml", "json"])
@pytest.mark.parametrize("values", [FIVE, EIGHT, FIVE[:4]], ids=["five", "eight", "four"])
def test_opencv(tmp_path: Path, suffix: str, values: np.ndarray) -> None:
    (camera,) = read_calibration(opencv(tmp_path / f"bench.{suffix}", values)).cameras
    assert camera.name == "bench" and isinstance(camera.lens, BrownConrady)
    assert np.abs(camera.lens.project(POINTS) - brown(values)).max() < 1e-9


def test_opencv_fisheye_sees_as_far_as_it_can(tmp_path: Path) -> None:
    (camera,) = read_calibration(opencv(tmp_path / "eye.yml", FOUR, fisheye_model=1)).cameras
    assert isinstance(camera.lens, KannalaBrandt) and camera.lens.max_angle == math.pi
    assert np.abs(camera.lens.project(POINTS) - fisheye(FOUR)).max() < 1e-9


def test_opencv_yaml_as_versions_before_5_wrote_it(tmp_path: Path) -> None:
    data = ", ".join(map(str, K.ravel()))
    text = (
        "%YAML:1.0\n---\nimage_size: [ 640, 480 ]\ncameraMatrix: !!opencv-matrix\n   rows: 3\n   cols: 3\n"
        f"   dt: d\n   data: [ {data} ]\ndistCoeffs: !!opencv-matrix\n   rows: 1\n   cols: 5\n   dt: d\n"
        f"   data: [ {', '.join(f'{value:.17g}' for value in FIVE)} ]\n"
    )
    (camera,) = read_calibration(write(tmp_path / "old.yml", text)).cameras
    assert np.abs(camera.lens.project(POINTS) - brown(FIVE)).max() < 1e-9


def test_the_half_pixel_matters(tmp_path: Path) -> None:
    lens = read_calibration(ros(tmp_path, "plumb_bob", FIVE)).cameras[0].lens
    assert (lens.cx, lens.cy) == (322.2, 236.7)
    mutant = lens.model_copy(update={"cx": 321.7, "cy": 236.2})
    assert np.abs(mutant.project(POINTS) - brown(FIVE)).min() > 0.4


def test_kalibr_chains_its_cameras(tmp_path: Path) -> None:
    rig = read_calibration(write(tmp_path / "camchain.yaml", KALIBR))
    first, second, third = rig.cameras
    assert [camera.name for camera in rig.cameras] == ["cam0", "cam1", "cam2"]
    assert [camera.lens.lens for camera in rig.cameras] == ["brown_conrady", "kannala_brandt", "pinhole"]
    assert np.abs(first.lens.project(POINTS) - brown(FIVE[:4])).max() < 1e-9
    assert np.abs(second.lens.project(POINTS) - fisheye(FOUR)).max() < 1e-9
    assert (third.lens.cx, third.lens.cy) == (320, 240)
    # T_cn_cnm1 takes a point from the camera before into this one.
    cam1_from_cam0 = np.array(
        [[0.9998, -0.0199986667, 0, -0.11], [0.0199986667, 0.9998, 0, 0.002], [0, 0, 1, 0.001], [0, 0, 0, 1]]
    )
    assert np.array_equal(first.rig_from_camera.matrix(), np.eye(4))
    assert np.allclose(np.linalg.inv(second.rig_from_camera.matrix()), cam1_from_cam0, atol=1e-6)
    cam2_from_cam1 = np.eye(4)
    cam2_from_cam1[0, 3] = -0.2
    chained = cam2_from_cam1 @ cam1_from_cam0
    assert np.allclose(np.linalg.inv(third.rig_from_camera.matrix()), chained, atol=1e-6)


SOUND = FIVE.tolist()


def broken(model: str = "plumb_bob", values: list = SOUND, old: str = "", new: str = "") -> str:
    """A ROS file with other distortion, or other text in it."""
    return ROS.replace(old, new, 1).format(model=model, count=len(values), values=values)


MISTAKES = [
    (
        KALIBR.replace("model: pinhole", "model: omni", 1),
        r":3: cam0\.camera_model 'omni' is not supported; supp",
    ),
    (
        KALIBR.replace("radtan", "fov"),
        r":5: cam0\.distortion_model 'fov' is not supported; supported: pinhole",
    ),
    (KALIBR.replace("[640, 480]", "[640]"), r":7: cam0\.resolution holds 1 numbers; 2 are wanted"),
    (KALIBR.replace("505.9, 321.7", "505.9, x"), r":6: cam0\.intrinsics is no list of numbers"),
    (KALIBR.replace("503.1, 505.9", "503.1, -505.9"), r"cam0\.fy is -505\.9: input should be greater than 0"),
    (KALIBR.replace("0.9998, -0.0", "0.7, -0.0"), r":10: cam1\.T_cn_cnm1 is no rigid transform"),
    (KALIBR.replace("T_cn_cnm1", "T_other"), r":9: cam1\.T_cn_cnm1 is missing"),
    (
        broken("thin_prism", [0.1]),
        r":8: distortion_model 'thin_prism' is not supported; supported: .*plumb_bob",
    ),
    (broken(values=[0.1, 0.1]), r":9: distortion_coefficients holds 2 numbers; plumb_bob takes 4 or 5"),
    (broken(values=["a"] * 5), r":9: distortion_coefficients is no list of numbers"),
    (broken("rational_polynomial", [0.1] * 12), r"thin prism or tilted sensor terms; at most 8"),
    (broken(old="236.2, 0., 0., 1.", new="236.2, 7., 0., 1."), r":4: camera_matrix is no \[fx, skew"),
    (broken(old="image_width: 640\n"), "image_width is missing"),
    ("hello: 1\n", "no calibration file that is known here.*only: hello"),
    ("- 1\n", "holds no mapping"),
    ("%YAML:1.0\n---\ncamera_matrix: [1, 2\n", "cannot be read by OpenCV: .*Missing"),
    ("<?xml version='1.0'?><foo>", "cannot be read by OpenCV: .*opencv_storage"),
]


@pytest.mark.parametrize(("text", "words"), MISTAKES)
def test_mistakes_say_the_file_and_the_key(tmp_path: Path, text: str, words: str) -> None:
    path = write(tmp_path / "mine.yaml", text)
    with pytest.raises(ConfigError, match=words) as caught:
        read_calibration(path)
    assert str(caught.value).startswith(str(path))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file"):
        read_calibration(tmp_path / "nothing.yaml")
