"""The asset gate: good files come out whole, bad ones become one line, and nothing crashes or hangs."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from simdata.asset import ImportedShape, asset_record, load_model, surface_finish, texture_path
from simdata.asset_gate import GateLimits, MeshRequest, box_mapped, import_mesh, import_meshes
from simdata.assets.solid import box, uv_sphere
from simdata.errors import AssetError
from simdata.mesh import Mesh, is_watertight, obj_text, pieces_obj, volume
from simdata.scenes.tabletop import _own_material


def stl(mesh: Mesh) -> bytes:
    corners = mesh.vertices[mesh.faces].astype("<f4")
    record = np.zeros(len(corners), dtype=[("n", "<f4", 3), ("v", "<f4", (3, 3)), ("a", "<u2")])
    record["v"] = corners
    return bytes(80) + struct.pack("<I", len(corners)) + record.tobytes()


def request(path: Path, scale: float = 1.0) -> MeshRequest:
    return MeshRequest(path=str(path), scale=scale, category="thing")


def fault(path: Path, store: Path, **options: object) -> str:
    with pytest.raises(AssetError) as caught:
        import_mesh(path, store=store, category="thing", **({"scale": 1.0} | options))  # type: ignore[arg-type]
    told = str(caught.value)
    assert "\n" not in told and path.name in told
    return told


def test_good_files_come_out_whole(tmp_path: Path) -> None:
    import trimesh

    mesh = box((0.1, 0.2, 0.3))
    plain = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    for name, content in {"a.obj": obj_text(mesh), "a.stl": stl(mesh)}.items():
        (tmp_path / name).write_bytes(content)
    for name in ("b.ply", "b.glb", "b.stl"):
        plain.export(tmp_path / name)
    (tmp_path / "c.gltf").write_bytes(_gltf(mesh))
    paths = [tmp_path / name for name in ("a.obj", "a.stl", "b.ply", "b.glb", "b.stl", "c.gltf")]
    for path, shape in zip(
        paths, import_meshes([request(p) for p in paths], store=tmp_path / "s"), strict=True
    ):
        assert isinstance(shape, ImportedShape), (path, shape)
        model = load_model(shape, tmp_path / "s")
        body = model.parts["body"]
        # glTF is y up: its z is our height.
        size = (0.1, 0.3, 0.2) if path.suffix in (".glb", ".gltf") else (0.1, 0.2, 0.3)
        assert np.ptp(model.bounds, axis=0) == pytest.approx(size, abs=1e-6), path
        assert is_watertight(body.mesh) and len(body.pieces) == 1
        assert volume(body.mesh) == pytest.approx(0.006, rel=1e-5)


def _gltf(mesh: Mesh) -> bytes:
    import base64

    points, index = mesh.vertices.astype("<f4").tobytes(), mesh.faces.astype("<u4").tobytes()
    uri = "data:application/octet-stream;base64," + base64.b64encode(points + index).decode()
    low, high = mesh.bounds.astype("<f4").tolist()
    tree = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0}, "indices": 1}]}],
        "buffers": [{"uri": uri, "byteLength": len(points + index)}],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": len(points)},
            {"buffer": 0, "byteOffset": len(points), "byteLength": len(index)},
        ],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": 5126,
                "count": len(mesh.vertices),
                "type": "VEC3",
                "min": low,
                "max": high,
            },
            {"bufferView": 1, "componentType": 5125, "count": mesh.faces.size, "type": "SCALAR"},
        ],
    }
    return json.dumps(tree).encode()


def test_the_store_is_named_by_content(tmp_path: Path) -> None:
    path = tmp_path / "a.obj"
    path.write_bytes(obj_text(uv_sphere(50.0)))
    shapes = [
        import_mesh(path, store=tmp_path / name, scale=0.001, category="ball", licence="CC0-1.0")
        for name in "st"
    ]
    assert shapes[0] == shapes[1]
    name = f"{shapes[0].sha256}.npz"
    assert (tmp_path / "s" / name).read_bytes() == (tmp_path / "t" / name).read_bytes()
    record = asset_record(shapes[0], tmp_path / "s")
    assert record.licence == "CC0-1.0" and record.source == "a.obj"
    other = import_mesh(path, store=tmp_path / "s", scale=0.001, category="ball", licence="MIT")
    assert other != shapes[0]
    (tmp_path / "s" / f"{other.sha256}.npz").write_bytes(b"changed")
    with pytest.raises(AssetError, match="has changed"):
        load_model(other, tmp_path / "s")


def test_faults_are_one_line(tmp_path: Path) -> None:
    store, path = tmp_path / "s", tmp_path / "a.obj"
    assert "no such file" in fault(tmp_path / "none.obj", store)
    path.write_bytes(b"")
    assert "0 bytes" in fault(path, store)
    path.write_bytes(b"%PDF-1.7 not a mesh")
    assert "none of obj" in fault(path, store)
    path.write_bytes(obj_text(box((1, 1, 1))))
    assert "millimetres" in fault(path, store, scale=1000.0)
    assert "below 0.001 m" in fault(path, store, scale=1e-6)
    assert "scale must be above 0" in fault(path, store, scale=0.0)
    assert "at most 4" in fault(path, store, limits=GateLimits(faces=4))
    assert "at most 100" in fault(path, store, limits=GateLimits(file_bytes=100))
    path.write_bytes(b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 900\n")
    fault(path, store)
    path.write_bytes(b"v 0 0 0\nv nan 0 0\nv 0 inf 0\nf 1 2 3\n")
    fault(path, store)
    path.write_bytes(b"ply\nformat ascii 1.0\nelement vertex 99999999999\nproperty float x\nend_header\n")
    assert "99999999999 vertices" in fault(path, store)
    assert not list(store.glob("*"))


def test_references_stay_in_the_folder(tmp_path: Path) -> None:
    from PIL import Image

    folder, store = tmp_path / "in", tmp_path / "s"
    folder.mkdir()
    Image.new("RGB", (4, 4), (200, 30, 30)).save(tmp_path / "secret.png")
    (folder / "link.png").symlink_to(tmp_path / "secret.png")
    absolute = str(tmp_path / "secret.png")
    body = obj_text(box((0.1, 0.1, 0.1))).decode()
    names = [
        "../secret.png",
        absolute,
        "link.png",
        "%2e%2e/secret.png",
        "..\\secret.png",
        "http://x.test/a.png",
        "no.png",
    ]
    requests = []
    for k, name in enumerate(names):
        (folder / f"{k}.mtl").write_text(f"newmtl m\nmap_Kd {name}\n")
        (folder / f"{k}.obj").write_text(f"mtllib {k}.mtl\nusemtl m\n{body}")
        requests.append(request(folder / f"{k}.obj"))
    (folder / "up.obj").write_text(f"mtllib ../up.mtl\nusemtl m\n{body}")
    requests.append(request(folder / "up.obj"))
    for asked, result in zip([*names, "../up.mtl"], import_meshes(requests, store=store), strict=True):
        assert isinstance(result, AssetError), asked
        assert "outside its folder" in str(result) or "missing" in str(result)
    assert not list(store.glob("*"))


def test_pictures_are_limited_and_written_anew(tmp_path: Path) -> None:
    from PIL import Image

    body = obj_text(box((0.1, 0.1, 0.1))).decode()
    (tmp_path / "a.mtl").write_text("newmtl m\nmap_Kd a.png\n")
    path = tmp_path / "a.obj"
    path.write_text(f"mtllib a.mtl\nusemtl m\n{body}")
    Image.new("RGB", (8, 8), (200, 30, 30)).save(tmp_path / "a.png")
    shape = import_mesh(path, store=tmp_path / "s", scale=1.0, category="box")
    picture = texture_path(shape, tmp_path / "s")
    assert picture is not None
    with Image.open(picture) as kept:
        assert kept.format == "PNG" and kept.getpixel((3, 3)) == (200, 30, 30)
    Image.new("L", (8000, 8000)).save(tmp_path / "a.png")
    fault(path, tmp_path / "s")
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png", format="TIFF")
    fault(path, tmp_path / "s")
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n damaged")
    fault(path, tmp_path / "s")


def test_a_dead_or_slow_child_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.obj"
    path.write_bytes(obj_text(uv_sphere(0.1)))
    assert "took longer" in fault(path, tmp_path / "s", limits=GateLimits(wall_seconds=0.05))
    told = fault(path, tmp_path / "s", limits=GateLimits(memory_bytes=2**20))
    assert "died" in told or "needs more than" in told


def _mutated(rng: np.random.Generator, content: bytes, binary: bool) -> bytes:
    data = bytearray(content)
    kind = rng.integers(4)
    if kind == 0:
        return bytes(data[: rng.integers(1, len(data))])
    if kind == 1:
        for at in rng.integers(0, len(data), 20):
            data[at] = rng.integers(256)
    elif binary:
        data[80:84] = struct.pack("<I", int(rng.integers(2**32)))
    else:
        data += f"f 1 2 {rng.integers(10**4, 10**12)}\nf -9999 1 2\n".encode()
    return bytes(data)


def test_sixty_damaged_files(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    mesh, store = uv_sphere(0.1, 12, 8), tmp_path / "s"
    requests = []
    for k in range(60):
        path = tmp_path / f"{k}.{'stl' if k % 2 else 'obj'}"
        path.write_bytes(_mutated(rng, stl(mesh) if k % 2 else obj_text(mesh), bool(k % 2)))
        requests.append(request(path))
    results = import_meshes(requests, store=store, limits=GateLimits(wall_seconds=40.0))
    for result in results:
        if isinstance(result, ImportedShape):
            assert pieces_obj(load_model(result, store).pieces)  # a Mesh checks itself on creation
        else:
            assert "\n" not in str(result)
    assert 5 < sum(isinstance(result, AssetError) for result in results) < 60


def test_pybullet_loads_what_comes_out(tmp_path: Path) -> None:
    pb = pytest.importorskip("pybullet")
    data = Path(pytest.importorskip("pybullet_data").getDataPath())
    paths = [
        data / name for name in ("duck.obj", "soccerball.obj", "objects/mug.obj", "teddy2_VHACD_CHs.obj")
    ]
    results = import_meshes([request(path, 0.1) for path in paths], store=tmp_path)
    world = pb.connect(pb.DIRECT)
    try:
        for path, shape in zip(paths, results, strict=True):
            assert isinstance(shape, ImportedShape), shape
            model = load_model(shape, tmp_path)
            target = tmp_path / f"{path.stem}.obj"  # PyBullet caches files by name
            target.write_bytes(pieces_obj(model.pieces))
            made = pb.createCollisionShape(pb.GEOM_MESH, fileName=str(target), physicsClientId=world)
            body = pb.createMultiBody(1.0, made, physicsClientId=world)
            assert len(pb.getCollisionShapeData(body, -1, physicsClientId=world)) == len(model.pieces), path
            assert asset_record(shape, tmp_path).licence == "unknown"
        assert texture_path(results[0], tmp_path) is not None  # type: ignore[arg-type]
    finally:
        pb.disconnect(world)


def metric(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return the ways (F, 3, 2) in which u and v grow across each face, 1/m, and its normal (F, 3)."""
    corners, uvs = mesh.vertices[mesh.faces], mesh.uvs[mesh.faces]
    edges = corners[:, 1:] - corners[:, :1]
    ways = np.linalg.pinv(edges) @ (uvs[:, 1:] - uvs[:, :1])
    normals = np.cross(edges[:, 0], edges[:, 1])
    return ways, normals / np.linalg.norm(normals, axis=1, keepdims=True)


