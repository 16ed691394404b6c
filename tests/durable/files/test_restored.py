"""A copy of a store that is put in its place: what was accepted before it is run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio

from actors import Journal
from supervision.durable import SqliteStore
from supervision.durable._sqlite.schema import opened_of
from tests.durable.keeping.stage import Stage, completed, open_process, turn_runs


@pytest.mark.parametrize("lock", ["none", "stale"])
async def test_a_copy_goes_on_with_what_waits_and_what_ran(
    lock: str, tmp_path: Path
) -> None:
    """Whatever the lock file beside it says of openings: it is another file's."""
    copy = tmp_path / "copy.db"
    stage = Stage(SqliteStore(tmp_path / "chat.db"))
    for _ in range(3):  # its prompts have numbers of the fourth opening
        async with open_process(stage):
            pass
    async with open_process(stage) as process:
        router = process.router
        await router.accept("ann", "wait:door", id="runs", attempts=2, stream=Journal())
        await turn_runs(stage, "wait:door")
        await router.accept("ann", "next", id="waits")
        await router.backup(copy)
        stage.open("door")
    if lock == "stale":
        line = json.dumps({"pid": 1, "opened": 1})
        copy.with_name("copy.db.lock").write_text(line + "\n")

    again = Stage(SqliteStore(copy))
    again.open("door")
    async with open_process(again) as process:
        router = process.router
        early = router.send("bob", "early")  # before the store is open
        with trio.fail_after(60):
            for name in ("runs", "waits"):
                receipt = await router.find("ann", name)
                assert receipt is not None
                assert completed(await receipt.outcome())
            assert completed(await early.outcome())
        async with router.reopen_turn("ann", "runs") as answer:
            assert [chunk async for chunk in answer] == []
    assert [prompt for key, prompt in again.begun if key == "ann"] == [
        "wait:door",
        "next",
    ]


def test_the_latest_opening_is_read_from_a_file_that_is_a_store(
    tmp_path: Path,
) -> None:
    """Nothing else has one, and nothing is said of what is wrong."""
    assert opened_of(tmp_path / "missing.db") == 0
    (tmp_path / "empty.db").touch()
    assert opened_of(tmp_path / "empty.db") == 0
    (tmp_path / "text.db").write_text("no database, but long enough to be looked at")
    assert opened_of(tmp_path / "text.db") == 0
