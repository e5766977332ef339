"""Settings: what kind of place a table stands in, as distributions."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from simdata.distributions import Choice, Constant, Integer, Name, Quantity, Scalar, Uniform, UniformInt
from simdata.model import Model

Length = Annotated[Scalar, Quantity("m", 0.02, 30)]
Probability = Annotated[Scalar, Quantity("probability", 0, 1)]
Finishes = Annotated[Name, Quantity("name")]


class RoomSize(Model):
    """The room: its floor is z = 0.

    Attributes:
        length, width, height: of its air.
        wall: thickness, which is how deep windows sit.
        ceiling: whether there is one, 0 or 1.
        window_width, window_height, sill: of each window, and how far it is above the floor.
    """

    length: Length = Uniform(low=3.2, high=5.5)
    width: Length = Uniform(low=3.0, high=4.5)
    height: Length = Uniform(low=2.4, high=2.9)
    wall: Length = Uniform(low=0.12, high=0.32)
    ceiling: Annotated[Integer, Quantity("1", 0, 1)] = Constant(value=1)
    window_width: Length = Uniform(low=0.8, high=1.3)
    window_height: Length = Uniform(low=0.9, high=1.25)
    sill: Length = Uniform(low=0.85, high=1.1)


class Setting(Model):
    """One kind of place.

    Attributes:
        table: what objects are dropped on: "table", "counter", "desk" or "bench".
        length, width, height: of its top.
        at_wall: probability that it stands against the north wall (+y).
        windows: wall ("north", "west", "south", "east") -> how many.
        around: what else there is -> probability; see `simdata.scenes.furnishing.AROUND`.
        surfaces: what the room and all things in it are made of -> finish.
        likely: item -> factor on its weight.
    """

    table: Annotated[Name, Quantity("name")] = Constant(value="table")
    length: Length = Uniform(low=1.1, high=1.6)
    width: Length = Uniform(low=0.75, high=1.0)
    height: Length = Uniform(low=0.7, high=0.78)
    at_wall: Probability = Constant(value=0.0)
    windows: dict[str, Annotated[Integer, Quantity("windows", 0, 8)]] = Field(default_factory=dict)
    around: dict[str, Probability] = Field(default_factory=dict)
    surfaces: dict[str, Finishes] = Field(default_factory=dict)
    likely: dict[str, Annotated[float, Field(ge=0)]] = Field(default_factory=dict)


def _one(*names: str) -> Choice:
    return Choice(values=names)


def _share(**things: float) -> dict[str, Scalar]:
    return {name: Constant(value=share) for name, share in things.items()}


_WOODS, _PAINTED = (
    ("oak", "walnut", "pine"),
    ("painted_white", "painted_sage", "painted_navy", "painted_cream"),
)
_WALLS = ("paint_white", "paint_warm", "paint_grey", "paint_sage", "paint_blue", "paint_clay")
_COVERS = ("cover_blue", "cover_green", "cover_pale", "cover_red")
_BRIGHT = ("plastic_red", "plastic_blue", "plastic_orange", "plastic_green")

# What every room is made of, unless its setting says otherwise.
_SURFACES = {
    "backsplash": _one("tiles_white", "tiles_color", "marble"),
    "board": _one("painted_white", "pine", "cork", "oak"),
    "body": _one(*_PAINTED, *_WOODS),
    "books": _one(*_COVERS, "leather", "print_dark", "print_white"),
    "boxes": _one("cardboard"),
    "canvas": _one(*_COVERS, "marble", "marble_dark", "linen_blue"),
    "ceiling": _one("paint_white"),
    "cloth": _one("linen", "linen_blue"),
    "floor": _one("oak_floor", "parquet", "tiles_dark", "carpet"),
    "frame": _one(*_WOODS, "plastic_black", "painted_white", "brass"),
    "frames": _one("painted_white", "painted_white", "oak", "plastic_black"),
    "fronts": _one(*_PAINTED, *_WOODS, "laminate"),
    "grips": _one(*_BRIGHT, "pine", "rubber_black"),
    "handles": _one("steel", "brass", "plastic_black", "chrome"),
    "jars": _one("glass_amber", "glass_green", "stoneware", "print_kraft"),
    "keyboard": _one("plastic_black", "plastic_white"),
    "keys": _one("plastic_black", "plastic_white"),
    "lamp": _one("plastic_black", "steel", "enamel", "brass", "plastic_white"),
    "leaf": _one(*_PAINTED, "oak"),
    "legs": _one(*_WOODS, "painted_white", "plastic_black"),
    "mat": _one("paint_white", "paint_warm"),
    "plinth": _one("plastic_black", "painted_white"),
    "rug": _one("carpet", "carpet_warm", "linen_blue"),
    "screen": _one("screen_off", "screen_on"),
    "seat": _one(*_WOODS, *_PAINTED, "leather"),
    "shelf": _one(*_WOODS, "painted_white"),
    "sills": _one("painted_white", "marble", "oak"),
    "skirting": _one("painted_white", "painted_white", "oak"),
    "steel": _one("steel", "chrome", "rust"),
    "top": _one(*_WOODS),
    "walls": _one(*_WALLS),
}  # fmt: skip


def _surfaces(**changes: Choice) -> dict[str, Finishes]:
    return {**_SURFACES, **changes}


_TOOLS = ("hammer", "pen", "screwdriver", "spanner", "tape")


def _likely(**factors: float) -> dict[str, float]:
    """Return factors on items; tools are rare unless they are named."""
    return {**dict.fromkeys(_TOOLS, 0.25), **factors}


def settings() -> dict[str, Setting]:
    """Return the kitchen, the desk, the workbench, the dining table and a bare table."""
    bare = dict.fromkeys(_SURFACES, _one("plain")) | {"walls": _one("plain_pale")}
    return {
        "bare": Setting(surfaces=bare, likely=_likely()),
        "desk": _desk(),
        "dining": _dining(),
        "kitchen": _kitchen(),
        "workbench": _workbench(),
    }


_SOME = UniformInt(low=0, high=1)


def _seldom(rarity: float) -> Choice:
    """Return one window against `rarity` times none."""
    return Choice(values=(0, 1), weights=(rarity, 1))


def _desk() -> Setting:
    return Setting(
        table=Choice(values=("desk", "table"), weights=(2, 1)),
        length=Uniform(low=1.2, high=1.7), width=Uniform(low=0.65, high=0.85),
        at_wall=Constant(value=0.8),
        windows={"north": _seldom(3), "west": _SOME, "east": _SOME},
        around=_share(desk_lamp=0.6, monitor=0.4, keyboard=0.4, chair=0.6, shelf=0.8, pictures=0.8, rug=0.4,
                      door=0.4, panel=0.4, pendant=0.3, curtains=0.5, sideboard=0.3, boxes=0.2),
        surfaces=_surfaces(top=_one(*_WOODS, "laminate", "laminate_dark", "painted_white")),
        likely=_likely(book=3, pen=2, tape=2, mug=1.5, fork=0.3, spoon=0.4, pan=0.1, plate=0.4, candle=1,
                       screwdriver=0.6, cutting_board=0.1, bottle=0.7, carton=0.5, bowl=0.5),
    )  # fmt: skip


def _dining() -> Setting:
    return Setting(
        table=Constant(value="table"),
        windows={"north": _SOME, "west": _SOME, "east": UniformInt(low=1, high=2)},
        around=_share(chair=1.0, pendant=0.7, panel=0.2, pictures=0.9, sideboard=0.6, shelf=0.4, rug=0.5,
                      curtains=0.7, door=0.5),
        surfaces=_surfaces(top=_one(*_WOODS, *_WOODS, "marble", "painted_white", "linen", "terrazzo")),
        likely=_likely(plate=2, fork=1.5, spoon=1.5, tumbler=1.5, candle=1.5, vase=1.5, cutting_board=0.7),
    )  # fmt: skip


def _kitchen() -> Setting:
    return Setting(
        table=Choice(values=("counter", "table"), weights=(3, 1)),
        length=Uniform(low=1.5, high=2.4), width=Uniform(low=0.65, high=0.8),
        height=Uniform(low=0.84, high=0.94), at_wall=Constant(value=1.0),
        windows={"north": _seldom(2), "west": _SOME, "east": _SOME},
        around=_share(backsplash=0.9, wall_cabinet=0.7, tall_cabinet=0.6, shelf=0.6, panel=0.6, pendant=0.4,
                      pictures=0.4, door=0.6, curtains=0.2, sideboard=0.3, chair=0.2),
        surfaces=_surfaces(
            top=_one("oak", "walnut", "marble", "marble_dark", "granite", "terrazzo", "laminate", "steel",
                     "concrete"),
            floor=_one("tiles_dark", "terracotta", "oak_floor", "terrazzo"),
        ),
        likely=_likely(pan=3, cutting_board=3, jar=1.5, book=0.3, ball=0.3, block=0.3, bottle=1.4, apple=1.5,
                       pear=1.5, carton=1.4),
    )  # fmt: skip


def _workbench() -> Setting:
    return Setting(
        table=Choice(values=("bench", "table"), weights=(4, 1)),
        length=Uniform(low=1.3, high=2.0), width=Uniform(low=0.65, high=0.9),
        height=Uniform(low=0.8, high=0.9), at_wall=Constant(value=0.9),
        windows={"north": _seldom(3), "east": _SOME, "west": _SOME},
        around=_share(pegboard=0.85, shelf=0.7, panel=0.7, pendant=0.3, boxes=0.8, desk_lamp=0.3,
                      sideboard=0.4, tall_cabinet=0.4, door=0.5, pictures=0.2),
        surfaces=_surfaces(
            top=_one("worn_wood", "worn_wood", "pine", "oak", "steel"),
            floor=_one("concrete", "concrete", "tiles_dark", "oak_floor"),
            walls=_one("paint_white", "paint_grey", "brick", "concrete", "paint_blue"),
            fronts=_one("steel", "painted_navy", "pine", *_BRIGHT[:2]), body=_one("steel", "pine"),
            lamp=_one("steel", "enamel", "plastic_black"), legs=_one("pine", "worn_wood", "steel"),
            jars=_one("print_kraft", "glass_clear", "steel"),
        ),
        likely=_likely(hammer=4, screwdriver=5, spanner=5, tape=3, pen=1, jar=1.5, can=1.5, block=2,
                       fork=0.15, spoon=0.3, plate=0.2, vase=0.2, apple=0.4, pear=0.3, candle=0.3, pan=0.3),
    )  # fmt: skip
