"""Linear light from every surface to a pinhole."""

from __future__ import annotations

import moderngl

from simdata.geometry import invert
from simdata.render.gl.program import Program
from simdata.render.gl.subject import UNITS, Subject
from simdata.render.gl.target import unclipped
from simdata.render.gl.view import View

# Of the light from everywhere, what comes from above and from below; a wall gets their mean.
SKY, GROUND = 1.15, 0.85


class ColorPass:
    """Shades what a view sees.

    Args:
        context: where it draws.
        depth_program: draws depth alone.
    """

    def __init__(self, context: moderngl.Context, depth_program: Program) -> None:
        self._context, self._depth = context, depth_program
        self._shade = Program(context, "scene", "shade", **UNITS)

    def draw(
        self,
        subject: Subject,
        view: View,
        target: moderngl.Framebuffer,
        *,
        left: int = 0,
        rows: tuple[int, int] | None = None,
    ) -> None:
        """Draw linear light into a target that has been cleared.

        Args:
            subject: what is seen.
            view: who sees it.
            target: where.
            left: column of the target at which the view begins.
            rows: (first, end) of those to draw; None for all.
        """
        first, end = rows or (0, view.height)
        stage, view_from_world = subject.stage, invert(view.world_from_view)
        self._context.enable_only(moderngl.DEPTH_TEST)
        stage.look(view.world_from_view, subject.t)
        subject.lighting.bind(view_from_world, self._shade)
        ambient, up = stage.scene.spec.look.ambient, tuple(view_from_world[:3, 2])
        self._shade.set(sky=(SKY * ambient,) * 3, ground=(GROUND * ambient,) * 3, up=up)
        for program in (self._depth, self._shade):
            program.set(clip_from_view=view.projection())
        target.viewport = (left, 0, view.width, view.height)
        target.scissor = (left, first, view.width, end - first)
        target.use()
        # Depth first, so that every pixel is shaded once, whatever the order of things.
        target.color_mask = (False,) * 4
        nodes = stage.within(view, subject.t, rows)
        stage.geometry.draw(self._depth, nodes)
        target.color_mask, self._context.depth_func = (True,) * 4, "<="
        for group in subject.materials.groups(nodes):
            stage.geometry.draw(self._shade, group)
        self._context.depth_func = "<"
        unclipped(target)

    def release(self) -> None:
        """Give the program back."""
        self._shade.release()
