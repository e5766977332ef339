"""What randomisation is worth, on a stand-in for real pictures: path-traced tabletops of other textures.

    .venv/bin/python scripts/randomisation.py [--renderer gl]

A STAND-IN: the test pictures are synthetic, too. Another renderer draws them (mitsuba: paths, no rasteriser),
with other textures, lights and shapes, but from the generators and distributions of the default config. That
favours the default, and nothing here says how a detector does on photographs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
from typing import Any

from benches.measure import verdict
from rivals.guest import ENVIRONMENT, LLVM_VARIABLE
from training.data import generated, held_out_config, training_config

SEEDS = (0, 1, 2)
PATHS = 64  # a pixel
TEST = {"scenes": 25, "looks_per_layout": 1, "views": 4}
FEW = {"scenes": 10, "looks_per_layout": 1, "views": 4}  # "real" images to learn from


def randomisation(renderer: str = "mitsuba") -> dict[str, Any]:
    """The default tabletop teaches better than the plain one by 5 points AP50, on a stand-in for real.

    Args:
        renderer: of the stand-in; by "gl", its pictures differ from those to learn from in textures alone.
    """
    libraries = sorted(ENVIRONMENT.glob("llvm/usr/lib/*/libLLVM*.so.*"))
    if libraries:
        os.environ.setdefault(LLVM_VARIABLE, str(libraries[-1]))
    samples = PATHS if renderer == "mitsuba" else 1
    test, few = f"stand_in_{renderer}", f"few_{renderer}"
    made = {
        "tabletop": generated("tabletop", training_config()),
        "plain": generated("plain", training_config("tabletop/plain")),
        test: generated(test, held_out_config(2, renderer, samples, **TEST)),
        few: generated(few, held_out_config(3, renderer, samples, **FEW)),
    }
    from training.run import Run, mean_of  # PyTorch is for those who train

    learned = {
        "default": ("tabletop", ""),
        "plain": ("plain", ""),
        "few_real": ("", few),
        "mixed": ("tabletop", few),
    }
    scores = {name: [Run(*names, seed=seed).score(test) for seed in SEEDS] for name, names in learned.items()}
    ap50 = {name: mean_of(runs) for name, runs in scores.items()}
    spread = {name: statistics.stdev(run["ap50"] for run in runs) for name, runs in scores.items()}
    pooled = ((spread["default"] ** 2 + spread["plain"] ** 2) / 2) ** 0.5
    wins_by = ap50["default"] - ap50["plain"]
    figures = {
        "stand_in": f"no real pictures: by {renderer}, of the default's distributions, other textures",
        "ap50": ap50,
        "deviation": {name: round(value, 4) for name, value in spread.items()},
        "default_wins_by": round(wins_by, 4),
        "over_deviation": round(wins_by / max(pooled, 1e-9), 1),
        "runs": scores,
        "data": made,
    }
    return verdict(figures, at_least={"default_wins_by": 0.05, "over_deviation": 2})


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--renderer", choices=["gl", "mitsuba"], default="mitsuba")
    print(json.dumps(randomisation(parser.parse_args().renderer), indent=1))
