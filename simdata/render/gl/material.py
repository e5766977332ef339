"""Materials on the device: which nodes are made of which, as `surface.glsl` reads them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

import numpy as np

from simdata.color import linear
from simdata.material import FieldTexture, ImageTexture, Layer, Material
from simdata.render.gl.program import Program
from simdata.render.gl.texture import Textures
from simdata.scene import Scene

MAP_UNIT, MASK_UNIT, SKIN_UNIT = 0, 1, 10
PLAIN, FIELD, PICTURE = 0, 1, 2
DIELECTRIC = 0.04  # as in `brdf.glsl`

Row = dict[str, float | tuple[float, ...]]


class Materials:
    """The materials of a scene's nodes; nodes of one material are drawn together.

    Args:
        scene: its look is read.
        textures: the cache.

    Attributes:
        glass: the nodes that light goes through.
        albedos: (N, 3) the share of light that each node passes on, about, linear.

    Raises:
        RenderError: a picture is not in the store, or cannot be read.
        UnknownNameError: no such family.
    """

    def __init__(self, scene: Scene, textures: Textures) -> None:
        of_nodes = [scene.spec.look.material(node) for node in scene.nodes]
        self._textures, self._materials = textures, list(dict.fromkeys(of_nodes))
        number = {material: k for k, material in enumerate(self._materials)}
        self._number_of = [number[material] for material in of_nodes]
        self._rows = [_row(material, textures) for material in self._materials]
        albedos = np.array([_albedo(material, textures) for material in self._materials])
        self.albedos = albedos.reshape(-1, 3)[self._number_of]
        self.glass = frozenset(k for k, material in enumerate(of_nodes) if material.transmission > 0)

    def groups(self, nodes: list[int], program: Program) -> Iterator[list[int]]:
        """Tell a program of each material in turn, and give the nodes that are made of it."""
        number_of = self._number_of.__getitem__
        for number, group in groupby(sorted(nodes, key=number_of), key=number_of):
            material = self._materials[number]
            for texture, unit in ((material.texture, MAP_UNIT), (material.layer, MASK_UNIT)):
                if texture is not None:
                    self._textures.get(texture).texture.use(unit)
            if isinstance(material.texture, ImageTexture) and material.texture.surface:
                self._textures.surface(material.texture).texture.use(SKIN_UNIT)
            program.set(**self._rows[number])
            yield list(group)


def _row(material: Material, textures: Textures) -> Row:
    """Return a material as `surface.glsl` reads it."""
    own: Row = {
        "base": linear(material.base_color),
        "coat": material.coat,
        "coat_roughness": material.coat_roughness,
        "emission": material.emission,
        "transmission": material.transmission,
    }
    own |= _textured(material, textures)
    row = {f"material.{name}": value for name, value in own.items()}
    return row | {f"layer.{name}": value for name, value in _layer(material.layer, textures).items()}


def _textured(material: Material, textures: Textures) -> Row:
    """Return what varies over a material; what has no texture is all of tone 0."""
    texture, white = material.texture, (1.0, 1.0, 1.0)
    row: Row = {
        "texture": PLAIN if texture is None else PICTURE,
        "low": white,
        "high": white,
        "accent": white,
        "roughness": (material.roughness,) * 3,
        "metallic": (material.metallic,) * 3,
        "relief": 0.0,
        "surface": 0,
        "loss": (0.0,) * 3,
        "repeat": (1.0, 1.0) if texture is None else texture.repeat,
    }
    if texture is not None:
        loss = textures.get(texture).loss  # what is missing is told before anything is drawn
    if isinstance(texture, ImageTexture) and texture.surface:
        loss = textures.surface(texture).loss
        row |= {"surface": 1, "relief": 1.0, "loss": (loss.variance, loss.half, loss.rate)}
    if isinstance(texture, FieldTexture):
        row["texture"], row["relief"] = FIELD, texture.relief
        row["low"], row["high"] = (linear(color) for color in texture.colors)
        row["accent"] = linear(texture.accent or texture.colors[1])
        row["roughness"] = texture.roughness or row["roughness"]
        row["metallic"] = texture.metallic or row["metallic"]
        row["loss"] = (loss.variance * texture.relief**2, loss.half, loss.rate)
    return row


def _layer(layer: Layer | None, textures: Textures) -> Row:
    """Return what lies on a material."""
    if layer is None or layer.amount == 0:
        return {"count": 0}
    loss = textures.get(layer).loss
    return {
        "count": 1,
        "amount": layer.amount,
        "color": linear(layer.color),
        "roughness": layer.roughness,
        "metallic": layer.metallic,
        "repeat": layer.repeat,
        "loss": (loss.half, loss.rate),
    }


def _albedo(material: Material, textures: Textures) -> np.ndarray:
    """Return what a material scatters and mirrors of light from everywhere, by its texture's mean, (3,).

    Source: Schlick's Fresnel term is 1 / 21 of what is left, in the mean over all directions.
    """
    color, texture = np.array(linear(material.base_color)), material.texture
    metallic = material.metallic
    if isinstance(texture, FieldTexture):
        tone, accent = textures.get(texture).mean[:2]
        share = np.array([1 - tone - accent, tone, accent])
        colors = [*texture.colors, texture.accent or texture.colors[1]]
        color = color * (share @ [linear(one) for one in colors])
        metallic = float(share @ (texture.metallic or (metallic,) * 3))
    elif texture is not None:
        color = color * textures.get(texture).mean
    if (layer := material.layer) is not None:
        color = (1 - layer.amount) * color + layer.amount * np.array(linear(layer.color))
        metallic = (1 - layer.amount) * metallic + layer.amount * layer.metallic
    mirrored = (1 - metallic) * DIELECTRIC + metallic * color
    scattered = (1 - metallic) * (1 - material.transmission) * (1 - _everywhere(DIELECTRIC)) * color
    veil = material.coat * _everywhere(DIELECTRIC)
    return veil + (1 - veil) * (scattered + _everywhere(mirrored))


def _everywhere(at_normal: Any) -> Any:
    """Return what a surface mirrors of light from everywhere, by its reflectance at normal incidence."""
    return at_normal + (1 - at_normal) / 21
