"""D60 to D68: what another process, another release or another fault has left."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import pytest
import trio

from actors import Session, Turn, open_system
from supervision import PromptKeptError, RouterRef, start_router
from supervision.durable import (
    MemoryStore,
    SqliteStore,
    StoreDamagedError,
    StoreError,
    StoreInUseError,
    StoreTooNewError,
)
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from supervision.durable._sqlite.sql import connect
from supervision.durable._words.records import Bring, Brought
from tests.durable.keeping.stage import Stage, completed, open_process
from tests.durable.store.bench import opened
from tests.durable.store.disk import child, fill, sizes

KINDS = pytest.mark.parametrize("kind", ["memory", "sqlite"])


class Stores:
    """The same store, as each release makes it."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._path = folder / "chat.db"
        self._memory = MemoryStore() if kind == "memory" else None

    def made(self, **options: Any) -> Any:
        """Make it, with these options; Any: of either kind."""
        if self._memory is None:
            return SqliteStore(self._path, **options)
        self._memory.encoding = MemoryStore(**options).encoding
        return self._memory


class Release1(Session[str, str, tuple[str, ...]]):
    """Its state is a tuple of what it was told."""

    initial_state = ()

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> None:
        """Add it; "fail" fails."""
        if turn.prompt == "fail":
            raise ValueError(turn.prompt)
        turn.state = (*turn.state, turn.prompt)


class Release2(Release1):
    """Its state is the same, of version 2."""

    state_version: ClassVar[int] = 2


class Release3(Session[str, str, tuple[tuple[int, str], ...]]):
    """Its state is what it was told, numbered."""

    state_version: ClassVar[int] = 3
    initial_state = ()

    async def take_turn(
        self, turn: Turn[str, str, tuple[tuple[int, str], ...]]
    ) -> None:
        """Add it; "fail" fails."""
        turn.state = (*turn.state, (len(turn.state), turn.prompt))
        if turn.prompt == "fail":
            raise ValueError(turn.prompt)


RELEASES: dict[int, type[Session[Any, Any, Any]]] = {
    1: Release1,
    2: Release2,
    3: Release3,
}


async def kept(store: Any, key: str) -> tuple[int, object]:
    """Version and body of a state, as nobody has brought it up; Any: as above."""
    async with opened(store) as bench:
        brought = await bench.ask(Bring(key), Brought)
    assert brought.session is not None
    state = brought.session.state
    assert state is not None
    codec = Values(RELEASES[state.version])
    return state.version, codec.decode(state.body, Where.STATE, state.version)


async def said(store: Any, release: type[Any], *prompts: tuple[str, str]) -> None:
    """Have a process of a release answer prompts; Any: whatever its state is."""
    async with open_system() as system:
        router: RouterRef[str, str] = start_router(system, release, durable=store)
        for key, prompt in prompts:
            await (await router.accept(key, prompt)).outcome()


@KINDS
async def test_d66_states_are_read_by_upcasters_in_their_order(
    kind: str, tmp_path: Path
) -> None:
    """Of version 1 and 2, and written as 3 when a turn completes, not before."""
    stores = Stores(kind, tmp_path)
    await said(stores.made(), Release1, ("ann", "milk"))
    await said(stores.made(), Release2, ("bob", "tea"))
    called: list[tuple[int, object]] = []

    def second(state: Any) -> Any:
        called.append((1, list(state)))
        return [each.upper() for each in state]

    def third(state: Any) -> Any:
        called.append((2, list(state)))
        return [[number, each] for number, each in enumerate(state)]

    newest = stores.made(upcasters={1: second, 2: third})
    await said(newest, Release3, ("ann", "fail"), ("bob", "fail"))
    assert called == [(1, ["milk"]), (2, ["MILK"]), (2, ["tea"])]
    assert await kept(newest, "ann") == (1, ("milk",))
    assert await kept(newest, "bob") == (2, ("tea",))

    await said(newest, Release3, ("ann", "salt"), ("bob", "tea"))
    assert await kept(newest, "ann") == (3, ((0, "MILK"), (1, "salt")))
    assert await kept(newest, "bob") == (3, ((0, "tea"), (1, "tea")))


@KINDS
async def test_d68_a_state_of_a_newer_release_is_held(
    kind: str, tmp_path: Path
) -> None:
    """Rolled back: not overwritten, not reset; the newer one goes on with it."""
    stores = Stores(kind, tmp_path)
    await said(stores.made(), Release3, ("ann", "milk"))
    before = await kept(stores.made(), "ann")
    old = stores.made()
    async with open_system() as system:
        router = start_router(system, Release1, durable=old)
        waits = await router.accept("ann", "milk", id="waits")
        await (await router.accept("bob", "other")).outcome()
        info = router.inspect("ann")
        assert info is not None
        assert info.held is not None
        assert "version 3" in info.held
        await router.drain(1)
        assert waits.ended is None
    assert await kept(old, "ann") == before == (3, ((0, "milk"),))

    async with open_system() as system:
        router = start_router(system, Release3, durable=stores.made())
        found = await router.find("ann", "waits")
        assert found is not None
        assert completed(await found.outcome())
    assert await kept(old, "ann") == (3, ((0, "milk"), (1, "milk")))


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("no database", StoreDamagedError),
        ("a newer one", StoreTooNewError),
        ("in use", StoreInUseError),
    ],
)
async def test_d60_to_d62_a_router_says_why_it_cannot_open_its_file(
    what: str, error: type[StoreError], tmp_path: Path
) -> None:
    """It crashes with that; whoever has sent to it is told, and nothing is changed."""
    path = tmp_path / "chat.db"
    stage = Stage(SqliteStore(path))

    told: list[bool] = []

    async def process() -> None:
        async with open_process(stage) as opened:
            try:
                await opened.router.accept("ann", "x")
            except PromptKeptError as why:
                told.append(why.certain)
            await trio.sleep_forever()

    async def story() -> None:
        before = sizes(path)
        with pytest.raises(error):
            await process()
        assert told == [False]
        assert sizes(path) == before

    if what == "no database":
        path.write_bytes(b"I am a diary\n" * 300)
        await story()
    elif what == "a newer one":
        await fill(path)
        connection = connect(path)
        connection.execute("update meta set value = 9 where name = 'version'")
        connection.close()
        await story()
    else:
        with child(path) as other:
            words = f"process {other.pid}"
            with pytest.raises(StoreInUseError, match=words):
                await process()
        async with open_process(stage) as after:
            assert completed(await (await after.router.accept("ann", "x")).outcome())
