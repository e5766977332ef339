"""The default tabletop is more varied than a plain one: in colour, in texture, in light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from variety import Variety, pictures, variety

from simdata.config_file import load_config

COUNT = 6
SMALL = ["builder.cameras.width=128", "builder.cameras.height=96", "builder.objects.count=7", "seed=11"]


@pytest.fixture(scope="module")
def figures() -> dict[str, Variety]:
    pytest.importorskip("moderngl")
    return {
        name: variety(pictures(load_config(name, overrides=SMALL), COUNT))
        for name in ("tabletop", "tabletop/plain")
    }


def test_default_beats_plain(figures: dict[str, Variety], capsys: pytest.CaptureFixture[str]) -> None:
    rich, plain = figures["tabletop"], figures["tabletop/plain"]
    with capsys.disabled():
        print(f"\n  tabletop       {rich}\n  tabletop/plain {plain}")
    assert rich.texture > 1.3 * plain.texture
    assert rich.light > plain.light
    assert rich.heading > plain.heading
    assert rich.color > plain.color


def test_figures_see_what_they_are_about() -> None:
    """Grey, blurred or evenly lit pictures read less."""
    samples = pictures(load_config("tabletop/plain", overrides=SMALL), 3)
    rng = np.random.default_rng(0)
    before = variety(samples)

    def changed(change) -> Variety:
        return variety(
            [
                replace(s, frame=replace(s.frame, layers={**s.frame.layers, "rgb": change(s.frame.rgb)}))
                for s in samples
            ]
        )

    def grey(rgb: np.ndarray) -> np.ndarray:
        return np.repeat(rgb.mean(axis=-1, keepdims=True), 3, -1).astype(np.uint8)

    assert changed(grey).color < 0.2 * before.color
    assert changed(lambda rgb: rgb // 4 + 96).light < 0.7 * before.light

    def noise(rgb: np.ndarray) -> np.ndarray:
        return np.clip(rgb + rng.normal(0, 20, (*rgb.shape[:2], 1)), 0, 255).astype(np.uint8)

    assert changed(noise).texture > 2 * before.texture
