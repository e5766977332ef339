"""Masks as polygons: when, and where they are traced."""

from __future__ import annotations

import json
from typing import Any

from simdata import mask
from simdata.config import Config

# Polygons are ten times the bytes of RLE but every tool reads them; above this many they get too heavy.
AUTO_POLYGON_LIMIT = 200_000


def choose_mask_format(config: Config, instances: int) -> str:
    """Return "polygon" or "rle": one choice for the whole dataset, since readers break on a mixture."""
    if config.labels.mask_format != "auto":
        return config.labels.mask_format
    return "polygon" if instances < AUTO_POLYGON_LIMIT else "rle"


def traced_by_workers(config: Config) -> bool:
    """Tell whether workers trace the polygons, side by side; a commit traces what it lacks.

    So many images that "auto" is all but sure to mean RLE are left alone.
    """
    dataset = config.dataset
    images = dataset.scenes * dataset.looks_per_layout * dataset.views
    wanted = config.labels.mask_format
    return wanted == "polygon" or (wanted == "auto" and images < AUTO_POLYGON_LIMIT)


def outline(rle: dict[str, Any]) -> str:
    """Trace a mask on its pixel corners: JSON of COCO polygons.

    The corners are whole numbers, written without the point: fewer bytes.
    """
    rings = mask.polygons(mask.decode(rle))
    return json.dumps([list(map(int, ring)) for ring in rings], separators=(",", ":"))
