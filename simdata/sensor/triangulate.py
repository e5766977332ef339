"""What a depth camera makes of true depth: disparities with noise, in steps, and holes where it cannot see.

Sources: Khoshelham & Elberink, "Accuracy and resolution of Kinect depth data" (2012): z = f b / d, so that
sigma_z = z^2 / (f b) sigma_d, in steps of a disparity. Nguyen et al., "Modeling Kinect sensor noise for
improved 3D reconstruction and tracking" (2012): what a surface at an angle of a adds, sigma_z =
1e-4 a^2 / (pi / 2 - a)^2 / sqrt(z), and that pixels look beside where they should.
"""

from __future__ import annotations

import cv2
import numpy as np

from simdata.sensor.depth import NoisyTriangulation, StereoDepth, StructuredLight
from simdata.sensor.seeded import seeded

SLANT = 1e-4  # m^1.5


def measured(
    depth: np.ndarray,
    cosine: np.ndarray,
    sensor: StructuredLight | StereoDepth,
    *,
    focal: float,
    albedo: np.ndarray,
    grey: np.ndarray,
    t: float = 0.0,
) -> np.ndarray:
    """Measure depth: (H, W) float32, metres along z; inf is a hole.

    Args:
        depth: (H, W) metres along z; inf where nothing is.
        cosine: (H, W) of the angle between the surface's normal and the ray to the camera.
        sensor: which.
        focal: of the lens along x, pixels.
        albedo: (H, W) share of light that the surfaces send back.
        grey: (H, W) the picture, 0 to 255.
        t: when, seconds; each instant has its own noise.
    """
    generator = seeded(sensor.seed, t=t)
    disparity = focal * sensor.baseline / depth.astype(float)
    seen = seen_from_both(disparity) & np.isfinite(depth) & (cosine > np.cos(sensor.steepest))
    if isinstance(sensor, StructuredLight):
        with np.errstate(invalid="ignore"):
            seen &= albedo * cosine / depth.astype(float) ** 2 >= sensor.darkest
    else:
        seen &= deviation(grey, sensor.window) >= sensor.plainest
    looked = _beside(depth.shape, sensor.jitter, generator)
    disparity = np.where(seen, disparity, 0)[looked]
    sigma = _sigma(disparity, cosine[looked], focal, sensor)
    disparity += sigma * generator.standard_normal(depth.shape)
    if sensor.step:
        disparity = np.rint(disparity / sensor.step) * sensor.step
    with np.errstate(divide="ignore"):
        metres = focal * sensor.baseline / disparity
    within = seen[looked] & (metres >= sensor.nearest) & (metres <= sensor.farthest)
    return np.where(within, metres, np.inf).astype(np.float32)


def seen_from_both(disparity: np.ndarray) -> np.ndarray:
    """Tell which pixels the second place sees, too: (H, W) bool.

    It is to the right, so it sees a pixel of column u at u - disparity. What lies to the right of u in the
    picture and yet not to the right of it there hides it.

    Args:
        disparity: (H, W) pixels; 0 where nothing is.
    """
    there = np.arange(disparity.shape[1]) + 0.5 - disparity
    nearest = np.minimum.accumulate(there[:, ::-1], axis=1)[:, ::-1]
    seen = there > 0
    seen[:, :-1] &= there[:, :-1] < nearest[:, 1:]
    return seen


def deviation(grey: np.ndarray, window: int) -> np.ndarray:
    """Return the standard deviation of a picture (H, W) within a window about each pixel."""
    grey = grey.astype(np.float64)
    mean, squares = (cv2.blur(each, (window, window)) for each in (grey, grey * grey))
    return np.sqrt(np.maximum(squares - mean * mean, 0))


def _sigma(disparity: np.ndarray, cosine: np.ndarray, focal: float, sensor: NoisyTriangulation) -> np.ndarray:
    """Return the deviation of disparities, pixels: the sensor's own and what a slant adds."""
    scale = focal * sensor.baseline
    root = np.sqrt(np.maximum(disparity, 0) / scale)  # of 1 / z
    angle = np.arccos(np.clip(cosine, 0, 1))
    slant = SLANT * root * (angle / np.maximum(np.pi / 2 - angle, 1e-3)) ** 2
    return np.hypot(sensor.noise, slant * root**4 * scale)


def _beside(
    shape: tuple[int, ...], jitter: float, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Return the row and the column at which each pixel looks."""
    height, width = shape
    rows, columns = np.indices(shape)
    if jitter:
        down, right = np.rint(jitter * generator.standard_normal((2, height, width))).astype(int)
        rows, columns = np.clip(rows + down, 0, height - 1), np.clip(columns + right, 0, width - 1)
    return rows, columns
