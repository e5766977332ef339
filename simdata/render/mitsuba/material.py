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
SMOOTHEST = 0.05  # roughness; `gl` draws nothing smoother either


@dataclass(frozen=True)
class Surface:
    """What meshes of one material are made of.

    Attributes:
        bsdf: Mitsuba's, shared by them.
        glow: the dictionary of the emitter that each carries, or None.
    """

    bsdf: Any
    glow: dict[str, Any] | None

    def emitter(self) -> Any:
        """Return an emitter for one mesh, or None."""
        return None if self.glow is None else mi.load_dict(self.glow)


def surface_of(material: Material, store: Path | None) -> Surface:
    """Return what meshes of a material are made of.

    Raises:
        RenderError: a picture is not in the store, or cannot be read.
    """
    maps = _maps(material, store)
    surface: dict[str, Any] = {"type": "twosided", "surface": _relief(_opaque(material, maps), maps)}
    if material.transmission > 0:
        tint = {"type": "rgb", "value": _linear(material)}
        wall = {"type": "thindielectric", "int_ior": INDEX, "specular_transmittance": tint}
        surface = {"type": "blendbsdf", "weight": material.transmission, "opaque": surface, "wall": wall}
    return Surface(mi.load_dict(surface), _glow(material, maps))


def _opaque(material: Material, maps: Baked | None) -> dict[str, Any]:
    """Return what does not let light through."""
    low, high = COAT_ALPHA
    coat = {
        "clearcoat": FULL_COAT * material.coat,
        "clearcoat_gloss": float(np.clip((low - material.coat_roughness**2) / (low - high), 0, 1)),
    }
    looks: dict[str, Any] = {"type": "principled", "specular": SPECULAR, **(coat if material.coat else {})}
    if maps is None:
        color = np.array(_linear(material)) * _scattering(material.metallic)
        looks["base_color"] = {"type": "rgb", "value": color.tolist()}
        return looks | {"roughness": max(material.roughness, SMOOTHEST), "metallic": material.metallic}
    looks["base_color"] = _picture(LIGHT[maps.color] * _scattering(maps.metallic[..., None] / 255), maps)
    looks["roughness"] = _picture(np.maximum(maps.roughness / 255, SMOOTHEST), maps)
    if maps.metallic.any():
        looks["metallic"] = _picture(maps.metallic / 255, maps)
    return looks


def _scattering(metallic: Any) -> Any:
    """Return the factor of a base colour, by metalness."""
    return 1 - DIMMED * (1 - metallic)


def _relief(surface: dict[str, Any], maps: Baked | None) -> dict[str, Any]:
    """Tilt a surface's normals as its relief rises."""
    if maps is None or not maps.slopes.any():
        return surface
    normals = np.concatenate([-maps.slopes, np.ones_like(maps.slopes[..., :1])], -1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return {"type": "normalmap", "normalmap": _picture(normals / 2 + 0.5, maps), "surface": surface}


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


def _picture(values: np.ndarray, maps: Baked) -> dict[str, Any]:
    """Return a texture of linear values, (size, size) or (size, size, 3)."""
    tile = np.flipud(values).astype(np.float32).reshape(*values.shape[:2], -1)  # Mitsuba's row 0 is v = 0
    repeated = mi.ScalarTransform3f().scale([*maps.repeat])
    return {"type": "bitmap", "bitmap": mi.Bitmap(np.ascontiguousarray(tile)), "raw": True, "to_uv": repeated}


def _linear(material: Material) -> list[float]:
    return list(linear(material.base_color))
