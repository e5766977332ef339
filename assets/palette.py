"""What finishes are mixed from: bands of colours that go together, layers, recipes."""

from __future__ import annotations

from typing import Any

from simdata.assets.finish import Covering, Finish
from simdata.distributions import Choice, Constant, Distribution, Hsv, LogUniform, Uniform, UniformInt

Band = tuple[float, float]


def band(hue: Band, saturation: Band, value: Band) -> Hsv:
    """Return colours within bands of hue (turns), saturation and value."""
    return Hsv(hue=hue, saturation=saturation, value=value)


def span(low: float, high: float) -> Uniform:
    """Return equal density from low to high."""
    return Uniform(low=low, high=high)


def _often(share: float, *families: str) -> Choice:
    """Return families of layers, one of which there is in `share` of all draws."""
    return Choice(values=("none", *families), weights=(1 - share, *(share / len(families) for _ in families)))


GREY = band((0.0, 1.0), (0.0, 0.06), (0.35, 0.6))
PALE, BROWN = band((0.08, 0.14), (0.0, 0.15), (0.7, 0.9)), band((0.05, 0.1), (0.3, 0.6), (0.1, 0.3))
DUST = Covering(family=_often(0.4, "dust"), amount=span(0.02, 0.12), strength=span(0.1, 0.3), color=PALE)
TOUCHED = Covering(
    family=_often(0.5, "smudges", "dust"),
    amount=span(0.02, 0.15),
    strength=span(0.02, 0.1),
    repeat=span(1.0, 2.5),
    color=GREY,
    roughness=span(0.35, 0.6),
)
HANDLED = Covering(
    family=_often(0.5, "smudges", "scratches"),
    amount=LogUniform(low=0.01, high=0.1),
    strength=span(0.02, 0.15),
    color=GREY,
    roughness=span(0.35, 0.6),
    metallic=Constant(value=1.0),
    repeat=span(1.0, 2.5),
)
SCRATCHED = Covering(
    family=_often(0.4, "scratches", "scratches", "scratches", "wear"),
    amount=LogUniform(low=0.004, high=0.03),
    strength=span(0.08, 0.25),
    color=PALE,
    roughness=span(0.5, 0.8),
    repeat=span(1.5, 3.0),
)
STAINED = Covering(
    family=_often(0.6, "stains", "dirt", "scratches"),
    amount=LogUniform(low=0.01, high=0.08),
    strength=span(0.15, 0.45),
    color=BROWN,
    repeat=span(1.5, 3.0),
)
RUBBED = Covering(
    family=_often(0.5, "scratches", "wear"),
    amount=LogUniform(low=0.005, high=0.03),
    strength=span(0.2, 0.6),
    repeat=span(1.5, 3.0),
    color=GREY,
    roughness=span(0.3, 0.5),
    metallic=Constant(value=1.0),
)
SOILED = Covering(
    family=_often(0.35, "dirt", "dust", "stains"),
    amount=LogUniform(low=0.01, high=0.08),
    strength=span(0.2, 0.5),
    color=BROWN,
)

GLOSS, SATIN, DULL = span(0.08, 0.25), span(0.3, 0.5), span(0.55, 0.85)
NO = Constant(value=0.0)
ONE = Constant(value=1.0)


def wood(color: Hsv, second: Hsv, **more: Any) -> Finish:
    """Return wood: pores, knots and joints are the accent, some of it varnished."""
    base = {
        "texture": Choice(values=("wood", "veneer", "boards"), weights=(3, 3, 2)),
        "contrast": span(0.5, 1.0),
        "accent": second,
        "roughness": SATIN,
        "second_rougher": span(-0.05, 0.1),
        "accent_rougher": span(0.05, 0.25),
        "repeat": span(0.9, 1.8),
        "coat": Choice(values=(0.0, 0.4, 0.9), weights=(2, 2, 1)),
        "layer": SCRATCHED,
    }
    return Finish(color=color, second=second, **(base | more))


def stone(color: Hsv, second: Hsv, accent: Hsv, family: str, **more: Any) -> Finish:
    """Return stone, tiles or brick; joints and veins are the accent."""
    base = {
        "texture": Constant(value=family),
        "accent": accent,
        "roughness": span(0.15, 0.45),
        "repeat": span(0.9, 2.0),
        "accent_rougher": span(0.0, 0.2),
        "layer": TOUCHED,
    }
    return Finish(color=color, second=second, **(base | more))


def paint(color: Hsv, **more: Any) -> Finish:
    """Return a painted wall."""
    base = {
        "texture": Choice(values=("paint_roller", "plaster", "none"), weights=(3, 1, 1)),
        "second": band((0.05, 0.15), (0.0, 0.1), (0.75, 0.95)),
        "contrast": span(0.02, 0.12),
        "roughness": DULL,
        "repeat": span(0.8, 1.6),
        "relief": span(0.3, 0.9),
    }
    return Finish(color=color, **(base | more))


