"""`tiny`: PyBullet's TinyRenderer. No display, no GPU, no system library; plain pictures.

Ids and depth are samples at pixel centres: TinyRenderer samples at whole pixel positions, so the projection is
moved by half a pixel. Roughness and metalness do not show; there is one light, and its shadows are faint.
"""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from simdata.asset import ImportedShape, load_model
from simdata.camera import Camera
from simdata.errors import PhysicsError, RenderError
from simdata.frame import Frame
from simdata.geometry import invert, quat_from_matrix, transform
from simdata.material import FieldTexture, ImageTexture, Texture
from simdata.mesh import Mesh
from simdata.physics import load_pybullet
from simdata.scene import Scene
from simdata.spec import Light, Sun
from simdata.texture import bake

# PyBullet cuts a mesh above 131,072 vertices or 524,288 indices, silently: larger ones are several bodies.
CHUNK_FACES = 40_000
# TinyRenderer's shadows start 0.05 of its units, less the near plane, behind what casts them. The units are
# chosen so that this is so many metres.
SHADOW_GAP, SHADOW_BIAS = 0.05, 0.006
# TinyRenderer multiplies light with colours as sRGB encodes them; that encoding is nearly this power.
GAMMA = 2.2
# Share of the unlit brightness that is left as TinyRenderer's ambient, because its shadows take only a fifth of the
# rest; and share of the lit brightness that goes to surfaces by their tilt alone.
CONTRAST, SHEEN = 0.7, 0.12
UP = np.array([0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class _Stage:
    """How a scene is put before TinyRenderer: moved by -center, in units of 1 / `scale` metres.

    Attributes:
        center: (3,) metres, world: the middle of the objects, at which TinyRenderer's light aims.
        radius: metres about the centre that hold the objects.
        box: (2, 3) metres, world; holds everything.
    """

    scene: Scene
    center: np.ndarray
    radius: float
    box: np.ndarray
    scale: float

    def poses(self, t: float) -> list[tuple[list[float], list[float]]]:
        """Return each node's position and quaternion."""
        return [
            (((matrix[:3, 3] - self.center) * self.scale).tolist(), quat_from_matrix(matrix[:3, :3]).tolist())
            for matrix in self.scene.world_from_nodes(t)
        ]

    def matrices(self, camera: Camera, t: float) -> tuple[np.ndarray, np.ndarray]:
        """Return OpenGL's view and projection, (4, 4) each, float32.

        TinyRenderer samples a pixel at its lower left corner. The added 1/width and 1/height move the picture
        by half a pixel, so that the corners show what belongs to the centres.

        Source: OpenGL 4.5 specification, 12.1 and 13.6; off-centre frustum from K as in Hartley & Zisserman, ch. 6.
        """
        view = invert(camera.world_from_camera(t))
        view[:3, 3] = (view[:3, :3] @ self.center + view[:3, 3]) * self.scale
        view[1:3] *= -1  # OpenCV looks along +z with y down, OpenGL along -z with y up
        lens, near, far = camera.lens, camera.near * self.scale, camera.far * self.scale
        projection = np.zeros((4, 4))
        projection[0, 0], projection[1, 1] = 2 * lens.fx / lens.width, 2 * lens.fy / lens.height
        projection[0, 2] = 1 - 2 * lens.cx / lens.width + 1 / lens.width
        projection[1, 2] = 2 * lens.cy / lens.height - 1 + 1 / lens.height
        projection[2, 2:] = -(far + near) / (far - near), -2 * far * near / (far - near)
        projection[3, 2] = -1
        return view.astype(np.float32), projection.astype(np.float32)


class TinyRenderer:
    """Draws with PyBullet's software rasteriser, in a simulator of its own."""

    def __init__(self, *, store: Path | None = None, samples: int = 1) -> None:
        """Open a simulator.

        Args:
            store: folder of imported meshes and textures.
            samples: colour samples along each side of a pixel; ids and depth take one, at its centre.

        Raises:
            RenderError: PyBullet is missing or cannot open.
        """
        try:
            self._bullet = load_pybullet()
        except PhysicsError as error:
            raise RenderError(str(error)) from error
        self._store, self._samples = store, samples
        self._stage: _Stage | None = None
        self._bodies: list[tuple[int, int]] = []  # (body id, node index)
        self._ids = np.zeros(1, np.int32)  # entry `body id + 1` is the value in the id image
        self._t = 0.0
        self._client = int(self._bullet.connect(self._bullet.DIRECT))
        if self._client < 0:
            raise RenderError(
                "PyBullet gave no DIRECT connection; a process holds 1024: close some renderers"
            )

    @classmethod
    def probe(cls) -> str:
        """Say what works.

        Raises:
            RenderError: PyBullet is missing, why, and what to install.
        """
        cls().close()
        return f"tiny: PyBullet {version('pybullet')}, TinyRenderer on the CPU"

    def load(self, scene: Scene) -> None:
        """Take a scene; the one before is forgotten.

        Raises:
            AssetError: an imported mesh is not in the store.
            RenderError: PyBullet refuses a mesh or a texture.
        """
        meshes = [load_model(node.shape, self._store).parts[node.part].mesh for node in scene.nodes]
        stage, self._t = _set_up(scene, meshes), float(scene.times[0])
        self._stage, self._bodies = None, []
        self._bullet.resetSimulation(physicsClientId=self._client)
        # Else PyBullet keeps every texture it ever read.
        self._bullet.setPhysicsEngineParameter(enableFileCaching=0, physicsClientId=self._client)
        try:
            with tempfile.TemporaryDirectory(prefix="simdata-tiny-") as folder, _no_garbage_collection():
                self._add_nodes(
                    stage, meshes, _Textures(self._bullet, self._client, Path(folder), self._store)
                )
        except self._bullet.error as error:
            raise RenderError(f"PyBullet refused a mesh or texture of the scene: {error}") from error
        self._stage = stage
        self._ids = np.zeros(max((body for body, _ in self._bodies), default=-1) + 2, np.int32)
        for body, node in self._bodies:
            self._ids[body + 1] = node + 1

    def render(self, camera: Camera, t: float = 0.0) -> Frame:
        """Draw rgb, node_ids and depth.

        Raises:
            RenderError: no scene is loaded, or the lens is no pinhole.
        """
        stage = self._at(t)
        if camera.lens.lens != "pinhole":
            raise RenderError(
                f"tiny draws pinhole cameras only; {camera.name!r} has lens {camera.lens.lens!r}"
            )
        rgb, depth, node_ids = self._draw(stage, camera, t)
        if self._samples > 1:
            rgb, _, _ = self._draw(stage, _finer(camera, self._samples), t)
            rgb = cv2.resize(rgb, (camera.width, camera.height), interpolation=cv2.INTER_AREA)
        return Frame(camera, t, {"rgb": rgb, "node_ids": node_ids, "depth": depth})

    def close(self) -> None:
        """Close the simulator; nothing can be drawn afterwards."""
        if self._client >= 0:
            self._bullet.disconnect(self._client)
        self._client, self._stage, self._bodies = -1, None, []

    def _add_nodes(self, stage: _Stage, meshes: Sequence[Mesh], textures: _Textures) -> None:
        for index, (mesh, pose) in enumerate(zip(meshes, stage.poses(self._t), strict=True)):
            node = stage.scene.nodes[index]
            material = stage.scene.spec.look.material(node)
            repeat = material.texture.repeat if isinstance(material.texture, FieldTexture) else (1.0, 1.0)
            changes = textures.load(material.texture)
            if isinstance(node.shape, ImportedShape):
                # Ours are closed, so their insides never show; a user's may be a mere skin.
                changes["flags"] = self._bullet.VISUAL_SHAPE_DOUBLE_SIDED
            for piece in _chunks(mesh):
                body = self._add(piece, stage.scale, np.asarray(repeat), material.base_color, pose)
                if changes:
                    self._bullet.changeVisualShape(body, -1, physicsClientId=self._client, **changes)
                self._bodies.append((body, index))

    def _add(
        self,
        mesh: Mesh,
        scale: float,
        repeat: np.ndarray,
        color: Sequence[float],
        pose: tuple[list[float], list[float]],
    ) -> int:
        """Create a body that shows and does nothing else."""
        shape = self._bullet.createVisualShape(
            self._bullet.GEOM_MESH,
            vertices=(mesh.vertices * scale).tolist(),
            indices=mesh.faces.ravel().tolist(),
            normals=mesh.normals.tolist(),
            uvs=(mesh.uvs * repeat).tolist(),
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

    def _at(self, t: float) -> _Stage:
        """Put every body where it is at t."""
        if self._stage is None:
            raise RenderError("no scene is loaded; call load(scene) before render(camera)")
        if t != self._t:
            poses = self._stage.poses(t)
            for body, node in self._bodies:
                self._bullet.resetBasePositionAndOrientation(body, *poses[node], physicsClientId=self._client)
            self._t = t
        return self._stage

    def _draw(self, stage: _Stage, camera: Camera, t: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return rgb, depth and node_ids as `Frame` wants them."""
        view, projection = stage.matrices(camera, t)
        _, _, rgba, depth, bodies = self._bullet.getCameraImage(
            camera.width,
            camera.height,
            viewMatrix=view.T.ravel().tolist(),
            projectionMatrix=projection.T.ravel().tolist(),
            renderer=self._bullet.ER_TINY_RENDERER,
            physicsClientId=self._client,
            **_lighting(stage, camera),
        )
        rgb = cv2.cvtColor(rgba, cv2.COLOR_RGBA2RGB)
        nothing = bodies < 0
        rgb[nothing] = np.rint(255 * np.array(stage.scene.spec.look.backdrop)).astype(np.uint8)
        depth = _planar_depth(depth, projection, stage.scale)
        depth[nothing] = np.inf
        return rgb, depth, self._ids[bodies + 1]


class _Textures:
    """Loads base-colour textures, each once a scene, through uncompressed files: PNG costs three times as much."""

    def __init__(self, bullet: Any, client: int, folder: Path, store: Path | None) -> None:
        self._bullet, self._client, self._folder, self._store = bullet, client, folder, store
        self._loaded: dict[Texture, int] = {}

    def load(self, texture: Texture | None) -> dict[str, int]:
        """Return the arguments of `changeVisualShape` that put the texture on."""
        if texture is None:
            return {}
        if texture not in self._loaded:
            path = str(self._file(texture))
            self._loaded[texture] = self._bullet.loadTexture(path, physicsClientId=self._client)
        return {"textureUniqueId": self._loaded[texture]}

    def _file(self, texture: Texture) -> Path:
        if isinstance(texture, ImageTexture):
            if self._store is None:
                raise RenderError(
                    f"texture {texture.sha256[:12]}… is in a store; open the renderer with store="
                )
            return self._store / f"{texture.sha256}.png"
        path = self._folder / f"{len(self._loaded)}.bmp"
        _, data = cv2.imencode(".bmp", cv2.cvtColor(bake(texture), cv2.COLOR_RGB2BGR))
        path.write_bytes(data.tobytes())
        return path


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause the collector: PyBullet takes meshes as nested lists, and it would search them all, five times over."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _set_up(scene: Scene, meshes: Sequence[Mesh]) -> _Stage:
    """Choose centre and units of a scene."""
    boxes = []
    for mesh, matrix in zip(meshes, scene.world_from_nodes(float(scene.times[0])), strict=True):
        corners = transform(matrix, mesh.bounds[np.indices((2, 2, 2)).reshape(3, 8).T, [0, 1, 2]])
        boxes.append((corners.min(axis=0), corners.max(axis=0)))
    bounds = np.array(boxes).reshape(-1, 2, 3)
    objects = np.array([node.instance > 0 for node in scene.nodes], bool)
    chosen = bounds[objects] if objects.any() else bounds
    low, high = chosen[:, 0].min(axis=0), chosen[:, 1].max(axis=0)
    near = max(camera.near for camera in scene.spec.cameras)
    return _Stage(
        scene=scene,
        center=(low + high) / 2,
        radius=float(np.linalg.norm(high - low) / 2),
        box=np.stack([bounds[:, 0].min(axis=0), bounds[:, 1].max(axis=0)]),
        scale=SHADOW_GAP / (near + SHADOW_BIAS),
    )


def _chunks(mesh: Mesh) -> Iterator[Mesh]:
    """Cut a mesh into pieces that PyBullet takes whole."""
    if len(mesh.faces) <= CHUNK_FACES:
        yield mesh
        return
    for first in range(0, len(mesh.faces), CHUNK_FACES):
        used, faces = np.unique(mesh.faces[first : first + CHUNK_FACES], return_inverse=True)
        faces = faces.reshape(-1, 3).astype(np.int32)
        yield Mesh(mesh.vertices[used], faces, mesh.normals[used], mesh.uvs[used])


def _finer(camera: Camera, samples: int) -> Camera:
    """Return the same view with `samples` pixels along each side of one."""
    lens = camera.lens
    names = ("width", "height", "fx", "fy", "cx", "cy")
    finer = lens.model_copy(update={name: getattr(lens, name) * samples for name in names})
    return camera.model_copy(update={"lens": finer})


def _planar_depth(buffer: np.ndarray, projection: np.ndarray, scale: float) -> np.ndarray:
    """Undo PyBullet's depth buffer: (H, W) float32 metres along z.

    In TinyRenderer's plugin, buffer = f (n + c) / (2 f n + f c - n c), where c is clip z and n, f come from the
    float32 projection; c is linear in z. With e = 1 - buffer nothing cancels.
    """
    c2, c3 = float(projection[2, 2]), float(projection[2, 3])
    near, far = np.float32(c3 / (c2 - 1)), np.float32(c3 / (c2 + 1))
    e = np.float32(1) - buffer
    clip = near * far * (np.float32(1) - e - e) / (near + e * (far - near))
    return ((clip - np.float32(c3)) * np.float32(-1 / (c2 * scale))).astype(np.float32, copy=False)


def _lighting(stage: _Stage, camera: Camera) -> dict[str, Any]:
    """Return the arguments of `getCameraImage` that light the scene as nearly as TinyRenderer can.

    Brightness b of TinyRenderer multiplies encoded colours, b = ambient + shadow (diffuse cos + specular s), with
    shadow 0.8 or 1. It is fitted to the look at two points: unlit surfaces and those that face the light.
    """
    look = stage.scene.spec.look
    lights = [_arriving(light, stage.center) for light in look.lights]
    direction, color, strength = max(lights, key=lambda light: light[2], default=(UP, (1.0, 1.0, 1.0), 0.0))
    # The lamps that TinyRenderer cannot have: half of a sphere faces each.
    everywhere = look.ambient + 0.5 * (sum(light[2] for light in lights) - strength)
    unlit, lit = (min(light, 1.2) ** (1 / GAMMA) for light in (everywhere, everywhere + strength))
    ambient = CONTRAST * unlit
    return {
        "lightDirection": direction.tolist(),
        "lightColor": list(color),
        "lightDistance": _light_distance(stage, camera, direction) * stage.scale,
        "shadow": 1,
        "lightAmbientCoeff": ambient,
        "lightDiffuseCoeff": (1 - SHEEN) * max(lit - ambient, 0.0),
        "lightSpecularCoeff": SHEEN * max(lit - ambient, 0.0),
    }


def _arriving(light: Light, center: np.ndarray) -> tuple[np.ndarray, tuple[float, float, float], float]:
    """Return direction (3,) towards the light, sRGB colour and strength, as they are at the centre."""
    if isinstance(light, Sun):
        return np.asarray(light.direction), light.color, light.strength
    arm = np.asarray(light.position) - center
    distance = max(float(np.linalg.norm(arm)), 1e-3)
    return arm / distance, light.color, light.strength / distance**2


def _light_distance(stage: _Stage, camera: Camera, direction: np.ndarray) -> float:
    """Return how far from the centre the shadow map is drawn, metres.

    TinyRenderer draws it with the camera's own frustum: far enough to hold the objects, yet inside the box of
    the scene, or a wall between would darken everything.
    """
    lens = camera.lens
    half_angle = min(lens.width / 2 / lens.fx, lens.height / 2 / lens.fy)
    wanted = stage.radius / half_angle + stage.radius
    with np.errstate(divide="ignore", invalid="ignore"):
        exits = (np.where(direction > 0, stage.box[1], stage.box[0]) - stage.center) / direction
    room = float(np.min(exits[np.isfinite(exits)], initial=np.inf))
    return max(min(wanted, 0.95 * room), 1.5 * stage.radius, 2 * camera.near)
