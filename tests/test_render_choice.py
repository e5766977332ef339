"""Which renderer a run takes: settled once, never replaced in silence."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

import simdata
from simdata.config_file import load_config
from simdata.errors import RenderError, UnknownNameError
from simdata.pipeline import resolve
from simdata.render import Probe, Resolved, make_renderer, passed_over, resolve_renderer
from simdata.render.flat import FlatRenderer
from simdata.render.gl.renderer import GlRenderer
from simdata.render.tiny import TinyRenderer

SMALL = ["dataset.scenes=5", "dataset.views=1", "builder.cameras.width=32", "builder.cameras.height=24",
         "builder.objects.count=1"]  # fmt: skip


def no_gl(_: str = "auto") -> Probe:
    raise RenderError("OpenGL is not installed; on Debian or Ubuntu: apt-get install libegl1")


def has_gl(_: str = "auto") -> Probe:
    return Probe("OpenGL on the CPU", "cpu", 4)


def test_auto_takes_gl_where_it_opens_else_tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GlRenderer, "probe", has_gl)
    assert resolve_renderer("auto") == Resolved("gl", 4, "cpu")
    assert resolve_renderer("auto", samples=16) == Resolved("gl", 16, "cpu")
    assert not list(passed_over("auto", "gl"))
    monkeypatch.setattr(GlRenderer, "probe", no_gl)
    assert resolve_renderer("auto") == Resolved("tiny", 1, "cpu")
    (line,) = passed_over("auto", "tiny")
    assert "renderer tiny" in line and "apt-get install" in line and "\n" not in line


def test_a_name_is_taken_at_its_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GlRenderer, "probe", no_gl)
    assert resolve_renderer("flat").name == "flat"
    assert not list(passed_over("tiny", "tiny"))
    with pytest.raises(RenderError, match="not installed"):
        resolve_renderer("gl")
    with pytest.raises(UnknownNameError, match="did you mean 'tiny'"):
        resolve_renderer("tinny")


def test_nothing_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GlRenderer, "probe", no_gl)
    monkeypatch.setattr(TinyRenderer, "probe", no_gl)
    with pytest.raises(RenderError, match=r"no renderer works here.*gl: .*tiny: "):
        resolve_renderer("auto")


@pytest.mark.parametrize("kind", [FlatRenderer, TinyRenderer])
def test_a_gpu_that_is_asked_for_is_not_replaced_by_the_cpu(kind: type) -> None:
    with pytest.raises(RenderError, match="draws on the CPU"):
        kind(device="gpu")
    with pytest.raises(RenderError, match="draws on the CPU"):
        kind.probe("gpu")


def test_the_plan_holds_what_was_settled_and_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(GlRenderer, "probe", no_gl)
    config = load_config("tabletop", overrides=SMALL)
    settled = resolve(config, tmp_path)
    assert (settled.renderer, settled.render.samples, settled.render.device) == ("tiny", 1, "cpu")
    told: list[str] = []
    simdata.generate(config, tmp_path / "data", in_process=True, warn=told.append)
    assert len(told) == 1 and told[0].startswith("renderer tiny, because gl")
    assert told[0] in (tmp_path / "data/manifest.json").read_text()
    again: list[str] = []
    simdata.generate(settled, tmp_path / "data", in_process=True, warn=again.append)  # by name: the same plan
    assert not again


def test_samples_warn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GlRenderer, "probe", no_gl)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        next(simdata.samples(load_config("tabletop", overrides=SMALL)))
    assert [str(w.message)[:13] for w in caught if "renderer" in str(w.message)] == ["renderer tiny"]


def test_make_renderer_opens_by_name() -> None:
    renderer = make_renderer("flat", samples=4, device="cpu")
    assert isinstance(renderer, FlatRenderer)
    renderer.close()
