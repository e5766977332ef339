"""Measured cameras: calibration files of ROS, Kalibr and OpenCV become a `Rig`.

All three put the centre of the first pixel at (0, 0), we put it at (0.5, 0.5): so 0.5 is added to every
principal point on the way in.

| file | models |
|---|---|
| ROS camera_info YAML | plumb_bob, rational_polynomial, equidistant |
| Kalibr camchain YAML | pinhole with radtan, equidistant or none; the chain of T_cn_cnm1 becomes the rig |
| OpenCV FileStorage YAML, XML, JSON | 4, 5 or 8 coefficients; the fisheye's 4 where fisheye_model is 1 |

Source: ROS sensor_msgs/CameraInfo and camera_calibration_parsers; Kalibr wiki, "YAML formats"; OpenCV,
"Camera Calibration and 3D Reconstruction" and its sample camera_calibration.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import cv2
import numpy as np
from pydantic import ValidationError

from simdata.config_file.yaml_text import Document, KeyPath, Place, read_yaml
from simdata.errors import ConfigError
from simdata.geometry import Pose, invert
from simdata.lens import BrownConrady, KannalaBrandt, Lens, Pinhole
from simdata.rig import Rig, RigCamera

HALF_PIXEL = 0.5
# How far a written rotation may be from a true one: files carry at least four digits.
SKEWED = 1e-3

# Their name of a distortion model -> how many coefficients it may have, in OpenCV's order.
_BROWN = {"plumb_bob": (4, 5), "radtan": (4,), "rational_polynomial": (8,), "none": (0,)}
_FISHEYE = {"equidistant": (4,), "equi": (4,), "fisheye": (4,)}
_MODELS = _BROWN | _FISHEYE
_BROWN_NAMES = ("k1", "k2", "p1", "p2", "k3", "k4", "k5", "k6")
_FISHEYE_NAMES = ("k1", "k2", "k3", "k4")
_KALIBR_CAMERA = re.compile(r"cam(\d+)")
_KALIBR = "pinhole with radtan, equidistant or none"

# One thing has several names, by tool and version.
_MATRIX = ("camera_matrix", "cameraMatrix", "Camera_Matrix", "K", "k")
_COEFFICIENTS = (
    "distortion_coefficients",
    "Distortion_Coefficients",
    "distCoeffs",
    "dist_coeffs",
    "dist_coeff",
    "D",
    "d",
)
_WIDTH = ("image_width", "image_Width", "imageWidth", "width")
_HEIGHT = ("image_height", "image_Height", "imageHeight", "height")
_SIZE = ("image_size", "imageSize")


def read_calibration(path: str | Path) -> Rig:
    """Read measured cameras; the rig's frame is that of its first camera.

    A fisheye sees as far from its axis as its polynomial rises: the file does not say where the glass ends.

    Raises:
        ConfigError: not a file, of no known kind, a model that is not supported, or a number that cannot be;
            says which file and key, and what is allowed.
    """
    path = Path(path)
    document = _opencv_document(path) if _is_opencv(path) else read_yaml(path)
    if not isinstance(document.value, dict):
        raise ConfigError(f"{path} holds no mapping (key: value), so it is no calibration file")
    entry = _Entry(document, document.value)
    if any(map(_KALIBR_CAMERA.fullmatch, entry.value)):
        return _kalibr(entry)
    if entry.has(*_MATRIX):
        name = entry.value.get("camera_name")
        return Rig.single(_single(entry), str(name) if name else path.stem)
    raise ConfigError(
        f"{path} is no calibration file that is known here: neither camera_matrix (ROS, OpenCV) nor cam0 "
        f"(Kalibr) is in it, only: {', '.join(map(str, entry.value)) or 'nothing'}"
    )


@dataclass(frozen=True)
class _Entry:
    """A mapping in a file, which knows where it stands."""

    document: Document
    value: Mapping[str, Any]
    path: KeyPath = ()

    def below(self, key: str) -> _Entry:
        """Step into a mapping."""
        if not isinstance(self.value[key], dict):
            self.refuse(key, "is no mapping (key: value)")
        return _Entry(self.document, self.value[key], (*self.path, key))

    def has(self, *names: str) -> bool:
        return any(name in self.value for name in names)

    def find(self, *names: str) -> tuple[str, Any]:
        """Return the first of the names that is there, and its value."""
        name = next((name for name in names if name in self.value), None)
        if name is None:
            self.refuse(names[0], "is missing")
        return name, self.value[name]

    def numbers(self, *names: str) -> tuple[str, list[float]]:
        """Return a list of numbers, flat; it may stand below `data:`, as matrices do."""
        name, value = self.find(*names)
        try:
            array = np.array(value["data"] if isinstance(value, dict) else value, float)
        except (KeyError, TypeError, ValueError):
            self.refuse(name, "is no list of numbers")
        if not np.isfinite(array).all():
            self.refuse(name, "holds a number that is not finite")
        return name, array.ravel().tolist()

    def exactly(self, counts: tuple[int, ...], *names: str) -> list[float]:
        """Return numbers that must be so many."""
        name, values = self.numbers(*names)
        if len(values) not in counts:
            self.refuse(name, f"holds {len(values)} numbers; {' or '.join(map(str, counts))} are wanted")
        return values

    def refuse(self, key: str, message: str) -> NoReturn:
        """Say what is wrong with a key, and where it stands."""
        path = (*self.path, key)
        known = (path[:n] for n in range(len(path), -1, -1) if path[:n] in self.document.places)
        raise ConfigError(f"{self.document.places[next(known)]}: {'.'.join(map(str, path))} {message}")


def _single(entry: _Entry) -> Lens:
    """Read a camera as ROS and OpenCV write it."""
    fx, skew, cx, zero, fy, cy, *last = entry.exactly((9,), *_MATRIX)
    if fx <= 0 or [zero, *last] != [0, 0, 0, 1]:
        entry.refuse(entry.find(*_MATRIX)[0], "is no [fx, skew, cx, 0, fy, cy, 0, 0, 1]")
    if entry.has(*_SIZE):
        width, height = entry.exactly((2,), *_SIZE)
    else:
        width, height = (entry.exactly((1,), *names)[0] for names in (_WIDTH, _HEIGHT))
    name, values = entry.numbers(*_COEFFICIENTS)
    model = entry.value.get("distortion_model") or _model_of(entry, values)
    if model not in _MODELS:
        entry.refuse(
            "distortion_model", f"{model!r} is not supported; supported: {', '.join(sorted(_MODELS))}"
        )
    while len(values) > 8 and values[-1] == 0:
        values.pop()
    if model in _BROWN and len(values) > 8:
        entry.refuse(name, "has thin prism or tilted sensor terms; at most 8 coefficients are supported")
    if len(values) not in _MODELS[model]:
        wanted = " or ".join(map(str, _MODELS[model]))
        entry.refuse(name, f"holds {len(values)} numbers; {model} takes {wanted}")
    return _lens(entry, (width, height), (fx, fy, cx, cy, skew), model, values)


def _model_of(entry: _Entry, values: list[float]) -> str:
    """Name the model of a file that only counts: OpenCV's."""
    if entry.value.get("fisheye_model") in (1, "1", True):
        return "equidistant"
    if not any(values):
        values.clear()
        return "none"
    return "plumb_bob" if len(values) < 8 else "rational_polynomial"


