"""What a portal shows of the sky behind it: frames and reveals hide some of it, more from aside."""

from __future__ import annotations

import numpy as np

from simdata.light import AreaLight
from simdata.raycast import RayScene
from simdata.render.gl.panorama import ROWS, softened
from simdata.sky import directions

COARSE = 2  # rows of a panorama that share what they see
SPOTS = 4  # along each side of a portal
# Source: Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences" (2018): its R2.
PLASTIC = np.array([0.7548777, 0.5698403])


def shown_by(portal: AreaLight, sky: np.ndarray, rays: RayScene, t: float) -> np.ndarray:
    """Return what a portal shows on average, way by way, a panorama (ROWS, 2 ROWS, 3).

    Args:
        portal: in the scene.
        sky: panorama (ROWS, 2 ROWS, 3).
        rays: of the scene, without its glass.
        t: seconds.
    """
    share = np.kron(_free(portal, rays, t), np.ones((COARSE, COARSE)))
    return np.maximum(softened(share[..., None] * sky), 0)


def _free(portal: AreaLight, rays: RayScene, t: float) -> np.ndarray:
    """Return the share of a portal from which nothing hides the sky, way by way, 0 for ways into the room."""
    ways = directions(ROWS // COARSE)
    out = ways @ np.asarray(portal.direction) < 0
    grid = np.stack(np.meshgrid(*2 * [np.arange(SPOTS)]), -1).reshape(-1, 2)
    # Each way has spots of its own, so that no edge falls between those of all.
    shifts = np.arange(out.sum())[:, None, None] * PLASTIC % 1
    places = ((grid + shifts) / SPOTS - 0.5) * (portal.width, portal.height)
    side = np.cross(portal.up, portal.direction)
    spots = np.asarray(portal.position) + places @ np.stack([side, np.asarray(portal.up)])
    free = np.zeros(out.shape)
    free[out] = (rays.cast(spots, ways[out][:, None], t).node_ids == 0).mean(1)
    return free
