"""Materials: metal/rough PBR parameters, a procedural or imported texture on top.

Colours are sRGB in [0, 1], as people pick them; a renderer makes them linear itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simdata.model import Model

Unit = Annotated[float, Field(ge=0, le=1)]
Srgb = tuple[Unit, Unit, Unit]


class FieldTexture(Model):
    """A procedural field of `simdata.texture`, recoloured by the material.

    Attributes:
        kind: always "field".
        family: name in `simdata.texture.FAMILIES` ("wood", "plaster", …).
        seed: which member of the family.
        colors: two sRGB colours; the field's value 0 takes the first, 1 the second.
        repeat: how often the tile repeats across one unit of UV, along u and v.
    """

    kind: Literal["field"] = "field"
    family: str
    seed: int = Field(default=0, ge=0)
    colors: tuple[Srgb, Srgb]
    repeat: tuple[float, float] = (1.0, 1.0)


class ImageTexture(Model):
    """The base-colour picture that came with an imported mesh, by the hash under which it is stored."""

    kind: Literal["image"] = "image"
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


Texture = Annotated[FieldTexture | ImageTexture, Field(discriminator="kind")]


class Material(Model):
    """What a surface is made of.

    Attributes:
        base_color: sRGB; multiplies the texture where there is one.
        roughness: 0 mirror to 1 chalk (perceptual; alpha = roughness^2).
        metallic: 0 dielectric to 1 metal.
        texture: base-colour texture, or None.
    """

    base_color: Srgb = (0.8, 0.8, 0.8)
    roughness: Unit = 0.6
    metallic: Unit = 0.0
    texture: Texture | None = None


def srgb_from_linear(channel: float) -> float:
    """Encode one linear channel in [0, 1] as sRGB.

    Source: IEC 61966-2-1.
    """
    return 12.92 * channel if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def linear_from_srgb(channel: float) -> float:
    """Decode one sRGB channel in [0, 1]; undoes `srgb_from_linear`."""
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
