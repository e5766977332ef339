"""From a camera to its light: views that cover the lens, and shots that make the exposure."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import replace

import moderngl
import numpy as np

from simdata.camera import Camera
from simdata.lens import Lens
from simdata.render.face import Face, band_of, faces, sub_rays
from simdata.render.gl.color import Canvas, ColorPass
from simdata.render.gl.exposure import Shot, bands, shots
from simdata.render.gl.program import Program
from simdata.render.gl.subject import Subject
from simdata.render.gl.target import Targets, textures, unclipped
from simdata.render.gl.view import face_view, shot_view

LIGHT_UNIT, RAYS_UNIT = 4, 5
KEPT_LENSES = 4
SUB_RAYS = 2  # along each side of a pixel, through a lens


class Film:
    """Takes pictures.

    Args:
        context: where it draws.
        targets: where its targets come from.
        colors: shades one view.
        samples: colour samples of a pixel at an edge: 1, 4, 16 or 64.
    """

    def __init__(self, context: moderngl.Context, targets: Targets, colors: ColorPass, samples: int) -> None:
        self._context, self._targets, self._colors = context, targets, colors
        self._side = math.isqrt(samples)
        self._add = Program(context, "screen", "add", light=LIGHT_UNIT)
        self._resample = Program(context, "screen", "resample", faces=LIGHT_UNIT, rays=RAYS_UNIT)
        self._rays: OrderedDict[Lens, moderngl.Texture] = OrderedDict()

    def picture(self, subject: Subject, camera: Camera, distances: np.ndarray) -> np.ndarray:
        """Take a picture: linear rgb times coverage, and coverage, (H, W, 4) float16.

        Args:
            subject: what stands before the camera.
            camera: who looks.
            distances: (H, W) metres to what it sees; inf for nothing. They tell how much blurs.
        """
        seen = distances[np.isfinite(distances)]
        nearest, farthest = (float(seen.min()), float(seen.max())) if len(seen) else (np.inf, np.inf)
        subject = replace(subject, nearest=nearest)
        taken = shots(camera, nearest, farthest)
        rows = bands(camera, nearest)
        if len(taken) == 1:
            light = self._shot(subject, camera, taken[0], rows)
        else:
            light = self._mean(subject, camera, taken, rows)
        read = np.frombuffer(light.read(), np.dtype(light.dtype.replace("f", "<f")))
        return read.reshape(camera.height, camera.width, 4).astype(np.float16, copy=False)

    def release(self) -> None:
        """Give everything back."""
        for program in (self._add, self._resample):
            program.release()
        for texture in self._rays.values():
            texture.release()

    def _mean(
        self, subject: Subject, camera: Camera, taken: list[Shot], rows: list[tuple[int, int]]
    ) -> moderngl.Texture:
        """Return the mean of many shots."""
        total = self._targets.bare(camera.width, camera.height, 4, "f4")
        total.clear()
        for shot in taken:
            light = self._shot(subject, camera, shot, rows)
            total.use()
            light.use(LIGHT_UNIT)
            self._context.enable_only(moderngl.BLEND)
            self._context.blend_func = moderngl.ONE, moderngl.ONE
            self._add.set(share=1 / len(taken))
            self._add.fill()
        return textures(total)[0]

    def _shot(
        self, subject: Subject, camera: Camera, shot: Shot, rows: list[tuple[int, int]]
    ) -> moderngl.Texture:
        """Return linear light of one sharp picture, drawn band by band."""
        if camera.lens.lens != "pinhole":
            return self._through_lens(subject, camera, shot, rows)
        canvas = Canvas(camera.width, camera.height, self._side)
        for first, end in rows:
            view = shot_view(camera, _moment(camera, subject.t, shot, first, end), shot)
            self._colors.draw(subject, view, canvas, rows=(first, end))
        return self._colors.light(canvas)

    def _through_lens(
        self, subject: Subject, camera: Camera, shot: Shot, rows: list[tuple[int, int]]
    ) -> moderngl.Texture:
        """Draw the faces that cover a lens, then look up its rays."""
        slack = math.atan2(camera.aperture.diameter, camera.aperture.focus) if camera.aperture else 0.0
        found = faces(camera.lens, slack)
        canvas = Canvas(sum(face.width for face in found), max(face.height for face in found), self._side)
        picture = self._targets.bare(camera.width, camera.height, 4, "f2")
        for first, end in rows:
            moment = _moment(camera, subject.t, shot, first, end)
            met = band_of(found, camera.lens, first, end)
            for face, band in zip(found, met, strict=True):
                if band[0] < band[1]:
                    view = face_view(camera, moment, shot, face)
                    self._colors.draw(subject, view, canvas, left=face.left, rows=band)
            drawn = [band for band in met if band[0] < band[1]] or [(0, 1)]
            light = self._colors.light(canvas, (min(drawn)[0], max(end for _, end in drawn)))
            self._look_up(light, found, camera, shot, picture, (0, first, camera.width, end - first))
        return textures(picture)[0]

    def _look_up(
        self,
        light: moderngl.Texture,
        found: tuple[Face, ...],
        camera: Camera,
        shot: Shot,
        picture: moderngl.Framebuffer,
        where: tuple[int, int, int, int],
    ) -> None:
        """Fill a part of a picture (column, row, width, height) with what its rays meet in the atlas."""
        turns = np.zeros((6, 3, 3), np.float32)  # columns first, so camera_from_face is face_from_camera
        lenses, bounds = np.zeros((2, 6, 4), np.float32)
        for k, face in enumerate(found):
            turns[k] = face.camera_from_face
            focal, middle = face.matrix[[0, 1], [0, 1]], face.matrix[:2, 2]
            lenses[k] = *focal, middle[0] + face.left, middle[1]
            bounds[k] = face.left, 0, face.left + face.width, face.height
        self._resample.set(
            samples=SUB_RAYS,
            face_count=len(found),
            eye=(*shot.eye, 0.0),
            focus=camera.aperture.focus if camera.aperture else 1.0,
            face_from_camera=turns.tobytes(),
            projection=lenses.tobytes(),
            bounds=bounds.tobytes(),
        )
        light.use(LIGHT_UNIT)
        self._lens_rays(camera.lens).use(RAYS_UNIT)
        picture.use()
        picture.scissor = where
        self._context.enable_only(moderngl.NOTHING)
        self._resample.fill()
        unclipped(picture)

    def _lens_rays(self, lens: Lens) -> moderngl.Texture:
        """Return a lens's rays as a texture, made once a lens."""
        if lens not in self._rays:
            while len(self._rays) >= KEPT_LENSES:
                self._rays.popitem(last=False)[1].release()
            rays = sub_rays(lens, SUB_RAYS)
            whole = np.concatenate([rays, np.ones((*rays.shape[:2], 1))], -1)
            whole[~np.isfinite(rays).all(-1)] = 0
            self._rays[lens] = self._context.texture(
                rays.shape[1::-1], 4, whole.astype(np.float32).tobytes(), dtype="f4"
            )
        self._rays.move_to_end(lens)
        return self._rays[lens]


def _moment(camera: Camera, t: float, shot: Shot, first: int, end: int) -> float:
    """Return when rows first to end are exposed in one shot, seconds."""
    if not camera.rolls:
        return t + shot.delay
    return float(camera.row_times(t)[first:end].mean()) + shot.delay
