"""Meshes: checks on creation, closed-form mass, shading, OBJ text."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from simdata.assets.solid import box, extrude, fillet, loft, revolve, rounded_rectangle, sweep, uv_sphere
from simdata.errors import AssetError
from simdata.mesh import (
    Mesh,
    Model,
    Part,
    centered,
    convex_hull,
    crease,
    is_watertight,
    merged,
    obj_text,
    pieces_obj,
    volume,
)

TETRAHEDRON = ([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 2, 1], [0, 1, 3], [1, 2, 3], [0, 3, 2]])


def tetrahedron() -> Mesh:
    return crease(*TETRAHEDRON, np.zeros((4, 2)))


def part(mesh: Mesh) -> Part:
    return Part(mesh, (mesh.vertices,))


def test_mesh_is_read_only_and_typed() -> None:
    mesh = tetrahedron()
    assert mesh.vertices.dtype == np.float64 and mesh.faces.dtype == np.int32
    for array in (mesh.vertices, mesh.faces, mesh.normals, mesh.uvs, mesh.bounds):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"vertices": np.zeros((3, 2))}, r"\(n, 3\)"),
        ({"vertices": np.full((12, 3), np.nan)}, "finite"),
        ({"faces": np.array([[0, 1, 99]])}, "0 to 11"),
        ({"faces": np.array([[0, 1, -1]])}, "-1"),
        ({"faces": np.array([[0.0, 1.0, 2.0]])}, "integers"),
        ({"normals": np.full((12, 3), 2.0)}, "length 1"),
        ({"uvs": np.zeros((3, 2))}, "one uv"),
    ],
)
def test_mesh_refuses_what_does_not_fit(change: dict, word: str) -> None:
    mesh = tetrahedron()
    fields = {name: getattr(mesh, name) for name in ("vertices", "faces", "normals", "uvs")}
    with pytest.raises(AssetError, match=word):
        Mesh(**(fields | change))


def test_digest_follows_content() -> None:
    assert tetrahedron().digest == tetrahedron().digest
    assert tetrahedron().digest != tetrahedron().transformed(1.0, (0, 0, 1e-9)).digest


def test_box_mass_is_that_of_the_book() -> None:
    a, b, c = 0.1, 0.2, 0.3
    got = Model({"body": part(box((a, b, c), center=(1.0, 2.0, 3.0)))}).mass_properties(500.0)
    assert got.mass == pytest.approx(3.0)
    assert got.center_of_mass == pytest.approx([1.0, 2.0, 3.0])
    expected = np.diag([b * b + c * c, a * a + c * c, a * a + b * b]) * 3.0 / 12.0
    assert got.inertia == pytest.approx(expected, abs=1e-12)


def test_sphere_mass_approaches_that_of_the_book() -> None:
    got = centered({"body": part(uv_sphere(0.1, 192, 96))}).mass_properties(1000.0)
    assert got.mass == pytest.approx(4.0 / 3.0 * np.pi, rel=2e-3)
    assert got.inertia == pytest.approx(np.eye(3) * 0.4 * got.mass * 0.01, rel=2e-3, abs=1e-8)


def test_mass_adds_up_over_parts() -> None:
    halves = {
        "low": part(box((1, 1, 1), center=(0, 0, -0.5))),
        "high": part(box((1, 1, 1), center=(0, 0, 0.5))),
    }
    two, one = Model(halves).mass_properties(1.0), Model({"a": part(box((1, 1, 2)))}).mass_properties(1.0)
    assert two.mass == pytest.approx(one.mass)
    assert two.inertia == pytest.approx(one.inertia, abs=1e-12)


def test_open_or_inverted_meshes_are_told() -> None:
    mesh = box((1, 1, 1))
    assert is_watertight(mesh)
    assert not is_watertight(Mesh(mesh.vertices, mesh.faces[:-1], mesh.normals, mesh.uvs))
    inverted = Mesh(mesh.vertices, mesh.faces[:, ::-1], -mesh.normals, mesh.uvs)
    assert volume(inverted) == pytest.approx(-1.0)
    with pytest.raises(AssetError, match="outward"):
        Model({"body": part(inverted)}).mass_properties(1.0)


def test_an_open_mesh_weighs_what_its_pieces_weigh() -> None:
    mesh = box((1, 1, 1))
    sheet = Mesh(mesh.vertices, mesh.faces[:2], mesh.normals, mesh.uvs)
    assert Model({"body": Part(sheet, (mesh.vertices,))}).mass_properties(2.0).mass == pytest.approx(2.0)


def test_crease_keeps_edges_hard_and_curves_smooth() -> None:
    sharp, round_ = box((1, 1, 1)), uv_sphere(1.0)
    assert len(sharp.vertices) == 24
    assert np.abs(sharp.normals).max(axis=1) == pytest.approx(np.ones(24))
    assert np.einsum("ij,ij->i", round_.normals, round_.vertices).min() > 0.999


def test_crease_drops_faces_without_area() -> None:
    points, faces = TETRAHEDRON
    assert len(crease(points, [*faces, [0, 0, 1]], np.zeros((4, 2))).faces) == 4
    with pytest.raises(AssetError, match="area"):
        crease(points, [[0, 0, 1]], np.zeros((4, 2)))


@pytest.mark.parametrize(
    ("mesh", "expected"),
    [
        (box((0.1, 0.2, 0.3), 0.02, 4), None),
        (revolve([(0, 0), (1, 0), (1, 2), (0, 2)], 256), 2.0 * np.pi),
        (revolve([(1, 0), (2, 0), (2, 1), (1, 1)], 256, closed=True), 3.0 * np.pi),
        (extrude(rounded_rectangle(2.0, 1.0, 0.0), 3.0), 6.0),
        (extrude(rounded_rectangle(2.0, 1.0, 0.2), 1.0, 0.1), None),
        (sweep([(0, 0, 0), (0, 0, 1), (0, 0, 2)], (0.5, 1.0), segments=256), np.pi),
        (sweep(np.column_stack([np.linspace(0, 1, 9)] + [np.zeros(9)] * 2), 0.1, tips=(0.1, 0.05)), None),
    ],
)
def test_solids_are_closed_and_have_their_volume(mesh: Mesh, expected: float | None) -> None:
    assert is_watertight(mesh)
    assert volume(mesh) > 0
    if expected is not None:
        assert volume(mesh) == pytest.approx(expected, rel=1e-3)


def test_solids_refuse_what_cannot_be() -> None:
    with pytest.raises(AssetError, match="bevel"):
        box((1, 1, 1), 0.6)
    with pytest.raises(AssetError, match="radius"):
        revolve([(0, 0), (-1, 1)])
    with pytest.raises(AssetError, match="counter-clockwise"):
        extrude(rounded_rectangle(1, 1, 0.1)[::-1], 1.0)


def test_fillet_stays_within_the_corner() -> None:
    line = fillet([(0, 0), (1, 0), (1, 1)], 0.25, 8)
    arc = line[1:-1]
    assert np.hypot(arc[:, 0] - 0.75, arc[:, 1] - 0.25) == pytest.approx(np.full(len(arc), 0.25))


def test_model_is_centered_with_its_pieces_and_survives_pickling() -> None:
    model = centered(
        {"a": part(box((1, 1, 1), center=(5, 0, 0))), "b": part(box((1, 1, 1), center=(7, 0, 0)))}
    )
    assert model.bounds.mean(axis=0) == pytest.approx(np.zeros(3))
    assert model.pieces[0].mean(axis=0) == pytest.approx([-1.0, 0.0, 0.0])
    copy = pickle.loads(pickle.dumps(model))
    assert list(copy.parts) == ["a", "b"] and copy.digest == model.digest
    with pytest.raises(TypeError):
        model.parts["c"] = model.parts["a"]  # type: ignore[index]


def test_transformed_scales_normals_by_the_inverse() -> None:
    flat = uv_sphere(1.0).transformed((1.0, 1.0, 0.5))
    true = flat.vertices / (1.0, 1.0, 0.25)
    true /= np.linalg.norm(true, axis=1, keepdims=True)
    assert np.einsum("ij,ij->i", flat.normals, true).min() > 0.99
    with pytest.raises(AssetError, match="mirror"):
        flat.transformed(-1.0)


def test_obj_text_reads_back() -> None:
    import io

    import trimesh

    mesh = merged([tetrahedron(), tetrahedron().transformed(1.0, (3, 0, 0))])
    back = trimesh.load_mesh(io.BytesIO(obj_text(mesh)), file_type="obj", process=False)
    assert len(back.faces) == 8
    assert back.volume == pytest.approx(volume(mesh))


def test_pieces_are_groups_with_outward_faces() -> None:
    cube = box((1, 1, 1)).vertices
    text = pieces_obj([cube, cube + 5.0]).decode()
    assert [row for row in text.splitlines() if row.startswith("o ")] == ["o piece_0", "o piece_1"]
    assert text.count("\nv ") == 16
    corners, faces = convex_hull(cube)
    assert volume(crease(corners, faces, np.zeros((8, 2)))) == pytest.approx(1.0)
    with pytest.raises(AssetError, match="flat"):
        pieces_obj([cube * (1, 1, 0)])


def test_loft_texture_is_even() -> None:
    square = rounded_rectangle(1.0, 1.0, 0.1)
    mesh = loft([np.column_stack([square, np.full(len(square), z)]) for z in (0.0, 1.0)])
    edges = mesh.faces[:, [0, 1]]
    on_wall = (np.abs(mesh.normals[edges][:, :, 2]) < 0.1).all(axis=1)
    a, b = edges[on_wall].T
    stretch = np.linalg.norm(mesh.uvs[a] - mesh.uvs[b], axis=1) / np.linalg.norm(
        mesh.vertices[a] - mesh.vertices[b], axis=1
    )
    assert stretch.max() / stretch.min() < 1.05
