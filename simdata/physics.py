"""Let things come to rest: every PyBullet simulation lives here.

A layout becomes a fresh world of rigid bodies; it runs until everything is still, or the draw is rejected.
Limits are in simulated time, so a slow machine changes nothing. PyBullet is imported when something has to
move; a layout that only stands needs none.
"""

from __future__ import annotations

import hashlib
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from simdata.body import Body, make_bodies
from simdata.errors import PhysicsError, UnsettledRejected
from simdata.geometry import matrix_from_pose, quat_from_matrix, transform
from simdata.mesh import Array, pieces_obj
from simdata.scene import Scene, start_scene
from simdata.spec import Layout, SceneSpec, Settling

# Solver passes a step. With 20, light things (forks, books) trembled on for ever in one scene of five.
ITERATIONS = 50
# Share of a penetration that is undone in a step. More of it makes thin things hop.
PUSH_OUT = 0.1
# Skin around every hull, m. Bullet's default of 1 mm leaves a visible gap of 2 mm under everything.
MARGIN = 1e-4
# Contacts start at this distance, m. Below 1 cm, thin walls let things through at the default step.
CONTACT_DISTANCE = 0.02
# Rolling and spinning resistance, m; times the other body's friction, that is 2 mm on a table: a soft ball's.
# Without it a ball on a level table rolls for ever.
ROLLING_FRICTION = 4e-3
# Bodies that start, or end, deeper inside each other than this, m, are no picture of anything.
MAX_OVERLAP = 0.01
# A body farther than this from the origin, m, was blown away.
FAR = 1e3


def settle(spec: SceneSpec, *, store: Path | None = None) -> Scene:
    """Simulate `spec.layout` until it is at rest.

    Nodes of one instance (> 0) are one rigid body; a node of instance 0 is a body of its own; a body with a
    fixed node never moves. Every instant of `times` shows the resting pose: nothing moves on its own yet.

    Raises:
        UnsettledRejected: reason "overlapping", "exploded", "fell" or "restless".
        PhysicsError: PyBullet is missing, or built another body than was asked for.
    """
    layout = spec.layout
    bodies = make_bodies(layout.nodes, store)
    if not any(body.mass for body in bodies):
        return start_scene(spec)
    bodies = _within_reach(bodies, layout.settling.floor)
    with _world(load_pybullet(), layout) as world:
        ids = world.add(bodies)
        movers = [_Mover(body, index) for body, index in zip(bodies, ids, strict=True) if body.mass]
        after = _run(world, movers, layout)
        return _resting_scene(spec, world, movers, after)


