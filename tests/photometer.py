"""Light read off pictures: the tone curve is measured, not assumed, so that tests hold whatever its shape.

The light from everywhere is what is dialled: a white wall seen head-on reads `ambient` exactly, because what
its gloss mirrors is as bright as what it scatters. Everything else is compared with that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sample_scene import camera, scene_of, thing

from simdata.camera import Camera
from simdata.geometry import Pose
from simdata.material import Material
from simdata.scene import Scene
from simdata.spec import Look

WHITE = Material(base_color=(1, 1, 1), roughness=1.0)
BLACK = Material(base_color=(0, 0, 0), roughness=1.0)
WALL_AT = 2.0  # m before the camera


def wall(*cameras: Camera, **look: Any) -> Scene:
    """A white wall, its face in the plane y = 0, seen head-on from 2 m away by a camera at (0, -2, 0)."""
    nodes = thing("cuboid", 1, Pose(position=(0, 0.05, 0)), sx=40, sy=0.1, sz=40)
    head_on = camera(32, 24, eye=(0, -WALL_AT, 0), target=(0, 0, 0))
    return dressed(scene_of(nodes, *(cameras or (head_on,))), **look)


def dressed(scene: Scene, **look: Any) -> Scene:
    """Paint everything white but for the materials of `look`, and light it by nothing but its lights."""
    materials = {node.name: WHITE for node in scene.nodes} | look.pop("materials", {})
    look = {"ambient": 0.0, "backdrop": (0, 0, 0), "materials": materials} | look
    return scene.with_spec(scene.spec.model_copy(update={"look": Look(**look)}))


def shot(renderer: Any, scene: Scene, number: int = 0) -> np.ndarray:
    """Return the picture (H, W, 3) uint8 of one of a scene's cameras."""
    renderer.load(scene)
    return renderer.render(scene.spec.cameras[number]).rgb


class Photometer:
    """Reads linear light off pictures: 1 is what a white wall sends under an ambient light of 1."""

    def __init__(self, renderer: Any) -> None:
        scene = wall(camera(4, 4, eye=(0, -WALL_AT, 0), target=(0, 0, 0), fov=0.01))
        self._light = np.concatenate([np.linspace(0, 1, 192), np.linspace(1, 4, 65)[1:]])
        shown = [shot(renderer, dressed(scene, ambient=float(x)))[2, 2] for x in self._light]
        self._shown = np.array(shown, float).mean(-1)

    def light(self, rgb: np.ndarray) -> np.ndarray:
        """Return linear light (H, W) of a picture (H, W, 3) of grey things."""
        return np.interp(rgb.mean(-1), *self._steps)

    @property
    def _steps(self) -> tuple[np.ndarray, np.ndarray]:
        """Each value that is shown, and the middle of the lights that show it."""
        values = np.unique(self._shown)
        return values, np.array([self._light[self._shown == value].mean() for value in values])

    @property
    def curve(self) -> tuple[np.ndarray, np.ndarray]:
        """What was dialled, and what was shown, 0 to 255."""
        return self._light, self._shown
