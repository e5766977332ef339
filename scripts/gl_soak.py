"""Thousands of scenes in one worker, none like another: what `gl` keeps, and whether it slows down."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from benches.dataset import growth, worker
from benches.measure import config, verdict

from simdata.material import FieldTexture, ImageTexture, Material, Texture
from simdata.scene import Scene, start_scene
from simdata.spec import SceneSpec
from simdata.texture import FAMILIES

SCENES, WARM = 2000, 200
# New textures a scene: enough to fill their cache well before the warm-up ends.
FIELDS, PICTURES, SIDE = 4, 2, 512  # SIDE: of a picture, pixels
SMALL = ("builder.cameras.width=160", "builder.cameras.height=120", "dataset.views=1", "renderer=gl")


def gl_soak(scenes: int = SCENES, warm: int = WARM) -> dict[str, Any]:
    """Growth and slow-down of one worker over 2,000 scenes of new meshes and textures, nothing recycled.

    The worker draws, renders, labels and writes as in any run; only physics is left out: objects hang where
    they would be dropped.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = worker(config(*SMALL, scenes=scenes), folder)
        pipeline, store = work.pipeline, work.pipeline.store
        assert store is not None
        store.mkdir(exist_ok=True)

        def hung(number: int, attempt: int) -> tuple[Scene, ...]:
            return tuple(start_scene(redressed(spec, store)) for spec in pipeline.specs(number, attempt))

        def one(number: int) -> None:
            work.scene(number, folder)
            for path in (*store.glob("*.png"), *folder.glob("**/*.png")):
                path.unlink(missing_ok=True)

        pipeline._attempt = hung  # type: ignore[method-assign]
        figures = growth(one, scenes, warm)
        work.close()
    return verdict(figures, at_most={"growth_mb_per_scene": 0.01})


def redressed(spec: SceneSpec, store: Path) -> SceneSpec:
    """Give some nodes of a scene field textures and pictures that no scene had before."""
    assert spec.origin is not None
    first, names = (FIELDS + PICTURES) * spec.origin.scene, [node.name for node in spec.layout.nodes]
    families = sorted(FAMILIES)
    textures: list[Texture] = [
        FieldTexture(
            family=families[seed % len(families)], seed=seed, colors=((0.9, 0.8, 0.7), (0.2, 0.1, 0.1))
        )
        for seed in range(first, first + FIELDS)
    ]
    textures += [picture(first + place, store) for place in range(PICTURES)]
    materials = {
        name: Material(texture=texture) for name, texture in zip(names[::-1], textures, strict=False)
    }
    look = spec.look.model_copy(update={"materials": spec.look.materials | materials})
    return spec.model_copy(update={"look": look})


def picture(seed: int, store: Path) -> ImageTexture:
    """Put a picture of its own into the store."""
    coarse = np.random.default_rng(seed).integers(0, 256, (16, 16, 3), np.uint8)
    _, data = cv2.imencode(".png", cv2.resize(coarse, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST))
    sha256 = hashlib.sha256(data.tobytes()).hexdigest()
    (store / f"{sha256}.png").write_bytes(data.tobytes())
    return ImageTexture(sha256=sha256)
