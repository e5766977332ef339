"""Which of Mitsuba's variants works here, found out by children: compilers crash, and this may be a driver.

`python -m simdata.render.mitsuba.probe VARIANT` draws a little with it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from simdata.errors import RenderError

# Source: Dr.Jit's documentation, "LLVM backend".
LLVM_VARIABLE = "DRJIT_LIBLLVM_PATH"
# Ours: the variant that a run has settled on; its workers look no further.
VARIANT_VARIABLE = "SIMDATA_MITSUBA_VARIANT"
GPU, VECTORS, SCALAR = "cuda_ad_rgb", "llvm_ad_rgb", "scalar_rgb"
OLDEST_LLVM = 15
TIMEOUT = 120.0  # seconds; the compiler starts from nothing


@dataclass(frozen=True)
class Way:
    """A variant that may work here.

    Attributes:
        variant: Mitsuba's name of it.
        llvm: path of the LLVM library that compiles for it, "" for none.
    """

    variant: str
    llvm: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a process finds in its environment to go this way."""
        return {VARIANT_VARIABLE: self.variant} | ({LLVM_VARIABLE: self.llvm} if self.llvm else {})

    @property
    def device(self) -> str:
        """What draws: "cpu" or "gpu"."""
        return "gpu" if self.variant == GPU else "cpu"

    def __str__(self) -> str:
        return f"{self.variant} with {Path(self.llvm).name}" if self.llvm else self.variant


@lru_cache
def find_way(device: str = "auto") -> Way:
    """Return the fastest variant that draws here; or what the environment has settled, untried.

    Args:
        device: "cpu", "gpu" or "auto".

    Raises:
        RenderError: none works on this device; says why.
    """
    if settled := os.environ.get(VARIANT_VARIABLE):
        way = Way(settled, os.environ.get(LLVM_VARIABLE, ""))
        if device in ("auto", way.device):
            return way
        raise RenderError(f"{VARIANT_VARIABLE} says {way}, which draws on no {device}")
    faults = []
    for way in ways(device):
        try:
            try_out(way)
        except RenderError as error:
            faults.append(f"{way}: {error}")
        else:
            return way
    raise RenderError(f"Mitsuba draws on no {device} here. " + "; ".join(faults))


def advice(way: Way) -> str:
    """Say how this machine's CPU could draw faster; "" where it does already."""
    if way.variant != SCALAR:
        return ""
    return (
        f", many times slower than with LLVM 17 or newer: apt-get install libllvm19, or set {LLVM_VARIABLE}"
    )


def ways(device: str) -> Iterator[Way]:
    """Yield what may work on a device, best first."""
    if device != "cpu":
        yield Way(GPU)
    if device != "gpu":
        yield from (Way(VECTORS, str(library)) for library in llvm_libraries())
        yield Way(SCALAR)


def llvm_libraries() -> list[Path]:
    """Return the LLVM that the user names, else those of this machine, newest first."""
    if named := os.environ.get(LLVM_VARIABLE):
        return [Path(named)]
    places = (
        "/usr/lib/*-linux-gnu/libLLVM*.so*",
        "/usr/lib*/libLLVM*.so*",
        "/opt/homebrew/opt/llvm*/lib/libLLVM.dylib",
    )
    found = {path.resolve() for place in places for path in Path("/").glob(place.lstrip("/"))}
    return sorted((path for path in found if _release(path) >= [OLDEST_LLVM]), key=_release, reverse=True)


def _release(library: Path) -> list[int]:
    return [int(word) for word in library.name.replace("-", ".").split(".") if word.isdecimal()] or [
        OLDEST_LLVM
    ]


def open_way(way: Way) -> None:
    """Let Mitsuba use a variant in this process, with as many threads as software OpenGL may have.

    Raises:
        RenderError: it cannot.
    """
    if way.llvm:
        os.environ[LLVM_VARIABLE] = way.llvm  # read once, at the import
    import drjit as dr
    import mitsuba as mi

    if mi.variant() == way.variant:
        return
    try:
        mi.set_variant(way.variant)
    except ImportError as error:
        raise RenderError(f"{way}: {error}") from None
    if way.variant == VECTORS and (threads := os.environ.get("LP_NUM_THREADS")):
        dr.set_thread_count(int(threads))


def try_out(way: Way) -> None:
    """Draw with a variant in a child; its home is empty, so that the compiler has to work.

    Raises:
        RenderError: it does not; says why.
    """
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100  ("" is the cwd)
    with tempfile.TemporaryDirectory(prefix="simdata-mitsuba-") as home:
        try:
            done = subprocess.run(
                [sys.executable, "-P", "-m", "simdata.render.mitsuba.probe", way.variant],
                capture_output=True,
                text=True,
                timeout=TIMEOUT,
                env=os.environ | way.environment | {"PYTHONPATH": path, "HOME": home},
            )
        except subprocess.TimeoutExpired:
            raise RenderError(f"it did not draw within {TIMEOUT:.0f} s") from None
    if done.returncode < 0:
        raise RenderError(f"it crashed (signal {-done.returncode})")
    if done.returncode:
        raise RenderError((done.stderr.strip().splitlines() or ["it failed"])[-1][:300])


def main(variant: str) -> None:
    """Draw a ball."""
    import mitsuba as mi

    mi.set_variant(variant)
    surface = {"type": "twosided", "surface": {"type": "principled", "roughness": 0.3}}
    ball = {"type": "sphere", "surface": surface}
    scene = mi.load_dict(
        {"type": "scene", "view": {"type": "path"}, "sky": {"type": "constant"}, "ball": ball}
    )
    lens = {"type": "perspective", "film": {"type": "hdrfilm", "width": 8, "height": 8}}
    camera = mi.load_dict({**lens, "to_world": mi.ScalarTransform4f().translate([0, 0, -4])})
    if not float(mi.TensorXf(mi.render(scene, sensor=camera, spp=1)).array[0]) > 0:
        sys.exit("it drew nothing")


if __name__ == "__main__":
    main(*sys.argv[1:])
