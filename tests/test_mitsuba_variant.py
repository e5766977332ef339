"""`mitsuba` against itself: which of its variants draws, the same bytes again, and what it refuses."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from photometer import dressed, shot, wall
from sample_scene import camera, random_scene

from simdata.errors import RenderError
from simdata.light import Sun
from simdata.material import FieldTexture, Material
from simdata.render import resolve_renderer

pytest.importorskip("mitsuba", reason="mitsuba is not installed; pip install 'simdata[mitsuba]'")

from simdata.render.mitsuba import MitsubaRenderer, probe
from simdata.render.mitsuba.exposure import spread

VARIANTS = (probe.VECTORS, probe.SCALAR)


@pytest.mark.parametrize("variant", VARIANTS)
def test_same_bytes_again_whatever_was_drawn_before(variant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    way = next((one for one in probe.ways("cpu") if one.variant == variant and _works(one)), None)
    if way is None:
        pytest.skip(f"{variant} does not work here")
    from simdata.render.mitsuba import renderer as room

    monkeypatch.setattr(room, "find_way", lambda device: way)
    scene = dressed(random_scene(2, width=24, height=18), ambient=0.3, lights=(Sun(direction=(0, 0, 1)),))
    first, second = MitsubaRenderer(samples=4), MitsubaRenderer(samples=4)
    pictures = [shot(first, scene)]
    shot(second, dressed(random_scene(3, width=16, height=12), ambient=0.3))
    _threads(variant, 1)
    pictures += [shot(second, scene), shot(second, scene)]
    _threads(variant, 2)
    assert all(np.array_equal(pictures[0], other) for other in pictures[1:])
    other = scene.spec.cameras[0].model_copy(update={"name": "another"})
    assert not np.array_equal(pictures[0], second.render(other).rgb)  # it has noise of its own


def _works(way: probe.Way) -> bool:
    try:
        probe.try_out(way)
    except RenderError:
        return False
    return True


def _threads(variant: str, count: int) -> None:
    if variant != probe.SCALAR:
        import drjit

        drjit.set_thread_count(count)


WOOD = FieldTexture(family="wood", colors=((0.2, 0.1, 0), (0.6, 0.4, 0.2)), repeat=(2.0, 3.0))


def test_one_program_draws_all_materials() -> None:
    """Whatever a material's numbers and pictures: it is not compiled anew."""
    renderer = MitsubaRenderer(samples=4, device="cpu")
    if renderer.way.variant == probe.SCALAR:
        pytest.skip("scalars compile nothing")
    plain, dear = Material(base_color=(0.3, 0.2, 0.1)), Material(texture=WOOD, coat=0.5, metallic=0.4)
    programs = [_program(renderer, material) for material in (plain, dear)]
    assert programs[0] == programs[1]
    assert programs[0] != _program(renderer, Material(transmission=0.5))


def _program(renderer: MitsubaRenderer, material: Material) -> str:
    """Return the hash of the longest program that draws a wall of some material."""
    import drjit

    view = camera(8, 6, eye=(0, -2, 0), target=(0, 0, 0))
    scene = wall(view, ambient=0.5, materials={"cuboid_1.body": material})
    with drjit.scoped_set_flag(drjit.JitFlag.KernelHistory, True):
        drjit.kernel_history_clear()
        shot(renderer, scene)
        ran = drjit.kernel_history((drjit.KernelType.JIT,))
    return str(max(ran, key=lambda kernel: kernel["operation_count"])["hash"])


def test_a_broken_compiler_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(probe.VARIANT_VARIABLE, raising=False)
    (tmp_path / "libLLVM-19.so").write_bytes(b"no library")
    monkeypatch.setenv(probe.LLVM_VARIABLE, str(tmp_path / "libLLVM-19.so"))
    probe.find_way.cache_clear()
    way = probe.find_way("cpu")
    assert way == probe.Way(probe.SCALAR)
    assert "apt-get install" in probe.advice(way)
    probe.find_way.cache_clear()


def test_what_is_settled_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker takes the driver's variant, whatever else might work."""
    monkeypatch.setenv(probe.VARIANT_VARIABLE, "scalar_spectral")
    probe.find_way.cache_clear()
    assert MitsubaRenderer(device="cpu").way == probe.find_way() == probe.Way("scalar_spectral", _llvm())
    with pytest.raises(RenderError, match="draws on no gpu"):
        probe.find_way("gpu")
    monkeypatch.setenv(probe.VARIANT_VARIABLE, "no_such_variant")
    probe.find_way.cache_clear()
    with pytest.raises(RenderError, match="no_such_variant"):
        MitsubaRenderer(device="cpu")
    probe.find_way.cache_clear()


def _llvm() -> str:
    return os.environ.get(probe.LLVM_VARIABLE, "")


def test_what_a_renderer_cannot_do_is_refused_in_a_line(gl: Any) -> None:
    assert resolve_renderer("mitsuba", device="cpu").samples == 64
    assert resolve_renderer("mitsuba", device="cpu", samples=256).samples == 256
    with pytest.raises(RenderError, match="renderer gl: it takes at most 64 samples a pixel, not 256"):
        resolve_renderer("gl", samples=256)
    for name in ("gl", "mitsuba"):
        with pytest.raises(RenderError, match="cannot denoise here"):
            resolve_renderer(name, device="cpu", denoise=True)
    with pytest.raises(RenderError, match="on a GPU alone"):
        MitsubaRenderer(device="cpu", denoise=True)


def test_samples_are_spread_evenly() -> None:
    assert not spread(1, 5).any()
    for count in (16, 64, 256):
        points = spread(count, 5)
        assert np.abs(points.mean(0)).max() < 0.01 and np.abs(points).max() <= 0.5
        cells = np.unique(np.floor((points[:, :2] + 0.5) * math.isqrt(count) / 2).clip(0), axis=0)
        assert len(cells) >= count // 4
