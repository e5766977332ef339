"""Active stereo: two infrared pictures under a projector's dots, rendered from the geometry, then matched.

What cannot be seen from the second camera, or is not lit by the projector, fails to match by itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np

from simdata.camera import Camera
from simdata.material import FieldTexture
from simdata.raycast import RayScene, ray_scene
from simdata.rig import Rig
from simdata.scene import Scene
from simdata.sensor import ActiveStereo
from simdata.sensor.seeded import seeded
from simdata.sensor.tone import decoded
from simdata.sensor.triangulate import deviation

CELL = 2.0  # pixels of the camera along the side of a pattern's cell
BRIGHT, BRIGHT_SHARE = 230, 0.98  # the level to which that share of the left picture is exposed, at most
BLUR = 0.8  # pixels, sigma of the lenses: without it disparities would cling to whole pixels
DARK_NOISE = 0.1  # share of the noise's variance that is there without light
CLOSE = 0.998  # of the way from the projector: nearer than that is another surface
REFINEMENTS = 3
FRACTION = 16  # of a pixel, in which OpenCV gives disparities
UNIQUE, SPECKLE, SPECKLE_STEP = 10, 80, 1  # per cent, pixels, pixels: what OpenCV's matcher throws away
# Penalties of a step of one pixel in disparity, and of more; times the window's area.
# Source: Hirschmueller, "Stereo processing by semiglobal matching" (2008); weights of OpenCV's documentation.
SMALL_STEP, LARGE_STEP = 8, 32


def measured(
    scene: Scene, camera: Camera, t: float, seen: Mapping[str, np.ndarray], store: Path | None = None
) -> np.ndarray:
    """Measure depth by the camera's active stereo: (H, W) float32, metres along z; inf is a hole.

    Args:
        scene: what is there.
        camera: the left infrared camera, with an `ActiveStereo`.
        t: seconds.
        seen: its `node_ids`, `depth` and `normals`; see `Frame`.
        store: folder of imported meshes.
    """
    sensor = camera.depth_sensor
    assert isinstance(sensor, ActiveStereo)
    left, right = infrared(scene, camera, t, seen, store)
    disparity = matched(left, right, camera.lens.fx, sensor)
    with np.errstate(divide="ignore"):
        metres = camera.lens.fx * sensor.baseline / np.maximum(disparity, 0)
    within = (metres >= sensor.nearest) & (metres <= sensor.farthest)
    within &= deviation(left, sensor.window) >= sensor.plainest
    return np.where(within, metres, np.inf).astype(np.float32)


def infrared(
    scene: Scene, camera: Camera, t: float, seen: Mapping[str, np.ndarray], store: Path | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Take the left and the right infrared picture, (H, W) uint8 each; for the arguments see `measured`."""
    sensor = camera.depth_sensor
    assert isinstance(sensor, ActiveStereo)
    rays = ray_scene(scene, store)
    _, right = Rig.stereo(camera.lens, sensor.baseline).cameras_at(
        camera.pose, camera.motion, near=camera.near, far=camera.far, shutter=camera.shutter
    )
    views = (camera, seen), (right, rays.view(right, t))
    light = [_light(scene, rays, camera, view, layers, t) for view, layers in views]
    exposure = BRIGHT / max(float(np.quantile(light[0], BRIGHT_SHARE)), 1e-9)
    generator = seeded(sensor.seed, t=t)
    pictures = []
    for picture in light:
        levels = np.minimum(exposure * cv2.GaussianBlur(picture, (0, 0), BLUR), 255)
        sigma = sensor.noise * np.sqrt(DARK_NOISE + (1 - DARK_NOISE) * levels / 255)
        levels += sigma * generator.standard_normal(levels.shape)
        pictures.append(np.clip(np.rint(levels), 0, 255).astype(np.uint8))
    return pictures[0], pictures[1]


