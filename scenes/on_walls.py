"""What hangs on walls: cabinets, shelves, tools, pictures, curtains, doors."""

from __future__ import annotations

from simdata.assets.room import SIDES
from simdata.distributions import Choice, UniformInt
from simdata.scenes.place import Place, along_table, backs_wall, number, numbers, seed
from simdata.scope import Scope


def backsplash(scope: Scope, place: Place) -> None:
    """Tile the wall behind the table, up to the windows where there are some."""
    if not backs_wall(place):
        return
    _, _, level = place.top
    high = place.room.sill - level - 0.03 if place.room.north else number(scope, "high", 0.4, 0.6)
    params = {"sx": place.top[0], "sy": 0.008, "sz": max(high, 0.05)}
    along = along_table(place)
    place.lean("north", along, "backsplash", "cuboid", params, {"*": "backsplash"}, bottom=level, solid=False)


def wall_cabinet(scope: Scope, place: Place) -> None:
    """Hang a cabinet over the table."""
    long = place.top[0] * number(scope, "long", 0.45, 1.0)
    near = along_table(place) + (place.top[0] - long) / 2 * number(scope, "along", -1, 1)
    if not backs_wall(place) or place.reserve(scope, "north", long, near) is None:
        return
    bottom = place.top[2] + number(scope, "gap", 0.5, 0.6)
    params = {
        "length": long, "depth": number(scope, "depth", 0.3, 0.36), "columns": max(1, round(long / 0.5)),
        "height": min(number(scope, "height", 0.55, 0.75), place.room.height - bottom - 0.05),
    }  # fmt: skip
    place.lean("north", near, "wall_cabinet", "cabinet", params, {}, bottom=bottom, group="fitted")


def pegboard(scope: Scope, place: Place) -> None:
    """Hang tools on the wall behind the table."""
    wide = place.top[0] * number(scope, "wide", 0.5, 0.9)
    along = place.reserve(scope, "north", wide, along_table(place))
    if along is None:
        return
    params = {"width": wide, "height": number(scope, "height", 0.5, 0.75), "seed": seed(scope)}
    place.lean("north", along, "pegboard", "pegboard", params, {}, bottom=place.top[2] + 0.25, solid=False)


def shelf(scope: Scope, place: Place) -> None:
    """Hang a shelf: over the table where that is free, else on any wall."""
    long, levels = number(scope, "long", 0.7, 1.3), scope.draw("levels", UniformInt(low=1, high=2))
    side, along = "north", place.reserve(scope, "north", long, along_table(place))
    if along is None:
        side = scope.draw("side", Choice(values=SIDES))
        along = place.reserve(scope, side, long)
    if along is None:
        return
    params = numbers(scope, depth=(0.2, 0.28), filled=(0.6, 0.95), jars=(0.0, 0.6))
    params |= {"length": long, "levels": levels, "seed": seed(scope)}
    surfaces = {"boards": "shelf", "jars": "jars", "*": "books"}
    bottom = place.top[2] + number(scope, "gap", 0.45, 0.65)
    place.lean(side, along, "shelf", "shelf", params, surfaces, bottom=bottom)


def pictures(scope: Scope, place: Place) -> None:
    """Hang a few pictures."""
    for index in range(scope.draw("count", UniformInt(low=1, high=4))):
        below = scope.child(index)
        side = below.draw("side", Choice(values=SIDES))
        params = numbers(below, width=(0.25, 0.75), height=(0.25, 0.75))
        along = place.reserve(below, side, params["width"] + 0.05)
        if along is not None:
            params["frame"] = number(below, "frame", 0.012, 0.04)
            bottom = number(below, "middle", 1.4, 1.65) - params["height"] / 2
            place.lean(side, along, f"picture.{index}", "picture", params, {}, bottom=bottom, solid=False)


def door(scope: Scope, place: Place) -> None:
    """Put a door into a wall."""
    side = scope.draw("side", Choice(values=("south", "west", "east")))
    wide = number(scope, "wide", 0.75, 0.9)
    along = place.reserve(scope, side, wide + 0.16)
    if along is not None:
        params = {"width": wide, "height": 2.0, "panels": scope.draw("panels", UniformInt(low=0, high=3))}
        surfaces = {"frame": "skirting", "handle": "handles"}
        place.lean(side, along, "door", "door", params, surfaces, group="fitted", solid=False)


def curtains(scope: Scope, place: Place) -> None:
    """Hang curtains at both sides of every window."""
    wide, fold = number(scope, "wide", 0.25, 0.45), number(scope, "fold", 0.02, 0.03)
    rod = min(place.room.sill + place.room.window_height + 0.08, place.room.height - 0.03)
    low = place.room.sill - 0.2
    params = {"width": wide, "height": rod - low, "fold": fold}
    for side in SIDES:
        count, run = getattr(place.room, side), place.run(side)
        for index in range(count):
            middle = run * ((index + 0.5) / count - 0.5)
            for k, sign in enumerate((-1, 1)):
                along = middle + sign * (place.room.window_width / 2 + 0.35 * wide)
                if abs(along) + wide / 2 < run / 2 and not (side == "north" and backs_wall(place)):
                    name = f"curtain.{side}.{index}.{k}"
                    place.lean(
                        side, along, name, "curtain", params, {}, bottom=low, group="curtain", solid=False
                    )
