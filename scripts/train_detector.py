"""Train a small detector from scratch: from files, live, from anybody's COCO, or a mix; and test it.

    scripts/train_detector.py data/tabletop                       # a dataset of simdata: its train, its val
    scripts/train_detector.py --live tabletop --seconds 900       # rendered while it trains
    scripts/train_detector.py --coco images/ instances.json       # any COCO folder; tests on a fifth
    scripts/train_detector.py data/tabletop --real images/ instances.json --share 0.25

Prints average precision by class and by size, and writes result.json, curves.png, detections.png and net.pt.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import torch
from PIL import Image
from training.batches import batches
from training.evaluate import detections, evaluate
from training.loop import Budget, History, train
from training.net import COARSEST
from training.picture import curves, sheet
from training.sources import Sources, from_coco, from_files, from_live, mixed

from simdata.errors import SimdataError

SHOWN = 12  # images in detections.png
SAID_EVERY = 50  # steps


def main(words: list[str] | None = None) -> int:
    """Run what the command line says."""
    commands = parser()
    arguments = commands.parse_args(words)
    if bool(arguments.data) + bool(arguments.live) + bool(arguments.coco) != 1:
        commands.error(
            "name one thing to learn from: a dataset's folder, --live CONFIG or --coco IMAGES ANNOTATIONS"
        )
    if any(side < 1 or side % (2 * COARSEST) for side in arguments.size):
        commands.error(f"--size {arguments.size}: the net wants multiples of {2 * COARSEST} pixels")
    try:
        run(_sources(arguments), arguments)
    except SimdataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    made = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pair = {"nargs": 2, "metavar": ("IMAGES", "ANNOTATIONS")}
    made.add_argument("data", nargs="?", type=Path, help="a finished dataset of simdata")
    made.add_argument("--live", metavar="CONFIG", help="learn from a stream of this config")
    made.add_argument("--coco", **pair, help="learn from a COCO folder")
    made.add_argument(
        "--real", **pair, help="mix in a COCO folder with the same category names, and test on it"
    )
    made.add_argument("--share", type=float, default=0.25, help="of --real in every batch (%(default)s)")
    made.add_argument("--test", type=Path, metavar="DATA", help="test on all of this dataset of simdata")
    made.add_argument("--seconds", type=float, default=600.0, help="how long to train (%(default)s)")
    made.add_argument("--steps", type=int, help="train so many steps instead")
    made.add_argument("--batch", type=int, default=4, help="images a step (%(default)s)")
    made.add_argument("--size", nargs=2, type=int, default=[256, 192], metavar=("WIDTH", "HEIGHT"))
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--workers", type=int, default=0, help="processes that load (%(default)s)")
    made.add_argument("--threads", type=int, help="of the CPU that compute")
    made.add_argument("--device", choices=["cpu", "cuda"], help="a GPU where there is one")
    made.add_argument("--out", type=Path, default=Path("out/detector"), help="folder (%(default)s)")
    return made


def run(sources: Sources, arguments: argparse.Namespace) -> None:
    """Train, test, write."""
    size = (arguments.size[1], arguments.size[0])
    device = arguments.device or ("cuda" if torch.cuda.is_available() else "cpu")
    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    budget = Budget(arguments.steps, arguments.seconds if arguments.steps is None else None)
    feed = batches(sources.train, arguments.batch, size, seed=arguments.seed, workers=arguments.workers)
    net, history = train(feed, len(sources.names), budget, seed=arguments.seed, device=device, watch=_say)
    told = {"classes": sources.names, "device": device, "seed": arguments.seed, "batch": arguments.batch}
    told |= {"size": arguments.size, **history.figures()}
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    torch.save(net.state_dict(), out / "net.pt")
    Image.fromarray(curves(history)).save(out / "curves.png")
    if sources.test is not None:
        found = list(detections(net, sources.test, size))
        score = evaluate([(target, one) for (_, target), one in found], sources.names)
        print(score.table())
        told["score"] = asdict(score)
        shown = sheet(found[:: max(1, len(found) // SHOWN)][:SHOWN], sources.names)
        Image.fromarray(shown).save(out / "detections.png")
    (out / "result.json").write_text(json.dumps(told, indent=1) + "\n")
    print(f"wrote {out}/result.json")


def _sources(arguments: argparse.Namespace) -> Sources:
    """Open what to learn from and what to test on."""
    if arguments.coco:
        train, test, names = from_coco(*arguments.coco)
        return Sources(train, test, names)
    if arguments.live:
        sources = from_live(arguments.live, seed=arguments.seed, test=arguments.test)
    else:
        sources = from_files(arguments.data, arguments.test)
    if arguments.real:
        real, test, _ = from_coco(*arguments.real, sources.names)
        mix = mixed(real, sources.train, arguments.share, arguments.batch, arguments.seed)
        sources = replace(sources, train=mix, test=test)
    return sources


def _say(history: History) -> None:
    steps = len(history.heat)
    if steps % SAID_EVERY == 0:
        heat, sides = (sum(values[-SAID_EVERY:]) / SAID_EVERY for values in (history.heat, history.sides))
        print(f"step {steps}  heat {heat:.3f}  sides {sides:.3f}  {history.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
