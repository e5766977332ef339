"""`check` passes what is right and catches every fault we can think of: one that never fires is none."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sample_dataset import make_config, make_dataset, make_samples

from simdata import mask
from simdata.check import Fault, check_dataset
from simdata.check.masks import decode, run_lengths
from simdata.errors import ConfigError

TRAIN = "annotations/instances_train.json"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("good") / "set"
    make_dataset(folder, make_config(dataset__depth="png16", dataset__scenes=5))
    return folder


@pytest.fixture
def folder(good: Path, tmp_path: Path) -> Path:
    """A copy to spoil."""
    return Path(shutil.copytree(good, tmp_path / "set"))


def rules(folder: Path) -> set[str]:
    return {fault.rule for fault in check_dataset(folder)}


def vouch(folder: Path, path: str) -> None:
    """Make the hashes right again, as a faulty writer would: what is left must be caught by the content."""
    data = (folder / path).read_bytes()
    for file in [*folder.glob("store/*.json"), folder / "manifest.json"]:
        owner = json.loads(file.read_bytes())
        for fact in owner["files"]:
            if fact["path"] == path:
                fact |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
                file.write_text(json.dumps(owner))
                if file.name != "manifest.json":
                    vouch(folder, file.relative_to(folder).as_posix())


def edit(folder: Path, change: Callable[[dict], None], path: str = TRAIN) -> None:
    value = json.loads((folder / path).read_bytes())
    change(value)
    (folder / path).write_text(json.dumps(value))
    vouch(folder, path)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dataset__image_format": "jpg", "labels__hidden": "drop", "dataset__depth": "float32"},
        {"dataset__image_format": "webp", "labels__mask_format": "rle", "dataset__instance_ids": False},
        {"labels__hidden": "keep", "labels__categories": {"rename": {"ball": "box"}, "drop": ["ring"]}},
    ],
    ids=str,
)
def test_a_sound_dataset_has_no_faults(tmp_path: Path, changes: dict) -> None:
    make_dataset(tmp_path, make_config(**changes))
    assert check_dataset(tmp_path) == []


def polygons_of(value: dict) -> dict:
    return next(a for a in value["annotations"] if isinstance(a["segmentation"], list))


def half_pixel(step: float) -> Callable[[dict], None]:
    """Shift polygons; pycocotools rounds, so its masks may stay as they were, but no reader's boxes do."""

    def apply(value: dict) -> None:
        for annotation in value["annotations"]:
            if isinstance(annotation["segmentation"], list):
                rings = [np.reshape(ring, (-1, 2)) + step for ring in annotation["segmentation"]]
                annotation["segmentation"] = [ring.clip(0, (96, 64)).ravel().tolist() for ring in rings]

    return apply


def pixel_centres(value: dict) -> None:
    """What `cv2.findContours` users write: the ring through pixel centres, a pixel too small."""
    annotation = max(value["annotations"], key=lambda a: a["area"] if not a["iscrowd"] else 0)
    ring = np.array(annotation["segmentation"][0]).reshape(-1, 2)
    ring -= ring > ring.mean(0)
    annotation["segmentation"][0] = ring.ravel().tolist()


def ids_from_zero(value: dict) -> None:
    for number, annotation in enumerate(value["annotations"]):
        annotation["id"] = number


def image_ids_from_zero(value: dict) -> None:
    for record in [*value["images"]]:
        record["id"] -= 1
    for annotation in value["annotations"]:
        annotation["image_id"] -= 1


def swapped_category(value: dict) -> None:
    polygons_of(value)["category_id"] = polygons_of(value)["category_id"] % 3 + 1


def swapped_size(value: dict) -> None:
    crowd = next(a for a in value["annotations"] if a["iscrowd"])
    crowd["segmentation"]["size"].reverse()


def shifted_run(value: dict) -> None:
    crowd = next(a for a in value["annotations"] if a["iscrowd"])
    crowd["segmentation"] = mask.encode(np.roll(mask.decode(crowd["segmentation"]), 1, axis=1))


