"""Finishes: what a part is made of, as distributions; one draw of one is a `Material`."""

from __future__ import annotations

from typing import Annotated

from simdata.distributions import Color, Constant, Hsv, Integer, Name, Quantity, Scalar, Uniform, UniformInt
from simdata.material import FieldTexture, Layer, Material
from simdata.model import Model
from simdata.scope import Scope

Share = Annotated[Scalar, Quantity("1", 0, 1)]
Difference = Annotated[Scalar, Quantity("1", -1, 1)]
Repeat = Annotated[Scalar, Quantity("1/uv", 0.01, 100)]
Member = Annotated[Integer, Quantity("1", 0, 1_000_000)]
Tint = Annotated[Color, Quantity("sRGB", 0, 1)]


class Covering(Model):
    """What lies on a surface, or has been rubbed off it.

    Attributes:
        family: family of `simdata.texture.LAYERS`, or "none".
        amount: about how much of the surface it covers.
        strength: how far the colour of what it covers leads from the surface's own …
        color: … to this one.
        roughness, metallic: of what it covers.
        repeat: how often its tile repeats across one unit of UV.
        seed: which member of the family.
    """

    family: Annotated[Name, Quantity("name")] = Constant(value="dust")
    amount: Share = Uniform(low=0.02, high=0.2)
    strength: Share = Constant(value=1.0)
    color: Tint = Hsv(hue=(0.07, 0.13), saturation=(0.1, 0.3), value=(0.5, 0.75))
    roughness: Share = Uniform(low=0.75, high=0.95)
    metallic: Share = Constant(value=0.0)
    repeat: Repeat = Constant(value=1.0)
    seed: Member = UniformInt(low=0, high=3)

    def draw(self, scope: Scope, own: tuple[float, ...]) -> Layer | None:
        """Draw one layer on a surface of an sRGB colour; None where it is clean."""
        family = scope.draw("family", self.family)
        if family == "none":
            return None
        repeat = scope.draw("repeat", self.repeat)
        names = ("amount", "roughness", "metallic", "seed")
        drawn = {name: scope.draw(name, getattr(self, name)) for name in names}
        color = _between(own, scope.draw("color", self.color), scope.draw("strength", self.strength))
        return Layer(family=family, color=color, repeat=(repeat, repeat), **drawn)


class Finish(Model):
    """What a part is made of, drawn anew for each object; see `simdata.material.Material`.

    Attributes:
        color: base colour; also that of the texture's tone 0.
        second: the colour of tone 1 …
        contrast: … and how far it leads away from the first: 0 is no pattern at all, 1 the second itself.
        accent: what the texture sets off (joints, ink, rust); None leaves the tone's colour.
        texture: family of `simdata.texture`, or "none".
        seed: which member of the family: few, so that workers find most of them baked.
        repeat: texture repeats across one unit of UV.
        relief: height of its bumps against the family's own.
        roughness, metallic: of tone 0, and of all where there is no texture.
        second_rougher, accent_rougher: by how much tone 1 and the accent differ from that.
        accent_metallic: of the accent; None is the same as of the rest.
        coat, coat_roughness: a clear varnish or glaze on top.
        emission: what it gives off by itself.
        transmission: share of light that goes through, as through glass.
        layer: what lies on it; None is clean.
    """

    color: Tint
    second: Tint = Hsv(saturation=(0.0, 0.9), value=(0.1, 1.0))
    contrast: Share = Constant(value=1.0)
    accent: Tint | None = None
    texture: Annotated[Name, Quantity("name")] = Constant(value="none")
    seed: Member = UniformInt(low=0, high=7)
    repeat: Repeat = Constant(value=1.0)
    relief: Annotated[Scalar, Quantity("1", 0, 4)] = Uniform(low=0.6, high=1.2)
    roughness: Share = Uniform(low=0.3, high=0.7)
    metallic: Share = Constant(value=0.0)
    second_rougher: Difference = Constant(value=0.0)
    accent_rougher: Difference = Constant(value=0.0)
    accent_metallic: Share | None = None
    coat: Share = Constant(value=0.0)
    coat_roughness: Share = Uniform(low=0.03, high=0.15)
    emission: Annotated[Scalar, Quantity("1", 0, 1000)] = Constant(value=0.0)
    transmission: Share = Constant(value=0.0)
    layer: Covering | None = None

    def draw(self, scope: Scope) -> Material:
        """Draw one material."""
        color, family = scope.draw("color", self.color), scope.draw("texture", self.texture)
        names = ("roughness", "metallic", "coat", "coat_roughness", "emission", "transmission")
        surface = {name: scope.draw(name, getattr(self, name)) for name in names}
        layer = self.layer.draw(scope.child("layer"), color) if self.layer else None
        if family == "none":
            return Material(base_color=color, layer=layer, **surface)
        texture = self._texture(scope, family, color, surface["roughness"], surface["metallic"])
        return Material(base_color=(1.0, 1.0, 1.0), texture=texture, layer=layer, **surface)

    def _texture(
        self, scope: Scope, family: str, color: tuple[float, ...], roughness: float, metallic: float
    ) -> FieldTexture:
        """Draw a texture over a base colour, roughness and metalness."""
        repeat, contrast = scope.draw("repeat", self.repeat), scope.draw("contrast", self.contrast)
        other = scope.draw("second", self.second)
        second = _between(color, other, contrast)
        rougher = [scope.draw(name, getattr(self, name)) for name in ("second_rougher", "accent_rougher")]
        tones = (roughness, *(min(max(roughness + more, 0.0), 1.0) for more in rougher))
        spot = self.accent_metallic
        return FieldTexture(
            family=family,
            seed=scope.draw("texture_seed", self.seed),
            colors=(color, second),
            accent=None if self.accent is None else scope.draw("accent", self.accent),
            roughness=tones,
            metallic=(metallic, metallic, metallic if spot is None else scope.draw("accent_metallic", spot)),
            relief=scope.draw("relief", self.relief),
            repeat=(repeat, repeat),
        )


def _between(start: tuple[float, ...], end: tuple[float, ...], share: float) -> tuple[float, ...]:
    """Return the sRGB colour some share of the way from one to another."""
    return tuple(a + share * (b - a) for a, b in zip(start, end, strict=True))
