"""The README's commands and code run as written, at small size, so that they cannot rot."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest

import simdata
from simdata.cli import run
from simdata.texture import baked

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
SMALL = "--scenes 5 --views 1 --set builder.cameras.width=96 --set builder.cameras.height=72"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def commands() -> list[str]:
    lines = "\n".join(blocks("bash")).splitlines()
    return [line.split("#")[0].strip() for line in lines if line.startswith("simdata ")]


def shrunk(command: str) -> list[str]:
    """Return a README command that makes few, small images."""
    words = shlex.split(command)[1:]
    if words[0] == "generate":
        words = shlex.split(re.sub(r"--scenes \d+|--workers \d+", "", command))[1:]
        small = SMALL if "tabletop" in words[1] or words[1].endswith(".yaml") else "--scenes 5 --views 1"
        words += shlex.split(small)
    return [str(ROOT / word) if word.startswith("scripts/") else word for word in words]


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("readme")


def test_the_readme_shows_every_command_it_should() -> None:
    shown = {shlex.split(command)[1] for command in commands()}
    assert {"generate", "check", "preview", "replay", "init"} <= shown


def test_commands_run_in_their_order(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    for command in commands():
        words = [word if word != "17" else "3" for word in shrunk(command)]
        assert run(words) == 0, command


def test_python_runs(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(workplace)
    (code,) = (block for block in blocks("python") if "import simdata" in block)
    tiny = simdata.load_config(
        "tabletop", overrides=["dataset.scenes=5", "builder.cameras.width=96", "builder.cameras.height=72"]
    )
    real_generate, real_samples = simdata.generate, simdata.samples
    monkeypatch.setattr(
        simdata, "generate", lambda name, out, **k: real_generate(tiny, "python-" + out[5:], **k), False
    )
    monkeypatch.setattr(simdata, "samples", lambda name, seed: real_samples(tiny, seed=seed), False)
    exec(compile(code.replace('Dataset("data/', 'Dataset("python-'), "README.md", "exec"), {})


def test_what_is_said_of_training_is_run_elsewhere() -> None:
    """See test_training_docs.py."""
    (code,) = (block for block in blocks("python") if "simdata.torch" in block)
    assert code in (ROOT / "docs/training.md").read_text()


def test_surfaces_and_skies_are_values() -> None:
    (code,) = (block for block in blocks("python") if "DaySky" in block)
    shown: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), shown)
    assert shown["varnished"].texture is shown["oak"] and shown["dusk"].kind == "day"
    assert baked(shown["varnished"], 64).color.shape == (64, 64, 3)


def test_the_yaml_is_a_valid_config(tmp_path: Path) -> None:
    pytest.importorskip("pybullet_data")
    varied, seen, sensed = blocks("yaml")
    path = tmp_path / "my.yaml"
    path.write_text("version: 1\nscene: tabletop\n" + varied)
    config = simdata.load_config(str(path))
    assert config.make_builder().objects.meshes[0].category == "gripper"
    path.write_text("version: 1\nscene: tabletop\n" + seen)
    cameras = simdata.load_config(str(path)).make_builder().cameras
    assert cameras.per_placement == 2 and cameras.lens.kind == "kannala_brandt"
    path.write_text("version: 1\nscene: tabletop\n" + sensed)
    config = simdata.load_config(str(path))
    cameras = config.make_builder().cameras
    assert (cameras.sensor.kind, cameras.depth_sensor.kind) == ("phone", "active_stereo")
    assert config.dataset.clean and config.labels.faint == "crowd"


def test_shown_code_is_the_example() -> None:
    example = (ROOT / "scripts/examples/marbles.py").read_text()
    (shown,) = (block for block in blocks("python") if "class Marbles" in block)
    for line in shown.splitlines():
        if line.strip() and "..." not in line:
            assert line in example, line


def test_links_lead_somewhere() -> None:
    for link in re.findall(r"\]\(([^)]+)\)", README):
        assert (ROOT / link).exists(), link


def test_figures_are_those_of_the_proof() -> None:
    bench = json.loads((ROOT / "docs/proof/bench.json").read_text())["figures"]
    rows = re.findall(r"\| (\w+\.\w+) \| ([\d.]+)", README)
    assert len(rows) >= 4
    for key, shown in rows:
        section, name = key.split(".")
        decimals = len(shown.partition(".")[2])
        assert f"{bench[section][name]:.{decimals}f}" == shown, key


def test_every_command_has_an_example_in_its_help() -> None:
    from typer.main import get_command

    from simdata.cli import app

    for name, command in get_command(app).commands.items():
        assert f"simdata {name}" in (command.help or "") + (command.epilog or ""), name
