"""Bytes to files: complete or not at all, and never over a file that is there.

A name is final only when its bytes are whole, so a crash or a full disk leaves no half file that looks done.
"""

from __future__ import annotations

import errno
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from simdata.errors import DiskFullError, TakenError, WriteError

_FULL = {errno.ENOSPC, errno.EDQUOT}
_NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


def put_new(path: Path, data: bytes, *, sync: bool = False) -> None:
    """Create `path` with these bytes; of several racing writers exactly one wins.

    The bytes go to a temporary name in the same folder, which is then linked to the final one: `link` refuses
    a name that is taken, which `rename` does not.

    Args:
        path: final name; its folder is made when missing.
        data: all of it.
        sync: wait until it would survive a power cut (2 to 12 ms); for the few files that make others count.

    Raises:
        TakenError: the name is taken; that file stays as it is.
        DiskFullError: no space left.
        WriteError: anything else, with the system's reason.
    """
    with _explained(path, len(data)):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = _open_part(path)
        try:
            _write_all(handle, data, sync)
            _link(part, path)
        finally:
            part.unlink(missing_ok=True)
        if sync:
            sync_folder(path.parent)


@contextmanager
def put_stream(path: Path) -> Iterator[BinaryIO]:
    """Open a file for bytes that do not fit in memory; the final name holds them only if all went well.

    It replaces an older file of that name: for what one process derives again from other files.

    Raises:
        DiskFullError, WriteError: as `put_new`; also for what the block itself writes.
    """
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        number, part = _open_part(path)
        try:
            with os.fdopen(number, "wb") as handle:
                yield handle
                handle.flush()
                os.fsync(handle.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder would survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open_part(path: Path) -> tuple[int, Path]:
    """Create a temporary file beside `path` that is ours alone: the first free number, as the system says."""
    for number in itertools.count():
        part = path.with_name(f".{path.name}.{number}.part")
        with suppress(FileExistsError):
            return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), part
    raise AssertionError("unreachable")


def _write_all(handle: int, data: bytes, sync: bool) -> None:
    """Write and close; a single `write` may take less than it was given."""
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(handle, rest) :]
        if sync:
            os.fsync(handle)
    finally:
        os.close(handle)


def _link(part: Path, path: Path) -> None:
    try:
        os.link(part, path)
    except FileExistsError:
        raise TakenError(f"{path} is there already and is not replaced") from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        raise WriteError(
            f"{path.parent}: this file system makes no hard links ({error.strerror}), and they are what "
            "keeps two writers from both winning a name; choose a folder on a local disk or NFS"
        ) from error


@contextmanager
def _explained(path: Path, size: int | None = None) -> Iterator[None]:
    """Turn the system's errors into ours."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL:
            raise WriteError(f"cannot write {path}: {error.strerror or error}") from error
        need = "" if size is None else f" for {size:,} bytes"
        raise DiskFullError(
            f"no space left{need} at {path} ({_free(path):,} bytes free); what is committed stays: free some "
            "space, then the same command resumes"
        ) from error


def _free(path: Path) -> int:
    """Return the free bytes of the file system that `path` is or would be on."""
    there = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    return shutil.disk_usage(there).free
