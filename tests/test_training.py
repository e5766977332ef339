"""The trainer of `scripts/train_detector.py`: its maps, its scores, its data, and one small training."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
SCRIPTS = str(Path(__file__).resolve().parent.parent / "scripts")
sys.path.insert(0, SCRIPTS)

import train_detector  # noqa: E402
from sample_dataset import CATEGORIES, make_dataset  # noqa: E402
from training.batches import batches, fitted, varied  # noqa: E402
from training.data import held_out_config, training_config  # noqa: E402
from training.evaluate import evaluate  # noqa: E402
from training.loop import Budget, train  # noqa: E402
from training.loss import SIDES, loss_of  # noqa: E402
from training.sources import Listed, Mislabelled  # noqa: E402
from training.targets import Found, Maps, decode, encode, overlaps  # noqa: E402

import simdata.torch  # noqa: E402
from simdata.errors import ConfigError  # noqa: E402
from simdata.pipeline import Pipeline  # noqa: E402

SIZE = (64, 128)  # height, width
QUICK = ["--batch", "4", "--size", "128", "64"]
APART = [[3, 2, 21, 30], [40.5, 8, 90.25, 20], [30, 40, 39, 47], [52, 26, 94, 63]]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Nets of this size gain nothing from more, and where tests share the cores they wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def target(boxes: list[list[float]], labels: list[int], crowd: tuple[int, ...] = ()) -> dict[str, Any]:
    corners = torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4)
    return {
        "boxes": corners,
        "labels": torch.tensor(labels, dtype=torch.int64),
        "area": (corners[:, 2:] - corners[:, :2]).prod(1),
        "iscrowd": torch.tensor([int(i in crowd) for i in range(len(labels))]),
        "image_id": 1,
    }


def found(boxes: list[list[float]], labels: list[int]) -> Found:
    told = target(boxes, labels)
    return Found(told["boxes"], told["labels"], torch.linspace(0.9, 0.5, len(labels)))


def logits(heat: Any) -> Any:
    return torch.logit(heat.clamp(1e-4, 1 - 1e-4))


def test_decoding_undoes_encoding() -> None:
    truth = target(APART, [1, 2, 2, 3])
    maps = encode([truth, target([], [])], 3, SIZE)
    one, nothing = decode(maps.heat, maps.sides)
    order = [APART.index(min(APART, key=lambda box: (torch.tensor(box) - b).abs().sum())) for b in one.boxes]
    assert sorted(order) == [0, 1, 2, 3] and len(nothing.boxes) == 0
    assert torch.allclose(one.boxes, truth["boxes"][order], atol=1e-5)
    assert one.labels.tolist() == truth["labels"][order].tolist()


def test_what_is_small_lies_in_front_whatever_its_place_in_the_list() -> None:
    large, small = [2.0, 2.0, 94.0, 62.0], [40.0, 26.0, 56.0, 38.0]
    for boxes in ([large, small], [small, large]):
        maps = encode([target(boxes, [1, 1])], 1, SIZE)
        x, y = 48 // 4, 32 // 4
        assert maps.sides[0, :, y, x].tolist() == [10.0, 8.0, 6.0, 4.0]


def test_the_loss_is_nothing_at_the_truth_and_grows_away_from_it() -> None:
    maps = encode([target(APART, [1, 2, 2, 3])], 3, SIZE)
    exact = (maps.heat == 1).float()
    heat, sides = loss_of(logits(exact), maps.sides, maps)
    assert heat < 0.01 and abs(float(sides)) < 1e-5
    worse, off = loss_of(logits(exact.flip(-1)), maps.sides + 3, maps)
    assert worse > 1 and 0.1 < off < 6


def test_the_loss_of_a_box_is_closed_form() -> None:
    """8 x 8 pixels against 8 x 8 moved by 2 both ways: 36 shared, 92 together, 100 around both."""
    weight = torch.zeros(1, 16, 32)
    weight[0, 3, 5] = 1
    truth, ours = (
        torch.tensor(sides, dtype=torch.float32)[None, :, None, None].expand(1, 4, 16, 32)
        for sides in ([4, 4, 4, 4], [2, 2, 6, 6])
    )
    maps = Maps(torch.zeros(1, 1, 16, 32), truth, weight, torch.zeros(1, 16, 32, dtype=torch.bool))
    sides = loss_of(torch.zeros(1, 1, 16, 32), ours, maps)[1]
    assert float(sides) == pytest.approx(SIDES * (1 - (36 / 92 - 8 / 100)))


def test_nothing_said_inside_a_crowd_is_wrong() -> None:
    spoken = torch.zeros(1, 1, 16, 32)
    spoken[0, 0, 4:10, 10:20] = 1
    free = encode([target([[2, 2, 10, 10]], [1])], 1, SIZE)
    crowd = encode([target([[2, 2, 10, 10], [40, 16, 80, 40]], [1, 1], crowd=(1,))], 1, SIZE)
    punished, forgiven = (loss_of(logits(spoken), maps.sides, maps)[0] for maps in (free, crowd))
    assert forgiven < punished / 5
    assert (crowd.heat == free.heat).all()


def test_average_precision_of_the_truth_is_one_and_of_the_truth_moved_is_none() -> None:
    boxes, labels = APART, [1, 2, 2, 3]
    right = evaluate([(target(boxes, labels), found(boxes, labels))] * 2, ["a", "b", "c"])
    assert right.ap == right.ap50 == 1 and set(right.by_class.values()) == {1.0}
    assert right.counts == {"a": 2, "b": 4, "c": 2}
    moved = [[x + 60, y + 40, u + 60, v + 40] for x, y, u, v in boxes]
    assert evaluate([(target(boxes, labels), found(moved, labels))], ["a", "b", "c"]).ap50 == 0
    assert evaluate([(target(boxes, labels), found(boxes, [2, 1, 1, 1]))], ["a", "b", "c"]).ap50 == 0
    assert evaluate([(target(boxes, labels), found([], []))], ["a", "b", "c"]).ap50 == 0


def test_detections_of_crowds_do_not_count() -> None:
    boxes = [APART[0], APART[3]]
    answers = found([APART[3], [60, 30, 80, 50], APART[0]], [1, 1, 1])  # the surest two lie in the crowd
    for truth, ap50 in (
        (target(boxes, [1, 1], crowd=(1,)), 1),
        (target(boxes, [1, 1]), (51 * 1 + 50 * 2 / 3) / 101),
        (target(boxes[:1], [1]), 1 / 3),
    ):
        assert evaluate([(truth, answers)], ["a"]).ap50 == pytest.approx(ap50, abs=1e-4)


def test_what_is_small_is_told_apart_from_what_is_large() -> None:
    boxes = [[0, 0, 40, 50], [60, 30, 70, 40]]
    score = evaluate([(target(boxes, [1, 1]), found(boxes[:1], [1]))], ["a"])
    assert score.by_size == {"small": 0, "medium": None, "large": 1}


def test_boxes_follow_their_picture() -> None:
    """A bright rectangle is where its box is, after fitting and after mirroring."""
    image = torch.zeros(3, 128, 160, dtype=torch.uint8)
    image[:, 32:64, 20:80] = 250
    batch = fitted([(image, target([[20, 32, 80, 64]], [1]))] * 8, SIZE)
    assert batch.scales == [0.5] * 8
    seen = varied(batch, torch.Generator().manual_seed(0))
    lefts = set()
    for picture, told in zip(seen.images, seen.targets, strict=True):
        rows, columns = (picture[0, :, :80] > 150).nonzero(as_tuple=True)
        if told["boxes"][0, 0] > 30:  # mirrored: what was left free is at the left
            rows, columns = (picture[0] > 150).nonzero(as_tuple=True)
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        assert (torch.tensor(box) - told["boxes"][0]).abs().max() <= 1
        lefts.add(float(told["boxes"][0, 0]))
    assert lefts == {10.0, 88.0}


def test_nobody_keeps_the_own_labels_when_they_are_dealt_out_anew() -> None:
    items = [(torch.full((3, 8, 8), i, dtype=torch.uint8), {"image_id": i}) for i in range(9)]
    dealt = Mislabelled(Listed(items), seed=3)
    pairs = [(int(image[0, 0, 0]), told["image_id"]) for image, told in (dealt[i] for i in range(9))]
    assert [own for own, _ in pairs] == list(range(9))
    assert sorted(other for _, other in pairs) == list(range(9))
    assert all(own != other for own, other in pairs)


def test_ten_classes_and_no_category_is_dropped() -> None:
    config = training_config()
    assert len(config.category_names()) == 10 and not config.labels.categories.drop
    plain = training_config("tabletop/plain")
    assert plain.category_names() == config.category_names() == held_out_config().category_names()
    assert plain.make_builder().setting.value == "bare"


def members(config: Any, scenes: int = 3) -> set[tuple[str, int]]:
    """Return the textures of some scenes: family and seed."""
    looks = [spec.look for number in range(scenes) for spec in Pipeline(config).specs(number)]
    skins = [skin for look in looks for skin in look.materials.values()]
    textures = [part for skin in skins for part in (skin.texture, skin.layer) if part is not None]
    return {(type(part).__name__ + part.family, part.seed) for part in textures}


def test_what_is_held_out_has_textures_that_training_never_draws() -> None:
    trained, tested = (members(make(looks_per_layout=1)) for make in (training_config, held_out_config))
    assert len(trained) > 20 and len(tested) > 20
    assert {family for family, _ in trained} & {family for family, _ in tested}
    assert not trained & tested


def test_the_same_seed_trains_the_same_net(tmp_path: Path) -> None:
    items = [
        (torch.full((3, *SIZE), 90 * i, dtype=torch.uint8), target(APART, [1, 2, 2, 3])) for i in range(2)
    ]
    nets = [
        train(batches(Listed(items), 2, SIZE, seed=1), 3, Budget(steps=3), seed=seed)[0] for seed in (1, 1, 2)
    ]
    first, again, other = (torch.cat([w.flatten() for w in net.parameters()]) for net in nets)
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_it_learns_from_files_and_writes_what_it_found(tmp_path: Path, capsys: Any) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    make_dataset(data)
    words = [str(data), *QUICK, "--steps", "40", "--out", str(out)]
    assert train_detector.main(words) == 0
    result = json.loads((out / "result.json").read_text())
    assert result["classes"] == CATEGORIES and result["steps"] == 78  # 54 of half the size
    for start, end in result["loss"].values():
        assert end < 0.7 * start
    assert result["score"]["counts"]["ball"] > 0 and result["score"]["by_class"]["unseen"] is None
    assert "AP50" in capsys.readouterr().out
    for name in ("curves.png", "detections.png", "net.pt"):
        assert (out / name).stat().st_size > 1000


def coco_of(data: Path) -> list[str]:
    """Return the folder and the annotation file of a dataset, as if they were somebody's own."""
    return [str(data / "images" / "train"), str(data / "annotations" / "instances_train.json")]


