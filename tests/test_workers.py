"""A whole run: the same bytes however it is made, and what a folder may and may not hold."""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from faulty_boxes import begin, make_config, tree

from simdata import Dataset
from simdata.config import LabelConfig
from simdata.errors import ConfigError, DiskFullError, HoleBudgetError, IncompleteError
from simdata.workers import run as run_module
from simdata.workers.folder import Output
from simdata.workers.plan import Plan, differences, make_plan
from simdata.workers.run import Progress, generate
from simdata.workers.work import Work

CONFIG = make_config(scenes=6, shard_scenes=2, views=2)
DRIVER = """
import json, sys
from pathlib import Path
from simdata.config import Config
from simdata.workers.run import generate
config = Config.model_validate_json(Path(sys.argv[1]).read_text())
generate(config, Path(sys.argv[2]), workers=2, on_progress=lambda p: print(p.done_scenes, flush=True))
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset made by one child, undisturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    generate(CONFIG, out)
    return out


def drive(config: Path, out: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, str(config), str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_two_children_give_the_same_bytes_and_progress(whole: Path, tmp_path: Path) -> None:
    seen: list[Progress] = []
    summary = generate(CONFIG, tmp_path / "elsewhere", workers=2, on_progress=seen.append)
    assert (summary.images, summary.holes, summary.already_complete) == (12, (), False)
    assert seen[-1].done_scenes == seen[-1].total_scenes == 6 and seen[-1].images == 12
    assert [p.done_scenes for p in seen] == sorted(p.done_scenes for p in seen)
    assert tree(whole) == tree(tmp_path / "elsewhere")


def test_in_process_gives_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    generate(CONFIG, tmp_path / "out", in_process=True)
    assert tree(whole) == tree(tmp_path / "out")


def test_a_dataset_says_nothing_of_how_it_was_made(whole: Path, tmp_path: Path) -> None:
    names = set(tree(whole))
    assert not [name for name in names if ".work" in name or ".part" in name]
    manifest = json.loads((whole / "manifest.json").read_text())
    text = json.dumps(manifest)
    assert (
        str(whole) not in text and str(Path(__file__).parent) not in text and os.uname().nodename not in text
    )
    assert {fact["path"] for fact in manifest["files"]} >= {"store/shard-000002.json"}
    assert manifest["plan"]["config"]["scene"] == "faulty_boxes.py:Boxes"
    scenes = (whole / "scenes" / "shard-000000.jsonl").read_text()
    assert str(Path(__file__).parent) not in scenes and '"faulty_boxes.py:Boxes"' in scenes
    dataset = Dataset(whole)
    assert len(dataset) == 12
    assert "start" in (whole / "run.log").read_text()


def test_a_driver_killed_again_and_again_leaves_no_trace(tmp_path: Path) -> None:
    """SIGKILL at moments that walk through the run; each resume goes on where the last one was cut."""
    long = make_config(
        scenes=30, shard_scenes=2, views=2
    )  # so long that no machine is done before three kills
    config, out, whole = tmp_path / "config.json", tmp_path / "out", tmp_path / "whole"
    config.write_text(long.model_dump_json())
    generate(long, whole)
    killed = 0
    for moment in range(10):
        driver = drive(config, out)
        assert driver.stdout is not None
        lines = 1 + 3 * (moment > 0) + moment % 2
        while lines and driver.stdout.readline():
            lines -= 1
        time.sleep(0.02 * (moment % 4))
        driver.kill()
        driver.wait()
        driver.stdout.close()
        killed += driver.returncode == -signal.SIGKILL
        if (out / "manifest.json").exists():
            break
    assert killed >= 3
    generate(long, out)
    summary = generate(long, out)
    assert summary.already_complete
    assert tree(whole) == tree(out)


def test_ctrl_c_stops_cleanly_and_says_how_to_go_on(whole: Path, tmp_path: Path) -> None:
    config, out = tmp_path / "config.json", tmp_path / "out"
    config.write_text(CONFIG.model_dump_json())
    driver = drive(config, out)
    assert driver.stdout is not None
    driver.stdout.readline(), driver.stdout.readline()
    children = [p for p in Path("/proc").glob("[0-9]*") if parent(p) == driver.pid]
    assert children
    driver.send_signal(signal.SIGINT)
    _, complaint = driver.communicate(timeout=20)
    assert "IncompleteError: interrupted: " in complaint and "the same command resumes" in complaint
    assert not [child for child in children if child.exists()]
    summary = generate(CONFIG, out)
    assert not summary.already_complete
    assert tree(whole) == tree(out)


def parent(proc: Path) -> int:
    try:
        return int((proc / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def test_holes_are_listed_and_reproduced_and_do_not_depend_on_workers(tmp_path: Path) -> None:
    config = make_config(scenes=4, shard_scenes=2, faults={"2": "crash"})
    summary = generate(config, tmp_path / "a")
    generate(config, tmp_path / "b", workers=2)
    assert tree(tmp_path / "a") == tree(tmp_path / "b")
    assert [(hole.scene, hole.cause) for hole in summary.holes] == [(2, "crash")]
    bundle = tmp_path / "a" / "holes" / "scene-000000002.json"
    assert json.loads(bundle.read_text())["detail"] == "SIGSEGV"
    again = subprocess.run([sys.executable, "-m", "simdata.workers.child", str(bundle)], capture_output=True)
    assert again.returncode == -signal.SIGSEGV
    assert "Segmentation fault" in (tmp_path / "a" / "run.log").read_text()


def test_too_many_holes_stop_the_run(tmp_path: Path) -> None:
    faults = dict.fromkeys(map(str, range(6)), "raise")
    config = make_config(faults=faults, run={"hole_budget": 0.0})
    with pytest.raises(
        HoleBudgetError, match=r"1 scenes failed twice and run\.hole_budget allows 0: 1 × error"
    ):
        generate(config, tmp_path / "out")


def test_another_plan_is_refused_and_says_what_differs(whole: Path, tmp_path: Path) -> None:
    before = tree(whole)
    other = CONFIG.model_copy(update={"seed": 8})
    with pytest.raises(ConfigError, match=r"config\.seed: 7 -> 8"):
        generate(other, whole)
    assert generate(CONFIG, whole).already_complete
    assert tree(whole) == before
    begin(tmp_path / "out", CONFIG)  # one that is not finished
    with pytest.raises(ConfigError, match=r"config\.seed: 7 -> 8"):
        generate(other, tmp_path / "out")


def test_a_builder_that_changed_is_another_plan(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "faulty_boxes.py"
    path.write_text((Path(__file__).parent / "faulty_boxes.py").read_text() + "# mended\n")
    with pytest.raises(ConfigError, match=r"builder\.sha256"):
        generate(CONFIG.model_copy(update={"scene": f"{path}:Boxes"}), whole)


def test_a_worker_with_other_code_or_libraries_than_the_plan_is_refused(tmp_path: Path) -> None:
    """One dataset must not hold two kinds of pictures because somebody saved a file or a node is older."""
    plan = begin(tmp_path / "out", CONFIG)
    assert re.fullmatch("[0-9a-f]{16}", plan.versions["simdata_code"])
    old = plan.model_copy(update={"versions": plan.versions | {"numpy": "1.0", "simdata_code": "0" * 16}})
    Output(tmp_path / "out").plan.write_bytes(old.to_bytes())
    with pytest.raises(ConfigError, match=r'versions\.numpy: "1\.0" -> .*versions\.simdata_code'):
        Work(tmp_path / "out")
    with pytest.raises(ConfigError, match=r"another plan: versions\.numpy"):
        generate(CONFIG, tmp_path / "out")


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years")
    for overwrite in (False, True):
        with pytest.raises(ConfigError, match=r"holds something else \(thesis\.txt\)"):
            generate(CONFIG, tmp_path, overwrite=overwrite)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    with pytest.raises(ConfigError, match="is a file"):
        generate(CONFIG, tmp_path / "thesis.txt")
    with pytest.raises(ConfigError, match="cannot write"):
        generate(CONFIG, Path("/proc/nowhere"))


def test_overwrite_removes_the_dataset_and_nothing_else(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    generate(make_config(scenes=2, views=3), out)
    (out / "images" / "notes.txt").write_text("mine")
    (out / "thesis.txt").write_text("years")
    generate(CONFIG, out, overwrite=True, workers=2)
    found = tree(out)
    assert found.pop("images/notes.txt") and found.pop("thesis.txt")
    assert found == tree(whole)


def test_an_overwrite_cut_short_is_gone_on_with(whole: Path, tmp_path: Path, monkeypatch: Any) -> None:
    out = tmp_path / "out"
    generate(make_config(scenes=2), out, in_process=True)
    unlink, left = Path.unlink, [5]

    def cut(self: Path, missing_ok: bool = False) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise KeyboardInterrupt
        unlink(self, missing_ok=missing_ok)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", cut)
        generate(CONFIG, out, overwrite=True, in_process=True)
    assert not Output(out).finished
    generate(CONFIG, out, in_process=True)
    assert tree(out) == tree(whole)


def test_one_driver_at_a_time(tmp_path: Path) -> None:
    output = Output(tmp_path / "out")
    with output.locked(), pytest.raises(ConfigError, match="another run writes"):
        generate(CONFIG, output.path)
    assert not output.path.exists(), "a run that began nothing leaves nothing"


def test_a_full_disk_is_told_before_it_is_full(tmp_path: Path, monkeypatch: Any) -> None:
    usage = run_module.shutil.disk_usage
    free = iter([10**9, 10**9, 3])
    monkeypatch.setattr(
        run_module.shutil, "disk_usage", lambda path: usage(path)._replace(free=next(free, 10**9))
    )
    with pytest.raises(DiskFullError, match=r"MB more and .* the same command resumes"):
        generate(CONFIG, tmp_path / "out", in_process=True)
    assert generate(CONFIG, tmp_path / "out", in_process=True).resumed_scenes == 2


def test_bad_requests(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="0 workers"):
        generate(CONFIG, tmp_path / "out", workers=0)
    with pytest.raises(ConfigError, match="unknown executor"):
        generate(CONFIG, tmp_path / "out", executor="slurm")  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="categories"):
        labels = LabelConfig.model_validate({"categories": {"drop": ["sphere"]}})
        make_plan(CONFIG.model_copy(update={"labels": labels}))


def test_interrupted_says_how_much_is_done(tmp_path: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done_scenes == 3:
            raise KeyboardInterrupt

    with pytest.raises(IncompleteError, match=r"interrupted: 1 of 3 shards"):
        generate(CONFIG, tmp_path / "out", on_progress=interrupt)


def test_a_plan_reads_back_equal_and_tells_its_scenes() -> None:
    plan = make_plan(CONFIG)
    assert Plan.model_validate_json(plan.to_bytes()) == plan
    assert [plan.scenes_of(shard) for shard in range(plan.shards)] == [range(2), range(2, 4), range(4, 6)]
    assert plan.images == 12 and plan.images_by_split == {"train": 6, "val": 6}
    odd = make_plan(make_config(scenes=5, shard_scenes=2))
    assert odd.shards == 3 and odd.scenes_of(2) == range(4, 5)
    assert list(differences({"a": [1, {"b": 2}], "c": 1}, {"a": [1, {"b": 3}], "d": 1})) == [
        "a[1].b: 2 -> 3",
        'c: 1 -> "(absent)"',
        'd: "(absent)" -> 1',
    ]


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library keeps what is freed"
)
def test_a_worker_gives_back_what_was_freed(tmp_path: Path) -> None:
    begin(tmp_path / "out", CONFIG)
    work = Work(tmp_path / "out")
    (tmp_path / "staging").mkdir()
    before = resident_mb()
    pile = [b"x" * 100_000 for _ in range(1000)]
    del pile[:-1]  # the last one lies on top of what is free
    assert resident_mb() > before + 50
    work.scene(0, tmp_path / "staging")
    assert resident_mb() < before + 50


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6
