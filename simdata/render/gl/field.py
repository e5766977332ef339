"""Light from all around on the device, at the places of a grid, as `field.glsl` reads it."""

from __future__ import annotations

import moderngl
import numpy as np

from simdata.render.gl.grid import Grid
from simdata.render.gl.program import Program

FIELD_UNIT = 4
BLOCKS = 7  # of texels of 4, for 9 coefficients of three colours


class Field:
    """A texture of harmonics.

    Args:
        context: where it is.
    """

    def __init__(self, context: moderngl.Context) -> None:
        self._context = context
        self._texture: moderngl.Texture3D | None = None
        self._grid: Grid

    def take(self, grid: Grid, light: np.ndarray) -> None:
        """Take what white diffuse surfaces read at a grid's places, as `passing.passed_on` returns it."""
        blocks = np.zeros((BLOCKS, *grid.shape, 4), np.float32)
        blocks[:3] = np.moveaxis(light[..., :4, :], -1, 0)
        blocks[3:6] = np.moveaxis(light[..., 4:8, :], -1, 0)
        blocks[6, ..., :3] = light[..., 8, :]
        heights, rows, columns = grid.shape
        self.release()
        size = columns, rows, BLOCKS * heights
        self._texture = self._context.texture3d(size, 4, blocks.tobytes(), dtype="f4")
        self._texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._texture.repeat_x = self._texture.repeat_y = self._texture.repeat_z = False
        self._grid = grid

    def bind(self, program: Program) -> None:
        """Tell a program about it."""
        if self._texture is not None:
            self._texture.use(FIELD_UNIT)
            program.set(
                field_first=tuple(self._grid.first),
                field_rate=tuple(1 / self._grid.step),
                field_ramps=self._grid.ramps.astype(np.float32).tobytes(),
                field_off=tuple(self._grid.off),
            )

    def release(self) -> None:
        """Give it back."""
        if self._texture is not None:
            self._texture.release()
            self._texture = None