def bare(tmp_path: Path, mesh: Mesh) -> Mesh:
    """Return a mesh as it comes out of the gate when its file says nothing of texture coordinates."""
    path = tmp_path / "a.stl"
    path.write_bytes(stl(mesh))
    shape = import_mesh(path, store=tmp_path / "s", scale=0.5, category="thing")
    return load_model(shape, tmp_path / "s").parts["body"].mesh


def test_a_box_without_texture_coordinates_is_mapped_in_metres(tmp_path: Path) -> None:
    """On each side u and v are at right angles, a metre a unit, unmirrored, and upright on the walls."""
    mesh = bare(tmp_path, box((0.2, 0.4, 0.6)))
    ways, normals = metric(mesh)
    assert np.allclose(ways.swapaxes(1, 2) @ ways, np.eye(2), atol=1e-5)
    assert np.allclose(np.cross(ways[..., 0], ways[..., 1]), normals, atol=1e-5)
    walls = np.abs(normals[:, 2]) < 0.5
    assert walls.sum() == 8 and np.allclose(ways[walls][..., 1], (0, 0, 1), atol=1e-5)
    assert len(mesh.vertices) == 24 and np.ptp(mesh.uvs[:, 1]) == pytest.approx(0.3, abs=1e-6)


def test_a_ball_without_texture_coordinates_has_seams_between_six_sides_alone(tmp_path: Path) -> None:
    mesh = bare(tmp_path, uv_sphere(0.2))
    ways, normals = metric(mesh)
    side = np.argmax(np.abs(normals), axis=1)
    along = np.eye(3)[side] * np.sign(np.take_along_axis(normals, side[:, None], 1))
    # Pressed on along an axis: nothing varies along it, and across it a unit is a metre.
    spans = np.linalg.norm(ways, axis=1)
    assert (spans > np.sqrt(1 / 3) - 0.01).all() and (spans < 1 + 1e-6).all()
    facing = np.einsum("fi,fi->f", np.cross(ways[..., 0], ways[..., 1]), normals)
    assert np.allclose(facing, np.einsum("fi,fi->f", along, normals), atol=1e-4)
    assert is_watertight(mesh) and volume(mesh) > 0
    assert (
        np.allclose(np.linalg.norm(mesh.normals, axis=1), 1)
        and (mesh.vertices * mesh.normals).sum(1).min() > 0
    )
    # A point has as many vertices as sides meet there, and no more: shading stays smooth across seams.
    places, of = np.unique(np.round(mesh.vertices, 7), axis=0, return_inverse=True)
    names = 2 * side + (along.sum(1) < 0)
    pairs = np.unique(np.column_stack([of.ravel()[mesh.faces].ravel(), np.repeat(names, 3)]), axis=0)
    assert len(places) < len(mesh.vertices) == len(pairs)


