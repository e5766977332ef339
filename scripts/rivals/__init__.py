"""`gl` against path tracers, in one run: `scripts/prove rivals`."""

from rivals.race import race

__all__ = ["race"]
