"""Pictures for the eye, made again at will.

    .venv/bin/python scripts/gallery.py places -o FILE.jpg
    .venv/bin/python scripts/gallery.py materials -o FILE.png [--families NAME …] [--gl]

places     the scenes on top of the README, as a run with their numbers makes them.
materials  every family of textures and layers, some members each, lit from the side; with --gl, drawn by `gl`
           on a sphere, a cube and a mug.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from simdata import load_config
from simdata.asset import GeneratedShape, load_model
from simdata.camera import Camera
from simdata.color import Srgb
from simdata.geometry import Pose, look_at
from simdata.lens import Pinhole
from simdata.light import Sun
from simdata.material import FieldTexture, Layer, Material
from simdata.pipeline import Pipeline
from simdata.render import make_renderer
from simdata.scene import start_scene
from simdata.sky import DaySky
from simdata.spec import Layout, Look, Node, SceneSpec
from simdata.texture import FAMILIES, LAYERS, bake, layer_mask, texture_maps

# Colours that make each family recognisable: of tone 0, of tone 1, of the accent.
COLORS: dict[str, tuple[Srgb, Srgb, Srgb]] = {
    "asphalt": ((0.16, 0.16, 0.17), (0.5, 0.49, 0.47), (0.08, 0.08, 0.09)),
    "barcode": ((0.96, 0.96, 0.94), (0.08, 0.08, 0.09), (0.05, 0.05, 0.06)),
    "boards": ((0.78, 0.6, 0.4), (0.42, 0.26, 0.14), (0.12, 0.08, 0.05)),
    "book_cover": ((0.35, 0.1, 0.12), (0.5, 0.2, 0.18), (0.85, 0.7, 0.35)),
    "brick": ((0.42, 0.17, 0.11), (0.72, 0.42, 0.3), (0.72, 0.69, 0.64)),
    "brushed": ((0.5, 0.5, 0.52), (0.82, 0.82, 0.84), (0.35, 0.35, 0.37)),
    "cardboard": ((0.6, 0.45, 0.3), (0.78, 0.62, 0.44), (0.36, 0.25, 0.16)),
    "carpet": ((0.2, 0.24, 0.36), (0.45, 0.5, 0.64), (0.72, 0.6, 0.4)),
    "checks": ((0.75, 0.12, 0.14), (0.1, 0.12, 0.25), (0.95, 0.9, 0.7)),
    "concrete": ((0.7, 0.69, 0.66), (0.46, 0.45, 0.43), (0.28, 0.27, 0.26)),
    "denim": ((0.12, 0.18, 0.35), (0.62, 0.68, 0.78), (0.85, 0.55, 0.2)),
    "end_grain": ((0.85, 0.68, 0.46), (0.5, 0.32, 0.18), (0.25, 0.15, 0.09)),
    "granite": ((0.86, 0.8, 0.76), (0.5, 0.46, 0.46), (0.1, 0.1, 0.11)),
    "grass": ((0.1, 0.18, 0.05), (0.42, 0.58, 0.2), (0.68, 0.6, 0.34)),
    "gravel": ((0.4, 0.37, 0.34), (0.78, 0.74, 0.68), (0.13, 0.12, 0.11)),
    "knit": ((0.5, 0.16, 0.18), (0.8, 0.34, 0.34), (0.92, 0.88, 0.8)),
    "label": ((0.95, 0.93, 0.88), (0.1, 0.45, 0.35), (0.75, 0.1, 0.12)),
    "leather": ((0.42, 0.24, 0.13), (0.2, 0.1, 0.06), (0.1, 0.05, 0.03)),
    "marble": ((0.95, 0.94, 0.92), (0.62, 0.62, 0.64), (0.4, 0.38, 0.38)),
    "paint_roller": ((0.72, 0.8, 0.74), (0.82, 0.88, 0.83), (0.6, 0.6, 0.6)),
    "paper": ((0.9, 0.88, 0.83), (0.98, 0.97, 0.94), (0.7, 0.65, 0.58)),
    "plaster": ((0.84, 0.8, 0.74), (0.95, 0.93, 0.89), (0.6, 0.56, 0.5)),
    "plastic": ((0.75, 0.2, 0.1), (0.85, 0.28, 0.15), (0.6, 0.6, 0.6)),
    "rubber": ((0.1, 0.1, 0.11), (0.22, 0.22, 0.23), (0.4, 0.4, 0.4)),
    "rusted": ((0.45, 0.52, 0.55), (0.28, 0.16, 0.1), (0.58, 0.28, 0.1)),
    "scratched": ((0.55, 0.55, 0.57), (0.75, 0.75, 0.77), (0.9, 0.9, 0.92)),
    "soil": ((0.14, 0.1, 0.07), (0.46, 0.35, 0.25), (0.6, 0.56, 0.5)),
    "speckle": ((0.86, 0.82, 0.74), (0.35, 0.28, 0.22), (0.2, 0.16, 0.14)),
    "stripes": ((0.93, 0.92, 0.88), (0.15, 0.25, 0.5), (0.75, 0.15, 0.15)),
    "terrazzo": ((0.88, 0.87, 0.84), (0.35, 0.4, 0.42), (0.72, 0.42, 0.32)),
    "tiles": ((0.25, 0.5, 0.55), (0.85, 0.9, 0.9), (0.8, 0.79, 0.76)),
    "veneer": ((0.8, 0.6, 0.38), (0.45, 0.27, 0.14), (0.25, 0.15, 0.08)),
    "weave": ((0.62, 0.55, 0.45), (0.88, 0.83, 0.73), (0.5, 0.2, 0.15)),
    "wood": ((0.76, 0.55, 0.35), (0.45, 0.26, 0.13), (0.2, 0.11, 0.06)),
}
METALS = ("brushed", "rusted", "scratched")
ROUGHNESS = {"brushed": 0.35, "label": 0.35, "leather": 0.45, "marble": 0.2, "terrazzo": 0.25, "tiles": 0.2}
# Generator, place along x (m), turn about z (rad), parameters.
SHAPES: list[tuple[str, float, float, dict[str, float]]] = [
    ("sphere", -0.13, 0.0, {"radius": 0.055}),
    ("cuboid", 0.0, 0.5, {"sx": 0.09, "sy": 0.09, "sz": 0.09}),
    ("mug", 0.13, -0.6, {"radius": 0.045, "height": 0.1}),
]
LIGHT = np.array([-0.62, 0.5, 0.6]) / np.linalg.norm([-0.62, 0.5, 0.6])  # along u, along v, off the surface
NAME_ROWS = 22
PLACES = (213, 216, 202, 221, 226, 218)


def look(family: str, seed: int, repeat: float = 1.0) -> FieldTexture:
    """Return a member of a family in its own colours."""
    low, high, accent = COLORS.get(family, ((0.2,) * 3, (0.9,) * 3, (0.8, 0.3, 0.1)))
    return FieldTexture(family=family, seed=seed, colors=(low, high), accent=accent, repeat=(repeat, repeat))


def swatch(family: str, seed: int, side: int) -> np.ndarray:
    """Return one tile, lit from the upper left, (side, side, 3) uint8 RGB."""
    if family in LAYERS:
        bare = layer_mask(family, seed, side) < 255 * 0.7
        return np.where(bare[..., None], np.uint8(60), np.uint8(200)).repeat(3, -1)
    color = bake(look(family, seed), size=side) / 255.0
    slopes = (texture_maps(family, seed, side)[..., 2:].astype(float) - 128) / 127
    facing = (LIGHT[2] - slopes @ LIGHT[:2]) / np.sqrt(1 + (slopes**2).sum(-1))
    lit = color**2.2 * (0.25 + 0.75 * np.maximum(facing, 0) / LIGHT[2])[..., None]
    return np.rint(255 * np.clip(lit, 0, 1) ** (1 / 2.2)).astype(np.uint8)


def drawn(renderer: Any, family: str, seed: int, side: int) -> np.ndarray:
    """Return a sphere, a cube and a mug of one texture, (side, 2 side, 3) uint8 RGB."""
    nodes, materials = [], {}
    if family in LAYERS:
        worn = Layer(family=family, seed=seed, amount=0.12, repeat=(2, 2))
        matter = Material(base_color=(0.2, 0.3, 0.5), layer=worn)
    else:
        matter = Material(
            base_color=(1, 1, 1),
            roughness=ROUGHNESS.get(family, 0.6),
            metallic=float(family in METALS),
            texture=look(family, seed, 2.0),
        )
    for name, x, turn, params in SHAPES:
        shape = GeneratedShape(generator=name, params=params)
        half = load_model(shape).bounds[1][2]
        pose = Pose(position=(x, 0, half), quat_xyzw=(0, 0, np.sin(turn / 2), np.cos(turn / 2)))
        for part in load_model(shape).parts:
            nodes.append(Node(name=f"{name}.{part}", shape=shape, part=part, fixed=True, pose=pose))
            materials[nodes[-1].name] = matter
    ground = GeneratedShape(generator="plane", params={"sx": 4, "sy": 4, "thickness": 0.1})
    nodes.append(Node(name="floor", shape=ground, part="body", fixed=True, pose=Pose(position=(0, 0, -0.05))))
    sun = Sun(direction=(-0.53, -0.52, 0.67), strength=1.3, angle=0.1)
    sky = DaySky(sun=sun.direction, clouds=0.3, strength=0.5)
    dressed = Look(materials=materials, lights=(sun,), ambient=0, sky=sky)
    view = Pose.from_matrix(look_at((0, -0.62, 0.22), (0, 0, 0.045)))
    camera = Camera(name="view", lens=Pinhole.from_fov(2 * side, side, 0.62), pose=view)
    renderer.load(start_scene(SceneSpec(layout=Layout(nodes=tuple(nodes)), look=dressed, cameras=(camera,))))
    return renderer.render(camera).rgb


def named(picture: np.ndarray, name: str) -> np.ndarray:
    """Write a name above a picture."""
    head = np.full((NAME_ROWS, picture.shape[1], 3), 255, np.uint8)
    cv2.putText(head, name, (4, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.48, (0, 0, 0), 1, cv2.LINE_AA)
    return np.vstack([head, picture])


def grid(pictures: list[np.ndarray], columns: int) -> np.ndarray:
    """Lay pictures of one size out in rows."""
    blank = [np.full_like(pictures[0], 255)] * (-len(pictures) % columns)
    rows = [np.hstack((pictures + blank)[k : k + columns]) for k in range(0, len(pictures), columns)]
    return np.vstack(rows)


def materials(arguments: argparse.Namespace) -> np.ndarray:
    """Return the swatches of all asked for."""
    renderer = make_renderer("gl", samples=4) if arguments.gl else None
    make = partial(drawn, renderer) if renderer else swatch
    pictures = [
        named(make(family, seed, arguments.side), f"{family} {seed}")
        for family in arguments.families or [*sorted(FAMILIES), *sorted(LAYERS)]
        for seed in range(arguments.seeds)
    ]
    return grid(pictures, arguments.columns)


def places(arguments: argparse.Namespace) -> np.ndarray:
    """Return chosen scenes of the default tabletop, by `gl` as it comes."""
    settings = ["renderer=gl", "dataset.views=1", f"dataset.scenes={max(PLACES) + 1}"]
    pipeline = Pipeline(load_config("tabletop", overrides=settings))
    pictures = [sample.image for number in PLACES for sample in pipeline.samples(pipeline.scene(number))]
    return grid(pictures, 3)


def main() -> None:
    """Make the gallery that is asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("gallery", choices=["materials", "places"])
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--families", nargs="*")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--side", type=int, default=512)
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--gl", action="store_true")
    arguments = parser.parse_args()
    make = {"materials": materials, "places": places}[arguments.gallery]
    cv2.imwrite(str(arguments.out), make(arguments)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 85])


if __name__ == "__main__":
    main()
