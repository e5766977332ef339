"""Linear light from every surface to a pinhole, with more samples where one a pixel is not enough.

Multisampling costs llvmpipe more than four times the shading, since there it shades what is hidden, too. So a
picture of one sample a pixel is drawn first; then, in a finer picture, only the pixels beside an edge.
"""

from __future__ import annotations

from dataclasses import dataclass

import moderngl

from simdata.geometry import invert
from simdata.render.gl.albedo import ALBEDO_UNIT, albedo_table
from simdata.render.gl.field import FIELD_UNIT
from simdata.render.gl.label import LabelPass
from simdata.render.gl.openness import MARGIN, OpennessPass, lens_of
from simdata.render.gl.program import Program
from simdata.render.gl.subject import BEHIND_UNIT, UNITS, Subject
from simdata.render.gl.surroundings import haze_row
from simdata.render.gl.target import Targets, aim, paint, textures, unclipped
from simdata.render.gl.view import View

FIRST_UNIT = 6  # texture units of what one pass hands to the next


@dataclass(frozen=True, eq=False)
class Canvas:
    """Where views are drawn, side by side.

    Attributes:
        width, height: pixels.
        side: samples along each side of a pixel at an edge.
    """

    width: int
    height: int
    side: int


class ColorPass:
    """Shades what views see.

    Args:
        context: where it draws.
        targets: where its targets come from.
        labels: finds what is seen, and where its edges are.
        depth_program: draws depth alone.
    """

    def __init__(
        self, context: moderngl.Context, targets: Targets, labels: LabelPass, depth_program: Program
    ) -> None:
        self._context, self._targets, self._labels, self._depth = context, targets, labels, depth_program
        self._openness = OpennessPass(context, targets)
        self._shade = Program(context, "scene", "shade", **UNITS)
        self._fine_shade = Program(context, "scene", "fine", **UNITS, field=FIELD_UNIT, fineness=1)
        self._albedo = albedo_table(context)
        seen = {name: FIRST_UNIT + k for k, name in enumerate(("ids", "depths", "normals"))}
        self._reveal = Program(context, "scene", "reveal")
        self._edge = Program(context, "screen", "edge", **seen)
        self._mask = Program(context, "screen", "mask", edges=FIRST_UNIT)
        pictures = {name: FIRST_UNIT + k for k, name in enumerate(("light", "fine", "edges"))}
        self._join = Program(context, "screen", "join", **pictures)

    def draw(
        self,
        subject: Subject,
        view: View,
        canvas: Canvas,
        *,
        left: int = 0,
        rows: tuple[int, int] | None = None,
    ) -> None:
        """Draw linear light.

        Args:
            subject: what is seen.
            view: who sees it.
            canvas: where.
            left: column of the canvas at which the view begins.
            rows: (first, end) of those to draw; None for all.
        """
        stage, seen = subject.stage, self._seen(canvas)
        around = None if rows is None else (max(rows[0] - MARGIN, 0), min(rows[1] + MARGIN, view.height))
        self._labels.fill(seen, stage, view, subject.t, left=left, rows=around)
        bounds = self._openness.fill(
            seen, view, subject.lighting.nearness, subject.surroundings, left=left, rows=around
        )
        subject.lighting.fit(view, subject.nearest)
        stage.look(view.world_from_view, subject.t)
        nodes = stage.within(view, subject.t, rows)
        self._prepare(subject, view, self._shade, lens_of(view, left), bounds)
        self._shade.set(fineness=canvas.side)
        if canvas.side > 1 or not subject.materials.glass.isdisjoint(nodes):
            self._prepare(subject, view, self._fine_shade, lens_of(view, left), bounds)
            subject.surroundings.field.bind(self._fine_shade)
        self._look_behind(subject, view, canvas, nodes, left, rows)
        light = self._light(canvas)
        aim(light, view, left, rows)
        # What is seen is known already, so that every pixel is shaded once, whatever the order of things.
        light.depth_mask = False
        light.clear(viewport=light.scissor)
        self._shaded(self._shade, subject, view, nodes, left)
        unclipped(light)
        if canvas.side > 1:
            self._refine(subject, view, canvas, nodes, left, rows)

    def light(self, canvas: Canvas, rows: tuple[int, int] | None = None) -> moderngl.Texture:
        """Return what was drawn: rgba float16, (height, width); alpha is the share that surfaces cover.

        Only `rows`, (first, end), are up to date where some are given.
        """
        light = textures(self._light(canvas))[0]
        if canvas.side > 1:
            joined = self._targets.bare(canvas.width, canvas.height, 4, "f2")
            pictures = (light, textures(self._fine(canvas))[0], textures(self._edges(canvas))[0])
            for unit, picture in enumerate(pictures, FIRST_UNIT):
                picture.use(unit)
            first, end = rows or (0, canvas.height)
            joined.scissor = (0, first, canvas.width, end - first)
            joined.use()
            self._context.enable_only(moderngl.NOTHING)
            self._join.set(samples=canvas.side)
            self._join.fill()
            unclipped(joined)
            light = textures(joined)[0]
        light.filter, light.repeat_x, light.repeat_y = (moderngl.LINEAR,) * 2, False, False
        return light

    def release(self) -> None:
        """Give everything back."""
        for thing in (self._shade, self._fine_shade, self._reveal, self._edge, self._mask, self._join):
            thing.release()
        for held in (self._albedo, self._openness):
            held.release()

    def _look_behind(
        self,
        subject: Subject,
        view: View,
        canvas: Canvas,
        nodes: list[int],
        left: int,
        rows: tuple[int, int] | None,
    ) -> None:
        """Where glass is, draw what would be seen without any, as fine as an edge: its own are not known."""
        glass = [node for node in nodes if node in subject.materials.glass]
        if not glass:
            return
        others = [node for node in nodes if node not in subject.materials.glass]
        behind, geometry = self._behind(canvas), subject.stage.geometry
        textures(self._seen(canvas))[0].use(BEHIND_UNIT)  # what is drawn must not be read
        aim(behind, view, left, rows, canvas.side)
        behind.clear(depth=0.0, viewport=behind.scissor)
        self._context.enable_only(moderngl.DEPTH_TEST)
        paint(behind, colors=False)
        self._context.depth_func = "1"
        geometry.draw(self._reveal, glass)
        self._context.depth_func = "<"
        geometry.draw(self._depth, others)
        paint(behind, colors=True)
        self._shaded(self._fine_shade, subject, view, others, left, canvas.side)
        unclipped(behind)
        textures(behind)[0].use(BEHIND_UNIT)

    def _refine(
        self,
        subject: Subject,
        view: View,
        canvas: Canvas,
        nodes: list[int],
        left: int,
        rows: tuple[int, int] | None,
    ) -> None:
        """Find the edges, shut everything else off, and shade them in a finer picture."""
        edges, fine, seen = self._edges(canvas), self._fine(canvas), self._seen(canvas)
        for unit, texture in enumerate(textures(seen), FIRST_UNIT):
            texture.use(unit)
        self._context.enable_only(moderngl.NOTHING)
        aim(edges, view, left, rows)
        self._edge.set(bounds=(left, 0, left + view.width, view.height))
        self._edge.fill()
        unclipped(edges)
        aim(fine, view, left, rows, canvas.side)
        fine.clear(viewport=fine.scissor)
        textures(edges)[0].use(FIRST_UNIT)
        self._context.enable_only(moderngl.DEPTH_TEST)
        paint(fine, colors=False)
        self._context.depth_func = "1"
        self._mask.set(samples=canvas.side)
        self._mask.fill()
        self._context.depth_func = "<"
        subject.stage.geometry.draw(self._depth, nodes)
        paint(fine, colors=True)
        self._shaded(self._fine_shade, subject, view, nodes, left, canvas.side)
        unclipped(fine)

    def _prepare(
        self, subject: Subject, view: View, shade: Program, lens: tuple[float, ...], bounds: tuple[int, ...]
    ) -> None:
        """Tell the programs about the view, its lights, and where openness is known."""
        subject.lighting.bind(invert(view.world_from_view), shade)
        subject.surroundings.bind(view, subject.ambient, shade)
        self._albedo.use(ALBEDO_UNIT)
        shade.set(haze=haze_row(subject.haze), glow=subject.glow, lens=lens, open_bounds=bounds)
        for program in (self._depth, shade, self._reveal):
            program.set(clip_from_view=view.projection())

    def _shaded(
        self, shade: Program, subject: Subject, view: View, nodes: list[int], left: int, side: int = 1
    ) -> None:
        """Shade what lies at the depths that are in the target, and the sky behind it."""
        shade.set(samples=float(side))
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.depth_func = "<="
        for group in subject.materials.groups(nodes, shade):
            subject.stage.geometry.draw(shade, group)
        self._context.depth_func = "<"
        if subject.sky:
            subject.surroundings.draw(view, subject.haze, left, side)

    def _seen(self, canvas: Canvas) -> moderngl.Framebuffer:
        return self._targets.scene(canvas.width, canvas.height)[0]

    def _light(self, canvas: Canvas) -> moderngl.Framebuffer:
        return self._targets.scene(canvas.width, canvas.height)[1]

    def _fine(self, canvas: Canvas) -> moderngl.Framebuffer:
        return self._targets.light(canvas.side * canvas.width, canvas.side * canvas.height)

    def _behind(self, canvas: Canvas) -> moderngl.Framebuffer:
        return self._targets.behind(canvas.side * canvas.width, canvas.side * canvas.height)

    def _edges(self, canvas: Canvas) -> moderngl.Framebuffer:
        return self._targets.bare(canvas.width, canvas.height, 1, "f1")
