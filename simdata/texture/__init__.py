"""Procedural textures: tileable NumPy pictures, baked once per family and seed.

A family is a function `(generator, size) -> Field` that tiles without a seam: tone, accent and relief.
The material recolours it, so one member serves many looks and every renderer sees the same. A layer is a
mask: what lies on a surface or has been rubbed off it.
"""

from __future__ import annotations

from simdata.texture.baked import LIGHT, Baked, bake, baked, covered
from simdata.texture.maps import FAMILIES, LAYERS, SIZE, layer_mask, texture_field, texture_maps

__all__ = [
    "FAMILIES",
    "LAYERS",
    "LIGHT",
    "SIZE",
    "Baked",
    "bake",
    "baked",
    "covered",
    "layer_mask",
    "texture_field",
    "texture_maps",
]
