"""`Config`: the whole of a run that ends up in the dataset. Nothing about workers belongs here.

`simdata.config_file` reads it from YAML and says where a mistake is.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from simdata.distributions import Distribution
from simdata.errors import ConfigError
from simdata.model import Model
from simdata.registry import Registry

BUILDERS = Registry(
    "scene builder",
    {"tabletop": "simdata.scenes.tabletop:Tabletop"},
    "simdata.scene_builders",
)

Fraction = Annotated[float, Field(ge=0, le=1)]
Treatment = Literal["drop", "crowd", "keep"]
DepthFormat = Literal["off", "png16", "float32"]


class DatasetConfig(Model):
    """How many images, and what is stored.

    Attributes:
        scenes: number of layouts.
        looks_per_layout: looks (materials, lights, cameras) drawn over one settled layout.
        views: cameras a look.
        splits: name -> share of the scenes; shares add up to 1; quotas are exact, not drawn.
        image_format, image_quality: "png" is lossless; quality is for jpg and webp.
        instance_ids: store the 16-bit instance-id images.
        depth: "off", "png16" (16-bit PNG, `depth_unit` metres a step, 0 = nothing hit) or "float32"
            (.npy, metres, inf = nothing hit). A fisheye's is its distance along the ray, under `distance/`.
        measured_depth: how to store what cameras with a depth sensor measure; as `depth`, inf (0) = a hole.
        clean: store under `clean/` what a perfect sensor would see, equally exposed.
    """

    scenes: int = Field(default=20, ge=1, le=10_000_000)
    looks_per_layout: int = Field(default=1, ge=1, le=1000)
    views: int = Field(default=3, ge=1, le=256)
    splits: dict[str, Fraction] = Field(default_factory=lambda: {"train": 0.8, "val": 0.2})
    image_format: Literal["png", "jpg", "webp"] = "png"
    image_quality: int = Field(default=92, ge=1, le=100)
    instance_ids: bool = True
    depth: DepthFormat = "off"
    depth_unit: float = Field(default=0.001, gt=0)
    measured_depth: DepthFormat = "float32"
    clean: bool = False

    @field_validator("splits")
    @classmethod
    def _shares(cls, value: dict[str, float]) -> dict[str, float]:
        if abs(sum(value.values()) - 1) > 1e-9:
            raise ValueError(f"split shares add up to {sum(value.values()):g}; they must add up to 1")
        bad = [name for name in value if not name.isidentifier()]
        if bad:
            raise ValueError(f"split name {bad[0]!r} must be a plain word (it becomes a folder)")
        return value

    @model_validator(mode="after")
    def _enough_scenes(self) -> DatasetConfig:
        counts = split_counts(self.splits, self.scenes)
        for name, share in self.splits.items():
            if share > 0 and counts[name] == 0:
                raise ValueError(
                    f"split {name!r} wants {share:.0%} of {self.scenes} scenes, which is none; "
                    f"raise scenes to {_fewest(self.splits, name)} or drop the split"
                )
        return self


class CategoryConfig(Model):
    """Merge, rename, drop: `rename` maps a builder's category to the name written; two to one name merge."""

    rename: dict[str, str] = Field(default_factory=dict)
    drop: tuple[str, ...] = ()

    def written(self, category: str) -> str | None:
        """Return the name that is written for a builder's category; None when it is dropped."""
        return None if category in self.drop else self.rename.get(category, category)


class LabelConfig(Model):
    """What becomes an annotation.

    Attributes:
        mask_format: "auto" writes polygons below 200,000 instances and RLE above; one file never mixes them
            (crowds are RLE always: COCO knows no other).
        min_visible_px, min_visible_fraction: an object that shows less is nearly hidden …
        hidden: … and is dropped, written as `iscrowd: 1` (evaluation ignores it), or kept as it is.
        min_contrast, min_transmittance: an object that stands out less from what is around it (delta E), or
            from which less of the light comes through the haze, is nearly invisible …
        faint: … and is dropped, written as a crowd, or kept.
        categories: the category map.
    """

    mask_format: Literal["auto", "polygon", "rle"] = "auto"
    min_visible_px: int = Field(default=16, ge=1)
    min_visible_fraction: Fraction = 0.1
    hidden: Treatment = "crowd"
    min_contrast: float = Field(default=0.0, ge=0)
    min_transmittance: Fraction = 0.0
    faint: Treatment = "keep"
    categories: CategoryConfig = CategoryConfig()

    def fate(self, category: str, area: int, fields: Mapping[str, Any]) -> str:
        """Say what becomes of an object: "keep", "crowd", or why it is dropped.

        That is for its "category", or because it is "hidden" or "faint".

        Args:
            category: as the builder named it.
            area: visible pixels.
            fields: its labels; `visible_fraction`, `contrast` and `transmittance` count where they are known.
        """
        if self.categories.written(category) is None:
            return "category"
        hidden = area < self.min_visible_px or _below(fields, "visible_fraction", self.min_visible_fraction)
        low = _below(fields, "contrast", self.min_contrast)
        faint = low or _below(fields, "transmittance", self.min_transmittance)
        verdicts = self.hidden if hidden else "keep", self.faint if faint else "keep"
        if "drop" in verdicts:
            return "hidden" if verdicts[0] == "drop" else "faint"
        return "crowd" if "crowd" in verdicts else "keep"


def _below(fields: Mapping[str, Any], name: str, least: float) -> bool:
    """Tell whether a label is known to be less."""
    value = fields.get(name)
    return value is not None and value < least


