"""An OpenGL context without a display: EGL on a GPU, or Mesa's llvmpipe on the CPU."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import Any

import moderngl

from simdata.errors import RenderError

# What these draw, the CPU draws.
SOFTWARE = ("llvmpipe", "softpipe", "swrast", "swiftshader")
# By the names that the system's packages install: those without a number need development files.
LIBRARIES: dict[str, Any] = {"libgl": "libGL.so.1", "libegl": "libEGL.so.1"}
INSTALL = "apt-get install -y --no-install-recommends libegl1 libgl1"
NEEDED = 430  # storage buffers
MOST_DEVICES = 16
# Which of the machine's EGL devices this process takes; a supervisor deals them out to its children.
DEVICE_VARIABLE = "SIMDATA_EGL_DEVICE"


@dataclass(frozen=True)
class Device:
    """What draws.

    Attributes:
        index: number of the EGL device.
        kind: "gpu", or "cpu" for a software renderer.
        vendor, name, version: as the driver says.
        max_size: longest side of a picture, pixels.
    """

    index: int
    kind: str
    vendor: str
    name: str
    version: str
    max_size: int

    def to_json(self) -> dict[str, Any]:
        """Return a JSON value."""
        return asdict(self)


def open_context(kind: str = "auto") -> tuple[moderngl.Context, Device]:
    """Open a context on the first device of a kind.

    Args:
        kind: "gpu", "cpu", or "auto": a GPU where there is one.

    Raises:
        RenderError: no EGL, or no device of this kind; says what to install.
    """
    faults: list[str] = []
    spare = None
    for index in _indices():
        try:
            opened = _open(index)
        except RenderError as error:
            if index and "device index" in str(error):
                break  # there are no more
            faults.append(str(error))
            continue
        if opened[1].kind == kind or (kind == "auto" and opened[1].kind == "gpu"):
            _release(spare)
            return opened
        if kind == "auto" and spare is None:
            spare = opened
        else:
            _release(opened)
            faults.append(f"device {index} is {opened[1].name}, on the {opened[1].kind.upper()}")
    if spare is None:
        raise RenderError(_explain(kind, faults))
    return spare


def devices_of(kind: str) -> list[int]:
    """Return the EGL numbers of all devices of a kind, "gpu" or "cpu"."""
    found = []
    for index in _indices():
        try:
            context, device = _open(index)
        except RenderError:
            continue
        context.release()
        if device.kind == kind:
            found.append(index)
    return found


def _indices() -> range:
    chosen = os.environ.get(DEVICE_VARIABLE, "")
    return range(int(chosen), int(chosen) + 1) if chosen.isdecimal() else range(MOST_DEVICES)


def _open(index: int) -> tuple[moderngl.Context, Device]:
    try:
        settings: dict[str, Any] = {"backend": "egl", "device_index": index, **LIBRARIES}
        context = moderngl.create_context(require=NEEDED, standalone=True, **settings)
    except Exception as error:  # a driver may raise anything
        raise RenderError(str(error).strip() or type(error).__name__) from error
    name = context.info["GL_RENDERER"]
    device = Device(
        index=index,
        kind="cpu" if any(word in name.lower() for word in SOFTWARE) else "gpu",
        vendor=context.info["GL_VENDOR"],
        name=name,
        version=context.info["GL_VERSION"],
        max_size=min(context.info["GL_MAX_TEXTURE_SIZE"], *context.info["GL_MAX_VIEWPORT_DIMS"]),
    )
    return context, device


def _release(opened: tuple[moderngl.Context, Device] | None) -> None:
    if opened is not None:
        opened[0].release()


def _explain(kind: str, faults: list[str]) -> str:
    """Say why no context opened, and what to do."""
    told = "; ".join(dict.fromkeys(faults)) or "no EGL device"
    if "not loaded" in told or "not found" in told:
        return f"OpenGL is not installed ({told}); on Debian or Ubuntu: {INSTALL}"
    if kind == "gpu":
        return f"no GPU answers over EGL ({told}); install its driver, or take render.device auto or cpu"
    return f"no OpenGL 4.3 answers over EGL ({told}); on Debian or Ubuntu Mesa draws on the CPU: {INSTALL}"
