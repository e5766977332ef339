"""The default scene, by each renderer for pictures: the same bytes however the work was shared out."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from simdata import load_config
from simdata.config import Config
from simdata.dataset import Dataset
from simdata.errors import RenderError
from simdata.render import resolve_renderer
from simdata.replay import replay
from simdata.workers.run import generate


def tree(folder: Path) -> dict[str, str]:
    """Return path -> sha256 of every file but run.log, which alone may differ."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != "run.log")
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module", params=["gl", "tiny"])
def config(request: pytest.FixtureRequest) -> Config:
    try:
        resolve_renderer(request.param)
    except RenderError as error:
        pytest.skip(str(error))
    small = ["builder.cameras.width=96", "builder.cameras.height=72", "dataset.looks_per_layout=2"]
    renderer = f"renderer={request.param}"
    return load_config("tabletop", overrides=[renderer, "dataset.scenes=5", "dataset.views=1", *small])


@pytest.fixture(scope="module")
def made(config: Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("same") / "one"
    generate(config, out, workers=1)
    return out


def test_two_children_give_the_same_tree(config: Config, made: Path, tmp_path: Path) -> None:
    generate(config, tmp_path / "two", workers=2)
    assert tree(tmp_path / "two") == tree(made)
    assert len(tree(made)) > 5 * 2 * 2


def test_ray_actors_give_the_same_tree(config: Config, made: Path, tmp_path: Path) -> None:
    generate(config, tmp_path / "ray", workers=2, executor="ray")
    assert tree(tmp_path / "ray") == tree(made)


def test_a_killed_run_that_is_resumed_gives_the_same_tree(config: Config, made: Path, tmp_path: Path) -> None:
    recipe, out = tmp_path / "config.json", tmp_path / "out"
    recipe.write_text(config.model_dump_json())
    code = (
        "import sys, pathlib, simdata\n"
        "config = simdata.Config.model_validate_json(pathlib.Path(sys.argv[1]).read_text())\n"
        "simdata.generate(config, sys.argv[2], on_progress=lambda p: print(p.done_scenes, flush=True))\n"
    )
    command = [sys.executable, "-c", code, str(recipe), str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout is not None
        while int(driver.stdout.readline() or 5) < 2:
            pass
        driver.kill()
    assert not (out / "manifest.json").exists()
    generate(config, out, workers=2)
    assert tree(out) == tree(made)


def test_another_seed_gives_another_tree(config: Config, made: Path, tmp_path: Path) -> None:
    """Else the test above could not fail."""
    generate(config.model_copy(update={"seed": 1}), tmp_path / "other", workers=2)
    ours, other = tree(made), tree(tmp_path / "other")
    assert not {path for path in ours if path.startswith("images/") and ours[path] == other.get(path)}


@pytest.mark.parametrize("image_id", [1, 4, 10])
def test_replay_gives_equal_pixels(made: Path, image_id: int) -> None:
    assert replay(Dataset(made), image_id).same_pixels


def test_another_look_changes_the_picture_and_no_label(made: Path) -> None:
    again = replay(Dataset(made), 1, changes=["look.ambient=0.9"])
    assert not again.same_pixels
    assert again.differing_ids == 0
