"""What a dataset costs: samples, settling, workers, memory. `gl` stands beside `tiny`, without a bound."""

from __future__ import annotations

import cProfile
import pstats
import resource
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import simdata.render.gl.texture as gl_texture
from benches.artist import Artist
from benches.measure import config, cpu, verdict
from simdata import generate
from simdata.config import Config
from simdata.errors import SceneRejected
from simdata.physics import settle
from simdata.pipeline import Pipeline, resolve
from simdata.texture import FAMILIES, texture_field
from simdata.workers.folder import Output
from simdata.workers.plan import make_plan
from simdata.workers.work import Work

CROWDED = "builder.objects.count=20"


def sample(scenes: int = 6) -> dict[str, Any]:
    """CPU of a labelled and written sample over a bare getCameraImage."""
    wanted = {
        "": config(CROWDED),
        "gl_1_": config(CROWDED, "render.samples=1", renderer="gl"),
        "gl_4_": config(CROWDED, "render.samples=4", renderer="gl"),
    }
    pipeline = Pipeline(wanted[""])
    bare: list[float] = []
    full: dict[str, list[float]] = {name: [] for name in wanted}
    with ExitStack() as stack:
        artists = {name: stack.enter_context(Artist(chosen)) for name, chosen in wanted.items()}
        for number in range(-1, scenes):  # the first warms up
            run = pipeline.scene(number if number >= 0 else scenes)
            artists[""].load(run.scenes[0])
            views = [artists[""].bare(camera) for camera in run.scenes[0].spec.cameras]
            seconds = {name: artist.written(run) for name, artist in artists.items()}
            if number >= 0:
                bare += views
                for name in wanted:
                    full[name].append(seconds[name])
    figures: dict[str, Any] = {
        "scenes": scenes,
        "views": len(bare),
        "bare_ms": 1000 * statistics.mean(bare),
    }
    for name in wanted:
        figures[f"{name}labelled_and_written_ms"] = 1000 * sum(full[name]) / len(bare)
        figures[f"{name}ratio"] = sum(full[name]) / sum(bare)
    return verdict(figures, at_most={"ratio": 1.8})


def settle_cost(scenes: int = 20) -> dict[str, Any]:
    """CPU of drawing and settling a 20-object tabletop, and where it goes."""
    pipeline = Pipeline(config(CROWDED, scenes=max(scenes, 10)))
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
    return verdict(figures, at_most={"settle_cpu_s": 1.0})


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


def baking(scenes: int = 67) -> dict[str, Any]:
    """Share of the CPU of a run of some 200 images, by one worker of `gl`, that bakes textures."""
    baked: list[float] = []
    whole: list[float] = []
    bakers = {name: getattr(gl_texture, name) for name in ("layer_mask", "texture_maps")}
    for name, bake in bakers.items():
        setattr(gl_texture, name, _timed(bake, baked))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = worker(config(renderer="gl", scenes=scenes), folder)
        for number in range(scenes):
            with cpu(whole):
                work.scene(number, folder)
        work.close()
    for name, bake in bakers.items():
        setattr(gl_texture, name, bake)
    figures = {
        "images": 3 * scenes,
        "baked": len(baked),
        "bake_ms": 1000 * statistics.mean(baked),
        "run_cpu_s": sum(whole),
        "share": sum(baked) / sum(whole),
    }
    return verdict(figures, at_most={"share": 0.05})


def _timed(work: Callable[..., Any], into: list[float]) -> Callable[..., Any]:
    """Return the same function, whose CPU seconds are kept."""

    def timed(*arguments: Any) -> Any:
        with cpu(into):
            return work(*arguments)

    return timed


def workers(scenes: int = 24) -> dict[str, Any]:
    """Wall time of one worker over two."""
    figures: dict[str, Any] = {"scenes": scenes}
    for prefix, renderer in (("", "tiny"), ("gl_", "gl")):
        seconds: dict[int, list[float]] = {1: [], 2: []}
        chosen = config("run.shard_scenes=2", renderer=renderer, scenes=scenes)
        for count in (1, 2) * 2:
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                generate(chosen, Path(folder) / "dataset", workers=count)
                seconds[count].append(time.perf_counter() - start)
        figures[f"{prefix}one_worker_s"], figures[f"{prefix}two_workers_s"] = map(min, seconds.values())
        figures[f"{prefix}ratio"] = min(seconds[1]) / min(seconds[2])
        figures[f"{prefix}images_per_second_two_workers"] = scenes * 3 / min(seconds[2])
    return verdict(figures, at_least={"ratio": 1.8})


def memory(scenes: int = 500, warm: int = 200) -> dict[str, Any]:
    """Growth of one worker per scene with new meshes and textures in each."""
    # Warm-up also fills the one cache that scenes fill slowly: a few hundred texture fields, and no more.
    for family in FAMILIES:
        for seed in range(24):
            texture_field(family, seed)
    figures: dict[str, Any] = {"scenes": scenes, "warm_up": warm, **_growth("tiny", scenes, warm)}
    figures |= {f"gl_{name}": value for name, value in _growth("gl", scenes, warm).items()}
    return verdict(figures, at_most={"growth_mb_per_scene": 0.01})


def _growth(renderer: str, scenes: int, warm: int) -> dict[str, Any]:
    """Make small scenes in this process; nothing is recycled."""
    small = ["builder.cameras.width=160", "builder.cameras.height=120", "dataset.views=1"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = worker(config(*small, renderer=renderer, scenes=scenes), folder)
        figures = growth(lambda number: work.scene(number, folder), scenes, warm)
        work.close()
    return figures


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