def swapped_instances(value: dict) -> None:
    first, second = value["annotations"][0]["attributes"], value["annotations"][1]["attributes"]
    first["instance_id"], second["instance_id"] = second["instance_id"], first["instance_id"]


def set_in(key: str, change: Callable[[dict], object]) -> Callable[[dict], None]:
    def apply(value: dict) -> None:
        annotation = polygons_of(value)
        annotation[key] = change(annotation)

    return apply


def as_rle(value: dict) -> None:
    annotation = polygons_of(value)
    size = (value["images"][0]["height"], value["images"][0]["width"])
    annotation["segmentation"] = mask.encode(mask.decode_polygons(annotation["segmentation"], *size))


def set_attribute(
    key: str, change: Callable[[dict], object], truncated: bool = True
) -> Callable[[dict], None]:
    """Change an attribute of an annotation that the image's edge cuts, or of one it does not."""

    def apply(value: dict) -> None:
        attributes = [annotation["attributes"] for annotation in value["annotations"]]
        chosen = next(one for one in attributes if one["truncated"] is truncated)
        chosen[key] = change(chosen)

    return apply


def nudged_whole(attributes: dict) -> dict:
    """Show the whole a pixel aside."""
    return mask.encode(np.roll(mask.decode(attributes["amodal_rle"]), 7, axis=1))


