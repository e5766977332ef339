"""`tiny`: PyBullet's TinyRenderer. No display, no GPU, no system library; plain pictures.

Ids and depth are samples at pixel centres: TinyRenderer samples at whole pixel positions, so the projection
is moved by half a pixel. Under a lens that bends lines, pinhole pictures are resampled, and the labels are
those of its own rays. Roughness and metalness do not show, and there is one light.
"""

from __future__ import annotations

import math
import tempfile
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from simdata.asset import ImportedShape, load_model
from simdata.camera import MAX_SIDE, Camera, Pinhole
from simdata.errors import PhysicsError, RenderError, UndrawableError
from simdata.frame import Frame
from simdata.geometry import Pose, invert, quat_from_matrix
from simdata.mesh import Mesh
from simdata.physics import load_pybullet
from simdata.raycast import ray_scene
from simdata.render import Probe, only_cpu
from simdata.render.face import Face, atlas_places, face_near, faces, sub_rays
from simdata.render.tiny_light import Lamp, lamp_of
from simdata.render.tiny_loan import Lent, TextureLoader, no_garbage_collection
from simdata.scene import Scene
from simdata.sensor import expose, undeveloped

# PyBullet cuts a mesh above 131,072 vertices or 524,288 indices, silently: larger ones are several bodies.
CHUNK_FACES = 40_000


_PyBulletPose = tuple[list[float], list[float]]