@pytest.mark.skipif(not hasattr(simdata.torch, "CocoFiles"), reason="no reader of COCO files of others yet")
@pytest.mark.parametrize("mix", [False, True])
def test_it_learns_from_files_of_others(tmp_path: Path, mix: bool) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    make_dataset(data)
    source = [str(data), "--real", *coco_of(data)] if mix else ["--coco", *coco_of(data)]
    assert train_detector.main([*source, *QUICK, "--steps", "3", "--out", str(out)]) == 0
    assert json.loads((out / "result.json").read_text())["score"]["counts"]["ball"] > 0


@pytest.mark.skipif(not hasattr(simdata.torch, "StreamDataset"), reason="no live stream yet")
def test_it_learns_from_a_live_stream(tmp_path: Path) -> None:
    config, out = tmp_path / "boxes.yaml", tmp_path / "out"
    config.write_text(f"version: 1\nscene: {Path(__file__).with_name('boxes.py')}:Boxes\nrenderer: flat\n")
    assert train_detector.main(["--live", str(config), *QUICK, "--steps", "3", "--out", str(out)]) == 0
    result = json.loads((out / "result.json").read_text())
    assert result["classes"] == ["even", "odd"] and min(result["score"]["counts"].values()) > 0


def test_a_run_is_done_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from training import run

    monkeypatch.setattr(run, "KEPT", tmp_path)
    make_dataset(tmp_path / "shapes")
    first, figures = run.Run("shapes", steps=2, batch=2).net()
    monkeypatch.setattr(run, "train", lambda *_, **__: pytest.fail("it trains again"))
    again, told = run.Run("shapes", steps=2, batch=2).net()
    assert told == figures and told["steps"] == 5
    assert all(
        torch.equal(one, other) for one, other in zip(first.parameters(), again.parameters(), strict=True)
    )
    with pytest.raises(pytest.fail.Exception, match="again"):
        run.Run("shapes", steps=3, batch=2).net()


