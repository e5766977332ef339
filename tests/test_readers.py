"""Other people's readers on a real dataset: they take every image and every annotation as we wrote them."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import faster_coco_eval
import numpy as np
import pytest
from globox import AnnotationSet
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from simdata import load_config
from simdata.dataset import Dataset
from simdata.workers.run import generate

ROOT = Path(__file__).parent.parent
TORCHVISION = ROOT / ".venv-torchvision"
SIZE = ["builder.cameras.width=320", "builder.cameras.height=240"]


@pytest.fixture(scope="module", params=["polygon", "rle"])
def data(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("readers") / request.param
    options = ["dataset.scenes=5", "dataset.views=2", f"labels.mask_format={request.param}"]
    generate(load_config("tabletop", overrides=[*options, *SIZE]), out, workers=2)
    return out


def perfect(path: Path) -> list[dict]:
    """Return the annotations as detections with score 1."""
    keep = ("image_id", "category_id", "bbox", "segmentation")
    real = [a for a in json.loads(path.read_text())["annotations"] if not a["iscrowd"]]
    return [{**{key: a[key] for key in keep}, "score": 1.0} for a in real]


@pytest.mark.parametrize("split", ["train", "val"])
@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize(
    "reader",
    [(COCO, COCOeval), (faster_coco_eval.COCO, faster_coco_eval.COCOeval_faster)],
    ids=["pycocotools", "faster"],
)
def test_perfect_detections_score_one(data: Path, split: str, kind: str, reader: tuple) -> None:
    read, evaluate = reader
    path = data / f"annotations/instances_{split}.json"
    truth = read(str(path))
    found = perfect(path)
    if kind == "bbox":
        found = [{key: d[key] for key in d if key != "segmentation"} for d in found]
    else:
        found = [
            {key: d[key] for key in d if key != "bbox"} | {"segmentation": truth.annToRLE(d)} for d in found
        ]
    evaluation = evaluate(truth, truth.loadRes(found), kind)
    evaluation.params.maxDets = [1, 10, 100]
    for step in (evaluation.evaluate, evaluation.accumulate, evaluation.summarize):
        step()
    assert evaluation.stats[0] == pytest.approx(1.0, abs=1e-9)


def test_every_mask_decodes_to_the_rendered_ids(data: Path) -> None:
    for split in ("train", "val"):
        coco = COCO(str(data / f"annotations/instances_{split}.json"))
        records = Dataset(data, split=split)
        assert sorted(coco.imgs) == list(records.image_ids)
        for record in records:
            ids = record.instance_ids()
            for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[record.image_id])):
                truth = ids == annotation["attributes"]["instance_id"]
                assert (coco.annToMask(annotation).astype(bool) == truth).all()
                assert annotation["area"] == truth.sum()


def test_globox_reads_every_box(data: Path) -> None:
    path = data / "annotations/instances_train.json"
    truth = json.loads(path.read_text())
    boxes = AnnotationSet.from_coco(path)
    assert len(boxes) == len(truth["images"])
    assert sum(len(a.boxes) for a in boxes) == len(truth["annotations"])


def test_datumaro_reads_every_image_and_annotation(data: Path) -> None:
    python = ROOT / ".venv-datumaro/bin/python"
    assert python.exists(), "run scripts/test once: it makes the environment of this reader"
    command = [str(python), str(ROOT / "scripts/readers_datumaro.py"), str(data)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    counts = [json.loads(p.read_text()) for p in data.glob("annotations/*.json")]
    assert printed["images"] == sum(len(c["images"]) for c in counts) == 10
    assert printed["annotations"] == sum(len(c["annotations"]) for c in counts)


def test_torchvision_reads_the_items_of_ours(data: Path) -> None:
    """Its `CocoDetection`, plain and wrapped for transforms v2, beside `CocoDataset`."""
    if not (TORCHVISION / "torchvision").exists():
        pytest.skip("there is no torchvision; scripts/test gets it, or says why not")
    from simdata.torch import CocoDataset

    for split in ("train", "val"):
        paths = [str(data / f"images/{split}"), str(data / f"annotations/instances_{split}.json")]
        command = [sys.executable, str(ROOT / "scripts/readers_torchvision.py"), *paths]
        environment = {**os.environ, "PYTHONPATH": str(TORCHVISION)}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stderr
        read, ours = json.loads(done.stdout), CocoDataset(data, split)
        assert len(read) == len(ours) > 0
        for theirs, (image, target) in zip(read, ours, strict=True):
            boxes, labels = target["boxes"].tolist(), target["labels"].tolist()
            assert theirs["image_id"] == target["image_id"]
            assert theirs["image"] == digest(image.numpy().transpose(1, 2, 0))
            # Where nothing is in an image, the wrapper gives its id alone.
            assert theirs.get("boxes", []) == boxes and theirs.get("labels", []) == labels
            assert theirs.get("masks", []) == [digest(mask.numpy()) for mask in target["masks"]]
            raw = [[x, y, right - x, bottom - y] for x, y, right, bottom in boxes]
            crowds = target["iscrowd"].tolist()
            assert theirs["raw"] == [list(one) for one in zip(raw, labels, crowds, strict=True)]


def digest(array: np.ndarray) -> str:
    """Return the hash of an array's bytes and shape, as scripts/readers_torchvision.py does."""
    return hashlib.sha256(np.ascontiguousarray(array).tobytes() + str(array.shape).encode()).hexdigest()
