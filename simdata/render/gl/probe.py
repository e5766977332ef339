"""What OpenGL is here, found out by a child process: a driver may crash, and this process may be a driver's.

`python -m simdata.render.gl.probe KIND` prints the device as JSON.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from functools import lru_cache
from typing import Any

from simdata.errors import RenderError

TIMEOUT = 120.0  # seconds; a first start may compile shaders of the driver's own


@lru_cache
def probe_device(kind: str) -> dict[str, Any]:
    """Return what the first device of a kind is ("auto", "cpu", "gpu"), a `context.Device` as JSON.

    And "devices": the EGL numbers of all that are of its kind.

    Raises:
        RenderError: there is none; says why.
    """
    path = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)  # noqa: PTH100  ("" is the cwd)
    command = [sys.executable, "-P", "-m", "simdata.render.gl.probe", kind]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=TIMEOUT, env=os.environ | {"PYTHONPATH": path}
        )
    except subprocess.TimeoutExpired:
        raise RenderError(f"OpenGL did not open within {TIMEOUT:.0f} s") from None
    if done.returncode < 0:
        raise RenderError(f"OpenGL's driver crashed while it opened (signal {-done.returncode})")
    answer = json.loads(done.stdout.splitlines()[-1]) if done.stdout else {"error": done.stderr[-500:]}
    if "error" in answer:
        raise RenderError(answer["error"])
    return answer


def main(kind: str) -> None:
    """Open a context and print what it is."""
    from simdata.render.gl.context import devices_of, open_context

    try:
        context, device = open_context(kind)
    except RenderError as error:
        sys.stdout.write(json.dumps({"error": str(error)}))
        return
    context.release()
    sys.stdout.write(json.dumps(device.to_json() | {"devices": devices_of(device.kind)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
