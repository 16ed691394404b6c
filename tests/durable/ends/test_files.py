"""A store in a file is free when its router has ended, however short that was cut."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actors import Receipt, open_system
from supervision import PromptKeptError, start_router
from supervision.durable import SqliteStore, StorePolicy
from supervision.durable._sqlite.sql import connect
from tests.durable.keeping.stage import Player, Stage, completed, open_process


@pytest.mark.parametrize("close_within", [0.01, 1000])
async def test_it_is_free_though_its_time_was_up(
    close_within: float, tmp_path: Path
) -> None:
    """Somebody held it up until then."""
    told: list[object] = []
    path = tmp_path / "chat.db"
    stage = Stage(SqliteStore(path, policy=StorePolicy(close_within=close_within)))
    async with (
        trio.open_nursery() as nursery,
        open_system(stop_within=0.2) as system,
    ):
        router = start_router(system, Player, stage, durable=stage.store)
        await (await router.accept("ann", "x", id="x")).outcome()
        other = connect(path)
        other.execute("begin immediate")
        late = router.send("ann", "y", id="y")
        nursery.start_soon(hear, late, told)
    other.close()
    assert len(told) == 1  # it is lost, or nobody knows
    async with open_process(stage) as process:
        found = await process.router.find("ann", "x")
        assert found is not None
        assert completed(await found.outcome())
        assert await process.router.find("ann", "y") is None


async def hear(receipt: Receipt[str], told: list[object]) -> None:
    """Wait for an outcome, or for who will know it."""
    try:
        told.append(await receipt.outcome())
    except PromptKeptError as error:
        told.append(error)
