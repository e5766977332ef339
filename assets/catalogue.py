"""Household items as distributions: how often, of which shape, how heavy, in which finish.

A scene builder takes its items from here; every number can be overridden in the config. Shapes and densities
come from the generators' own typical ranges, finishes are listed below.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from simdata.assets import GENERATORS
from simdata.distributions import Choice, Color, Constant, Hsv, Name, Quantity, Scalar, Uniform
from simdata.material import FieldTexture, Material
from simdata.model import Model
from simdata.scope import Scope


class Item(Model):
    """One kind of object.

    Attributes:
        weight: how often it is picked, against the other items.
        shape: generator parameter -> distribution.
        density: effective kg/m^3 of the solid, contents included.
        tumbled: probability that it is dropped at a random rotation instead of upright.
        finish: part name -> finish name; "*" is every other part.
    """

    weight: float = Field(default=1.0, ge=0)
    shape: dict[str, Annotated[Scalar, Quantity("m or 1")]]
    density: Annotated[Scalar, Quantity("kg/m^3", 1, 25_000)]
    tumbled: Annotated[Scalar, Quantity("probability", 0, 1)] = Constant(value=0.15)
    finish: dict[str, str]


class Finish(Model):
    """What a part is made of, drawn anew for each object.

    Attributes:
        color: base colour; also the texture's first colour.
        accent: the texture's second colour …
        contrast: … and how far it leads away from the first: 0 is no pattern at all, 1 the accent itself.
        roughness, metallic: see `simdata.material.Material`.
        texture: family of `simdata.texture`, or "none".
        repeat: texture repeats across one unit of UV.
    """

    color: Annotated[Color, Quantity("sRGB", 0, 1)]
    accent: Annotated[Color, Quantity("sRGB", 0, 1)] = Hsv(saturation=(0.0, 0.9), value=(0.1, 1.0))
    contrast: Annotated[Scalar, Quantity("1", 0, 1)] = Constant(value=1.0)
    roughness: Annotated[Scalar, Quantity("1", 0, 1)] = Uniform(low=0.3, high=0.7)
    metallic: Annotated[Scalar, Quantity("1", 0, 1)] = Constant(value=0.0)
    texture: Annotated[Name, Quantity("name")] = Constant(value="none")
    repeat: Annotated[Scalar, Quantity("1/uv", 0.01, 100)] = Constant(value=1.0)

    def draw(self, scope: Scope) -> Material:
        """Draw one material."""
        color = scope.draw("color", self.color)
        family = scope.draw("texture", self.texture)
        surface = {
            "roughness": scope.draw("roughness", self.roughness),
            "metallic": scope.draw("metallic", self.metallic),
        }
        if family == "none":
            return Material(base_color=color, **surface)
        repeat, contrast = scope.draw("repeat", self.repeat), scope.draw("contrast", self.contrast)
        accent = scope.draw("accent", self.accent)
        second = tuple(a + contrast * (b - a) for a, b in zip(color, accent, strict=True))
        texture = FieldTexture(
            family=family,
            # A few dozen members a family: enough to differ, few enough that workers find them baked.
            seed=scope.draw("texture_seed", _SEEDS),
            colors=(color, second),
            repeat=(repeat, repeat),
        )
        return Material(base_color=(1.0, 1.0, 1.0), texture=texture, **surface)


_SEEDS = Choice(values=tuple(range(24)))

# item -> (weight, probability of being dropped at any rotation, finish of its parts)
_ITEMS: Mapping[str, tuple[float, float, dict[str, str]]] = {
    "apple": (0.7, 0.4, {"*": "peel", "stem": "stem"}),
    "ball": (0.6, 1.0, {"*": "rubber"}),
    "block": (0.6, 0.3, {"*": "painted"}),
    "book": (1.0, 0.03, {"*": "printed", "pages": "paper"}),
    "bottle": (1.0, 0.15, {"*": "glass", "cap": "plastic"}),
    "bowl": (1.0, 0.05, {"*": "ceramic"}),
    "can": (1.0, 0.15, {"*": "printed", "lid": "steel"}),
    "candle": (0.5, 0.05, {"*": "wax", "wick": "iron"}),
    "carton": (1.0, 0.1, {"*": "printed", "cap": "plastic"}),
    "fork": (0.7, 0.0, {"*": "steel"}),
    "mug": (1.4, 0.12, {"*": "ceramic"}),
    "pan": (0.4, 0.0, {"*": "iron", "handle": "plastic"}),
    "pear": (0.5, 0.4, {"*": "peel", "stem": "stem"}),
    "plate": (0.8, 0.0, {"*": "ceramic"}),
    "spoon": (0.7, 0.0, {"*": "steel"}),
    "vase": (0.7, 0.08, {"*": "ceramic"}),
}


_SMOOTH, _DULL = Uniform(low=0.1, high=0.35), Uniform(low=0.45, high=0.85)

_FINISHES: Mapping[str, Finish] = {
    "ceramic": Finish(
        color=Hsv(saturation=(0.0, 0.55), value=(0.55, 0.97)),
        roughness=_SMOOTH,
        texture=Choice(values=("none", "speckle", "stripes"), weights=(3, 1, 1)),
    ),
    "glass": Finish(color=Hsv(hue=(0.05, 0.6), saturation=(0.3, 0.9), value=(0.12, 0.6)), roughness=_SMOOTH),
    "iron": Finish(
        color=Hsv(saturation=(0.0, 0.1), value=(0.1, 0.32)), roughness=_DULL, metallic=Constant(value=0.4)
    ),
    "painted": Finish(
        color=Hsv(saturation=(0.2, 0.9), value=(0.3, 0.95)),
        texture=Choice(values=("none", "wood", "plaster")),
    ),
    "paper": Finish(color=Hsv(saturation=(0.0, 0.12), value=(0.82, 0.97)), roughness=_DULL),
    "peel": Finish(
        color=Hsv(hue=(-0.03, 0.3), saturation=(0.65, 0.95), value=(0.5, 0.9)),
        accent=Hsv(hue=(0.0, 0.2), saturation=(0.5, 0.9), value=(0.6, 0.95)),
        texture=Choice(values=("none", "plaster", "speckle")),
    ),
    "plastic": Finish(color=Hsv(saturation=(0.0, 0.95), value=(0.08, 0.95))),
    "printed": Finish(
        color=Hsv(saturation=(0.1, 0.9), value=(0.25, 0.98)),
        roughness=Uniform(low=0.25, high=0.6),
        texture=Choice(values=("label", "stripes", "none"), weights=(6, 1, 1)),
    ),
    "rubber": Finish(
        color=Hsv(saturation=(0.4, 0.95), value=(0.5, 0.98)),
        roughness=_DULL,
        texture=Choice(values=("none", "stripes", "checks", "label")),
    ),
    "steel": Finish(
        color=Hsv(saturation=(0.0, 0.06), value=(0.55, 0.8)), roughness=_SMOOTH, metallic=Constant(value=1.0)
    ),
    "stem": Finish(color=Hsv(hue=(0.06, 0.12), saturation=(0.4, 0.7), value=(0.15, 0.35)), roughness=_DULL),
    "wax": Finish(color=Hsv(saturation=(0.0, 0.6), value=(0.6, 0.97))),
}


@lru_cache
def generator(name: str) -> Any:
    """Return the generator class called `name`."""
    module, _, attribute = GENERATORS[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def household_items() -> dict[str, Item]:
    """Return every household item with its typical shapes."""
    items = {}
    for name, (weight, tumbled, finish) in _ITEMS.items():
        kind = generator(name)
        items[name] = Item(
            weight=weight,
            shape={key: Uniform(low=low, high=high) for key, (low, high) in kind.typical.items()},
            density=Uniform(low=kind.density[0], high=kind.density[1]),
            tumbled=Constant(value=tumbled),
            finish=finish,
        )
    return items


def household_finishes() -> dict[str, Finish]:
    """Return the finishes the items are made of."""
    return dict(_FINISHES)
