"""`Dataset`: the one reader. Opens what is asked for and nothing more.

It reads the truth store, so it gives every labelled object, those that the annotation files leave out too.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydantic import ValidationError

from simdata.annotation import ImageIndex
from simdata.camera import Camera, pixel_centers
from simdata.config import Config
from simdata.errors import CheckError, ConfigError
from simdata.labelled import LabelledObject, labelled_object
from simdata.scene import Scene
from simdata.target import Target, target_of
from simdata.truth import Store

_MANIFEST = "manifest.json"
_UNFINISHED = (".work", "plan.json", "store", "images")


@dataclass(frozen=True, eq=False)
class Record:
    """One image of a dataset and all that is known about it; files are read when asked for."""

    dataset: Dataset = field(repr=False)
    row: dict[str, Any] = field(repr=False)
    image_id: int
    split: str
    index: ImageIndex
    width: int
    height: int

    @property
    def t(self) -> float:
        """When it was seen, seconds."""
        return self.row["t"]

    @property
    def path(self) -> Path:
        """The picture's file."""
        return self.dataset.path / self.row["file_name"]

    @property
    def labels(self) -> dict[str, Any]:
        """Labels of the whole image."""
        return json.loads(self.row["labels"])

    @cached_property
    def camera(self) -> Camera:
        """Who looked."""
        return Camera.model_validate_json(self.row["camera"])

    @cached_property
    def views(self) -> dict[str, Record]:
        """Every image of the same scene, look and instant, this one too, by its camera's name.

        A stereo pair's are `view_0_left` and `view_0_right`, and so on for further placements.
        """
        first, count = self.image_id - self.index.view, self.dataset.config.dataset.views
        records = [self.dataset.by_id(first + view) for view in range(count)]
        return {record.camera.name: record for record in records}

    @cached_property
    def instances(self) -> tuple[LabelledObject, ...]:
        """Every labelled object with a visible pixel, by rising instance id."""
        dataset, size = self.dataset, (self.height, self.width)
        rows = dataset.store.instances(self.image_id)
        return tuple(labelled_object(row, size, dataset.config.labels, dataset.categories) for row in rows)

    def target(self) -> Target:
        """Return what a detector learns from it: the annotations of its annotation file."""
        return target_of(self.image_id, (self.height, self.width), self.instances)

    def image(self) -> np.ndarray:
        """Read the picture, (H, W, 3) uint8, sRGB."""
        return pixels(self.path, "RGB")

    def instance_ids(self) -> np.ndarray:
        """Read the instance-id image, (H, W) uint16; 0 is background and whatever is not labelled.

        Raises:
            ConfigError: the dataset holds none.
        """
        return self.layer("instance_ids").astype(np.uint16)

    def depth(self) -> np.ndarray:
        """Read planar depth, (H, W) float32, metres; inf where nothing was hit (png16: or beyond its range).

        0 or less beyond 90 degrees off a fisheye's axis.

        Raises:
            ConfigError: the dataset holds none.
        """
        if self.camera.lens.planar:
            return self._range("depth")
        return self._rescaled("distance", lambda rays: rays[..., 2])

    def distance(self) -> np.ndarray:
        """Read the distance along each pixel's ray, (H, W) float32, metres; inf as in `depth`.

        Raises:
            ConfigError: the dataset holds none.
        """
        if not self.camera.lens.planar:
            return self._range("distance")
        return self._rescaled("depth", lambda rays: np.linalg.norm(rays, axis=-1))

    def measured_depth(self) -> np.ndarray:
        """Read what the camera's depth sensor measures, (H, W) float32, metres along z; inf is a hole.

        Raises:
            ConfigError: the dataset holds none.
        """
        return self._range("measured_depth")

    def clean(self) -> np.ndarray:
        """Read what a perfect sensor sees, (H, W, 3) uint8, sRGB, exposed as the picture is.

        Raises:
            ConfigError: the dataset holds none.
        """
        return self.layer("clean")

    def _range(self, name: str) -> np.ndarray:
        """Read a layer of metres, however it is stored."""
        stored = self.layer(name)
        if stored.dtype == np.float32:
            return stored
        metres = (stored * self.dataset.config.dataset.depth_unit).astype(np.float32)
        return np.where(stored == 0, np.float32(np.inf), metres)

    def _rescaled(self, name: str, factor: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Multiply what a layer holds by a factor of the lens's rays, (H, W, 3) -> (H, W)."""
        metres = self._range(name)
        hit = np.isfinite(metres)
        rays = self.camera.lens.rays(pixel_centers(self.camera))
        metres[hit] *= factor(rays)[hit].astype(np.float32)
        return metres

    def layer(self, name: str) -> np.ndarray:
        """Read any layer stored beside the picture, as it is stored.

        Raises:
            ConfigError: the dataset holds none of that name.
            CheckError: its file is missing or broken.
        """
        layers = json.loads(self.row["layers"])
        if name not in layers:
            switch = {
                "depth": "dataset.depth",
                "distance": "dataset.depth",
                "instance_ids": "dataset.instance_ids",
                "clean": "dataset.clean",
                "measured_depth": "builder.cameras.depth_sensor",
            }.get(name)
            hint = f"; generate it with {switch} on" if switch else ""
            raise ConfigError(
                f"{self.dataset.path} holds no layer {name!r}, only {', '.join(layers) or 'none'}{hint}"
            )
        return pixels(self.dataset.path / layers[name])

    def scene(self) -> Scene:
        """Read what is there: the spec and the settled poses, as they were rendered."""
        with (self.dataset.path / self.dataset.store.scenes_of(self.image_id)).open("rb") as lines:
            lines.seek(self.row["scene_offset"])
            record = json.loads(lines.read(self.row["scene_bytes"]))
        return Scene.from_json(record["scenes"][self.index.look])


class Dataset:
    """A finished dataset.

    Args:
        path: its folder.
        split: only the images of this split; None is all of them.

    Raises:
        ConfigError: no such folder, no dataset, a dataset that is not finished (says how to go on), or no
            such split.
    """

    def __init__(self, path: str | Path, split: str | None = None) -> None:
        self.path = Path(path)
        self.split = split
        self.manifest = _manifest(self.path)
        self.config = _config(self.path, self.manifest)
        self.categories: list[str] = list(self.manifest["coco"]["categories"])
        if split is not None and split not in self.splits:
            raise ConfigError(f"{self.path} has no split {split!r}; it has: {', '.join(self.splits)}")

    @property
    def splits(self) -> list[str]:
        """The splits it has, sorted."""
        return sorted(self.manifest["coco"]["images"])

    @cached_property
    def store(self) -> Store:
        """The truth store behind it."""
        return Store(self.path)

    @cached_property
    def image_ids(self) -> np.ndarray:
        """(N,) int64, rising."""
        return self.store.image_ids(self.split)

    def __len__(self) -> int:
        return len(self.image_ids)

    def __getitem__(self, index: int) -> Record:
        return self._record(int(self.image_ids[index]))

    def __iter__(self) -> Iterator[Record]:
        return (self._record(int(image_id)) for image_id in self.image_ids)

    def by_id(self, image_id: int) -> Record:
        """Return one image by its id.

        Raises:
            ConfigError: there is no such image here.
        """
        place = int(np.searchsorted(self.image_ids, image_id))
        if place == len(self) or self.image_ids[place] != image_id:
            span = f"ids run from {self.image_ids[0]} to {self.image_ids[-1]}" if len(self) else "it is empty"
            where = f"split {self.split!r} of {self.path}" if self.split else str(self.path)
            raise ConfigError(f"no image {image_id} in {where}; {span}")
        return self._record(image_id)

    def _record(self, image_id: int) -> Record:
        row = self.store.image(image_id)
        index = ImageIndex(row["scene"], row["look"], row["time"], row["view"])
        return Record(self, row, image_id, row["split"], index, row["width"], row["height"])

    def __reduce__(self) -> tuple[Any, ...]:
        """Send only the name to another process: a data loader's workers open the files themselves."""
        return Dataset, (self.path, self.split)

    def __repr__(self) -> str:
        split = f", split={self.split!r}" if self.split else ""
        return f"Dataset({str(self.path)!r}{split}): {len(self)} images, {len(self.categories)} categories"


def pixels(path: Path, mode: str | None = None) -> np.ndarray:
    """Read a picture or an array; nothing that could run code."""
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False)
        with Image.open(path, formats=["PNG", "JPEG", "WEBP"]) as image:
            return np.array(image.convert(mode) if mode else image)
    except (OSError, ValueError, SyntaxError) as error:
        raise CheckError(f"cannot read {path}: {error}; try: simdata check on the dataset") from error


def _manifest(path: Path) -> dict[str, Any]:
    """Read the manifest, or say what the folder is instead."""
    if not path.is_dir():
        raise ConfigError(f"no folder {path}")
    file = path / _MANIFEST
    if not file.is_file():
        if any((path / name).exists() for name in _UNFINISHED):
            raise ConfigError(
                f"{path} is not finished: it has no {_MANIFEST}; the same `simdata generate … --out {path}` "
                "command resumes it"
            )
        raise ConfigError(f"{path} is no simdata dataset: it has no {_MANIFEST}")
    try:
        manifest = json.loads(file.read_bytes())
        manifest["plan"]["config"], manifest["coco"]["categories"], manifest["coco"]["images"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"{file} is no manifest of simdata: {error!r}") from error
    return manifest


def _config(path: Path, manifest: dict[str, Any]) -> Config:
    try:
        return Config.model_validate(manifest["plan"]["config"])
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ConfigError(f"{path / _MANIFEST}: plan.config.{where}: {first['msg']}") from error
