"""`gl` beside `mitsuba`, in one run: `scripts/prove reference`.

Finished pictures are compared, sRGB, through cameras without a sensor, whose noise both would share. Where
shadows lie is told from clay: the same scene all in one grey, so that no texture and no colour makes an edge.

`scripts/reference.py` compares scenes whose paths are kept (`traced`); `--trace` draws those of the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import flip_evaluator
import numpy as np
from benches.measure import config, verdict
from traced import KEPT, ROOT, place, traced

from simdata.camera import Camera
from simdata.material import Material
from simdata.pipeline import Pipeline
from simdata.render import Renderer, make_renderer
from simdata.scene import Scene

PICTURE = ROOT / "docs" / "reference.jpg"
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
        by: what drew theirs.
        cpu_s: what that cost.
    """

    ours: np.ndarray
    theirs: np.ndarray
    node_ids: np.ndarray
    by: str
    cpu_s: float


def reference() -> dict[str, Any]:
    """Pictures of `gl` (16 samples) differ from a path tracer's (256) by a mean FLIP of 0.15 at most."""
    return compared((Shot.of(number) for number in range(SCENES)), PICTURE)


@dataclass(frozen=True, eq=False)
class Shot:
    """What is drawn of a scene: `finished` and in `clay`, through the same camera."""

    number: int
    finished: Scene
    clay: Scene
    view: Camera

    @classmethod
    def of(cls, number: int) -> Shot:
        """Settle one of the default tabletops; its first camera is 160 pixels wide and has no sensor."""
        (scene,) = Pipeline(config(scenes=SCENES)).scene(number).scenes
        camera = scene.spec.cameras[0]
        lens = camera.lens.resized(WIDTH / camera.width)
        view = camera.model_copy(update={"lens": lens, "sensor": None, "depth_sensor": None})
        return cls(number, scene, in_clay(scene), view)

    @property
    def parts(self) -> tuple[tuple[str, Scene, Camera, int], ...]:
        """What the path tracer draws: name, scene, camera, paths a pixel."""
        return (
            (f"{self.number:02}-finished", self.finished, self.view, PATHS),
            (f"{self.number:02}-clay", self.clay, self.view, CLAY_PATHS),
        )

    @property
    def kept(self) -> bool:
        """Whether all of them are there."""
        return all(place(*part).exists() for part in self.parts)


def compared(shots: Iterable[Shot], picture: Path) -> dict[str, Any]:
    """Draw with `gl` what is compared, and save the pairs as one picture."""
    gl = make_renderer("gl", samples=GL_SAMPLES)
    images, rows = [], []
    for shot in shots:
        finished, clay = (taken(part, gl) for part in shot.parts)
        image, error = differences(finished)
        seconds = round(finished.cpu_s + clay.cpu_s, 1)
        images.append(
            {"scene": shot.number, **image, "shadow_px": shadow_distance(clay), "mitsuba_cpu_s": seconds}
        )
        rows.append(row_of(finished, error))
        print(images[-1], flush=True)
        save(rows, picture)
    gl.close()
    return figures(images, finished.by)


def in_clay(scene: Scene) -> Scene:
    """Return the scene all in one grey; what glows still does."""
    look = scene.spec.look
    glowing = {name: material for name, material in look.materials.items() if material.emission}
    materials = {node.name: CLAY for node in scene.nodes} | glowing
    changed = look.model_copy(update={"materials": materials, "haze": None})
    return scene.with_spec(scene.spec.model_copy(update={"look": changed}))


def taken(part: tuple[str, Scene, Camera, int], gl: Renderer) -> Pair:
    """Draw with both, or take theirs as it was kept."""
    name, scene, view, samples = part
    theirs = traced(name, scene, view, samples)
    gl.load(scene)
    ours = gl.render(view, float(scene.times[0]))
    return Pair(ours.rgb, theirs.rgb, ours.node_ids, theirs.by, theirs.cpu_s)


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


def figures(images: list[dict[str, Any]], by: str) -> dict[str, Any]:
    """Join the figures of all images."""
    told: dict[str, Any] = {"by": by, "gl_samples": GL_SAMPLES, "mitsuba_samples": PATHS}
    for name in ("flip", "delta_e", "brighter_by", "shadow_px", "mitsuba_cpu_s"):
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


def save(rows: list[np.ndarray], path: Path) -> None:
    """Save all rows as one picture."""
    blank = np.zeros_like(rows[0])
    rows = rows + [blank] * (-len(rows) % COLUMNS)
    columns = [np.vstack(rows[k::COLUMNS]) for k in range(COLUMNS)]
    cv2.imwrite(str(path), np.hstack(columns), [cv2.IMWRITE_JPEG_QUALITY, 85])


def main() -> None:
    """Compare some scenes."""
    parser = argparse.ArgumentParser(description="compare gl with the path tracer's pictures that are kept")
    parser.add_argument("--scenes", help="numbers, such as 0,1,2; all without it")
    parser.add_argument("--trace", action="store_true", help="draw the paths that are not kept, and no more")
    chosen = parser.parse_args()
    numbers = range(SCENES) if chosen.scenes is None else map(int, chosen.scenes.split(","))
    shots = (Shot.of(number) for number in numbers)
    if chosen.trace:
        for shot in shots:
            print(shot.number, *(f"{traced(*part).cpu_s:.1f} CPU s" for part in shot.parts), flush=True)
        return
    if not (kept := [shot for shot in shots if shot.kept]):
        parser.error(f"{KEPT} holds no picture of these scenes as they are now; draw them with --trace")
    told = compared(kept, KEPT.parent / "reference.jpg")
    print({name: value for name, value in told.items() if name != "images"})


if __name__ == "__main__":
    main()
