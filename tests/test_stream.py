"""The live stream without PyTorch: what is shown, in which order, and that nothing is left behind."""

from __future__ import annotations

import gc
import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from faulty_boxes import make_config
from streamed import children, prints, prints_of_dataset, wait_until

import simdata
from simdata.config import Config, DatasetConfig, split_of
from simdata.config_file import changed
from simdata.errors import ConfigError, HoleBudgetError
from simdata.workers.channel import Channel
from simdata.workers.deal import EPOCH_SCENES, Deal, Part, Turn, alternate
from simdata.workers.live import Crew, live
from simdata.workers.maker import Staging
from simdata.workers.run import generate
from simdata.workers.source import Seat

CONFIG = make_config(scenes=8, shard_scenes=2, views=2)
BOXES = Config(
    scene=f"{Path(__file__).parent / 'boxes.py'}:Boxes", renderer="flat", builder={"count": 2}, seed=3
)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The training images that `generate` makes of the same config: 4 scenes of 2."""
    out = tmp_path_factory.mktemp("written") / "out"
    generate(CONFIG, out, in_process=True)
    return prints_of_dataset(out)


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: Any) -> Path:
    """A folder of their own for temporary files, to see what stays."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def all_gone(scratch: Path) -> bool:
    return not children() and not list(scratch.iterdir())


# Deals: numbers alone.


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
@pytest.mark.parametrize("max_items", [1, 5, 12, 31])
@pytest.mark.parametrize("split", ["train", "val", None])
def test_parts_together_deal_an_epoch_once(parts: int, max_items: int, split: str | None) -> None:
    dataset = DatasetConfig(looks_per_layout=2, views=2)
    deal = Deal(dataset, split, max_items)
    whole = list(deal.turns(1))
    shares = [list(deal.turns(1, Part(part, parts))) for part in range(parts)]
    assert sorted(turn for share in shares for turn in share) == whole
    assert sum(turn.images for turn in whole) == max_items and all(turn.images for turn in whole)
    assert [deal.items(Part(p, parts)) for p in range(parts)] == [
        sum(turn.images for turn in share) for share in shares
    ]
    of_split = [n for n in range(1000) if split in (None, split_of(dataset.splits, EPOCH_SCENES + n))]
    assert [turn.scene - EPOCH_SCENES for turn in whole] == of_split[: len(whole)]


def test_a_ranks_scenes_do_not_depend_on_its_loader_workers() -> None:
    deal = Deal(DatasetConfig(views=1), None, 40)
    for rank in range(3):
        alone = {turn.scene for turn in deal.turns(0, Seat(rank=rank, ranks=3).part)}
        seats = [Seat(worker=worker, workers=4, rank=rank, ranks=3) for worker in range(4)]
        assert {turn.scene for seat in seats for turn in deal.turns(0, seat.part)} == alone


def test_seats_of_a_machine_share_it() -> None:
    seats = [
        Seat(worker=worker, workers=2, rank=6 + local, ranks=8, local_rank=local, local_ranks=2)
        for local in range(2)
        for worker in range(2)
    ]
    crews = [seat.crew(3) for seat in seats]
    assert [(crew.children, crew.beside, crew.number) for crew in crews] == [(3, 4, n) for n in range(4)]
    assert Seat(workers=100).crew(None).children == 1


def test_scenes_come_alternately_and_each_in_order() -> None:
    scenes = (
        iter([f"{name}{view}" for view in range(size)])
        for name, size in zip("abcde", (2, 0, 3, 1, 2), strict=True)
    )
    assert list(alternate(scenes, 3)) == ["a0", "c0", "a1", "c1", "c2", "d0", "e0", "e1"]
    awaited = []

    def made() -> Iterator[Iterator[str]]:
        for name in "abc":
            awaited.append(name)
            yield iter(name)

    assert next(alternate(made(), 3)) == "a" and awaited == ["a"], "it does not wait for the second"


def test_deals_that_cannot_be() -> None:
    dataset = DatasetConfig(splits={"train": 1.0, "val": 0.0})
    with pytest.raises(ConfigError, match=r"split 'val'; the config's are: train; None is all"):
        Deal(dataset, "val")
    with pytest.raises(ConfigError, match=r"an epoch has 1 to 30,000,000 images"):
        Deal(dataset, "train", 30_000_001)
    with pytest.raises(ConfigError, match="max_items 0"):
        Deal(dataset, "train", 0)
    with pytest.raises(ConfigError, match="spread 0"):
        Deal(dataset, "train", spread=0)


def test_workers_of_a_loader_agree_on_their_epoch(tmp_path: Path) -> None:
    channel = Channel(tmp_path)
    assert [channel.take_epoch() for _ in range(2)] == [0, 1]
    assert [channel.take_epoch("a.0", worker) for worker in (0, 1)] == [2, 2]
    assert channel.take_epoch("b.0", 1) == 3  # worker 0 is late …
    assert channel.take_epoch("a.1", 0) == 4
    assert channel.take_epoch("b.0", 0) == 3  # … and still joins its siblings
    assert channel.take_epoch("b.0", 0) == 5, "the same name again is another round"
    assert channel.take_epoch("b.0", 1) == 5
    channel.set_epoch(1)
    assert [channel.take_epoch("c.0", worker) for worker in (0, 1)] == [1, 1]
    assert channel.take_epoch() == 2
    with pytest.raises(ConfigError, match="epoch -1"):
        channel.set_epoch(-1)


