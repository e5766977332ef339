"""Asset references in a spec, and the models, licences and hashes behind them.

A shape is a name and numbers, so a stored spec stays small: a generator with its parameters, or the sha256
of a
mesh that the asset gate has checked and re-encoded. `load_model` turns either into geometry.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import json
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from simdata.errors import AssetError
from simdata.mesh import Mesh, Model, Part
from simdata.model import Model as Value
from simdata.model import canonical_json
from simdata.registry import Registry

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

CACHED_MODELS = 256


class GeneratedShape(Value):
    """A shape made by a generator; params are fields of its class, in metres, the rest has its default."""

    kind: Literal["generated"] = "generated"
    generator: str
    params: dict[str, float | int | str] = Field(default_factory=dict)


class ImportedShape(Value):
    """A user's mesh that passed the asset gate: sha256 of what it stored (in metres), and a factor on it."""

    kind: Literal["imported"] = "imported"
    sha256: Sha256
    scale: float = Field(default=1.0, gt=0)


Shape = Annotated[GeneratedShape | ImportedShape, Field(discriminator="kind")]


class AssetRecord(Value):
    """Where a shape comes from. licence is an SPDX id or "unknown"; sha256 is of the content."""

    id: str
    licence: str
    source: str
    sha256: Sha256


def generators() -> Registry:
    """Return the table of generators, ours and those of installed packages."""
    table = importlib.import_module("simdata.assets").GENERATORS  # by name: rooms do not import the assets
    return Registry("generator", table, "simdata.generators")


def load_model(shape: GeneratedShape | ImportedShape, store: Path | None = None) -> Model:
    """Return the geometry of a shape: parts in metres about the centre of their bounding box.

    store: the folder the asset gate wrote to, needed for imported shapes.
    Raises AssetError for parameters out of bounds, or a stored mesh that is missing or not what its name
    says.
    """
    if isinstance(shape, GeneratedShape):
        return _generated(shape.generator, canonical_json(shape.params))
    return _imported(shape.sha256, shape.scale, _store(shape, store))


def asset_record(shape: GeneratedShape | ImportedShape, store: Path | None = None) -> AssetRecord:
    """Return id, licence, source and content hash of a shape."""
    if isinstance(shape, ImportedShape):
        notes = _notes(_store(shape, store), shape.sha256)
        licence, source = str(notes.get("licence", "unknown")), str(notes.get("source", "unknown"))
        return AssetRecord(
            id=f"imported:{shape.sha256[:12]}", licence=licence, source=source, sha256=shape.sha256
        )
    target = generators().target(shape.generator)
    ours = "CC0-1.0" if target.startswith("simdata.assets.") else "unknown"
    licence = getattr(generators().load(shape.generator), "licence", ours)
    parameters = hashlib.sha256(canonical_json(shape.params).encode()).hexdigest()
    content = load_model(shape).digest
    return AssetRecord(
        id=f"{shape.generator}:{parameters[:12]}", licence=licence, source=target, sha256=content
    )


def texture_path(shape: ImportedShape, store: Path) -> Path | None:
    """Return the PNG with the base colour of an imported shape, or None when it has none."""
    path = Path(store) / f"{shape.sha256}.png"
    return path if path.is_file() else None


def has_surface_map(shape: ImportedShape, store: Path) -> bool:
    """Tell whether an imported shape has a map of roughness, metalness and slopes beside its texture."""
    return (Path(store) / f"{shape.sha256}.surface.png").is_file()


def base_color(shape: ImportedShape, store: Path) -> tuple[float, float, float]:
    """Return the linear base colour (red, green, blue) of an imported shape, 0 to 1."""
    red, green, blue = _notes(Path(store), shape.sha256).get("base_color", (0.8, 0.8, 0.8))
    return float(red), float(green), float(blue)


def surface_finish(shape: ImportedShape, store: Path) -> tuple[float, float]:
    """Return roughness and metallic of an imported shape, 0 to 1."""
    notes = _notes(Path(store), shape.sha256)
    return float(notes.get("roughness", 0.6)), float(notes.get("metallic", 0.0))


def encode_part(part: Part, look: bytes = b"") -> bytes:
    """Return a part as npz: the same bytes for the same part and look (of which it keeps the hash)."""
    sizes = np.array([len(piece) for piece in part.pieces], dtype="<i4")
    mesh = part.mesh
    target = io.BytesIO()
    np.savez(
        target,
        vertices=mesh.vertices.astype("<f8"),
        faces=mesh.faces.astype("<i4"),
        normals=mesh.normals.astype("<f8"),
        uvs=mesh.uvs.astype("<f8"),
        pieces=np.concatenate(part.pieces).astype("<f8"),
        piece_sizes=sizes,
        look_sha256=np.frombuffer(hashlib.sha256(look).digest(), dtype=np.uint8),
    )
    return target.getvalue()


def decode_part(content: bytes) -> Part:
    """Return the part that `encode_part` wrote. Raises AssetError when it is not one."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            mesh = Mesh(arrays["vertices"], arrays["faces"], arrays["normals"], arrays["uvs"])
            ends = np.cumsum(arrays["piece_sizes"])[:-1]
            return Part(mesh, tuple(np.split(arrays["pieces"], ends)))
    except (KeyError, ValueError, OSError, EOFError) as error:
        raise AssetError(f"stored mesh cannot be read ({error}): import it again") from error


@lru_cache(maxsize=CACHED_MODELS)
def _generated(name: str, params: str) -> Model:
    generator = generators().load(name)
    try:
        made: Any = generator(**json.loads(params))
    except ValidationError as error:
        faults = "; ".join(_fault(dict(fault)) for fault in error.errors())
        raise AssetError(f"generator {name!r}: {faults}") from None
    model: Model = made.model()
    return model


@lru_cache(maxsize=CACHED_MODELS)
def _imported(sha256: str, scale: float, store: Path) -> Model:
    path = store / f"{sha256}.npz"
    if not path.is_file():
        raise AssetError(
            f"no imported mesh {sha256[:12]}… in {store}: import it again, or point to its store"
        )
    content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != sha256:
        raise AssetError(
            f"{path} has changed (sha256 {found[:12]}…, expected {sha256[:12]}…): import it again"
        )
    return Model({"body": decode_part(content).transformed(scale)})


def _store(shape: ImportedShape, store: Path | None) -> Path:
    if store is None:
        raise AssetError(
            f"imported mesh {shape.sha256[:12]}… needs the folder it was imported to: pass `store`"
        )
    return Path(store)


def _notes(store: Path, sha256: str) -> dict[str, Any]:
    path = store / f"{sha256}.json"
    if not path.is_file():
        raise AssetError(f"no record of imported mesh {sha256[:12]}… in {store}: import it again")
    notes: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return notes


def _fault(fault: dict[str, Any]) -> str:
    where = ".".join(str(step) for step in fault["loc"])
    told = str(fault["msg"]).removeprefix("Value error, ")
    return f"{where} = {fault['input']!r}: {told}" if where else told
