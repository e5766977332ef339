"""`gl` beside `mitsuba`, in one run: `scripts/prove reference`.

Finished pictures are compared, sRGB, through cameras without a sensor, whose noise both would share. Where
shadows lie is told from clay: the same scene all in one grey, so that no texture and no colour makes an edge.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import flip_evaluator
import numpy as np
from benches.measure import config, verdict
from rivals.guest import ENVIRONMENT, LLVM_VARIABLE

from simdata.camera import Camera
from simdata.material import Material
from simdata.pipeline import Pipeline
from simdata.render import RENDERERS, Renderer, make_renderer, resolve_renderer
from simdata.scene import Scene

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "reference.jpg"
SCENES, WIDTH = 24, 160
GL_SAMPLES, PATHS, CLAY_PATHS = 16, 256, 36  # Mitsuba spreads squares
FLIP = 0.15
CLAY = Material(base_color=(0.6, 0.6, 0.6), roughness=1.0)
# Canny's thresholds on luminance, 0 to 255, blurred by so many pixels; what is so near a label's edge is none
# of a shadow; one further off than the last has no counterpart.
WEAK, STRONG, BLUR, BESIDE, LOST = 25, 60, 1.5, 3, 30.0
SHOWN = (160, 120)  # pixels of each picture
COLUMNS = 2


@dataclass(frozen=True, eq=False)
class Pair:
    """The same view by both.

    Attributes:
        ours, theirs: (H, W, 3) uint8 sRGB, of `gl` and of `mitsuba`.
        node_ids: (H, W).
    """

    ours: np.ndarray
    theirs: np.ndarray
    node_ids: np.ndarray


def reference(scenes: int = SCENES) -> dict[str, Any]:
    """Pictures of `gl` (16 samples) differ from a path tracer's (256) by a mean FLIP of 0.15 at most."""
    libraries = sorted(ENVIRONMENT.glob("llvm/usr/lib/*/libLLVM*.so.*"))
    if libraries:
        os.environ.setdefault(LLVM_VARIABLE, str(libraries[-1]))
    device = resolve_renderer("mitsuba").device
    gl = make_renderer("gl", samples=GL_SAMPLES)
    paths, clay = (make_renderer("mitsuba", samples=count, device=device) for count in (PATHS, CLAY_PATHS))
    images, rows = [], []
    for number in range(scenes):
        scene, view = viewed(number)
        pair = taken(scene, view, gl, paths)
        image, error = differences(pair)
        shadows = shadow_distance(taken(in_clay(scene), view, gl, clay))
        images.append({"scene": number, **image, "shadow_px": shadows})
        rows.append(row_of(pair, error))
        print(images[-1], flush=True)
        save(rows)
    gl.close()
    return figures(images)


def viewed(number: int) -> tuple[Scene, Camera]:
    """Settle one of the default tabletops and return its first camera, 160 pixels wide, without a sensor."""
    (scene,) = Pipeline(config(scenes=SCENES)).scene(number).scenes
    camera = scene.spec.cameras[0]
    lens = camera.lens.resized(WIDTH / camera.width)
    return scene, camera.model_copy(update={"lens": lens, "sensor": None, "depth_sensor": None})


def in_clay(scene: Scene) -> Scene:
    """Return the scene all in one grey; what glows still does."""
    look = scene.spec.look
    glowing = {name: material for name, material in look.materials.items() if material.emission}
    materials = {node.name: CLAY for node in scene.nodes} | glowing
    changed = look.model_copy(update={"materials": materials, "haze": None})
    return scene.with_spec(scene.spec.model_copy(update={"look": changed}))


def taken(scene: Scene, view: Camera, gl: Renderer, paths: Renderer) -> Pair:
    """Draw a scene with both."""
    frames = []
    for renderer in (gl, paths):
        renderer.load(scene)
        frames.append(renderer.render(view, float(scene.times[0])))
    ours, theirs = frames
    return Pair(ours.rgb, theirs.rgb, theirs.node_ids)


