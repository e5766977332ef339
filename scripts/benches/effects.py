"""What each effect of `gl` costs a frame: the default tabletop with and without it, side by side."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from benches.artist import Artist
from benches.crowd import settled
from benches.measure import config, verdict
from simdata.light import AreaLight
from simdata.material import Material
from simdata.scene import Scene
from simdata.spec import Haze, Look

Change = Callable[[Scene], Scene]


def effects(scenes: int = 5) -> dict[str, Any]:
    """CPU ms a 640x480 frame at 1 sample that each effect adds; `light_ms_a_scene` is paid once a scene."""
    spent: dict[str, list[float]] = {name: [] for name in ("all", *TAKEN, *GIVEN)}
    first: list[float] = []
    with Artist(config("render.samples=1", renderer="gl")) as artist:
        for number in (scenes, *range(scenes)):  # the first compiles shaders and fills caches
            scene = settled(number=number).scenes[0]
            for name, change in {"all": lambda same: same, **TAKEN, **GIVEN}.items():
                changed = change(scene)
                artist.load(changed)
                lit = artist.drawn(changed.spec.cameras[0])
                seconds = [artist.drawn(camera) for camera in changed.spec.cameras]
                if number != scenes:
                    spent[name] += seconds
                    first += [lit - seconds[0]] if name == "all" else []
    full = statistics.mean(spent["all"])
    figures: dict[str, Any] = {"scenes": scenes, "views": len(spent["all"]), "frame_ms": 1000 * full}
    figures["light_ms_a_scene"] = 1000 * statistics.mean(first)
    figures |= {f"{name}_ms": 1000 * (full - statistics.mean(spent[name])) for name in TAKEN}
    figures |= {f"{name}_ms": 1000 * (statistics.mean(spent[name]) - full) for name in GIVEN}
    return verdict(figures)


def _materials(**changes: Any) -> Change:
    """Return a change of every material."""

    def change(scene: Scene) -> Scene:
        look = scene.spec.look
        plain = {name: _plain(material, changes) for name, material in look.materials.items()}
        return _look(scene, materials=plain)

    return change


def _plain(material: Material, changes: dict[str, Any]) -> Material:
    return material.model_copy(update=changes)


def _look(scene: Scene, **changes: Any) -> Scene:
    look: Look = scene.spec.look.model_copy(update=changes)
    return scene.with_spec(scene.spec.model_copy(update={"look": look}))


def _lamps(scene: Scene) -> Scene:
    """Leave the rectangles out."""
    lights = tuple(light for light in scene.spec.look.lights if not isinstance(light, AreaLight))
    return _look(scene, lights=lights)


def _sensor(scene: Scene) -> Scene:
    cameras = tuple(camera.model_copy(update={"sensor": None}) for camera in scene.spec.cameras)
    return scene.with_spec(scene.spec.model_copy(update={"cameras": cameras}))


TAKEN: dict[str, Change] = {
    "area_lights": _lamps,
    "coats": _materials(coat=0.0),
    "glass": _materials(transmission=0.0),
    "layers": _materials(layer=None),
    "lights": lambda scene: _look(scene, lights=()),
    "sensor": _sensor,
    "sky": lambda scene: _look(scene, sky=None),
    "textures": _materials(texture=None),
}
GIVEN: dict[str, Change] = {"haze": lambda scene: _look(scene, haze=Haze(density=0.05))}
