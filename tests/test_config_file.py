"""Configs as files: what is read, what is refused and how that is said, what is written."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simdata.config_file import Option, config_schema, load_config, render_yaml
from simdata.config_file.text import _flow
from simdata.config_file.yaml_text import MAX_DEPTH, parse_scalar, parse_yaml
from simdata.errors import ConfigError, UnknownNameError

BUILDER = '''
from typing import Annotated
from pydantic import Field
from simdata.distributions import Color, Hsv, Integer, Quantity, Scalar, Uniform, UniformInt
from simdata.model import Model

class Mesh(Model):
    """A mesh.

    Attributes:
        path: its file.
        size: largest side.
    """
    path: str
    size: Annotated[Scalar, Quantity("m", 0.01, 2)] = 0.1

class Box(Model):
    """Boxes.

    Attributes:
        count: how many boxes,
            all in all.
    """
    count: Annotated[Integer, Quantity("boxes", 1, 50)] = UniformInt(low=2, high=5)
    size: Annotated[Scalar, Quantity("m", 0.01, 2)] = Uniform(low=0.1, high=0.4)
    meshes: tuple[Mesh, ...] = ()
    kinds: dict[str, Mesh] = Field(default_factory=lambda: {"a.b": Mesh(path=""), "c": Mesh(path="")})
    tint: Annotated[Color, Quantity("sRGB", 0, 1)] = Hsv()
    note: str = "no"
    def categories(self): return ["box", "ball"]
'''


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "box.py").write_text(BUILDER)
    return tmp_path


def write(folder: Path, text: str, name: str = "c.yaml") -> Path:
    (folder / name).write_text(text)
    return folder / name


def load(folder: Path, text: str, *overrides: str):
    return load_config(write(folder, "scene: box.py:Box\n" + text), overrides=overrides)


def refusal(folder: Path, text: str, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(folder, text, *overrides)
    message = str(caught.value)
    assert "\n" not in message, "one mistake is one line"
    return message


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e3", 1000.0),
        ("-.5", -0.5),
        ("2.", 2.0),
        ("012", 12),
        ("0o14", 12),
        ("0x1F", 31),
        ("-7", -7),
        ("true", True),
        ("False", False),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("12:30:00", "12:30:00"),
        ("1_000", "1_000"),
        ("2026-01-01", "2026-01-01"),
        ("~", None),
        ("", None),
        ("-.inf", -float("inf")),
        (".", "."),
        ("+", "+"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_scalars_are_read_as_yaml_1_2_says(text: str, value: object) -> None:
    found = parse_scalar(text)
    assert found == value
    assert type(found) is type(value)
    assert parse_yaml(f"a: {text}\n", "f").value == {"a": value}
    assert parse_yaml(f"a: '{text}'\n", "f").value == {"a": text}


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_back(value: object) -> None:
    text = _flow({"key": value})
    assert json.dumps(parse_yaml(text, "f").value) == json.dumps({"key": value})


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab:-[]{}#&*!|>'\"%@`?,\n\t 01.", max_size=40))
def test_any_text_is_read_or_refused_in_one_line(text: str) -> None:
    try:
        parse_yaml(text, "f")
    except ConfigError as error:
        assert "\n" not in str(error)


def test_lines_of_every_key_are_known() -> None:
    places = parse_yaml("a:\n  b:\n  - 1\n  - c: 2\n", "f").places
    lines = {".".join(map(str, path)): place.line for path, place in places.items()}
    assert lines == {"": 1, "a": 1, "a.b": 2, "a.b.0": 3, "a.b.1": 4, "a.b.1.c": 4}


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("a: 1\nb: 2\na: 3\n", 3, "key 'a' is given twice: lines 1 and 3"),
        ("x:\n  a: {b: 1}\n  a: 2\n", 3, "given twice: lines 2 and 3"),
        ("a: &x [1]\nb: *x\n", 2, "alias *x"),
        ("a: !!python/object/apply:os.system [ls]\n", 1, "!!python/object"),
        ("a: !!timestamp 2026-01-01\n", 1, "tag"),
        ("a: " + "[" * 200, 1, f"deeper than {MAX_DEPTH}"),
        ("a: " + "9" * 5000, 1, "5000 characters"),
        ("3: 4\n", 1, "key must be text"),
        ("? [1]\n: 2\n", 1, "key must be text"),
        ("a: b: c\n", 1, "not valid YAML"),
        ("a: [1, 2\n", 2, "not valid YAML"),
        ("a: 1\n---\nb: 2\n", 2, "another document"),
    ],
)
def test_yaml_traps_are_refused_with_their_line(text: str, line: int, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_yaml(text, "f.yaml")
    assert str(caught.value).startswith(f"f.yaml:{line}: ")
    assert words in str(caught.value)


def test_an_alias_bomb_costs_nothing(folder: Path) -> None:
    levels = "".join(f"l{n + 1}: &l{n + 1} [{', '.join([f'*l{n}'] * 10)}]\n" for n in range(9))
    start = time.process_time()
    assert "alias *l0" in refusal(folder, "l0: &l0 [x]\n" + levels)
    assert time.process_time() - start < 2


def test_a_huge_file_is_not_read(folder: Path) -> None:
    path = write(folder, "# " + "x" * (2 << 20))
    with pytest.raises(ConfigError, match="larger than 1024 KiB"):
        load_config(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("datset: {scenes: 3}\n", "c.yaml:2: unknown key 'datset'; did you mean 'dataset'?"),
        ("dataset:\n  scenes: 0\n", "c.yaml:3: dataset.scenes: 0 is out of bounds; allowed: 1 to 10000000"),
        ("dataset: {image_format: gif}\n", "allowed: 'png', 'jpg' or 'webp'"),
        (
            "dataset: {scenes: 2}\n",
            "dataset: split 'val' wants 20% of 2 scenes, which is none; raise scenes to 3",
        ),
        ("dataset: 3\n", "dataset: 3 is not a mapping"),
        ("dataset:\n", "dataset: is empty"),
        ("seed: yes\n", "seed: 'yes' is not a whole number"),
        ("renderer: 3\n", "renderer: 3 is not text"),
        ("builder:\n  sise: 1\n", "c.yaml:3: builder: unknown key 'sise'; did you mean 'size'?"),
        ("builder:\n  count: 99\n", "c.yaml:3: builder.count: 99 can give 99 boxes; allowed is 1 to 50"),
        ("builder: {size: {dist: uniform, low: 2, high: 1}}\n", "builder.size: low 2 is above high 1"),
        (
            "builder: {size: {dist: unifrom, low: 1, high: 2}}\n",
            "unknown distribution 'unifrom'; did you mean",
        ),
        ("builder: {size: {low: 1, high: 2}}\n", "'dist' is missing"),
        ("builder: {size: {dist: uniform, low: 1}}\n", "builder.size: key 'high' is missing"),
        ("builder: {size: {dist: uniform, low: 1, hihg: 2}}\n", "unknown key 'hihg'; did you mean 'high'?"),
        ("builder: {size: big}\n", "'big' is text, a number in m is wanted"),
        ("builder: {size: [a]}\n", "builder.size: a number, a text, three numbers"),
        ("builder: {size: {dist: ref, name: n}}\n", "$n is not bound under let"),
        (
            "builder:\n  meshes:\n  - path: a\n  - path: b\n    size: 7\n",
            "c.yaml:6: builder.meshes.1.size: 7",
        ),
        (
            "builder:\n  meshes:\n  - {path: a, sze: 7}\n",
            "builder.meshes.0: unknown key 'sze'; did you mean 'size'?",
        ),
        ("labels:\n  categories: {drop: [bix]}\n", "c.yaml:3: labels.categories names 'bix'"),
    ],
)
def test_a_mistake_is_told_with_line_key_and_limit(folder: Path, text: str, words: str) -> None:
    message = refusal(folder, text)
    assert words in message
    assert message.startswith(str(folder / "c.yaml"))


def test_several_mistakes_are_a_line_each_and_at_most_five(folder: Path) -> None:
    keys = "".join(f"key_{n}: 1\n" for n in range(9))
    with pytest.raises(ConfigError) as caught:
        load(folder, keys)
    lines = str(caught.value).splitlines()
    assert len(lines) == 6
    assert lines[-1] == "and 4 more"


def test_names(tmp_path: Path) -> None:
    assert load_config("tabletop").scene == "tabletop"
    with pytest.raises(UnknownNameError, match="unknown scene 'tabeltop'; did you mean 'tabletop'"):
        load_config("tabeltop")
    for wrong in ("nowhere.yaml", "no/where", str(tmp_path), "nowhere.py:Box"):
        with pytest.raises(ConfigError):
            load_config(wrong)


def test_a_variant_is_the_yaml_beside_the_builder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simdata.config import BUILDERS

    (folder / "boxes_here.py").write_text(BUILDER)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setitem(BUILDERS.table, "boxes", "boxes_here:Box")  # type: ignore[arg-type]
    assert load_config("boxes").builder["count"] == {"dist": "uniform_int", "low": 2, "high": 5}
    write(folder, "scene: boxes\nbuilder: {count: 7}\n", "boxes_here.yaml")
    write(folder, "extends: boxes\nbuilder: {size: 0.2}\n", "boxes_here.small.yaml")
    assert load_config("boxes").builder["count"]["value"] == 7
    small = load_config("boxes/small").builder
    assert (small["count"]["value"], small["size"]["value"]) == (7, 0.2)
    with pytest.raises(UnknownNameError, match="did you mean 'boxes/small'"):
        load_config("boxes/smal")


def test_a_builder_comes_back_with_all_its_fields(folder: Path) -> None:
    config = load(folder, "builder: {count: 3}\n")
    assert set(config.builder) == {"count", "size", "meshes", "kinds", "tint", "note"}
    assert config.builder["count"] == {"dist": "constant", "value": 3}


def test_a_broken_builder_file_is_told_in_one_line(folder: Path) -> None:
    (folder / "bad.py").write_text("import nothing_like_this\n")
    (folder / "worse.py").write_text("def (:\n")
    (folder / "other.py").write_text("class Box: pass\n")
    for name in ("bad.py", "worse.py", "other.py", "box.py:Bax"):
        name = name if ":" in name else f"{name}:Box"
        with pytest.raises(ConfigError) as caught:
            load_config(write(folder, f"scene: {name}\n"))
        assert "\n" not in str(caught.value)
        assert "c.yaml:1" in str(caught.value)


def test_extends_lays_one_config_over_another(folder: Path) -> None:
    write(
        folder,
        "scene: box.py:Box\ndataset: {scenes: 50, views: 2}\n"
        "builder:\n  count: 3\n  size: {dist: normal, mean: 1, sigma: 1, low: 0.5, high: 1.5}\n",
        "base.yaml",
    )
    config = load_config(
        write(
            folder,
            "extends: base.yaml\ndataset: {scenes: 40}\nbuilder: {size: {dist: uniform, low: 1, high: 2}}\n",
        )
    )
    assert (config.dataset.scenes, config.dataset.views) == (40, 2)
    assert config.builder["count"]["value"] == 3
    # A distribution is replaced whole: no mean or sigma of the normal one is left to be refused.
    assert config.builder["size"] == {"dist": "uniform", "low": 1.0, "high": 2.0}


def test_a_mistake_is_told_where_it_was_written(folder: Path) -> None:
    write(folder, "scene: box.py:Box\n\nbuilder:\n  count: 99\n", "base.yaml")
    path = write(folder, "extends: base.yaml\nseed: 3\n")
    with pytest.raises(ConfigError, match=r"base\.yaml:4: builder\.count"):
        load_config(path)
    with pytest.raises(ConfigError, match=r"c\.yaml:1: extends: no file .*bose\.yaml"):
        load_config(write(folder, "extends: bose.yaml\n"))


def test_extends_may_not_go_round(folder: Path) -> None:
    write(folder, "extends: b.yaml\n", "a.yaml")
    write(folder, "extends: c.yaml\n", "b.yaml")
    with pytest.raises(ConfigError, match=r"circle: c\.yaml -> a\.yaml -> b\.yaml -> c\.yaml"):
        load_config(write(folder, "extends: a.yaml\n"))


def test_paths_of_meshes_start_at_the_file_that_names_them(folder: Path) -> None:
    (folder / "below").mkdir()
    (folder / "below" / "box.py").write_text(BUILDER)
    write(
        folder,
        "scene: box.py:Box\nbuilder:\n  meshes: [{path: m/a.obj}, {path: /b.obj}]\n",
        "below/base.yaml",
    )
    config = load_config(write(folder, "extends: below/base.yaml\n"))
    assert [mesh["path"] for mesh in config.builder["meshes"]] == [str(folder / "below/m/a.obj"), "/b.obj"]


def test_overrides(folder: Path) -> None:
    config = load(
        folder,
        "",
        "dataset.scenes=30",
        "builder.size.low=0.2",
        "builder.count={dist: uniform_int, low: 3, high: 4}",
        "builder.kinds.a.b.size=0.3",
        "builder.note=no",
        "dataset.splits={train: 1}",
    )
    assert config.dataset.scenes == 30
    assert config.dataset.splits == {"train": 1.0}
    assert config.builder["size"] == {"dist": "uniform", "low": 0.2, "high": 0.4}
    assert config.builder["count"] == {"dist": "uniform_int", "low": 3, "high": 4}
    assert config.builder["kinds"]["a.b"]["size"]["value"] == 0.3
    assert config.builder["kinds"]["c"]["size"]["value"] == 0.1, "its sibling stays"
    assert config.builder["note"] == "no"


def test_overrides_reach_into_lists(folder: Path) -> None:
    text = "builder:\n  meshes: [{path: /a}, {path: /b}]\n"
    config = load(folder, text, "builder.meshes.1.size=0.5")
    assert [mesh["size"]["value"] for mesh in config.builder["meshes"]] == [0.1, 0.5]
    assert "0 to 1" in refusal(folder, text, "builder.meshes.2.size=0.5")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("dataset.scenez=3", "--set dataset.scenez=3: unknown key 'scenez'; did you mean 'scenes'?"),
        ("foo.bar=1", "unknown key 'foo'"),
        ("builder.sise=1", "did you mean 'size'?"),
        ("builder.size.low=0.9", "low 0.9 is above high 0.4"),
        ("dataset.scenes=0", "0 is out of bounds; allowed: 1 to 10000000"),
        ("seed.x=1", "seed is 0, which has no 'x'"),
        ("nothing", "is not KEY=VALUE"),
        ("=3", "is not KEY=VALUE"),
        ("a..b=3", "is not KEY=VALUE"),
        ("seed=[1", "not valid YAML"),
        ("seed=*x", "alias"),
        ("extends=tabletop", "belongs in a config file"),
    ],
)
def test_a_wrong_override_is_told_as_it_was_given(folder: Path, override: str, words: str) -> None:
    message = refusal(folder, "seed: 0\n", override)
    assert message.startswith(f"--set {override}")
    assert words in message


def test_an_option_is_told_as_the_user_wrote_it(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--scenes 0: 0 is out of bounds"):
        load_config(
            write(folder, "scene: box.py:Box\n"), overrides=[Option("dataset.scenes=0", "--scenes 0")]
        )


def test_a_written_config_says_what_it_is_and_reads_back_equal(folder: Path) -> None:
    config = load(
        folder, "let: {x: {dist: uniform, low: 0, high: 1}}\nlabels: {categories: {rename: {box: 'on'}}}\n"
    )
    text = render_yaml(config)
    assert text.splitlines()[0] == "# yaml-language-server: $schema=simdata.schema.json"
    assert (
        "  # how many boxes, all in all.\n  count: {dist: uniform_int, low: 2, high: 5}  # boxes, 1 to 50"
        in text
    )
    assert "  size: {dist: uniform, low: 0.1, high: 0.4}  # m, 0.01 to 2" in text
    assert '  note: "no"' in text, "YAML 1.1 readers would take it for false"
    assert load_config(write(folder, text, "again.yaml")) == config


def test_the_tabletop_config_reads_back_equal(tmp_path: Path) -> None:
    config = load_config("tabletop")
    assert load_config(write(tmp_path, render_yaml(config))) == config


def test_the_schema_covers_the_builder_and_bare_values(folder: Path) -> None:
    schema = config_schema(f"{folder / 'box.py'}:Box")
    builder = schema["$defs"]["Box"]["properties"]
    assert builder["count"]["description"] == "how many boxes, all in all."
    assert builder["count"]["x-unit"] == "boxes"
    kinds = builder["count"]["anyOf"]
    assert "oneOf" in kinds[0], "a distribution"
    assert {"type": "number"} in kinds[1]["anyOf"], "or its bare value"
    assert schema["properties"]["builder"]["$ref"] == "#/$defs/Box"
    json.dumps(schema, allow_nan=False)
