"""Render targets by size, the last few kept: one run draws pictures of one size, or of a rig's few."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import moderngl

from simdata.errors import RenderError
from simdata.render.gl.view import View

# More than one picture takes: what is being drawn is never dropped.
KEPT = 16


class Targets:
    """Framebuffers, made when they are first asked for.

    Args:
        context: where they are.
        longest: side of a picture that the device can draw, pixels.

    All methods raise RenderError for a picture larger than that.
    """

    def __init__(self, context: moderngl.Context, longest: int) -> None:
        self._context, self.longest = context, longest
        self._held: OrderedDict[tuple[Any, ...], tuple[moderngl.Framebuffer, ...]] = OrderedDict()

    def scene(self, width: int, height: int) -> tuple[moderngl.Framebuffer, ...]:
        """Return two targets that share a depth buffer.

        Ids, depth (float32 each) and normals (4 float32); and linear rgb with coverage (4 float16).
        """
        return self._get("scene", (width, height), ("f4", 1), ("f4", 1), ("f4", 4), depth=True)

    def light(self, width: int, height: int) -> moderngl.Framebuffer:
        """Return linear rgb with coverage (4 float16), and a depth buffer."""
        return self._get("light", (width, height), depth=True)[0]

    def behind(self, width: int, height: int) -> moderngl.Framebuffer:
        """Return another one like `light`."""
        return self._get("behind", (width, height), depth=True)[0]

    def bare(self, width: int, height: int, components: int, dtype: str) -> moderngl.Framebuffer:
        """Return a texture to draw into, without a depth buffer."""
        return self._get("bare", (width, height), (dtype, components))[0]

    def empty(self, width: int, height: int) -> moderngl.Framebuffer:
        """Return a target that holds nothing."""
        return self._get("empty", (width, height))[0]

    def release(self) -> None:
        """Give everything back."""
        while self._held:
            _drop(self._held.popitem()[1])

    def _get(
        self, kind: str, size: tuple[int, int], *layers: tuple[str, int], depth: bool = False
    ) -> tuple[moderngl.Framebuffer, ...]:
        """Return targets of a kind; `layers` are types and components of the first one's textures."""
        key = (kind, size, *layers)
        if key not in self._held:
            self._require(*size)
            while len(self._held) >= KEPT:
                _drop(self._held.popitem(last=False)[1])
            self._held[key] = self._make(size, layers, depth)
        self._held.move_to_end(key)
        return self._held[key]

    def _make(
        self, size: tuple[int, int], layers: tuple[tuple[str, int], ...], depth: bool
    ) -> tuple[moderngl.Framebuffer, ...]:
        context, made = self._context, []
        if not layers and not depth:
            return (context.empty_framebuffer(size),)
        buffer = context.depth_renderbuffer(size) if depth else None
        if layers:
            attached = [context.texture(size, components, dtype=dtype) for dtype, components in layers]
            made.append(context.framebuffer(attached, buffer))
        if depth:
            made.append(context.framebuffer([context.texture(size, 4, dtype="f2")], buffer))
        return tuple(made)

    def _require(self, width: int, height: int) -> None:
        if max(width, height) > self.longest:
            raise RenderError(
                f"this takes a picture of {width} x {height} pixels, the device draws {self.longest} a side: "
                "take a smaller image, or fewer render.samples"
            )


def _drop(targets: tuple[moderngl.Framebuffer, ...]) -> None:
    for target in targets:
        for texture in textures(target):
            texture.release()
    if targets[0].depth_attachment is not None:
        targets[0].depth_attachment.release()  # they share it
    for target in targets:
        target.release()


def textures(target: moderngl.Framebuffer) -> list[moderngl.Texture]:
    """Return the textures that a target draws into."""
    return [attachment for attachment in target.color_attachments if isinstance(attachment, moderngl.Texture)]


def aim(
    target: moderngl.Framebuffer, view: View, left: int, rows: tuple[int, int] | None, scale: int = 1
) -> None:
    """Let drawing go into the place of a view in a target, and there into some rows (first, end) alone.

    Args:
        target: where.
        view: what is drawn.
        left: column at which the view begins.
        rows: of the view; None for all.
        scale: pixels of the target along the side of one of the view.
    """
    first, end = rows or (0, view.height)
    target.viewport = (scale * left, 0, scale * view.width, scale * view.height)
    target.scissor = (scale * left, scale * first, scale * view.width, scale * (end - first))
    target.use()


def unclipped(target: moderngl.Framebuffer) -> None:
    """Let a target be drawn into as a whole again."""
    target.scissor = (0, 0, target.width, target.height)


def paint(target: moderngl.Framebuffer, colors: bool) -> None:
    """Let drawing change the colours of the current target, or its depth alone."""
    target.color_mask = (colors,) * 4
    target.use()  # a mask takes hold when its target is bound
