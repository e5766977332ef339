"""A sky behind windows: looked for where they are, for nearly all of it is hidden by walls."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import drjit as dr
import mitsuba as mi
import numpy as np

from simdata.light import AreaLight


def behind_windows(sky: dict[str, Any], portals: list[AreaLight], reach: float) -> Any:
    """Return a sky as an emitter whose light is sought through portals.

    It is the same light: through any other opening it comes by luck alone. What is nearer than `reach`, m,
    hides it.

    Source: Bitterli, Novak & Jarosz, "Portal-Masked Environment Map Sampling" (2015), section 2: points
    spread over the portals.
    """
    emitter = _windowed(str(mi.variant()))(mi.Properties())
    emitter.sky, emitter.portals = mi.load_dict(sky), [_Rectangle(portal) for portal in portals]
    emitter.reach = reach
    return emitter


class _Rectangle:
    """A portal, in Mitsuba's vectors: its middle, the ways to its sides, where it shines, its area."""

    def __init__(self, portal: AreaLight) -> None:
        across = np.cross(portal.up, portal.direction) * portal.width / 2
        along = np.array(portal.up) * portal.height / 2
        vectors = (portal.position, across, along, portal.direction)
        self.middle, self.across, self.along, self.inward = (mi.Vector3f(*map(float, v)) for v in vectors)
        self.area = portal.width * portal.height

    def density(self, at: Any, way: Any) -> Any:
        """Return how densely, 1 / sr, points spread over it lie along a way out of it, seen from a point."""
        leaving = -dr.dot(way, self.inward)
        reach = dr.dot(at - self.middle, self.inward) / leaving
        off = at + reach * way - self.middle
        inside = (leaving > 1e-6) & (reach > 0)
        for side in (self.across, self.along):
            inside &= dr.abs(dr.dot(off, side)) <= dr.dot(side, side)
        return dr.select(inside, reach * reach / (leaving * self.area), 0)


def _spot(portals: list[_Rectangle], sample: Any) -> Any:
    """Return a point of some portal by two random numbers."""
    chosen = sample.x * len(portals)
    number = dr.minimum(mi.UInt32(chosen), len(portals) - 1)
    right, up = 2 * (chosen - number) - 1, 2 * sample.y - 1
    spot = dr.zeros(mi.Vector3f)
    for k, one in enumerate(portals):
        spot = dr.select(number == k, one.middle + right * one.across + up * one.along, spot)
    return spot


@lru_cache
def _windowed(variant: str) -> Any:
    """Return the emitter's class in one of Mitsuba's variants, which must be set."""

    class Windowed(mi.Emitter):
        def __init__(self, props: Any) -> None:
            mi.Emitter.__init__(self, props)
            self.m_flags = mi.EmitterFlags.Infinite | mi.EmitterFlags.SpatiallyVarying
            self.sky: Any = None
            self.portals: list[_Rectangle] = []
            self.reach = 0.0

        def bbox(self) -> Any:
            return mi.ScalarBoundingBox3f()

        def eval(self, si: Any, active: Any = True) -> Any:
            return self.sky.eval(si, active)

        def sample_direction(self, it: Any, sample: Any, active: Any = True) -> tuple[Any, Any]:
            ds: Any = mi.DirectionSample3f()
            ds.d = dr.normalize(_spot(self.portals, sample) - it.p)
            ds.dist = self.reach
            ds.p, ds.n = it.p + ds.dist * ds.d, -ds.d
            ds.uv, ds.delta, ds.time = mi.Point2f(0), mi.Bool(False), it.time
            ds.emitter = self if variant.startswith("scalar") else mi.EmitterPtr(self)
            ds.pdf = self.pdf_direction(it, ds, active)
            light = self.eval_direction(it, ds, active)
            return ds, dr.select(ds.pdf > 0, light / ds.pdf, 0) & active

        def pdf_direction(self, it: Any, ds: Any, active: Any = True) -> Any:
            found = sum(one.density(it.p, ds.d) for one in self.portals)
            return dr.select(active, found / len(self.portals), 0)

        def eval_direction(self, it: Any, ds: Any, active: Any = True) -> Any:
            looking = dr.zeros(mi.SurfaceInteraction3f)
            looking.wi = -ds.d
            return self.sky.eval(looking, active)

    return Windowed
