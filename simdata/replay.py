"""Render one image of a dataset again, from its stored spec and poses: no builder, no physics."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pydantic import ValidationError

from simdata.annotate import annotate
from simdata.annotation import Sample
from simdata.config_file.fault import config_error
from simdata.config_file.override import override
from simdata.config_file.yaml_text import Document, KeyPath, Place
from simdata.dataset import Dataset, Record
from simdata.errors import ConfigError
from simdata.render import make_renderer
from simdata.scene import Scene
from simdata.spec import SceneSpec


@dataclass(frozen=True, eq=False)
class Replay:
    """One image, rendered again.

    Attributes:
        record: the image as it is stored.
        sample: as it came out now, labels and all.
        same_pixels: the picture equals, bit for bit, the one that was encoded when the dataset was made.
        differing: pixels of the picture that differ from the stored file (a lossy file always differs).
        largest: largest difference of any channel, 0..255.
        differing_ids: pixels of the instance-id image that differ; None when the dataset stores none.
    """

    record: Record
    sample: Sample = field(repr=False)
    same_pixels: bool
    differing: int
    largest: int
    differing_ids: int | None


def replay(dataset: Dataset, image_id: int, *, changes: Sequence[str] = ()) -> Replay:
    """Render an image again, as it was or with changes.

    Args:
        dataset: where it is stored.
        image_id: which.
        changes: "look.ambient=0.9", "cameras.0.lens.fx=500": key paths into the stored `SceneSpec`.

    Raises:
        ConfigError: no such image, or a change that cannot be.
        RenderError: the dataset's renderer does not work on this machine.
    """
    record = dataset.by_id(image_id)
    scene = changed(record.scene(), changes)
    store = dataset.path / "assets"
    config = dataset.config
    renderer = make_renderer(config.renderer, store=store, **config.render.model_dump())
    try:
        renderer.load(scene)
        frame = renderer.render(scene.spec.cameras[record.index.view], record.t)
    finally:
        renderer.close()
    sample = annotate(frame, scene, image_id=image_id, index=record.index, split=record.split, store=store)
    return _compared(record, sample)


def changed(scene: Scene, changes: Sequence[str]) -> Scene:
    """Return a scene with other looks or cameras; the motion stays, so the layout cannot change.

    Raises:
        ConfigError: a change of the layout, of an unknown key, or out of bounds.
    """
    if not changes:
        return scene
    document = Document(scene.spec.model_dump(mode="json"), {(): Place("the stored spec")})
    for change in changes:
        head = change.partition("=")[0].partition(".")[0].strip()
        if head not in ("look", "cameras"):
            raise ConfigError(
                f"--set {change}: replay changes look.… and cameras.… only; a new layout must settle first: "
                "use `simdata generate` with another config"
            )
        document = override(document, change, _nothing)
    try:
        spec = SceneSpec.model_validate(document.value)
    except ValidationError as error:
        raise config_error(document, error, SceneSpec.model_json_schema()) from None
    return scene.with_spec(spec)


def _nothing(_: Mapping[str, Any], __: KeyPath) -> dict[str, Any]:
    return {}


def _compared(record: Record, sample: Sample) -> Replay:
    """Hold what came out now against what is stored."""
    now, stored = np.ascontiguousarray(sample.image), record.image()
    if now.shape == stored.shape:
        gap = np.abs(now.astype(np.int16) - stored).max(-1)
    else:
        gap = np.full(now.shape[:2], 255, np.int16)
    ids = None
    if record.dataset.config.dataset.instance_ids:
        before = record.instance_ids()
        after = sample.layers["instance_ids"]
        ids = int((before != after).sum()) if before.shape == after.shape else after.size
    return Replay(
        record,
        sample,
        same_pixels=hashlib.sha256(now.data).hexdigest() == record.row["pixels_sha256"],
        differing=int((gap > 0).sum()),
        largest=int(gap.max()),
        differing_ids=ids,
    )
