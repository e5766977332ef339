"""The one reader gives back what was rendered, and says plainly what a folder is not."""

from __future__ import annotations

import json
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sample_dataset import CATEGORIES, make_config, make_dataset, make_samples

from simdata import truth
from simdata.dataset import Dataset
from simdata.errors import CheckError, ConfigError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dataset")
    make_dataset(path, make_config(dataset__depth="float32"))
    return path


def test_every_record_is_what_was_rendered(folder: Path) -> None:
    dataset = Dataset(folder)
    samples = {sample.image_id: sample for sample in make_samples(make_config())}
    assert len(dataset) == len(samples) == 10
    for record in dataset:
        sample = samples.pop(record.image_id)
        assert (record.split, record.index) == (sample.split, sample.index)
        assert (record.image() == sample.image).all() and record.image().dtype == np.uint8
        assert (record.instance_ids() == sample.layers["instance_ids"]).all()
        assert (record.depth() == sample.frame.depth).all() and record.depth().dtype == np.float32
        assert record.camera == sample.frame.camera and record.t == sample.frame.t
        assert record.labels == sample.image_labels
        assert record.scene().to_json() == sample.scene.to_json()
        assert [thing.instance_id for thing in record.instances] == [i.instance_id for i in sample.instances]
        for thing, instance in zip(record.instances, sample.instances, strict=True):
            assert (thing.mask() == (sample.layers["instance_ids"] == thing.instance_id)).all()
            assert thing.category == thing.source_category == instance.category
            assert dataset.categories[thing.category_id - 1] == thing.category
            everything = thing.attributes | {"area": thing.area, "box_xywh": thing.box_xywh, "rle": thing.rle}
            assert everything == instance.fields
            whole = thing.amodal_mask()
            assert (
                whole[thing.mask()].all() and thing.area / whole.sum() == thing.attributes["visible_fraction"]
            )
            assert thing.amodal_box_xywh == instance.fields["amodal_box_xywh"]
    assert not samples


def test_a_dataset_without_wholes_says_so(folder: Path) -> None:
    thing = replace(Dataset(folder)[2].instances[0], attributes={})
    with pytest.raises(ConfigError, match="has no 'amodal_rle': the annotator 'visibility' did not run"):
        thing.amodal_mask()


def test_ids_index_and_splits(folder: Path) -> None:
    dataset = Dataset(folder)
    assert dataset.categories == CATEGORIES and dataset.splits == ["train", "val"]
    assert dataset[0].image_id == 1 and dataset[-1].image_id == 10 and dataset[0].instances == ()
    parts = {split: [record.image_id for record in Dataset(folder, split=split)] for split in dataset.splits}
    assert sorted(parts["train"] + parts["val"]) == list(range(1, 11)) and len(parts["val"]) == 2
    assert dataset.by_id(parts["val"][0]).split == "val"
    with pytest.raises(IndexError):
        dataset[10]
    with pytest.raises(ConfigError, match=r"no image 11 in .*ids run from 1 to 10"):
        dataset.by_id(11)
    with pytest.raises(ConfigError, match="no image 1 in split 'val'"):
        Dataset(folder, split="val").by_id(1)
    with pytest.raises(ConfigError, match="no split 'test'; it has: train, val"):
        Dataset(folder, split="test")


def test_annotations_and_fates_agree(folder: Path) -> None:
    for split in ("train", "val"):
        coco = json.loads((folder / f"annotations/instances_{split}.json").read_bytes())
        written = {a["id"]: (a["category_id"], a["iscrowd"]) for a in coco["annotations"]}
        read = {
            thing.annotation_id: (thing.category_id, int(thing.fate == "crowd"))
            for record in Dataset(folder, split)
            for thing in record.instances
            if thing.fate in ("keep", "crowd")
        }
        assert read == written


def test_png_depth_is_metres(tmp_path: Path) -> None:
    make_dataset(tmp_path, make_config(dataset__depth="png16", dataset__depth_unit=0.0005))
    samples = {sample.image_id: sample for sample in make_samples(make_config())}
    for record in Dataset(tmp_path):
        true, read = samples[record.image_id].frame.depth, record.depth()
        assert read.dtype == np.float32 and (np.isinf(read) == np.isinf(true)).all()
        hit = np.isfinite(true)
        assert np.abs(read[hit] - true[hit]).max(initial=0) <= 0.00025 + 1e-6


@pytest.mark.parametrize("image_format", ["jpg", "webp"])
def test_lossy_pictures_are_read(tmp_path: Path, image_format: str) -> None:
    make_dataset(tmp_path, make_config(dataset__image_format=image_format, dataset__instance_ids=False))
    record = Dataset(tmp_path)[2]
    assert record.path.suffix == f".{image_format}" and record.image().shape == (64, 96, 3)
    with pytest.raises(
        ConfigError, match=r"no layer 'instance_ids', only none; generate it with dataset\.inst"
    ):
        record.instance_ids()
    with pytest.raises(ConfigError, match=r"generate it with dataset\.depth on"):
        record.depth()


def test_many_row_groups_are_searched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simdata.write.store._ROWS", 5)
    make_dataset(tmp_path)
    samples = {sample.image_id: sample for sample in make_samples(make_config())}
    for record in Dataset(tmp_path):
        assert len(record.instances) == len(samples[record.image_id].instances)


def test_a_shard_is_opened_once_to_begin_with(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Path] = []
    read = truth._read
    monkeypatch.setattr(truth, "_read", lambda file, columns: opened.append(file) or read(file, columns))
    assert len(Dataset(folder, split="train")) == 8 and len(opened) == 1
    assert "outline" not in Dataset(folder).store.instances(2)[0], "half of the bytes, and nobody reads them"


def test_it_travels_to_another_process(folder: Path) -> None:
    dataset = pickle.loads(pickle.dumps(Dataset(folder, split="val")))
    assert len(dataset) == 2 and "split='val'" in repr(dataset)


def test_a_folder_that_is_no_dataset(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        Dataset(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match=r"is no simdata dataset: it has no manifest\.json"):
        Dataset(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(ConfigError, match=r"is not finished.*resumes it"):
        Dataset(tmp_path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"plan": {"config": 3}, "coco": {"categories": [], "images": {}}}']
)
def test_a_broken_manifest_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ConfigError, match=r"manifest\.json"):
        Dataset(tmp_path)


def test_a_damaged_picture_is_named(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    record = Dataset(tmp_path)[1]
    record.path.write_bytes(record.path.read_bytes()[:100])
    with pytest.raises(CheckError, match=r"cannot read .*000000000002\.png"):
        record.image()
