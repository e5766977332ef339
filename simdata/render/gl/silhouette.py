"""Silhouettes of all objects by one pass without a depth test: each sets its bit in every pixel it covers."""

from __future__ import annotations

from pathlib import Path

import moderngl
import numpy as np

from simdata.amodal import silhouettes
from simdata.camera import Camera
from simdata.geometry import invert, transform
from simdata.render.gl.program import Program
from simdata.render.gl.stage import Stage
from simdata.render.gl.target import Targets
from simdata.render.gl.view import View, pinhole_view
from simdata.silhouette import Silhouette, Window, window

WORD = 32  # objects a word
LARGEST = 128 << 20  # bytes of a bit field; also what a device must grant (OpenGL 4.3, table 23.64)


class SilhouettePass:
    """Draws the silhouettes of every labelled object a pinhole sees.

    Args:
        context: where it draws.
        targets: where its targets come from.
    """

    def __init__(self, context: moderngl.Context, targets: Targets) -> None:
        self._context, self._targets = context, targets
        self._program = Program(context, "scene", "silhouette")
        self._slots = context.buffer(reserve=4)
        self._bits = context.buffer(reserve=4)

    def draw(self, stage: Stage, camera: Camera, t: float, store: Path | None) -> dict[int, Silhouette]:
        """Return instance id -> silhouette of every labelled object.

        What crosses the image's edge is drawn in a wider picture; if that would be too large, it is filled on
        the CPU (`simdata.amodal`), as exactly.
        """
        windows = _windows(stage, camera, t)
        image = (0, 0, camera.width, camera.height)
        seen = {key: box for key, box in windows.items() if box[0] < box[2]}
        within = {key: box for key, box in seen.items() if box == _common(box, image)}
        crossing = {key: box for key, box in seen.items() if key not in within}
        found = {key: Silhouette(0, 0, np.zeros((0, 0), bool)) for key in windows}
        view = pinhole_view(camera, t)
        for chosen in (within, crossing):
            if self._fits(chosen):
                found |= self._draw(stage, view, t, chosen)
            elif chosen:
                found |= silhouettes(stage.scene, camera, t, store, instances=chosen)
        return dict(sorted(found.items()))

    def release(self) -> None:
        """Give everything back."""
        for thing in (self._program, self._slots, self._bits):
            thing.release()

    def _fits(self, windows: dict[int, Window]) -> bool:
        """Tell whether there is anything, and its bit field is not too large."""
        if not windows:
            return False
        x0, y0, x1, y1 = _around(windows)
        size = 4 * (x1 - x0) * (y1 - y0) * _words(windows)
        return max(x1 - x0, y1 - y0) <= self._targets.longest and size <= LARGEST

    def _draw(self, stage: Stage, view: View, t: float, windows: dict[int, Window]) -> dict[int, Silhouette]:
        """Draw some objects into a picture that holds all their windows."""
        x0, y0, x1, y1 = _around(windows)
        words = _words(windows)
        slot_of = {key: slot for slot, key in enumerate(windows)}
        bits = self._pass(stage, view.shifted(x0, y0, x1 - x0, y1 - y0), t, slot_of, words)
        found = {}
        for key, (left, top, right, bottom) in windows.items():
            word, bit = divmod(slot_of[key], WORD)
            part = bits[top - y0 : bottom - y0, left - x0 : right - x0, word]
            found[key] = Silhouette(left, top, (part >> np.uint32(bit) & np.uint32(1)).astype(bool))
        return found

    def _pass(self, stage: Stage, view: View, t: float, slot_of: dict[int, int], words: int) -> np.ndarray:
        """Return the bit field, (height, width, words) uint32."""
        nodes = stage.scene.nodes
        slots = np.array([slot_of.get(n.instance, -1) if n.labelled else -1 for n in nodes], np.int32)
        size = 4 * view.width * view.height * words
        self._slots = _holding(self._context, self._slots, slots.nbytes)
        self._slots.write(slots.tobytes())
        self._bits = _holding(self._context, self._bits, size)
        self._bits.clear(size)
        self._slots.bind_to_storage_buffer(4)
        self._bits.bind_to_storage_buffer(5)
        self._targets.empty(view.width, view.height).use()
        self._context.enable_only(moderngl.NOTHING)
        stage.look(view.world_from_view, t)
        self._program.set(width=view.width, words=words, clip_from_view=view.projection())
        stage.geometry.draw(self._program, np.flatnonzero(slots >= 0))
        self._context.memory_barrier()
        return np.frombuffer(self._bits.read(size), np.uint32).reshape(view.height, view.width, words)


def _windows(stage: Stage, camera: Camera, t: float) -> dict[int, Window]:
    """Return instance id -> a window that holds it, for every labelled instance."""
    corners = transform(invert(camera.world_from_camera(t)), stage.corners(t))
    parts: dict[int, list[np.ndarray]] = {}
    for node, box in zip(stage.scene.nodes, corners, strict=True):
        if node.labelled:
            parts.setdefault(node.instance, []).append(box)
    return {key: window(camera, np.concatenate(boxes)) for key, boxes in sorted(parts.items())}


def _common(a: Window, b: Window) -> Window:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def _around(windows: dict[int, Window]) -> Window:
    """Return the smallest window that holds some."""
    x0, y0, x1, y1 = zip(*windows.values(), strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def _words(windows: dict[int, Window]) -> int:
    return -(-len(windows) // WORD)


def _holding(context: moderngl.Context, buffer: moderngl.Buffer, size: int) -> moderngl.Buffer:
    """Return a buffer of at least `size` bytes: the same one while it is large enough."""
    if buffer.size >= size:
        return buffer
    buffer.release()
    return context.buffer(reserve=size)
