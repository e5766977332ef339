"""Mesh files of the world, read with suspicion. Only the asset gate's child process calls this.

OBJ, STL, PLY, GLB and glTF are told apart by content, counted before they are parsed, and may refer only to
files
inside their own folder.
"""

from __future__ import annotations

import json
import re
import struct
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
from numpy.typing import NDArray

from simdata.color import decoded
from simdata.errors import AssetError

FORMATS = "obj, stl, ply, glb or gltf"
PICTURES = ("PNG", "JPEG")
PLAIN = (0.6, 0.0)  # roughness and metallic of a file that says nothing about them


@dataclass(frozen=True, eq=False)
class Loaded:
    """vertices (V,3) in the file's units, faces (F,3), uvs (V,2) or None, linear colour, picture or None.

    roughness, metallic: 0 to 1, factors; of several materials or a map of theirs, the mean.
    surface: (S,S,4) uint8, S a power of two: roughness, metallic and slopes, (channel - 128) / 127, up to 1;
    None where the file has no such maps. Occlusion, emission and a normal map's scale are not read.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    uvs: NDArray[np.float64] | None
    base_color: tuple[float, float, float]
    texture: Any
    roughness: float
    metallic: float
    surface: NDArray[np.uint8] | None
    y_up: bool


def read_mesh(path: Path, file_bytes: int, vertices: int, faces: int, pixels: int) -> Loaded:
    """Read one mesh file.

    Raises AssetError when it is missing, damaged, too large, or reaches outside its folder.
    """
    content = _content(path, file_bytes)
    kind = sniff(path, content)
    _check_counts(path, kind, content, vertices, faces)
    scene = _parsed(path, kind, content, file_bytes, pixels)
    return _plain(path, kind, scene, vertices, faces)


def sniff(path: Path, content: bytes) -> str:
    """Return "obj", "stl", "stl_ascii", "ply", "glb" or "gltf", by content."""
    if content[:4] == b"glTF":
        return "glb"
    if content[:4] in (b"ply\n", b"ply\r"):
        return "ply"
    if len(content) >= 84 and len(content) == 84 + 50 * struct.unpack("<I", content[80:84])[0]:
        return "stl"
    head = content[:4096].lstrip()
    if head[:1] == b"{" and b'"asset"' in content:
        return "gltf"
    if head[:5] == b"solid" and b"facet" in content:
        return "stl_ascii"
    if b"\0" not in content and re.search(rb"(?m)^\s*v\s", content) and re.search(rb"(?m)^\s*f\s", content):
        return "obj"
    if path.suffix.lower() == ".stl" and len(content) >= 84:
        told = struct.unpack("<I", content[80:84])[0]
        raise AssetError(
            f"{path}: STL header says {told} faces, the file holds {(len(content) - 84) // 50}: damaged"
        )
    raise AssetError(
        f"{path}: content is none of {FORMATS}: damaged or another format; export it as one of these"
    )


def check_texture(path: str | Path, size: tuple[int, int], pixels: int) -> None:
    """Raise AssetError for a picture of more than `pixels`."""
    if size[0] * size[1] > pixels:
        raise AssetError(
            f"{path}: texture of {size[0]}x{size[1]} pixels is above {pixels} pixels: make it smaller"
        )


class _Folder:
    """Gives a parser the files a mesh refers to, from the mesh's own folder only.

    It notes each refusal, because parsers tend to swallow errors about textures.
    """

    def __init__(self, path: Path, file_bytes: int) -> None:
        self.path, self.left = path, file_bytes
        self.root = path.resolve().parent
        self.faults: list[str] = []

    def get(self, name: str) -> bytes:
        try:
            return self._read(unquote(str(name).strip()))
        except AssetError as error:
            self.faults.append(str(error))
            raise

    def _read(self, name: str) -> bytes:
        outside = "://" in name or "\\" in name or "\0" in name or Path(name).is_absolute()
        target = self.root if outside else (self.root / name).resolve()
        if outside or not target.is_relative_to(self.root):
            raise AssetError(f"{self.path}: refers to {name!r} outside its folder: put it beside the mesh")
        if not target.is_file():
            raise AssetError(f"{self.path}: refers to {name!r}, which is missing: put it beside the mesh")
        self.left -= target.stat().st_size
        if self.left < 0:
            raise AssetError(
                f"{self.path}: its referred files, up to {name!r}, are too large in sum: make them smaller"
            )
        return target.read_bytes()

    __getitem__ = get

    def __contains__(self, name: str) -> bool:
        return True

    def namespaced(self, namespace: str) -> _Folder:
        return self

    def keys(self) -> list[str]:
        return []


def _content(path: Path, limit: int) -> bytes:
    if not path.is_file():
        raise AssetError(f"{path}: no such file: check the path (a mesh file, not a folder)")
    size = path.stat().st_size
    if not 0 < size <= limit:
        raise AssetError(
            f"{path}: {size} bytes, must be above 0 and at most {limit}: simplify the mesh, or export anew"
        )
    return path.read_bytes()


def _check_counts(path: Path, kind: str, content: bytes, vertices: int, faces: int) -> None:
    """Refuse counts above the limits before anything of that size exists."""
    told_vertices, told_faces = _counts(path, kind, content)
    for name, told, limit in (("vertices", told_vertices, vertices), ("faces", told_faces, faces)):
        if told > limit:
            raise AssetError(f"{path}: {told} {name}, at most {limit}: simplify the mesh")


def _counts(path: Path, kind: str, content: bytes) -> tuple[int, int]:
    if kind == "stl":
        return 0, struct.unpack("<I", content[80:84])[0]
    if kind == "stl_ascii":
        return 0, content.count(b"endfacet")
    if kind == "obj":
        return len(re.findall(rb"(?m)^\s*v\s", content)), len(re.findall(rb"(?m)^\s*f\s", content))
    if kind == "ply":
        header = content[: content.find(b"end_header")]
        told = {name: int(n[:18]) for name, n in re.findall(rb"element\s+(vertex|face)\s+(\d+)", header)}
        return told.get(b"vertex", 0), told.get(b"face", 0)
    accessors = _gltf_json(path, kind, content).get("accessors", [])
    try:
        most = max((int(accessor["count"]) for accessor in accessors), default=0)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise AssetError(f"{path}: glTF accessors are damaged ({error!r}): export it anew") from None
    return 0, most // 3


def _gltf_json(path: Path, kind: str, content: bytes) -> dict[str, Any]:
    try:
        if kind == "glb":
            length = struct.unpack("<I", content[12:16])[0]
            content = content[20 : 20 + length]
        tree = json.loads(content)
        return tree if isinstance(tree, dict) else {}
    except (ValueError, struct.error, RecursionError) as error:
        raise AssetError(f"{path}: its glTF header cannot be read ({error}): export it anew") from None


def _parsed(path: Path, kind: str, content: bytes, file_bytes: int, pixels: int) -> Any:
    """Let trimesh parse; whatever goes wrong inside becomes an AssetError."""
    import io

    import trimesh
    from PIL import Image

    folder = _Folder(path, file_bytes)
    resolver: Any = folder
    original = Image.open
    # The parser opens pictures itself: it gets a reader that knows the limits and notes each refusal.
    Image.open = partial(_picture, original, folder, pixels)
    try:
        # No merging or repair: faces keep the indices of the file.
        scene = trimesh.load_scene(io.BytesIO(content), file_type=kind, resolver=resolver, process=False)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - a parser fed with damaged bytes may raise anything
        if not folder.faults:
            reason = str(error).splitlines()[0][:120] if str(error) else ""
            raise AssetError(
                f"{path}: cannot be read as {kind} ({type(error).__name__}: {reason}): export it anew"
            ) from None
    finally:
        Image.open = original
    if folder.faults:
        raise AssetError(folder.faults[0])
    return scene


def _picture(original: Any, folder: _Folder, pixels: int, source: Any, *_: Any, **__: Any) -> Any:
    """Open and decode a PNG or JPEG of at most `pixels`; what fails is noted in the folder."""
    try:
        picture = original(source, formats=PICTURES)
        check_texture(folder.path, picture.size, pixels)
        picture.load()
        return picture
    except AssetError as error:
        folder.faults.append(str(error))
        raise
    except Exception as error:  # a decoder fed with damaged bytes may raise anything
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        folder.faults.append(
            f"{folder.path}: its texture is no {' or '.join(PICTURES)} ({reason}): export it anew"
        )
        raise


def _plain(path: Path, kind: str, scene: Any, vertices: int, faces: int) -> Loaded:
    """Return one list of triangles, checked."""
    placed = [scene.geometry[name] for _, name in (scene.graph[n] for n in scene.graph.nodes_geometry)]
    meshes = [mesh for mesh in placed if hasattr(mesh, "faces")]
    if not meshes or not sum(len(mesh.faces) for mesh in meshes):
        raise AssetError(f"{path}: holds no faces: export a surface, not points or lines")
    for mesh in meshes:
        index = np.asarray(mesh.faces)
        if index.min() < 0 or index.max() >= len(mesh.vertices):
            told = f"{index.min()} to {index.max()}, it has {len(mesh.vertices)} vertices"
            raise AssetError(f"{path}: faces name vertices {told}: damaged; export it anew")
    total = sum(len(mesh.vertices) for mesh in meshes), sum(len(mesh.faces) for mesh in meshes)
    # A parser splits vertices at seams, three for each face at most.
    if total[0] > 3 * max(vertices, faces) or total[1] > faces:
        raise AssetError(f"{path}: {total[1]} faces in all its copies, at most {faces}: simplify the mesh")
    try:
        _settle(meshes)
        whole = scene.to_geometry() if len(meshes) > 1 else _placed(scene)
        points, index = np.array(whole.vertices, dtype=np.float64), np.array(whole.faces, dtype=np.int64)
        (color, picture), uvs = _look(whole), _uvs(whole)
        (roughness, metallic), surface = _finish(meshes), _surface(whole)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - materials of damaged files may be anything
        raise AssetError(
            f"{path}: its materials cannot be read ({type(error).__name__}): export it anew"
        ) from None
    if not np.isfinite(points).all() or np.abs(points).max() > 1e12:
        bad = int((~np.isfinite(points)).any(axis=1).sum())
        raise AssetError(
            f"{path}: {bad} vertices are not finite, or one is beyond 1e12: damaged; export it anew"
        )
    return Loaded(points, index, uvs, color, picture, roughness, metallic, surface, kind in ("glb", "gltf"))


def _placed(scene: Any) -> Any:
    node = scene.graph.nodes_geometry[0]
    transform, name = scene.graph[node]
    mesh = scene.geometry[name].copy()
    mesh.apply_transform(transform)
    return mesh


def _uvs(mesh: Any) -> NDArray[np.float64] | None:
    """Return texture coordinates (V,2); None where the file has none, or the same everywhere."""
    told = getattr(mesh.visual, "uv", None)
    uvs = np.zeros((len(mesh.vertices), 2)) if told is None else np.asarray(told, dtype=np.float64)[:, :2]
    good = len(uvs) == len(mesh.vertices) and np.isfinite(uvs).all() and np.ptp(uvs, axis=0).any()
    return uvs if good else None


def _look(mesh: Any) -> tuple[tuple[float, float, float], Any]:
    """Return linear base colour, and picture or None.

    Source: glTF 2.0 specification, 3.9.2: a base colour's factor is linear, and white where it is missing.
    """
    visual = mesh.visual
    material: Any = getattr(visual, "material", None)
    picture = getattr(material, "baseColorTexture", None) or getattr(material, "image", None)
    if hasattr(material, "baseColorFactor"):
        factor = material.baseColorFactor
        linear = _unit((255,) * 3 if factor is None else factor)
    else:
        tint = getattr(material, "main_color", None)
        if tint is None:
            tint = getattr(visual, "main_color", None)
        srgb = _unit((204,) * 3 if tint is None else tint)
        linear = decoded(srgb)
    return (float(linear[0]), float(linear[1]), float(linear[2])), picture


def _unit(color: Any) -> NDArray[np.float64]:
    """Return the first three of bytes as shares."""
    return np.clip(np.nan_to_num(np.asarray(color, dtype=np.float64)[:3] / 255.0, nan=0.8), 0.0, 1.0)


def _settle(meshes: list[Any]) -> None:
    """Put factors into maps, and give every material a normal map where one has: so they can share a picture.

    The parser's own way of joining materials forgets a factor of a map's metallic, and all normal maps.
    """
    from PIL import Image

    materials: list[Any] = [getattr(mesh.visual, "material", None) for mesh in meshes]
    found = {id(one): one for one in materials if hasattr(one, "metallicRoughnessTexture")}.values()
    bumpy = any(material.normalTexture is not None for material in found)
    for material in found:
        factors = _told(material)
        if material.metallicRoughnessTexture is not None:
            scaled = np.asarray(material.metallicRoughnessTexture.convert("RGB")) * np.array((1.0, *factors))
            material.metallicRoughnessTexture = Image.fromarray(np.rint(scaled).astype(np.uint8))
            factors = (1.0, 1.0)
        material.roughnessFactor, material.metallicFactor = factors
        if bumpy and material.normalTexture is None:
            material.normalTexture = Image.new("RGB", (1, 1), (128, 128, 255))


def _surface(mesh: Any) -> NDArray[np.uint8] | None:
    """Return what maps say about roughness, metallic and slopes.

    Source: glTF 2.0 specification, 3.9.3: x of a normal is red and grows with u, y is green and grows upwards
    in the picture, as our v does. A relief rises by -x / z along u.
    """
    material = getattr(mesh.visual, "material", None)
    finish, normals = (
        getattr(material, name, None) for name in ("metallicRoughnessTexture", "normalTexture")
    )
    maps = [picture for picture in (finish, normals) if picture is not None]
    if not maps:
        return None
    side = 1 << (max(max(picture.size) for picture in maps) - 1).bit_length()
    told = np.array(_factors(material)) if finish is None else _fitted(_channels(finish)[..., 1:] / 255, side)
    slopes = np.zeros(2)
    if normals is not None:
        normal = (_channels(normals) - 128) / 127
        slopes = _fitted(-normal[..., :2] / np.maximum(normal[..., 2:], 0.1), side)
    surface = np.empty((side, side, 4), np.uint8)
    surface[..., :2] = np.rint(255 * told)
    surface[..., 2:] = np.rint(128 + 127 * np.clip(slopes, -1, 1))
    return surface


def _channels(picture: Any) -> NDArray[Any]:
    return np.asarray(picture.convert("RGB"), dtype=np.float32)


def _fitted(values: NDArray[Any], side: int) -> NDArray[Any]:
    """Return (H,W,n) as (side,side,n)."""
    import cv2

    return cv2.resize(values, (side, side), interpolation=cv2.INTER_LINEAR)  # it only ever grows


def _told(material: Any) -> tuple[float, float]:
    """Return the factors of roughness and metallic; one that is missing is 1."""
    told = (material.roughnessFactor, material.metallicFactor)
    roughness, metallic = (1.0 if factor is None else min(max(float(factor), 0.0), 1.0) for factor in told)
    return roughness, metallic


def _finish(meshes: list[Any]) -> tuple[float, float]:
    """Return roughness and metallic, 0 to 1: the mean over the area of all meshes."""
    found = np.array([_factors(getattr(mesh.visual, "material", None)) for mesh in meshes])
    areas = np.nan_to_num([mesh.area for mesh in meshes], posinf=0.0)
    mean = np.average(found, axis=0, weights=areas) if areas.sum() > 0 else found.mean(0)
    roughness, metallic = np.clip(np.nan_to_num(mean, nan=0.5), 0.0, 1.0)
    return float(roughness), float(metallic)


def _factors(material: Any) -> tuple[float, float]:
    """Return roughness and metallic of one material.

    Source: glTF 2.0 specification, 3.9.2: a factor that is missing is 1, and a map has roughness in its green
    channel and metallic in its blue. OBJ has a Phong exponent n: alpha^2 = 2 / (n + 2) as for Blinn's
    highlights (Walter et al. 2007), and alpha = roughness^2. A file without one is read as n = 1.
    """
    if hasattr(material, "roughnessFactor"):
        roughness, metallic = _told(material)
        if material.metallicRoughnessTexture is not None:
            _, green, blue = np.asarray(material.metallicRoughnessTexture.convert("RGB")).mean((0, 1)) / 255
            return roughness * green, metallic * blue
        return roughness, metallic
    exponent = float(getattr(material, "glossiness", None) or 1.0)
    return PLAIN if exponent == 1.0 else ((2 / (exponent + 2)) ** 0.25, PLAIN[1])
