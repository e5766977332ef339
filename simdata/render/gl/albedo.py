"""How much of the light from everywhere a glossy surface sends to its viewer, as a table for the shaders."""

from __future__ import annotations

import moderngl

from simdata.render.gl.program import Program

ALBEDO_UNIT = 15
SIDE = 64


def albedo_table(context: moderngl.Context) -> moderngl.Texture:
    """Add up the lobe of `brdf.glsl` over all directions of light: (SIDE, SIDE) of two float32.

    See `albedo.frag` for what they are.
    """
    table = context.texture((SIDE, SIDE), 2, dtype="f4")
    table.repeat_x = table.repeat_y = False
    target, program = context.framebuffer([table]), Program(context, "screen", "albedo", side=SIDE)
    target.use()
    context.enable_only(moderngl.NOTHING)
    program.fill()
    for thing in (target, program):
        thing.release()
    return table