class TinyRenderer:
    """Draws with PyBullet's software rasteriser, in a simulator of its own."""

    def __init__(self, *, store: Path | None = None, samples: int = 0, device: str = "auto") -> None:
        """Open a simulator.

        Args:
            store: folder of imported meshes and textures.
            samples: colour samples a pixel, a square number; 0 is 1. Ids and depth take one, at its centre.
            device: "cpu" or "auto".

        Raises:
            RenderError: PyBullet is missing or cannot open; or a GPU was asked for.
        """
        only_cpu("tiny", device)
        try:
            self._bullet = load_pybullet()
        except PhysicsError as error:
            raise RenderError(str(error)) from error
        self._store, self._side, self._lent = store, math.isqrt(max(samples, 1)), Lent()
        self._scene: Scene | None = None
        self._bodies: list[tuple[int, int]] = []  # (body id, node index); a large mesh is several bodies
        self._ids = np.zeros(1, np.int32)  # entry `body id + 1` is the value in the id image
        self._t = 0.0
        self._lamp: Lamp | None = None
        self._seen = np.zeros((0, 0), np.float32)  # depths from the lamp
        self._client = int(self._bullet.connect(self._bullet.DIRECT))
        if self._client < 0:
            raise RenderError(
                "PyBullet gave no DIRECT connection; a process holds 1024: close some renderers"
            )

    @classmethod
    def probe(cls, device: str = "auto") -> Probe:
        """Say what works.

        Raises:
            RenderError: PyBullet is missing, why, and what to install.
        """
        cls(device=device).close()
        return Probe(f"PyBullet {version('pybullet')}, TinyRenderer on the CPU", "cpu", 1)

    def load(self, scene: Scene) -> None:
        """Take a scene; the one before is forgotten.

        Raises:
            AssetError: an imported mesh is not in the store.
            RenderError: PyBullet refuses a mesh or a texture.
        """
        meshes = [load_model(node.shape, self._store).parts[node.part].mesh for node in scene.nodes]
        self._scene, self._lamp, self._bodies = None, None, []
        self._t = float(scene.times[0])
        self._bullet.resetSimulation(physicsClientId=self._client)
        # Else PyBullet keeps every texture it ever read.
        self._bullet.setPhysicsEngineParameter(enableFileCaching=0, physicsClientId=self._client)
        try:
            with tempfile.TemporaryDirectory(prefix="simdata-tiny-") as folder, no_garbage_collection():
                self._add_nodes(
                    scene, meshes, TextureLoader(self._bullet, self._client, Path(folder), self._store)
                )
        except self._bullet.error as error:
            raise RenderError(f"PyBullet refused a mesh or texture of the scene: {error}") from error
        self._ids = np.zeros(max((body for body, _ in self._bodies), default=-1) + 2, np.int32)
        for body, node in self._bodies:
            self._ids[body + 1] = node + 1
        self._scene, self._bounds = scene, [mesh.bounds for mesh in meshes]

    def render(self, camera: Camera, t: float = 0.0) -> Frame:
        """Draw rgb, node_ids and depth; and "clean" where the camera has a sensor.

        Raises:
            RenderError: no scene is loaded.
            UndrawableError: the camera blurs, rolls or compensates its exposure.
        """
        if camera.lens.lens != "pinhole":
            return self._through_lens(camera, t)
        rgb, depth, node_ids = self._draw(camera, t)
        if self._side > 1:
            rgb, _, _ = self._draw(_finer(camera, self._side), t)
            rgb = cv2.resize(rgb, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        return Frame(camera, t, {**_exposed(rgb, camera, t), "node_ids": node_ids, "depth": depth})

    def capture(self, camera: Camera, t: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return what PyBullet's `getCameraImage` gives, untouched: the measure of what we add to it.

        Returns:
            RGBA (H, W, 4) uint8, depth buffer (H, W) float32, body ids (H, W) int32, -1 for none.

        Raises:
            RenderError: no scene is loaded.
            UndrawableError: the camera is more than a sharp pinhole.
        """
        self._move_to(t)
        view, projection = _matrices(camera, t)
        _, _, rgba, depth, bodies = self._bullet.getCameraImage(
            camera.width,
            camera.height,
            viewMatrix=view.T.ravel().tolist(),
            projectionMatrix=projection.T.ravel().tolist(),
            renderer=self._bullet.ER_TINY_RENDERER,
            physicsClientId=self._client,
            **(self._lamp.arguments() if self._lamp else {}),
        )
        return rgba, depth, bodies

    def close(self) -> None:
        """Close the simulator; nothing can be drawn afterwards."""
        if self._client >= 0:
            self._bullet.disconnect(self._client)
        self._client, self._scene, self._bodies = -1, None, []

    def _add_nodes(self, scene: Scene, meshes: Sequence[Mesh], textures: TextureLoader) -> None:
        poses = _poses(scene, self._t)
        # TinyRenderer shades every pixel that is nearest so far: objects first, then scenery, the room last.
        for index in sorted(range(len(meshes)), key=lambda k: (scene.nodes[k].instance == 0, -k)):
            node, mesh, pose = scene.nodes[index], meshes[index], poses[index]
            material = scene.spec.look.material(node)
            repeat = material.texture.repeat if material.texture else (1.0, 1.0)
            changes = textures.load(material.texture)
            if isinstance(node.shape, ImportedShape):
                # Ours are closed, so their insides never show; a user's may be a mere skin.
                changes["flags"] = self._bullet.VISUAL_SHAPE_DOUBLE_SIDED
            for piece in _chunks(mesh):
                body = self._add(piece, np.asarray(repeat), material.base_color, pose)
                if changes:
                    self._bullet.changeVisualShape(body, -1, physicsClientId=self._client, **changes)
                self._bodies.append((body, index))

    def _add(self, mesh: Mesh, repeat: np.ndarray, color: Sequence[float], pose: _PyBulletPose) -> int:
        """Create a body that shows and does nothing else."""
        shape = self._bullet.createVisualShape(
            self._bullet.GEOM_MESH,
            vertices=self._lent.rows("vertices", mesh.vertices),
            indices=self._lent.numbers("indices", mesh.faces.ravel()),
            normals=self._lent.rows("normals", mesh.normals),
            uvs=self._lent.rows("uvs", mesh.uvs * repeat),
            rgbaColor=[*color, 1.0],
            physicsClientId=self._client,
        )
        body = self._bullet.createMultiBody(
            baseMass=0.0,
            baseVisualShapeIndex=shape,
            basePosition=pose[0],
            baseOrientation=pose[1],
            physicsClientId=self._client,
        )
        return int(body)

    def _move_to(self, t: float) -> Scene:
        """Put every body where it is at t."""
        if self._scene is None:
            raise RenderError("no scene is loaded; call load(scene) before render(camera)")
        if t != self._t:
            poses = _poses(self._scene, t)
            for body, node in self._bodies:
                self._bullet.resetBasePositionAndOrientation(body, *poses[node], physicsClientId=self._client)
            self._t, self._lamp = t, None
        return self._scene

    def _draw(self, camera: Camera, t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return rgb, depth and node_ids as `Frame` wants them."""
        scene = self._move_to(t)
        lamp = self._lamp or self._light(scene, t)
        rgba, buffer, bodies = self.capture(camera, t)
        rgb = cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB)
        depth = _planar_depth(buffer, camera, t)
        nothing = bodies < 0
        depth[nothing] = np.inf
        lamp.shade(rgb, depth, camera, t, self._seen)
        rgb[nothing] = np.rint(255 * np.array(scene.spec.look.backdrop)).astype(np.uint8)
        return rgb, depth, self._ids[bodies + 1]

    def _through_lens(self, camera: Camera, t: float) -> Frame:
        """Draw the pictures that cover a lens, look up its rays' colours, and cast these for the labels."""
        _require_sharp(camera)
        scene = self._move_to(t)
        found = faces(camera.lens.resized(self._side))
        atlas = np.zeros((max(f.height for f in found), sum(f.width for f in found), 3), np.uint8)
        for face in found:
            picture, _, _ = self._draw(_face_camera(camera, t, face), t)
            atlas[: face.height, face.left : face.left + face.width] = picture
        # OpenCV's first pixel is at 0.
        places = atlas_places(found, sub_rays(camera.lens, 2 * self._side)) - 0.5
        x, y = np.moveaxis(np.nan_to_num(places, nan=-9.0).astype(np.float32), -1, 0)
        fine = cv2.remap(
            atlas,
            x,
            y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_CONSTANT,
            borderValue=np.rint(255 * np.array(scene.spec.look.backdrop)).tolist(),
        )
        rgb = cv2.resize(fine, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        truth = ray_scene(scene, self._store).view(camera, t)
        del truth["normals"]  # as there are none of a pinhole
        return Frame(camera, t, {**_exposed(rgb, camera, t), **truth})

    def _light(self, scene: Scene, t: float) -> Lamp:
        """Set up the lamp and draw the depths it sees, once an instant."""
        self._lamp = lamp_of(scene, self._bounds, t)
        camera = self._lamp.camera()
        self._show_scenery(scene, self._lamp, 0.0)
        _, buffer, bodies = self.capture(camera, t)
        self._show_scenery(scene, self._lamp, 1.0)
        self._seen = _planar_depth(buffer, camera, t)
        self._seen[bodies < 0] = camera.far
        return self._lamp

    def _show_scenery(self, scene: Scene, lamp: Lamp, alpha: float) -> None:
        """Hide (0) or show (1) what casts no shadow; TinyRenderer skips bodies of alpha 0."""
        for body, node in self._bodies:
            if node not in lamp.casters:
                color = [*scene.spec.look.material(scene.nodes[node]).base_color, alpha]
                self._bullet.changeVisualShape(body, -1, rgbaColor=color, physicsClientId=self._client)


def _poses(scene: Scene, t: float) -> list[_PyBulletPose]:
    """Return each node's position and quaternion."""
    matrices = scene.world_from_nodes(t)
    return [(matrix[:3, 3].tolist(), quat_from_matrix(matrix[:3, :3]).tolist()) for matrix in matrices]


def _matrices(camera: Camera, t: float) -> tuple[np.ndarray, np.ndarray]:
    """Return OpenGL's view and projection, (4, 4) each, float32.

    TinyRenderer samples a pixel at its lower left corner. The added 1/width and 1/height move the picture by
    half a pixel, so that the corners show what belongs to the centres.

    Source: OpenGL 4.5 specification, 12.1 and 13.6; frustum from K as in Hartley & Zisserman, ch. 6.

    Raises:
        UndrawableError: the camera is more than a sharp pinhole.
    """
    _require_sharp(camera)
    lens, near, far = camera.lens, camera.near, camera.far
    view = invert(camera.world_from_camera(t))
    view[1:3] *= -1  # OpenCV looks along +z with y down, OpenGL along -z with y up
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = 2 * lens.fx / lens.width, 2 * lens.fy / lens.height
    projection[0, 1] = -2 * lens.skew / lens.width
    projection[0, 2] = 1 - 2 * lens.cx / lens.width + 1 / lens.width
    projection[1, 2] = 2 * lens.cy / lens.height - 1 + 1 / lens.height
    projection[2, 2:] = -(far + near) / (far - near), -2 * far * near / (far - near)
    projection[3, 2] = -1
    return view.astype(np.float32), projection.astype(np.float32)


def _require_sharp(camera: Camera) -> None:
    """Refuse what TinyRenderer cannot draw, rather than draw something else.

    Raises:
        UndrawableError: a rolling shutter, motion blur, depth of field or exposure compensation.
    """
    wanted = {
        "a rolling shutter": camera.rolls,
        "motion blur": camera.motion.moves and camera.shutter.exposure > 0,
        "an aperture": camera.aperture is not None,
        "exposure compensation": camera.ev != 0,
    }
    for what in (name for name, asked in wanted.items() if asked):
        raise UndrawableError(
            f"renderer tiny draws sharp pictures only; {camera.name!r} has {what}; try renderer: gl"
        )


def _exposed(rgb: np.ndarray, camera: Camera, t: float) -> dict[str, np.ndarray]:
    """Let a camera's sensor see the light that makes a picture."""
    return {"rgb": rgb} if camera.sensor is None else expose(undeveloped(rgb), camera.sensor, t=t)


def _face_camera(camera: Camera, t: float, face: Face) -> Camera:
    """Return the pinhole that draws one of the pictures which cover a lens."""
    (fx, _, cx), (_, fy, cy), _ = face.matrix.tolist()
    if max(face.width, face.height) > MAX_SIDE:
        raise UndrawableError(
            f"{camera.name!r} needs a picture of {face.width}x{face.height} pixels, at most {MAX_SIDE} "
            "a side; make its image smaller"
        )
    return Camera(
        name=camera.name,
        lens=Pinhole(width=face.width, height=face.height, fx=fx, fy=fy, cx=cx, cy=cy),
        pose=Pose.from_matrix(face.pose(camera.world_from_camera(t))),
        near=face_near(camera),
        far=camera.far,
    )


def _planar_depth(buffer: np.ndarray, camera: Camera, t: float) -> np.ndarray:
    """Undo PyBullet's depth buffer: (H, W) float32 metres along z.

    In TinyRenderer's plugin, buffer = f (n + c) / (2 f n + f c - n c), where c is clip z, linear in depth,
    and n, f are computed from the float32 projection. With e = 1 - buffer nothing cancels.
    """
    _, projection = _matrices(camera, t)
    c2, c3 = float(projection[2, 2]), float(projection[2, 3])
    near, far = np.float32(c3 / (c2 - 1)), np.float32(c3 / (c2 + 1))
    e = np.float32(1) - buffer
    clip = near * far * (np.float32(1) - e - e) / (near + e * (far - near))
    return ((clip - np.float32(c3)) * np.float32(-1 / c2)).astype(np.float32, copy=False)


def _chunks(mesh: Mesh) -> Iterator[Mesh]:
    """Cut a mesh into pieces that PyBullet takes whole."""
    if len(mesh.faces) <= CHUNK_FACES:
        yield mesh
        return
    for first in range(0, len(mesh.faces), CHUNK_FACES):
        used, faces = np.unique(mesh.faces[first : first + CHUNK_FACES], return_inverse=True)
        corners: NDArray[np.int32] = faces.reshape(-1, 3).astype(np.int32)
        yield Mesh(mesh.vertices[used], corners, mesh.normals[used], mesh.uvs[used])


def _finer(camera: Camera, samples: int) -> Camera:
    """Return the same view with `samples` pixels along each side of one."""
    return camera.model_copy(update={"lens": camera.lens.resized(samples)})
