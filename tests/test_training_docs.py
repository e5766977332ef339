"""The code and the commands of `docs/training.md`, at small size."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import train_detector  # noqa: E402
from sample_dataset import make_dataset  # noqa: E402

TEXT = (ROOT / "docs/training.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
LIVE = """
version: 1
scene: {boxes}
renderer: flat
dataset: {{scenes: 10, views: 2}}
"""


@pytest.mark.parametrize("code", BLOCKS, ids=re.findall(r"## (.*)\n\n```python", TEXT))
def test_code_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    make_dataset(tmp_path / "data/tabletop")
    shutil.copytree("data/tabletop/images/train", "photos")
    shutil.copy("data/tabletop/annotations/instances_train.json", "photos/instances.json")
    Path("live.yaml").write_text(LIVE.format(boxes=f"{ROOT}/tests/boxes.py:Boxes"))
    small = code.replace('"tabletop"', '"live.yaml"').replace("max_items=1000", "max_items=8")
    seen: list[int] = []
    exec(
        compile(small.replace("    ...", "    seen.append(len(images))"), "training.md", "exec"),
        {"seen": seen},
    )
    assert sum(seen) >= 8


def test_commands_are_understood() -> None:
    (commands,) = re.findall(r"```bash\n(.*?)```", TEXT, flags=re.DOTALL)
    for command in commands.splitlines():
        script, *words = shlex.split(command)
        assert (ROOT / script).is_file()
        assert train_detector.parser().parse_args(words)
