"""Render targets by size, the last few kept: one run draws pictures of one size, or of a rig's few."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import moderngl

from simdata.errors import RenderError

KEPT = 6


class Targets:
    """Framebuffers, made when they are first asked for.

    Args:
        context: where they are.
        longest: side of a picture that the device can draw, pixels.

    All methods raise RenderError for a picture larger than that.
    """

    def __init__(self, context: moderngl.Context, longest: int) -> None:
        self._context, self.longest = context, longest
        self._held: OrderedDict[tuple[Any, ...], moderngl.Framebuffer] = OrderedDict()

    def labels(self, width: int, height: int) -> moderngl.Framebuffer:
        """Return ids, depth (float32 each) and normals (4 float32), with a depth buffer."""
        size = (width, height)
        texture = self._context.texture
        return self._get(
            ("labels", size),
            lambda: self._context.framebuffer(
                [texture(size, count, dtype="f4") for count in (1, 1, 4)],
                self._context.depth_renderbuffer(size),
            ),
        )

    def light(self, width: int, height: int, samples: int = 1) -> moderngl.Framebuffer:
        """Return linear rgb and coverage (float16), with a depth buffer; `samples` of each in a pixel."""
        size, several = (width, height), 0 if samples == 1 else samples
        context = self._context
        return self._get(
            ("light", size, several),
            lambda: context.framebuffer(
                [
                    context.renderbuffer(size, 4, samples=several, dtype="f2")
                    if several
                    else context.texture(size, 4, dtype="f2")
                ],
                context.depth_renderbuffer(size, samples=several),
            ),
        )

    def bare(self, width: int, height: int, components: int, dtype: str) -> moderngl.Framebuffer:
        """Return a texture to draw into, without a depth buffer."""
        size = (width, height)
        return self._get(
            ("bare", size, components, dtype),
            lambda: self._context.framebuffer([self._context.texture(size, components, dtype=dtype)]),
        )

    def empty(self, width: int, height: int) -> moderngl.Framebuffer:
        """Return a target that holds nothing."""
        size = (width, height)
        return self._get(("empty", size), lambda: self._context.empty_framebuffer(size))

    def release(self) -> None:
        """Give everything back."""
        while self._held:
            _drop(self._held.popitem()[1])

    def _get(self, key: tuple[Any, ...], make: Callable[[], moderngl.Framebuffer]) -> moderngl.Framebuffer:
        if key not in self._held:
            self._require(*key[1])
            while len(self._held) >= KEPT:
                _drop(self._held.popitem(last=False)[1])
            self._held[key] = make()
        self._held.move_to_end(key)
        return self._held[key]

    def _require(self, width: int, height: int) -> None:
        if max(width, height) > self.longest:
            raise RenderError(
                f"this takes a picture of {width} x {height} pixels, the device draws {self.longest} a side: "
                "take a smaller image, or fewer render.samples"
            )


def _drop(target: moderngl.Framebuffer) -> None:
    for attachment in (*target.color_attachments, target.depth_attachment):
        if attachment is not None:
            attachment.release()
    target.release()


def textures(target: moderngl.Framebuffer) -> list[moderngl.Texture]:
    """Return the textures that a target draws into."""
    return [attachment for attachment in target.color_attachments if isinstance(attachment, moderngl.Texture)]


def unclipped(target: moderngl.Framebuffer) -> None:
    """Let a target be drawn into as a whole again."""
    target.scissor = (0, 0, target.width, target.height)
