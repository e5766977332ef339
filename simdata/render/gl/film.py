"""From a camera to its picture: views that cover the lens, shots that make the exposure, and development."""

from __future__ import annotations

from collections import OrderedDict

import moderngl
import numpy as np

from simdata.camera import Camera
from simdata.lens import Lens
from simdata.render.face import Face, band_of, faces, sub_rays
from simdata.render.gl.color import ColorPass
from simdata.render.gl.exposure import Shot, bands, shots
from simdata.render.gl.program import Program
from simdata.render.gl.subject import Subject
from simdata.render.gl.target import Targets, textures, unclipped
from simdata.render.gl.view import face_view, shot_view

LIGHT_UNIT, RAYS_UNIT = 4, 5
KEPT_LENSES = 4
MULTISAMPLED = 4  # samples of one pixel in one pass; more are pixels of a larger picture


class Film:
    """Takes pictures.

    Args:
        context: where it draws.
        targets: where its targets come from.
        colors: shades one view.
        samples: colour samples a pixel, 1, 4, 16 or 64.
    """

    def __init__(self, context: moderngl.Context, targets: Targets, colors: ColorPass, samples: int) -> None:
        self._context, self._targets, self._colors = context, targets, colors
        self._in_pass = min(samples, MULTISAMPLED, context.max_samples)
        self._side = round((samples / self._in_pass) ** 0.5)
        self._add = Program(context, "screen", "add", light=LIGHT_UNIT)
        self._develop = Program(context, "screen", "develop", light=LIGHT_UNIT)
        self._resample = Program(context, "screen", "resample", faces=LIGHT_UNIT, rays=RAYS_UNIT)
        self._rays: OrderedDict[tuple[Lens, int], moderngl.Texture] = OrderedDict()

    def picture(self, subject: Subject, camera: Camera, distances: np.ndarray) -> np.ndarray:
        """Take a picture, (H, W, 3) uint8 sRGB.

        Args:
            subject: what stands before the camera.
            camera: who looks.
            distances: (H, W) metres to what it sees; inf for nothing. They tell how much blurs.
        """
        seen = distances[np.isfinite(distances)]
        nearest, farthest = (float(seen.min()), float(seen.max())) if len(seen) else (np.inf, np.inf)
        taken = shots(camera, nearest, farthest)
        rows = bands(camera, nearest)
        if len(taken) == 1:
            light = self._shot(subject, camera, taken[0], rows, self._in_pass, self._side)
            side = light.width // camera.width
        else:
            light, side = self._mean(subject, camera, taken, rows), 1
        return self._developed(light, side, camera, subject)

    def release(self) -> None:
        """Give everything back."""
        for program in (self._add, self._develop, self._resample):
            program.release()
        for texture in self._rays.values():
            texture.release()

    def _mean(
        self, subject: Subject, camera: Camera, taken: list[Shot], rows: list[tuple[int, int]]
    ) -> moderngl.Texture:
        """Return the mean of many shots; they also smooth edges, so that few of them need more samples."""
        in_pass = 1 if len(taken) >= self._in_pass * self._side**2 else self._in_pass
        total = self._targets.bare(camera.width, camera.height, 4, "f4")
        total.use()
        total.clear()
        for shot in taken:
            light = self._shot(subject, camera, shot, rows, in_pass, 1)
            total.use()
            light.use(LIGHT_UNIT)
            self._context.enable_only(moderngl.BLEND)
            self._context.blend_func = moderngl.ONE, moderngl.ONE
            self._add.set(share=1 / len(taken))
            self._add.fill()
        return textures(total)[0]

    def _shot(
        self,
        subject: Subject,
        camera: Camera,
        shot: Shot,
        rows: list[tuple[int, int]],
        in_pass: int,
        side: int,
    ) -> moderngl.Texture:
        """Return linear light of one sharp picture, band by band, `side` texels along a pixel's side or 1."""
        if camera.lens.lens != "pinhole":
            return self._through_lens(subject, camera, shot, rows, in_pass, side)
        width, height = side * camera.width, side * camera.height
        target = self._targets.light(width, height, in_pass)
        target.clear()
        for first, end in rows:
            view = shot_view(camera, _moment(camera, subject.t, shot, first, end), shot, side)
            self._colors.draw(subject, view, target, rows=(side * first, side * end))
        return self._resolved(target, in_pass)

    def _through_lens(
        self,
        subject: Subject,
        camera: Camera,
        shot: Shot,
        rows: list[tuple[int, int]],
        in_pass: int,
        side: int,
    ) -> moderngl.Texture:
        """Draw the faces that cover a lens, then look up its rays."""
        if len(rows) > 1 and in_pass > 1:
            # Averaging a pass's samples takes the whole atlas, band after band: more pixels are cheaper.
            in_pass, side = 1, side * round(in_pass**0.5)
        slack = np.arctan2(camera.aperture.diameter, camera.aperture.focus) if camera.aperture else 0.0
        found = faces(camera.lens, float(side), float(slack))
        atlas = self._targets.light(sum(f.width for f in found), max(f.height for f in found), in_pass)
        picture = self._targets.bare(camera.width, camera.height, 4, "f2")
        for first, end in rows:
            moment = _moment(camera, subject.t, shot, first, end)
            for face, band in zip(found, band_of(found, camera.lens, first, end), strict=True):
                atlas.clear(viewport=(face.left, band[0], face.width, band[1] - band[0]))
                view = face_view(camera, moment, shot, face)
                self._colors.draw(subject, view, atlas, left=face.left, rows=band)
            light = self._resolved(atlas, in_pass)
            self._look_up(light, found, camera, shot, picture, (0, first, camera.width, end - first), side)
        return textures(picture)[0]

    def _look_up(
        self,
        light: moderngl.Texture,
        found: tuple[Face, ...],
        camera: Camera,
        shot: Shot,
        picture: moderngl.Framebuffer,
        where: tuple[int, int, int, int],
        side: int,
    ) -> None:
        turns = np.zeros((6, 3, 3), np.float32)  # columns first, so camera_from_face is face_from_camera
        lenses, bounds = np.zeros((2, 6, 4), np.float32)
        for k, face in enumerate(found):
            turns[k] = face.camera_from_face
            focal, middle = face.matrix[[0, 1], [0, 1]], face.matrix[:2, 2]
            lenses[k] = *focal, middle[0] + face.left, middle[1]
            bounds[k] = face.left, 0, face.left + face.width, face.height
        self._resample.set(
            samples=2 * side,
            face_count=len(found),
            eye=(*shot.eye, 0.0),
            focus=camera.aperture.focus if camera.aperture else 1.0,
            face_from_camera=turns.tobytes(),
            projection=lenses.tobytes(),
            bounds=bounds.tobytes(),
        )
        light.use(LIGHT_UNIT)
        self._lens_rays(camera.lens, 2 * side).use(RAYS_UNIT)
        picture.use()
        picture.scissor = where
        self._context.enable_only(moderngl.NOTHING)
        self._resample.fill()
        unclipped(picture)

    def _lens_rays(self, lens: Lens, side: int) -> moderngl.Texture:
        """Return a lens's rays as a texture, made once a lens."""
        key = (lens, side)
        if key not in self._rays:
            while len(self._rays) >= KEPT_LENSES:
                self._rays.popitem(last=False)[1].release()
            rays = sub_rays(lens, side)
            whole = np.concatenate([rays, np.ones((*rays.shape[:2], 1))], -1)
            whole[~np.isfinite(rays).all(-1)] = 0
            self._rays[key] = self._context.texture(
                rays.shape[1::-1], 4, whole.astype(np.float32).tobytes(), dtype="f4"
            )
        self._rays.move_to_end(key)
        return self._rays[key]

    def _resolved(self, target: moderngl.Framebuffer, in_pass: int) -> moderngl.Texture:
        """Average the samples that one pass takes of a pixel."""
        if in_pass == 1:
            resolved = target
        else:
            resolved = self._targets.bare(target.width, target.height, 4, "f2")
            self._context.copy_framebuffer(resolved, target)
        texture = textures(resolved)[0]
        texture.filter, texture.repeat_x, texture.repeat_y = (moderngl.LINEAR,) * 2, False, False
        return texture

    def _developed(self, light: moderngl.Texture, side: int, camera: Camera, subject: Subject) -> np.ndarray:
        """Average `side` texels along a pixel's side, expose, compress, encode."""
        target = self._targets.bare(camera.width, camera.height, 4, "f1")
        target.use()
        light.use(LIGHT_UNIT)
        self._context.enable_only(moderngl.NOTHING)
        backdrop = subject.stage.scene.spec.look.backdrop
        self._develop.set(samples=side, exposure=2.0**camera.ev, backdrop=backdrop)
        self._develop.fill()
        rgba = np.frombuffer(textures(target)[0].read(), np.uint8)
        return np.ascontiguousarray(rgba.reshape(camera.height, camera.width, 4)[..., :3])


def _moment(camera: Camera, t: float, shot: Shot, first: int, end: int) -> float:
    """Return when rows first to end are exposed in one shot, seconds."""
    if not camera.rolls:
        return t + shot.delay
    return float(camera.row_times(t)[first:end].mean()) + shot.delay
