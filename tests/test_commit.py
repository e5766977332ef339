"""The commit protocol, cut at each of its steps."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faulty_boxes import begin, make_config, tree

from simdata.errors import WriteError
from simdata.workers.commit import Ledger, Marker, hole_bytes, new_session
from simdata.workers.folder import Output
from simdata.workers.in_process import InProcessExecutor
from simdata.workers.plan import runnable
from simdata.workers.run import generate
from simdata.workers.shard import ShardDone, jobs
from simdata.write.receipt import Hole

CONFIG = make_config(scenes=2, shard_scenes=1, faults={"1": "reject"})

# Runs in a process of its own, which forks one child a case: only a real `_exit` skips `finally` blocks.
# Each child dies at its n-th step that changes a name, before or after it, and another one resumes.
KILLER = """
import os, shutil, sys
from pathlib import Path
from simdata.config import Config
from simdata.workers.run import generate
import simdata.workers.in_process

config = Config.model_validate_json(Path(sys.argv[1]).read_text())

def run(out, fatal, after):
    pid = os.fork()
    if pid == 0:
        steps = [0]
        def deadly(function):
            def step(*args, **kwargs):
                steps[0] += 1
                if steps[0] == fatal and not after:
                    os._exit(77)
                try:
                    return function(*args, **kwargs)
                finally:
                    if steps[0] == fatal:
                        os._exit(77)
            return step
        os.link, os.rename = deadly(os.link), deadly(os.rename)
        os.replace, os.rmdir = deadly(os.replace), deadly(os.rmdir)
        generate(config, out, in_process=True)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

base, fatal = Path(sys.argv[2]), int(sys.argv[3])
while True:
    for after in (False, True):
        out = base / f"{fatal}-{after}"
        first = run(out, fatal, after)
        second = run(out, 0, False) if first else 0
        print(fatal, int(after), first, second, flush=True)
        if not first:
            sys.exit()
    fatal += int(sys.argv[4])
"""


def staged(out: Path) -> tuple[Output, Ledger, list[ShardDone]]:
    """Stage all shards of CONFIG, with nothing marked."""
    plan = begin(out, CONFIG)
    output = Output(out)
    todo = jobs(plan, set(), new_session(output))
    done = [event for event in InProcessExecutor(out).run(todo) if isinstance(event, ShardDone)]
    return output, Ledger(output, plan, runnable(plan, output.sources)), done


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dataset, undisturbed: one scene and one hole."""
    out = tmp_path_factory.mktemp("whole") / "out"
    assert generate(CONFIG, out, in_process=True).images == 1
    return out


