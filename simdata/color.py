"""Colours: sRGB as people pick them, linear as light adds up."""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import Field

Unit = Annotated[float, Field(ge=0, le=1)]
Srgb = tuple[Unit, Unit, Unit]
# What each linear channel adds to luminance. Source: IEC 61966-2-1.
LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def srgb_from_linear(channel: float) -> float:
    """Encode one linear channel in [0, 1] as sRGB.

    Source: IEC 61966-2-1.
    """
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def linear_from_srgb(channel: float) -> float:
    """Decode one sRGB channel in [0, 1]; undoes `srgb_from_linear`."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def linear(color: Srgb) -> tuple[float, float, float]:
    """Return a colour as light: `linear_from_srgb` of each channel."""
    red, green, blue = (linear_from_srgb(channel) for channel in color)
    return red, green, blue


def coded(light: np.ndarray) -> np.ndarray:
    """Encode linear channels (...) in [0, 1] as sRGB (...) float64. Source: IEC 61966-2-1."""
    light = np.asarray(light, float)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


def decoded(srgb: np.ndarray) -> np.ndarray:
    """Decode sRGB channels (...) in [0, 1]; undoes `coded`."""
    srgb = np.asarray(srgb, float)
    return np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
