"""The tree of hashes: the manifest vouches for the receipts and annotations, each receipt for its shard."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from simdata.check.annotations import read_json
from simdata.check.fault import Faults
from simdata.config import Config

MANIFEST = "manifest.json"
_VOUCHED_FOLDERS = (
    "annotations",
    "assets",
    "clean",
    "depth",
    "distance",
    "holes",
    "images",
    "instance_ids",
    "layers",
    "measured_depth",
    "scenes",
    "store",
)


@dataclass(frozen=True)
class Tree:
    """What a dataset says about itself.

    Attributes:
        config: the config in its manifest; None if there is no sound one.
        manifest: {} if there is none.
        broken: files that are missing or not what their hash says.
    """

    config: Config | None = None
    manifest: dict[str, Any] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)


def check_tree(folder: Path, faults: Faults) -> Tree:
    """Read the manifest and compare every file with its hash; note files that nobody vouches for."""
    manifest = _manifest(folder, faults)
    if manifest is None:
        return Tree()
    tree = Tree(_config(manifest, faults), manifest)
    known = {MANIFEST}
    for fact in _facts(manifest, MANIFEST, faults):
        known.add(fact["path"])
        sound = _check_file(folder, fact, tree, faults)
        if sound and fact["path"].startswith("store/") and fact["path"].endswith(".json"):
            known.update(_receipt(folder, fact["path"], tree, faults))
    for path in _files(folder):
        if path not in known:
            faults.add(path, None, "extra_file", "neither the manifest nor a receipt knows this file")
    return tree


def _manifest(folder: Path, faults: Faults) -> dict[str, Any] | None:
    if not (folder / MANIFEST).is_file():
        faults.add(MANIFEST, None, "unfinished", "there is none: the run did not end; its command resumes it")
        return None
    try:
        manifest = read_json(folder / MANIFEST)
    except (OSError, ValueError) as error:
        faults.add(MANIFEST, None, "json", f"cannot be read: {error}")
        return None
    if not isinstance(manifest, dict):
        faults.add(MANIFEST, None, "manifest", "is no JSON object")
        return None
    return manifest


def _config(manifest: dict[str, Any], faults: Faults) -> Config | None:
    plan = manifest.get("plan")
    try:
        return Config.model_validate(plan.get("config") if isinstance(plan, dict) else None)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, ("plan", "config", *first["loc"])))
        faults.add(MANIFEST, None, "manifest", f"{where}: {first['msg']}")
        return None


def _facts(owner: dict[str, Any], file: str, faults: Faults) -> Iterator[dict[str, Any]]:
    """Yield the sound entries of a list of files."""
    facts = owner.get("files")
    if not isinstance(facts, list):
        faults.add(file, None, "manifest", "has no list of files")
        return
    for fact in facts:
        if isinstance(fact, dict) and _inside(fact.get("path")) and isinstance(fact.get("sha256"), str):
            yield fact
        else:
            faults.add(file, None, "manifest", f"{str(fact)[:80]} does not name a file of the dataset")


def _inside(path: Any) -> bool:
    """Tell whether a path stays in the dataset: a manifest may come from anybody."""
    if not isinstance(path, str) or not path or "\0" in path or "\\" in path:
        return False
    return not path.startswith("/") and ".." not in path.split("/")


def _check_file(folder: Path, fact: dict[str, Any], tree: Tree, faults: Faults) -> bool:
    """Compare one file with what is said about it."""
    path = fact["path"]
    try:
        with (folder / path).open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
            size = handle.tell()
    except OSError as error:
        faults.add(path, None, "missing_file", f"cannot be read: {error.strerror}")
        tree.broken.add(path)
        return False
    if sha256 == fact["sha256"] and size == fact.get("bytes"):
        return True
    said = f"{fact['sha256'][:12]}… ({fact.get('bytes')} bytes)"
    faults.add(path, None, "hash", f"is {sha256[:12]}… ({size} bytes), not {said}: stale or changed")
    tree.broken.add(path)
    return False


def _receipt(folder: Path, file: str, tree: Tree, faults: Faults) -> set[str]:
    """Check the files of one receipt; return their names."""
    try:
        receipt = read_json(folder / file)
    except (OSError, ValueError) as error:
        faults.add(file, None, "json", f"cannot be read: {error}")
        return set()
    if not isinstance(receipt, dict):
        faults.add(file, None, "receipt", "is no JSON object")
        return set()
    facts = list(_facts(receipt, file, faults))
    for fact in facts:
        _check_file(folder, fact, tree, faults)
    return {fact["path"] for fact in facts}


def _files(folder: Path) -> Iterator[str]:
    """List every file below the folders that belong to the dataset."""
    for name in _VOUCHED_FOLDERS:
        for path in sorted((folder / name).rglob("*")):
            if not path.is_dir():
                yield path.relative_to(folder).as_posix()