def test_mapping_is_the_same_each_time_and_keeps_what_a_file_says(tmp_path: Path) -> None:
    mesh = uv_sphere(0.2)
    assert box_mapped(mesh).digest == box_mapped(mesh).digest
    path = tmp_path / "own.obj"
    path.write_bytes(obj_text(mesh))
    shape = import_mesh(path, store=tmp_path / "s", scale=1.0, category="thing")
    own = load_model(shape, tmp_path / "s").parts["body"].mesh
    assert np.ptp(own.uvs, axis=0) == pytest.approx(np.ptp(mesh.uvs, axis=0), abs=1e-5)


@pytest.mark.parametrize(
    ("factors", "expected"),
    [
        ({"roughnessFactor": 0.25, "metallicFactor": 0.9}, (0.25, 0.9)),
        ({"roughnessFactor": 0.25, "metallicFactor": 0.0}, (0.25, 0.0)),
        ({}, (1.0, 1.0)),  # as glTF has it
        ({"roughnessFactor": 0.5, "metallicRoughnessTexture": (0, 204, 51)}, (0.4, 0.2)),
        (None, (0.6, 0.0)),
    ],
)
def test_what_a_glb_is_made_of_reaches_the_scene(
    tmp_path: Path, factors: dict | None, expected: tuple
) -> None:
    import trimesh
    from PIL import Image

    mesh = box((0.1, 0.2, 0.3))
    whole = trimesh.Trimesh(mesh.vertices, mesh.faces, process=False)
    if factors is not None:
        maps = {k: Image.new("RGB", (4, 4), v) for k, v in factors.items() if k.endswith("Texture")}
        color = Image.new("RGB", (4, 4), (200, 30, 60))
        material = trimesh.visual.material.PBRMaterial(**factors | maps, baseColorTexture=color)
        whole.visual = trimesh.visual.TextureVisuals(uv=mesh.uvs, material=material)
    whole.export(tmp_path / "a.glb")
    shape = import_mesh(tmp_path / "a.glb", store=tmp_path / "s", scale=1.0, category="thing")
    material = _own_material(shape, tmp_path / "s")
    assert (material.roughness, material.metallic) == pytest.approx(expected, abs=1e-6)
    assert (material.texture is not None) == (factors is not None)
    again = import_mesh(tmp_path / "a.glb", store=tmp_path / "s", scale=1.0, category="thing")
    assert again == shape


