"""Named random streams: every number is keyed by the path of names that asked for it.

`Stream(7).child("scene", 3).child("mug", 1).draw("radius", dist)` gives one number for ever, whatever else is
drawn before, after or beside it. Adding, removing or reordering a draw leaves every other one as it was.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np


class Drawable(Protocol):
    """Whatever can be drawn from a generator (see `simdata.distributions`)."""

    def sample(self, generator: np.random.Generator) -> Any:
        """Draw one value."""


@dataclass(frozen=True)
class Stream:
    """A place in the tree of names below one seed; a value, so it can be passed, compared and stored.

    Attributes:
        seed: the run's seed, any int >= 0. 0 is a seed.
        path: the names from the root down to here.
    """

    seed: int
    path: tuple[str, ...] = ()

    def child(self, *names: str | int) -> Stream:
        """Step down by one or more names; a number names its own branch and is not a count."""
        return Stream(self.seed, self.path + tuple(_key(name) for name in names))

    def draw(self, name: str, distribution: Drawable) -> Any:
        """Draw the value called `name` at this place."""
        return distribution.sample(self.child(name).generator())

    def generator(self) -> np.random.Generator:
        """Make the generator of this very place (PCG64; the same one at each call).

        Source: NumPy, "Parallel random number generation": a SeedSequence mixes `entropy` with `spawn_key`.
        The key is SHA-256 of the path, 256 bits, so two paths sharing a stream is out of the question.
        """
        digest = hashlib.sha256("\x1f".join(self.path).encode()).digest()
        words = np.frombuffer(digest, "<u4")
        sequence = np.random.SeedSequence(self.seed, spawn_key=tuple(int(word) for word in words))
        return np.random.Generator(np.random.PCG64(sequence))


def _key(name: str | int) -> str:
    """Spell a name so that `3` and `"3"` differ and no name can imitate a path."""
    if isinstance(name, int):
        return f"#{name}"
    # An empty name is spelt out too, or the child called "" would be the root itself.
    return name.replace("\\", "\\\\").replace("\x1f", "\\x1f").replace("#", "\\#") or "\\e"