@contextmanager
def _banner_off() -> Iterator[None]:
    """Keep PyBullet's build time off the screen: native code writes it, straight to the descriptor."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


@lru_cache(maxsize=1)
def load_pybullet() -> Any:
    """Import PyBullet.

    Raises:
        PhysicsError: it is missing, or was built without NumPy.
    """
    try:
        with _banner_off():
            import pybullet as bullet
    except ImportError as error:
        raise PhysicsError(
            f"PyBullet cannot be imported ({error}); try: pip install 'pybullet>=3.2.7' on Python 3.11 or "
            "older (wheels are for Linux x86_64 only), or use stored scenes, which need no physics"
        ) from error
    if not bullet.isNumpyEnabled():
        raise PhysicsError(
            "this PyBullet was built without NumPy, so pictures would come as tuples, very slowly; install "
            "NumPy, then pip install --no-build-isolation --no-binary pybullet --force-reinstall pybullet"
        )
    return bullet


@dataclass(frozen=True, eq=False)
class _Mover:
    """A body that moves and its id in the simulator."""

    body: Body
    id: int


@lru_cache(maxsize=1)
def _connection(bullet: Any) -> int:
    """Open the one simulator of this process. Opening one a scene would keep 0.05 MB of each."""
    client = bullet.connect(bullet.DIRECT)
    if client < 0:
        raise PhysicsError(
            "PyBullet gave no DIRECT connection; a process holds at most 1024: close some renderers"
        )
    return int(client)


@contextmanager
def _world(bullet: Any, layout: Layout) -> Iterator[_World]:
    """Open a fresh world: the one place where the simulator is set up.

    Everything that bears on the result is said, none of it left to defaults; the contact distance even
    outlives a reset. `deterministicOverlappingPairs` makes the order of contacts a function of the bodies
    alone. Files are not cached, because texts of other scenes would pile up. Friction is a cone: in its
    pyramid, Bullet leaves out spinning friction. Bodies do not sleep: Bullet waits 2 s for that, longer than
    a scene takes to come to rest.
    """
    client = _connection(bullet)
    bullet.resetSimulation(physicsClientId=client)
    bullet.setPhysicsEngineParameter(
        fixedTimeStep=layout.settling.step,
        numSubSteps=0,
        numSolverIterations=ITERATIONS,
        solverResidualThreshold=1e-7,
        useSplitImpulse=1,
        splitImpulsePenetrationThreshold=-0.004,
        contactBreakingThreshold=CONTACT_DISTANCE,
        contactSlop=1e-5,
        erp=PUSH_OUT,
        contactERP=PUSH_OUT,
        frictionERP=0.2,
        enableConeFriction=1,
        restitutionVelocityThreshold=0.2,
        deterministicOverlappingPairs=1,
        enableFileCaching=0,
        physicsClientId=client,
    )
    bullet.setGravity(*layout.gravity, physicsClientId=client)
    with tempfile.TemporaryDirectory(prefix="simdata-physics-") as folder:
        yield _World(bullet, client, Path(folder), {})


@dataclass(frozen=True, eq=False)
class _World:
    """A simulator and the collision shapes it holds, by content."""

    bullet: Any
    client: int
    folder: Path
    shapes: dict[str, int]

    def add(self, bodies: Sequence[Body]) -> list[int]:
        """Create bodies and check that PyBullet holds what was asked for. Returns their ids.

        Raises:
            PhysicsError: it holds something else.
        """
        ids = [self._add(body) for body in bodies]
        for body, index in zip(bodies, ids, strict=True):
            self._check(body, index)
        return ids

    def _add(self, body: Body) -> int:
        frame = body.world_from_body
        index = self.bullet.createMultiBody(
            baseMass=body.mass,
            baseCollisionShapeIndex=self._shape(body),
            basePosition=frame[:3, 3].tolist(),
            baseOrientation=quat_from_matrix(frame[:3, :3]).tolist(),
            physicsClientId=self.client,
        )
        if index < 0:
            raise PhysicsError(f"PyBullet made no body for node {body.name!r}; check its collision pieces")
        self.bullet.changeDynamics(
            index,
            -1,
            lateralFriction=body.friction,
            rollingFriction=ROLLING_FRICTION if body.mass else 0.0,
            spinningFriction=ROLLING_FRICTION if body.mass else 0.0,
            restitution=body.restitution,
            linearDamping=0.0,
            angularDamping=0.0,
            collisionMargin=MARGIN,
            physicsClientId=self.client,
            **({"localInertiaDiagonal": body.inertia.tolist()} if body.mass else {}),
        )
        return int(index)

    def _shape(self, body: Body) -> int:
        """Return the compound of a body's hulls, as a grouped OBJ: arrays are cut at 16 shapes, silently."""
        if body.ball:
            sphere = self.bullet.createCollisionShape(
                self.bullet.GEOM_SPHERE, radius=body.ball, physicsClientId=self.client
            )
            return int(sphere)
        text = pieces_obj(body.pieces)
        key = hashlib.sha256(text).hexdigest()
        if key not in self.shapes:
            path = self.folder / f"{key[:32]}.obj"
            path.write_bytes(text)
            self.shapes[key] = self._load(path, body.name)
        return self.shapes[key]

    def _load(self, path: Path, name: str) -> int:
        try:
            shape = self.bullet.createCollisionShape(
                self.bullet.GEOM_MESH, fileName=str(path), physicsClientId=self.client
            )
        except self.bullet.error as error:
            raise PhysicsError(f"PyBullet refused the collision pieces of node {name!r}: {error}") from error
        return int(shape)

    def _check(self, body: Body, index: int) -> None:
        """Compare a body with what was asked for: number of shapes, mass, inertia, pose."""
        shapes = len(self.bullet.getCollisionShapeData(index, -1, physicsClientId=self.client))
        if shapes != (1 if body.ball else len(body.pieces)):
            raise PhysicsError(
                f"PyBullet holds {shapes} of the {len(body.pieces)} collision pieces of node {body.name!r}; "
                "use fewer pieces"
            )
        told = self.bullet.getDynamicsInfo(index, -1, physicsClientId=self.client)
        got = np.array([told[0], *(told[2] if body.mass else (0.0, 0.0, 0.0)), *self.pose(index)[:3, 3]])
        asked = np.array([body.mass, *body.inertia, *body.world_from_body[:3, 3]])
        if not np.allclose(got, asked, rtol=1e-9, atol=1e-12):
            raise PhysicsError(
                f"PyBullet holds (mass, inertia, place) {got.tolist()} for node {body.name!r}, "
                f"not {asked.tolist()}"
            )

    def pose(self, index: int) -> Array:
        """Return world_from_body (4, 4) as it is now."""
        position, quat = self.bullet.getBasePositionAndOrientation(index, physicsClientId=self.client)
        quat = np.asarray(quat) / np.linalg.norm(quat)
        return matrix_from_pose(np.asarray(position), quat)

    def step(self) -> None:
        self.bullet.stepSimulation(physicsClientId=self.client)

    def motion(self, index: int) -> tuple[float, float, float]:
        """Return speed m/s, spin rad/s and height m of a body's centre of mass."""
        linear, angular = self.bullet.getBaseVelocity(index, physicsClientId=self.client)
        position, _ = self.bullet.getBasePositionAndOrientation(index, physicsClientId=self.client)
        wild = not all(abs(x) < FAR for x in position)
        return math.inf if wild else math.hypot(*linear), math.hypot(*angular), position[2]

    def overlap(self) -> tuple[float, int, int]:
        """Return the deepest penetration, m, and the ids of the two bodies."""
        points = self.bullet.getContactPoints(physicsClientId=self.client)
        return max(((-point[8], point[1], point[2]) for point in points), default=(0.0, -1, -1))