def differences(pair: Pair) -> tuple[dict[str, float], np.ndarray]:
    """Return how a pair differs, and FLIP's map of it, (H, W) in [0, 1].

    Source: Andersson et al., "FLIP: A Difference Evaluator for Alternating Images" (2020), at its default
    distance; colours by CIE 1976.
    """
    theirs, ours = (np.float32(rgb) / 255 for rgb in (pair.theirs, pair.ours))
    error, mean, _ = flip_evaluator.evaluate(theirs, ours, "LDR", applyMagma=False)
    apart = cv2.cvtColor(theirs, cv2.COLOR_RGB2LAB) - cv2.cvtColor(ours, cv2.COLOR_RGB2LAB)
    told = {
        "flip": round(float(mean), 4),
        "delta_e": round(float(np.linalg.norm(apart, axis=-1).mean()), 2),
        "brighter_by": round(float(ours.mean() - theirs.mean()), 4),
    }
    return told, error[..., 0]


def shadow_distance(pair: Pair) -> float | None:
    """Return how far shadows' edges by `gl` are from the nearest by `mitsuba`, mean pixels; None for none."""
    ours, theirs = (edges(rgb) for rgb in (pair.ours, pair.theirs))
    ours &= ~beside_labels(pair.node_ids)
    if not ours.any():
        return None
    away = (
        cv2.distanceTransform(np.uint8(~theirs), cv2.DIST_L2, 5)
        if theirs.any()
        else np.full(ours.shape, LOST)
    )
    return round(float(np.minimum(away[ours], LOST).mean()), 2)


def edges(rgb: np.ndarray) -> np.ndarray:
    """Return where luminance has an edge, (H, W) bool."""
    smooth = cv2.GaussianBlur(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), (0, 0), BLUR)
    return cv2.Canny(smooth, WEAK, STRONG) > 0


def beside_labels(node_ids: np.ndarray) -> np.ndarray:
    """Return which pixels are near another node's, (H, W) bool."""
    ids = node_ids.astype(np.float32)
    side = np.ones((2 * BESIDE + 1,) * 2, np.uint8)
    return cv2.dilate(ids, side) != cv2.erode(ids, side)


def figures(images: list[dict[str, Any]]) -> dict[str, Any]:
    """Join the figures of all images."""
    says = RENDERERS.load("mitsuba").probe().says
    told: dict[str, Any] = {"by": says, "gl_samples": GL_SAMPLES, "mitsuba_samples": PATHS}
    for name in ("flip", "delta_e", "brighter_by", "shadow_px"):
        values = [image[name] for image in images if image[name] is not None]
        told[name] = round(float(np.mean(values)), 4) if values else None
    told["worst"] = [image["scene"] for image in sorted(images, key=lambda image: -image["flip"])[:3]]
    return verdict({**told, "images": images}, at_most={"flip": FLIP})


def row_of(pair: Pair, error: np.ndarray) -> np.ndarray:
    """Return both pictures and what differs, side by side, BGR."""
    heat = cv2.applyColorMap(np.uint8(np.rint(255 * np.clip(error, 0, 1))), cv2.COLORMAP_MAGMA)
    pictures = [cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR) for rgb in (pair.ours, pair.theirs)]
    shown = [cv2.resize(one, SHOWN, interpolation=cv2.INTER_AREA) for one in (*pictures, heat)]
    return np.hstack(shown)


def save(rows: list[np.ndarray]) -> None:
    """Save all rows as one picture."""
    blank = np.zeros_like(rows[0])
    rows = rows + [blank] * (-len(rows) % COLUMNS)
    columns = [np.vstack(rows[k::COLUMNS]) for k in range(COLUMNS)]
    cv2.imwrite(str(PICTURE), np.hstack(columns), [cv2.IMWRITE_JPEG_QUALITY, 85])