TOLD = {("tabletop", ""): 0.5, ("plain", ""): 0.4, ("", "few_gl"): 0.2, ("tabletop", "few_gl"): 0.6}


class Told:
    """A run whose AP50 is told: by what it learned from, and higher by 0.01 a seed."""

    def __init__(self, synthetic: str, real: str = "", *, mislabelled: bool = False, seed: int = 0) -> None:
        self.ap50 = 0.0 if mislabelled else TOLD[synthetic, real] + 0.01 * seed

    def score(self, test: str) -> dict[str, float]:
        return {"ap50": self.ap50, "cpu_seconds": 1200.0}


def test_proofs_weigh_their_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    import labels_teach
    import randomisation
    from training import run

    monkeypatch.setattr(run, "Run", Told)
    for proof in (labels_teach, randomisation):
        monkeypatch.setattr(proof, "generated", lambda name, config: {"images": 1})
    taught = labels_teach.labels_teach()
    assert (taught["ap50"], taught["mislabelled_ap50"], taught["minutes"], taught["met"]) == (
        0.51,
        0,
        10,
        True,
    )
    worth = randomisation.randomisation("gl")
    assert worth["ap50"] == {"default": 0.51, "plain": 0.41, "few_real": 0.21, "mixed": 0.61}
    assert (worth["default_wins_by"], worth["over_deviation"], worth["met"]) == (0.1, 10, True)
    monkeypatch.setitem(TOLD, ("plain", ""), 0.47)
    assert not randomisation.randomisation("gl")["met"]


def test_it_says_what_is_wrong(tmp_path: Path, capsys: Any) -> None:
    assert train_detector.main([str(tmp_path / "nowhere"), "--steps", "1"]) == 2
    assert "nowhere" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="no image"):
        next(batches(Listed([]), 2, SIZE))


def test_overlaps_are_closed_form() -> None:
    ours, theirs = (
        torch.tensor([[0.0, 0, 4, 4]]),
        torch.tensor([[2.0, 2, 6, 6], [4.0, 4, 8, 8], [0.0, 0, 4, 4]]),
    )
    assert torch.allclose(overlaps(ours, theirs), torch.tensor([[4 / 28, 0, 1]]))
