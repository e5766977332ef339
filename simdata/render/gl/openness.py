"""What comes to each surface from all around, and how much past what stands near, at half resolution."""

from __future__ import annotations

import moderngl
import numpy as np

from simdata.render.gl.field import FIELD_UNIT
from simdata.render.gl.program import Program
from simdata.render.gl.surroundings import Surroundings
from simdata.render.gl.target import Targets, textures, unclipped
from simdata.render.gl.view import View

OPEN_UNIT = 14
FIRST_UNIT = 6  # of the depths and normals that it reads
REACH = 96  # pixels beyond which nothing is looked for
MARGIN = 48  # rows around those of a band in which it is looked for


class OpennessPass:
    """Finds openness from depths and normals.

    Args:
        context: where it draws.
        targets: where its targets come from.
    """

    def __init__(self, context: moderngl.Context, targets: Targets) -> None:
        self._context, self._targets = context, targets
        self._look = Program(context, "screen", "open", depths=FIRST_UNIT, normals=FIRST_UNIT + 1)
        self._smooth = Program(
            context, "screen", "smooth", opens=FIRST_UNIT, normals=FIRST_UNIT + 1, field=FIELD_UNIT
        )

    def fill(
        self,
        seen: moderngl.Framebuffer,
        view: View,
        radius: float,
        surroundings: Surroundings,
        *,
        left: int = 0,
        rows: tuple[int, int] | None = None,
    ) -> tuple[int, int, int, int]:
        """Find the openness of what `LabelPass.fill` drew; it is bound for `ambient.glsl`.

        Args:
            seen: the target it drew into.
            view: what it drew.
            radius: metres within which things stand near.
            surroundings: where the light comes from.
            left: column at which the view begins.
            rows: (first, end) that were drawn; None for all.

        Returns:
            Its own half pixels in the target: left, top, right, bottom, all inside.
        """
        first, end = rows or (0, view.height)
        _, depths, normals = textures(seen)
        size = (seen.width + 1) // 2, (seen.height + 1) // 2
        rough, smooth = self._targets.bare(*size, 2, "f2"), self._targets.bare(*size, 4, "f4")
        bounds = (left, first, left + view.width, end)
        lens = lens_of(view, left)
        surroundings.field.bind(self._smooth)
        surroundings.compare(view, self._smooth)
        self._context.enable_only(moderngl.NOTHING)
        for program, target, read in (
            (self._look, rough, depths),
            (self._smooth, smooth, textures(rough)[0]),
        ):
            read.use(FIRST_UNIT)
            normals.use(FIRST_UNIT + 1)
            target.scissor = (left // 2, first // 2, (view.width + 3) // 2, (end + 1) // 2 - first // 2)
            target.use()
            program.set(bounds=bounds, lens=lens)
            if program is self._look:
                program.set(radius=radius, reach=float(REACH))
            program.fill()
            unclipped(target)
        textures(smooth)[0].use(OPEN_UNIT)
        return left // 2, first // 2, (left + view.width - 1) // 2, (end - 1) // 2

    def release(self) -> None:
        """Give the programs back."""
        for program in (self._look, self._smooth):
            program.release()


def lens_of(view: View, left: int) -> tuple[float, float, float, float]:
    """Return 1 / fx, 1 / fy and the principal point in a target where the view begins at a column, pixels."""
    focal, middle = np.diag(view.matrix)[:2], view.matrix[:2, 2]
    return 1 / focal[0], 1 / focal[1], middle[0] + left, middle[1]
