"""One scene's samples to image files and, last, one facts file: its presence means the scene is done."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from simdata.annotation import Instance, Sample, annotation_id
from simdata.config import Config
from simdata.model import canonical_json
from simdata.scene import Scene
from simdata.write import encode
from simdata.write.outline import outline, traced_by_workers
from simdata.write.put import put_new
from simdata.write.receipt import FileFact, fact_of_bytes

# Instance fields that have columns of their own in the store.
_COLUMNS = ("area", "box_xywh", "rle")


class Run(Protocol):
    """One accepted scene number (`simdata.pipeline.SceneRun`)."""

    @property
    def number(self) -> int:
        """Scene number, from 0."""

    @property
    def split(self) -> str:
        """Its split."""

    @property
    def attempt(self) -> int:
        """Draws rejected before this one."""

    @property
    def rejections(self) -> Mapping[str, int]:
        """Reason -> count."""

    @property
    def scenes(self) -> tuple[Scene, ...]:
        """One a look."""


def facts_path(folder: Path, scene: int) -> Path:
    """Return where the facts of a scene are, in a staging folder."""
    return folder / "facts" / f"scene-{scene:09d}.json"


def write_scene(run: Run, samples: Iterable[Sample], folder: Path, config: Config) -> Path:
    """Write one scene's files into a staging folder; return its facts file, written last.

    Image files that an attempt cut short has left there are replaced.

    Raises:
        TakenError: the scene is already done.
        DiskFullError, WriteError: a file could not be written.
    """
    stage = _Stage(folder)
    images, instances, fates = [], [], Counter[str]()
    for sample in samples:
        images.append(_image_row(sample, config, stage))
        instances += [_instance_row(sample, instance, config) for instance in sample.instances]
        fates.update(_fate(instance, config) for instance in sample.instances)
    facts = {
        "scene": _scene_record(run),
        "images": images,
        "instances": instances,
        "fates": dict(fates),
        "files": [fact.model_dump() for fact in stage.files],
    }
    path = facts_path(folder, run.number)
    put_new(path, canonical_json(facts).encode())
    return path


def read_facts(folder: Path, scene: int) -> dict[str, Any]:
    """Read what `write_scene` left."""
    return json.loads(facts_path(folder, scene).read_bytes())


def _scene_record(run: Run) -> dict[str, Any]:
    """Say everything about a scene that is not in its images."""
    return {
        "number": run.number,
        "split": run.split,
        "attempt": run.attempt,
        "rejections": dict(run.rejections),
        "scenes": [scene.to_json() for scene in run.scenes],
    }


@dataclass
class _Stage:
    """A folder that is being filled, and what was put there."""

    folder: Path
    files: list[FileFact] = field(default_factory=list)

    def put(self, path: str, data: bytes) -> FileFact:
        """Write one file, over what an attempt cut short may have left."""
        (self.folder / path).unlink(missing_ok=True)
        put_new(self.folder / path, data)
        self.files.append(fact_of_bytes(path, data))
        return self.files[-1]


def _image_row(sample: Sample, config: Config, stage: _Stage) -> dict[str, Any]:
    """Write the files of one sample and say what it is."""
    picture, camera = np.ascontiguousarray(sample.image), sample.frame.camera
    dataset, stem = config.dataset, f"{sample.split}/{sample.image_id:012d}"
    data = encode.picture(picture, dataset.image_format, dataset.image_quality)
    file = stage.put(f"images/{stem}.{dataset.image_format}", data)
    return {
        "image_id": sample.image_id,
        "split": sample.split,
        **asdict(sample.index),
        "t": float(sample.frame.t),
        "width": camera.width,
        "height": camera.height,
        "file_name": file.path,
        "sha256": file.sha256,
        "pixels_sha256": hashlib.sha256(picture.data).hexdigest(),
        "layers": canonical_json(_put_layers(sample, config, stem, stage)),
        "camera": canonical_json(camera.model_dump(mode="json")),
        "labels": canonical_json(dict(sample.image_labels)),
        "renderer": config.renderer,
    }


def _put_layers(sample: Sample, config: Config, stem: str, stage: _Stage) -> dict[str, str]:
    """Write the layers beside a picture; return name -> file.

    Where a lens sees beyond 90 degrees, planar depth loses points, so distance is written in its place.
    """
    written = {}
    dataset, seen = config.dataset, sample.frame.layers
    range_name = "depth" if sample.frame.camera.lens.planar else "distance"
    metres = {range_name: (seen[range_name], dataset.depth)}
    for name, array in sorted(sample.layers.items()):
        if name == "measured_depth":
            metres[name] = array, dataset.measured_depth
        elif name != "instance_ids":
            written[name] = stage.put(f"layers/{name}/{stem}.npy", encode.npy(array)).path
        elif dataset.instance_ids:
            written[name] = stage.put(f"instance_ids/{stem}.png", encode.instance_ids(array)).path
    for name, (array, stored) in metres.items():
        if stored == "png16":
            data = encode.range_png16(array, dataset.depth_unit)
            written[name] = stage.put(f"{name}/{stem}.png", data).path
        elif stored == "float32":
            written[name] = stage.put(f"{name}/{stem}.npy", encode.npy(array)).path
    if dataset.clean:
        clean = np.ascontiguousarray(seen.get("clean", sample.image))
        data = encode.picture(clean, "png", dataset.image_quality)
        written["clean"] = stage.put(f"clean/{stem}.png", data).path
    return written


def _instance_row(sample: Sample, instance: Instance, config: Config) -> dict[str, Any]:
    """Say everything about one object in one image."""
    traced = traced_by_workers(config) and _fate(instance, config) == "keep"
    rest = {name: value for name, value in instance.fields.items() if name not in _COLUMNS}
    return {
        "annotation_id": annotation_id(sample.image_id, instance.instance_id),
        "image_id": sample.image_id,
        "instance_id": instance.instance_id,
        "category": instance.category,
        "area": int(instance.area),
        "box_xywh": [float(value) for value in instance.box_xywh],
        "rle_counts": instance.rle["counts"],
        "outline": outline(instance.rle) if traced else None,
        "fields": canonical_json(rest),
    }


def _fate(instance: Instance, config: Config) -> str:
    return config.labels.fate(instance.category, instance.area, instance.fields)
