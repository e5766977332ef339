"""Silhouettes of all objects by one pass without a depth test: each sets its bit in every pixel it covers."""

from __future__ import annotations

from collections.abc import Sequence

import moderngl
import numpy as np

from simdata.camera import Camera
from simdata.geometry import invert, transform
from simdata.render.caster import world_corners
from simdata.render.gl.program import Program
from simdata.render.gl.stage import Stage
from simdata.render.gl.target import Targets
from simdata.render.gl.view import View, pinhole_view
from simdata.silhouette import Silhouette, Window, window

WORD = 32  # objects a word


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

    def draw(self, stage: Stage, camera: Camera, t: float) -> dict[int, Silhouette]:
        """Return instance id -> silhouette; what crosses the image's edge is drawn in a wider picture."""
        windows = _windows(stage, camera, t)
        image = (0, 0, camera.width, camera.height)
        crossing = [key for key, box in windows.items() if box != _common(box, image)]
        within = [key for key, box in windows.items() if box == _common(box, image) and _size(box)]
        found = {key: Silhouette(0, 0, np.zeros((0, 0), bool)) for key in windows}
        view = pinhole_view(camera, t)
        for chosen in (within, crossing):
            if chosen:
                found |= self._draw(stage, view, t, {key: windows[key] for key in chosen})
        return found

    def release(self) -> None:
        """Give everything back."""
        for thing in (self._program, self._slots, self._bits):
            thing.release()

    def _draw(self, stage: Stage, view: View, t: float, windows: dict[int, Window]) -> dict[int, Silhouette]:
        """Draw some objects into a picture that holds all their windows."""
        boxes = np.array(list(windows.values()))
        x0, y0 = (int(value) for value in boxes[:, :2].min(0))
        x1, y1 = (int(value) for value in boxes[:, 2:].max(0))
        words = -(-len(windows) // WORD)
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
    corners = transform(invert(camera.world_from_camera(t)), world_corners(stage.scene, stage.bounds, t))
    parts: dict[int, list[np.ndarray]] = {}
    for node, box in zip(stage.scene.nodes, corners, strict=True):
        if node.labelled:
            parts.setdefault(node.instance, []).append(box)
    return {key: window(camera, np.concatenate(boxes)) for key, boxes in sorted(parts.items())}


def _common(a: Window, b: Window) -> Window:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def _size(box: Sequence[int]) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _holding(context: moderngl.Context, buffer: moderngl.Buffer, size: int) -> moderngl.Buffer:
    """Return a buffer of at least `size` bytes: the same one while it is large enough."""
    if buffer.size >= size:
        return buffer
    buffer.release()
    return context.buffer(reserve=size)
