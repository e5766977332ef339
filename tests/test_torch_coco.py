"""Datasets of finished files for PyTorch: ours, and COCO files of anybody's, give the same items."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from sample_dataset import CATEGORIES, HEIGHT, WIDTH, make_config, make_dataset, make_samples

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader  # noqa: E402

from simdata.dataset import Dataset  # noqa: E402
from simdata.errors import ConfigError, UnknownNameError  # noqa: E402
from simdata.torch import CocoDataset, CocoFiles, Item, collate  # noqa: E402

KEYS = {"boxes", "labels", "image_id", "area", "iscrowd", "masks"}


@pytest.fixture(scope="module", params=["polygon", "rle"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("torch") / request.param
    make_dataset(path, make_config(labels__mask_format=request.param))
    return path


def files(folder: Path, split: str = "train", **options: Any) -> CocoFiles:
    return CocoFiles(folder / f"images/{split}", folder / f"annotations/instances_{split}.json", **options)


def same(one: Item, other: Item) -> bool:
    (image, target), (image_2, target_2) = one, other
    equal = torch.equal(image, image_2) and target.keys() == target_2.keys()
    return equal and all(
        torch.equal(value, target_2[key]) and value.dtype == target_2[key].dtype
        if isinstance(value, torch.Tensor)
        else value == target_2[key]
        for key, value in target.items()
    )


def test_items_are_what_was_rendered(folder: Path) -> None:
    samples = {sample.image_id: sample for sample in make_samples(make_config())}
    dataset, crowds = CocoDataset(folder), 0
    assert len(dataset) == len(samples) and dataset.categories == CATEGORIES
    for image, target in dataset:
        sample = samples.pop(target["image_id"])
        assert (image.numpy() == sample.image.transpose(2, 0, 1)).all() and image.dtype == torch.uint8
        told = {thing.instance_id: thing for thing in sample.instances if thing.fields["area"]}
        assert len(target["labels"]) == len(told) and target.keys() == KEYS
        for place, (number, thing) in enumerate(told.items()):
            visible = sample.layers["instance_ids"] == number
            rows, columns = np.nonzero(visible)
            box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
            hidden = visible.sum() < 16 or thing.fields["visible_fraction"] < 0.1
            assert (target["masks"][place].numpy().astype(bool) == visible).all()
            assert target["boxes"][place].tolist() == box and target["area"][place] == visible.sum()
            assert target["labels"][place] == CATEGORIES.index(thing.category) + 1
            assert target["iscrowd"][place] == hidden
            crowds += hidden
    assert not samples and crowds > 3


@pytest.mark.parametrize("masks", [True, False])
def test_an_empty_image_has_every_key(folder: Path, masks: bool) -> None:
    for dataset in (CocoDataset(folder, "train", masks=masks), files(folder, masks=masks)):
        image, target = dataset[0]
        assert image.shape == (3, HEIGHT, WIDTH) and target["image_id"] == 1
        assert target.keys() == (KEYS if masks else KEYS - {"masks"})
        assert target["boxes"].shape == (0, 4) and target["boxes"].dtype == torch.float32
        assert target["labels"].shape == (0,) and target["labels"].dtype == torch.int64
        assert target["iscrowd"].dtype == torch.int64 and target["area"].dtype == torch.float32
        assert not masks or (
            target["masks"].shape == (0, HEIGHT, WIDTH) and target["masks"].dtype == torch.uint8
        )


def test_splits_category_maps_and_dropped_objects(tmp_path: Path) -> None:
    categories = {"rename": {"ring": "ball"}, "drop": ["box"]}
    make_dataset(tmp_path, make_config(labels__categories=categories, labels__hidden="drop"))
    dataset = CocoDataset(tmp_path, "val")
    assert dataset.categories == ["ball", "unseen"] and len(dataset) == 2
    coco = json.loads((tmp_path / "annotations/instances_val.json").read_bytes())
    for _, target in dataset:
        written = [one for one in coco["annotations"] if one["image_id"] == target["image_id"]]
        assert target["labels"].tolist() == [one["category_id"] for one in written] != []
        assert not target["iscrowd"].any()
    with pytest.raises(ConfigError, match="no split 'test'"):
        CocoDataset(tmp_path, "test")


def test_a_transform_has_the_last_word(folder: Path) -> None:
    def flip(image: torch.Tensor, target: dict) -> tuple:
        return image.flip(-1), target | {"flipped": True}

    for plain, flipped in (
        (CocoDataset(folder), CocoDataset(folder, transform=flip)),
        (files(folder), files(folder, transform=flip)),
    ):
        image, target = flipped[2]
        assert torch.equal(image.flip(-1), plain[2][0]) and target["flipped"]


def test_what_a_loop_does_to_an_item_is_not_kept(folder: Path) -> None:
    for dataset in (CocoDataset(folder, "train"), files(folder)):
        dataset[1][1]["boxes"].zero_()
        assert dataset[1][1]["boxes"].any()


@pytest.mark.parametrize(("workers", "context"), [(0, None), (2, "fork"), (2, "spawn")])
def test_loaders(folder: Path, workers: int, context: str | None) -> None:
    for dataset in (CocoDataset(folder, "train"), files(folder)):
        loader = DataLoader(
            dataset,
            batch_size=3,
            num_workers=workers,
            collate_fn=collate,
            multiprocessing_context=context,
            timeout=120 * bool(workers),
        )
        found = [item for images, targets in loader for item in zip(images, targets, strict=True)]
        assert len(found) == 8
        assert all(same(found[place], dataset[place]) for place in range(8))


def test_pickles_are_small(folder: Path) -> None:
    dataset = CocoDataset(Dataset(folder, "val"))
    assert len(dataset) == 2 and len(pickle.dumps(dataset)) < 1000
    assert same(pickle.loads(pickle.dumps(dataset))[1], dataset[1])


@pytest.mark.parametrize("split", ["train", "val"])
def test_anybodys_reader_gives_the_items_of_ours(folder: Path, split: str) -> None:
    """Through the JSON file, which the one writes, and through the store, of which it was made."""
    ours, theirs = CocoDataset(folder, split), files(folder, split)
    assert theirs.categories == ours.categories and len(theirs) == len(ours) > 0
    assert all(same(theirs[place], ours[place]) for place in range(len(ours)))
    assert [target["image_id"] for _, target in theirs] == [target["image_id"] for _, target in ours]


def test_entries_may_stand_in_any_order(folder: Path, tmp_path: Path) -> None:
    value = json.loads((folder / "annotations/instances_train.json").read_bytes())
    for section in ("images", "annotations", "categories"):
        value[section].reverse()
    (tmp_path / "reversed.json").write_text(json.dumps(value))
    dataset = CocoFiles(folder / "images/train", tmp_path / "reversed.json", masks=False)
    assert dataset.categories == CATEGORIES
    for (_, target), (_, other) in zip(dataset, files(folder), strict=True):
        assert target["image_id"] == other["image_id"]
        assert torch.equal(target["boxes"].flip(0), other["boxes"])
        assert torch.equal(target["labels"].flip(0), other["labels"])


# Files of other people.

BOX = [2.0, 3.0, 4.0, 5.0]
POLYGON = [[2, 3, 6, 3, 6, 8, 2, 8]]


def foreign(tmp_path: Path, **changes: Any) -> tuple[Path, Path]:
    """Write a picture and a COCO file of one annotation, with ids that are not contiguous."""
    pixels = np.arange(10 * 12 * 3, dtype=np.uint8).reshape(10, 12, 3)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    one = {"id": 5, "image_id": 70, "category_id": 44, "bbox": BOX, "area": 20, "segmentation": POLYGON}
    value = {
        "images": [{"id": 70, "file_name": "a.png", "height": 10, "width": 12}],
        "annotations": [one | {"iscrowd": 0}],
        "categories": [{"id": 90, "name": "mug"}, {"id": 17, "name": "cat"}, {"id": 44, "name": "bowl"}],
    }
    for path, change in changes.items():
        section, _, field = path.partition("__")
        if field:
            value[section][0][field] = change
        else:
            value[section] = change
    (tmp_path / "a.json").write_text(json.dumps(value))
    return tmp_path, tmp_path / "a.json"


def test_labels_count_sorted_ids_or_names_of_ours(tmp_path: Path) -> None:
    paths = foreign(tmp_path)
    plain = CocoFiles(*paths)
    assert plain.categories == ["cat", "bowl", "mug"] and plain[0][1]["labels"].tolist() == [2]
    named = CocoFiles(*paths, categories=["ball", "bowl"])
    assert named.categories == ["ball", "bowl"] and named[-1][1]["labels"].tolist() == [2]
    renamed = CocoFiles(*paths, categories=["ball"], rename={"bowl": "ball"})
    assert renamed[0][1]["labels"].tolist() == [1]
    assert CocoFiles(*paths, categories=["ball"], rename={"bowl": None})[0][1]["boxes"].shape == (0, 4)
    with pytest.raises(UnknownNameError, match="'bowl'; did you mean 'bowls'"):
        CocoFiles(*paths, categories=["ball", "bowls"])
    with pytest.raises(UnknownNameError, match="'bwl'; did you mean 'bowl'"):
        CocoFiles(*paths, rename={"bwl": "ball"})


def rle(compressed: bool) -> dict[str, Any]:
    pixels = np.zeros((10, 12), np.uint8, order="F")
    pixels[3:8, 2:6] = 1
    if compressed:
        packed = coco_mask.encode(pixels)
        return {"size": packed["size"], "counts": packed["counts"].decode()}
    return {"size": [10, 12], "counts": [23, 5, 5, 5, 5, 5, 5, 5, 62]}


@pytest.mark.parametrize("segmentation", [POLYGON, rle(True), rle(False), [*POLYGON, [1, 1, 2, 2]]])
def test_masks_of_every_kind(tmp_path: Path, segmentation: Any) -> None:
    target = CocoFiles(*foreign(tmp_path, annotations__segmentation=segmentation))[0][1]
    assert target["boxes"].tolist() == [[2, 3, 6, 8]] and target["masks"].sum() == 20
    assert target["masks"][0, 3:8, 2:6].all()


def test_boxes_alone(tmp_path: Path) -> None:
    paths = foreign(tmp_path, annotations__segmentation=[])
    with pytest.raises(ConfigError, match=r"annotations\[0\]: it has a box but no mask; .*masks=False"):
        CocoFiles(*paths)
    assert CocoFiles(*paths, masks=False)[0][1].keys() == KEYS - {"masks"}


def test_boxes_stay_inside_and_have_an_inside(tmp_path: Path) -> None:
    one = {"image_id": 70, "category_id": 44, "segmentation": POLYGON}
    boxes = [[-2, -1, 5, 6], [3, 3, 0, 4], [20, 2, 4, 4], [8, 6, 9, 9]]
    paths = foreign(tmp_path, annotations=[one | {"id": i, "bbox": box} for i, box in enumerate(boxes)])
    target = CocoFiles(*paths)[0][1]
    assert target["boxes"].tolist() == [[0, 0, 3, 5], [8, 6, 12, 10]]
    assert target["area"].tolist() == [30, 81] and target["iscrowd"].tolist() == [0, 0]


def test_pictures_of_every_mode(tmp_path: Path) -> None:
    ramp = np.arange(120, dtype=np.uint8).reshape(10, 12)
    grey = np.repeat(ramp[None], 3, 0)
    picture = Image.fromarray(ramp)
    alpha = Image.merge("LA", [picture, Image.new("L", picture.size, 7)])
    sixteen = Image.fromarray(ramp.astype(np.uint16) * 257)
    for image in (picture, alpha, alpha.convert("RGBA"), picture.convert("P"), sixteen):
        paths = foreign(tmp_path)
        image.save(tmp_path / "a.png")
        read = CocoFiles(*paths)[0][0]
        assert read.shape == (3, 10, 12) and (read.numpy() == grey).all(), image.mode


@pytest.mark.parametrize("turned", [False, True])
def test_exif_orientation_is_what_the_annotations_were_made_on(tmp_path: Path, turned: bool) -> None:
    size = {"images__height": 12, "images__width": 10} if turned else {}
    paths = foreign(tmp_path, **size)
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise by a quarter
    Image.open(tmp_path / "a.png").save(tmp_path / "b.png", exif=exif)
    (tmp_path / "b.png").rename(tmp_path / "a.png")
    stored = np.arange(360, dtype=np.int64).astype(np.uint8).reshape(10, 12, 3)
    wanted = np.rot90(stored, -1) if turned else stored
    assert (CocoFiles(*paths)[0][0].numpy() == wanted.transpose(2, 0, 1)).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"images__file_name": "b.png"}, r"cannot read .*b\.png, a picture of .*a\.json.*folder of images"),
        ({"images__height": 11}, r"a\.png is 12 x 10 pixels, but .*a\.json says 12 x 11"),
        ({"images": {}}, "no list 'images'"),
        ({"annotations__image_id": 3}, r"annotations\[0\]: image_id 3 is not among the file's images"),
        ({"annotations__category_id": 3}, r"category_id 3 is not among the file's categories"),
        ({"annotations__bbox": [1, 2, 3]}, r"annotations\[0\]: 'bbox' is missing or unusable"),
        ({"annotations__bbox": [1, 2, 3, float("nan")]}, "'bbox' is missing or unusable"),
        ({"images__id": "first"}, r"images\[0\]: 'id' is missing or unusable"),
        ({"annotations": ["what"]}, r"annotations\[0\]: .* is missing or unusable"),
        ({"categories__id": 17}, r"categories\[1\]: id 17 is also that of categories\[0\]"),
    ],
)
def test_a_fault_is_named_at_once(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    paths = foreign(tmp_path, **changes)
    with pytest.raises(ConfigError, match=message):
        CocoFiles(*paths)


def test_faults_that_show_when_they_are_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*none\.json: No such file"):
        CocoFiles(tmp_path, tmp_path / "none.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(ConfigError, match=r"a\.json is no JSON"):
        CocoFiles(tmp_path, tmp_path / "a.json")
    dataset = CocoFiles(*foreign(tmp_path, annotations__segmentation=rle(True) | {"size": [12, 10]}))
    with pytest.raises(ConfigError, match=r"a mask of image 70 cannot be read \(a\.png\): a mask is"):
        dataset[0]
    dataset = CocoFiles(*foreign(tmp_path))
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:60])
    with pytest.raises(ConfigError, match=r"cannot read .*a\.png"):
        dataset[0]
    with pytest.raises(IndexError):
        dataset[1]