def _lens(
    entry: _Entry, size: tuple[float, float], intrinsics: tuple[float, ...], model: str, values: list[float]
) -> Lens:
    """Make a lens; of one without distortion a pinhole."""
    fx, fy, cx, cy, skew = intrinsics
    fields: dict[str, Any] = {"width": size[0], "height": size[1], "fx": fx, "fy": fy, "skew": skew}
    fields |= {"cx": cx + HALF_PIXEL, "cy": cy + HALF_PIXEL}
    try:
        if model in _FISHEYE:
            named = dict(zip(_FISHEYE_NAMES, values, strict=True))
            return KannalaBrandt.model_validate({**fields, **named, "max_angle": math.pi})
        if not any(values):
            return Pinhole.model_validate(fields)
        return BrownConrady.model_validate({**fields, **dict(zip(_BROWN_NAMES, values, strict=False))})
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        entry.refuse(key, f"is {first['input']!r}: {first['msg'][0].lower()}{first['msg'][1:]}")


def _kalibr(entry: _Entry) -> Rig:
    """Read a chain of cameras, each placed by the one before it."""
    numbers = sorted(int(match[1]) for match in map(_KALIBR_CAMERA.fullmatch, entry.value) if match)
    rig_from_camera, cameras = np.eye(4), []
    for position, number in enumerate(numbers):
        camera = entry.below(f"cam{number}")
        if position:
            rig_from_camera = rig_from_camera @ invert(_rigid(camera, "T_cn_cnm1"))
        pose = Pose.from_matrix(rig_from_camera) if position else Pose()
        cameras.append(RigCamera(name=f"cam{number}", lens=_kalibr_lens(camera), rig_from_camera=pose))
    return Rig(cameras=tuple(cameras))