def glaze(color: Distribution, **more: Any) -> Finish:
    """Return glazed pottery."""
    base = {"roughness": SATIN, "coat": span(0.6, 1.0), "coat_roughness": span(0.02, 0.12), "layer": TOUCHED}
    return Finish(color=color, **(base | more))


def glass(color: Hsv) -> Finish:
    """Return glass, or clear plastic."""
    return Finish(color=color, roughness=span(0.02, 0.08), transmission=span(0.8, 0.95), layer=TOUCHED)


def printed(ground: Hsv, second: Hsv, ink: Hsv, family: Choice | None = None, **more: Any) -> Finish:
    """Return printed paper or tin in three colours."""
    base = {
        "texture": family or Choice(values=("label", "stripes", "checks"), weights=(8, 1, 1)),
        "accent": ink,
        "roughness": span(0.25, 0.5),
        "accent_rougher": span(-0.1, 0.1),
        "coat": span(0.0, 0.4),
        "layer": SCRATCHED,
        "relief": span(0.0, 0.4),
        "seed": UniformInt(low=0, high=31),
    }
    return Finish(color=ground, second=second, **(base | more))


def cover(ground: Hsv, second: Hsv, ink: Hsv) -> Finish:
    """Return the cover of a book."""
    return printed(ground, second, ink, Choice(values=("book_cover", "label", "weave"), weights=(5, 1, 1)))


def metal(color: Hsv, families: Choice, roughness: Distribution, **more: Any) -> Finish:
    """Return bare metal."""
    base = {
        "texture": families,
        "second": band((0.0, 1.0), (0.0, 0.05), (0.6, 0.85)),
        "contrast": span(0.2, 0.6),
        "roughness": roughness,
        "metallic": ONE,
        "repeat": span(1.5, 3.0),
        "second_rougher": span(0.0, 0.15),
        "layer": HANDLED,
    }
    return Finish(color=color, **(base | more))


def cloth(color: Hsv, second: Hsv, *families: str, repeat: Distribution) -> Finish:
    """Return cloth or carpet."""
    return Finish(
        color=color,
        second=second,
        texture=Choice(values=families),
        roughness=span(0.8, 1.0),
        repeat=repeat,
        contrast=span(0.4, 1.0),
        accent=second,
        layer=SOILED,
    )


def plastic(color: Hsv, **more: Any) -> Finish:
    """Return plastic."""
    base = {
        "texture": Choice(values=("plastic", "none")),
        "second": color,
        "contrast": span(0.1, 0.4),
        "roughness": span(0.2, 0.55),
        "layer": SCRATCHED,
    }
    return Finish(color=color, **(base | more))


WHITE, CREAM = band((0.1, 0.16), (0.0, 0.06), (0.86, 0.97)), band((0.09, 0.13), (0.1, 0.25), (0.82, 0.95))
INK, RED = band((0.55, 0.7), (0.1, 0.5), (0.05, 0.18)), band((-0.02, 0.02), (0.7, 0.9), (0.55, 0.85))
ORANGE, YELLOW = band((0.05, 0.08), (0.7, 0.9), (0.75, 0.95)), band((0.12, 0.15), (0.6, 0.9), (0.85, 0.98))
GREEN, SAGE = band((0.3, 0.42), (0.45, 0.8), (0.3, 0.6)), band((0.22, 0.36), (0.1, 0.3), (0.55, 0.8))
TEAL, BLUE = band((0.47, 0.53), (0.4, 0.75), (0.35, 0.65)), band((0.56, 0.63), (0.5, 0.85), (0.4, 0.8))
NAVY, PLUM = band((0.59, 0.65), (0.5, 0.8), (0.15, 0.35)), band((0.85, 0.95), (0.3, 0.6), (0.3, 0.55))
PINK, KRAFT = band((0.95, 1.02), (0.2, 0.45), (0.8, 0.95)), band((0.07, 0.1), (0.35, 0.5), (0.55, 0.75))
SLATE, CLAY = band((0.55, 0.65), (0.05, 0.2), (0.2, 0.4)), band((0.02, 0.05), (0.45, 0.65), (0.5, 0.7))
BLACK = band((0.0, 1.0), (0.0, 0.1), (0.03, 0.12))
OAK, OAK_DARK = band((0.085, 0.11), (0.3, 0.5), (0.6, 0.8)), band((0.07, 0.1), (0.4, 0.6), (0.42, 0.6))
PINE, PINE_DARK = band((0.09, 0.12), (0.3, 0.45), (0.78, 0.92)), band((0.07, 0.1), (0.45, 0.6), (0.6, 0.75))
WALNUT, WALNUT_DARK = (
    band((0.05, 0.08), (0.4, 0.6), (0.28, 0.45)),
    band((0.04, 0.07), (0.45, 0.65), (0.14, 0.26)),
)
