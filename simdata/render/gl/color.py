"""The picture: linear light from every surface, then developed as a camera would."""

from __future__ import annotations

import moderngl
import numpy as np

from simdata.geometry import invert
from simdata.render.gl.light import DEPTH_UNIT, LIT_UNIT, Lighting
from simdata.render.gl.material import FIELD_UNIT, PICTURE_UNIT, Materials
from simdata.render.gl.program import compile_program
from simdata.render.gl.stage import Stage
from simdata.render.gl.target import Targets
from simdata.render.gl.view import View
from simdata.spec import Look

LIGHT_UNIT = 4
# Of the light from everywhere, what comes from above and from below; a wall gets their mean.
SKY, GROUND = (1.15, 1.15, 1.15), (0.85, 0.85, 0.85)


class ColorPass:
    """Shades what a view sees.

    Args:
        context: where it draws.
        targets: where its targets come from.
        depth_program: draws depth alone.
    """

    def __init__(
        self, context: moderngl.Context, targets: Targets, depth_program: moderngl.Program
    ) -> None:
        self._context, self._targets, self._depth = context, targets, depth_program
        self._shade = compile_program(context, "scene", "shade")
        self._develop = compile_program(context, "screen", "develop")
        self._screen = context.vertex_array(self._develop, [])
        units = {"field": FIELD_UNIT, "picture": PICTURE_UNIT, "shadow_lit": LIT_UNIT, "shadow_depth": DEPTH_UNIT}
        for name, unit in units.items():
            if name in self._shade:
                self._shade[name] = unit
        self._develop["light"] = LIGHT_UNIT

    def shade(
        self, stage: Stage, materials: Materials, lighting: Lighting, view: View, t: float, samples: int
    ) -> moderngl.Texture:
        """Draw linear light; returns (height, width) rgba float16, alpha 1 where there is a surface."""
        look, view_from_world = stage.scene.spec.look, invert(view.world_from_view)
        target = self._targets.light(view.width, view.height, samples)
        target.use()
        target.clear()
        stage.look(view.world_from_view, t)
        lighting.bind(view_from_world, self._shade)
        self._shade["sky"] = tuple(look.ambient * np.array(SKY))
        self._shade["ground"] = tuple(look.ambient * np.array(GROUND))
        self._shade["up"] = tuple(view_from_world[:3, 2])
        projection = view.projection()
        for program in (self._depth, self._shade):
            program["clip_from_view"].write(projection)
        self._context.enable_only(moderngl.DEPTH_TEST)
        # Depth first, so that every pixel is shaded once, whatever the order of things.
        self._context.depth_func = "<"
        target.color_mask = (False,) * 4
        stage.geometry.draw(self._depth, stage.nodes)
        target.color_mask = (True,) * 4
        self._context.depth_func = "<="
        for nodes in materials.groups(stage.nodes):
            stage.geometry.draw(self._shade, nodes)
        self._context.depth_func = "<"
        return self._resolved(target, samples)

    def develop(self, light: moderngl.Texture, side: int, look: Look, ev: float) -> np.ndarray:
        """Turn linear light into a picture: (H, W, 3) uint8 sRGB, `side` texels along a pixel's side averaged."""
        width, height = light.width // side, light.height // side
        target = self._targets.bare(width, height, 4, "f1")
        target.use()
        light.use(LIGHT_UNIT)
        self._context.enable_only(moderngl.NOTHING)
        self._develop["samples"] = side
        self._develop["exposure"] = 2.0**ev
        self._develop["backdrop"] = look.backdrop
        self._screen.render(moderngl.TRIANGLES, vertices=3)
        rgba = np.frombuffer(target.color_attachments[0].read(), np.uint8)
        return np.ascontiguousarray(rgba.reshape(height, width, 4)[..., :3])

    def release(self) -> None:
        """Give the programs back."""
        for thing in (self._screen, self._shade, self._develop):
            thing.release()

    def _resolved(self, target: moderngl.Framebuffer, samples: int) -> moderngl.Texture:
        if samples == 1:
            return target.color_attachments[0]
        resolved = self._targets.bare(target.width, target.height, 4, "f2")
        self._context.copy_framebuffer(resolved, target)
        return resolved.color_attachments[0]
