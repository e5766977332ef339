"""Light from all around: what surfaces pass on lights others; what a scene's middle sees is mirrored.

Rays find what the field of light is made of; a small cube of the scenery is then drawn under it from a little
above the objects. So walls and tables tint what faces them, and a room is lit by its windows and what they
light.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from simdata.light import AreaLight
from simdata.raycast import RayScene, ray_scene
from simdata.render.caster import Casters
from simdata.render.face import CUBE, Face, atlas_places
from simdata.render.gl.color import Canvas, ColorPass
from simdata.render.gl.direct import DirectPass
from simdata.render.gl.grid import NOWHERE, grid_about
from simdata.render.gl.panorama import ROWS, basis, harmonics
from simdata.render.gl.passing import passed_on
from simdata.render.gl.patch import patches
from simdata.render.gl.subject import Subject
from simdata.render.gl.surroundings import ENDLESS
from simdata.render.gl.view import View
from simdata.render.gl.window import shown_by
from simdata.scene import Scene
from simdata.sky import directions

SIDE, GUARD = 40, 1  # pixels a side of a face; of it, beyond the edge of the cube
ABOVE = 0.15  # of their radius above the objects
# World axes of a camera that looks along world +x, its image upright.
LEVEL = np.array([[0, 0, 1, 0], [-1, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1]], float)


class Bounce:
    """Finds a scene's light from all around.

    Args:
        colors: shades what is seen.
        lights: shades what rays meet.
        store: folder of imported meshes.
    """

    def __init__(self, colors: ColorPass, lights: DirectPass, store: Path | None) -> None:
        self._colors, self._lights, self._store = colors, lights, store

    def light(self, subject: Subject) -> None:
        """Give a subject's surroundings the light that they have at its instant; its lights are loaded."""
        look, cast, around = subject.stage.scene.spec.look, subject.lighting.cast, subject.surroundings
        sky = around.take_sky(look.sky)
        portals = [light for light in look.lights if isinstance(light, AreaLight) and light.portal]
        rays = self._rays(subject)
        subject.lighting.open_to({one: shown_by(one, sky, rays, subject.t) for one in portals if sky.any()})
        if portals and cast.shell:  # which then stand for the sky
            sky = np.zeros_like(sky)
        place, room = _middle(cast), _room(cast)
        there = self._fill(subject, rays, sky, place)
        # A closed room mirrors at first what it is lit by; in the open, the sky lights what lights the rest.
        first = np.maximum(basis(directions(ROWS)) @ there, 0) if cast.shell else sky
        around.take(first, there, place, room)
        if subject.stage.scenery().nodes:
            surfaces, free = self._panorama(subject, place)
            around.take(surfaces + free * sky, there, place, room)

    def _fill(self, subject: Subject, rays: RayScene, sky: np.ndarray, place: np.ndarray) -> np.ndarray:
        """Find the field under a sky (ROWS, 2 ROWS, 3), and return what it is at a place: (9, 3)."""
        stage, cast = subject.stage, subject.lighting.cast
        scene = stage.scene
        grid = grid_about(cast, stage.corners(subject.t), _objects(scene)) if scene.nodes else NOWHERE
        if scene.nodes and (scene.spec.look.lights or sky.any()):
            seen = patches(rays, subject.t, grid.places.reshape(-1, 3), subject.materials.albedos)
            light = passed_on(
                grid, seen, self._lights.reading(subject.lighting, seen.points, seen.facing), sky
            )
        else:
            light = np.broadcast_to(harmonics(sky), (*grid.shape, 9, 3))
        subject.surroundings.field.take(grid, light)
        numbers, shares = grid.shares(place[None], np.zeros((1, 3)))
        return np.einsum("e,ekc->kc", shares[0], light.reshape(-1, 9, 3)[numbers[0]])

    def _rays(self, subject: Subject) -> RayScene:
        """Return what meets light; where no glass is left out, lenses that bend lines look at the same."""
        scene, glass = subject.stage.scene, subject.materials.glass
        return RayScene(scene, store=self._store, without=glass) if glass else ray_scene(scene, self._store)

    def _panorama(self, subject: Subject, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return what is seen from a place: light of surfaces (ROWS, 2 ROWS, 3), and where none is (…, 1)."""
        pose = LEVEL.copy()
        pose[:3, 3] = place
        canvas = Canvas(6 * SIDE, SIDE, 1)
        far = 2 * float(np.linalg.norm(np.abs(subject.stage.corners(subject.t) - place), axis=-1).max())
        # The constant light is no light that surfaces passed on; the sky is put in afterwards. Objects are
        # left out: near as they are, one would hide all else from there, and be mirrored in itself.
        bare = replace(subject, stage=subject.stage.scenery(), ambient=0.0, haze=None, sky=False, glow=0.0)
        for face in _faces():
            view = View(face.pose(pose), face.matrix, SIDE, SIDE, 1e-4 * far, far)
            self._colors.draw(bare, view, canvas, left=face.left)
        atlas = np.frombuffer(self._colors.light(canvas).read(), np.float16).reshape(SIDE, 6 * SIDE, 4)
        x, y = np.moveaxis(_places(), -1, 0)
        seen = cv2.remap(atlas.astype(np.float32), x, y, cv2.INTER_LINEAR)
        return seen[..., :3], 1 - seen[..., 3:]


@lru_cache(maxsize=1)
def _faces() -> tuple[Face, ...]:
    focal = SIDE / 2 - GUARD
    matrix = np.array([[focal, 0, SIDE / 2], [0, focal, SIDE / 2], [0, 0, 1]])
    return tuple(Face(turn, matrix, SIDE, SIDE, SIDE * number) for number, turn in enumerate(CUBE))


@lru_cache(maxsize=1)
def _places() -> np.ndarray:
    """Return where the atlas shows each pixel of a panorama, (ROWS, 2 ROWS, 2) float32, indices."""
    rays = directions(ROWS) @ LEVEL[:3, :3]
    return (atlas_places(_faces(), rays) - 0.5).astype(np.float32)


def _objects(scene: Scene) -> np.ndarray:
    """Return which nodes are objects, (n,) bool."""
    return np.array([node.instance > 0 for node in scene.nodes], bool)


def _middle(cast: Casters) -> np.ndarray:
    """Return the middle of what casts shadows, a little above all objects, but below a ceiling."""
    height = cast.top + ABOVE * cast.radius
    if cast.shell:
        height = min(height, (cast.top + cast.room[1, 2]) / 2)
    return np.array([*cast.center[:2], height])


def _room(cast: Casters) -> np.ndarray:
    """Return the box (2, 3) on which what is seen from the middle lies; no side where there is no wall."""
    low, high = cast.room
    middle = _middle(cast)
    return np.stack([np.where(low < middle, low, -ENDLESS), np.where(high > middle, high, ENDLESS)])
