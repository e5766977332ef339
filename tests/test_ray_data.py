"""A stream as a data set of Ray Data: the same images, from children of its actors; nothing stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from faulty_boxes import make_config
from streamed import wait_until
from test_ray import plain_environment

from simdata import Dataset
from simdata.workers.run import generate

pytest.importorskip("pandas", reason="Ray Data needs it: pip install 'simdata[ray-data]'")

# A process of its own: Ray must find the environment that our code sets, and leaves threads behind.
DRIVER = """
import json, sys
import simdata
from simdata.config import Config

config = Config.model_validate_json(sys.argv[1])
rows = simdata.ray_dataset(config, max_items=7).take_all()
shown = {}
for row in rows:
    masks = [rle["counts"] for rle in json.loads(row["masks"])]
    boxes, labels = row["boxes"].tolist(), row["labels"].tolist()
    shown[int(row["image_id"])] = [int(row["image"].sum()), boxes, labels, masks]
print(json.dumps(shown))
"""


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """A folder with a short name: Ray puts sockets there, and their names are limited."""
    with tempfile.TemporaryDirectory(prefix="ray-", ignore_cleanup_errors=True) as name:
        yield Path(name)


def test_ray_data_shows_what_generate_writes_though_a_child_crashes(
    tmp_path: Path, short_folder: Path
) -> None:
    tries = tmp_path / "tries"
    tries.mkdir()
    scratch = short_folder
    config = make_config(scenes=8, views=2)
    generate(config, tmp_path / "written", in_process=True)
    crashing = make_config(
        scenes=8, views=2, faults={"1": "crash", "2": "crash"}, tries=str(tries), once=True
    )
    environment = plain_environment() | {"TMPDIR": str(scratch), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, crashing.model_dump_json()],
        capture_output=True,
        text=True,
        timeout=200,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    shown = {int(key): value for key, value in json.loads(done.stdout.splitlines()[-1]).items()}
    written = {
        record.image_id: [
            int(record.image().sum()),
            record.target().boxes_xyxy.tolist(),
            record.target().labels.tolist(),
            [rle["counts"] for rle in record.target().rles],
        ]
        for record in Dataset(tmp_path / "written", "train")
    }
    assert len(shown) == 7 and shown.items() <= written.items()
    assert len(list(tries.iterdir())) > len({path.name[0] for path in tries.iterdir()}), "one was tried again"
    assert wait_until(lambda: not list(scratch.glob("simdata-*")), 5)
