"""What users get wrong, as they would: one line that says what and where, exit code 2, and nothing written.

A disk that is full is nobody's mistake: exit code 3, and the same command goes on when there is space again.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from simdata import cli
from simdata.dataset import Dataset

BOXES = f"{Path(__file__).with_name('boxes.py')}:Boxes"


@pytest.fixture
def told(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    """Run a command that must be refused; return its one line."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, code: int = 2) -> str:
        capfd.readouterr()
        assert cli.run(arguments) == code
        output = capfd.readouterr()
        assert len(output.err.splitlines()) == 1, output.err
        assert output.err.startswith("simdata: ")
        return output.err.strip()

    return run


def write(text: str | bytes, name: str = "c.yaml") -> str:
    path = Path(name)
    path.write_bytes(text if isinstance(text, bytes) else f"scene: {BOXES}\nrenderer: flat\n{text}".encode())
    return name


CONFIGS = {
    "unknown key": (
        "builder:\n  cuont: 3\n",
        "c.yaml:4: builder: unknown key 'cuont'; did you mean 'count'?",
    ),
    "unknown section": ("datset: {}\n", "c.yaml:3: unknown key 'datset'; did you mean 'dataset'?"),
    "out of bounds": (
        "builder:\n  count: 21\n",
        "c.yaml:4: builder.count: 21 can give 21 boxes; allowed is 1 to 20",
    ),
    "low above high": (
        "builder:\n  side: {dist: uniform, low: 0.3, high: 0.2}\n",
        "c.yaml:4: builder.side: low 0.3 is",
    ),
    "key given twice": (
        "seed: 1\ndataset: {}\nseed: 2\n",
        "c.yaml:5: key 'seed' is given twice: lines 3 and 5",
    ),
    "alias": ("let: {x: &a [1], y: *a}\n", "c.yaml:3: alias *a is not allowed"),
    "no scenes": ("dataset: {scenes: 0}\n", "dataset.scenes: 0 is out of bounds; allowed: 1 to"),
    "too few scenes for val": (
        "dataset: {scenes: 2}\n",
        "split 'val' wants 20% of 2 scenes, which is none; raise",
    ),
    "shares": ("dataset: {splits: {train: 0.9}}\n", "add up to 0.9; they must add up to 1"),
    "category": ("labels: {categories: {drop: [even, ood]}}\n", "names 'ood'"),
    "reference": ("builder: {side: {dist: ref, name: x}}\n", "$x is not bound under let:"),
    "extends": ("extends: base.yaml\n", "c.yaml:3: extends: no file base.yaml"),
}


@pytest.mark.parametrize("mistake", CONFIGS)
def test_mistakes_in_a_config(mistake: str, told) -> None:
    text, words = CONFIGS[mistake]
    assert words in told("generate", write(text), "--out", "o")
    assert not Path("o").exists()


def test_scenes_and_files_that_are_not_there(told) -> None:
    Path("folder").mkdir()
    write(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "picture.yaml")
    write(b"scene: \0\0\n", "nul.yaml")
    write(b"", "empty.yaml")
    write(b"- 1\n- 2\n", "list.yaml")
    write(b"# " + b"x" * (2 << 20), "huge.yaml")
    for name, words in {
        "tabeltop": "unknown scene 'tabeltop'; did you mean 'tabletop' or",
        "nowhere.yaml": "no file nowhere.yaml",
        "folder": "folder is a folder; a YAML file is wanted",
        "picture.yaml": "is not UTF-8 text",
        "nul.yaml": "is not YAML text",
        "empty.yaml": "is empty",
        "list.yaml": "a config is a mapping (key: value), this is a list",
        "huge.yaml": "larger than 1024 KiB",
        "boxes.py:Boxes": "no file boxes.py",
    }.items():
        assert words in told("generate", name, "--out", "o")


OPTIONS = {
    "--scenes 0": "--scenes 0: 0 is out of bounds; allowed: 1 to 10000000",
    "--scenes 2": "--scenes 2: dataset: split 'val' wants 20% of 2 scenes",
    "--views -1": "--views -1: -1 is out of bounds; allowed: 1 to 256",
    "--seed -1": "--seed -1: -1 is out of bounds",
    "--scenes many": "Invalid value for '--scenes'",
    "--renderer tinny": "unknown renderer 'tinny'; did you mean 'tiny'?",
    "--executor slurm": "unknown executor 'slurm'; known: local, ray",
    "--workers 0": "0 workers; at least 1 is needed",
    "--set seed": "--set seed: is not KEY=VALUE",
    "--set sede=1": "unknown key 'sede'; did you mean 'seed'",
    "--set builder.count=0": "--set builder.count=0: 0 can give 0 boxes; allowed is 1 to 20",
    "--set renderer=tinny": "unknown renderer 'tinny'; did you mean 'tiny'?",
    "--sede 1": "No such option: --sede",
}


@pytest.mark.parametrize("options", OPTIONS)
def test_mistakes_in_options(options: str, told) -> None:
    message = told("generate", write("dataset: {scenes: 5}\n"), "--out", "o", *options.split())
    assert OPTIONS[options] in message
    assert not Path("o").exists()


