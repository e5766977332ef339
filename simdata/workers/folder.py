"""The folder of a dataset while it is made: whose it is, what lies where, and one driver at a time."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from simdata.errors import ConfigError, DiskFullError, TakenError, WriteError
from simdata.workers.plan import Plan, put_source, require_same
from simdata.write.manifest import MANIFEST
from simdata.write.put import put_new

# What a dataset consists of, below each of its folders. `--overwrite` removes these and nothing else.
OWN_FILES = {
    "annotations": r"instances_\w+\.json",
    "assets": r"[0-9a-f]{64}\.\w+",
    "clean": r"\w+/\d{12,}\.png",
    "depth": r"\w+/\d{12,}\.(png|npy)",
    "distance": r"\w+/\d{12,}\.(png|npy)",
    "holes": r"scene-\d{9,}\.json",
    "images": r"\w+/\d{12,}\.(png|jpg|webp)",
    "instance_ids": r"\w+/\d{12,}\.png",
    "layers": r"\w+/\w+/\d{12,}\.npy",
    "measured_depth": r"\w+/\d{12,}\.(png|npy)",
    "scenes": r"shard-\d{6,}\.jsonl",
    "store": r"shard-\d{6,}\.(images\.parquet|instances\.parquet|json)",
}
_LOCK = "lock"
_PART = re.compile(r"\..+\.\d+\.part")  # what a `put_new` that was killed leaves


@dataclass(frozen=True)
class Output:
    """Where everything lies in the folder of a run. The folder must be the same for all workers."""

    path: Path

    @property
    def work(self) -> Path:
        """What is under way; gone when the dataset is whole."""
        return self.path / ".work"

    @property
    def plan(self) -> Path:
        """The plan while the dataset is made; afterwards it is in the manifest."""
        return self.work / "plan.json"

    @property
    def clearing(self) -> Path:
        """There while an `--overwrite` removes the old dataset."""
        return self.work / "clearing"

    @property
    def markers(self) -> Path:
        """One marker a shard: it alone makes the shard count."""
        return self.work / "markers"

    @property
    def sources(self) -> Path:
        """The user's scene builders that were named by their path."""
        return self.work / "source"

    @property
    def recorded(self) -> Path:
        """Scenes that a live stream has made ahead of their shards (see `workers.staged`)."""
        return self.work / "recorded"

    @property
    def assets(self) -> Path:
        """Imported meshes, by content."""
        return self.path / "assets"

    @property
    def manifest(self) -> Path:
        """Written last."""
        return self.path / MANIFEST

    @property
    def finished(self) -> bool:
        """Whether a whole dataset is here (and no `--overwrite` was cut short)."""
        return self.manifest.is_file() and not self.clearing.exists()

    def read_plan(self) -> Plan | None:
        """Return the plan of the dataset that is here, finished or not; None when there is none yet.

        Raises:
            ConfigError: there is one that this version cannot read.
        """
        for path in (self.manifest, self.plan):
            if not path.is_file():
                continue
            try:
                value = json.loads(path.read_bytes())
                return Plan.model_validate(value["plan"] if path == self.manifest else value)
            except (ValueError, KeyError, TypeError, ValidationError) as error:
                reason = str(error).splitlines()[0]
                raise ConfigError(
                    f"{path} was not written by this version of simdata ({reason}); choose another folder"
                ) from error
        return None

    def check_ours(self) -> None:
        """Refuse a folder that holds something else.

        Raises:
            ConfigError: it is no folder, or not empty and no dataset.
        """
        if not self.path.exists():
            return
        if not self.path.is_dir():
            raise ConfigError(f"{self.path} is a file; --out must be a folder")
        if any(path.is_file() for path in (self.manifest, self.plan, self.clearing, self.work / _LOCK)):
            return
        there = sorted(entry.name for entry in self.path.iterdir())
        if there and there != [self.work.name]:  # a driver may have died before it made anything else
            more = f" and {len(there) - 3} more" if len(there) > 3 else ""
            raise ConfigError(
                f"{self.path} holds something else ({', '.join(there[:3])}{more}) and no dataset; "
                "choose an empty or a new folder"
            )

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder for one driver; the system lets go when the driver dies.

        Raises:
            ConfigError: another driver works here, or the folder cannot be written.
            DiskFullError: no space left.
        """
        with disk_errors(self.path, ConfigError):
            self.work.mkdir(parents=True, exist_ok=True)
            handle = os.open(self.work / _LOCK, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            self._lock(handle)
            yield
        finally:
            with suppress(OSError):  # a fork may hold it open, too
                fcntl.flock(handle, fcntl.LOCK_UN)
            os.close(handle)
            if not self.plan.exists() and not self.clearing.exists():  # nothing was begun: leave no trace
                (self.work / _LOCK).unlink(missing_ok=True)
                with suppress(OSError):
                    self.work.rmdir()
                    self.path.rmdir()

    def _lock(self, handle: int) -> None:
        busy = f"another run writes to {self.path} just now; wait for it or choose another folder"
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConfigError(busy) from error
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOTSUP):  # the markers still keep shards whole
                raise
        if os.fstat(handle).st_nlink == 0:
            raise ConfigError(busy)

    def adopt(self, plan: Plan, store: Path) -> bool:
        """Make the folder this plan's: write it, or compare it with the one that is here.

        Args:
            plan: of this run.
            store: where its meshes were imported to; they are copied to `assets`.

        Returns:
            Whether the folder already had this plan.

        Raises:
            ConfigError: it has another plan; says what differs.
        """
        if self.clearing.exists():  # an earlier --overwrite was cut short
            self.clear()
        old = self.read_plan()
        if old is not None:
            require_same(old, plan, self.path)
        for file in sorted(store.iterdir()):
            with suppress(TakenError):
                put_new(self.assets / file.name, file.read_bytes())
        with disk_errors(self.sources):
            put_source(plan, self.sources)
        if old is None:
            put_new(self.plan, plan.to_bytes(), sync=True)
        return old is not None

    def clear(self) -> None:
        """Remove the dataset that is here, and nothing that is not of it; go on if that was cut short."""
        with disk_errors(self.path):
            self.clearing.touch()
            self.manifest.unlink(missing_ok=True)
            for name, pattern in OWN_FILES.items():
                _remove_own(self.path / name, re.compile(pattern))
            (self.path / "run.log").unlink(missing_ok=True)
            _remove_parts(self.path)
            for entry in self.work.iterdir():
                if entry.is_dir():
                    shutil.rmtree(entry)
                elif entry.name not in (_LOCK, self.clearing.name):
                    entry.unlink()
            self.clearing.unlink()

    def remove_parts(self) -> None:
        """Remove what writers that were killed have left under temporary names."""
        for name in ("", "annotations", "assets", "holes", "store"):
            _remove_parts(self.path / name)

    def remove_work(self) -> None:
        """Remove what was under way; whatever is left of it, the manifest says that the dataset is whole."""
        shutil.rmtree(self.work, ignore_errors=True)


@contextmanager
def disk_errors(path: Path, kind: type[Exception] = WriteError) -> Iterator[None]:
    """Turn the system's errors into ours.

    Raises:
        DiskFullError: no space left.
        WriteError: any other (or `kind`).
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(
                f"no space left at {path}; what is committed stays: free some space, "
                "then the same command resumes"
            ) from error
        where = error.filename or path
        raise kind(f"cannot write {where}: {error.strerror or error}") from error


def _remove_own(folder: Path, pattern: re.Pattern[str]) -> None:
    """Remove the files below a folder that match, and the folders that are empty then."""
    for here, _, names in os.walk(folder, topdown=False):
        for name in names:
            path = Path(here) / name
            if pattern.fullmatch(path.relative_to(folder).as_posix()) or _PART.fullmatch(name):
                path.unlink()
        with suppress(OSError):
            Path(here).rmdir()


def _remove_parts(folder: Path) -> None:
    if folder.is_dir():
        for path in folder.iterdir():
            if _PART.fullmatch(path.name):
                path.unlink()
