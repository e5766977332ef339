"""How many items of each source go into each batch, so that every batch is as near its shares as can be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice

from simdata.errors import ConfigError


def exact(weights: Sequence[float]) -> list[Fraction]:
    """Return shares that add up to 1; a weight is the decimal number it is written as.

    Raises:
        ConfigError: there is no weight, or one that is not above 0.
    """
    bad = [weight for weight in weights if not (math.isfinite(weight) and weight > 0)]
    if bad or not weights:
        raise ConfigError(
            f"weights {list(weights)}: each must be a number above 0; leave a source without one out"
        )
    fractions = [Fraction(str(weight)) for weight in weights]
    return [fraction / sum(fractions) for fraction in fractions]


def counts(shares: Sequence[Fraction], size: int, first: int = 0) -> Iterator[list[int]]:
    """Give the make-up of batch `first`, `first + 1`, … for ever.

    Each batch has every source's whole part of its share; the places left go, one each, to the sources that
    are furthest behind, of equals to the first. So each count is its share rounded down or up, and the sums
    stay by their shares.

    Args:
        shares: of the sources, adding up to 1.
        size: items a batch.
        first: the batch to begin with.

    Source: the largest remainder method (Hamilton, 1792), with what a batch owes carried over to the next.
    """
    wanted = [share * size for share in shares]
    scale = math.lcm(*(share.denominator for share in wanted))
    whole, rest = zip(*(divmod(int(share * scale), scale) for share in wanted), strict=True)
    batches = _extras(rest, scale)
    for extra in islice(batches, first % scale, None):  # after `scale` batches nothing is owed
        yield [count + (source in extra) for source, count in enumerate(whole)]


def _extras(rest: Sequence[int], scale: int) -> Iterator[set[int]]:
    """Give the sources that get one item more, batch by batch; each time `rest / scale` is owed."""
    owed, places = [0] * len(rest), sum(rest) // scale
    while True:
        owed = [debt + more for debt, more in zip(owed, rest, strict=True)]
        ranking = sorted(
            (source for source, more in enumerate(rest) if more), key=lambda source: -owed[source]
        )
        extra = set(ranking[:places])
        owed = [debt - scale * (source in extra) for source, debt in enumerate(owed)]
        yield extra
