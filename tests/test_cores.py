"""Each worker's share of the cores, and that its child is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from faulty_boxes import make_config

from simdata.render import Probe
from simdata.render.flat import FlatRenderer
from simdata.workers import cores
from simdata.workers.cores import share_of_cores, usable_cores
from simdata.workers.run import generate
from simdata.workers.summary import Progress


@pytest.mark.parametrize(
    ("quota", "expected"),
    [("max 100000", 8), ("250000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8), ("", 8), (None, 8)],
)
def test_a_containers_quota_counts(
    quota: str | None, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))
    path = tmp_path / "cpu.max"
    if quota is not None:
        path.write_text(quota)
    assert usable_cores(path) == expected


@pytest.mark.parametrize(("there", "workers", "expected"), [(8, 2, 4), (8, 3, 2), (2, 2, 1), (2, 5, 1)])
def test_shares_never_add_up_to_more_than_there_is(
    there: int, workers: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "usable_cores", lambda: there)
    assert share_of_cores(workers) == expected


def test_local_children_are_told_their_share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable_cores", lambda: 7)
    told: set[str] = set()

    def look(_: Progress) -> None:
        told.update(said_to_children(os.getpid(), "LP_NUM_THREADS"))

    generate(make_config(scenes=4, shard_scenes=2), tmp_path / "out", workers=2, on_progress=look)
    assert told == {"3"}


def test_devices_are_dealt_out_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shares = ({"SIMDATA_EGL_DEVICE": "0"}, {"SIMDATA_EGL_DEVICE": "3"})
    monkeypatch.setattr(FlatRenderer, "probe", lambda device="auto": Probe("two devices", "cpu", 1, shares))
    told: set[str] = set()

    def look(_: Progress) -> None:
        told.update(said_to_children(os.getpid(), "SIMDATA_EGL_DEVICE"))

    generate(make_config(scenes=8, shard_scenes=1), tmp_path / "out", workers=3, on_progress=look)
    assert told == {"0", "3"}


def said_to_children(parent: int, name: str) -> set[str]:
    """Return what the environments of a process's children say of a variable."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            above = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            names = dict(line.partition("=")[::2] for line in (process / "environ").read_text().split("\0"))
        except OSError:
            continue
        if above == parent and b"simdata.workers.child" in (process / "cmdline").read_bytes():
            found.add(names.get(name, ""))
    return found
