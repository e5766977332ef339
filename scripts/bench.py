"""Benchmarks as ratios, measured side by side in one run: machines are noisy, ratios less so.

    .venv/bin/python scripts/bench.py [--json FILE] [NAME …]

sample     CPU of a labelled and written sample (no settling) over a bare getCameraImage of the same scene.
settle     CPU of drawing and settling a 20-object tabletop, and where it goes.
workers    wall time of one worker over two.
memory     growth of one worker per scene with new meshes and textures in each; nothing is recycled.
baking     share of a 200-image run that bakes textures.
feed       start of an epoch, memory of a loader's worker and CPU of an item on a dataset of 100,000 images.
effects    what each effect of `gl` costs a frame.
gl         CPU of a frame that `gl` draws and labels over a bare getCameraImage of the same scene.
gl_amodal  CPU of a frame with the silhouettes of 300 objects over one without.
gl_table   CPU of a labelled frame against resolution, objects, lights, triangles, samples and lens.
gl_gpu     labelled and written images a second on a GPU.
stream     images a second of a live stream over those of the bare generator in one process.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benches.dataset import baking, memory, sample, settle_cost, workers
from benches.effects import effects
from benches.feed import feed
from benches.gl import gl, gl_amodal
from benches.gpu import gl_gpu
from benches.stream import stream
from benches.table import gl_table

BENCHES: dict[str, Callable[[], dict[str, Any]]] = {
    "baking": baking,
    "effects": effects,
    "feed": feed,
    "gl": gl,
    "gl_amodal": gl_amodal,
    "gl_gpu": gl_gpu,
    "gl_table": gl_table,
    "memory": memory,
    "sample": sample,
    "settle": settle_cost,
    "stream": stream,
    "workers": workers,
}


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(BENCHES)}; none runs all"
    )
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    unknown = set(arguments.names) - set(BENCHES)
    if unknown:
        parser.error(f"unknown benchmark {unknown.pop()!r}; known: {', '.join(BENCHES)}")
    results = {}
    for name in arguments.names or BENCHES:
        results[name] = BENCHES[name]()
        print(f"{name}: {json.dumps(results[name], indent=1)}", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1))
    sys.exit(not all(result["met"] for result in results.values()))


if __name__ == "__main__":
    main()
