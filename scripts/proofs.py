"""Long proofs: each runs something real and writes its figures to docs/proof/NAME.json.

Run them through `scripts/prove`, which makes the environment first.
"""

from __future__ import annotations

import ast
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

from gl_soak import gl_soak
from gl_truth import gl_truth
from labels_teach import labels_teach
from randomisation import randomisation
from reference import reference
from rivals import race
from stream_soak import stream_soak

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "numpy",
    "pybullet",
    "opencv-python-headless",
    "pillow",
    "trimesh",
    "embreex",
    "moderngl",
    "mitsuba",
    "ray",
    "pyarrow",
    "pycocotools",
    "torch",
)


def bare_machine() -> dict[str, Any]:
    """On a bare Debian 12 with Python 3.11 and no libGL/libEGL both scripts work from a fresh clone.

    Needs root and `debootstrap`. SIMDATA_BARE_ROOT may name a root that debootstrap made before.
    """
    given = os.environ.get("SIMDATA_BARE_ROOT")
    with tempfile.TemporaryDirectory(prefix="simdata-bare-") as folder:
        root = Path(given) if given else Path(folder) / "root"
        if not given:
            include = "--include=python3,python3-venv,python3-pip,git,ca-certificates"
            run(["debootstrap", "--variant=minbase", include, "bookworm", str(root)])
        home = root / "srv" / "simdata"
        shutil.rmtree(home, ignore_errors=True)
        run(["git", "clone", "--quiet", str(ROOT), str(home)])
        libraries = [str(p.relative_to(root)) for p in root.glob("usr/lib/*/lib*GL.so*")]
        if libraries:
            sys.exit(f"not bare, it has {libraries}")
        codes = {}
        for script in ("scripts/quickstart", "scripts/test"):
            done = run(_inside(root, f"cd /srv/simdata && {script} 2>&1"), check=False)
            codes[script] = done.returncode
            print(done.stdout[-2000:])
            if done.returncode:
                sys.exit(f"{script} failed on the bare machine ({done.returncode})")
        images = list((home / "quickstart-dataset").glob("images/*/*.png"))
        python = run(_inside(root, "python3 --version")).stdout.strip()
        shutil.rmtree(home, ignore_errors=True)
        return {"debian": "bookworm minbase", "python": python, "gl_libraries": libraries,
                "exit_codes": codes, "quickstart_images": len(images)}  # fmt: skip


def bench() -> dict[str, Any]:
    """All figures of `scripts/bench.py`, in one run."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.json"
        # It exits with 1 when a bound is missed; the figures say so, and are written all the same.
        run([sys.executable, str(ROOT / "scripts/bench.py"), "--json", str(path)], capture=False, check=False)
        return json.loads(path.read_text())


def _inside(root: Path, command: str) -> list[str]:
    """Return the command line that runs a shell command in the root, with this machine's network and no more.

    Mounts are of a namespace of their own, which ends with the command.
    """
    settings = _pip_settings()
    shared = ["/etc/resolv.conf", "/etc/hosts", *_folders(settings)]
    mounts = ["mount -t proc proc proc", "mount -t tmpfs tmpfs dev/shm"]
    for path in filter(os.path.exists, shared):
        place = shlex.quote(path.lstrip("/"))
        make = f"mkdir -p {place}" if Path(path).is_dir() else f"mkdir -p $(dirname {place}); touch {place}"
        mounts += [make, f"mount --bind {shlex.quote(path)} {place}"]
    passed = {k: v for k, v in os.environ.items() if k.upper().endswith("_PROXY") or k.startswith("SSL_")}
    names = passed | settings | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "LANG": "C.UTF-8"}
    environment = [f"{name}={value}" for name, value in names.items()]
    enter = shlex.join(["exec", "chroot", ".", "/usr/bin/env", "-i", *environment, "bash", "-c", command])
    script = "\n".join(["set -e", f"cd {shlex.quote(str(root))}", *mounts, enter])
    return ["unshare", "--mount", "--fork", "bash", "-c", script]


def _pip_settings() -> dict[str, str]:
    """Return pip's settings on this machine, from files or environment, as environment variables."""
    listed = run([sys.executable, "-m", "pip", "config", "list"]).stdout.splitlines()
    pairs = [line.partition("=") for line in listed]
    return {
        "PIP_" + name.rpartition(".")[2].upper().replace("-", "_"): str(ast.literal_eval(value))
        for name, _, value in pairs
    }


def _folders(settings: dict[str, str]) -> list[str]:
    """Return the local files and folders that pip's settings name; of an index, its parent.

    Source: PEP 503 leaves an index's links free, and those on a disk lead to files beside it.
    """
    words = [word for value in settings.values() for word in value.split()]
    plain = [word for word in words if word.startswith("/")]
    indices = [
        str(Path(word.removeprefix("file://")).parent) for word in words if word.startswith("file:///")
    ]
    return list(dict.fromkeys(plain + indices))


def run(command: list[str], *, check: bool = True, capture: bool = True) -> subprocess.CompletedProcess[str]:
    """Run a command; show what it said if it fails."""
    done = subprocess.run(command, capture_output=capture, text=True, cwd=ROOT, check=False)
    if check and done.returncode:
        said = (done.stdout or "")[-3000:] + (done.stderr or "")
        sys.exit(f"{' '.join(command)} failed ({done.returncode}):\n{said}")
    return done


PROOFS: dict[str, Callable[[], dict[str, Any]]] = {
    "bare_machine": bare_machine,
    "bench": bench,
    "gl_soak": gl_soak,
    "gl_truth": gl_truth,
    "labels_teach": labels_teach,
    "randomisation": randomisation,
    "reference": reference,
    "rivals": race,
    "stream_soak": stream_soak,
}


def main() -> None:
    """Run the proofs named on the command line and write their figures."""
    names = sys.argv[1:]
    if not names or set(names) - set(PROOFS):
        for name, proof in PROOFS.items():
            print(f"{name:14} {(proof.__doc__ or '').splitlines()[0]}")
        sys.exit(2 if names else 0)
    commit = run(["git", "rev-parse", "HEAD"]).stdout.strip()
    dirty = bool(run(["git", "status", "--porcelain", "--untracked-files=no"]).stdout.strip())
    for name in names:
        figures = PROOFS[name]()
        record = {
            "proof": name,
            "says": (PROOFS[name].__doc__ or "").splitlines()[0],
            "commit": commit + ("+changes" if dirty else ""),
            "python": platform.python_version(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "versions": {package: version(package) for package in PACKAGES},
            "figures": figures,
        }
        path = ROOT / "docs" / "proof" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(record, indent=1) + "\n")
        print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
