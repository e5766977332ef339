"""`StreamDataset`: the same images however many look, epochs, updates, recordings, and a clean end."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faulty_boxes import make_config, tree
from streamed import children, descendants, prints_of_dataset, prints_of_items, wait_until
from test_stream import BOXES, CONFIG

from simdata import check_dataset
from simdata.errors import ConfigError
from simdata.workers.deal import EPOCH_SCENES
from simdata.workers.run import generate

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader  # noqa: E402

from simdata.torch import StreamDataset, collate  # noqa: E402

QUIET = {"children": 1, "max_items": 8}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `generate` makes of the config: 8 scenes of 2, half of them for training."""
    out = tmp_path_factory.mktemp("whole") / "out"
    generate(CONFIG, out, in_process=True)
    return out


@pytest.fixture(autouse=True)
def scratch(monkeypatch: Any) -> Iterator[Path]:
    """Temporary files go to a folder that must be empty in the end, and no process may stay.

    Its name is short: tensors come from loader workers by sockets in it, which Linux allows 107 letters.
    """
    with tempfile.TemporaryDirectory(prefix="s-") as name:
        folder = Path(name)
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield folder
        gc.collect()
        assert wait_until(lambda: not children() and not list(folder.glob("simdata-*")), 5)


def epochs(dataset: StreamDataset, **options: Any) -> Iterator[list[tuple[Any, Any]]]:
    loader = DataLoader(dataset, batch_size=None, **options)
    while True:
        yield list(loader)


def test_any_number_of_workers_shows_what_generate_writes_and_epochs_differ(whole: Path) -> None:
    written = prints_of_dataset(whole)
    dataset = StreamDataset(CONFIG, **QUIET)
    alone = prints_of_items(dataset)
    assert alone == written and len(dataset) == 8
    second = prints_of_items(dataset)
    assert min(second) > 2 * EPOCH_SCENES and not set(second.values()) & set(written.values())
    for workers, context in ((1, "fork"), (2, "fork"), (2, "spawn")):
        dataset.set_epoch(0)
        rounds = epochs(dataset, num_workers=workers, multiprocessing_context=context)
        assert prints_of_items(next(rounds)) == written
        assert prints_of_items(next(rounds)) == second


def test_persistent_workers_go_on_with_the_next_epoch_and_do_what_set_epoch_says() -> None:
    dataset = StreamDataset(CONFIG, max_items=4, children=1)
    rounds = epochs(dataset, num_workers=2, persistent_workers=True)
    first, second = (prints_of_items(next(rounds)) for _ in range(2))
    assert not set(first) & set(second)
    dataset.set_epoch(0)
    assert [prints_of_items(next(rounds)) for _ in range(2)] == [first, second]


def test_an_epoch_left_early_is_over_for_all_workers() -> None:
    dataset = StreamDataset(CONFIG, max_items=8, children=1)
    for epoch in range(2):
        for _, target in DataLoader(dataset, batch_size=None, num_workers=2):
            assert target["image_id"] // (2 * EPOCH_SCENES) == epoch
            break


def test_ranks_share_out_an_epoch(whole: Path) -> None:
    ranks = [StreamDataset(CONFIG, **QUIET, rank=rank, ranks=2) for rank in range(2)]
    shares = [prints_of_items(dataset) for dataset in ranks]
    assert [len(share) for share in shares] == [len(dataset) for dataset in ranks] == [4, 4]
    assert shares[0] | shares[1] == prints_of_dataset(whole)


def test_uneven_ranks_are_told_what_would_be_even(monkeypatch: Any) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.warns(UserWarning, match=r"2 ranks share 7 images unevenly, .* max_items=4 is even"):
        assert len(StreamDataset(CONFIG, max_items=7)) == 3
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(StreamDataset(CONFIG, max_items=8)) == 4
    with pytest.raises(ConfigError, match="rank 2 of 2"):
        StreamDataset(CONFIG, rank=2, ranks=2)


def test_a_stream_without_end_has_no_length_and_batches_are_deterministic() -> None:
    dataset = StreamDataset(CONFIG, children=1, spread=2, masks=False)
    with pytest.raises(TypeError, match="no length"):
        len(dataset)
    seen = []
    for _ in range(2):
        dataset.set_epoch(0)
        loader = iter(DataLoader(dataset, batch_size=2, num_workers=2, collate_fn=collate))
        seen.append([[target["image_id"] for target in next(loader)[1]] for _ in range(4)])
        del loader
    assert seen[0] == seen[1] and len({image_id for batch in seen[0] for image_id in batch}) == 8


def test_holes_are_counted_across_workers() -> None:
    faulty = make_config(scenes=8, views=2, faults={"2": "raise", "4": "raise", "3": "raise", "1": "raise"})
    dataset = StreamDataset(faulty, **QUIET)
    shown = list(DataLoader(dataset, batch_size=None, num_workers=2))
    assert len(shown) == 8 - 2 * len(dataset.holes) and len(dataset.holes) == 2
    assert {hole.cause for hole in dataset.holes} == {"error"}


def test_an_update_reaches_loader_workers() -> None:
    dataset = StreamDataset(BOXES, children=1, spread=1)
    loader = iter(DataLoader(dataset, batch_size=None, num_workers=2, prefetch_factor=1))
    configs = {next(loader)[1]["config"] for _ in range(4)}
    dataset.update({"builder.count": 9})
    wanted = (next(loader)[1] for _ in range(200))
    target = next(target for target in wanted if target["config"] == 1)
    assert configs == {0} and len(target["labels"]) > 2, "two boxes before, nine now"
    others = [next(loader)[1]["config"] for _ in range(30)]
    assert set(others[-2:]) == {1}, "both workers follow"


