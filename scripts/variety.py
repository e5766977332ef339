"""Figures of how much the pictures of the tabletop's variants differ: colour, texture, light.

.venv/bin/python scripts/variety.py [--count N] [NAME …]
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from variety import pictures, variety

import simdata

NAMES = ("tabletop", "tabletop/plain", "tabletop/cluttered", "tabletop/dark")


def main() -> None:
    """Print one line a config."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=NAMES, metavar="NAME")
    parser.add_argument("--count", type=int, default=24)
    arguments = parser.parse_args()
    small = ["builder.cameras.width=320", "builder.cameras.height=240"]
    for name in arguments.names:
        figures = variety(pictures(simdata.load_config(name, overrides=small), arguments.count))
        print(f"{name:<20}", "  ".join(f"{key} {value:6.2f}" for key, value in asdict(figures).items()))


if __name__ == "__main__":
    main()
