"""The COCO files: exact, strict, and read the same by three libraries that are not ours."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path

import numpy as np
import pytest
from globox import AnnotationSet
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval
from sample_dataset import CATEGORIES, HEIGHT, WIDTH, make_config, make_dataset, make_samples

from simdata.dataset import Dataset
from simdata.errors import WriteError
from simdata.write.coco import commit
from simdata.write.outline import AUTO_POLYGON_LIMIT, choose_mask_format
from simdata.write.receipt import Receipt

SPLITS = ("train", "val")


def read(folder: Path, split: str) -> dict:
    return json.loads((folder / f"annotations/instances_{split}.json").read_bytes())


def all_annotations(folder: Path) -> list[dict]:
    return [annotation for split in SPLITS for annotation in read(folder, split)["annotations"]]


def receipts_of(folder: Path) -> list[Receipt]:
    return [Receipt.model_validate_json(path.read_bytes()) for path in sorted(folder.glob("store/*.json"))]


@pytest.fixture(scope="module", params=["polygon", "rle"])
def dataset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp(request.param)
    make_dataset(folder, make_config(labels__mask_format=request.param, labels__hidden="keep"))
    return folder


def quiet_coco(folder: Path, split: str) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(folder / f"annotations/instances_{split}.json"))


def predictions(coco: COCO, kind: str) -> list[dict]:
    return [
        {"image_id": a["image_id"], "category_id": a["category_id"], "score": 1.0}
        | ({"bbox": a["bbox"]} if kind == "bbox" else {"segmentation": coco.annToRLE(a)})
        for a in coco.dataset["annotations"]
        if not a["iscrowd"]
    ]


def average_precision(evaluation) -> float:
    evaluation.params.maxDets = [1, 10, 100]
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return float(evaluation.stats[0])


@pytest.mark.parametrize("kind", ["bbox", "segm"])
@pytest.mark.parametrize("split", SPLITS)
def test_perfect_predictions_score_one_with_pycocotools(dataset: Path, split: str, kind: str) -> None:
    truth = quiet_coco(dataset, split)
    with contextlib.redirect_stdout(io.StringIO()):
        guess = truth.loadRes(predictions(truth, kind))
    assert average_precision(COCOeval(truth, guess, kind)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("kind", ["bbox", "segm"])
def test_perfect_predictions_score_one_with_faster_coco_eval(dataset: Path, kind: str) -> None:
    from faster_coco_eval import COCO as FasterCOCO  # noqa: N811
    from faster_coco_eval import COCOeval_faster

    truth = FasterCOCO(str(dataset / "annotations/instances_train.json"))
    guess = truth.loadRes(predictions(quiet_coco(dataset, "train"), kind))
    assert average_precision(COCOeval_faster(truth, guess, kind)) == pytest.approx(1.0, abs=1e-12)


def test_annotation_ids_from_zero_would_be_caught(dataset: Path, tmp_path: Path) -> None:
    """The self-test above must be able to fail: this is the fault it is there for."""
    value = read(dataset, "train")
    for number, annotation in enumerate(value["annotations"]):
        annotation["id"] = number
    (tmp_path / "annotations").mkdir()
    (tmp_path / "annotations/instances_train.json").write_text(json.dumps(value))
    truth = quiet_coco(tmp_path, "train")
    with contextlib.redirect_stdout(io.StringIO()):
        guess = truth.loadRes(predictions(truth, "bbox"))
    assert average_precision(COCOeval(truth, guess, "bbox")) < 0.999


def test_every_mask_decodes_to_the_rendered_pixels(dataset: Path) -> None:
    rendered = {sample.image_id: sample.layers["instance_ids"] for sample in make_samples(make_config())}
    compared = 0
    for split in SPLITS:
        coco = quiet_coco(dataset, split)
        for annotation in coco.dataset["annotations"]:
            ids = rendered[annotation["image_id"]]
            mask = coco.annToMask(annotation).astype(bool)
            assert (mask == (ids == annotation["attributes"]["instance_id"])).all()
            assert annotation["area"] == mask.sum()
            rows, columns = np.nonzero(mask)
            box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert annotation["bbox"] == box
            compared += 1
    assert compared == sum(len(np.unique(ids[ids > 0])) for ids in rendered.values()) > 80


def test_the_masks_tested_have_holes_and_split_parts() -> None:
    """Else the test above would prove little."""
    from scipy import ndimage

    masks = [
        sample.layers["instance_ids"] == instance.instance_id
        for sample in make_samples(make_config())
        for instance in sample.instances
    ]
    assert sum(ndimage.label(mask)[1] > 1 for mask in masks) > 10
    assert sum(ndimage.binary_fill_holes(mask).sum() > mask.sum() for mask in masks) > 10


def test_globox_reads_the_same_images_and_boxes(dataset: Path) -> None:
    for split in SPLITS:
        value = read(dataset, split)
        ours = {image["file_name"]: [] for image in value["images"]}
        names = {image["id"]: image["file_name"] for image in value["images"]}
        labels = {category["id"]: category["name"] for category in value["categories"]}
        for annotation in value["annotations"]:
            x, y, w, h = annotation["bbox"]
            ours[names[annotation["image_id"]]].append(
                (labels[annotation["category_id"]], x, y, x + w, y + h)
            )
        theirs = {
            annotation.image_id: [
                (box.label, box.xmin, box.ymin, box.xmax, box.ymax) for box in annotation.boxes
            ]
            for annotation in AnnotationSet.from_coco(dataset / f"annotations/instances_{split}.json")
        }
        assert {name: sorted(boxes) for name, boxes in theirs.items()} == {
            name: sorted(boxes) for name, boxes in ours.items()
        }


def test_the_file_is_strict(dataset: Path) -> None:
    kind = dict if "rle" in dataset.name else list
    for split in SPLITS:
        value = read(dataset, split)
        assert list(value) == ["info", "licenses", "categories", "images", "annotations"]
        assert value["categories"] == [
            {"id": i, "name": name, "supercategory": ""} for i, name in enumerate(sorted(CATEGORIES), 1)
        ]
        assert {image["license"] for image in value["images"]} == {value["licenses"][0]["id"]}
        for image in value["images"]:
            assert (image["width"], image["height"]) == (WIDTH, HEIGHT)
            assert (dataset / "images" / split / image["file_name"]).is_file()
        ids = [annotation["id"] for annotation in value["annotations"]]
        assert ids == sorted(set(ids)) and ids[0] >= 1
        for annotation in value["annotations"]:
            assert type(annotation["iscrowd"]) is int and type(annotation["area"]) is int
            assert all(type(number) is float for number in annotation["bbox"])
            assert isinstance(annotation["segmentation"], kind)
            assert annotation["attributes"].keys() >= {"instance_id", "visible_fraction", "truncated"}
            assert "ignore" not in annotation
    assert 1 in {image["id"] for split in SPLITS for image in read(dataset, split)["images"]}, (
        "the empty image"
    )


def test_polygons_and_run_lengths_are_the_same_masks(tmp_path: Path) -> None:
    masks = {}
    for mask_format in ("polygon", "rle"):
        config = make_config(labels__mask_format=mask_format)
        make_dataset(tmp_path / mask_format, config)
        coco = quiet_coco(tmp_path / mask_format, "train")
        masks[mask_format] = {a["id"]: coco.annToMask(a) for a in coco.dataset["annotations"]}
    assert masks["polygon"].keys() == masks["rle"].keys()
    assert all((masks["polygon"][key] == masks["rle"][key]).all() for key in masks["rle"])


def test_hidden_objects_follow_the_policy(tmp_path: Path) -> None:
    written = {}
    for policy in ("keep", "crowd", "drop"):
        config = make_config(labels__hidden=policy)
        make_dataset(tmp_path / policy, config)
        written[policy] = all_annotations(tmp_path / policy)
        manifest = Dataset(tmp_path / policy).manifest["coco"]
        assert sum(manifest["annotations"].values()) == len(written[policy])
        assert sum(manifest["crowds"].values()) == sum(a["iscrowd"] for a in written[policy])
        hidden_count = len(written["keep"]) - len(written[policy])
        assert manifest["dropped"] == ({"hidden": hidden_count} if policy == "drop" else {})
    hidden = {a["id"] for a in written["keep"] if a["area"] < 16 or a["attributes"]["visible_fraction"] < 0.1}
    assert 0 < len(hidden) < len(written["keep"])
    assert {a["id"] for a in written["crowd"] if a["iscrowd"]} == hidden
    assert all(isinstance(a["segmentation"], dict) for a in written["crowd"] if a["iscrowd"])
    assert {a["id"] for a in written["drop"]} == {a["id"] for a in written["keep"]} - hidden


def test_another_policy_is_derived_from_the_same_store(tmp_path: Path) -> None:
    make_dataset(tmp_path / "a", make_config(labels__hidden="drop"))
    make_dataset(tmp_path / "b", make_config(labels__hidden="keep", labels__mask_format="rle"))
    config = make_config(labels__hidden="keep", labels__mask_format="rle")
    commit(receipts_of(tmp_path / "a"), tmp_path / "a", config)
    for split in SPLITS:
        assert read(tmp_path / "a", split) == read(tmp_path / "b", split)


def test_categories_merge_rename_and_drop(tmp_path: Path) -> None:
    config = make_config(
        labels__hidden="keep",
        labels__categories={"rename": {"ball": "round", "ring": "round"}, "drop": ["unseen"]},
    )
    make_dataset(tmp_path / "merged", config)
    make_dataset(tmp_path / "plain", make_config(labels__hidden="keep"))
    value = read(tmp_path / "merged", "train")
    assert [category["name"] for category in value["categories"]] == ["box", "round"]
    plain = {
        a["id"]: CATEGORIES[a["category_id"] - 1] for a in read(tmp_path / "plain", "train")["annotations"]
    }
    merged = {a["id"]: ["box", "round"][a["category_id"] - 1] for a in value["annotations"]}
    assert merged == {number: "box" if name == "box" else "round" for number, name in plain.items()}
    make_dataset(
        tmp_path / "dropped", make_config(labels__hidden="keep", labels__categories={"drop": ["box"]})
    )
    dropped = {a["id"] for a in read(tmp_path / "dropped", "train")["annotations"]}
    assert dropped == {number for number, name in plain.items() if name != "box"}
    assert Dataset(tmp_path / "dropped").manifest["coco"]["dropped"]["category"] > 0


def test_a_category_the_builder_does_not_declare_is_refused(tmp_path: Path) -> None:
    config = make_config()
    make_dataset(tmp_path, config)
    lying = config.model_copy(update={"scene": f"{__name__}:OneCategory"})
    with pytest.raises(WriteError, match=r"category '(ball|ring)' is not among those the builder declares"):
        commit(receipts_of(tmp_path), tmp_path, lying)


class OneCategory:
    """A builder that forgot two of its categories."""

    @classmethod
    def model_validate(cls, *_: object, **__: object) -> OneCategory:
        return cls()

    def categories(self) -> list[str]:
        return ["box"]


def test_auto_is_polygons_until_they_get_too_heavy() -> None:
    config = make_config()
    assert choose_mask_format(config, AUTO_POLYGON_LIMIT - 1) == "polygon"
    assert choose_mask_format(config, AUTO_POLYGON_LIMIT) == "rle"
    assert choose_mask_format(make_config(labels__mask_format="rle"), 1) == "rle"


def test_a_split_of_no_share_has_no_file(tmp_path: Path) -> None:
    config = make_config(dataset__splits={"train": 1.0, "val": 0.0}, dataset__scenes=2)
    make_dataset(tmp_path, config)
    assert [path.name for path in (tmp_path / "annotations").iterdir()] == ["instances_train.json"]
