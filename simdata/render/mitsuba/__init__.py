"""`mitsuba`: Mitsuba 3's path tracer. Slow, and what the light of the others is measured against."""

from simdata.render.mitsuba.renderer import MitsubaRenderer

__all__ = ["MitsubaRenderer"]
