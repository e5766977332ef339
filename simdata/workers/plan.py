"""`Plan`: all that decides a dataset's bytes. No clock, no worker count, no host, no path."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import simdata
from simdata.annotation import Strides
from simdata.config import BUILDERS, Config, split_counts
from simdata.errors import ConfigError
from simdata.model import Model

# Whatever draws, simulates, renders, encodes or measures; another version may give other bytes.
LIBRARIES = (
    "embreex",
    "moderngl",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "pyarrow",
    "pybullet",
    "pycocotools",
    "pydantic",
    "scipy",
    "trimesh",
)
# What reads or shows a dataset, or moves its files about: it may change between two resumes.
_NO_BYTES = {
    "api",
    "check",
    "cli",
    "dataset",
    "doctor",
    "preview",
    "replay",
    "target",
    "torch",
    "workers",
    "__main__",
}


class BuilderSource(Model):
    """The file a scene builder stands in.

    Attributes:
        file: its name, without folders.
        sha256: of its bytes; "" for a builder that has no file.
        text: the file itself when it was named by its path, so that it reaches every worker as it was.
    """

    file: str
    sha256: str
    text: str | None = None


class Plan(Model):
    """What a run will make. Two equal plans make equal bytes.

    Attributes:
        plan: version of this format.
        config: renderer resolved, meshes imported; a builder's file is named without its folder.
        config_digest: of `config`.
        builder: where the scene builder's code comes from.
        versions: of Python, of the libraries that matter, and a hash of our own code.
        strides: looks, instants and views a scene; image ids follow from them.
        scenes, shard_scenes, shards: how the work is cut.
        images, images_by_split: how many there will be, but for holes.
        categories: final names; id = index + 1.
        notes: why "auto" took no better renderer.
    """

    plan: Literal[1] = 1
    config: Config
    config_digest: str
    builder: BuilderSource
    versions: dict[str, str]
    strides: Strides
    scenes: int
    shard_scenes: int
    shards: int
    images: int
    images_by_split: dict[str, int]
    categories: tuple[str, ...]
    notes: tuple[str, ...] = ()

    def scenes_of(self, shard: int) -> range:
        """Return the scene numbers of a shard."""
        first = shard * self.shard_scenes
        return range(first, min(first + self.shard_scenes, self.scenes))

    def to_bytes(self) -> bytes:
        """Return the plan's file."""
        return json.dumps(self.model_dump(mode="json"), indent=1, ensure_ascii=False).encode() + b"\n"


def make_plan(config: Config, *, notes: tuple[str, ...] = ()) -> Plan:
    """Plan a run of a config that `simdata.pipeline.resolve` has settled.

    Raises:
        ConfigError: the builder cannot be loaded, or the category map names what it does not make.
    """
    source = builder_source(config.scene)
    categories = tuple(config.category_names())
    dataset = config.dataset
    strides = Strides(looks=dataset.looks_per_layout, times=1, views=dataset.views)
    each = strides.looks * strides.times * strides.views
    config = config.model_copy(update={"scene": portable_name(config.scene)})
    return Plan(
        config=config,
        config_digest=config.digest,
        builder=source,
        versions=versions(),
        strides=strides,
        scenes=dataset.scenes,
        shard_scenes=config.shard_size,
        shards=-(-dataset.scenes // config.shard_size),
        images=dataset.scenes * each,
        images_by_split={
            name: count * each for name, count in sorted(split_counts(dataset.splits, dataset.scenes).items())
        },
        categories=categories,
        notes=notes,
    )


def portable_name(scene: str) -> str:
    """Return a builder's name without the folders of its file: those are one machine's business."""
    target, _, name = BUILDERS.target(scene).rpartition(":")
    return f"{Path(target).name}:{name}" if target.endswith(".py") else scene


def builder_source(scene: str) -> BuilderSource:
    """Read the file behind a scene builder."""
    builder = BUILDERS.load(scene)
    file = inspect.getsourcefile(builder)
    if file is None:
        return BuilderSource(file="", sha256="")
    data = Path(file).read_bytes()
    by_path = BUILDERS.target(scene).rpartition(":")[0].endswith(".py")
    text = data.decode() if by_path else None
    return BuilderSource(file=Path(file).name, sha256=hashlib.sha256(data).hexdigest(), text=text)


def runnable(plan: Plan, sources: Path) -> Config:
    """Return the plan's config with a builder's file named where workers find it (see `put_source`)."""
    if plan.builder.text is None:
        return plan.config
    name = plan.config.scene.rpartition(":")[2]
    return plan.config.model_copy(update={"scene": f"{_source_path(plan, sources)}:{name}"})


def put_source(plan: Plan, sources: Path) -> None:
    """Write a builder's file below `sources`, if it was named by its path."""
    path = _source_path(plan, sources)
    if plan.builder.text is not None and not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(plan.builder.text.encode())
        part.replace(path)


def versions() -> dict[str, str]:
    """Return name -> version of all that can change a byte."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    found = {"python": python, "simdata": simdata.__version__, "simdata_code": code_digest()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def code_digest() -> str:
    """Hash (16 hex digits) the part of simdata's own code that decides a dataset's bytes.

    The version alone does not tell a working copy that is edited while a run goes on.
    """
    root = Path(simdata.__file__).parent
    total = hashlib.sha256()
    files = [Path(here) / name for here, _, names in os.walk(root, followlinks=True) for name in names]
    for path in sorted(path for path in files if path.suffix == ".py"):
        place = path.relative_to(root)
        if place.parts[0].removesuffix(".py") not in _NO_BYTES:
            total.update(f"{place.as_posix()}\0".encode() + path.read_bytes() + b"\0")
    return total.hexdigest()[:16]


def require_versions(plan: Plan) -> None:
    """Refuse to work for a plan with other code or libraries than it was made with.

    Raises:
        ConfigError: they differ; says how.
    """
    faults = list(differences(plan.versions, versions(), "versions"))
    if faults:
        raise ConfigError(
            f"a worker has not what the run was planned with: {'; '.join(faults[:8])}; "
            "give every machine the same versions, and do not edit the code while a run goes on"
        )


def require_same(old: Plan, new: Plan, folder: Path) -> None:
    """Refuse to go on with another plan than the folder's own.

    Raises:
        ConfigError: they differ; says where and how.
    """
    faults = list(differences(_compared(old), _compared(new)))
    if not faults:
        return
    shown = "; ".join(faults[:8]) + (f"; and {len(faults) - 8} more" if len(faults) > 8 else "")
    raise ConfigError(
        f"{folder} holds a dataset of another plan: {shown}; "
        "choose another folder, or --overwrite to replace it"
    )


def differences(old: Any, new: Any, path: str = "") -> Iterator[str]:
    """Say where two JSON values differ: "config.seed: 0 -> 1"."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            absent = "(absent)"
            below = f"{path}.{key}" if path else str(key)
            yield from differences(old.get(key, absent), new.get(key, absent), below)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from differences(*pair, f"{path}[{index}]")
    elif old != new:
        yield f"{path}: {_short(old)} -> {_short(new)}"


def _compared(plan: Plan) -> dict[str, Any]:
    """Return what tells two plans apart, without what follows from the rest."""
    value = plan.model_dump(mode="json")
    keep = {key: value[key] for key in ("plan", "config", "builder", "versions", "categories")}
    keep["builder"].pop("text")
    return json.loads(json.dumps(keep))


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def _source_path(plan: Plan, sources: Path) -> Path:
    return sources / plan.builder.sha256[:16] / plan.builder.file
