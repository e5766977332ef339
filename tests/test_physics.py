"""Physics by formula: falls, slopes, rest, mass; the same bits every time; bad draws are rejected by name."""

from __future__ import annotations

import hashlib
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from simdata import physics
from simdata.asset import GeneratedShape, load_model
from simdata.assets.solid import box, icosphere_points, uv_sphere
from simdata.body import make_bodies
from simdata.camera import Camera, Pinhole
from simdata.errors import PhysicsError, UnsettledRejected
from simdata.geometry import Pose, quat_about
from simdata.mesh import Mesh, Model, Part
from simdata.scene import Scene
from simdata.spec import Layout, Look, Node, SceneSpec, Settling

CAMERA = Camera(name="c", lens=Pinhole.from_fov(8, 8, 1.0), pose=Pose())
BALL_RADIUS = 0.05


def corners(size: tuple[float, float, float], center: tuple[float, float, float] = (0, 0, 0)) -> np.ndarray:
    signs = np.stack(np.meshgrid(*[(-0.5, 0.5)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return signs * size + center


def tray_pieces(outer: float, height: float, wall: float, sides: int) -> tuple[np.ndarray, ...]:
    """A round tray: a floor of one piece and a wall of `sides` wedges."""
    turn = np.linspace(0, 2 * math.pi, sides + 1)
    ring = np.stack([np.cos(turn), np.sin(turn)], -1)
    floor = [(*(outer * point), z) for point in ring[:-1] for z in (0, wall)]
    wedges = [
        np.array(
            [(*(r * ring[k + j]), z) for j in (0, 1) for r in (outer - wall, outer) for z in (0, height)]
        )
        for k in range(sides)
    ]
    return (np.array(floor), *wedges)


def model_of(shape: GeneratedShape, store: Path | None = None) -> Model:
    """Shapes of this file: their closed forms are known, whatever the generators do."""
    params = shape.params
    if shape.generator == "ball":
        points = icosphere_points(2) * BALL_RADIUS
        return Model({"body": Part(uv_sphere(BALL_RADIUS), (points,))})
    if shape.generator == "tray":
        mesh: Mesh = box((0.2, 0.2, 0.06), center=(0, 0, 0.03))
        return Model({"body": Part(mesh, tray_pieces(0.1, 0.06, 0.01, int(params["sides"])))})
    size = tuple(float(params[axis]) for axis in "xyz")
    return Model({"body": Part(box(size), (corners(size),))})


@pytest.fixture(autouse=True)
def own_shapes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simdata.body.load_model", model_of)


def block(
    name: str, size: tuple[float, float, float], at: tuple[float, float, float], **fields: object
) -> Node:
    shape = GeneratedShape(generator="box", params=dict(zip("xyz", size, strict=True)))
    pose = Pose(position=at, quat_xyzw=fields.pop("quat", (0, 0, 0, 1)))
    return Node(name=name, shape=shape, part="body", pose=pose, **fields)


def made(name: str, generator: str, at: tuple[float, float, float], **fields: object) -> Node:
    params = {"sides": fields.pop("sides", 0)}
    shape = GeneratedShape(generator=generator, params=params)
    return Node(name=name, shape=shape, part="body", pose=Pose(position=at), **fields)


def ground(**fields: object) -> Node:
    return block("ground", (4, 4, 0.1), (0, 0, -0.05), fixed=True, **fields)


def spec_of(*nodes: Node, **settling: float) -> SceneSpec:
    layout = Layout(nodes=nodes, settling=Settling(**settling), times=settling.pop("times", (0.0,)))
    return SceneSpec(layout=layout, look=Look(), cameras=(CAMERA,))


def pile(count: int = 6) -> SceneSpec:
    boxes = [
        block(f"box_{k}", (0.1, 0.08, 0.06), (0.03 * k, 0.01 * k, 0.1 + 0.12 * k), instance=k + 1)
        for k in range(count)
    ]
    ball = made("ball", "ball", (0.4, 0, 0.1), instance=count + 1)
    return spec_of(ground(), *boxes, ball)


def digest(scene: Scene) -> str:
    return hashlib.sha256(scene.positions.tobytes() + scene.quats_xyzw.tobytes()).hexdigest()


class Trace:
    """Records every body's motion at every step of one settling."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.rows: list[list[tuple[float, float, float]]] = []
        motion, step = physics._World.motion, physics._World.step

        def stepping(world: physics._World) -> None:
            self.rows.append([])
            step(world)

        def moving(world: physics._World, index: int) -> tuple[float, float, float]:
            self.rows[-1].append(motion(world, index))
            return self.rows[-1][-1]

        monkeypatch.setattr(physics._World, "step", stepping)
        monkeypatch.setattr(physics._World, "motion", moving)

    def array(self) -> np.ndarray:
        """(steps, bodies, 3): speed, spin, height."""
        return np.array(self.rows)


def test_free_fall_covers_half_g_t_squared(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace(monkeypatch)
    with pytest.raises(UnsettledRejected):
        physics.settle(spec_of(block("box", (0.1, 0.1, 0.1), (0, 0, 10), instance=1), limit=0.5))
    fallen = 10 - trace.array()[-1, 0, 2]
    # Semi-implicit Euler after n steps has covered g dt^2 n (n + 1) / 2.
    dt, n = Settling().step, len(trace.rows)
    assert fallen == pytest.approx(9.81 * dt**2 * n * (n + 1) / 2, rel=1e-6)
    assert fallen == pytest.approx(9.81 * 0.5**2 / 2, rel=0.02)


def test_box_rests_at_half_its_height() -> None:
    scene = physics.settle(spec_of(ground(), block("box", (0.1, 0.1, 0.16), (0, 0, 0.2), instance=1)))
    assert scene.positions[0, 1] == pytest.approx([0, 0, 0.08], abs=1e-3)
    assert abs(scene.quats_xyzw[0, 1, 3]) == pytest.approx(1, abs=1e-4)
    assert 0 < scene.settled_after < 2


def test_ball_rolls_down_a_slope_at_five_sevenths_g_sine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(physics, "ROLLING_FRICTION", 0.0)
    angle = math.radians(15)
    quat = tuple(quat_about((0, 1, 0), angle))
    normal = np.array([math.sin(angle), 0, math.cos(angle)])
    slope = block("slope", (20, 1, 0.1), tuple(-0.05 * normal), quat=quat, fixed=True, friction=1.0)
    ball = made("ball", "ball", tuple((BALL_RADIUS + physics.MARGIN) * normal), instance=1, friction=1.0)
    trace = Trace(monkeypatch)
    with pytest.raises(UnsettledRejected):
        physics.settle(spec_of(slope, ball, limit=1.0, floor=-10))
    speed = trace.array()[:, 0, 0]
    dt = Settling().step
    acceleration = (speed[-1] - speed[len(speed) // 3]) / (dt * (len(speed) - 1 - len(speed) // 3))
    assert acceleration == pytest.approx(5 / 7 * 9.81 * math.sin(angle), rel=0.005)


def test_ball_stops_on_a_level_table() -> None:
    slope = tuple(quat_about((0, 1, 0), 0.1))
    ramp = block("ramp", (0.3, 0.3, 0.02), (-0.15, 0, 0.01), quat=slope, fixed=True)
    scene = physics.settle(
        spec_of(ground(), ramp, made("ball", "ball", (-0.2, 0, 0.1), instance=1), limit=20)
    )
    assert scene.positions[0, 2, 0] > 0.1
    assert scene.positions[0, 2, 2] == pytest.approx(BALL_RADIUS, abs=1e-3)


def test_energy_never_grows_on_a_plain_drop(monkeypatch: pytest.MonkeyPatch) -> None:
    trace = Trace(monkeypatch)
    physics.settle(spec_of(ground(), made("ball", "ball", (0, 0, 0.5), instance=1)))
    speed, spin, height = trace.array()[:, 0].T
    inertia = 0.4 * BALL_RADIUS**2
    energy = 9.81 * height + speed**2 / 2 + inertia * spin**2 / 2
    rises = np.diff(energy)
    assert rises[rises > 0].sum() < 9.81 * 4e-3  # pushed out of the floor, which it hit at 25 mm a step
    landed = int(np.argmax(speed)) + 1
    assert np.diff(speed[landed:]).max() < 1e-3


def test_mass_and_inertia_of_a_box_are_the_closed_form() -> None:
    size = np.array([0.1, 0.2, 0.3])
    node = block(
        "box", tuple(size), (1, 2, 3), instance=1, density=700, quat=tuple(quat_about((1, 2, 3), 0.7))
    )
    (body,) = make_bodies((node,))
    mass = 700 * size.prod()
    assert body.mass == pytest.approx(mass, rel=1e-9)
    assert body.inertia == pytest.approx(mass / 12 * ((size**2).sum() - size**2), rel=1e-9)
    np.testing.assert_allclose(body.world_from_body, node.pose.matrix(), atol=1e-12)


def test_welded_boxes_weigh_what_their_union_does() -> None:
    turned = tuple(quat_about((0, 0, 1), math.pi / 2))
    left = block("left", (0.2, 0.2, 0.2), (-0.1, 0, 1), instance=1)
    right = block("right", (0.2, 0.2, 0.2), (0.1, 0, 1), instance=1, quat=turned)
    (body,) = make_bodies((left, right))
    whole = np.array([0.4, 0.2, 0.2])
    mass = 1000 * whole.prod()
    assert body.mass == pytest.approx(mass)
    assert body.inertia == pytest.approx(mass / 12 * ((whole**2).sum() - whole**2))
    assert body.world_from_body[:3, 3] == pytest.approx([0, 0, 1])
    for index, node in enumerate((left, right)):
        np.testing.assert_allclose(
            body.world_from_body @ body.body_from_nodes[index], node.pose.matrix(), atol=1e-12
        )


def test_welded_nodes_keep_their_places_to_each_other() -> None:
    heavy = block("heavy", (0.1, 0.1, 0.1), (0, 0, 0.2), instance=1, density=4000)
    light = block("light", (0.05, 0.1, 0.1), (0.075, 0.02, 0.23), instance=1, density=300)
    scene = physics.settle(spec_of(ground(), heavy, light))
    start, end = (heavy.pose.matrix(), light.pose.matrix()), scene.world_from_nodes(0.0)[1:]
    before, after = np.linalg.inv(start[0]) @ start[1], np.linalg.inv(end[0]) @ end[1]
    np.testing.assert_allclose(after, before, atol=1e-6)
    assert scene.positions[0, 1, 2] < 0.1


def test_compound_of_many_pieces_stays_whole_and_holds_a_ball() -> None:
    tray = made("tray", "tray", (0, 0, 0.05), instance=1, sides=30)
    scene = physics.settle(spec_of(ground(), tray, made("ball", "ball", (0.01, 0, 0.2), instance=2)))
    assert np.hypot(*scene.positions[0, 2, :2]) < 0.05  # inside the wall …
    assert scene.positions[0, 2, 2] == pytest.approx(0.01 + BALL_RADIUS, abs=1.5e-3)  # … on the floor


def test_generated_ball_rests_in_a_generated_bowl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("simdata.body.load_model", load_model)
    shapes = {name: GeneratedShape(generator=name) for name in ("bowl", "ball", "plane")}
    bowl, ball = (load_model(shapes[name]) for name in ("bowl", "ball"))
    height, radius = float(np.ptp(bowl.bounds[:, 2])), float(np.ptp(ball.bounds[:, 2])) / 2
    scene = physics.settle(
        spec_of(
            Node(
                name="floor",
                shape=shapes["plane"],
                part="body",
                pose=Pose(position=(0, 0, -0.05)),
                fixed=True,
            ),
            Node(
                name="bowl", shape=shapes["bowl"], part="body", instance=1, pose=Pose(position=(0, 0, height))
            ),
            Node(
                name="ball",
                shape=shapes["ball"],
                part="body",
                instance=2,
                pose=Pose(position=(0.02, 0, 1.6 * height + radius)),
            ),
        )
    )
    _, bowl_at, ball_at = scene.positions[0]
    assert bowl_at[2] == pytest.approx(height / 2, abs=1.5e-3)
    assert np.hypot(*(ball_at - bowl_at)[:2]) < 0.02
    assert radius < ball_at[2] < height + radius - 0.01  # off the floor, yet below the rim


def test_lost_pieces_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    write = physics.pieces_obj
    monkeypatch.setattr(physics, "pieces_obj", lambda pieces: write(pieces[:30]))
    with pytest.raises(PhysicsError, match="30 of the 31 collision pieces of node 'tray'"):
        physics.settle(spec_of(ground(), made("tray", "tray", (0, 0, 0.05), instance=1, sides=30)))


def test_same_bits_again_after_other_scenes_and_in_another_process() -> None:
    first = digest(physics.settle(pile()))
    physics.settle(spec_of(ground(), made("tray", "tray", (0, 0, 0.1), instance=1, sides=20)))
    assert digest(physics.settle(pile())) == first
    code = (
        "import simdata.body, tests.test_physics as t; simdata.body.load_model = t.model_of; "
        "print(t.digest(t.physics.settle(t.pile())))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert first in done.stdout


def test_look_and_cameras_do_not_reach_physics() -> None:
    spec = pile()
    other = spec.model_copy(update={"look": Look(ambient=0.9)})
    assert digest(physics.settle(spec)) == digest(physics.settle(other))


def test_fallen_object_is_rejected_by_name() -> None:
    spec = spec_of(ground(), block("box", (0.1, 0.1, 0.1), (3, 0, 0.3), instance=1))
    with pytest.raises(
        UnsettledRejected, match=r"'box' fell to z = -0\.\d+ m, below settling.floor = 0 m"
    ) as told:
        physics.settle(spec)
    assert told.value.reason == "fell"


def test_restless_object_is_rejected_with_its_speed() -> None:
    spec = spec_of(ground(), made("ball", "ball", (0, 0, 1.0), instance=1), limit=0.3)
    with pytest.raises(
        UnsettledRejected, match=r"'ball' still moves at 2\.9 m/s \(limit 0\.01\).* 0\.3 s"
    ) as told:
        physics.settle(spec)
    assert told.value.reason == "restless"


def test_objects_inside_each_other_are_rejected_before_they_explode() -> None:
    boxes = [block(f"box_{k}", (0.1, 0.1, 0.1), (0.02 * k, 0, 0.2), instance=k + 1) for k in range(2)]
    with pytest.raises(UnsettledRejected, match=r"'box_0' is .* mm inside 'box_1' before") as told:
        physics.settle(spec_of(ground(), *boxes))
    assert told.value.reason == "overlapping"


def test_explosions_are_rejected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(physics, "MAX_OVERLAP", math.inf)
    monkeypatch.setattr(physics._World, "motion", lambda world, index: (math.nan, 0.0, 1.0))
    boxes = [block(f"box_{k}", (0.1, 0.1, 0.1), (0, 0, 0.2), instance=k + 1) for k in range(2)]
    with pytest.raises(UnsettledRejected) as told:
        physics.settle(spec_of(ground(), *boxes))
    assert told.value.reason == "exploded"


def test_standing_layout_needs_no_pybullet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pybullet", None)
    physics.load_pybullet.cache_clear()
    still = spec_of(ground(), block("box", (0.1, 0.1, 0.1), (0, 0, 5), fixed=True))
    assert physics.settle(still).positions[0, 1].tolist() == [0, 0, 5]
    with pytest.raises(PhysicsError, match="pip install"):
        physics.settle(spec_of(ground(), block("box", (0.1, 0.1, 0.1), (0, 0, 1), instance=1)))


def test_pybullet_without_numpy_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    physics.load_pybullet.cache_clear()
    bullet = pytest.importorskip("pybullet")
    monkeypatch.setattr(bullet, "isNumpyEnabled", lambda: 0)
    with pytest.raises(PhysicsError, match="no-build-isolation"):
        physics.load_pybullet()
