"""What lights send to places anywhere, by the shaders that light pictures."""

from __future__ import annotations

import moderngl
import numpy as np

from simdata.render.gl.light import DEPTH_UNIT, LIT_UNIT, OUTSIDE_UNIT, Lighting
from simdata.render.gl.program import Program
from simdata.render.gl.target import Targets, textures

FIRST_UNIT = 6  # of the places and normals that it reads
WIDTH, HEIGHT = 128, 128  # places at a time


class DirectPass:
    """Lights places.

    Args:
        context: where it draws.
        targets: where its target comes from.
    """

    def __init__(self, context: moderngl.Context, targets: Targets) -> None:
        self._context, self._targets = context, targets
        units = {"shadow_lit": LIT_UNIT, "shadow_depth": DEPTH_UNIT, "outside": OUTSIDE_UNIT}
        read = {"places": FIRST_UNIT, "normals": FIRST_UNIT + 1}
        self._program = Program(context, "screen", "direct", **units, **read)
        self._read = [context.texture((WIDTH, HEIGHT), 3, dtype="f4") for _ in read]

    def reading(self, lighting: Lighting, places: np.ndarray, normals: np.ndarray) -> np.ndarray:
        """Return what white diffuse surfaces read of the lights, (n, 3) float32.

        Args:
            lighting: loaded.
            places: (n, 3) metres, world frame.
            normals: (n, 3) unit, world frame.
        """
        lighting.bind(np.eye(4), self._program)
        self._context.enable_only(moderngl.NOTHING)
        step = WIDTH * HEIGHT
        parts = [
            self._part(places[first : first + step], normals[first : first + step])
            for first in range(0, len(places), step)
        ]
        return np.concatenate([np.zeros((0, 3), np.float32), *parts])

    def release(self) -> None:
        """Give everything back."""
        self._program.release()
        for texture in self._read:
            texture.release()

    def _part(self, *read: np.ndarray) -> np.ndarray:
        count, target = len(read[0]), self._targets.bare(WIDTH, HEIGHT, 4, "f4")
        rows = -(-count // WIDTH)
        for unit, (texture, values) in enumerate(zip(self._read, read, strict=True), FIRST_UNIT):
            whole = np.zeros((rows * WIDTH, 3), np.float32)
            whole[:count] = values
            texture.write(whole.tobytes(), viewport=(0, 0, WIDTH, rows))
            texture.use(unit)
        target.viewport = target.scissor = (0, 0, WIDTH, rows)
        target.use()
        self._program.fill()
        target.viewport = target.scissor = (0, 0, WIDTH, HEIGHT)
        light = textures(target)[0].read()
        return np.frombuffer(light, np.float32).reshape(-1, 4)[:count, :3]
