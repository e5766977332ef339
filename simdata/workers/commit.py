"""The commit protocol: a marker makes a shard count, renames publish it, the manifest makes it a dataset.

1. A worker stages a shard in a folder of its own and returns the receipt.
2. The driver writes the marker, create-only: of several attempts the first one wins.
3. The driver moves the staged files to their final names in shard order; the receipt goes last.
4. When every receipt is there, the annotations are merged and the manifest is written.

A driver may die anywhere in between: what is done is found done, what is not is done again.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from pathlib import Path

from simdata.config import Config
from simdata.errors import TakenError, WriteError
from simdata.model import Model
from simdata.workers.folder import Output, disk_errors
from simdata.workers.plan import Plan
from simdata.write.coco import commit as commit_coco
from simdata.write.manifest import manifest_bytes, receipt_bytes, receipt_path
from simdata.write.put import put_new, sync_folder
from simdata.write.receipt import FileFact, Hole, Receipt, fact_of_file


class Marker(Model):
    """What makes a shard count: where it is staged, and the hashes of its files."""

    staging: str
    receipt: Receipt


class Ledger:
    """What is committed of a run, and what it adds up to. One driver at a time owns it."""

    def __init__(self, output: Output, plan: Plan, config: Config) -> None:
        """Read what earlier drivers have left.

        Args:
            output: the folder.
            plan: of the run.
            config: the plan's, with a builder that can be loaded here.
        """
        self._output, self._plan, self._config = output, plan, config
        self._next = 0
        self._marked = {shard for shard in range(plan.shards) if self._marker(shard).is_file()}
        self.images = self.bytes = self.scenes = 0
        self.rejections: Counter[str] = Counter()
        self.holes: list[Hole] = []
        for shard in sorted(self._marked):
            self._count(self._read(shard).receipt)

    @property
    def marked(self) -> set[int]:
        """The shards that count."""
        return set(self._marked)

    def take(self, staging: str, receipt: Receipt) -> bool:
        """Mark a staged shard; return False when another attempt at it was first."""
        marker = Marker(staging=staging, receipt=receipt)
        data = marker.model_dump_json().encode()
        try:
            put_new(self._marker(receipt.shard), data, sync=True)
        except TakenError:
            shutil.rmtree(self._output.work / staging, ignore_errors=True)
            return False
        self._marked.add(receipt.shard)
        self._count(receipt)
        return True

    def publish(self) -> None:
        """Publish every marked shard whose turn it is."""
        while self._next in self._marked:
            if not self._receipt(self._next).is_file():
                self._publish(self._read(self._next))
            self._next += 1

    def finalize(self) -> None:
        """Write the annotations and, last, the manifest; then clear away what was under way.

        Raises:
            WriteError: a shard is missing, or a file cannot be written.
        """
        self.publish()
        if self._next < self._plan.shards:
            raise WriteError(f"shard {self._next} of {self._plan.shards} is not committed")
        out = self._output.path
        self._output.remove_parts()
        receipts = [self._read(shard).receipt for shard in range(self._plan.shards)]
        # Annotation files derive their counts from the store alone; hashes of images are dead weight there.
        light = [receipt.model_copy(update={"files": ()}) for receipt in receipts]
        written = commit_coco(light, out, self._config)
        extra = [*_facts(out, "assets"), *_facts(out, "holes")]
        data = manifest_bytes(self._plan.model_dump(mode="json"), receipts, written, extra)
        put_new(self._output.manifest, data, sync=True)
        self._output.remove_work()

    def _publish(self, marker: Marker) -> None:
        """Move one shard's files to their final names. Whatever was moved before is left as it is."""
        receipt, staging = marker.receipt, self._output.work / marker.staging
        with disk_errors(self._output.path):
            for fact in receipt.files:
                _place(staging / fact.path, self._output.path / fact.path, fact)
            for folder in {(self._output.path / fact.path).parent for fact in receipt.files}:
                sync_folder(folder)
        for hole in receipt.holes:
            _put_same(self._output.path / hole_path(hole.scene), hole_bytes(self._plan, hole))
        _put_same(self._receipt(receipt.shard), receipt_bytes(receipt))
        shutil.rmtree(staging, ignore_errors=True)

    def _count(self, receipt: Receipt) -> None:
        self.scenes += receipt.last_scene - receipt.first_scene + 1
        self.images += receipt.images
        self.bytes += sum(fact.bytes for fact in receipt.files)
        self.rejections.update(receipt.rejections)
        self.holes += receipt.holes

    def _marker(self, shard: int) -> Path:
        return self._output.markers / f"shard-{shard:06d}.json"

    def _receipt(self, shard: int) -> Path:
        return self._output.path / receipt_path(shard)

    def _read(self, shard: int) -> Marker:
        path = self._marker(shard)
        try:
            return Marker.model_validate_json(path.read_bytes())
        except (OSError, ValueError) as error:
            raise WriteError(
                f"{path} cannot be read: {error}; remove it, and its shard is made again"
            ) from error


def new_session(output: Output) -> int:
    """Take the next session number of a folder, and clear away what earlier drivers left half done.

    A staging folder that is in no marker belongs to nobody: its shard is made again in a new one.
    """
    with disk_errors(output.work):
        session = 1
        while not _made(output.work / f"session-{session}"):
            session += 1
        kept = {json.loads(path.read_bytes())["staging"] for path in output.markers.glob("shard-*.json")}
        for staging in output.work.glob("shard-*-*"):
            if staging.name not in kept:
                shutil.rmtree(staging, ignore_errors=True)
    return session


def hole_path(scene: int) -> str:
    """Return where a hole's bundle is, relative to the dataset."""
    return f"holes/scene-{scene:09d}.json"


def hole_bytes(plan: Plan, hole: Hole) -> bytes:
    """Return all that reproduces a hole. What the child printed is in run.log: it differs from run to run."""
    bundle = hole.model_dump(mode="json") | {
        "seed": plan.config.seed,
        "builder": plan.config.scene,
        "plan_sha256": plan.digest,
        "reproduce": f"python -m simdata.workers.child DATASET/{hole_path(hole.scene)}",
    }
    return json.dumps(bundle, indent=1, ensure_ascii=False).encode() + b"\n"


def _facts(out: Path, name: str) -> list[FileFact]:
    """Say what every file of one of the dataset's folders is."""
    paths = sorted(path for path in (out / name).glob("*") if path.is_file())
    return [fact_of_file(out, f"{name}/{path.name}") for path in paths]


def _place(staged: Path, final: Path, fact: FileFact) -> None:
    """Move one staged file to its final name, unless it is there already.

    Raises:
        WriteError: another file has the name, or the staged one is not what its receipt says.
    """
    if final.exists():
        if final.stat().st_size != fact.bytes or fact_of_file(final.parent, final.name).sha256 != fact.sha256:
            raise WriteError(f"{final} is there and is not of this dataset; move it away, then resume")
        staged.unlink(missing_ok=True)
        return
    if not staged.is_file() or staged.stat().st_size != fact.bytes:
        raise WriteError(
            f"{staged} is missing or cut, though its shard is marked; was .work changed by hand?"
        )
    final.parent.mkdir(parents=True, exist_ok=True)
    staged.rename(final)


def _put_same(path: Path, data: bytes) -> None:
    """Write a file that an earlier driver may have written already."""
    try:
        put_new(path, data, sync=True)
    except TakenError:
        if path.read_bytes() != data:
            raise


def _made(folder: Path) -> bool:
    try:
        folder.mkdir()
    except FileExistsError:
        return False
    return True