MUTANTS: dict[str, tuple[Callable[[dict], object], set[str]]] = {
    "masks half a pixel off": (half_pixel(-0.5), {"polygon"}),
    "masks half a pixel off, other way": (half_pixel(0.5), {"polygon", "mask"}),
    "rings through pixel centres": (pixel_centres, {"mask"}),
    "annotation ids from 0": (ids_from_zero, {"id"}),
    "image ids from 0": (image_ids_from_zero, {"id"}),
    "swapped category": (swapped_category, {"category"}),
    "swapped size": (swapped_size, {"segmentation"}),
    "shifted run lengths": (shifted_run, {"mask", "bbox"}),
    "swapped instances": (swapped_instances, {"mask"}),
    "area is w * h": (set_in("area", lambda a: int(a["bbox"][2] * a["bbox"][3])), {"area"}),
    "area is a list": (set_in("area", lambda a: [a["area"]]), {"area"}),
    "box in corners": (set_in("bbox", lambda a: [*a["bbox"][:2], 90.0, 60.0]), {"bbox"}),
    "box half a pixel off": (set_in("bbox", lambda a: [v + 0.5 for v in a["bbox"]]), {"bbox"}),
    "box of three": (set_in("bbox", lambda a: a["bbox"][:3]), {"bbox"}),
    "iscrowd is a bool": (set_in("iscrowd", lambda _: False), {"iscrowd"}),
    "iscrowd lies": (set_in("iscrowd", lambda _: 1), {"policy", "crowd"}),
    "id is a float": (set_in("id", lambda a: float(a["id"])), {"id"}),
    "id is huge": (set_in("id", lambda _: 10**400), {"id"}),
    "no segmentation": (set_in("segmentation", lambda _: []), {"segmentation"}),
    "a polygon of four numbers": (set_in("segmentation", lambda _: [[1, 1, 5, 5]]), {"segmentation"}),
    "an odd polygon": (set_in("segmentation", lambda _: [[1, 1, 5, 5, 1, 5, 2]]), {"segmentation"}),
    "a polygon outside": (set_in("segmentation", lambda _: [[1, 1, 1e9, 5, 1, 5]]), {"segmentation"}),
    "a polygon of no area": (set_in("segmentation", lambda _: [[3, 3, 3, 3, 3, 3]]), {"empty_mask"}),
    "counts of bytes": (
        set_in("segmentation", lambda _: {"size": [64, 96], "counts": "\x01"}),
        {"segmentation"},
    ),
    "mixed formats": (as_rle, {"mixed_formats"}),
    "top-level ignore": (set_in("ignore", lambda _: 0), {"extra_key"}),
    "unknown category": (set_in("category_id", lambda _: 9), {"unknown_category"}),
    "orphan": (set_in("image_id", lambda _: 999), {"orphan", "missing_annotation"}),
    "missing key": (lambda v: polygons_of(v).pop("iscrowd"), {"missing_key"}),
    "missing annotation": (lambda v: v["annotations"].pop(), {"missing_annotation", "counts"}),
    "extra annotation": (
        lambda v: v["annotations"].append(
            {**polygons_of(v), "id": 77, "attributes": {"instance_id": 99}},
        ),
        {"extra_annotation", "mask"},
    ),
    "annotation twice": (
        lambda v: v["annotations"].append(polygons_of(v)),
        {"annotation_id_twice", "instance_twice"},
    ),
    "missing image record": (lambda v: v["images"].pop(), {"missing_image", "orphan"}),
    "image record twice": (
        lambda v: v["images"].append(v["images"][0]),
        {"image_id_twice", "file_name_twice"},
    ),
    "swapped width and height": (
        lambda v: v["images"][1].update(width=v["images"][1]["height"], height=v["images"][1]["width"]),
        {"image_size", "image_record"},
    ),
    "absolute file name": (lambda v: v["images"][1].update(file_name="/etc/passwd"), {"file_name"}),
    "escaping file name": (lambda v: v["images"][1].update(file_name="../../x.png"), {"file_name"}),
    "category list of those met": (lambda v: v["categories"].pop(), {"categories"}),
    "category ids from 0": (
        lambda v: [category.update(id=category["id"] - 1) for category in v["categories"]],
        {"id", "category_ids"},
    ),
    "no info": (lambda v: v.pop("info"), {"top_level"}),
    "no list of images": (lambda v: v.update(images={}), {"top_level"}),
    "unlisted licence": (lambda v: v["images"][0].update(license=2), {"license"}),
    "a whole that is aside": (set_attribute("amodal_rle", nudged_whole), {"amodal_rle"}),
    "a whole of polygons": (set_attribute("amodal_rle", lambda _: [[1, 1, 5, 5, 1, 5]]), {"amodal_rle"}),
    "a whole of another size": (
        set_attribute("amodal_rle", lambda a: {**a["amodal_rle"], "size": [96, 64]}),
        {"amodal_rle"},
    ),
    "visible fraction of the box": (
        set_attribute("visible_fraction", lambda a: a["visible_fraction"] * 0.99),
        {"visible_fraction"},
    ),
    "hidden area that is not": (
        set_attribute("hidden_area", lambda a: a["hidden_area"] + 1),
        {"hidden_area"},
    ),
    "truncation in percent": (set_attribute("truncation", lambda a: 100 * a["truncation"]), {"truncation"}),
    "truncation forgotten": (set_attribute("truncation", lambda _: 0), {"amodal_box_xywh"}),
    "truncated as a number": (set_attribute("truncated", lambda _: 1), {"truncated"}),
    "truncated and whole": (set_attribute("truncation", lambda _: 0.1, truncated=False), {"truncated"}),
    "amodal box cut at the edge": (
        set_attribute("amodal_box_xywh", lambda a: [0, *a["amodal_box_xywh"][1:]]),
        {"amodal_box_xywh"},
    ),
    "amodal box of the visible": (
        set_attribute("amodal_box_xywh", lambda a: [*a["amodal_box_xywh"][:3], 1]),
        {"amodal_box_xywh"},
    ),
    "amodal box too large": (
        set_attribute("amodal_box_xywh", lambda _: [0, 0, 96, 64], truncated=False),
        {"amodal_box_xywh"},
    ),
    "amodal box in corners": (set_attribute("amodal_box_xywh", lambda _: [1, 2, 3]), {"amodal_box_xywh"}),
    "other attributes": (lambda v: polygons_of(v)["attributes"].update(truncated="no"), {"attributes"}),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_caught_by_content_alone(folder: Path, name: str) -> None:
    change, expected = MUTANTS[name]
    edit(folder, change)
    found = rules(folder)
    assert expected <= found, f"found only {found}"
    assert "hash" not in found


def test_an_edit_is_caught_by_its_hash(folder: Path) -> None:
    (folder / TRAIN).write_bytes((folder / TRAIN).read_bytes() + b"\n")
    assert [(fault.file, fault.rule) for fault in check_dataset(folder)] == [(TRAIN, "hash")]


@pytest.mark.parametrize(
    "path",
    [
        "images/train/000000000003.png",
        "instance_ids/train/000000000003.png",
        "depth/train/000000000003.png",
        "scenes/shard-000000.jsonl",
        "store/shard-000000.images.parquet",
        "store/shard-000000.instances.parquet",
        "store/shard-000000.json",
        TRAIN,
    ],
)
def test_a_file_that_is_missing_cut_flipped_or_stale(good: Path, folder: Path, path: str) -> None:
    data = (folder / path).read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 4
    for spoiled in (data[: len(data) // 2], bytes(flipped), b"", b"\0" * len(data)):
        (folder / path).write_bytes(spoiled)
        assert (path, "hash") in {(fault.file, fault.rule) for fault in check_dataset(folder)}
    (folder / path).unlink()
    assert (path, "missing_file") in {(fault.file, fault.rule) for fault in check_dataset(folder)}
    (folder / path).write_bytes(data)
    assert check_dataset(folder) == []


def test_damage_that_the_hashes_vouch_for(folder: Path) -> None:
    """A picture that was stored broken or stale, with hashes to match: the content itself must tell."""
    path = "images/train/000000000003.png"
    data = (folder / path).read_bytes()
    (folder / path).write_bytes(data[: len(data) * 2 // 3])
    vouch(folder, path)
    assert rules(folder) == {"corrupt_file"}
    shutil.copy(folder / "images/train/000000000004.png", folder / path)
    vouch(folder, path)
    assert rules(folder) == {"pixels"}
    Image.new("RGB", (64, 96)).save(folder / path)
    vouch(folder, path)
    assert rules(folder) == {"image_size"}


def test_ids_that_are_not_the_masks(folder: Path) -> None:
    path = "instance_ids/train/000000000003.png"
    ids = np.array(Image.open(folder / path))
    ids[20:22, 20:22] = ids.max() + 1
    Image.fromarray(ids).save(folder / path)
    vouch(folder, path)
    assert {"store", "missing_annotation"} <= rules(folder)
    Image.fromarray((ids > 0).astype(np.uint8)).save(folder / path)
    vouch(folder, path)
    assert "image_size" in rules(folder)


def test_depth_of_another_shape(folder: Path) -> None:
    path = "depth/train/000000000003.png"
    Image.fromarray(np.zeros((64, 64), np.uint16)).save(folder / path)
    vouch(folder, path)
    assert [(fault.file, fault.id, fault.rule) for fault in check_dataset(folder)] == [
        (path, 3, "image_size")
    ]


def test_files_nobody_knows(folder: Path) -> None:
    for path in ("images/train/000000000099.png", "annotations/instances_old.json", "store/.x.0.part"):
        (folder / path).write_bytes(b"{}")
    faults = {(fault.file, fault.rule) for fault in check_dataset(folder)}
    assert {(path, "extra_file") for path in ("images/train/000000000099.png", "store/.x.0.part")} <= faults
    assert ("annotations/instances_old.json", "extra_file") in faults


def test_a_run_that_did_not_end(folder: Path) -> None:
    (folder / "manifest.json").unlink()
    assert [(f.file, f.rule) for f in check_dataset(folder)] == [("manifest.json", "unfinished")]
    shutil.rmtree(folder / "annotations")
    assert "unfinished" in rules(folder)


def test_a_scene_that_is_gone_and_no_hole(folder: Path) -> None:
    edit(folder, lambda value: value["plan"]["config"]["dataset"].update(scenes=9), "manifest.json")
    assert "missing_scene" in rules(folder)
    holes = [{"scene": number} for number in (5, 6, 7, 8)]
    edit(folder, lambda value: value.update(holes=holes), "manifest.json")
    assert check_dataset(folder) == []


def test_splits_that_share_an_image(folder: Path) -> None:
    stolen = json.loads((folder / "annotations/instances_val.json").read_bytes())["images"][0]
    edit(folder, lambda value: value["images"].append(stolen))
    assert {"splits", "missing_file"} <= rules(folder)


def test_a_manifest_that_points_outside(folder: Path) -> None:
    fact = {"path": "../../etc/passwd", "sha256": "0" * 64, "bytes": 1}
    edit(folder, lambda value: value["files"].append(fact), "manifest.json")
    assert "manifest" in rules(folder)


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b'{"plan": 1}', b"\xff\xfe", b"[" * 100_000, b'{"a": NaN}']
)
def test_any_bytes_for_json(folder: Path, text: bytes) -> None:
    for path in ("manifest.json", TRAIN):
        (folder / path).write_bytes(text)
        assert check_dataset(folder)


def spoil(generator: np.random.Generator, value: object) -> object:
    """Replace one place somewhere in a JSON value by something odd."""
    odd = [
        None,
        True,
        -1,
        0,
        2**60,
        1.5,
        1e308,
        "",
        "x",
        [],
        {},
        [[]],
        [None],
        {"size": [1]},
        [[1, 2, 3, 4, 5, 6]],
    ]
    if isinstance(value, dict) and value and generator.random() < 0.9:
        key = list(value)[generator.integers(len(value))]
        return {**value, key: spoil(generator, value[key])}
    if isinstance(value, list) and value and generator.random() < 0.9:
        place = int(generator.integers(len(value)))
        return [*value[:place], spoil(generator, value[place]), *value[place + 1 :]]
    return odd[generator.integers(len(odd))]


@pytest.mark.parametrize("path", [TRAIN, "manifest.json", "store/shard-000000.json"])
def test_spoiled_json_never_gives_a_traceback(folder: Path, path: str) -> None:
    generator = np.random.default_rng(5)
    whole, manifest = json.loads((folder / path).read_bytes()), (folder / "manifest.json").read_bytes()
    for _ in range(60):
        value = whole
        for _ in range(generator.integers(1, 6)):
            value = spoil(generator, value)
        data = json.dumps(value).encode()
        (folder / path).write_bytes(data)
        if path != "manifest.json":  # hashes that fit, or the receipt would not be read at all
            owner = json.loads(manifest)
            fact = next(fact for fact in owner["files"] if fact["path"] == path)
            fact |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
            (folder / "manifest.json").write_text(json.dumps(owner))
        assert all(isinstance(fault, Fault) for fault in check_dataset(folder))


def test_spoiled_pictures_never_give_a_traceback(folder: Path) -> None:
    generator = np.random.default_rng(6)
    paths = [f"{kind}/train/000000000003.png" for kind in ("images", "instance_ids", "depth")]
    whole = {path: (folder / path).read_bytes() for path in paths}
    for _ in range(30):
        for path in paths:
            data = bytearray(whole[path])
            for _ in range(3):
                data[generator.integers(len(data))] = generator.integers(256)
            (folder / path).write_bytes(data)
        assert all(isinstance(fault, Fault) for fault in check_dataset(folder))


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no folder"):
        check_dataset(tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="is no dataset"):
        check_dataset(tmp_path)


def test_its_own_run_lengths_agree_with_pycocotools() -> None:
    for sample in make_samples(make_config()):
        for instance in sample.instances:
            seen = sample.layers["instance_ids"] == instance.instance_id
            assert (decode(instance.rle, *seen.shape) == seen).all()
    full = np.ones((300, 500), bool)
    assert decode(mask.encode(full), 300, 500).all() and run_lengths(mask.encode(full)["counts"]) == [
        0,
        150_000,
    ]


@pytest.mark.parametrize("counts", ["\x00", "ooo", "oooooooooooo0", "0", "P0", None, 5, "\u00ff"])
def test_broken_run_lengths_are_refused(counts: object) -> None:
    with pytest.raises(ValueError, match=r"counts|run lengths"):
        decode({"size": [4, 4], "counts": counts}, 4, 4)


def test_a_fault_reads_as_one_line() -> None:
    assert str(Fault("a.json", 3, "area", "is wrong")) == "a.json id 3: area: is wrong"
    assert str(Fault("a.json", None, "json", "is none")) == "a.json: json: is none"
