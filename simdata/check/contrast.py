"""How an object stands out in its picture, against what its annotation says.

On purpose this shares no code with the annotator: colours are converted here, rings come from distances.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import ndimage

from simdata.check.annotations import is_number
from simdata.check.fault import Faults
from simdata.check.masks import tight_box

_GAP, _RING = 1, 5  # pixels beside an object that count for nothing, and that count as around it
_CLOSE = 0.5  # delta E: the annotator's colours are of 32 bits and from tables


def lab(rgb: np.ndarray) -> np.ndarray:
    """Convert (H, W, 3) uint8 sRGB to CIE L*a*b*, (H, W, 3) float64.

    Source: IEC 61966-2-1; CIE 15, with the white of sRGB.
    """
    value = np.arange(256) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)[rgb]
    rows = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = linear @ np.array([np.array(row) / sum(row) for row in rows]).T
    x, y, z = np.moveaxis(np.where(xyz > 216 / 24389, np.cbrt(xyz), (xyz * 24389 / 27 + 16) / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def check_contrast(
    file: str, record: Mapping[str, Any], mask: np.ndarray, colors: np.ndarray, faults: Faults
) -> None:
    """Check `contrast` of one annotation.

    Args:
        file: where the annotation is.
        record: the annotation.
        mask: (H, W) bool, its visible pixels.
        colors: (H, W, 3) L*a*b* of the picture.
        faults: where faults go.
    """
    attributes = record["attributes"]
    if "contrast" not in attributes:
        return
    said, true = attributes["contrast"], _contrast(mask, colors)
    close = is_number(said) and true is not None and abs(said - true) <= _CLOSE
    if not close and (said is not None or true is not None):
        faults.add(file, record["id"], "contrast", f"contrast is {said!r:.40}, the picture says {true}")


def _contrast(mask: np.ndarray, colors: np.ndarray) -> float | None:
    """Return the mean over the ring of how far its quarter's colour is from that of the object's quarter."""
    x, y, width, height = tight_box(mask)
    reach = _GAP + _RING
    window = slice(max(y - reach, 0), y + height + reach), slice(max(x - reach, 0), x + width + reach)
    own, seen = mask[window], colors[window]
    away = ndimage.distance_transform_cdt(~own, "chessboard")
    ring = (away > _GAP) & (away <= reach)
    if not ring.any():
        return None
    rows, columns = np.indices(own.shape)
    lower, right = rows + window[0].start >= y + height // 2, columns + window[1].start >= x + width // 2
    total = 0.0
    for quarter in (lower & right, lower & ~right, ~lower & right, ~lower & ~right):
        around = ring & quarter
        inside = own & quarter if (own & quarter).any() else own
        if around.any():
            total += around.sum() * np.linalg.norm(seen[inside].mean(0) - seen[around].mean(0))
    return round(float(total / ring.sum()), 3)
