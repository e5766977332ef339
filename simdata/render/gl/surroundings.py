"""What surrounds a scene on the device: its sky, and the light that comes from everywhere but the lights."""

from __future__ import annotations

from pathlib import Path

import moderngl
import numpy as np

from simdata.color import linear_from_srgb
from simdata.render.gl.field import Field
from simdata.render.gl.panorama import LEVELS, ROWS, reflections
from simdata.render.gl.program import Program
from simdata.render.gl.view import View
from simdata.sky import ImageSky, Sky, radiance
from simdata.spec import Haze

MIRRORED_UNIT, SKY_UNIT = 12, 13
SKY_ROWS = 512
ENDLESS = 1e5  # m


class Surroundings:
    """The sky, and light from all around as `surroundings.glsl` reads it.

    Args:
        context: where they are.
        store: folder of imported skies.
    """

    def __init__(self, context: moderngl.Context, store: Path | None) -> None:
        self._context, self._store = context, store
        self._backdrop = Program(context, "far", "sky", sky=SKY_UNIT)
        self._sky = context.texture((2 * SKY_ROWS, SKY_ROWS), 3, dtype="f2")
        self._sky.filter, self._sky.repeat_x, self._sky.repeat_y = (moderngl.LINEAR,) * 2, True, False
        self._mirrored = context.texture3d((2 * ROWS, ROWS, LEVELS), 3, dtype="f2")
        self._mirrored.filter = (moderngl.LINEAR, moderngl.LINEAR)
        self._mirrored.repeat_y = self._mirrored.repeat_z = False
        self.field = Field(context)
        self._shown: Sky | None = None
        self._there = np.zeros((9, 3))
        self._place, self._room = np.zeros(3), np.array([[-ENDLESS] * 3, [ENDLESS] * 3])

    def take_sky(self, sky: Sky | None) -> np.ndarray:
        """Take a look's sky; returns its light as a panorama, (ROWS, 2 ROWS, 3), black for None.

        Raises:
            AssetError: its picture is not in the store.
        """
        if sky is not None and sky != self._shown:
            self._sky.write(radiance(sky, SKY_ROWS, self._store).astype(np.float16).tobytes())
        self._shown = sky
        if sky is None:
            return np.zeros((ROWS, 2 * ROWS, 3), np.float32)
        return turned(radiance(sky, ROWS, self._store), heading(sky))

    def take(self, mirrored: np.ndarray, there: np.ndarray, place: np.ndarray, room: np.ndarray) -> None:
        """Take what is mirrored.

        Args:
            mirrored: panorama (ROWS, 2 ROWS, 3).
            there: (9, 3) what white diffuse surfaces read where it was seen from, of `panorama.basis`.
            place: (3,) metres, world frame, from where it was seen.
            room: (2, 3) metres, world frame: the box on which what is seen lies, about.
        """
        self._there, self._place, self._room = there, place, room
        self._mirrored.write(reflections(mirrored).astype(np.float16).tobytes())

    def bind(self, view: View, ambient: float, program: Program) -> None:
        """Tell a program about the light from everywhere but the field as a viewer sees it."""
        self.compare(view, program)
        room = self._room.astype(np.float32).tobytes()
        program.set(ambient=ambient, seen_from=tuple(self._place), room=room)
        self._mirrored.use(MIRRORED_UNIT)

    def compare(self, view: View, program: Program) -> None:
        """Tell a program about the light where the panorama was seen from, beside which a viewer's is."""
        program.set(
            harmonics=self._there.astype(np.float32).tobytes(),
            world_from_view=view.world_from_view[:3, :3].T.astype(np.float32).tobytes(),
            eye=tuple(view.world_from_view[:3, 3]),
        )

    def draw(self, view: View, haze: Haze | None, left: int, scale: int) -> None:
        """Draw sky and haze where the current target holds nothing; arguments as of `aim`."""
        if self._shown is None and haze is None:
            return
        pixel = np.array([[1 / scale, 0, -left], [0, 1 / scale, 0], [0, 0, 1]])
        way = view.world_from_view[:3, :3] @ np.linalg.inv(view.matrix) @ pixel
        turned = heading(self._shown) if self._shown else 0.0
        self._backdrop.set(world_from_pixel=way.T.astype(np.float32).tobytes(), heading=turned)
        self._backdrop.set(haze=haze_row(haze), far=view.far, visible=float(self._shown is not None))
        self._sky.use(SKY_UNIT)
        self._context.enable_only(moderngl.DEPTH_TEST)
        self._context.depth_func = "<="
        self._backdrop.fill()
        self._context.depth_func = "<"

    def release(self) -> None:
        """Give everything back."""
        for thing in (self._backdrop, self._sky, self._mirrored, self.field):
            thing.release()


def haze_row(haze: Haze | None) -> tuple[float, float, float, float]:
    """Return haze as `haze.glsl` reads it."""
    if haze is None:
        return 0.0, 0.0, 0.0, 0.0
    red, green, blue = (haze.strength * linear_from_srgb(channel) for channel in haze.color)
    return red, green, blue, haze.density


def heading(sky: Sky) -> float:
    """Return the azimuth along which the middle column of a sky's picture looks, rad."""
    return sky.heading if isinstance(sky, ImageSky) else 0.0


def turned(light: np.ndarray, heading: float) -> np.ndarray:
    """Turn a picture whose middle column looks along a heading so that it looks along world +x."""
    columns = heading / (2 * np.pi) * light.shape[1]
    whole = int(np.floor(columns))
    share = columns - whole
    # A sky that is turned to the left, anticlockwise from above, shows what it shows farther left.
    return (1 - share) * np.roll(light, -whole, axis=1) + share * np.roll(light, -whole - 1, axis=1)
