"""Furnishing: draws a room for a setting, a table in it, and what stands and hangs around."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np

from simdata.asset import GeneratedShape, load_model
from simdata.assets.room import SIDES, Room
from simdata.distributions import Choice, Uniform, UniformInt
from simdata.errors import SceneRejected
from simdata.scenes.place import GAP, Place, chance, make_place
from simdata.scenes.setting import RoomSize, Setting
from simdata.scope import Scope

LAMP = {"*": "lamp", "glow": "glow"}
_LONG = "length", "width", "height"


def furnish(scope: Scope, setting: Setting, size: RoomSize, scenery: float = 1.0) -> Place:
    """Draw a place; `scenery` is a factor on the probability of each thing around.

    Raises:
        SceneRejected: the table does not fit the room, or the windows not its walls.
    """
    top = tuple(scope.draw(f"table_{name}", getattr(setting, name)) for name in _LONG)
    drawn = {name: scope.draw(f"room_{name}", getattr(size, name)) for name in RoomSize.model_fields}
    windows = {side: scope.draw(f"windows_{side}", count) for side, count in sorted(setting.windows.items())}
    drawn["sill"] = max(drawn["sill"], top[2] + 0.12) if windows.get("north") else drawn["sill"]
    room = _room({**dict.fromkeys(SIDES, 0), **windows, **drawn})
    place = make_place(
        room,
        _middle(scope, room, top, chance(scope, "at_wall", scope.draw("wall_share", setting.at_wall))),
        top,
    )
    kind = scope.draw("table", setting.table)
    at = (0.0, 0.0, 0.0)
    params = dict(zip(_LONG, top, strict=True))
    place.stand("table", kind, params, {"shelf": "legs"}, at=at, group="fitted", solid=False)
    for name, add in AROUND.items():
        below = scope.child("around", name)
        share = setting.around.get(name)
        if share is not None and chance(below, "there", scenery * below.draw("share", share)):
            add(below, place)
    if room.ceiling and not place.fixtures and not room.openings():
        _panel(scope.child("around", "panel"), place)  # else it would be pitch-dark
    return place


def _room(params: Mapping[str, float]) -> Room:
    try:
        return Room(**params)
    except ValueError as error:
        raise SceneRejected(f"room {dict(params)}: {error}", reason="impossible_room") from error


def _middle(scope: Scope, room: Room, top: tuple[float, ...], at_wall: bool) -> np.ndarray:
    """Draw where the middle of the floor is, so that the table's is at x = y = 0."""
    free = np.array([room.length - top[0], room.width - top[1]]) / 2
    if (free < 0.3).any():
        raise SceneRejected(
            f"a table of {top[0]:.2f} x {top[1]:.2f} m fills a room of {room.length:.2f} x {room.width:.2f} m",
            reason="impossible_room",
        )
    x, y = (scope.draw(f"off_{axis}", Uniform(low=-1, high=1)) for axis in "xy")
    return np.array([x * (free[0] - 0.1) * 0.7, GAP - free[1] if at_wall else y * (free[1] - 0.25) * 0.5])


def _backs_wall(place: Place) -> bool:
    """Tell whether the table stands against the north wall."""
    return bool(abs(place.middle[1] + place.room.width / 2 - place.top[1] / 2) < 2 * GAP)


def _u(scope: Scope, name: str, low: float, high: float) -> float:
    return float(scope.draw(name, Uniform(low=low, high=high)))


def _along_table(place: Place) -> float:
    """Return where the table's middle is along the north wall, m from the wall's middle."""
    return -float(place.middle[0])


def _backsplash(scope: Scope, place: Place) -> None:
    """Tile the wall behind the table, up to the windows where there are some."""
    if not _backs_wall(place):
        return
    _, _, level = place.top
    high = place.room.sill - level - 0.03 if place.room.north else _u(scope, "high", 0.4, 0.6)
    params = {"sx": place.top[0], "sy": 0.008, "sz": max(high, 0.05)}
    along = _along_table(place)
    place.lean("north", along, "backsplash", "cuboid", params, {"*": "backsplash"}, bottom=level, solid=False)