def test_changes_of_a_config_are_validated() -> None:
    new = changed(CONFIG, {"builder.once": True, "labels.min_visible_px": 3})
    assert new.builder["once"] is True and new.labels.min_visible_px == 3
    assert changed(BOXES, {"builder.side": simdata.Uniform(low=0.1, high=0.2)}).builder["side"]["high"] == 0.2
    for wrong in ({"builder.cups": 1}, {"labels.min_visible_px": 0}, {"nonsense": 1}):
        with pytest.raises(ConfigError):
            changed(CONFIG, wrong)


# What is shown.


def test_epoch_0_is_what_generate_writes_in_an_order_of_its_own(
    written: dict[int, str], scratch: Path
) -> None:
    shown = prints(simdata.stream(CONFIG, max_items=8, children=2, spread=3))
    assert shown == written and len(shown) == 8
    a, b, c, d = (2 * turn.scene + 1 for turn in islice(Deal(CONFIG.dataset).turns(0), 4))
    assert list(shown) == [a, b, c, a + 1, b + 1, c + 1, d, d + 1], "three scenes alternate"
    assert all_gone(scratch)


def test_another_epoch_or_seed_is_other_images(written: dict[int, str]) -> None:
    second = prints(simdata.stream(CONFIG, max_items=4, epoch=1, children=1))
    assert min(second) > EPOCH_SCENES and not set(second.values()) & set(written.values())
    other = prints(simdata.stream(CONFIG, seed=8, max_items=2, children=1))
    assert not set(other.values()) & set(written.values())


def test_a_child_killed_is_replaced_and_nothing_is_lost_or_repeated(
    written: dict[int, str], scratch: Path
) -> None:
    killed: list[int] = []

    def disturbed() -> Iterator[Any]:
        for number, item in enumerate(simdata.stream(CONFIG, max_items=8, children=1, spread=1)):
            if number in (0, 3):
                killed.extend(children())
                for pid in children():
                    os.kill(pid, signal.SIGKILL)
            yield item

    assert prints(disturbed()) == written
    assert len(set(killed)) == 2
    assert all_gone(scratch)


def test_a_scene_that_always_fails_is_left_out_and_told(written: dict[int, str]) -> None:
    number = next(turn.scene for turn in Deal(CONFIG.dataset).turns(0) if turn.scene)
    faulty = make_config(scenes=8, views=2, faults={str(number): "crash"})
    with pytest.warns(UserWarning, match=rf"scene {number} failed and is left out .*crash: SIGSEGV"):
        shown = prints(simdata.stream(faulty, max_items=8, children=1))
    lost = {2 * number + 1, 2 * number + 2}
    assert shown == {image_id: value for image_id, value in written.items() if image_id not in lost}
    strict = make_config(scenes=8, views=2, faults={str(number): "raise"}, run={"hole_budget": 0.2})
    with pytest.warns(UserWarning, match="is left out"), pytest.raises(HoleBudgetError, match="allows 0"):
        prints(simdata.stream(strict, max_items=8, children=1))


def test_children_work_ahead_but_not_far(scratch: Path) -> None:
    asked = []

    def turns() -> Iterator[Turn]:
        for number in itertools.count():
            asked.append(number)
            yield Turn(number, 2)

    channel = Channel.open(CONFIG)
    with Staging.open(channel) as staging, closing(live(channel, turns(), Crew(2), 3, staging)) as scenes:
        for number in range(3):
            made = next(scenes)
            assert made.turn.scene == number and len(asked) == number + 3
        assert wait_until(lambda: len(list(staging.folder.glob("*/facts/*.json"))) == 5, 20)
    channel.close()
    assert all_gone(scratch)


def test_what_is_shown_is_removed(scratch: Path) -> None:
    """Or an endless stream would fill the disk."""
    with_folders = Counter[int]()
    for _ in simdata.stream(CONFIG, max_items=8, children=1, spread=1):
        with_folders[len(list(scratch.glob("simdata-stream-*/staging/*/*")))] += 1
    assert max(with_folders) <= 1 + 2, "the one that is shown, and two ahead"


# How it ends.


def test_however_it_ends_nothing_stays(scratch: Path) -> None:
    stream = simdata.stream(CONFIG, children=2)
    next(stream)
    assert len(children()) == 2
    stream.close()
    assert all_gone(scratch)

    with pytest.raises(ZeroDivisionError):
        for _ in simdata.stream(CONFIG, children=1):
            1 / 0  # noqa: B018
    gc.collect()
    assert wait_until(lambda: all_gone(scratch), 5)

    stream = simdata.stream(CONFIG, children=1)
    next(stream)
    del stream
    gc.collect()
    assert all_gone(scratch)

    simdata.stream(CONFIG)
    gc.collect()
    assert all_gone(scratch), "one that was never asked"


def test_a_program_that_forgets_its_stream_leaves_nothing(scratch: Path) -> None:
    code = (
        "import sys, tempfile, time, simdata\nfrom pathlib import Path\nfrom simdata.config import Config\n"
        "stream = simdata.stream(Config.model_validate_json(sys.argv[1]), children=1)\n"
        "next(stream)\nfacts = 'simdata-stream-*/staging/*/*/facts/*.json'\n"
        "while len(list(Path(tempfile.gettempdir()).glob(facts))) < 5:\n    time.sleep(0.02)\n"  # all wait
        "assert not {'pybullet', 'moderngl', 'ray', 'torch'} & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, CONFIG.model_dump_json()],
        env=os.environ | {"TMPDIR": str(scratch)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert wait_until(lambda: all_gone(scratch), 5)


def test_mistakes_are_told_at_once(scratch: Path) -> None:
    with pytest.raises(ConfigError, match="0 children"):
        simdata.stream(CONFIG, children=0)
    with pytest.raises(ConfigError, match=r"builder\.faults: Input should be a valid dict"):
        simdata.stream(CONFIG.model_copy(update={"builder": {"faults": 3}}))
    assert all_gone(scratch)
