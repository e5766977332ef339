"""Benchmarks as ratios, measured side by side in one run: machines are noisy, ratios less so.

    .venv/bin/python scripts/bench.py [--json FILE] [sample|settle|workers|memory …]

sample    CPU of a labelled and written sample (no settling) over a bare getCameraImage of the same scene.
settle    CPU of drawing and settling a 20-object tabletop, and where it goes.
workers   wall time of one worker over two.
memory    growth of one worker per scene with new meshes and textures in each; nothing is recycled.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from simdata import generate, load_config
from simdata.config import Config
from simdata.errors import SceneRejected
from simdata.physics import settle
from simdata.pipeline import Pipeline, resolve
from simdata.texture import FAMILIES, texture_field
from simdata.workers.folder import Output
from simdata.workers.plan import make_plan
from simdata.workers.work import Work
from simdata.write.files import write_scene


def config(*overrides: str, scenes: int = 20) -> Config:
    """Load the default tabletop."""
    return load_config("tabletop", overrides=["renderer=tiny", f"dataset.scenes={scenes}", *overrides])


@contextmanager
def cpu(into: list[float]) -> Iterator[None]:
    """Add the CPU seconds of this process, all threads, to a list."""
    start = time.process_time()
    yield
    into.append(time.process_time() - start)


def sample(scenes: int = 6) -> dict[str, Any]:
    """CPU of a labelled and written sample over a bare getCameraImage."""
    run_config = config("builder.objects.count=20", scenes=max(scenes, 10))
    pipeline = Pipeline(run_config)
    bare: list[float] = []
    full: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(scenes):
            run = pipeline.scene(number)
            renderer = pipeline.renderer()
            renderer.load(run.scenes[0])
            for camera in run.scenes[0].spec.cameras:
                renderer.capture(camera)  # warm: the first picture of a scene builds its buffers
                with cpu(bare):
                    renderer.capture(camera)
            with cpu(full):
                write_scene(run, pipeline.samples(run), Path(folder), run_config)
    pipeline.close()
    views = len(bare)
    figures = {
        "scenes": scenes,
        "views": views,
        "bare_ms": 1000 * statistics.mean(bare),
        "labelled_and_written_ms": 1000 * sum(full) / views,
        "ratio": sum(full) / sum(bare),
    }
    return verdict(figures, "ratio", 1.8, "at most")


def settle_cost(scenes: int = 20) -> dict[str, Any]:
    """CPU of drawing and settling a 20-object tabletop, and where it goes."""
    pipeline = Pipeline(config("builder.objects.count=20", scenes=max(scenes, 10)))
    pipeline.specs(10_000)  # warm: imports
    drawing: list[float] = []
    settling: list[float] = []
    rejected = 0
    profile = cProfile.Profile()
    for number in range(scenes):
        with cpu(drawing):
            spec = pipeline.specs(number)[0]
        with cpu(settling):
            rejected += not accepts(lambda spec=spec: settle(spec))
    for number in range(4):
        spec = pipeline.specs(number)[0]
        profile.enable()
        accepts(lambda spec=spec: settle(spec))
        profile.disable()
    figures = {
        "scenes": scenes,
        "rejected": rejected,
        "draw_cpu_s": statistics.mean(drawing),
        "settle_cpu_s": statistics.mean(settling),
        "settle_cpu_s_max": max(settling),
        "where": hottest(profile),
    }
    return verdict(figures, "settle_cpu_s", 1.0, "at most")


def accepts(work: Callable[[], Any]) -> bool:
    """Tell whether a draw settles."""
    try:
        work()
    except SceneRejected:
        return False
    return True


def hottest(profile: cProfile.Profile, count: int = 6) -> dict[str, float]:
    """Return the share of time of the functions that took most of it by themselves."""
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    total = sum(row[2] for row in stats.values())
    rows = sorted(((row[2] / total, key[2]) for key, row in stats.items()), reverse=True)
    return {name: round(share, 3) for share, name in rows[:count]}


def workers(scenes: int = 24) -> dict[str, Any]:
    """Wall time of one worker over two."""
    seconds: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder:
        for turn in range(2):
            for count in (1, 2):
                start = time.perf_counter()
                generate(
                    config("run.shard_scenes=2", scenes=scenes),
                    Path(folder) / f"{turn}-{count}",
                    workers=count,
                )
                seconds[count].append(time.perf_counter() - start)
    figures = {
        "scenes": scenes,
        "one_worker_s": min(seconds[1]),
        "two_workers_s": min(seconds[2]),
        "ratio": min(seconds[1]) / min(seconds[2]),
        "images_per_second_two_workers": scenes * 3 / min(seconds[2]),
    }
    return verdict(figures, "ratio", 1.8, "at least")


def memory(scenes: int = 500, warm: int = 200) -> dict[str, Any]:
    """Growth of one worker per scene with new meshes and textures in each."""
    small = ["builder.cameras.width=160", "builder.cameras.height=120", "dataset.views=1"]
    # Warm-up also fills the one cache that scenes fill slowly: a few hundred texture fields, and no more.
    for family in FAMILIES:
        for seed in range(24):
            texture_field(family, seed)
    with tempfile.TemporaryDirectory() as folder:
        work = worker(config(*small, scenes=scenes), Path(folder))
        figures = growth(lambda number: work.scene(number, Path(folder)), scenes, warm)
        work.close()
    return verdict(figures, "growth_mb_per_scene", 0.01, "at most")


def growth(step: Callable[[int], Any], scenes: int, warm: int) -> dict[str, Any]:
    """Make scenes one after another; tell by how much this process grows and slows after `warm` of them."""
    resident: list[float] = []
    seconds: list[float] = []
    for number in range(scenes):
        with cpu(seconds):
            step(number)
        resident.append(resident_mb())
    # The slope of a line through all scenes after warm-up: one late garbage collection decides nothing.
    slope = statistics.linear_regression(range(warm, scenes), resident[warm:]).slope
    share = min(200, (scenes - warm) // 3)
    return {
        "scenes": scenes,
        "warm_up": warm,
        "resident_mb_every_50": [round(mb, 1) for mb in resident[49::50]],
        "growth_mb_per_scene": slope,
        "cpu_s_per_scene": statistics.mean(seconds[warm:]),
        "slow_down": statistics.mean(seconds[-share:]) / statistics.mean(seconds[warm : warm + share]),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def worker(run_config: Config, folder: Path) -> Work:
    """Plan a run in a folder and return what each of its children works with."""
    store, output = folder / "store", Output(folder / "dataset")
    store.mkdir()
    plan = make_plan(resolve(run_config, store))
    output.work.mkdir(parents=True)
    output.adopt(plan, store)
    return Work(output.path)


def resident_mb() -> float:
    """Return the resident memory of this process, MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 2**20


def verdict(figures: dict[str, Any], key: str, bound: float, side: str) -> dict[str, Any]:
    """Add the bound and whether it is met."""
    met = figures[key] <= bound if side == "at most" else figures[key] >= bound
    return {**figures, "bound": f"{key} {side} {bound}", "met": met}


BENCHES: dict[str, Callable[[], dict[str, Any]]] = {
    "memory": memory,
    "sample": sample,
    "settle": settle_cost,
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
