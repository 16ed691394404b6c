"""Which keys the store has: a page of them, of one tenant say; it starts nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trio

from actors import ClosedToNewError, open_system
from benchmarks.postgres.server import Server
from supervision import Limits, NoStoreError, RouterRef, start_router
from supervision.durable import MemoryStore, PostgresStore, StoreAwayError
from tests.durable.keeping.stage import (
    Player,
    Process,
    Stage,
    make_store,
    open_process,
)

# Any in this file: what a test gives that is no argument

KINDS = pytest.mark.parametrize("kind", ["memory", "sqlite"])
KEYS = ("acme", "acme/", "acme/ann", "acme/bob", "acme/é", "acme0", "tiny/ann", "z")


async def names(router: RouterRef[Any, Any], *args: Any, **how: Any) -> list[str]:
    """The keys of a page."""
    return [each.key for each in await router.keys(*args, **how)]


async def say(process: Process) -> None:
    """Have each key said something, the last one first."""
    for key in reversed(KEYS):
        await (await process.router.accept(key, "milk", tenant=key[:4])).outcome()


async def look(process: Process) -> None:
    """By prefix, page by page."""
    router = process.router
    assert await names(router) == list(KEYS)
    assert await names(router, "acme/") == ["acme/", "acme/ann", "acme/bob", "acme/é"]
    assert await names(router, "acme") == list(KEYS[:6])
    assert await names(router, "acme/x") == []
    assert await names(router, "zz") == []
    assert await names(router, after="acme/é", most=2) == ["acme0", "tiny/ann"]
    assert await names(router, "acme/", after="a", most=1) == ["acme/"]
    assert await names(router, "acme/", after="b") == []

    pages: list[list[str]] = []
    while not pages or len(pages[-1]) == 2:
        after = pages[-1][-1] if pages else ""
        pages.append(await names(router, "acme/", after=after, most=2))
    assert pages == [["acme/", "acme/ann"], ["acme/bob", "acme/é"], []]


@KINDS
async def test_keys_come_in_their_order_and_by_their_beginning(
    kind: str, tmp_path: Path
) -> None:
    """Also in the next process, which has a session of none of them."""
    store = make_store(kind, tmp_path)
    async with open_process(Stage(store)) as process:
        await say(process)
        await look(process)
    async with open_process(Stage(store)) as process:
        await look(process)
        assert process.router.list() == []


async def test_so_they_do_on_a_server(
    server: Server, new_schema: Callable[[], str]
) -> None:
    """PostgreSQL, whatever its locale is."""
    store = PostgresStore(server.dsn(), schema=new_schema())
    async with open_process(Stage(store)) as process:
        await say(process)
        await look(process)


async def test_of_each_there_is_what_the_store_has() -> None:
    """A key is there with its first prompt, and gone when it is closed."""
    stage = Stage(MemoryStore())
    async with open_process(stage, limits=Limits(turns=1, sessions=9)) as process:
        router = process.router
        await (await router.accept("ann", "say:a say:b", tenant="acme")).outcome()
        await router.accept("bob", "wait:door")
        await router.accept("eve", "waits")

        ann, bob, eve = await router.keys()
        assert (ann.tenant, ann.entries, ann.waiting, ann.held) == ("acme", 2, 0, None)
        assert ann.state is not None
        assert (bob.waiting, bob.state) == (1, None)
        assert (eve.waiting, eve.generation) == (1, 0)

        stage.open("door")
        await stage.all_ended()
        router.close("ann")
        await trio.sleep(1)
        assert await names(router) == ["bob", "eve"]


@pytest.mark.parametrize(
    ("how", "error", "words"),
    [
        ({"prefix": 5}, TypeError, "prefix must be a str, got 5"),
        ({"after": None}, TypeError, "after must be a str, got None"),
        ({"most": 0}, ValueError, "most must be"),
        ({"most": 1001}, ValueError, "most must be at most 1000, got 1001: read on"),
        ({"most": True}, TypeError, "most must be"),
        ({"prefix": "\ud83d"}, ValueError, "text that could be a key"),
        ({"after": "\ud83d"}, ValueError, "text that could be a key"),
    ],
)
async def test_what_is_no_argument_is_refused(
    how: dict[str, Any], error: type[Exception], words: str
) -> None:
    """By name, with what would be right."""
    async with open_process(Stage()) as process:
        with pytest.raises(error, match=words):
            await process.router.keys(**how)


async def test_where_no_store_can_be_asked_it_says_so() -> None:
    """There is none; it does not answer; the router has ended."""
    async with open_system() as system:
        router = start_router(system, Player, Stage())
        with pytest.raises(NoStoreError, match=r"keys\(\) needs a store.*or list\(\)"):
            await router.keys()

    stage = Stage()
    async with open_process(stage) as process:
        stage.memory.away(1000)
        process.router.send("ann", "milk")
        await trio.sleep(1)
        with pytest.raises(StoreAwayError):
            await process.router.keys()
        stage.memory.away(0)
        await trio.sleep(10)
    with pytest.raises(ClosedToNewError):
        await process.router.keys()
