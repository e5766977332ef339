"""What a portal shows of the sky behind it: frames and reveals hide some of it, more from aside."""

from __future__ import annotations

import numpy as np

from simdata.light import AreaLight
from simdata.raycast import RayScene
from simdata.render.gl.panorama import ROWS, blurred
from simdata.sky import directions

COARSE = 2  # rows of a panorama that share what they see
SPOTS = 4  # along each side of a portal
ROUGHNESS = 0.4  # of a mirror that blurs a sky as much as a window's size does, about


def shown_by(portal: AreaLight, sky: np.ndarray, rays: RayScene, t: float) -> np.ndarray:
    """Return what a portal shows on average, way by way, a panorama (ROWS, 2 ROWS, 3), blurred.

    Args:
        portal: in the scene.
        sky: panorama (ROWS, 2 ROWS, 3).
        rays: of the scene, without its glass.
        t: seconds.
    """
    share = np.kron(_free(portal, rays, t), np.ones((COARSE, COARSE)))
    return blurred(share[..., None] * sky, ROUGHNESS)


def _free(portal: AreaLight, rays: RayScene, t: float) -> np.ndarray:
    """Return the share of a portal from which nothing hides the sky, way by way, 0 for ways into the room."""
    ways = directions(ROWS // COARSE)
    out = ways @ np.asarray(portal.direction) < 0
    places = (np.arange(SPOTS) + 0.5) / SPOTS - 0.5
    across, along = (x.reshape(-1, 1) for x in np.meshgrid(portal.width * places, portal.height * places))
    side = np.cross(portal.up, portal.direction)
    spots = np.asarray(portal.position) + across * side + along * np.asarray(portal.up)
    free = np.zeros(out.shape)
    free[out] = (rays.cast(spots[None], ways[out][:, None], t).node_ids == 0).mean(1)
    return free
