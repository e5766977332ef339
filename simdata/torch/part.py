"""Which part of a training this process is: its rank, and its place among a loader's workers."""

from __future__ import annotations

import os
from dataclasses import dataclass

import torch.distributed as distributed
from torch.utils.data import get_worker_info

from simdata.errors import ConfigError


@dataclass(frozen=True)
class Part:
    """One of `count` parts that share an epoch out; part p takes every count-th thing, from p on."""

    number: int
    count: int


def rank_of(rank: int | None = None, ranks: int | None = None) -> Part:
    """Return which rank this is: as told, else as torch.distributed or the environment says, else 0 of 1.

    Raises:
        ConfigError: there is no such rank.
    """
    if rank is None and ranks is None:
        if distributed.is_available() and distributed.is_initialized():
            rank, ranks = distributed.get_rank(), distributed.get_world_size()
        else:
            rank, ranks = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
    if rank is None or ranks is None or not 0 <= rank < ranks:
        raise ConfigError(f"rank {rank} of {ranks} ranks: give both, 0 <= rank < ranks")
    return Part(rank, ranks)


def part_of(rank: Part) -> Part:
    """Return the part of the loader's worker that asks, or of the process itself where there are no workers.

    Ranks step together and a loader takes its workers in turn, so the parts' things in turn are the epoch's.
    """
    info = get_worker_info()
    worker, workers = (0, 1) if info is None else (info.id, info.num_workers)
    return Part(worker * rank.count + rank.number, workers * rank.count)
