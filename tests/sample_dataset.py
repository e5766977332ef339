"""Small datasets of hand-made frames: no physics, no renderer, but every kind of mask there is."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage

from simdata import mask
from simdata.annotate.contrast import Contrast
from simdata.annotation import ImageIndex, Instance, Sample, Strides
from simdata.asset import GeneratedShape
from simdata.camera import Camera, Pinhole
from simdata.config import Config, split_of
from simdata.frame import Frame
from simdata.geometry import Pose
from simdata.model import Model
from simdata.scene import Scene, start_scene
from simdata.spec import Layout, Look, Node, Origin, SceneSpec
from simdata.write.coco import CocoWriter
from simdata.write.manifest import MANIFEST, manifest_bytes, receipt_bytes, receipt_path
from simdata.write.put import put_new
from simdata.write.receipt import Receipt

WIDTH, HEIGHT = 96, 64  # not square: a swapped size must show
CATEGORIES = ["ball", "box", "ring", "unseen"]


class Shapes(Model):
    """A scene builder that only knows its categories."""

    def categories(self) -> list[str]:
        """Name them, one of which is never drawn."""
        return CATEGORIES


def make_config(**changes: object) -> Config:
    """Make a config; `dataset__depth="png16"` sets dataset.depth."""
    value: dict = {
        "scene": f"{__name__}:Shapes",
        "renderer": "flat",
        "dataset": {"scenes": 5, "views": 2},
        "labels": {"hidden": "crowd"},
    }
    for path, change in changes.items():
        *branches, leaf = path.split("__")
        place = value
        for branch in branches:
            place = place.setdefault(branch, {})
        place[leaf] = change
    return Config.model_validate(value)


def make_scene(number: int, split: str) -> Scene:
    """Make a scene of 12 objects; object 4 has two parts, object 5 is not labelled."""
    kinds = [CATEGORIES[i % 3] for i in range(12)]
    owners = [*range(1, 13), 4]
    nodes = tuple(
        Node(
            name=f"thing_{i}",
            shape=GeneratedShape(generator="sphere", params={"radius": 0.1}),
            part="body",
            instance=owner,
            category=kinds[owner - 1],
            labelled=owner != 5,
            pose=Pose(position=(0.1 * i, number * 0.3, 1 / 3)),
        )
        for i, owner in enumerate(owners)
    )
    camera = Camera(name="front", lens=Pinhole.from_fov(WIDTH, HEIGHT, 1.0), pose=Pose())
    return start_scene(
        SceneSpec(
            layout=Layout(nodes=nodes),
            look=Look(),
            cameras=(camera,) * 2,
            origin=Origin(builder="shapes", seed=0, scene=number, split=split, drawn={"a": 1 / 3}),
        )
    )


def node_image(seed: int) -> np.ndarray:
    """Draw (H, W) int32 node ids: discs, boxes, rings with holes, a bar that cuts others in parts."""
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    ids = np.zeros((HEIGHT, WIDTH), np.int32)
    for node in range(1, 13):
        cx, cy, r = generator.integers(0, WIDTH), generator.integers(0, HEIGHT), generator.integers(3, 22)
        far = np.hypot(x - cx, y - cy)
        shape = [far <= r, (abs(x - cx) <= r) & (abs(y - cy) <= r // 2), (far <= r) & (far > r / 2)]
        ids[shape[(node - 1) % 3]] = node
    ids[:, 40:43] = 5
    ids[10:14, 60:80] = 13  # the second part of object 4
    ids[0, 0] = 7  # one pixel in the corner
    ids[-1, -1] = 8
    return ids


def make_sample(image_id: int, index: ImageIndex, scene: Scene, split: str, empty: bool = False) -> Sample:
    """Make one sample; the annotator's part is done here."""
    nodes = np.zeros((HEIGHT, WIDTH), np.int32) if empty else node_image(image_id)
    rgb = (np.stack([nodes * 17, nodes * 5 + 40, np.indices(nodes.shape)[1]], -1) % 256).astype(np.uint8)
    depth = np.where(nodes > 0, nodes / 3, np.inf).astype(np.float32)
    camera = scene.spec.cameras[index.view]
    frame = Frame(camera, 0.0, {"rgb": rgb, "node_ids": nodes, "depth": depth})
    ids = scene.instance_of_node[nodes].astype(np.uint16)
    category = {node.instance: node.category for node in scene.nodes}
    seen = Contrast()(frame, scene, ()).instances
    instances = tuple(
        Instance(
            number,
            category[number],
            {
                "area": region.area,
                "box_xywh": region.box_xywh,
                "rle": region.rle,
                "position": [0.1, 1 / 3, number / 7],
            }
            | whole(ids == number, number)
            | seen[number],
        )
        for number, region in mask.regions(ids).items()
    )
    labels = {"coverage": float((ids > 0).mean())}
    return Sample(image_id, index, split, scene, frame, instances, labels, {"instance_ids": ids})


def whole(visible: np.ndarray, number: int) -> dict[str, Any]:
    """Make up the whole of an object: thicker the higher its number, and even ones leave the image."""
    amodal = ndimage.binary_dilation(visible, iterations=number)
    x, y, width, height = mask.box_xywh(amodal)
    beyond = 0 if number % 2 else 7 + x
    return {
        "visible_fraction": int(visible.sum()) / int(amodal.sum()),
        "hidden_area": int((amodal & ~visible).sum()),
        "truncation": 0.0 if number % 2 else 0.25,
        "truncated": number % 2 == 0,
        "amodal_box_xywh": [x - beyond, y, width + beyond, height],
        "amodal_rle": mask.encode(amodal),
    }


def make_samples(config: Config) -> Iterator[Sample]:
    """Make all samples of a config; the very first image is empty."""
    strides = Strides(views=config.dataset.views)
    for number in range(config.dataset.scenes):
        split = split_of(config.dataset.splits, number)
        scene = make_scene(number, split)
        for view in range(config.dataset.views):
            index = ImageIndex(number, 0, 0, view)
            image_id = strides.image_id(index)
            yield make_sample(image_id, index, scene, split, empty=image_id == 1)


def make_dataset(folder: Path, config: Config | None = None) -> Config:
    """Write a whole dataset, manifest and all."""
    config = config or make_config()
    writer = CocoWriter(config)
    receipt = writer.write(make_samples(config), folder)
    finish(folder, config, [receipt])
    return config


def finish(folder: Path, config: Config, receipts: list[Receipt]) -> None:
    """Do what the driver does at the end of a run."""
    for receipt in receipts:
        put_new(folder / receipt_path(receipt.shard), receipt_bytes(receipt))
    written = CocoWriter(config).commit(receipts, folder)
    for facts in sorted((folder / "facts").iterdir()):
        facts.unlink()
    (folder / "facts").rmdir()
    plan = {"config": config.model_dump(mode="json")}
    put_new(folder / MANIFEST, manifest_bytes(plan, receipts, written))
