"""Whatever is done, fails and ends: all adds up, and nobody waits for ever."""

from __future__ import annotations

from actors.testing import seeds

from .walk import walk


@seeds(45)
async def test_a_walk_ends_well(seed: int) -> None:
    """States are what turns have left, in memory and in the store; see `World`."""
    world = await walk(seed)

    assert world.wrong == []
