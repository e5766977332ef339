"""How a rival is asked for pictures: a line of JSON in, a line of JSON out."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol


class Rival(Protocol):
    """A renderer with a scene at hand."""

    def load(self, path: str) -> None:
        """Take an exported scene."""

    def render(self, camera: int) -> Any:
        """Draw what one camera sees; the picture stays inside."""

    def save(self, path: str) -> None:
        """Write the last picture as .npy, (H, W, 3) float32 linear."""


def serve(says: str, rival: Rival) -> None:
    """Do what standard input asks, and answer with the CPU seconds it took, those of all threads.

    Answers go to the file descriptor that the last argument names: renderers print what they like.
    """
    answers = os.fdopen(int(sys.argv[-1]), "w")
    print(json.dumps({"says": says}), file=answers, flush=True)
    for line in sys.stdin:
        what, about = json.loads(line)
        seconds = _cpu_of(getattr(rival, what), about)
        print(json.dumps({"cpu_s": seconds}), file=answers, flush=True)


def _cpu_of(work: Callable[[Any], Any], about: Any) -> float:
    start = time.process_time()
    work(about)
    return time.process_time() - start
