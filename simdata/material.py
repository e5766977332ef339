"""Materials: metal/rough PBR parameters, a procedural or imported texture on top.

Colours are sRGB in [0, 1], as people pick them; a renderer makes them linear itself.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from simdata.color import Srgb, Unit
from simdata.model import Model

Three = tuple[Unit, Unit, Unit]


class FieldTexture(Model):
    """A procedural field of `simdata.texture`, recoloured by the material.

    A field has a tone, an accent (what the family sets off: joints, ink, rust, spots) and a relief. Colour,
    roughness and metalness of a point are those of tone 0, tone 1 and accent, mixed in the shares
    1 - tone - accent, tone and accent: colours as light adds up (linear), so that the mean of many texels is
    what they look like from afar.

    Attributes:
        kind: always "field".
        family: name in `simdata.texture.FAMILIES` ("wood", "plaster", …).
        seed: which member of the family.
        colors: sRGB of tone 0 and of tone 1.
        accent: sRGB of the accent; None takes that of tone 1.
        roughness: of tone 0, tone 1 and accent; None takes the material's for all.
        metallic: the same for metalness.
        relief: height of the bumps against the family's own; 0 is flat.
        repeat: how often the tile repeats across one unit of UV, along u and v.
    """

    kind: Literal["field"] = "field"
    family: str
    seed: int = Field(default=0, ge=0)
    colors: tuple[Srgb, Srgb]
    accent: Srgb | None = None
    roughness: Three | None = None
    metallic: Three | None = None
    relief: float = Field(default=1.0, ge=0, le=4)
    repeat: tuple[float, float] = (1.0, 1.0)


class ImageTexture(Model):
    """A base-colour picture of the user's: one that came with a mesh, or a file of its own.

    Attributes:
        sha256: the hash under which it is stored.
        surface: whether `<sha256>.surface.png` beside it says roughness, metalness and slopes, in its four
            channels as `simdata.texture.texture_maps` has slopes; they replace the material's. `tiny` draws
            without.
        repeat: how often it repeats across one unit of UV, along u and v.
    """

    kind: Literal["image"] = "image"
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    surface: bool = False
    repeat: tuple[float, float] = (1.0, 1.0)


Texture = Annotated[FieldTexture | ImageTexture, Field(discriminator="kind")]


class Layer(Model):
    """What lies on a surface or has been rubbed off it: dust, dirt, scratches, wear, stains.

    Attributes:
        family: name in `simdata.texture.LAYERS`.
        seed: which member of the family.
        amount: about how much of the surface it covers where its field is even, 0 to 1.
        color: sRGB.
        roughness, metallic: of what it covers.
        repeat: how often its tile repeats across one unit of UV, along u and v.
    """

    family: str
    seed: int = Field(default=0, ge=0)
    amount: Unit = 0.3
    color: Srgb = (0.5, 0.45, 0.4)
    roughness: Unit = 0.9
    metallic: Unit = 0.0
    repeat: tuple[float, float] = (1.0, 1.0)


class Material(Model):
    """What a surface is made of.

    Attributes:
        base_color: sRGB; multiplies the texture where there is one.
        roughness: 0 mirror to 1 chalk (perceptual; alpha = roughness^2).
        metallic: 0 dielectric to 1 metal.
        texture: base-colour texture, or None.
        layer: what lies on it, or None.
        coat: how much of a clear, smooth varnish (refractive index 1.5) is on top, 0 to 1.
        coat_roughness: of that varnish.
        emission: radiance that it gives off by itself, linear, in the unit in which a white diffuse surface
            under a light of strength 1 reads 1; times `base_color` and texture. It is seen, also in
            reflections, and lights nothing: give a lamp a light, too.
        transmission: share of the surface that is a thin wall of glass or clear plastic: what it does not
            mirror goes straight through, tinted by `base_color` and texture. Labels and depth are those of
            this first surface. `gl` shows behind it what is not glass, unbent and unblurred, and lets what is
            more than half of glass cast no shadow; `tiny` draws it as if it were painted.
    """

    base_color: Srgb = (0.8, 0.8, 0.8)
    roughness: Unit = 0.6
    metallic: Unit = 0.0
    texture: Texture | None = None
    layer: Layer | None = None
    coat: Unit = 0.0
    coat_roughness: Unit = 0.1
    emission: float = Field(default=0.0, ge=0)
    transmission: Unit = 0.0
