"""What a family returns, and the few tools that all families draw with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np


@dataclass(frozen=True)
class Field:
    """One member of a family, a tile without seams; row 0 is v = 1. Each (size, size) float32.

    Attributes:
        tone: of what is not accent: 0 takes the material's first colour, 1 the second; clipped.
        accent: 0 to 1, how much of what the family sets off is here (joints, ink, rust).
        height: of the relief, in tile sides.
    """

    tone: np.ndarray
    accent: np.ndarray
    height: np.ndarray


Family = Callable[[np.random.Generator, int], Field]
Layer = Callable[[np.random.Generator, int], np.ndarray]
T = TypeVar("T")


def pick(generator: np.random.Generator, values: Sequence[T]) -> T:
    """Draw one of some values; it keeps its type, where `choice` makes float64 of it, which then spreads."""
    return values[int(generator.integers(len(values)))]


def even(size: int, value: float = 0.0) -> np.ndarray:
    """Return (size, size) of one value."""
    return np.full((size, size), value, np.float32)


def texels(size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres (1, size) across and (size, 1) down, tile sides from the top left corner."""
    centers = (np.arange(size, dtype=np.float32) + 0.5) / size
    return centers[None, :], centers[:, None]


def ramp(x: np.ndarray, start: np.ndarray | float, end: np.ndarray | float) -> np.ndarray:
    """Go smoothly from 0 at `start` to 1 at `end`, which may be the smaller."""
    t = np.clip((x - start) / (end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def level(field: np.ndarray) -> np.ndarray:
    """Stretch a field to [0, 1], leaving 1 % at each end to clip."""
    low, high = np.quantile(field[::4, ::4], (0.01, 0.99))
    return np.clip((field - low) / (high - low), 0, 1).astype(np.float32)


def soft(field: np.ndarray, texels: float = 0.7) -> np.ndarray:
    """Blur a tile around the torus by a Gaussian of so many texels."""
    edge = int(3 * texels) + 1
    wide = cv2.copyMakeBorder(np.asarray(field, np.float32), edge, edge, edge, edge, cv2.BORDER_WRAP)
    return cv2.GaussianBlur(wide, (0, 0), texels)[edge:-edge, edge:-edge]


def deeper(tone: np.ndarray, power: float = 1.3) -> np.ndarray:
    """Clip a tone and bend it towards 1: mixed as light, the middle of pale and dark looks too pale.

    For families whose tone 1 is the darker as a rule.
    """
    return np.asarray(1 - (1 - np.clip(tone, 0, 1)) ** power, np.float32)


def paler(tone: np.ndarray, power: float = 1.3) -> np.ndarray:
    """Do as `deeper` for families whose tone 1 is the paler: bend it towards 0."""
    return np.asarray(np.clip(tone, 0, 1) ** power, np.float32)


def blend(low: np.ndarray | float, high: np.ndarray | float, share: np.ndarray) -> np.ndarray:
    """Go from low to high by a share in [0, 1]."""
    return np.asarray(low + (high - low) * share, np.float32)
