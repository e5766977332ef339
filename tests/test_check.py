"""`check` passes what is right and catches every fault we can think of: one that never fires is none."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from faulty_annotations import MUTANTS
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