def _wall_cabinet(scope: Scope, place: Place) -> None:
    """Hang a cabinet over the table."""
    long = place.top[0] * _u(scope, "long", 0.45, 1.0)
    near = _along_table(place) + (place.top[0] - long) / 2 * _u(scope, "along", -1, 1)
    if not _backs_wall(place) or place.reserve(scope, "north", long, near) is None:
        return
    bottom = place.top[2] + _u(scope, "gap", 0.5, 0.6)
    params = {"length": long, "depth": _u(scope, "depth", 0.3, 0.36), "columns": max(1, round(long / 0.5)),
              "height": min(_u(scope, "height", 0.55, 0.75), place.room.height - bottom - 0.05)}  # fmt: skip
    place.lean("north", near, "wall_cabinet", "cabinet", params, {}, bottom=bottom, group="fitted")


def _tall_cabinet(scope: Scope, place: Place) -> None:
    """Stand a tall cabinet beside the table."""
    if not _backs_wall(place):
        return
    wide, side = 0.6, scope.draw("side", Choice(values=(-1, 1)))
    near = _along_table(place) + side * (place.top[0] / 2 + wide / 2 + 0.004)
    if abs(near) + wide / 2 > place.room.length / 2 or place.reserve(scope, "north", wide, near) is None:
        return
    params = {"length": wide, "depth": place.top[1] - 0.02, "columns": 1,
              "height": min(_u(scope, "height", 1.9, 2.2), place.room.height - 0.1)}  # fmt: skip
    place.lean("north", near, "tall_cabinet", "cabinet", params, {}, group="fitted")


def _pegboard(scope: Scope, place: Place) -> None:
    """Hang tools on the wall behind the table."""
    wide = place.top[0] * _u(scope, "wide", 0.5, 0.9)
    along = place.reserve(scope, "north", wide, _along_table(place))
    if along is None:
        return
    params = {"width": wide, "height": _u(scope, "height", 0.5, 0.75), "seed": _seed(scope)}
    place.lean("north", along, "pegboard", "pegboard", params, {}, bottom=place.top[2] + 0.25, solid=False)


def _shelf(scope: Scope, place: Place) -> None:
    """Hang a shelf: over the table where that is free, else on any wall."""
    long, levels = _u(scope, "long", 0.7, 1.3), scope.draw("levels", UniformInt(low=1, high=2))
    side, along = "north", place.reserve(scope, "north", long, _along_table(place))
    if along is None:
        side = scope.draw("side", Choice(values=SIDES))
        along = place.reserve(scope, side, long)
    if along is None:
        return
    params = {"length": long, "depth": _u(scope, "depth", 0.2, 0.28), "levels": levels, "seed": _seed(scope),
              "filled": _u(scope, "filled", 0.6, 0.95), "jars": _u(scope, "jars", 0.0, 0.6)}  # fmt: skip
    surfaces = {"boards": "shelf", "jars": "jars", "*": "books"}
    bottom = place.top[2] + _u(scope, "gap", 0.45, 0.65)
    place.lean(side, along, "shelf", "shelf", params, surfaces, bottom=bottom)


def _pictures(scope: Scope, place: Place) -> None:
    """Hang a few pictures."""
    for number in range(scope.draw("count", UniformInt(low=1, high=4))):
        below = scope.child(number)
        side = below.draw("side", Choice(values=SIDES))
        params = {name: _u(below, name, 0.25, 0.75) for name in ("width", "height")}
        along = place.reserve(below, side, params["width"] + 0.05)
        if along is not None:
            params["frame"] = _u(below, "frame", 0.012, 0.04)
            bottom = _u(below, "middle", 1.4, 1.65) - params["height"] / 2
            place.lean(side, along, f"picture.{number}", "picture", params, {}, bottom=bottom, solid=False)


def _door(scope: Scope, place: Place) -> None:
    """Put a door into a wall."""
    side = scope.draw("side", Choice(values=("south", "west", "east")))
    wide = _u(scope, "wide", 0.75, 0.9)
    along = place.reserve(scope, side, wide + 0.16)
    if along is not None:
        params = {"width": wide, "height": 2.0, "panels": scope.draw("panels", UniformInt(low=0, high=3))}
        surfaces = {"frame": "skirting", "handle": "handles"}
        place.lean(side, along, "door", "door", params, surfaces, group="fitted", solid=False)