def test_updates_that_would_change_what_the_stream_is() -> None:
    dataset = StreamDataset(CONFIG, **QUIET)
    for change, told in (
        ({"seed": 9}, "changes seed from 7 to 9"),
        ({"dataset.views": 3}, "changes dataset"),
        ({"builder.cubes": "die"}, "changes the categories"),
        ({"builder.cups": 1}, "cups"),
    ):
        with pytest.raises(ConfigError, match=told):
            dataset.update(change)
    with pytest.raises(ConfigError, match="worker's copy"):
        pickle.loads(pickle.dumps(dataset)).update({})


def test_a_recording_is_the_dataset_that_generate_writes_and_replays(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "recorded"
    dataset = StreamDataset(CONFIG, max_items=7, children=1, record=out)
    with pytest.raises(ConfigError, match="another run writes"):
        generate(CONFIG, out)
    with pytest.raises(ConfigError, match="recorded dataset has one config"):
        dataset.update({})
    shown = list(dataset)
    assert tree(out) == tree(whole) and not check_dataset(out)
    with pytest.raises(ConfigError, match="epoch 0 alone"):
        next(iter(dataset))
    again = StreamDataset(None, max_items=7, replay=out)
    assert list(prints_of_items(again).items()) == list(prints_of_items(shown).items())
    assert not children() and len(StreamDataset(CONFIG, replay=out)) == 8
    with pytest.raises(ConfigError, match="seed 7, not 8"):
        StreamDataset(CONFIG, seed=8, replay=out)
    with pytest.raises(ConfigError, match="is whole already"):
        StreamDataset(CONFIG, max_items=7, record=out)


def test_loader_workers_record_and_a_run_goes_on_without_making_a_scene_twice(tmp_path: Path) -> None:
    """Every scene leaves a file for each time that it is made."""
    tries = tmp_path / "tries"
    tries.mkdir()
    config = make_config(
        scenes=8, shard_scenes=2, views=2, faults={str(n): "print" for n in range(8)}, tries=str(tries)
    )
    out = tmp_path / "recorded"
    dataset = StreamDataset(config, max_items=6, children=1, record=out)
    shown = prints_of_items(DataLoader(dataset, batch_size=None, num_workers=2))
    assert not (out / "manifest.json").exists()
    made = {path.name.split(".")[0] for path in tries.iterdir()}
    assert len(made) == 3
    del dataset
    gc.collect()
    generate(config, out, workers=2)
    assert len(list(tries.iterdir())) == 8, "each scene was made once"
    assert shown.items() <= prints_of_dataset(out).items()


def test_requests_that_cannot_be(tmp_path: Path) -> None:
    for options, told in (
        ({"record": tmp_path / "a"}, "needs max_items"),
        ({"record": tmp_path / "a", "max_items": 9}, "at most 8 with dataset.scenes: 8, not 9"),
        ({"record": tmp_path / "a", "max_items": 8, "rank": 0, "ranks": 2}, "for one rank, not 2"),
        ({"rank": 1}, "give both"),
        ({"split": "test"}, "no scene is of split 'test'"),
        ({"record": tmp_path / "a", "replay": tmp_path / "b"}, "exclude each other"),
    ):
        with pytest.raises(ConfigError, match=told):
            StreamDataset(CONFIG, **options)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="needs a config"):
        StreamDataset(None)
    with pytest.raises(ConfigError, match="nothing is recorded"):
        StreamDataset(CONFIG).finish()
    assert not (tmp_path / "a").exists()


def test_a_dataset_is_sent_as_a_name() -> None:
    dataset = StreamDataset(CONFIG, **QUIET)
    assert len(pickle.dumps(dataset)) < 2000


DRIVER = """
import sys
from torch.utils.data import DataLoader
from simdata.config import Config
from simdata.torch import StreamDataset

if __name__ == "__main__":
    dataset = StreamDataset(Config.model_validate_json(sys.argv[1]), children=1)
    for _ in DataLoader(dataset, batch_size=None, num_workers=2, multiprocessing_context=sys.argv[2]):
        assert not {"pybullet", "moderngl", "ray"} & set(sys.modules)
        print("item", flush=True)
        if sys.argv[3] == "raise":
            raise ValueError("a mistake in the loop")
"""


@pytest.mark.parametrize("end", ["ctrl-c", "kill", "raise"])
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_when_a_training_ends_all_its_processes_do(
    end: str, context: str, tmp_path: Path, scratch: Path
) -> None:
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    training = subprocess.Popen(
        [sys.executable, str(driver), CONFIG.model_dump_json(), context, end],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert training.stdout is not None and training.stderr is not None
    assert training.stdout.readline() == "item\n", training.stderr.read()
    below = descendants(training.pid)
    if end == "ctrl-c":  # as a terminal does it: all of the group
        os.killpg(training.pid, signal.SIGINT)
    elif end == "kill":
        training.kill()
    # A loader gives each worker that waits for its first scene 5 s before it ends it.
    gone = wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), 20)
    training.communicate(timeout=20)
    assert gone and any("simdata.workers.child" in command for command in below.values())
    if end == "kill":  # nobody is left to clean up
        for path in scratch.glob("simdata-*"):
            subprocess.run(["rm", "-r", str(path)], check=True)
    assert not list(scratch.glob("simdata-*"))