def test_folders_that_cannot_be_taken(told) -> None:
    config = write("dataset: {scenes: 5}\n")
    Path("full").mkdir()
    Path("full/letter.txt").write_text("dear")
    Path("file").write_text("")
    for out, words in {
        "full": "full holds something else (letter.txt) and no dataset",
        "file": "file is a file; --out must be a folder",
        "file/below": "cannot write",
    }.items():
        assert words in told("generate", config, "--out", out)
        assert words in told("generate", config, "--out", out, "--overwrite")
    assert Path("full/letter.txt").read_text() == "dear"


def test_meshes_that_cannot_be_used(told) -> None:
    Path("empty.obj").write_text("")
    Path("text.stl").write_text("not a mesh at all\n")
    Path("broken.obj").write_text("v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 99\n")
    Path("nan.obj").write_text("v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n")
    with Path("huge.ply").open("wb") as file:
        file.truncate(5 << 30)
    for name in ("missing.obj", "empty.obj", "text.stl", "broken.obj", "nan.obj", "huge.ply", "mesh.exe"):
        config = write(f"dataset: {{scenes: 5}}\nbuilder:\n  meshes: [{{path: {name}}}]\n")
        assert name in told("generate", config, "--out", "o")
        assert not Path("o").exists()


def test_wrong_ways_to_ask_for_the_other_commands(told) -> None:
    Path("folder").mkdir()
    config = write("dataset: {scenes: 5}\n")
    for command, words in {
        "check nowhere": "no folder nowhere",
        "check folder": "folder is no dataset",
        "replay folder 1": "folder is no simdata dataset",
        "replay folder one": "Invalid value for 'IMAGE_ID'",
        "preview folder -o a.png": "folder is no simdata dataset",
        f"preview {config} -o a.gif": "must end in .png, .jpg or .webp",
        f"preview {config} -o no/where/a.png": "its folder is not there",
        f"preview {config} -o a.png --count 0": "must be 1 or more",
        f"init tabletop {config}": "c.yaml is there already",
        "init tabletop no/where.yaml": "cannot write no/where.yaml",
        "init tabeltop my.yaml": "unknown scene 'tabeltop'",
        "schema tabeltop": "unknown scene 'tabeltop'",
        "genrate": "No such command 'genrate'. Did you mean 'generate'?",
        "generate": "Missing argument",
    }.items():
        assert words in told(*command.split())


@contextmanager
def small_disk(folder: Path, options: str) -> Iterator[Path]:
    """Mount a small file system in memory; skip where that is not allowed."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"cannot mount a tmpfs here: {mounted.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


RUN = ["--set", "run.shard_scenes=2", "--scenes", "20", "--in-process"]


def test_a_full_disk_stops_the_run_and_space_resumes_it(told, tmp_path: Path) -> None:
    config = write("dataset: {depth: float32, views: 3}\n")
    with small_disk(tmp_path / "disk", "size=4m") as disk:
        command = ["generate", config, "--out", str(disk / "o"), *RUN]
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(3 << 20 | 1 << 18))
        assert "MB are free" in told(*command, code=3), "too little to begin with"
        ballast.write_bytes(bytes(2 << 20 | 1 << 19))
        (cli.run(command) == 3) or pytest.fail("20 scenes need more than is left")
        ballast.unlink()
        assert cli.run(command) == 0
        assert cli.run(["check", str(disk / "o")]) == 0


def test_a_disk_that_fills_up_while_a_file_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inodes run out where bytes do not, so no forecast sees it coming."""
    monkeypatch.chdir(tmp_path)
    config = write("dataset: {views: 1}\n")
    with small_disk(tmp_path / "disk", "size=64m,nr_inodes=70") as disk:
        command = ["generate", config, "--out", str(disk / "o"), *RUN]
        assert cli.run(command) == 3
        done = len(list((disk / "o" / "store").glob("*.json")))
        subprocess.run(["mount", "-o", "remount,nr_inodes=5000", disk], check=True)
        assert cli.run(command) == 0
        assert len(Dataset(disk / "o")) == 20
        assert cli.run(["check", str(disk / "o")]) == 0
        assert 0 < done < 10, "some shards were committed before, some after"


def test_a_read_only_disk_is_told(told, tmp_path: Path) -> None:
    config = write("dataset: {scenes: 5}\n")
    with small_disk(tmp_path / "disk", "size=4m,ro") as disk:
        assert "Read-only file system" in told("generate", config, "--out", str(disk / "o"))


@pytest.mark.parametrize(
    ("asked", "what"),
    [("builder.cameras.aperture=0.01", "an aperture"), ("builder.cameras.ev=1", "exposure compensation")],
)
def test_a_camera_that_the_renderer_cannot_draw(
    asked: str, what: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The first scene says so and ends the run: every one would fail, and none is a hole."""
    pytest.importorskip("pybullet")
    command = [
        "generate", "tabletop", "--out", str(tmp_path / "data"), "--scenes", "3", "--workers", "1",
        "--set", "renderer=tiny", "--set", "builder.objects.count=1", "--set", asked,
    ]  # fmt: skip
    assert cli.run(command) == 2
    said = [line for line in capfd.readouterr().err.splitlines() if line.startswith("simdata: ")]
    assert len(said) == 1 and f"has {what}; try renderer: gl" in said[0]
    assert not list(tmp_path.glob("data/holes/*")) and not (tmp_path / "data/manifest.json").exists()
