"""The commands as a user types them: what they print, what they write, and their exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from simdata import cli
from simdata.cli import progress
from simdata.cli.app import COMMANDS
from simdata.cli.generate import duration
from simdata.dataset import Dataset
from simdata.errors import DiskFullError, IncompleteError, RenderError
from simdata.workers.summary import Progress

ROOT = Path(__file__).parent.parent
BOXES = f"{Path(__file__).with_name('boxes.py')}:Boxes"
SMALL = ["--set", "dataset={scenes: 3, views: 2, splits: {train: 0.5, val: 0.5}}", "--renderer", "flat"]


def generate(out: Path, *more: str) -> int:
    return cli.run(["generate", BOXES, "--out", str(out), "--in-process", *SMALL, *more])


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "boxes"
    assert generate(out) == 0
    return out


def test_generate_then_check(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert len(Dataset(dataset)) == 6
    assert cli.run(["check", str(dataset)]) == 0
    assert "6 images" in capsys.readouterr().out


def test_generate_with_a_child_writes_the_same_bytes(dataset: Path, tmp_path: Path) -> None:
    out = tmp_path / "child"
    assert cli.run(["generate", BOXES, "--out", str(out), *SMALL]) == 0
    names = sorted(p.relative_to(dataset) for p in dataset.rglob("*") if p.is_file() and p.name != "run.log")
    assert names == sorted(p.relative_to(out) for p in out.rglob("*") if p.is_file() and p.name != "run.log")
    for name in names:
        assert (dataset / name).read_bytes() == (out / name).read_bytes(), name


def test_the_same_command_again_does_nothing(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (dataset / "manifest.json").stat().st_mtime_ns
    assert generate(dataset) == 0
    assert "complete already" in capsys.readouterr().out
    assert (dataset / "manifest.json").stat().st_mtime_ns == before


def test_another_config_on_the_same_folder_is_refused(
    dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate(dataset, "--seed", "7") == 2
    message = capsys.readouterr().err
    assert "config.seed: 0 -> 7" in message
    assert len(message.splitlines()) == 1


def test_flags_and_sets_reach_the_config(tmp_path: Path) -> None:
    out = tmp_path / "o"
    flags = ["--scenes", "2", "--views", "1", "--seed", "5", "--set", "builder.count=2"]
    assert generate(out, *flags) == 0
    config = Dataset(out).config
    assert (config.dataset.scenes, config.dataset.views, config.seed) == (2, 1, 5)
    assert config.renderer == "flat"
    assert config.builder["count"]["value"] == 2
    assert config.builder["side"] == {"dist": "uniform", "low": 0.1, "high": 0.3}


def test_overwrite_replaces(tmp_path: Path) -> None:
    out = tmp_path / "o"
    assert generate(out, "--scenes", "2", "--seed", "1") == 0
    assert generate(out, "--scenes", "2", "--seed", "2", "--overwrite") == 0
    assert Dataset(out).config.seed == 2


def test_dry_run_writes_nothing_and_says_how_much(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "o"
    assert generate(out, "--scenes", "1000", "--dry-run") == 0
    text = capsys.readouterr().out
    assert "2,000 images" in " ".join(text.split()) or "2,000" in text
    assert "free" in text and "with 1 worker" in text
    assert not out.exists()


def test_dry_run_is_near_the_truth(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from simdata.cli.estimate import measure
    from simdata.config_file import load_config

    measured = measure(load_config(BOXES, overrides=[SMALL[1], "renderer=flat"]))
    files = [p for p in dataset.rglob("*") if p.is_file() and p.suffix in (".png", ".jsonl", ".parquet")]
    size = sum(p.stat().st_size for p in files)
    assert measured.images == 2
    assert 0.3 < 3 * measured.bytes / size < 3


def test_check_tells_every_fault_with_file_and_id(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    broken = tmp_path / "broken"
    shutil.copytree(dataset, broken)
    file = next((broken / "images" / "train").iterdir())
    file.unlink()
    assert cli.run(["check", str(broken)]) == 1
    text = capsys.readouterr().out
    assert file.name in text
    assert text.splitlines()[-1].endswith("faults")


def test_replay_gives_the_same_pixels(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = tmp_path / "again.png"
    assert cli.run(["replay", str(dataset), "4", "-o", str(picture)]) == 0
    assert "same pixels" in capsys.readouterr().out
    assert (np.asarray(Image.open(picture)) == Dataset(dataset).by_id(4).image()).all()


def test_replay_with_another_look_or_camera(dataset: Path, capsys: pytest.CaptureFixture[str]) -> None:
    color = "look.materials.floor.base_color=[1, 0, 0]"
    assert cli.run(["replay", str(dataset), "1", "--set", color]) == 0
    looks = capsys.readouterr().out
    assert "pixels differ" in looks and "instance ids" not in looks
    assert cli.run(["replay", str(dataset), "1", "--set", "cameras.0.lens.fx=90"]) == 0
    assert "instance ids differ" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("layout.gravity=[0, 0, 0]", "replay changes look"),
        ("look.ambiant=1", "did you mean 'ambient'?"),
        ("look.ambient=-1", "allowed: 0 or more"),
        ("cameras.7.near=1", "0 to 1"),
    ],
)
def test_replay_refuses_what_cannot_be(
    dataset: Path, change: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["replay", str(dataset), "1", "--set", change]) == 2
    message = capsys.readouterr().err
    assert words in message
    assert len(message.splitlines()) == 1


def test_replay_sees_a_single_other_pixel(
    dataset: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import simdata.replay
    from simdata.frame import Frame
    from simdata.render.flat import FlatRenderer

    class Wrong(FlatRenderer):
        def render(self, camera, t=0.0):
            frame = super().render(camera, t)
            rgb = frame.rgb.copy()
            rgb[3, 5, 1] ^= 8
            return Frame(camera, t, {**frame.layers, "rgb": rgb})

    monkeypatch.setattr(simdata.replay, "make_renderer", lambda _, denoise, **options: Wrong(**options))
    assert cli.run(["replay", str(dataset), "2"]) == 1
    assert "1 pixels differ (0.03%), by at most 8 of 255" in capsys.readouterr().out


@pytest.mark.parametrize("labels", ["--labels", "--no-labels"])
def test_preview_of_a_dataset_and_of_a_config(dataset: Path, tmp_path: Path, labels: str) -> None:
    for number, source in enumerate([[str(dataset)], [BOXES, "--set", "renderer=flat"]]):
        output = tmp_path / f"{number}.png"
        assert cli.run(["preview", *source, "-o", str(output), "--count", "4", labels]) == 0
        assert Image.open(output).size[0] > 400


def test_init_writes_a_config_that_works(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "my.yaml"
    assert cli.run(["init", BOXES, str(file)]) == 0
    assert "# boxes, 1 to 20" in file.read_text()
    out = str(tmp_path / "o")
    assert cli.run(["generate", str(file), "--out", out, "--in-process", *SMALL]) == 0
    assert cli.run(["init", BOXES, str(file)]) == 2
    assert "is there already" in capsys.readouterr().err


def test_schema_prints_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["schema", BOXES]) == 0
    assert json.loads(capsys.readouterr().out)["properties"]["builder"]


def test_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["list"]) == 0
    text = capsys.readouterr().out
    for name in ("tabletop", "flat", "tiny", "masks", "coco"):
        assert name in text


def test_doctor_says_what_works(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    import simdata.doctor as doctor

    code = cli.run(["doctor"])
    text = capsys.readouterr().out
    assert "renderer flat" in text and "memory" in text
    assert (code == 0) == ("a dataset can be made here" in text)
    monkeypatch.setitem(doctor.NEEDED, "numpy", "no_such_module")
    assert cli.run(["doctor"]) == 1
    text = capsys.readouterr().out
    assert "NO  numpy" in text and "pip install numpy" in text


def test_every_command_has_an_example() -> None:
    for name in COMMANDS:
        result = subprocess.run(
            [sys.executable, "-m", "simdata", name, "--help"], capture_output=True, text=True, cwd=ROOT
        )
        assert result.returncode == 0
        assert f"Example: simdata {name}" in result.stdout


def test_help_is_fast_and_imports_nothing_heavy() -> None:
    script = (
        "import sys; from simdata import cli; cli.run(['--help']); "
        "heavy = {'numpy', 'pydantic', 'cv2', 'ray', 'pybullet', 'trimesh', 'scipy', 'rich.progress'}; "
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    start = time.perf_counter()
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert (result.returncode, result.stderr) == (0, ""), "imported for --help"
    assert time.perf_counter() - start < 5, "0.2 s on an idle machine"


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DiskFullError("full"), 3),
        (RenderError("no"), 1),
        (IncompleteError("stopped"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_exit_codes(
    error: BaseException, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("simdata.check.check_dataset", fail)
    assert cli.run(["check", "."]) == code
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_an_interrupted_run_is_130_and_a_bug_is_seen_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as cause:
            raise IncompleteError("stopped; the same command resumes") from cause

    def bug(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("simdata.check.check_dataset", interrupted)
    assert cli.run(["check", "."]) == 130
    monkeypatch.setattr("simdata.check.check_dataset", bug)
    with pytest.raises(ZeroDivisionError):
        cli.run(["check", "."])


def test_debug_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["generate", "tabeltop", "--out", "o", "--debug"]) == 2
    assert "Traceback" in capsys.readouterr().err
    assert cli.run(["generate", "tabeltop", "--out", "o"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def test_control_c_stops_cleanly_and_the_same_command_resumes(tmp_path: Path) -> None:
    out = tmp_path / "o"
    size = ["--set", "dataset={scenes: 400, views: 1}", "--set", "run.shard_scenes=2", "--renderer", "flat"]
    command = [sys.executable, "-m", "simdata", "generate", BOXES, "--out", str(out), *size]
    child = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT)
    deadline = time.monotonic() + 60
    while not list(out.glob("store/*.json")) and time.monotonic() < deadline:
        time.sleep(0.1)
    os.kill(child.pid, signal.SIGINT)
    _, message = child.communicate(timeout=60)
    assert child.returncode == 130
    assert "the same command resumes" in message.splitlines()[-1]
    assert "Traceback" not in message
    done = len(list(out.glob("store/*.json")))
    assert done
    small = ["--set", "dataset={scenes: 400, views: 1}", "--set", "run.shard_scenes=2", "--seed", "1"]
    assert cli.run(["generate", BOXES, "--out", str(out), *small, "--renderer", "flat"]) == 2


def test_progress_in_words() -> None:
    state = Progress(5, 20, 10, {"unsettled": 2}, 1, 2.5, 4.0)
    words = progress.words_about(state)
    assert words == "10 images, 2.5 a second, 12 s left, 2 redrawn (2 unsettled), 1 holes"
    assert [duration(s) for s in (5, 89, 600, 7300)] == ["5 s", "89 s", "10 min", "2 h 02 min"]


def test_progress_is_lines_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Screen() as screen:
        for done in range(21):
            screen.show(Progress(done, 20, done, {}, 0, 1.0, float(done)))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["0/20", "10/20", "20/20"]
