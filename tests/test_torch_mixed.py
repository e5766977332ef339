"""A mix of datasets: every batch has its shares, nothing comes twice, however many share the work."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
from torch.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info  # noqa: E402

from simdata.errors import ConfigError  # noqa: E402
from simdata.torch import Item, MixedDataset, collate  # noqa: E402
from simdata.torch.shares import counts, exact  # noqa: E402


class Numbers(Dataset[Any]):
    """Images that are numbers."""

    def __init__(self, first: int, length: int, categories: list[str] | None = None) -> None:
        self.first, self.length, self.categories = first, length, categories

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> Item:
        return torch.tensor(range(self.first, self.first + self.length)[index]), {"image_id": index}


class Live(IterableDataset[Any]):
    """An endless kind of source, cut short: each worker has its own numbers, each round others."""

    def __init__(self, length: int) -> None:
        self.length, self.round, self.open, self.epoch = length, 0, 0, -1

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __iter__(self) -> Iterator[Item]:
        info = get_worker_info()
        self.round, self.open = self.round + 1, self.open + 1
        try:
            for number in range(self.length):
                name = 10_000 * (1 + (info.id if info else 0)) + 100 * self.round + number
                yield torch.tensor(name), {"image_id": number}
        finally:
            self.open -= 1


def numbers(items: Any) -> list[int]:
    return [int(image) for image, _ in items]


def batches(mixed: MixedDataset, workers: int = 0, **options: Any) -> list[list[int]]:
    """Return the numbers of an epoch, batch by batch."""
    size, limit = mixed.batch_size, 120 * bool(workers)
    loader = DataLoader(mixed, size, num_workers=workers, collate_fn=collate, timeout=limit, **options)
    return [[int(image) for image in images] for images, _ in loader]


weights = st.lists(st.integers(1, 12) | st.sampled_from([0.1, 0.25, 0.3, 1 / 3, 2.5]), min_size=1, max_size=5)


@settings(max_examples=150, deadline=None)
@given(weights=weights, size=st.integers(1, 40), first=st.integers(0, 300))
def test_every_batch_has_its_shares_and_so_has_the_sum(weights: list, size: int, first: int) -> None:
    """Each count is the share rounded down or up; what was given stays near to what is owed."""
    shares = exact(weights)
    assert sum(shares) == 1 and all(isinstance(share, Fraction) for share in shares)
    given = [0] * len(shares)
    for batch, count in zip(range(120), counts(shares, size), strict=False):
        assert sum(count) == size
        given = [a + b for a, b in zip(given, count, strict=True)]
        for share, part, whole in zip(shares, count, given, strict=True):
            assert abs(part - share * size) < 1
            assert abs(whole - share * size * (batch + 1)) < len(shares) ** 0.5 + 1e-9
    late = counts(shares, size, first)
    early = counts(shares, size)
    for _ in range(first):
        next(early)
    assert [next(late) for _ in range(5)] == [next(early) for _ in range(5)]


def test_the_remainder_rotates() -> None:
    make_up = counts(exact([1, 2]), 10)
    assert [next(make_up)[0] for _ in range(6)] == [3, 4, 3, 3, 4, 3]
    assert exact([0.1, 0.9]) == [Fraction(1, 10), Fraction(9, 10)]
    third = counts(exact([1, 1, 1]), 1)
    assert [next(third).index(1) for _ in range(6)] == [0, 1, 2, 0, 1, 2]


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_a_loader_gives_the_same_batches_however_many_workers(workers: int) -> None:
    mixed = MixedDataset([(Numbers(0, 20), 1), (Numbers(100, 50), 3)], batch_size=8, seed=3)
    found = batches(mixed, workers)
    assert len(mixed) == 80 and len(found) == 10
    assert all(sum(number < 100 for number in batch) == 2 for batch in found)
    real = [number for batch in found for number in batch if number < 100]
    synthetic = [number - 100 for batch in found for number in batch if number >= 100]
    assert sorted(real) == list(range(20)) and real != sorted(real)
    assert sorted(synthetic[:50]) == list(range(50)) and len(set(synthetic[50:])) == 10
    assert found == batches(MixedDataset([(Numbers(0, 20), 1), (Numbers(100, 50), 3)], batch_size=8, seed=3))


def test_what_is_used_up_comes_again_in_another_order() -> None:
    found = numbers(MixedDataset([(Numbers(0, 20), 1)], batch_size=4, epoch_items=40))
    assert sorted(found[:20]) == sorted(found[20:]) == list(range(20)) and found[:20] != found[20:]


def test_ranks_share_an_epoch_out() -> None:
    sources = [(Numbers(0, 24), 1), (Numbers(100, 24), 1)]
    whole = batches(MixedDataset(sources, batch_size=4, seed=1, rank=0, ranks=1))
    parts = [MixedDataset(sources, batch_size=4, seed=1, rank=rank, ranks=2) for rank in range(2)]
    assert [len(part) for part in parts] == [24, 24]
    assert [batches(part) for part in parts] == [whole[0::2], whole[1::2]]
    assert Counter(number for batch in whole for number in batch) == Counter([*range(24), *range(100, 124)])
    uneven = [MixedDataset(sources, batch_size=5, epoch_items=12, rank=rank, ranks=2) for rank in range(2)]
    assert [len(part) for part in uneven] == [10, 10], "ranks with more batches than others hang"


def test_the_environment_tells_the_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    sources = [(Numbers(0, 24), 1)]
    told = MixedDataset(sources, batch_size=4, rank=1, ranks=2)
    assert numbers(MixedDataset(sources, batch_size=4)) == numbers(told)
    with pytest.raises(ConfigError, match="rank 2 of 2"):
        MixedDataset(sources, batch_size=4, rank=2, ranks=2)


@pytest.mark.parametrize("persistent", [False, True])
def test_each_iteration_is_the_next_epoch(persistent: bool) -> None:
    mixed = MixedDataset([(Numbers(0, 12), 1)], batch_size=3)
    options: dict[str, Any] = {"num_workers": 2, "persistent_workers": persistent, "timeout": 120}
    loader = DataLoader(mixed, batch_size=3, collate_fn=collate, **options)

    def epoch() -> list[int]:
        return [int(image) for images, _ in loader for image in images]

    first, second = epoch(), epoch()
    mixed.set_epoch(0)
    again, third = epoch(), epoch()
    assert first == again and second == third and first != second
    assert sorted(first) == sorted(second) == list(range(12))


def test_the_remainder_goes_on_over_epochs() -> None:
    mixed = MixedDataset([(Numbers(0, 9), 1), (Numbers(100, 9), 1)], batch_size=3, epoch_items=3)
    real = [sum(number < 100 for number in numbers(mixed)) for _ in range(6)]
    assert sorted(real) == [1, 1, 1, 2, 2, 2]


def test_spawned_workers_and_small_pickles() -> None:
    mixed = MixedDataset([(Numbers(0, 8), 1)], batch_size=2)
    assert len(pickle.dumps(mixed)) < 10_000
    spawned = batches(mixed, 2, multiprocessing_context="spawn")
    mixed.set_epoch(0)
    assert spawned == batches(mixed)


@pytest.mark.parametrize("workers", [0, 2])
def test_a_live_source_is_begun_again_and_closed(workers: int) -> None:
    live = Live(5)
    mixed = MixedDataset([(Numbers(0, 16), 1), (live, 1)], batch_size=4)
    found = batches(mixed, workers)
    assert all(sum(number < 100 for number in batch) == 2 for batch in found) and len(found) == 8
    fresh = [number for batch in found for number in batch if number >= 100]
    assert len(set(fresh)) == 16
    mixed.set_epoch(7)
    assert live.epoch == 7 and live.open == 0
    items = iter(mixed)
    next(items), next(items), next(items)
    assert live.open == 1
    items.close()
    assert live.open == 0


def test_targets_name_their_source_and_sources_keep_theirs() -> None:
    kept = Numbers(0, 4)
    target = {"image_id": 0}
    kept.__class__ = type(
        "Kept", (Numbers,), {"__getitem__": lambda self, index: (torch.tensor(index), target)}
    )
    for image, found in MixedDataset([(kept, 1), (Numbers(100, 4), 1)], batch_size=2):
        assert found["source"] == int(image >= 100)
    assert target == {"image_id": 0}


def test_too_little_that_is_real_is_refused() -> None:
    real, synthetic = Numbers(0, 4), Numbers(100, 4)
    with pytest.raises(ConfigError, match=r"5\.0% of the mix is real, .* min_real=0\.1.*drifts"):
        MixedDataset([(real, 5), (synthetic, 95)], batch_size=20)
    MixedDataset([(real, 10), (synthetic, 90)], batch_size=20)
    MixedDataset([(real, 5), (synthetic, 95)], batch_size=20, min_real=0.05)
    MixedDataset([(synthetic, 95), (real, 5)], batch_size=20, real=[0, 1])
    with pytest.raises(ConfigError, match="is real"):
        MixedDataset([(synthetic, 1)], batch_size=2, real=[])
    with pytest.raises(ConfigError, match="2 sources, counted from 0"):
        MixedDataset([(real, 1), (synthetic, 1)], batch_size=2, real=[2])


def test_what_cannot_be_is_named() -> None:
    with pytest.raises(ConfigError, match="each must be a number above 0"):
        MixedDataset([(Numbers(0, 4), 0)], batch_size=2)
    with pytest.raises(ConfigError, match="each must be a number above 0"):
        MixedDataset([], batch_size=2)
    with pytest.raises(ConfigError, match="batches of 0"):
        MixedDataset([(Numbers(0, 4), 1)], batch_size=0)
    with pytest.raises(ConfigError, match="epoch_items="):
        MixedDataset([(Live(3), 1)], batch_size=2)
    with pytest.raises(ConfigError, match="empty"):
        numbers(MixedDataset([(Numbers(0, 4), 1), (Live(0), 1)], batch_size=2))
    with pytest.raises(ConfigError, match="empty"):
        numbers(MixedDataset([(Numbers(0, 4), 1), (Numbers(0, 0), 1)], batch_size=2))


def test_labels_must_mean_the_same() -> None:
    sources = [(Numbers(0, 4, ["cup"]), 1), (Numbers(9, 4), 1), (Numbers(100, 4, ["bowl", "cup"]), 1)]
    with pytest.raises(ConfigError, match=r"source 0 has \['cup'\], source 2 has .*categories=synthetic"):
        MixedDataset(sources, batch_size=3)
    assert MixedDataset(sources[:2], batch_size=2).categories == ["cup"]
    assert MixedDataset(sources[1:2], batch_size=2).categories is None
