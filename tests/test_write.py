"""Complete bytes or nothing; equal input, equal bytes; pictures, ids and depth survive the round trip."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sample_dataset import make_config, make_dataset, make_samples

from simdata.annotation import Strides
from simdata.config import split_of
from simdata.errors import DiskFullError, TakenError, WriteError
from simdata.write import encode, put
from simdata.write.coco import SampleRun
from simdata.write.files import facts_path, write_scene
from simdata.write.put import put_new, put_stream
from simdata.write.receipt import Hole
from simdata.write.store import INSTANCE_SCHEMA, seal_shard, shard_paths


def tree(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def picture() -> np.ndarray:
    y, x = np.mgrid[:48, :64]
    return np.stack([x * 4, y * 5, (x + y) * 2], -1).astype(np.uint8)


def stage(folder: Path, config, scenes) -> None:
    """Write some scenes the way a worker does, one at a time."""
    samples = list(make_samples(config))
    for number in scenes:
        group = [sample for sample in samples if sample.index.scene == number]
        run = SampleRun(number, group[0].split, 2, {"no_place": 2}, (group[0].scene,))
        write_scene(run, group, folder, config)


def test_put_new_writes_and_never_replaces(tmp_path: Path) -> None:
    put_new(tmp_path / "a" / "b.bin", b"first", sync=True)
    with pytest.raises(TakenError, match=r"b\.bin is there already"):
        put_new(tmp_path / "a" / "b.bin", b"second")
    assert (tmp_path / "a" / "b.bin").read_bytes() == b"first"
    assert list((tmp_path / "a").iterdir()) == [tmp_path / "a" / "b.bin"]


def test_of_racing_writers_exactly_one_wins(tmp_path: Path) -> None:
    for round_number in range(20):
        path, outcomes, start = tmp_path / f"marker-{round_number}", [], threading.Barrier(4)

        def race(
            me: int, path: Path = path, outcomes: list = outcomes, start: threading.Barrier = start
        ) -> None:
            start.wait()
            try:
                put_new(path, bytes([me]) * 100_000)
                outcomes.append(me)
            except TakenError:
                pass

        threads = [threading.Thread(target=race, args=(me,)) for me in range(4)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        assert len(outcomes) == 1
        assert path.read_bytes() == bytes([outcomes[0]]) * 100_000
    assert len(list(tmp_path.iterdir())) == 20


def fill_disk(monkeypatch: pytest.MonkeyPatch, after: int) -> None:
    """Let `os.write` take `after` bytes in short writes, then say the disk is full."""
    left, real = [after], os.write

    def write(handle: int, data: bytes) -> int:
        if left[0] == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = real(handle, bytes(data)[: min(left[0], 1000)])
        left[0] -= count
        return count

    monkeypatch.setattr(put.os, "write", write)


def test_short_writes_are_finished(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch, after=10_000)
    put_new(tmp_path / "a", bytes(range(256)) * 30)
    assert (tmp_path / "a").read_bytes() == bytes(range(256)) * 30


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill_disk(monkeypatch, after=2500)
    with pytest.raises(DiskFullError, match=r"4,096 bytes .* resumes"):
        put_new(tmp_path / "a.png", bytes(4096))
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_while_a_scene_is_written_leaves_no_facts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = make_config()
    with monkeypatch.context() as patch:
        fill_disk(patch, after=9000)
        with pytest.raises(DiskFullError):
            stage(tmp_path, config, [1])
    assert not facts_path(tmp_path, 1).exists()
    stage(tmp_path, config, [1])  # the same worker goes on after some space was freed
    clean = tmp_path / "clean"
    stage(clean, config, [1])
    assert {k: v for k, v in tree(tmp_path).items() if not k.startswith("clean")} == tree(clean)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 256 kB; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
    if os.geteuid() or shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("mounting a small disk needs root")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_really_full_disk_while_sealing(tmp_path: Path, small_disk: Path) -> None:
    stage(tmp_path / "scenes", make_config(), [0, 1])
    shutil.copytree(tmp_path / "scenes" / "facts", small_disk / "facts")
    for free in (0, 4096, 16384):
        with (small_disk / "ballast").open("wb", 0) as ballast, contextlib.suppress(OSError):
            while ballast.write(bytes(1024)):
                pass
        os.truncate(small_disk / "ballast", (small_disk / "ballast").stat().st_size - free)
        with pytest.raises(DiskFullError, match="no space left"):
            seal_shard(0, [0, 1], small_disk)
        left = [path for path in small_disk.rglob("*") if path.is_file() and path.parent.name != "facts"]
        assert left == [small_disk / "ballast"]
        (small_disk / "ballast").unlink()


def test_a_stream_that_fails_leaves_nothing(tmp_path: Path) -> None:
    put_new(tmp_path / "old", b"old")
    with pytest.raises(DiskFullError), put_stream(tmp_path / "old") as stream:
        stream.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")
    assert tree(tmp_path) == {"old": hashlib.sha256(b"old").hexdigest()}
    with put_stream(tmp_path / "old") as stream:
        stream.write(b"new")
    assert (tmp_path / "old").read_bytes() == b"new"
    assert len(list(tmp_path.iterdir())) == 1


def test_other_errors_name_the_file_and_the_reason(tmp_path: Path) -> None:
    put_new(tmp_path / "file", b"")
    with pytest.raises(WriteError, match=r"file/below.*(directory|exists)"):
        put_new(tmp_path / "file" / "below", b"x")


def test_a_file_system_without_links_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_link(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(put.os, "link", no_link)
    with pytest.raises(WriteError, match="no hard links"):
        put_new(tmp_path / "a", b"x")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("image_format", ["png", "jpg", "webp"])
def test_pictures_carry_the_mark_and_their_pixels(image_format: str) -> None:
    rgb = picture()
    data = encode.picture(rgb, image_format, 92)
    assert data == encode.picture(rgb.copy(), image_format, 92)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == {"png": "PNG", "jpg": "JPEG", "webp": "WEBP"}[image_format]
        packet = ElementTree.fromstring(image.info["xmp"])
        (mark,) = packet.iter("{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType")
        assert mark.text == encode.DIGITAL_SOURCE_TYPE
        assert encode.DIGITAL_SOURCE_TYPE.endswith("/algorithmicMedia")
        decoded = np.array(image.convert("RGB"))
    if image_format == "png":
        assert (decoded == rgb).all()
    assert np.abs(decoded.astype(int) - rgb).mean() < 3


def test_quality_is_used() -> None:
    sizes = [len(encode.picture(picture(), "jpg", quality)) for quality in (30, 95)]
    assert sizes[0] < sizes[1]


def test_instance_ids_round_trip() -> None:
    ids = np.arange(48 * 64).reshape(48, 64).astype(np.uint16)
    with Image.open(io.BytesIO(encode.instance_ids(ids))) as image:
        assert image.mode == "I;16"
        assert (np.array(image) == ids).all()


def test_depth_png16_rounds_and_marks_what_it_cannot_hold() -> None:
    depth = np.array([[0.0004, 0.0006, 1.2344, 65.535, 65.536, np.inf]], np.float32)
    with Image.open(io.BytesIO(encode.range_png16(depth, 0.001))) as image:
        assert np.array(image).tolist() == [[0, 1, 1234, 65535, 0, 0]]


def test_parquet_bytes_are_deterministic(tmp_path: Path) -> None:
    config = make_config(dataset__depth="float32")
    for name in ("a", "b"):
        stage(tmp_path / name, config, [2, 0, 1] if name == "a" else [0, 1, 2])
    receipts = [
        seal_shard(0, scenes, tmp_path / name) for name, scenes in (("a", [0, 1, 2]), ("b", [2, 1, 0]))
    ]
    assert receipts[0] == receipts[1]
    assert tree(tmp_path / "a") == tree(tmp_path / "b")


def test_sealing_again_gives_the_same(tmp_path: Path) -> None:
    stage(tmp_path, make_config(), [0, 1])
    first = seal_shard(3, [0, 1], tmp_path)
    before = tree(tmp_path)
    assert seal_shard(3, [0, 1], tmp_path) == first
    assert tree(tmp_path) == before


def test_a_receipt_counts_what_is_there_and_hashes_every_file(tmp_path: Path) -> None:
    config = make_config()
    stage(tmp_path, config, [0, 1, 3])
    hole = Hole(scene=2, split="train", cause="crash", detail="signal 11")
    receipt = seal_shard(0, [0, 1, 2, 3], tmp_path, [hole])
    samples = [s for s in make_samples(config) if s.index.scene != 2 and s.index.scene < 4]
    assert (receipt.first_scene, receipt.last_scene, receipt.holes) == (0, 3, (hole,))
    assert receipt.images == len(samples) == 6
    assert receipt.instances == sum(len(s.instances) for s in samples) > 0
    assert receipt.rejections == {"no_place": 6}
    assert sum(receipt.images_by_split.values()) == 6
    assert sum(receipt.instances_by_category.values()) == receipt.instances
    on_disk = {path: sha256 for path, sha256 in tree(tmp_path).items() if not path.startswith("facts/")}
    assert {fact.path: fact.sha256 for fact in receipt.files} == on_disk
    assert {fact.path: fact.bytes for fact in receipt.files} == {
        path: (tmp_path / path).stat().st_size for path in on_disk
    }


def test_sealing_refuses_a_scene_that_is_not_done(tmp_path: Path) -> None:
    stage(tmp_path, make_config(), [0])
    with pytest.raises(WriteError, match="scene 1 has no facts"):
        seal_shard(0, [0, 1], tmp_path)


def test_a_done_scene_is_not_written_twice(tmp_path: Path) -> None:
    stage(tmp_path, make_config(), [0])
    with pytest.raises(TakenError):
        stage(tmp_path, make_config(), [0])


def test_a_shard_of_holes_is_empty_but_readable(tmp_path: Path) -> None:
    receipt = seal_shard(7, [1], tmp_path, [Hole(scene=1, split="train", cause="crash")])
    assert (receipt.images, receipt.instances) == (0, 0)
    assert pq.read_table(tmp_path / shard_paths(7)[1]).schema == INSTANCE_SCHEMA


def test_many_rows_go_into_several_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stage(tmp_path, make_config(), [0, 1, 2])
    seal_shard(0, [0, 1, 2], tmp_path)
    whole = pq.read_table(tmp_path / shard_paths(0)[1])
    monkeypatch.setattr("simdata.write.store._ROWS", 8)
    seal_shard(0, [0, 1, 2], tmp_path)
    with pq.ParquetFile(tmp_path / shard_paths(0)[1]) as file:
        assert file.num_row_groups == -(-len(whole) // 8)
        assert file.read() == whole


def test_other_layers_and_depth_are_stored(tmp_path: Path) -> None:
    config = make_config(dataset__depth="png16", dataset__instance_ids=False, dataset__image_format="webp")
    sample = next(s for s in make_samples(config) if s.image_id == 3)
    flow = np.ones((64, 96, 2), np.float32)
    object.__setattr__(sample, "layers", {**sample.layers, "flow": flow})
    run = SampleRun(1, sample.split, 0, {}, (sample.scene,))
    write_scene(run, [sample], tmp_path, config)
    stem = f"{sample.split}/000000000003"
    assert set(tree(tmp_path)) == {
        f"depth/{stem}.png",
        f"images/{stem}.webp",
        f"layers/flow/{stem}.npy",
        "facts/scene-000000001.json",
    }
    assert (np.load(tmp_path / f"layers/flow/{stem}.npy") == flow).all()


def test_a_dataset_is_a_function_of_its_config(tmp_path: Path) -> None:
    make_dataset(tmp_path / "a")
    make_dataset(tmp_path / "b")
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    ids = {f"{Strides(views=2).image_id(s.index):012d}" for s in make_samples(make_config())}
    assert {path.stem for path in (tmp_path / "a" / "images").rglob("*.png")} == ids
    assert (tmp_path / "a" / "images" / split_of({"train": 0.8, "val": 0.2}, 0)).is_dir()
