"""Small scenes and exact comparisons for the tests of what is seen."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from simdata.asset import GeneratedShape, load_model
from simdata.camera import BrownConrady, Camera, KannalaBrandt, Lens, Pinhole
from simdata.frame import Frame
from simdata.geometry import Pose, look_at
from simdata.render.flat import FlatRenderer
from simdata.scene import Scene, start_scene
from simdata.silhouette import Silhouette
from simdata.spec import Layout, Look, Node, SceneSpec

# Things of few and many faces, closed and hollow, some made of several parts.
KINDS = ("cuboid", "sphere", "cylinder", "mug", "bowl", "plate")

# Every kind of lens, before a sensor of 80 x 60.
SENSOR = Pinhole.from_fov(80, 60, 1.0).model_dump(exclude={"lens", "skew"})
LENSES: dict[str, Lens] = {
    "skewed": Pinhole(**SENSOR, skew=9.0),
    "brown_conrady": BrownConrady(**SENSOR, k1=-0.3, k2=0.1, p1=0.01, p2=-0.006),
    "rational": BrownConrady(**SENSOR, k1=0.9, k2=0.2, p1=0.002, k4=1.3, k5=0.3, k6=0.02),
    "folded": BrownConrady(**SENSOR, k1=-0.9),
    "fisheye": KannalaBrandt.from_fov(80, 60, math.radians(140)),
    "all round": KannalaBrandt.from_fov(80, 60, math.radians(300)),
}


def camera(
    width: int = 80, height: int = 60, *, eye: Any = (0, -1, 0.4), target: Any = (0, 0, 0), **more: Any
) -> Camera:
    """Make a camera that looks from `eye` at `target`: a pinhole of about 57 degrees, or another `lens`."""
    pose = Pose.from_matrix(look_at(eye, target, more.pop("roll", 0.0)))
    lens = Pinhole.from_fov(width, height, more.pop("fov", 1.0))
    return Camera(**{"name": "c", "lens": lens, "pose": pose, **more})


def thing(kind: str, instance: int, pose: Pose, *, labelled: bool = True, **params: float) -> list[Node]:
    """Make the nodes of one object, one a part of its model."""
    shape = GeneratedShape(generator=kind, params=params)
    return [
        Node(
            name=f"{kind}_{instance}.{part}",
            shape=shape,
            part=part,
            instance=instance,
            category=kind,
            labelled=labelled,
            pose=pose,
        )
        for part in load_model(shape).parts
    ]


def floor(z: float = -0.2, size: float = 4.0) -> list[Node]:
    """Make a floor whose upper side is at z, metres."""
    shape = GeneratedShape(generator="plane", params={"sx": size, "sy": size, "thickness": 0.1})
    pose = Pose(position=(0, 0, z - 0.05))
    return [Node(name="floor", shape=shape, part="body", fixed=True, pose=pose)]


def scene_of(nodes: Sequence[Node], *cameras: Camera) -> Scene:
    """Stand nodes where they are, without physics."""
    return start_scene(
        SceneSpec(layout=Layout(nodes=tuple(nodes)), look=Look(), cameras=cameras or (camera(),))
    )


def strewn(generator: np.random.Generator, objects: int, low: Any, high: Any) -> list[Node]:
    """Strew objects of any kind, turned anyhow, through a box from `low` to `high`, metres."""
    nodes = []
    for instance in range(1, objects + 1):
        quat = generator.normal(size=4)
        quat /= np.linalg.norm(quat)
        place = generator.uniform(low, high)
        kind = KINDS[int(generator.integers(len(KINDS)))]
        nodes += thing(kind, instance, Pose(position=tuple(place), quat_xyzw=tuple(quat)))
    return nodes


def random_scene(seed: int, objects: int = 5, **view: Any) -> Scene:
    """Strew objects over a floor, overlapping as they like, before a camera somewhere above."""
    generator = np.random.default_rng(seed)
    nodes = [*floor(), *strewn(generator, objects, (-0.25, -0.25, -0.15), (0.25, 0.25, 0.15))]
    eye = generator.uniform((-0.6, -1.0, 0.2), (0.6, -0.5, 0.8))
    return scene_of(nodes, camera(eye=eye, roll=float(generator.uniform(-1, 1)), **view))


def flat(scene: Scene) -> Frame:
    """See a scene with the oracle."""
    renderer = FlatRenderer()
    renderer.load(scene)
    return renderer.render(scene.spec.cameras[0])


def widened(seen_by: Camera) -> Camera:
    """Show the whole margin: the same pixels, and one image size more on each side."""
    lens = seen_by.lens
    size = {"width": 3 * lens.width, "height": 3 * lens.height}
    wide = lens.model_copy(update=size | {"cx": lens.cx + lens.width, "cy": lens.cy + lens.height})
    shutter = seen_by.shutter.model_copy(update={"readout": 3 * seen_by.shutter.readout})
    return seen_by.model_copy(update={"lens": wide, "shutter": shutter})


def alone(scene: Scene, seen_by: Camera, instance: int) -> Silhouette:
    """See one instance as if nothing else were there, by the oracle, one image size around."""
    nodes = [node for node in scene.nodes if node.instance == instance]
    mask = flat(scene_of(nodes, widened(seen_by))).node_ids > 0
    return Silhouette(-seen_by.width, -seen_by.height, mask)


def faults(found: dict[str, np.ndarray], truth: dict[str, np.ndarray]) -> list[str]:
    """Say in what two views of one scene differ: ids but for ties, depth beyond 1e-4 m, normals."""
    tie = np.isclose(found["depth"], truth["depth"], rtol=0, atol=1e-4)
    if "distance" in truth:
        tie &= np.isclose(found["distance"], truth["distance"], rtol=0, atol=1e-4)
    wrong = (found["node_ids"] != truth["node_ids"]) & ~tie
    both = (found["node_ids"] > 0) & (found["node_ids"] == truth["node_ids"])
    off = np.abs(found["depth"][both].astype(float) - truth["depth"][both])
    bent = np.linalg.norm(found["normals"][both] - truth["normals"][both], axis=-1)
    said = [f"{wrong.sum()} ids"] if wrong.any() else []
    said += [f"{(off > 1e-4).sum()} depths"] if (off > 1e-4).any() else []
    # Two faces meet at an edge; which of them a ray through it meets is a tie, so a few may differ.
    said += [f"{(bent > 1e-2).sum()} normals"] if (bent > 1e-2).sum() > 2e-3 * bent.size else []
    return said
