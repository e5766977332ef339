"""Equirectangular pictures of all directions: (H, 2 H), row 0 straight up (world +z).

Rows go down in polar angle. The middle column looks along the azimuth `heading`; columns to the right of it
turn clockwise seen from above, so that nothing is mirrored for whoever stands inside.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np


@lru_cache(maxsize=8)
def directions(height: int, heading: float = 0.0) -> np.ndarray:
    """Return the unit directions of all pixels, (height, 2 height, 3), world frame."""
    polar = np.pi * (np.arange(height)[:, None] + 0.5) / height
    azimuth = heading + np.pi - np.pi * (np.arange(2 * height) + 0.5) / height
    up = np.broadcast_to(np.cos(polar), (height, 2 * height))
    ways = np.stack([np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), up], -1)
    ways.flags.writeable = False
    return ways


def areas(height: int) -> np.ndarray:
    """Return the solid angle of a pixel of each row, (height, 1) sr; they add up to 4 pi exactly."""
    edges = np.cos(np.pi * np.arange(height + 1) / height)
    return (np.pi / height) * (edges[:-1] - edges[1:])[:, None]


def looked_up(light: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """Return what a picture (H, 2 H, 3) shows along ways (n, 3) of any length: (n, 3), the nearest pixels'.

    It looks along world +x.
    """
    height = len(light)
    polar = np.arctan2(np.hypot(ways[:, 0], ways[:, 1]), ways[:, 2])
    azimuth = np.arctan2(ways[:, 1], ways[:, 0])
    rows = np.minimum((polar / np.pi * height).astype(int), height - 1)
    return light[rows, ((np.pi - azimuth) / np.pi * height).astype(int) % (2 * height)]


def reading(light: np.ndarray) -> np.ndarray:
    """Return what a white diffuse surface that looks up reads under a picture (H, 2 H, 3): (3,).

    The mean of the radiance over the upper half, each direction weighted by its cosine.
    """
    edges = np.cos(np.pi * np.arange(len(light) + 1) / len(light)).clip(0)
    return np.tensordot(edges[:-1] ** 2 - edges[1:] ** 2, light.mean(axis=1), 1)
