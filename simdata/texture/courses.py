"""Rectangles laid in rows around the torus: boards, bricks, tiles, blocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simdata.texture.field import texels


@dataclass(frozen=True)
class Courses:
    """Where each texel lies in the piece it belongs to.

    Attributes:
        index: (size, size) int, which piece.
        count: how many pieces there are.
        across, down: (size, size) float32, place in the piece, tile sides from its middle.
        edge: (size, size) float32, tile sides to its nearest edge.
    """

    index: np.ndarray
    count: int
    across: np.ndarray
    down: np.ndarray
    edge: np.ndarray

    def each(self, values: np.ndarray) -> np.ndarray:
        """Return a value a piece (count,) where the piece is, (size, size) float32."""
        return np.asarray(values, np.float32)[self.index]


def laid(size: int, rows: np.ndarray, cuts: Sequence[np.ndarray]) -> Courses:
    """Lay courses.

    Args:
        size: texels a side.
        rows: where the rows begin, ascending in [0, 1); the last one ends where the first begins.
        cuts: where the pieces of each row begin, in the same way.
    """
    u, v = (place.ravel() for place in texels(size))
    row, middle, half = _pieces(v, rows)
    first = np.cumsum([0, *(len(cut) for cut in cuts)])
    of_rows = [_pieces(u, cut) for cut in cuts]
    index = np.stack([piece + start for start, (piece, _, _) in zip(first, of_rows, strict=False)])[row]
    across = np.stack([piece[1] for piece in of_rows])[row]
    side = np.stack([piece[2] - np.abs(piece[1]) for piece in of_rows])[row]
    edge = np.minimum(side, (half - np.abs(middle))[:, None])
    return Courses(index, int(first[-1]), across, np.broadcast_to(middle[:, None], (size, size)), edge)


def even_cuts(rows: int, columns: int, bond: float) -> list[np.ndarray]:
    """Return cuts into equal pieces, each row `bond` of a piece farther along than the one above."""
    return [np.sort((np.arange(columns) + bond * row) / columns % 1) for row in range(rows)]


def _pieces(place: np.ndarray, starts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the piece that each place is in, the way from its middle, and half its length."""
    piece = (np.searchsorted(starts, place, side="right") - 1) % len(starts)
    lengths = np.diff(starts, append=starts[0] + 1)
    way = (place - starts[piece]) % 1 - lengths[piece] / 2
    return piece, way.astype(np.float32), (lengths[piece] / 2).astype(np.float32)
