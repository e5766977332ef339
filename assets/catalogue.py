"""Household items as distributions: how often, of which shape, how heavy, in which finish.

A scene builder takes its items from here; every number can be overridden in the config. Shapes and densities
come from the generators' own typical ranges, finishes from `simdata.assets.finishes`.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any

from pydantic import Field

from simdata.assets import GENERATORS
from simdata.distributions import Choice, Constant, Name, Quantity, Scalar, Uniform
from simdata.model import Model


class Item(Model):
    """One kind of object.

    Attributes:
        weight: how often it is picked, against the other items.
        shape: generator parameter -> distribution.
        density: effective kg/m^3 of the solid, contents included.
        tumbled: probability that it is dropped at a random rotation instead of upright.
        finish: part name -> finish name, drawn; "*" is every other part, which then all look the same.
    """

    weight: float = Field(default=1.0, ge=0)
    shape: dict[str, Annotated[Scalar, Quantity("m or 1")]]
    density: Annotated[Scalar, Quantity("kg/m^3", 1, 25_000)]
    tumbled: Annotated[Scalar, Quantity("probability", 0, 1)] = Constant(value=0.15)
    finish: dict[str, Annotated[Name, Quantity("name")]]


# Names of finishes that go for one another, and the items' parts that take one of them.
_GLAZED = ("porcelain", "stoneware", "stoneware_dark", "celadon", "cobalt", "enamel")
_PRINTED = tuple(
    f"print_{color}" for color in ("blue", "dark", "green", "kraft", "pink", "red", "white", "yellow")
)
_COVERS = ("cover_blue", "cover_green", "cover_pale", "cover_red", "leather", *_PRINTED[:3])
_PLASTIC = tuple(
    f"plastic_{color}" for color in ("black", "blue", "green", "orange", "red", "white", "yellow")
)
_GLASS = ("glass_amber", "glass_blue", "glass_clear", "glass_green")
_BARE, _WOODEN = ("steel", "chrome"), ("oak", "walnut", "pine")

# item -> (weight, probability of being dropped at any rotation, finishes of its parts)
_ITEMS: Mapping[str, tuple[float, float, dict[str, tuple[str, ...]]]] = {
    "apple": (0.7, 0.4, {"*": ("apple_red", "apple_green"), "stem": ("stem",)}),
    "ball": (0.5, 1.0, {"*": ("rubber_bright", "rubber_black", *_PLASTIC[1:3])}),
    "block": (
        0.5,
        0.3,
        {"*": ("cardboard", "pine", "painted_sage", "painted_navy", "painted_cream", *_PLASTIC[4:])},
    ),
    "book": (1.0, 0.03, {"*": _COVERS, "pages": ("paper",)}),
    "bottle": (1.0, 0.15, {"*": (*_GLASS, "plastic_white", "plastic_green"), "cap": (*_PLASTIC, "brass")}),
    "bowl": (1.0, 0.05, {"*": (*_GLAZED, "steel", "oak", "glass_clear")}),
    "can": (1.0, 0.15, {"*": _PRINTED, "lid": ("steel",)}),
    "candle": (0.5, 0.05, {"*": ("wax",), "wick": ("wick",)}),
    "carton": (1.0, 0.1, {"*": (*_PRINTED, "cardboard"), "cap": _PLASTIC}),
    "cutting_board": (0.5, 0.02, {"*": (*_WOODEN, "worn_wood", "plastic_white", "marble")}),
    "fork": (0.7, 0.0, {"*": (*_BARE, "brass")}),
    "hammer": (
        0.6,
        0.0,
        {"head": ("steel", "rust", "cast_iron"), "*": ("pine", "oak", "rubber_black", "plastic_yellow")},
    ),
    "jar": (
        0.8,
        0.1,
        {
            "*": (*_GLASS, *_PRINTED[:2], "stoneware"),
            "lid": ("steel", "brass", "plastic_red", "plastic_white"),
        },
    ),
    "mug": (1.4, 0.12, {"*": _GLAZED}),
    "pan": (
        0.4,
        0.0,
        {"*": ("cast_iron", "steel", "enamel"), "handle": ("plastic_black", "steel", "walnut")},
    ),
    "pear": (0.5, 0.4, {"*": ("pear", "apple_green"), "stem": ("stem",)}),
    "pen": (0.6, 0.0, {"*": _PLASTIC, "cap": (*_PLASTIC, "chrome")}),
    "plate": (0.8, 0.0, {"*": _GLAZED}),
    "screwdriver": (0.6, 0.0, {"*": _PLASTIC, "blade": ("steel", "chrome")}),
    "spanner": (0.6, 0.0, {"*": ("steel", "chrome", "rust")}),
    "spoon": (0.7, 0.0, {"*": (*_BARE, "oak")}),
    "tape": (0.6, 0.2, {"*": ("tape",), "core": ("cardboard",)}),
    "tumbler": (0.8, 0.1, {"*": (*_GLASS, "glass_clear", "glass_clear")}),
    "vase": (0.6, 0.08, {"*": (*_GLAZED, "glass_blue", "terracotta")}),
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
            finish={part: Choice(values=names) for part, names in finish.items()},
        )
    return items
