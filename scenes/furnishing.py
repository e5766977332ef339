"""Furnishing: draws a room for a setting, a table in it, and what stands and hangs around."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from simdata.assets.room import SIDES, Room
from simdata.distributions import Uniform
from simdata.errors import SceneRejected
from simdata.scenes import on_floors, on_walls
from simdata.scenes.place import GAP, Place, chance, make_place
from simdata.scenes.setting import RoomSize, Setting
from simdata.scope import Scope

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
        on_floors.panel(scope.child("around", "panel"), place)  # else it would be pitch-dark
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
            f"a table of {top[0]:.2f} x {top[1]:.2f} m fills a room of "
            f"{room.length:.2f} x {room.width:.2f} m",
            reason="impossible_room",
        )
    x, y = (scope.draw(f"off_{axis}", Uniform(low=-1, high=1)) for axis in "xy")
    return np.array([x * (free[0] - 0.1) * 0.7, GAP - free[1] if at_wall else y * (free[1] - 0.25) * 0.5])


# In this order, because what comes first takes its place on the wall.
AROUND: dict[str, Callable[[Scope, Place], None]] = {
    "tall_cabinet": on_floors.tall_cabinet,
    "backsplash": on_walls.backsplash,
    "wall_cabinet": on_walls.wall_cabinet,
    "pegboard": on_walls.pegboard,
    "shelf": on_walls.shelf,
    "door": on_walls.door,
    "sideboard": on_floors.sideboard,
    "boxes": on_floors.boxes,
    "pictures": on_walls.pictures,
    "curtains": on_walls.curtains,
    "rug": on_floors.rug,
    "chair": on_floors.chair,
    "desk_lamp": on_floors.desk_lamp,
    "monitor": on_floors.monitor,
    "keyboard": on_floors.keyboard,
    "panel": on_floors.panel,
    "pendant": on_floors.pendant,
}