def _within_reach(bodies: Sequence[Body], floor: float) -> list[Body]:
    """Leave out the fixed bodies that nothing can touch: all below what the lowest object may reach.

    An object whose centre is at the floor is rejected, so nothing gets lower than its own size below that.
    """
    movers = [np.concatenate(body.pieces) for body in bodies if body.mass]
    lowest = floor - max(np.linalg.norm(points, axis=1).max() for points in movers) - CONTACT_DISTANCE
    return [body for body in bodies if body.mass or _top(body) > lowest]


def _top(body: Body) -> float:
    """Return the height of a body's highest point at the start, m."""
    return float(transform(body.world_from_body, np.concatenate(body.pieces))[:, 2].max())


def _run(world: _World, movers: Sequence[_Mover], layout: Layout) -> float:
    """Step until every body was slow for `hold`. Returns the simulated seconds.

    Raises:
        UnsettledRejected: see `settle`.
    """
    settling = layout.settling
    bound = _fastest(movers, layout)
    world.bullet.performCollisionDetection(physicsClientId=world.client)
    _check_overlap(world, movers, "before it is let go")
    held = math.ceil(settling.hold / settling.step - 1e-9)
    quiet = 0
    motions: list[tuple[float, float, float]] = []
    for step in range(1, math.ceil(settling.limit / settling.step - 1e-9) + 1):
        world.step()
        motions = [world.motion(mover.id) for mover in movers]
        _check_gone(movers, motions, bound, settling)
        still = all(speed < settling.speed and spin < settling.spin for speed, spin, _ in motions)
        quiet = quiet + 1 if still else 0
        if quiet > held:
            _check_overlap(world, movers, "at rest")
            return step * settling.step
    raise _restless(movers, motions, settling)


def _fastest(movers: Sequence[_Mover], layout: Layout) -> float:
    """Return a speed, m/s, that no fall of this layout reaches: twice that of its deepest one."""
    top = max(float(mover.body.world_from_body[2, 3]) for mover in movers)
    drop = max(top - layout.settling.floor, 0.0)
    longest_fall = math.hypot(*layout.gravity) * layout.settling.limit
    return 1.0 + 2.0 * min(math.sqrt(2 * math.hypot(*layout.gravity) * drop), longest_fall)


def _check_gone(
    movers: Sequence[_Mover], motions: Sequence[tuple[float, float, float]], bound: float, settling: Settling
) -> None:
    for mover, (speed, _, height) in zip(movers, motions, strict=True):
        if not speed < bound:  # also true for nan
            raise UnsettledRejected(
                f"Node {mover.body.name!r} was thrown at {speed:.3g} m/s, which no fall here reaches "
                f"(limit {bound:.3g} m/s). Start objects farther apart.",
                reason="exploded",
            )
        if height < settling.floor:
            raise UnsettledRejected(
                f"Node {mover.body.name!r} fell to z = {height:.3f} m, below settling.floor = "
                f"{settling.floor:g} m. Place objects farther from the edge, or use fewer.",
                reason="fell",
            )


def _check_overlap(world: _World, movers: Sequence[_Mover], when: str) -> None:
    depth, *pair = world.overlap()
    if depth > MAX_OVERLAP:
        names = {mover.id: mover.body.name for mover in movers}
        first, second = (names.get(index, "the scenery") for index in pair)
        raise UnsettledRejected(
            f"Node {first!r} is {1000 * depth:.1f} mm inside {second!r} {when} "
            f"(limit {1000 * MAX_OVERLAP:g} mm). Start objects farther apart, or check their pieces.",
            reason="overlapping",
        )


def _restless(
    movers: Sequence[_Mover], motions: Sequence[tuple[float, float, float]], settling: Settling
) -> UnsettledRejected:
    """Name the liveliest body, measured against the limits."""
    ranked = zip(movers, motions, strict=True)
    mover, (speed, spin, _) = max(
        ranked, key=lambda m: max(m[1][0] / settling.speed, m[1][1] / settling.spin)
    )
    return UnsettledRejected(
        f"Node {mover.body.name!r} still moves at {speed:.2g} m/s (limit {settling.speed:g}) and {spin:.2g} "
        f"rad/s (limit {settling.spin:g}) after {settling.limit:g} s. Raise settling.limit, lower the drop, "
        "or check its collision pieces.",
        reason="restless",
    )


def _resting_scene(spec: SceneSpec, world: _World, movers: Sequence[_Mover], after: float) -> Scene:
    """Read the poses back into the nodes' own frames; what never moved keeps its pose to the bit."""
    scene = start_scene(spec)
    positions, quats = scene.positions.copy(), scene.quats_xyzw.copy()
    for mover in movers:
        nodes = list(mover.body.nodes)
        world_from_nodes = world.pose(mover.id) @ mover.body.body_from_nodes
        positions[:, nodes] = world_from_nodes[:, :3, 3]
        quats[:, nodes] = [quat_from_matrix(matrix[:3, :3]) for matrix in world_from_nodes]
    return Scene(spec, scene.times, positions, quats, settled_after=after)