def _sideboard(scope: Scope, place: Place) -> None:
    """Stand a low cabinet against a wall."""
    side = scope.draw("side", Choice(values=("south", "west", "east")))
    params = {"length": _u(scope, "long", 0.8, 1.5), "depth": _u(scope, "depth", 0.35, 0.45),
              "height": _u(scope, "height", 0.6, 0.9), "columns": scope.draw("columns", UniformInt(low=2, high=3)),
              "rows": scope.draw("rows", UniformInt(low=1, high=3))}  # fmt: skip
    along = place.reserve(scope, side, params["length"])
    reach = (place.room.length if side != "south" else place.room.width) / 2 - params["depth"]
    if along is not None and reach > max(place.top[:2]) / 2 + 0.5:
        place.lean(side, along, "sideboard", "cabinet", params, {}, group="sideboard")


def _boxes(scope: Scope, place: Place) -> None:
    """Stack cardboard boxes along a wall."""
    side = scope.draw("side", Choice(values=("south", "west", "east")))
    for number in range(scope.draw("count", UniformInt(low=1, high=3))):
        below = scope.child(number)
        size = {name: _u(below, name, 0.25, 0.5) for name in ("sx", "sy", "sz")}
        along = place.reserve(below, side, size["sx"] + 0.04)
        if along is not None:
            place.lean(side, along, f"parcel.{number}", "cuboid", size, {"*": "boxes"})


def _rug(scope: Scope, place: Place) -> None:
    """Lay a rug below the table, or in front of it."""
    params = {"sx": _u(scope, "long", 1.4, 2.2), "sy": _u(scope, "wide", 1.0, 1.6), "sz": 0.008}
    y = -place.top[1] / 2 - 0.5 if _backs_wall(place) else 0.0
    params["sx"] = min(params["sx"], place.room.length - 0.1 - 2 * abs(place.middle[0]))
    place.stand("rug", "cuboid", params, {"*": "rug"}, at=(0.0, y, 0.0005), solid=False)


def _curtains(scope: Scope, place: Place) -> None:
    """Hang curtains at both sides of every window."""
    wide, fold = _u(scope, "wide", 0.25, 0.45), _u(scope, "fold", 0.02, 0.03)
    rod = min(place.room.sill + place.room.window_height + 0.08, place.room.height - 0.03)
    low = place.room.sill - 0.2
    params = {"width": wide, "height": rod - low, "fold": fold}
    for side in SIDES:
        count, run = getattr(place.room, side), place.run(side)
        for number in range(count):
            middle = run * ((number + 0.5) / count - 0.5)
            for k, sign in enumerate((-1, 1)):
                along = middle + sign * (place.room.window_width / 2 + 0.35 * wide)
                if abs(along) + wide / 2 < run / 2 and not (side == "north" and _backs_wall(place)):
                    name = f"curtain.{side}.{number}.{k}"
                    place.lean(
                        side, along, name, "curtain", params, {}, bottom=low, group="curtain", solid=False
                    )


def _chair(scope: Scope, place: Place) -> None:
    """Put chairs to the table: one to a desk, up to four to a table that stands free."""
    length, width, _ = place.top
    seats = (
        [(0.0, -1)] if _backs_wall(place) else [(x, s) for s in (-1, 1) for x in (-length / 4, length / 4)]
    )
    params = {name: _u(scope, name, low, high) for name, low, high in
              (("width", 0.38, 0.46), ("seat", 0.43, 0.48), ("height", 0.78, 0.98), ("leg", 0.028, 0.042))}  # fmt: skip
    for number, (x, side) in enumerate(seats):
        below = scope.child(number)
        if not chance(below, "there", 0.75):
            continue
        y = side * (width / 2 + _u(below, "out", 0.0, 0.35))
        turn = (math.pi if side < 0 else 0.0) + _u(below, "turn", -0.35, 0.35)
        at = (x + _u(below, "aside", -0.08, 0.08), y, 0.0)
        place.stand(
            f"chair.{number}", "chair", params, {"frame": "seat"}, at=at, heading=turn, group="chairs"
        )


