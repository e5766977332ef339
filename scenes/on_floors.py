"""What stands on floors and tables or hangs from ceilings: furniture, lamps, things on desks."""

from __future__ import annotations

import math

import numpy as np

from simdata.asset import GeneratedShape, load_model
from simdata.distributions import Choice, UniformInt
from simdata.scenes.place import Place, along_table, backs_wall, chance, front, number, numbers
from simdata.scope import Scope

LAMP = {"*": "lamp", "glow": "glow"}


def tall_cabinet(scope: Scope, place: Place) -> None:
    """Stand a tall cabinet beside the table."""
    if not backs_wall(place):
        return
    wide, side = 0.6, scope.draw("side", Choice(values=(-1, 1)))
    near = along_table(place) + side * (place.top[0] / 2 + wide / 2 + 0.004)
    if abs(near) + wide / 2 > place.room.length / 2 or place.reserve(scope, "north", wide, near) is None:
        return
    params = {"length": wide, "depth": place.top[1] - 0.02, "columns": 1,
              "height": min(number(scope, "height", 1.9, 2.2), place.room.height - 0.1)}  # fmt: skip
    place.lean("north", near, "tall_cabinet", "cabinet", params, {}, group="fitted")


def sideboard(scope: Scope, place: Place) -> None:
    """Stand a low cabinet against a wall."""
    side = scope.draw("side", Choice(values=("south", "west", "east")))
    params = numbers(scope, length=(0.8, 1.5), depth=(0.35, 0.45), height=(0.6, 0.9))
    reach = (place.room.width if side == "south" else place.room.length) / 2 - params["depth"]
    along = place.reserve(scope, side, params["length"])
    if along is not None and reach > max(place.top[:2]) / 2 + 0.5:
        params["columns"] = scope.draw("columns", UniformInt(low=2, high=3))
        params["rows"] = scope.draw("rows", UniformInt(low=1, high=3))
        place.lean(side, along, "sideboard", "cabinet", params, {}, group="sideboard")


def boxes(scope: Scope, place: Place) -> None:
    """Stack cardboard boxes along a wall."""
    side = scope.draw("side", Choice(values=("south", "west", "east")))
    for index in range(scope.draw("count", UniformInt(low=1, high=3))):
        below = scope.child(index)
        size = numbers(below, sx=(0.25, 0.5), sy=(0.25, 0.5), sz=(0.25, 0.5))
        along = place.reserve(below, side, size["sx"] + 0.04)
        if along is not None:
            place.lean(side, along, f"parcel.{index}", "cuboid", size, {"*": "boxes"})


def rug(scope: Scope, place: Place) -> None:
    """Lay a rug below the table, or in front of it."""
    params = {"sx": number(scope, "long", 1.4, 2.2), "sy": number(scope, "wide", 1.0, 1.6), "sz": 0.008}
    y = -place.top[1] / 2 - 0.5 if backs_wall(place) else 0.0
    params["sx"] = min(params["sx"], place.room.length - 0.1 - 2 * abs(place.middle[0]))
    place.stand("rug", "cuboid", params, {"*": "rug"}, at=(0.0, y, 0.0005), solid=False)


def chair(scope: Scope, place: Place) -> None:
    """Put chairs to the table: one to a desk, up to four to a table that stands free."""
    length, width, _ = place.top
    seats = [(0.0, -1)] if backs_wall(place) else [(x, s) for s in (-1, 1) for x in (-length / 4, length / 4)]
    params = numbers(scope, width=(0.38, 0.46), seat=(0.43, 0.48), height=(0.78, 0.98), leg=(0.028, 0.042))
    for index, (x, side) in enumerate(seats):
        below = scope.child(index)
        if not chance(below, "there", 0.75):
            continue
        y = side * (width / 2 + number(below, "out", 0.0, 0.35))
        turn = (math.pi if side < 0 else 0.0) + number(below, "turn", -0.35, 0.35)
        at = (x + number(below, "aside", -0.08, 0.08), y, 0.0)
        place.stand(f"chair.{index}", "chair", params, {"frame": "seat"}, at=at, heading=turn, group="chairs")


def panel(scope: Scope, place: Place) -> None:
    """Fix a light panel to the ceiling."""
    params = {"length": number(scope, "long", 0.4, 1.2), "width": number(scope, "wide", 0.25, 0.6)}
    at = (
        number(scope, "x", -0.5, 0.5),
        min(number(scope, "y", -0.8, 0.3), front(place, 0.4)),
        place.room.height - 0.036,
    )
    place.stand("panel", "panel", params, LAMP, at=at)


def pendant(scope: Scope, place: Place) -> None:
    """Hang a lamp over the table."""
    drop = place.room.height - place.top[2] - number(scope, "above", 0.75, 1.1)
    if drop < 0.25:
        return
    params = {"drop": drop, "shade": number(scope, "shade", 0.12, 0.22)}
    height = float(np.ptp(load_model(GeneratedShape(generator="pendant", params=params)).bounds[:, 2]))
    at = (number(scope, "x", -0.3, 0.3), min(0.0, front(place, 0.3)), place.room.height - height)
    place.stand("pendant", "pendant", params, LAMP, at=at)


def _on_table(
    scope: Scope, place: Place, name: str, params: dict, surfaces: dict, heading: float, x: float, y: float
) -> None:
    """Stand something on the table; objects are dropped beside it."""
    box = place.stand(name, name, params, surfaces, at=(x, y, place.top[2]), heading=heading)
    place.surface.cover(box)


def desk_lamp(scope: Scope, place: Place) -> None:
    """Stand a lamp on a back corner of the table, bent towards its middle."""
    params = numbers(scope, height=(0.38, 0.55), reach=(0.24, 0.36), shade=(0.055, 0.085))
    side = scope.draw("side", Choice(values=(-1, 1)))
    x, y = side * (place.top[0] / 2 - 0.25), place.top[1] / 2 - 0.25
    _on_table(scope, place, "desk_lamp", params, LAMP, -side * number(scope, "turn", 0.5, 1.2), x, y)


def monitor(scope: Scope, place: Place) -> None:
    """Stand a monitor at the back of the table."""
    params = numbers(scope, width=(0.48, 0.62), height=(0.29, 0.36))
    x = number(scope, "x", -0.15, 0.15) * place.top[0]
    surfaces = {"body": "keyboard"}
    _on_table(
        scope,
        place,
        "monitor",
        params,
        surfaces,
        number(scope, "turn", -0.2, 0.2),
        x,
        place.top[1] / 2 - 0.12,
    )


def keyboard(scope: Scope, place: Place) -> None:
    """Lay a keyboard on the table."""
    x, y = number(scope, "x", -0.15, 0.15) * place.top[0], -number(scope, "y", 0.1, 0.3) * place.top[1]
    _on_table(scope, place, "keyboard", {}, {"body": "keyboard"}, number(scope, "turn", -0.15, 0.15), x, y)
