"""Contrast and transmittance in closed form, and the policy for what is faint."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from sample_dataset import make_config, make_dataset
from sample_scene import camera, floor, scene_of, thing
from test_check import edit, rules

from simdata.annotate.contrast import GAP, RING, Contrast
from simdata.check import check_dataset
from simdata.check.contrast import lab
from simdata.config import LabelConfig
from simdata.frame import Frame
from simdata.geometry import Pose
from simdata.lens import KannalaBrandt
from simdata.render.flat import FlatRenderer
from simdata.scene import Scene
from simdata.spec import Haze

HEIGHT, WIDTH = 80, 100


def lightness(level: int) -> float:
    """Return L* of a grey level. Source: CIE 15 and IEC 61966-2-1."""
    v = level / 255
    y = v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4
    return 116 * y ** (1 / 3) - 16 if y > 216 / 24389 else y * 24389 / 27


def frame_of(ids: np.ndarray, rgb: np.ndarray) -> tuple[Frame, Scene]:
    """Make a frame of hand-made ids (H, W), 1 and 2 being two objects."""
    nodes = [*thing("sphere", 1, Pose(), radius=0.1), *thing("sphere", 2, Pose(), radius=0.1)]
    view = camera(ids.shape[1], ids.shape[0])
    depth = np.where(ids > 0, 2.0, np.inf).astype(np.float32)
    layers = {"rgb": rgb.astype(np.uint8), "node_ids": ids.astype(np.int32), "depth": depth}
    return Frame(view, 0.0, layers), scene_of(nodes, view)


def contrasts(ids: np.ndarray, rgb: np.ndarray) -> dict[int, Any]:
    labels = Contrast()(*frame_of(ids, rgb), ())
    return {instance: fields["contrast"] for instance, fields in labels.instances.items()}


def disk(radius: float = 15, middle: tuple[float, float] = (40, 50)) -> np.ndarray:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.hypot(y - middle[0], x - middle[1]) <= radius


@pytest.mark.parametrize(("inside", "outside"), [(128, 128), (100, 140), (0, 255), (30, 33)])
def test_a_grey_disk_on_a_grey_card_differs_by_its_lightness(inside: int, outside: int) -> None:
    rgb = np.where(disk()[..., None], inside, outside).repeat(3, -1)
    expected = abs(lightness(inside) - lightness(outside))
    assert contrasts(disk(), rgb)[1] == pytest.approx(expected, abs=0.2)


def test_colours_of_one_lightness_differ() -> None:
    rgb = np.full((HEIGHT, WIDTH, 3), (119, 119, 119))
    rgb[disk()] = (200, 80, 98)  # about as light
    assert contrasts(disk(), rgb)[1] > 40


def test_only_a_ring_about_it_counts() -> None:
    rgb = np.full((HEIGHT, WIDTH, 3), 100)
    near = disk(15 + GAP + RING + 3)
    rgb[~near] = 255
    beside = disk(15 + GAP - 0.5) & ~disk()
    rgb[beside] = 255  # of both: left out
    assert contrasts(disk(), rgb)[1] < 0.7
    rgb[near] = 200
    assert contrasts(disk(), rgb)[1] == pytest.approx(0, abs=0.7)


def test_a_surround_brighter_here_and_darker_there_does_not_cancel_out() -> None:
    rgb = np.full((HEIGHT, WIDTH, 3), 60)
    rgb[:, 50:] = 200
    rgb[disk()] = 130
    mean = (abs(lightness(130) - lightness(60)) + abs(lightness(200) - lightness(130))) / 2
    assert contrasts(disk(), rgb)[1] == pytest.approx(mean, rel=0.1)


def test_another_object_is_surround_and_edges_of_the_image_are_none() -> None:
    ids = np.zeros((HEIGHT, WIDTH), int)
    ids[:, :50], ids[:, 50:] = 1, 2
    rgb = np.where(ids[..., None] == 1, 90, 180).repeat(3, -1)
    expected = lightness(180) - lightness(90)
    assert contrasts(ids, rgb) == {1: pytest.approx(expected, abs=0.2), 2: pytest.approx(expected, abs=0.2)}
    assert contrasts(np.ones((HEIGHT, WIDTH), int), rgb) == {1: None}


def test_noise_hides_nothing_and_makes_little_of_nothing() -> None:
    noise = np.random.default_rng(0).normal(0, 12, (HEIGHT, WIDTH, 1))
    even = np.clip(128 + noise.repeat(3, -1), 0, 255)
    assert contrasts(disk(), even)[1] < 1.5
    apart = np.clip(np.where(disk()[..., None], 100, 140) + noise, 0, 255).repeat(3, -1)
    assert contrasts(disk(), apart)[1] == pytest.approx(lightness(140) - lightness(100), abs=1.5)


@pytest.mark.parametrize("lens", [None, KannalaBrandt.from_fov(80, 60, 2.4)], ids=["pinhole", "fisheye"])
def test_transmittance_is_that_of_the_way_to_each_visible_pixel(lens: Any) -> None:
    view = camera(80, 60, **({"lens": lens} if lens else {}))
    scene = scene_of([*floor(), *thing("cuboid", 1, Pose(), sx=0.2, sy=0.2, sz=0.2)], view)
    renderer = FlatRenderer()
    renderer.load(scene)
    frame = renderer.render(view)
    clear = Contrast()(frame, scene, ()).instances[1]
    assert clear["transmittance"] == 1
    look = scene.spec.look.model_copy(update={"haze": Haze(density=0.7)})
    hazy = scene.with_spec(scene.spec.model_copy(update={"look": look}))
    points = (
        view.unproject(frame.depth) if lens is None else view.unproject(distance=frame.layers["distance"])
    )
    ways = np.linalg.norm(points - view.pose.position, axis=-1)[frame.node_ids == 2]
    found = Contrast()(frame, hazy, ()).instances[1]["transmittance"]
    assert found == pytest.approx(np.exp(-0.7 * ways).mean(), rel=1e-5)
    assert 0.4 < found < 0.7 and found != pytest.approx(
        math.exp(-0.7 * frame.depth[frame.node_ids == 2].mean())
    )


def test_what_is_faint_goes_the_way_of_what_is_hidden() -> None:
    clear = {"visible_fraction": 1.0, "contrast": 30.0, "transmittance": 0.9}
    faint, foggy = clear | {"contrast": 1.0}, clear | {"transmittance": 0.01}
    hidden = clear | {"visible_fraction": 0.01}

    def fates(**policy: Any) -> list[str]:
        labels = LabelConfig.model_validate(policy)
        return [labels.fate("mug", 100, fields) for fields in (clear, faint, foggy, hidden, faint | hidden)]

    asked = {"min_contrast": 2.3, "min_transmittance": 0.05}
    assert fates() == ["keep", "keep", "keep", "crowd", "crowd"]
    assert fates(**asked) == ["keep", "keep", "keep", "crowd", "crowd"]
    assert fates(**asked, faint="crowd", hidden="keep") == ["keep", "crowd", "crowd", "keep", "keep"]
    assert fates(**asked, faint="drop") == ["keep", "faint", "faint", "crowd", "crowd"]
    assert fates(**asked, faint="drop", hidden="drop") == ["keep", "faint", "faint", "hidden", "hidden"]
    assert fates(faint="drop") == ["keep", "keep", "keep", "crowd", "crowd"]
    unknown = LabelConfig.model_validate({**asked, "faint": "drop"})
    assert unknown.fate("mug", 100, {}) == unknown.fate("mug", 100, {"contrast": None}) == "keep"


POLICY = {"labels__min_contrast": 12.0, "labels__faint": "drop", "labels__hidden": "keep"}


def test_check_measures_contrast_again_where_it_decides(tmp_path: Path) -> None:
    make_dataset(tmp_path, make_config(**POLICY))
    assert check_dataset(tmp_path) == []
    manifest = json.loads((tmp_path / "manifest.json").read_bytes())
    assert manifest["coco"]["dropped"]["faint"] > 3 < manifest["coco"]["annotations"]["train"]

    def brighten(value: dict[str, Any]) -> None:
        value["annotations"][2]["attributes"]["contrast"] += 1.0

    edit(tmp_path, brighten)
    assert rules(tmp_path) == {"contrast", "attributes"}


def test_check_holds_the_policy_for_what_is_faint_against_the_files(tmp_path: Path) -> None:
    make_dataset(tmp_path / "all", make_config(**POLICY | {"labels__faint": "keep"}))
    manifest = json.loads((tmp_path / "all/manifest.json").read_bytes())
    manifest["plan"]["config"]["labels"]["faint"] = "crowd"
    (tmp_path / "all/manifest.json").write_text(json.dumps(manifest))
    assert rules(tmp_path / "all") == {"policy"}
    manifest["plan"]["config"]["labels"] |= {"faint": "keep", "min_contrast": 0.0}
    (tmp_path / "all/manifest.json").write_text(json.dumps(manifest))
    assert rules(tmp_path / "all") == set()


def test_two_formulas_agree_on_colours() -> None:
    rgb = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    fast = cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2Lab)
    assert np.abs(lab(rgb) - fast).max() < 1.5 and np.abs(lab(rgb) - fast).mean() < 0.1
