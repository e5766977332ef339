"""Named streams: a number depends on its seed and path, and on nothing else."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from simdata.distributions import Uniform
from simdata.rng import Stream

UNIT = Uniform(low=0, high=1)
NAMES = st.lists(st.one_of(st.integers(0, 99), st.text("a#\\\x1f3", max_size=3)), max_size=4)


def test_a_draw_ignores_what_is_drawn_beside_it() -> None:
    alone = Stream(7).child("scene", 3).draw("radius", UNIT)
    scene = Stream(7).child("scene", 3)
    for name in ("color", "height", "radius of the other"):
        scene.draw(name, UNIT)
    scene.child("radius").draw("depth", UNIT)
    assert scene.draw("radius", UNIT) == alone
    assert scene.draw("radius", UNIT) == alone  # and drawing it is not using it up


def test_seed_zero_is_a_seed() -> None:
    values = {Stream(seed).draw("x", UNIT) for seed in (0, 1, 2, 2**32, 2**63 - 1)}
    assert len(values) == 5


def test_numbers_are_pinned() -> None:
    """A change here changes every dataset ever made from a seed: raise the version if it must be."""
    assert Stream(7).child("scene", 3).child("mug", 1).draw("radius", UNIT) == PINNED
    assert Stream(7, ("scene", "#3", "mug", "#1")).draw("radius", UNIT) == PINNED


PINNED = 0.33350625134439194


@given(NAMES, NAMES)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_different_paths_are_different_streams(a: list[str | int], b: list[str | int]) -> None:
    same = [(type(x), x) for x in a] == [(type(x), x) for x in b]
    first, second = Stream(1).child(*a), Stream(1).child(*b)
    assert (first == second) == same
    assert (first.generator().integers(2**62) == second.generator().integers(2**62)) == same


@pytest.mark.parametrize(
    ("a", "b"),
    [((3,), ("3",)), ((3,), ("#3",)), (("a", "b"), ("a\x1fb",)), (("a", ""), ("a",)), (("\\#",), ("#",))],
)
def test_no_name_imitates_a_path(a: tuple, b: tuple) -> None:
    assert Stream(1).child(*a).draw("x", UNIT) != Stream(1).child(*b).draw("x", UNIT)


def test_a_path_may_be_walked_in_one_step_or_many() -> None:
    assert Stream(1).child("a", 2, "b") == Stream(1).child("a").child(2).child("b")


SCRIPT = """
from simdata.rng import Stream
from simdata.distributions import InShell, Choice
s = Stream(5).child("scene", 2)
print(s.draw("p", InShell(radius_low=1, radius_high=2)), s.draw("c", Choice(values=("a", "b", "c", "d"))))
print([s.child("k", k).generator().normal() for k in range(20)])
"""


def test_other_processes_draw_the_same() -> None:
    """Names are hashed by SHA-256, never by Python's own hash, which differs from process to process."""

    def output(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-c", SCRIPT]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert output("0") == output("12345") != ""


def test_streams_side_by_side_are_even_and_unrelated() -> None:
    """First draws of numbered siblings, as a run uses them: one a scene."""
    values = np.array([Stream(3).child("scene", k).draw("x", UNIT) for k in range(4000)])
    assert stats.kstest(values, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(values[1:], values[:-1])[0, 1]) < 4 / np.sqrt(4000)
    other = np.array([Stream(4).child("scene", k).draw("x", UNIT) for k in range(4000)])
    assert abs(np.corrcoef(values, other)[0, 1]) < 4 / np.sqrt(4000)
