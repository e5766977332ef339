"""The truth at pixel centres: node ids, planar depth and normals in a pass of one sample a pixel."""

from __future__ import annotations

from typing import Any

import moderngl
import numpy as np

from simdata.render.gl.program import Program
from simdata.render.gl.stage import Stage
from simdata.render.gl.target import Targets, aim, textures, unclipped
from simdata.render.gl.view import View


class LabelPass:
    """Draws ids, depth and normals.

    Args:
        context: where it draws.
        targets: where its targets come from.
    """

    def __init__(self, context: moderngl.Context, targets: Targets) -> None:
        self._context, self._targets = context, targets
        self._program = Program(context, "scene", "label")
        self._filled: tuple[Any, ...] = ()  # what the last call of `fill` drew, and where

    def draw(self, stage: Stage, view: View, t: float) -> dict[str, np.ndarray]:
        """Return the layers of `Frame` but for rgb.

        node_ids (H, W) int32, depth (H, W) float32 metres, normals (H, W, 3) float32, camera frame.
        """
        target = self._targets.scene(view.width, view.height)[0]
        self.fill(target, stage, view, t)
        ids, depth, normals = (texture.read() for texture in textures(target))
        size = (view.height, view.width)
        node_ids = np.frombuffer(ids, np.float32).reshape(size).astype(np.int32)
        planar = np.frombuffer(depth, np.float32).reshape(size).copy()
        planar[node_ids == 0] = np.inf
        shading = np.frombuffer(normals, np.float32).reshape(*size, 4)[..., :3].copy()
        return {"node_ids": node_ids, "depth": planar, "normals": shading}

    def fill(
        self,
        target: moderngl.Framebuffer,
        stage: Stage,
        view: View,
        t: float,
        *,
        left: int = 0,
        rows: tuple[int, int] | None = None,
    ) -> None:
        """Draw into the first target of a `Targets.scene`; arguments as of `ColorPass.draw`.

        Nothing is done if the target holds just that: a picture follows the truth of the same view.
        """
        rows = rows or (0, view.height)
        wanted = (target, stage, view.key, t, left, rows)
        if self._filled == wanted:
            return
        self._filled = wanted
        aim(target, view, left, rows)
        target.clear(viewport=target.scissor)
        aim(target, view, left, rows)
        self._context.enable_only(moderngl.DEPTH_TEST)
        stage.look(view.world_from_view, t)
        self._program.set(clip_from_view=view.projection())
        stage.geometry.draw(self._program, stage.within(view, t, rows))
        unclipped(target)

    def release(self) -> None:
        """Give the program back."""
        self._program.release()
