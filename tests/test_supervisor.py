"""A child that crashes, hangs, is killed or stopped: who is to blame, and what it costs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from faulty_boxes import begin, make_config

from simdata.errors import AssetError, ConfigError, HoleBudgetError, IncompleteError
from simdata.workers.shard import SceneDone, ShardDone, jobs, run_shard
from simdata.workers.supervisor import Fault, Limits, Lost, Stopped, Supervisor


def ask(supervisor: Supervisor, number: int) -> dict[str, Any]:
    folder = supervisor.out / ".work" / "staging"
    return supervisor.ask({"op": "scene", "scene": number, "folder": str(folder)})


@pytest.fixture
def start(tmp_path: Path) -> Any:
    """Make supervisors that end with the test."""
    made = []

    def start_one(limits: Limits | None = None, **builder: Any) -> Supervisor:
        out = tmp_path / f"out{len(made)}"
        begin(out, make_config(**builder))
        made.append(Supervisor(out, limits))
        return made[-1]

    yield start_one
    for supervisor in made:
        supervisor.close()


FAULTS = {"1": "crash", "2": "raise", "3": "SIGKILL", "4": "exit", "5": "leave", "0": "print"}


def test_each_end_is_blamed_on_whom_it_belongs_to(start: Any) -> None:
    supervisor = start(faults=FAULTS)
    assert ask(supervisor, 0)["images"] == 1, "what native code prints must not reach the pipe"
    first = supervisor.pid
    with pytest.raises(Fault) as crash:
        ask(supervisor, 1)
    assert (crash.value.cause, crash.value.detail) == ("crash", "SIGSEGV")
    assert "about to fail by crash" in crash.value.output
    assert "Segmentation fault" in crash.value.output, "faulthandler says where"
    with pytest.raises(Fault) as raised:
        ask(supervisor, 2)
    assert raised.value.detail == "ValueError: scene 2 has no <object object at 0x…>"
    assert "in build" in raised.value.output
    assert supervisor.pid is not None and supervisor.pid != first
    with pytest.raises(Fault, match="SystemExit: 3"):
        ask(supervisor, 5)
    with pytest.raises(Lost, match="SIGKILL"):
        ask(supervisor, 3)
    with pytest.raises(Lost, match="status 3"):
        ask(supervisor, 4)


def test_cpu_time_is_limited_scene_by_scene(start: Any) -> None:
    supervisor = start(Limits(cpu=1.0), faults={"1": "spin"})
    ask(supervisor, 0)
    began = time.monotonic()
    with pytest.raises(Fault) as fault:
        ask(supervisor, 1)
    assert (fault.value.cause, fault.value.detail) == ("cpu_limit", "took more than 1 CPU seconds")
    assert "in fail" in fault.value.output, "the dump says where it was"
    assert time.monotonic() - began < 20


def test_a_stopped_child_is_killed_and_nobody_is_blamed(start: Any) -> None:
    supervisor = start(Limits(stall=2.0), faults={"1": "SIGSTOP"})
    with pytest.raises(Lost, match="SIGKILL"):
        ask(supervisor, 1)


def test_no_retry_mends_a_config(start: Any, tmp_path: Path) -> None:
    with pytest.raises(AssetError, match="mesh is broken"):
        ask(start(faults={"1": "asset"}), 1)
    empty = Supervisor(tmp_path / "nothing")
    with pytest.raises(ConfigError, match=r"plan\.json is not there"):
        ask(empty, 0)


def test_stop_from_another_thread(start: Any) -> None:
    supervisor = start(faults={"1": "spin"})
    ask(supervisor, 0)
    threading.Timer(0.3, supervisor.stop).start()
    began = time.monotonic()
    with pytest.raises(Stopped):
        ask(supervisor, 1)
    assert time.monotonic() - began < 5
    with pytest.raises(Stopped):
        ask(supervisor, 0)


def test_a_child_is_recycled_limited_and_ends_with_its_pipe(start: Any) -> None:
    supervisor = start(Limits(recycle=2))
    pids = [(ask(supervisor, number), supervisor.pid)[1] for number in (0, 1, 2)]
    assert pids[0] == pids[1] != pids[2]
    proc = Path(f"/proc/{pids[2]}")
    limits = {line[:26].strip(): line[26:].split()[0] for line in (proc / "limits").read_text().splitlines()}
    assert limits["Max core file size"] == "0"
    assert b"OMP_NUM_THREADS=1" in (proc / "environ").read_bytes().split(b"\0")
    assert os.getsid(pids[2]) == pids[2] != os.getsid(0), "Ctrl-C must reach the driver alone"
    supervisor.close()
    assert not proc.exists()


def test_children_die_with_their_driver(start: Any) -> None:
    out = start(faults={"0": "spin"}).out
    code = (
        "import sys, threading; from pathlib import Path; from simdata.workers.supervisor import Supervisor\n"
        "supervisor = Supervisor(Path(sys.argv[1]))\n"
        "supervisor._start(); print(supervisor.pid, flush=True)\n"
        "supervisor.ask({'op': 'scene', 'scene': 0, 'folder': sys.argv[1] + '/.work/x'})\n"
    )
    driver = subprocess.Popen([sys.executable, "-c", code, str(out)], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    child = int(driver.stdout.readline())
    time.sleep(0.3)
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    driver.stdout.close()
    assert gone_within(child, 5)


def gone_within(pid: int, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":  # nobody reaps orphans in some containers
            return True
        time.sleep(0.05)
    return False


def make_shard(tmp_path: Path, **builder: Any) -> tuple[list[Any], ShardDone]:
    tries = tmp_path / "tries"
    tries.mkdir()
    config = make_config(shard_scenes=6, tries=str(tries), **builder)
    plan = begin(tmp_path / "out", config)
    supervisor = Supervisor(tmp_path / "out", Limits(cpu=60))
    told: list[Any] = []
    try:
        job = next(jobs(plan, set(), 1))
        return told, run_shard(job, tmp_path / "out", supervisor, told.append)
    finally:
        supervisor.close()


def test_a_scene_is_retried_once_in_a_fresh_child_then_it_is_a_hole(tmp_path: Path) -> None:
    told, done = make_shard(tmp_path, faults={"1": "crash", "3": "raise", "4": "reject"})
    hidden = "ValueError: scene 3 has no <object object at 0x…>"
    assert [(hole.scene, hole.cause, hole.detail) for hole in done.receipt.holes[:2]] == [
        (1, "crash", "SIGSEGV"),
        (3, "error", hidden),
    ]
    exhausted = done.receipt.holes[2]
    assert (exhausted.scene, exhausted.cause) == (4, "exhausted")
    assert done.receipt.images == 3, "innocent scenes are all there"
    tries = sorted(path.name for path in (tmp_path / "tries").iterdir())
    pids = {number: {name.split(".")[2] for name in tries if name[0] == number} for number in "134"}
    assert {number: len(found) for number, found in pids.items()} == {"1": 2, "3": 2, "4": 1}
    assert sum(name[0] == "4" for name in tries) == 3, "max_attempts draws, and no second round of them"
    assert [event.scene for event in told if isinstance(event, SceneDone)] == list(range(6))


def test_one_bad_moment_costs_nothing(tmp_path: Path) -> None:
    faults = {"1": "crash", "2": "SIGKILL", "3": "exit", "5": "raise"}
    _, done = make_shard(tmp_path, faults=faults, once=True)
    assert done.receipt.holes == () and done.receipt.images == 6


def test_a_child_that_is_always_killed_ends_the_run_and_makes_no_hole(tmp_path: Path) -> None:
    with pytest.raises(IncompleteError, match="scene 0: lost 6 children in a row"):
        make_shard(tmp_path, faults={"0": "SIGKILL"})
    assert len(list((tmp_path / "tries").iterdir())) == 6


def test_the_hole_budget_stops_the_run_and_counts_causes(tmp_path: Path) -> None:
    faults = {"0": "raise", "1": "abort", "2": "raise"}
    with pytest.raises(HoleBudgetError, match=r"2 scenes failed .* allows 1: 1 × crash, 1 × error"):
        make_shard(tmp_path, faults=faults, run={"hole_budget": 0.2})