class RenderConfig(Model):
    """How colours are drawn. Labels depend on none of it.

    Attributes:
        samples: colour samples a pixel; 0 takes the renderer's own choice (gl 4, mitsuba 64, tiny 1); only
            mitsuba takes 256.
        device: "gpu" fails where there is none, "cpu" leaves it alone, "auto" takes one where there is one;
            settled in the plan, so that all workers draw alike.
        denoise: take out the noise of few samples; only mitsuba on a GPU can.
    """

    samples: Literal[0, 1, 4, 16, 64, 256] = 0
    device: Literal["auto", "cpu", "gpu"] = "auto"
    denoise: bool = False


class RunConfig(Model):
    """How the work is cut. It is in the plan because shards are visible in the dataset.

    Attributes:
        shard_scenes: scenes a shard; a shard is what one worker does between two commits. 0 takes a sixteenth
            of all scenes, at most 32: enough shards to share out, few enough to count.
        max_attempts: draws of one scene before giving up on it (it then is a hole).
        hole_budget: largest share of scenes that may fail before the run stops.
        scene_cpu_limit: CPU seconds one scene may take; mitsuba gets many times as many.
    """

    shard_scenes: int = Field(default=0, ge=0, le=10_000)
    max_attempts: int = Field(default=50, ge=1)
    hole_budget: Fraction = 0.01
    scene_cpu_limit: float = Field(default=120.0, gt=0)


class InfoConfig(Model):
    """The `info` and `licenses` blocks of the COCO files: the user's words, never ours."""

    description: str = "Synthetic images rendered by simdata"
    version: str = "1.0"
    year: int = 2026
    contributor: str = ""
    url: str = ""
    date_created: str = "2026-01-01T00:00:00"
    license: str = "CC0-1.0"
    license_url: str = "https://creativecommons.org/publicdomain/zero/1.0/"


class Config(Model):
    """A randomisation config: everything that decides what the dataset holds.

    Attributes:
        scene: name of the scene builder, `module:Name` or `path/to/file.py:Name`.
        seed: any int >= 0; 0 is a seed.
        let: shared variables, drawn once a scene; a field uses one with {dist: ref, name: …}.
        builder: the builder's own fields; see `make_builder`.
        renderer: name of the renderer; "auto" is `gl` where OpenGL opens, else `tiny`.
        render: samples and device.
    """

    version: Literal[1] = 1
    scene: str
    seed: int = Field(default=0, ge=0, lt=2**63)
    let: dict[str, Distribution] = Field(default_factory=dict)
    builder: dict[str, Any] = Field(default_factory=dict)
    dataset: DatasetConfig = Field(default_factory=DatasetConfig)
    labels: LabelConfig = LabelConfig()
    renderer: str = "auto"
    render: RenderConfig = RenderConfig()
    run: RunConfig = RunConfig()
    info: InfoConfig = InfoConfig()

    @property
    def shard_size(self) -> int:
        """Scenes a shard."""
        return self.run.shard_scenes or min(32, max(1, self.dataset.scenes // 16))

    def make_builder(self) -> Any:
        """Load the builder's class and validate its fields, references to `let` included.

        Validators find `let` and `views` in their context.

        Raises:
            UnknownNameError: no such builder.
            pydantic.ValidationError: a field is wrong; paths start below `builder`.
        """
        context = {"let": self.let, "views": self.dataset.views}
        return BUILDERS.load(self.scene).model_validate(self.builder, context=context)

    def category_names(self) -> list[str]:
        """Return the final category names, sorted; id = index + 1. Fixed by the config, met or not.

        Raises:
            ConfigError: the map names a category that the builder does not have.
        """
        known = list(self.make_builder().categories())
        mapped = self.labels.categories
        unknown = sorted(({*mapped.rename} | {*mapped.drop}) - {*known})
        if unknown:
            raise ConfigError(
                f"labels.categories names {unknown[0]!r}, which {self.scene} does not make; "
                f"it makes: {', '.join(sorted(known))}"
            )
        return sorted({name for name in map(mapped.written, known) if name is not None})


def split_of(splits: Mapping[str, float], scene: int) -> str:
    """Return the split of a scene number; known before anything is drawn."""
    block = _split_block(tuple(sorted(splits.items())))
    return block[scene % len(block)]


def split_counts(splits: Mapping[str, float], scenes: int) -> dict[str, int]:
    """Return how many of the first `scenes` scenes go to each split."""
    block = _split_block(tuple(sorted(splits.items())))
    whole, rest = divmod(scenes, len(block))
    return {name: whole * block.count(name) + block[:rest].count(name) for name in splits}


@lru_cache
def _split_block(shares: tuple[tuple[str, float], ...]) -> tuple[str, ...]:
    """Lay out one block: each scene goes to the split that lags its share most.

    The block is the shortest one, up to 1000 scenes, in which every share is a whole number, so quotas are
    exact in each block and within one scene anywhere inside it.

    Source: the largest-deficit sequence (Bresenham's line for more than two classes).
    """
    sizes = (
        n for n in range(1, 1000) if all(abs(share * n - round(share * n)) < 1e-9 for _, share in shares)
    )
    counts = dict.fromkeys((name for name, _ in shares), 0)
    block: list[str] = []
    for length in range(1, next(sizes, 1000) + 1):
        chosen, _ = max(shares, key=lambda item: (item[1] * length - counts[item[0]], item[1]))
        counts[chosen] += 1
        block.append(chosen)
    return tuple(block)


def _fewest(splits: Mapping[str, float], name: str) -> int:
    """Return the smallest number of scenes that gives `name` at least one."""
    return next((n for n in range(1, 1001) if split_counts(splits, n)[name]), 1000)