def _panel(scope: Scope, place: Place) -> None:
    """Fix a light panel to the ceiling."""
    params = {"length": _u(scope, "long", 0.4, 1.2), "width": _u(scope, "wide", 0.25, 0.6)}
    at = (
        _u(scope, "x", -0.5, 0.5),
        min(_u(scope, "y", -0.8, 0.3), _front(place, 0.4)),
        place.room.height - 0.036,
    )
    place.stand("panel", "panel", params, LAMP, at=at)


def _pendant(scope: Scope, place: Place) -> None:
    """Hang a lamp over the table."""
    drop = place.room.height - place.top[2] - _u(scope, "above", 0.75, 1.1)
    if drop < 0.25:
        return
    params = {"drop": drop, "shade": _u(scope, "shade", 0.12, 0.22)}
    height = float(np.ptp(load_model(GeneratedShape(generator="pendant", params=params)).bounds[:, 2]))
    at = (_u(scope, "x", -0.3, 0.3), min(0.0, _front(place, 0.3)), place.room.height - height)
    place.stand("pendant", "pendant", params, LAMP, at=at)


def _front(place: Place, margin: float) -> float:
    """Return how far back (+y) something may be, `margin` m before the north wall."""
    return float(place.middle[1] + place.room.width / 2 - margin)


def _on_table(
    scope: Scope, place: Place, name: str, params: dict, surfaces: dict, heading: float, x: float, y: float
) -> None:
    """Stand something on the table; objects are dropped beside it."""
    box = place.stand(name, name, params, surfaces, at=(x, y, place.top[2]), heading=heading)
    place.surface.cover(box)


def _desk_lamp(scope: Scope, place: Place) -> None:
    """Stand a lamp on a back corner of the table, bent towards its middle."""
    params = {name: _u(scope, name, low, high) for name, low, high in
              (("height", 0.38, 0.55), ("reach", 0.24, 0.36), ("shade", 0.055, 0.085))}  # fmt: skip
    side = scope.draw("side", Choice(values=(-1, 1)))
    x, y = side * (place.top[0] / 2 - 0.25), place.top[1] / 2 - 0.25
    _on_table(scope, place, "desk_lamp", params, LAMP, -side * _u(scope, "turn", 0.5, 1.2), x, y)


def _monitor(scope: Scope, place: Place) -> None:
    """Stand a monitor at the back of the table."""
    params = {
        name: _u(scope, name, low, high)
        for name, low, high in (("width", 0.48, 0.62), ("height", 0.29, 0.36))
    }
    x = _u(scope, "x", -0.15, 0.15) * place.top[0]
    surfaces = {"body": "keyboard"}
    _on_table(
        scope, place, "monitor", params, surfaces, _u(scope, "turn", -0.2, 0.2), x, place.top[1] / 2 - 0.12
    )


def _keyboard(scope: Scope, place: Place) -> None:
    """Lay a keyboard on the table."""
    x, y = _u(scope, "x", -0.15, 0.15) * place.top[0], -_u(scope, "y", 0.1, 0.3) * place.top[1]
    _on_table(scope, place, "keyboard", {}, {"body": "keyboard"}, _u(scope, "turn", -0.15, 0.15), x, y)


def _seed(scope: Scope) -> int:
    return int(scope.draw("seed", UniformInt(low=0, high=999)))


# In this order, because what comes first takes its place on the wall.
AROUND: dict[str, Callable[[Scope, Place], None]] = {
    "tall_cabinet": _tall_cabinet,
    "backsplash": _backsplash,
    "wall_cabinet": _wall_cabinet,
    "pegboard": _pegboard,
    "shelf": _shelf,
    "door": _door,
    "sideboard": _sideboard,
    "boxes": _boxes,
    "pictures": _pictures,
    "curtains": _curtains,
    "rug": _rug,
    "chair": _chair,
    "desk_lamp": _desk_lamp,
    "monitor": _monitor,
    "keyboard": _keyboard,
    "panel": _panel,
    "pendant": _pendant,
}