def _kalibr_lens(camera: _Entry) -> Lens:
    kind, model = camera.find("camera_model")[1], camera.value.get("distortion_model") or "none"
    if kind != "pinhole":
        camera.refuse("camera_model", f"{kind!r} is not supported; supported: {_KALIBR}")
    if model not in ("radtan", "equidistant", "equi", "none"):
        camera.refuse("distortion_model", f"{model!r} is not supported; supported: {_KALIBR}")
    width, height = camera.exactly((2,), "resolution")
    fx, fy, cx, cy = camera.exactly((4,), "intrinsics")
    values = [] if model == "none" else camera.exactly(_MODELS[model], "distortion_coeffs")
    return _lens(camera, (width, height), (fx, fy, cx, cy, 0.0), model, values)


def _rigid(camera: _Entry, key: str) -> np.ndarray:
    """Read a (4, 4) rigid transform; the rotation is made one to the last digit."""
    matrix = np.reshape(camera.exactly((16,), key), (4, 4))
    left, _, right = np.linalg.svd(matrix[:3, :3])
    rotation = left @ right
    off = np.abs(matrix[:3, :3] - rotation).max()
    if off > SKEWED or np.linalg.det(rotation) < 0 or matrix[3].tolist() != [0, 0, 0, 1]:
        camera.refuse(key, "is no rigid transform: a rotation, metres, and a last row of 0 0 0 1")
    matrix[:3, :3] = rotation
    return matrix


def _is_opencv(path: Path) -> bool:
    """Say whether OpenCV wrote a file: before version 5 its YAML says %YAML:1.0, which is none."""
    try:
        with path.open("rb") as stream:
            head = stream.read(1 << 16).lstrip()
    except OSError:
        return False  # who reads it next says why
    return head.startswith((b"%YAML:", b"<?xml", b"{")) or b"!!opencv-matrix" in head


def _opencv_document(path: Path) -> Document:
    """Read the top of an OpenCV file; matrices become {rows, cols, data}, as ROS writes them."""
    try:
        storage = cv2.FileStorage(str(path), cv2.FILE_STORAGE_READ)
        root = storage.root()
        value = {name: _plain(root.getNode(name)) for name in root.keys()}  # noqa: SIM118 - no mapping
    except (cv2.error, SystemError) as error:  # the constructor wraps the one in the other
        reason = str(error.__cause__ or error).split("error: ")[-1].strip()
        raise ConfigError(f"{path} cannot be read by OpenCV: {reason}") from None
    return Document(value, {(): Place(str(path))})


def _plain(node: Any) -> Any:
    """Turn an OpenCV node into numbers, text or a matrix; None for anything deeper."""
    if node.isInt() or node.isReal():
        return node.real()
    if node.isString():
        return node.string()
    if node.isSeq():
        return [_plain(node.at(index)) for index in range(node.size())]
    if set(node.keys()) >= {"rows", "cols", "data"}:
        array = node.mat()
        return {"rows": array.shape[0], "cols": array.shape[1], "data": array.ravel().tolist()}
    return None
