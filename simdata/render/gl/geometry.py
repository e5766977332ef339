"""A layout's meshes on the device: each once, however many nodes show it, all drawn by one call."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

import moderngl
import numpy as np

from simdata.mesh import Mesh
from simdata.render.gl.program import Program

# Name in the shaders -> its format, and what steps over it where a shader does not want it.
VERTEX = {"in_position": ("3f4", "12x"), "in_normal": ("3f4", "12x"), "in_uv": ("2f4", "8x")}


class Packed:
    """Meshes as the device wants them, the last used kept within a bound.

    Args:
        limit: bytes.
    """

    def __init__(self, limit: int = 64 << 20) -> None:
        self._limit, self._held = limit, 0
        self._packed: OrderedDict[str, np.ndarray] = OrderedDict()

    def vertices(self, mesh: Mesh) -> np.ndarray:
        """Return (V, 8) float32: position, normal, uv."""
        packed = self._packed.pop(mesh.digest, None)
        if packed is None:
            packed = np.hstack([mesh.vertices, mesh.normals, mesh.uvs]).astype(np.float32)
            self._held += packed.nbytes
        self._packed[mesh.digest] = packed
        while self._held > self._limit and len(self._packed) > 1:
            self._held -= self._packed.popitem(last=False)[1].nbytes
        return packed


class Geometry:
    """Vertices, indices and one draw command a node.

    Args:
        context: where it is put.
        meshes: (N) of the nodes, in order.
        packed: the cache of vertices.
    """

    def __init__(self, context: moderngl.Context, meshes: Sequence[Mesh], packed: Packed) -> None:
        self._context, self.key = context, geometry_key(meshes)
        unique = {mesh.digest: mesh for mesh in meshes}
        first_vertex, first_index, vertex, index = {}, {}, 0, 0
        for digest, mesh in unique.items():
            first_vertex[digest], first_index[digest] = vertex, index
            vertex, index = vertex + len(mesh.vertices), index + 3 * len(mesh.faces)
        # glMultiDrawElementsIndirect: count, instances, first index, base vertex, base instance (the node).
        commands = [
            (3 * len(mesh.faces), 1, first_index[mesh.digest], first_vertex[mesh.digest], node)
            for node, mesh in enumerate(meshes)
        ]
        self._commands = np.array(commands, np.uint32).reshape(-1, 5)
        self._vertices = context.buffer(_bytes([packed.vertices(mesh) for mesh in unique.values()]))
        self._indices = context.buffer(_bytes([mesh.faces.astype(np.int32) for mesh in unique.values()]))
        self._nodes = context.buffer(np.arange(max(len(meshes), 1), dtype=np.int32).tobytes())
        self._arrays: dict[Program, moderngl.VertexArray] = {}
        self._drawn = context.buffer(reserve=max(20 * len(meshes), 20))

    def draw(self, program: Program, nodes: Sequence[int] | np.ndarray) -> None:
        """Draw nodes, in this order, by one call."""
        if len(nodes):
            self._drawn.write(self._commands[np.asarray(nodes)].tobytes())
            self._array(program).render_indirect(self._drawn, count=len(nodes))

    def release(self) -> None:
        """Give the device's memory back."""
        held: tuple[Any, ...] = (
            *self._arrays.values(),
            self._vertices,
            self._indices,
            self._nodes,
            self._drawn,
        )
        for thing in held:
            thing.release()

    def _array(self, program: Program) -> moderngl.VertexArray:
        if program not in self._arrays:
            wanted = [name for name in VERTEX if name in program.compiled]
            layout = " ".join(read if name in wanted else skip for name, (read, skip) in VERTEX.items())
            self._arrays[program] = self._context.vertex_array(
                program.compiled,
                [(self._vertices, layout, *wanted), (self._nodes, "1i4/i", "in_node")],
                self._indices,
                index_element_size=4,
            )
        return self._arrays[program]


def geometry_key(meshes: Sequence[Mesh]) -> tuple[str, ...]:
    """Return what two layouts of the same meshes have in common."""
    return tuple(mesh.digest for mesh in meshes)


def _bytes(arrays: Sequence[np.ndarray]) -> bytes:
    return b"".join(array.tobytes() for array in arrays) or bytes(4)
