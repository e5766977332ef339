"""Every generator, by default and over its typical range: closed, plausible, collidable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from simdata.asset import GeneratedShape, ImportedShape, asset_record, generators, load_model
from simdata.assets import GENERATORS
from simdata.errors import AssetError, UnknownNameError
from simdata.mesh import Model, convex_hull, is_watertight, pieces_obj, volume

SCENERY = {
    "bench", "cabinet", "chair", "counter", "curtain", "desk", "desk_lamp", "door", "keyboard", "monitor",
    "panel", "pegboard", "pendant", "picture", "plane", "room", "shelf", "table",
}  # fmt: skip
SIMPLE = SCENERY | {"cuboid", "cylinder", "sphere"}


def typical(name: str, corner: int) -> GeneratedShape:
    """Return the generator at the lows (0), the highs (1) or a mix of them of its typical range."""
    ranges = generators().load(name).typical
    rng = np.random.default_rng(corner)
    share = {key: corner if corner < 2 else rng.uniform() for key in ranges}
    params = {key: low + share[key] * (high - low) for key, (low, high) in ranges.items()}
    return GeneratedShape(generator=name, params=params)


def outside(points: np.ndarray, model: Model) -> np.ndarray:
    """Return how far, at least, each point lies outside all pieces, m."""
    from scipy.spatial import ConvexHull

    planes = [ConvexHull(piece).equations for piece in model.pieces]
    return np.min([(points @ p[:, :3].T + p[:, 3]).max(axis=1) for p in planes], axis=0)


def test_table_is_sorted_and_described() -> None:
    assert list(GENERATORS) == sorted(GENERATORS)
    for name in GENERATORS:
        kind = generators().load(name)
        assert kind.category and kind.supercategory
        assert 0 < kind.density[0] < kind.density[1]
        assert set(kind.typical) <= set(kind.model_fields)


@pytest.mark.parametrize("name", GENERATORS)
@pytest.mark.parametrize("corner", [0, 1, 2, 3])
def test_solid(name: str, corner: int) -> None:
    model = load_model(typical(name, corner))
    assert model.bounds.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    for label, part in model.parts.items():
        assert is_watertight(part.mesh), label
        assert volume(part.mesh) > 0
        for piece in part.pieces:
            convex_hull(piece)
    low, high = generators().load(name).density
    mass = model.mass_properties((low + high) / 2.0).mass
    if name not in SCENERY:
        assert 0.005 < mass < 7.0
        assert 0.02 < np.ptp(model.bounds, axis=0).max() < 0.5


@pytest.mark.parametrize("name", sorted(set(GENERATORS) - SIMPLE))
def test_size_of_mesh_and_pieces(name: str) -> None:
    model = load_model(GeneratedShape(generator=name))
    assert 500 <= sum(len(part.mesh.faces) for part in model.parts.values()) <= 5000
    assert len(model.pieces) <= 17
    assert max(len(piece) for piece in model.pieces) <= 64


@pytest.mark.parametrize("name", sorted(SCENERY))
@pytest.mark.parametrize("corner", [0, 1])
def test_scenery_is_light_and_collides_as_large_as_it_looks(name: str, corner: int) -> None:
    model = load_model(typical(name, corner))
    assert sum(len(part.mesh.faces) for part in model.parts.values()) <= 3000
    corners = np.concatenate(model.pieces)
    assert np.abs(np.stack([corners.min(axis=0), corners.max(axis=0)]) - model.bounds).max() < 0.012


@pytest.mark.parametrize("name", sorted(set(GENERATORS) - SCENERY))
@pytest.mark.parametrize("corner", [0, 1])
def test_pieces_hold_the_mesh(name: str, corner: int) -> None:
    """No part of what is seen lies more than a few millimetres outside what collides, nor the reverse."""
    model = load_model(typical(name, corner))
    points = np.concatenate([part.mesh.vertices for part in model.parts.values()])
    assert outside(points, model).max() < 5e-3
    reach = np.stack([np.concatenate(model.pieces).min(axis=0), np.concatenate(model.pieces).max(axis=0)])
    assert np.abs(reach - model.bounds).max() < 4e-3


def test_mug_handle_is_sunk_into_the_wall_but_not_through_it() -> None:
    mug = generators().load("mug")
    for taper in (0.85, 1.0, 1.15):
        made = mug(taper=taper)
        model = made.model()
        body, handle = model.parts["body"].mesh.vertices, model.parts["handle"].mesh.vertices
        axis = body[:, :2].mean(axis=0) * (0.0, 1.0) + (model.parts["body"].mesh.bounds[:, 0].mean(), 0.0)
        radius = np.linalg.norm(handle[:, :2] - axis, axis=1)
        outer = made.radius * (taper + (1.0 - taper) * (handle[:, 2] - body[:, 2].min()) / made.height)
        assert (radius > outer - 0.95 * made.wall).all()
        assert radius.min() < outer.max()
        assert ((outer - radius) > 0).sum() > 20


def test_ball_rests_in_the_bowl(tmp_path: Path) -> None:
    pb = pytest.importorskip("pybullet")
    bowl, ball = (load_model(GeneratedShape(generator=name)) for name in ("bowl", "ball"))
    world = pb.connect(pb.DIRECT)
    try:
        pb.setGravity(0, 0, -9.81, physicsClientId=world)
        bodies = []
        for k, (model, z) in enumerate(((bowl, 0.0), (ball, 0.08))):
            path = tmp_path / f"{k}.obj"
            path.write_bytes(pieces_obj(model.pieces))
            shape = pb.createCollisionShape(pb.GEOM_MESH, fileName=str(path), physicsClientId=world)
            mass = 0.0 if k == 0 else 0.05
            bodies.append(
                pb.createMultiBody(mass, shape, basePosition=(0.01 * k, 0, z), physicsClientId=world)
            )
            assert len(pb.getCollisionShapeData(bodies[-1], -1, physicsClientId=world)) == len(model.pieces)
        for _ in range(480):
            pb.stepSimulation(physicsClientId=world)
        x, y, z = pb.getBasePositionAndOrientation(bodies[1], physicsClientId=world)[0]
    finally:
        pb.disconnect(world)
    floor = bowl.bounds[0, 2] + 0.008
    assert np.hypot(x, y) < 0.02
    assert z == pytest.approx(floor + 0.035, abs=4e-3)


def test_wrong_parameters_are_told() -> None:
    with pytest.raises(AssetError, match="wall"):
        load_model(GeneratedShape(generator="mug", params={"wall": 0.01, "radius": 0.02}))
    with pytest.raises(AssetError, match=r"generator 'mug': radius = 9\.0"):
        load_model(GeneratedShape(generator="mug", params={"radius": 9.0}))
    with pytest.raises(AssetError, match="colour"):
        load_model(GeneratedShape(generator="mug", params={"colour": 1.0}))
    with pytest.raises(UnknownNameError, match="mug"):
        load_model(GeneratedShape(generator="mugg"))


def test_shapes_are_cached_and_recorded() -> None:
    shape = GeneratedShape(generator="mug", params={"radius": 0.041})
    assert load_model(shape) is load_model(shape.model_copy(deep=True))
    record = asset_record(shape)
    assert record.licence == "CC0-1.0" and record.id.startswith("mug:")
    assert record.sha256 == load_model(shape).digest
    assert record != asset_record(GeneratedShape(generator="mug"))


def test_imported_shape_needs_its_store(tmp_path: Path) -> None:
    shape = ImportedShape(sha256="0" * 64)
    with pytest.raises(AssetError, match="pass `store`"):
        load_model(shape)
    with pytest.raises(AssetError, match="import it again"):
        load_model(shape, tmp_path)
    with pytest.raises(ValidationError):
        ImportedShape(sha256="../../etc/passwd")
