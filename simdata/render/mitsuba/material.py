"""Materials as Mitsuba's surfaces."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mitsuba as mi
import numpy as np

from simdata.color import linear
from simdata.material import ImageTexture, Material
from simdata.render.stored import stored, stored_surface
from simdata.texture import LIGHT, Baked, baked

# Mitsuba's name for a reflectance of 4 % at normal incidence: a refractive index of 1.5.
SPECULAR, INDEX = 0.5, 1.5
# What that gloss takes from the light that is scattered below it; Disney's model lets it keep all.
DIMMED = 0.04
# Disney's clearcoat is a quarter of a varnish's reflection …
FULL_COAT = 4.0
# … and alpha falls from this to this as its gloss rises from 0 to 1.
# Source: Burley, "Physically-Based Shading at Disney" (2012).
COAT_ALPHA = (0.1, 0.001)
NO_COAT = 1e-6  # Mitsuba's surfaces without a varnish are of another structure
SMOOTHEST = 0.05  # roughness; `gl` draws nothing smoother either


@dataclass(frozen=True)
class Surface:
    """What meshes of one material are made of.

    Attributes:
        bsdf: Mitsuba's, shared by them.
        glow: the dictionary of the emitter that each carries, or None.
        repeat: how often its pictures repeat across one unit of UV, along u and v.
    """

    bsdf: Any
    glow: dict[str, Any] | None
    repeat: tuple[float, float]

    def emitter(self) -> Any:
        """Return an emitter for one mesh, or None."""
        return None if self.glow is None else mi.load_dict(self.glow)


def surface_of(material: Material, store: Path | None) -> Surface:
    """Return what meshes of a material are made of.

    All have one structure, with pictures of two pixels a side for what is the same everywhere, and no number
    that the compiler sees: one program serves all, one more all glass. So texture coordinates repeat instead.

    Raises:
        RenderError: a picture is not in the store, or cannot be read.
    """
    maps = _maps(material, store)
    relief = {
        "type": "normalmap",
        "normalmap": _picture(_normals(maps), maps),
        "surface": _opaque(material, maps),
    }
    surface: dict[str, Any] = {"type": "twosided", "surface": relief}
    if material.transmission > 0:
        tint = {"type": "rgb", "value": _linear(material)}
        wall = {"type": "thindielectric", "int_ior": INDEX, "specular_transmittance": tint}
        surface = {"type": "blendbsdf", "weight": material.transmission, "opaque": surface, "wall": wall}
    return Surface(mi.load_dict(surface), _glow(material, maps), maps.repeat if maps else (1.0, 1.0))


def _opaque(material: Material, maps: Baked | None) -> dict[str, Any]:
    """Return what does not let light through."""
    if maps is None:
        plain = _linear(material), material.roughness, material.metallic
        color, roughness, metallic = (np.array(value) for value in plain)
    else:
        color, roughness, metallic = LIGHT[maps.color], maps.roughness / 255, maps.metallic / 255
    low, high = COAT_ALPHA
    return {
        "type": "principled",
        "specular": SPECULAR,
        "base_color": _picture(color * _scattering(metallic[..., None]), maps),
        "roughness": _picture(np.maximum(roughness, SMOOTHEST), maps),
        "metallic": _picture(metallic, maps),
        "clearcoat": FULL_COAT * max(material.coat, NO_COAT),
        "clearcoat_gloss": float(np.clip((low - material.coat_roughness**2) / (low - high), 0, 1)),
    }


def _scattering(metallic: Any) -> Any:
    """Return the factor of a base colour, by metalness."""
    return 1 - DIMMED * (1 - metallic)


def _normals(maps: Baked | None) -> np.ndarray:
    """Return how a surface's normals are tilted where its relief rises, each from 0 to 1."""
    slopes = np.zeros(2) if maps is None else maps.slopes
    normals = np.concatenate([-slopes, np.ones_like(slopes[..., :1])], -1)
    return normals / np.linalg.norm(normals, axis=-1, keepdims=True) / 2 + 0.5


def _glow(material: Material, maps: Baked | None) -> dict[str, Any] | None:
    """Return what makes a mesh glow."""
    if material.emission == 0:
        return None
    if maps is None:
        light = {"type": "rgb", "value": [material.emission * channel for channel in _linear(material)]}
    else:
        light = _picture(material.emission * LIGHT[maps.color], maps)
    return {"type": "area", "radiance": light}


def _maps(material: Material, store: Path | None) -> Baked | None:
    if material.texture is None and material.layer is None:
        return None
    if isinstance(material.texture, ImageTexture):
        surface = stored_surface(material.texture, store) if material.texture.surface else None
        return baked(material, picture=stored(material.texture, store), surface=surface)
    return baked(material)


def _picture(values: Any, maps: Baked | None) -> dict[str, Any]:
    """Return a texture of linear values, (size, size) or (size, size, 3), or of one for all, () or (3,)."""
    values = np.asarray(values, np.float32)
    if maps is None:
        values = np.broadcast_to(values, (2, 2, *values.shape))
    tile = np.flipud(values).reshape(*values.shape[:2], -1)  # Mitsuba's row 0 is v = 0
    return {"type": "bitmap", "bitmap": mi.Bitmap(np.ascontiguousarray(tile)), "raw": True}


def _linear(material: Material) -> list[float]:
    return list(linear(material.base_color))
