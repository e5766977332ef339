"""How far the edges of a picture lie from those of its labels: white things before black, in pixels."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from agreement import by_rays, fine_ids
from photometer import BLACK, Photometer, dressed, shot
from sample_scene import KINDS, camera, scene_of, thing

from simdata.geometry import Pose
from simdata.scene import Scene

SIDE = 8  # of the oracle's grid inside a pixel
REACH = np.arange(-2.0, 2.01, 0.1)  # pixels along an edge's normal, outwards
CLEAR = 0.3  # least contrast of an edge that is measured: where two edges are near, neither is


def white_things(seed: int, **view: Any) -> Scene:
    """Strew white things inside a black room, light from everywhere."""
    generator = np.random.default_rng(seed)
    nodes = thing("cuboid", 1, Pose(), labelled=False, sx=12, sy=12, sz=12)
    for instance in range(2, 9):
        quat = generator.normal(size=4)
        quat /= np.linalg.norm(quat)
        place = generator.uniform((-0.5, -0.4, -0.35), (0.5, 0.4, 0.35))
        kind = KINDS[int(generator.integers(3))]
        size = {"cuboid": {"sx": 0.2, "sy": 0.15, "sz": 0.1}, "sphere": {"radius": 0.08}}.get(kind, {})
        nodes += thing(kind, instance, Pose(position=tuple(place), quat_xyzw=tuple(quat)), **size)
    scene = scene_of(nodes, camera(**{"width": 160, "height": 120, "eye": (0, -0.9, 0.1)} | view))
    return dressed(scene, ambient=0.6, materials={"cuboid_1.body": BLACK})


def edge_offsets(renderer: Any, meter: Photometer, scene: Scene) -> np.ndarray:
    """Return how far outside the labels' edges those of the picture lie, (n,) pixels, all along them."""
    view = scene.spec.cameras[0]
    mask = (fine_ids(by_rays(scene), view, SIDE) > 1).astype(np.uint8)
    points, normals = _edges(mask)
    light = meter.light(shot(renderer, scene)).astype(np.float32)
    places = (points[:, None] + normals[:, None] * REACH[:, None] - 0.5).astype(np.float32)
    profiles = cv2.remap(light, places[..., 0], places[..., 1], cv2.INTER_LINEAR)
    inner, outer = profiles[:, :6].mean(1), profiles[:, -6:].mean(1)
    margin = (np.abs(REACH).max() + 1, view.width - 3, view.height - 3)
    whole = (points > margin[0]).all(1) & (points < margin[1:]).all(1) & (inner - outer > CLEAR)
    profiles, inner, outer = profiles[whole], inner[whole, None], outer[whole, None]
    share = (profiles - outer) / (inner - outer)
    after = (share < 0.5).argmax(1)
    row = np.arange(len(share))
    before = share[row, after - 1]
    return REACH[after - 1] + (before - 0.5) / (before - share[row, after]) * (REACH[1] - REACH[0])


def _edges(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return points on the edge of a fine mask (n, 2), pixels, and their unit normals, outwards."""
    smooth = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), SIDE / 2)
    slope = np.stack([cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)], -1)
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
    found = np.concatenate(contours)[:, 0]
    found = found[(found > 0).all(1) & (found < np.array(mask.shape[::-1]) - 1).all(1)]
    normals = -slope[found[:, 1], found[:, 0]]
    length = np.linalg.norm(normals, axis=1, keepdims=True)
    steep = length[:, 0] > 0.2 * length.max()  # not in a crack, where there is no one normal
    normals = normals[steep] / length[steep]
    # A contour runs through centres of the grid's inner cells: the edge is half a cell farther out.
    return (found[steep] + 0.5 + 0.5 * normals) / SIDE, normals
