"""Which pixel centres triangles cover: exactly, by the outline they share, which is short."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Pixels by which an outline is widened, so that rounding never loses a centre on its very edge.
EDGE = 1e-9
CROSSINGS = 1 << 21  # most crossings of edges and rows at a time: about 100 MB of temporaries


@dataclass(frozen=True, eq=False)
class Surface:
    """Faces and how their sides meet in edges: stays as it is however the body moves.

    Attributes:
        faces: (F, 3) vertices.
        edges: (E, 2) vertices, the lower number first.
        edge: (F, 3) which edge each side of a face is: from its first corner to its second, and so on.
        sign: (F, 3) 1 where the side runs along its edge, -1 where it runs back.
    """

    faces: np.ndarray
    edges: np.ndarray
    edge: np.ndarray
    sign: np.ndarray


def surface_of(faces: np.ndarray) -> Surface:
    """Find the edges of faces (F, 3)."""
    following = np.roll(faces, -1, axis=1)
    low, high = np.minimum(faces, following).astype(np.int64), np.maximum(faces, following)
    stride = int(high.max(initial=0)) + 1
    keys, edge = np.unique((low * stride + high).ravel(), return_inverse=True)
    edges = np.stack(np.divmod(keys, stride), -1)
    return Surface(faces, edges, edge.reshape(-1, 3), np.where(faces == low, 1, -1))


def covered(pixels: np.ndarray, surface: Surface, width: int, height: int) -> np.ndarray:
    """Find the pixel centres that at least one triangle covers, (height, width) bool.

    With every face turned clockwise, a row enters it at an edge that rises and leaves it at one that falls,
    so entries minus exits up to a pixel count the faces over it. An edge that two faces run along in opposite
    directions cancels before any pixel is touched; what is left is outlines.

    Args:
        pixels: (V, 2) corners, x then y.
        surface: of triangles between them.
        width, height: of the window, pixels; what lies outside is cut.
    """
    start, end, weight = _outline(pixels, surface)
    # A corner on a row of centres belongs to the row above and below; else none is, and one pass will do.
    on_row = np.abs((pixels[:, 1] - 0.5) - np.round(pixels[:, 1] - 0.5)) <= EDGE
    shifts = (-EDGE, EDGE) if on_row.any() else (0.0,)
    step = max(1, CROSSINGS // max(height, 1))
    found = np.zeros((height, width), bool)
    for shift in shifts:
        count = np.zeros(height * (width + 1))
        for i in range(0, len(weight), step):
            part = slice(i, i + step)
            count += _crossings(start[part] + (0, shift), end[part] + (0, shift), weight[part], width, height)
        found |= count.reshape(height, width + 1)[:, :-1].cumsum(1) > 0
    return found


def _outline(pixels: np.ndarray, surface: Surface) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sum up the edges of clockwise faces: start (E, 2), end (E, 2), how often more there than back (E,)."""
    a, b, c = (pixels[corner] for corner in surface.faces.T)
    ab, ac = b - a, c - a
    clockwise = np.where(ab[:, 0] * ac[:, 1] >= ab[:, 1] * ac[:, 0], 1, -1)
    runs = surface.sign * clockwise[:, None]
    weight = np.bincount(surface.edge.ravel(), runs.ravel(), len(surface.edges))
    kept = np.flatnonzero(weight)
    start, end = surface.edges[kept].T
    return pixels[start], pixels[end], weight[kept]


def _crossings(start: np.ndarray, end: np.ndarray, weight: np.ndarray, width: int, height: int) -> np.ndarray:
    """Sum the weights (E,) of edges at the pixel where a row enters (+) or leaves (-); rows of width + 1."""
    rising = start[:, 1] > end[:, 1]
    top, bottom = np.where(rising[:, None], end, start), np.where(rising[:, None], start, end)
    first, stop = (np.ceil(ends[:, 1] - 0.5).clip(0, height).astype(int) for ends in (top, bottom))
    counts = stop - first
    edge = np.repeat(np.arange(len(counts)), counts)
    row = np.arange(len(edge)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (bottom[:, 0] - top[:, 0]) / (bottom[:, 1] - top[:, 1])
    x = top[edge, 0] + (row + 0.5 - top[edge, 1]) * slope[edge]
    gain = np.where(rising, weight, -weight)[edge]
    column = np.where(gain > 0, np.ceil(x - 0.5 - EDGE), np.floor(x + 0.5 + EDGE)).clip(0, width)
    return np.bincount(row * (width + 1) + column.astype(int), gain, height * (width + 1))
