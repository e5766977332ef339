"""`gl` gives the same bytes whatever came before, whoever asks and however many threads; and keeps little."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photometer import wall
from sample_scene import camera, floor, random_scene, scene_of, thing

from simdata.asset import load_model
from simdata.camera import Aperture, Motion, Shutter
from simdata.errors import RenderError
from simdata.frame import Frame
from simdata.geometry import Pose
from simdata.lens import BrownConrady, KannalaBrandt, Pinhole
from simdata.light import PointLight, SpotLight, Sun
from simdata.material import FieldTexture, Material
from simdata.mesh import Mesh
from simdata.render import make_renderer
from simdata.render.gl import context as context_module
from simdata.render.gl import target as target_module
from simdata.render.gl.film import KEPT_LENSES
from simdata.render.gl.geometry import Packed
from simdata.render.gl.material import Textures
from simdata.scene import Scene
from simdata.spec import Look
from simdata.texture import FAMILIES

MOTION = Motion(velocity=(0.3, 0.1, 0), angular_velocity=(0, 0.2, 0.4))
SENSOR = Pinhole.from_fov(80, 60, 1.0).model_dump(exclude={"lens"})
VIEWS: dict[str, dict[str, Any]] = {
    "pinhole": {},
    "brown_conrady": {"lens": BrownConrady(**SENSOR, k1=-0.2)},
    "fisheye": {"lens": KannalaBrandt.from_fov(80, 60, 3.3)},
    "rolling": {"motion": MOTION, "shutter": Shutter(readout=0.02)},
    "blurred": {
        "motion": MOTION,
        "shutter": Shutter(exposure=0.01),
        "aperture": Aperture(diameter=0.01, focus=1),
    },
}
LIGHTS = (
    Sun(direction=(0.48, -0.36, 0.8), strength=0.7),
    PointLight(position=(0.5, -0.5, 0.8), strength=0.3),
    SpotLight(position=(-0.5, -0.5, 0.8), direction=(0.6, 0, -0.8), strength=0.3),
)


def decked(seed: int, **view: Any) -> Scene:
    """A random scene with textures on everything and three lights."""
    scene = random_scene(seed, **view)
    families = sorted(FAMILIES)
    materials = {
        node.name: Material(
            texture=FieldTexture(
                family=families[(seed + place) % len(families)],
                seed=seed,
                colors=((1, 0.9, 0.8), (0.3, 0.1, 0)),
            )
        )
        for place, node in enumerate(scene.nodes)
    }
    look = Look(materials=materials, lights=LIGHTS, ambient=0.3)
    return scene.with_spec(scene.spec.model_copy(update={"look": look}))


def drawn(renderer: Any, scene: Scene) -> Frame:
    renderer.load(scene)
    return renderer.render(scene.spec.cameras[0])


def digest(frame: Frame) -> str:
    """Hash all layers and silhouettes."""
    told = hashlib.sha256()
    for name, layer in sorted(frame.layers.items()):
        told.update(name.encode() + layer.tobytes())
    for instance, one in (frame.silhouettes or {}).items():
        told.update(repr((instance, one.trimmed().window)).encode() + one.trimmed().mask.tobytes())
    return told.hexdigest()


def digests(samples: int = 4) -> list[str]:
    """Draw every kind of picture with a new renderer."""
    renderer = make_renderer("gl", samples=samples)
    found = [digest(drawn(renderer, decked(seed, **view))) for seed, view in enumerate(VIEWS.values())]
    renderer.close()
    return found


@pytest.fixture
def smooth(gl: Any) -> Any:
    renderer = type(gl)(samples=4)
    yield renderer
    renderer.close()


def test_nothing_that_came_before_shows(gl: Any, smooth: Any) -> None:
    """Other scenes, sizes, lenses, blurs, failures, and another renderer in between."""
    first = digests()
    for seed, (width, height) in enumerate([(33, 70), (120, 20), (1, 1)]):
        for view in VIEWS.values():
            if "lens" not in view:
                drawn(smooth, decked(10 + seed, width=width, height=height, **view))
    for field in range(4):
        drawn(smooth, decked(20 + field, fov=0.3 + 0.1 * field))
        drawn(gl, decked(30 + field))
    with pytest.raises(RenderError):
        smooth.load(
            wall(materials={"cuboid_1.body": Material(texture={"kind": "image", "sha256": "0" * 64})})
        )
    again = [digest(drawn(smooth, decked(seed, **view))) for seed, view in enumerate(VIEWS.values())]
    backwards = [
        digest(drawn(smooth, decked(seed, **view)))
        for seed, view in reversed(list(enumerate(VIEWS.values())))
    ]
    assert again == first
    assert backwards[::-1] == first
    assert len(set(first)) == len(first)


def test_views_of_one_scene_in_any_order(smooth: Any) -> None:
    scene = decked(3)
    smooth.load(scene)
    views = [camera(**{"eye": (0.1 * k, -1, 0.4)} | view) for k, view in enumerate(VIEWS.values())]
    forwards = [digest(smooth.render(view)) for view in views]
    assert [digest(smooth.render(view)) for view in views[::-1]][::-1] == forwards


def test_looks_over_one_layout_do_not_mix(smooth: Any) -> None:
    """The geometry stays on the device; materials and lights do not."""
    scene, other = decked(3), decked(4).spec.look
    plain = scene.with_spec(scene.spec.model_copy(update={"look": Look(lights=other.lights[:1])}))
    first = [digest(drawn(smooth, one)) for one in (scene, plain)]
    drawn(smooth, random_scene(9))
    assert [digest(drawn(smooth, one)) for one in (plain, scene)] == first[::-1]
    assert first[0] != first[1]


def test_threads_and_processes_do_not_show(gl: Any) -> None:
    """Fresh processes with 0, 1 and 2 threads of llvmpipe (0: the calling thread alone), and this one."""
    path = os.pathsep.join([str(Path(__file__).parent), *sys.path])
    children = [
        subprocess.Popen(
            [sys.executable, "-c", "import test_gl_same_bytes as here; print(*here.digests())"],
            env=os.environ | {"PYTHONPATH": path, "LP_NUM_THREADS": str(threads)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for threads in (0, 1, 2)
    ]
    told = [child.communicate(timeout=120)[0].split() for child in children]
    assert told == [digests()] * 3


def test_packed_meshes_stay_within_their_limit() -> None:
    packed = Packed(limit=200_000)
    meshes = [mesh_of(radius) for radius in np.linspace(0.05, 0.09, 12)]
    first = packed.vertices(meshes[0]).copy()
    for mesh in meshes:
        packed.vertices(mesh)
        held = sum(array.nbytes for array in packed._packed.values())
        assert held == packed._held <= 200_000
    assert len(packed._packed) < len(meshes)
    assert np.array_equal(packed.vertices(meshes[0]), first)  # made again


def mesh_of(radius: float) -> Mesh:
    (node,) = thing("sphere", 1, Pose(), radius=float(radius))
    return load_model(node.shape).parts["body"].mesh


def test_textures_stay_within_their_limit(gl: Any) -> None:
    with gl._context:
        textures = Textures(gl._context, None, limit=2_000_000)
        for seed in range(10):
            textures.get(FieldTexture(family="wood", seed=seed, colors=((0, 0, 0), (1, 1, 1))))
        assert textures._held > 2_000_000 and len(textures._textures) == 10  # one scene may need them all
        textures.trim()
        assert 0 < textures._held <= 2_000_000
        sizes = [t.width * t.height * t.components * 4 // 3 for t in textures._textures.values()]
        assert textures._held == sum(sizes)
        assert [key[2] for key in textures._textures] == list(range(10 - len(textures._textures), 10))
        textures.release()


def test_targets_and_rays_are_few(smooth: Any) -> None:
    for k in range(8):
        scene = scene_of(floor(), camera(20 + k, 16, lens=KannalaBrandt.from_fov(20 + k, 16, 2.0)))
        drawn(smooth, scene)
        drawn(smooth, scene_of(floor(), camera(20 + k, 16)))
        assert len(smooth._targets._held) <= target_module.KEPT
        assert len(smooth._film._rays) <= KEPT_LENSES
    assert len(smooth._film._rays) == KEPT_LENSES


def test_memory_does_not_grow_with_scenes(smooth: Any) -> None:
    """New meshes and textures every time; `scripts/prove gl_soak` has the stated bound, 0.01 MB."""

    def one(number: int) -> None:
        nodes = (
            thing("mug", 1, Pose(), outer_radius=0.03 + number * 1e-4)
            if number % 2
            else thing("mug", 1, Pose())
        )
        scene = scene_of([*nodes, *floor()], camera(32, 24))
        texture = FieldTexture(family="wood", seed=0, colors=((number / 200, 0, 0), (0, 0, 1)))
        look = Look(materials={"floor": Material(texture=texture)})
        drawn(smooth, scene.with_spec(scene.spec.model_copy(update={"look": look})))

    smooth._packed._limit = 1 << 20
    for number in range(0, 30, 2):
        one(number)
    before = _resident_mb()
    for number in range(30, 130, 2):
        one(number)
    assert (_resident_mb() - before) / 50 < 0.1  # a mug is 0.1 MB on the device


def _resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def test_a_gpu_that_is_not_there_is_refused(gl: Any) -> None:
    if gl.device.kind == "gpu":
        pytest.skip("this machine has a GPU")
    with pytest.raises(RenderError, match=r"no GPU answers over EGL .*llvmpipe.*device auto or cpu"):
        make_renderer("gl", device="gpu")


def test_without_the_library_the_install_line_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        context_module, "LIBRARIES", {"libgl": "libNoSuchGL.so.1", "libegl": "libNoSuchEGL.so.1"}
    )
    with pytest.raises(RenderError, match=r"apt-get install .*libegl1 libgl1"):
        context_module.open_context()


def test_drawing_nothing_is_refused(gl: Any) -> None:
    renderer = type(gl)(samples=1)
    with pytest.raises(RenderError, match="call load"):
        renderer.render(camera())
    renderer.close()


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS.keys())
def test_a_picture_too_large_for_the_device_is_refused(
    gl: Any, monkeypatch: pytest.MonkeyPatch, view: dict[str, Any]
) -> None:
    """And the next one is drawn."""
    scene = decked(0, **view)
    before = digest(drawn(gl, scene))
    gl._targets.release()
    monkeypatch.setattr(gl._targets, "longest", 64)
    with pytest.raises(RenderError, match=r"the device draws 64 a side: take a smaller image"):
        gl.render(scene.spec.cameras[0])
    monkeypatch.undo()
    assert digest(drawn(gl, scene)) == before


def test_closing_twice_is_fine(gl: Any) -> None:
    renderer = type(gl)(samples=1)
    drawn(renderer, random_scene(0))
    renderer.close()
    renderer.close()
