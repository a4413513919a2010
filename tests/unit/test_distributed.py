"""The parts of a batch that fall to each process, and what they draw by chance."""

from __future__ import annotations

import pytest
import torch

from aecore.config.corruption import Corruption
from aecore.data.corruption import corrupt
from aecore.data.shard import shard_of
from aecore.errors import UserError
from aecore.models.rng import ModelRng
from aecore.training.rank import Rank, get_rank
from tests.helpers.training import CPU


def test_rows_fall_to_processes_evenly_and_in_order():
    for count in (1, 2, 7, 64):
        for world in (1, 2, 3, 8):
            parts = [shard_of(count, rank, world) for rank in range(world)]
            rows = [number for part in parts if part.weight for number in range(count)[part.rows]]
            assert rows == list(range(count))
            assert sum(part.weight for part in parts) == pytest.approx(1)
            sizes = [round(part.weight * count) for part in parts]
            assert max(sizes) - min(sizes) <= 1
            assert all(len(range(count)[part.rows]) >= 1 for part in parts)


@pytest.mark.parametrize("last", [False, True])
def test_the_parts_of_a_draw_are_the_whole(last):
    like = torch.empty(7, 3, 5, 4).to(memory_format=torch.channels_last if last else torch.contiguous_format)

    def drawn(rank: int, world: int) -> list[torch.Tensor]:
        rng = ModelRng()
        rng.seed(1, CPU)
        part = shard_of(7, rank, world)
        with rng.for_shard(part):
            return [rng.keep_mask(like[part.rows], 0.7), rng.normal(like[part.rows])]

    whole = drawn(0, 1)
    for world in (2, 3):
        for expected, *parts in zip(whole, *[drawn(rank, world) for rank in range(world)], strict=True):
            assert torch.equal(torch.cat(parts), expected)


@pytest.mark.parametrize("last", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        "gaussian:0.3",
        "gaussian:0.3:clamp",
        "masking:0.4",
        "salt-pepper:0.4+square:3",
        "rows:2",
        "gaussian:0..0.5",
        "speckle:0.2",
        "poisson:30+rows:2",
        "grey+blur:1+downscale:4+gaussian:0.1+jpeg:10",
    ],
)
def test_the_parts_of_a_corrupted_batch_are_the_whole(text, last):
    images = torch.rand(7, 3, 6, 5, generator=torch.Generator().manual_seed(0))
    images = images.to(memory_format=torch.channels_last if last else torch.contiguous_format)
    corruption = Corruption.parse(text)

    def corrupted(rank: int, world: int) -> torch.Tensor:
        part = shard_of(7, rank, world)
        return corrupt(images[part.rows], corruption, torch.Generator().manual_seed(1), shard=part)

    whole = corrupt(images, corruption, torch.Generator().manual_seed(1))
    for world in (1, 2, 3):
        assert torch.equal(torch.cat([corrupted(rank, world) for rank in range(world)]), whole)


def test_a_place_is_what_torchrun_says(monkeypatch):
    for name in ("WORLD_SIZE", "RANK", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR"):
        monkeypatch.delenv(name, raising=False)
    assert get_rank() == Rank()
    words = {"WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "1"}
    for name, value in (words | {"MASTER_ADDR": "localhost"}).items():
        monkeypatch.setenv(name, value)
    assert get_rank() == Rank(3, 4, 1, 2, 1)
    monkeypatch.setenv("RANK", "4")
    with pytest.raises(UserError, match="start with torchrun"):
        get_rank()
    monkeypatch.setenv("RANK", "one")
    with pytest.raises(UserError, match="RANK should be a whole number"):
        get_rank()
