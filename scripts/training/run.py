"""Runs of a proof: trained once, kept with what they were told, found again by it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

import simdata
from simdata.torch import CocoDataset
from training.batches import batches
from training.data import KEPT
from training.evaluate import detections, evaluate
from training.loop import Budget, History, train
from training.net import Detector
from training.sources import Mislabelled, mixed, remembered

SIZE = (192, 256)  # height and width, pixels, as `ten.yaml` draws them


@dataclass(frozen=True)
class Run:
    """One training.

    Attributes:
        synthetic, real: datasets by name, "" for none; both are mixed, `share` of real images in every batch.
        mislabelled: every image learns the labels of another.
        seed: of weights, order and variations.
        steps, batch: how long, and images a step.
    """

    synthetic: str = ""
    real: str = ""
    share: float = 0.25
    mislabelled: bool = False
    seed: int = 0
    steps: int = 6400
    batch: int = 4

    @property
    def name(self) -> str:
        """What it is called."""
        words = [self.synthetic, self.real, "mislabelled" if self.mislabelled else "", str(self.seed)]
        return "-".join(word for word in words if word)

    def net(self) -> tuple[Detector, dict[str, Any]]:
        """Return the net, trained unless it was before, and what the training took."""
        path, words = KEPT / "runs" / f"{self.name}.json", asdict(self) | {"data": self._digests()}
        record = json.loads(path.read_text()) if path.exists() else {}
        if record.get("run") == words:
            net = Detector(record["classes"]).eval()
            net.load_state_dict(torch.load(path.with_suffix(".pt"), weights_only=True))
            return net.to(memory_format=torch.channels_last), record["figures"]
        net, history, classes = self._trained()
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(net.state_dict(), path.with_suffix(".pt"))
        path.write_text(
            json.dumps({"run": words, "classes": classes, "figures": history.figures()}, indent=1)
        )
        return net, history.figures()

    def score(self, test: str) -> dict[str, Any]:
        """Return how well its net does on all of a dataset, by name."""
        net, figures = self.net()
        data = _data(test)
        pairs = [(target, found) for (_, target), found in detections(net, data, SIZE)]
        score = asdict(evaluate(pairs, data.categories))
        print(self.name, "on", test, "AP50", score["ap50"], flush=True)
        return {"seed": self.seed, **score, **figures}

    def _digests(self) -> list[str]:
        """Return the digests of the configs that made its data."""
        return [simdata.Dataset(KEPT / name).config.digest for name in (self.synthetic, self.real) if name]

    def _trained(self) -> tuple[Detector, History, int]:
        """Train it."""
        sources: list[Dataset[Any]] = [
            remembered(_data(name)) for name in (self.real, self.synthetic) if name
        ]
        classes = len(_data(self.synthetic or self.real).categories)
        source = sources[0] if len(sources) == 1 else mixed(*sources, self.share, self.batch, self.seed)
        if self.mislabelled:
            source = Mislabelled(source, self.seed)
        feed = batches(source, self.batch, SIZE, seed=self.seed)
        print("training", self.name, flush=True)
        return *train(feed, classes, Budget(steps=self.steps), seed=self.seed), classes


def mean_of(scores: Sequence[dict[str, Any]], key: str = "ap50") -> float:
    """Return the mean of a figure over runs."""
    return round(sum(score[key] for score in scores) / len(scores), 4)


def _data(name: str) -> CocoDataset:
    return CocoDataset(Path(KEPT / name), masks=False)