def matched(left: np.ndarray, right: np.ndarray, focal: float, sensor: ActiveStereo) -> np.ndarray:
    """Return disparities (H, W) float32, pixels, of pictures (H, W) uint8; below 0 where none is found."""
    most = focal * sensor.baseline / sensor.nearest + 1
    count = 16 * math.ceil(min(most, left.shape[1]) / 16)
    area = (sensor.window | 1) ** 2
    matcher = cv2.StereoSGBM_create(  # type: ignore[attr-defined]  # it is there, OpenCV's stubs lack it
        minDisparity=0,
        numDisparities=count,
        blockSize=sensor.window | 1,
        P1=SMALL_STEP * area,
        P2=LARGE_STEP * area,
        disp12MaxDiff=1,
        uniquenessRatio=UNIQUE,
        speckleWindowSize=SPECKLE,
        speckleRange=SPECKLE_STEP,
    )
    # OpenCV gives nothing for the first `count` columns: a margin takes their place.
    wide = [cv2.copyMakeBorder(each, 0, 0, count, 0, cv2.BORDER_CONSTANT) for each in (left, right)]
    whole = matcher.compute(*wide)[:, count:].astype(np.float32) / FRACTION
    return refined(whole, left, right, sensor.window | 1)


def refined(disparity: np.ndarray, left: np.ndarray, right: np.ndarray, window: int) -> np.ndarray:
    """Bring disparities (H, W), pixels, to where the pictures' windows fit best, by half a pixel at most.

    Semi-global matching gives fractions that cling to whole pixels.

    Source: Lucas & Kanade, "An iterative image registration technique" (1981), along the row.
    """
    rows, columns = (each.astype(np.float32) for each in np.indices(disparity.shape))
    first, second = (cv2.GaussianBlur(each.astype(np.float32), (0, 0), BLUR) for each in (left, right))
    found = disparity.copy()
    for _ in range(REFINEMENTS):
        seen = cv2.remap(second, columns - found, rows, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        slope = np.gradient(seen, axis=1)
        along, square = (cv2.blur(each, (window, window)) for each in (slope * (seen - first), slope * slope))
        found += np.clip(along / (square + 1), -0.5, 0.5)
    return np.where(disparity > 0, np.clip(found, disparity - 0.5, disparity + 0.5), disparity)


def albedo(scene: Scene) -> np.ndarray:
    """Return the share of infrared light that each value of the id image sends back, (N + 1,).

    It is taken for the mean of the base colour's channels, times that of its texture's colours.
    """
    shares = [0.0]
    for node in scene.nodes:
        material = scene.spec.look.material(node)
        share = decoded(np.array(material.base_color)).mean()
        if isinstance(material.texture, FieldTexture):
            share *= decoded(np.array(material.texture.colors)).mean()
        shares.append(float(share))
    return np.array(shares)


def _light(
    scene: Scene, rays: RayScene, camera: Camera, view: Camera, layers: Mapping[str, np.ndarray], t: float
) -> np.ndarray:
    """Return the infrared light that a view gets of what it sees, (H, W)."""
    sensor = camera.depth_sensor
    assert isinstance(sensor, ActiveStereo)
    points = view.unproject(layers["depth"], t)
    world_from_projector = camera.world_from_camera(t)
    place = world_from_projector @ (sensor.projector * sensor.baseline, 0, 0, 1)
    arms = points - place[:3]
    away = np.linalg.norm(arms, axis=-1)
    lit = ~rays.meets(place[:3], arms, t, near=0.0, far=CLOSE) & (layers["node_ids"] > 0)
    # The projector is turned as the cameras are.
    x, y, z = np.moveaxis(arms @ world_from_projector[:3, :3], -1, 0)
    facing = -np.einsum("hwi,hwi->hw", layers["normals"] @ view.world_from_camera(t)[:3, :3].T, arms) / away
    with np.errstate(invalid="ignore", divide="ignore"):
        lens = camera.lens
        spots = np.stack([lens.fx * x / z + lens.cx, lens.fy * y / z + lens.cy], -1) / CELL
        falling = np.maximum(facing, 0) / away**2 * _pattern(lens.width, lens.height, sensor, spots)
    falling = np.where(lit, np.nan_to_num(falling), 0)
    return albedo(scene)[layers["node_ids"]] * (sensor.ambient + sensor.power * falling)


def _pattern(width: int, height: int, sensor: ActiveStereo, spots: np.ndarray) -> np.ndarray:
    """Return how bright a projector's dots are at spots (H, W, 2) of its picture, in cells."""
    size = math.ceil(height / CELL), math.ceil(width / CELL)
    dots = (seeded(sensor.pattern_seed).random(size) < sensor.density).astype(np.float32)
    x, y = np.moveaxis(np.nan_to_num(spots - 0.5, nan=-9.0, posinf=-9, neginf=-9).astype(np.float32), -1, 0)
    return cv2.remap(dots, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
