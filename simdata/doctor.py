"""Say what works on this machine, what does not, why, and what to install."""

from __future__ import annotations

import importlib
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from simdata.errors import SimdataError
from simdata.physics import load_pybullet
from simdata.render import RENDERERS
from simdata.workers.cores import usable_cores

# Distribution -> module; what a dataset cannot be made without.
NEEDED = {
    "embreex": "embreex",
    "moderngl": "moderngl",
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "pyarrow": "pyarrow",
    "pybullet": "pybullet",
    "pycocotools": "pycocotools",
    "pydantic": "pydantic",
    "PyYAML": "yaml",
    "rich": "rich",
    "scipy": "scipy",
    "trimesh": "trimesh",
    "typer": "typer",
}
# Less than this and the default settings will not fit.
LEAST_MEMORY, LEAST_DISK = 1 << 30, 1 << 30
GIB = 1 << 30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        about: what.
        works: whether it does.
        says: version, or why not and what to install.
        needed: no dataset can be made without it.
    """

    about: str
    works: bool
    says: str
    needed: bool = False


def diagnose(folder: Path) -> list[Finding]:
    """Look at Python, packages, renderers, executors and the machine; `folder` is where data would go."""
    return [*_python(), *_packages(), *_renderers(), *_executors(), *_machine(folder)]


def can_generate(findings: list[Finding]) -> bool:
    """Say whether a dataset can be made: everything needed works, and at least one renderer does."""
    renderers = [one.works for one in findings if one.about.startswith("renderer ")]
    return any(renderers) and all(one.works for one in findings if one.needed)


def _python() -> Iterator[Finding]:
    version = platform.python_version()
    good = sys.version_info >= (3, 11)
    yield Finding("python", good, version if good else f"{version}; simdata needs 3.11 or later", needed=True)


def _packages() -> Iterator[Finding]:
    for distribution, module in NEEDED.items():
        yield _package(distribution, module)


def _package(distribution: str, module: str) -> Finding:
    """Import a package; what its import throws is the finding."""
    try:
        if module == "pybullet":
            load_pybullet()  # it also wants PyBullet's pictures to come as NumPy arrays
        importlib.import_module(module)
        extra = ", built with NumPy" if module == "pybullet" else ""
        return Finding(distribution, True, metadata.version(distribution) + extra, needed=True)
    except metadata.PackageNotFoundError:
        return Finding(distribution, True, "imports, version unknown", needed=True)
    except SimdataError as error:
        return Finding(distribution, False, str(error), needed=True)
    except Exception as error:  # noqa: BLE001 - a broken binary package may raise anything
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        return Finding(distribution, False, f"{reason}; try: pip install {distribution}", needed=True)


def _renderers() -> Iterator[Finding]:
    for name in RENDERERS.names():
        try:
            yield Finding(f"renderer {name}", True, RENDERERS.load(name).probe().says)
        except SimdataError as error:
            yield Finding(f"renderer {name}", False, str(error))


def _executors() -> Iterator[Finding]:
    yield Finding("executor local", True, "processes of this machine")
    yield _ray()


def _ray() -> Finding:
    """Import Ray in a child: what it finds in its environment when it is imported stays with a process."""
    code = "import ray; print(ray.__version__)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Finding("executor ray", True, f"ray {done.stdout.split()[-1]}")
    reason = (done.stderr.strip().splitlines() or ["it crashed"])[-1]
    return Finding("executor ray", False, f"{reason}; try: pip install 'ray>=2.60,<2.61'")


def _machine(folder: Path) -> Iterator[Finding]:
    cores = usable_cores()
    yield Finding("cpu", True, f"{cores} cores may be used, {platform.machine()}; try --workers {cores}")
    memory = _free_memory()
    if memory is not None:
        advice = "" if memory >= LEAST_MEMORY else "; a worker takes about 0.5 GiB: use --workers 1"
        yield Finding("memory", memory >= LEAST_MEMORY, f"{memory / GIB:.1f} GiB free{advice}")
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    advice = "" if free >= LEAST_DISK else "; a thousand 640x480 images take about 0.5 GiB"
    yield Finding("disk", free >= LEAST_DISK, f"{free / GIB:.1f} GiB free at {there}{advice}")


def _free_memory() -> int | None:
    """Return bytes that a new process may take, a container's limit included; None where nobody tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration, ValueError):
        return None
    try:
        group = Path("/sys/fs/cgroup")
        limit = int((group / "memory.max").read_text())
        used = int((group / "memory.current").read_text())
    except (OSError, ValueError):  # no limit says "max"
        return free
    return min(free, max(limit - used, 0))
