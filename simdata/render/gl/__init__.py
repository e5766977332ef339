"""`gl`."""

from simdata.render.gl.renderer import GlRenderer

__all__ = ["GlRenderer"]