def test_a_driver_may_die_at_any_step(whole: Path, tmp_path: Path) -> None:
    """Before and after every second link, rename and removal, so in every gap between two of them."""
    config = tmp_path / "config.json"
    config.write_text(CONFIG.model_dump_json())
    killers = [
        subprocess.Popen(
            [sys.executable, "-c", KILLER, str(config), str(tmp_path), str(first), "4"],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
        for first in (1, 3)
    ]
    lines = [line.split() for killer in killers for line in killer.communicate(timeout=120)[0].splitlines()]
    cut = [line for line in lines if line[2] == "77"]
    assert len(cut) > 20, lines
    assert {line[3] for line in lines} == {"0"}, "every resume ends well"
    expected = tree(whole)
    for fatal, after, *_ in lines:
        folder = tmp_path / f"{fatal}-{bool(int(after))}"
        assert tree(folder) == expected, f"cut at step {fatal}"
        assert not (folder / ".work").exists()


def test_the_first_marker_wins_and_the_loser_is_cleared_away(tmp_path: Path) -> None:
    output, ledger, (first, _) = staged(tmp_path / "out")
    late = output.work / "shard-000000-1.2"
    shutil.copytree(output.work / first.staging, late)
    assert ledger.take(first.staging, first.receipt)
    assert not ledger.take(late.name, first.receipt.model_copy(update={"images": 99}))
    assert not late.exists() and ledger.images == 1
    marker = Marker.model_validate_json((output.markers / "shard-000000.json").read_bytes())
    assert marker == Marker(staging=first.staging, receipt=first.receipt)


def test_shards_are_published_in_their_order(tmp_path: Path, whole: Path) -> None:
    output, ledger, (first, second) = staged(tmp_path / "out")
    ledger.take(second.staging, second.receipt)
    ledger.publish()
    assert not (output.path / "store").exists(), "its turn has not come"
    with pytest.raises(WriteError, match="shard 0 of 2 is not committed"):
        ledger.finalize()
    ledger.take(first.staging, first.receipt)
    ledger.publish()
    assert len(list((output.path / "store").glob("shard-*.json"))) == 2
    ledger.finalize()
    assert tree(output.path) == tree(whole)


def test_an_unmarked_shard_counts_for_nothing_and_a_marked_one_is_kept(tmp_path: Path) -> None:
    output, ledger, (first, second) = staged(tmp_path / "out")
    ledger.take(second.staging, second.receipt)
    assert new_session(output) == 2
    assert not (output.work / first.staging).exists()
    assert (output.work / second.staging).exists()
    plan = output.read_plan()
    assert plan is not None
    again = Ledger(output, plan, runnable(plan, output.sources))
    assert [job.staging for job in jobs(plan, again.marked, 2)] == ["shard-000000-2.1"]


def test_a_foreign_file_in_the_way_is_not_replaced(tmp_path: Path) -> None:
    output, ledger, (first, _) = staged(tmp_path / "out")
    ledger.take(first.staging, first.receipt)
    image = next(fact.path for fact in first.receipt.files if fact.path.startswith("images/"))
    (output.path / image).parent.mkdir(parents=True)
    (output.path / image).write_bytes(b"mine")
    with pytest.raises(WriteError, match="is not of this dataset"):
        ledger.publish()
    assert (output.path / image).read_bytes() == b"mine"


@pytest.mark.parametrize("fault", ["missing", "cut"])
def test_a_marked_shard_that_lost_a_file_is_told(tmp_path: Path, fault: str) -> None:
    output, ledger, (first, _) = staged(tmp_path / "out")
    ledger.take(first.staging, first.receipt)
    victim = output.work / first.staging / first.receipt.files[0].path
    victim.unlink() if fault == "missing" else victim.write_bytes(victim.read_bytes()[:-1])
    with pytest.raises(WriteError, match="is missing or cut"):
        ledger.publish()


def test_the_manifest_vouches_for_receipts_and_they_for_every_file(whole: Path) -> None:
    hashes = tree(whole)
    manifest = json.loads((whole / "manifest.json").read_bytes())
    vouched = {fact["path"]: fact["sha256"] for fact in manifest["files"]}
    for path in (whole / "store").glob("shard-*.json"):
        assert re.fullmatch(r"shard-\d{6}\.json", path.name)
        vouched |= {fact["path"]: fact["sha256"] for fact in json.loads(path.read_bytes())["files"]}
    assert hashes.pop("manifest.json")
    assert vouched == hashes


def test_equal_holes_have_equal_bundles(tmp_path: Path) -> None:
    plan = begin(tmp_path / "out", CONFIG)
    bundle = json.loads(hole_bytes(plan, Hole(scene=1, split="val", cause="crash", detail="SIGSEGV")))
    assert bundle["seed"] == 7 and bundle["plan_sha256"] == plan.digest
    assert bundle["reproduce"].endswith("holes/scene-000000001.json")


def test_this_test_can_fail(tmp_path: Path, monkeypatch: Any) -> None:
    """A publisher that replaces instead of looking would lose the file in the way: the check is real."""
    _, ledger, (first, _) = staged(tmp_path / "out")
    ledger.take(first.staging, first.receipt)
    monkeypatch.setattr("simdata.workers.commit._place", lambda staged, final, fact: None)
    with pytest.raises(WriteError):
        ledger.publish()