def test_several_materials_are_one_by_their_area_and_obj_shines(tmp_path: Path) -> None:
    import trimesh

    scene = trimesh.Scene()
    for name, side, rough in (("small", 0.1, 0.2), ("large", 0.2, 0.7)):
        mesh = box(
            (side, side, side),
        )
        material = trimesh.visual.material.PBRMaterial(roughnessFactor=rough, metallicFactor=0.0)
        visual = trimesh.visual.TextureVisuals(uv=mesh.uvs, material=material)
        scene.add_geometry(trimesh.Trimesh(mesh.vertices, mesh.faces, visual=visual, process=False), name)
    scene.export(tmp_path / "a.glb")
    shape = import_mesh(tmp_path / "a.glb", store=tmp_path / "s", scale=1.0, category="thing")
    assert surface_finish(shape, tmp_path / "s") == pytest.approx((0.2 * 0.2 + 0.8 * 0.7, 0.0))
    (tmp_path / "b.mtl").write_text("newmtl shiny\nKd 0.5 0.5 0.5\nNs 198\n")
    faces = obj_text(box((0.1, 0.1, 0.1))).decode()
    (tmp_path / "b.obj").write_text("mtllib b.mtl\nusemtl shiny\n" + faces)
    shape = import_mesh(tmp_path / "b.obj", store=tmp_path / "s", scale=1.0, category="thing")
    assert surface_finish(shape, tmp_path / "s") == pytest.approx((0.01**0.25, 0.0))
