"""What is remembered of a conversation, read without a place, a slot or a turn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import trio
import trio.testing

from actors import ClosedToNewError, Session, Turn, open_system
from actors.testing import seeds
from benchmarks.postgres.server import Server
from supervision import (
    Limits,
    NoStoreError,
    Remembered,
    VerbResult,
    start_router,
)
from supervision.durable import (
    CodecError,
    MemoryStore,
    PostgresStore,
    SqliteStore,
    StoreAwayError,
    StorePolicy,
)
from tests.durable.keeping.stage import (
    Player,
    Process,
    Stage,
    make_store,
    open_process,
    turn_runs,
)
from tests.durable.nodes.town import open_town
from tests.durable.sealing.boxes import Keyed

from .speaking import said

KINDS = pytest.mark.parametrize("kind", ["memory", "sqlite"])
ONE = Limits(sessions=1, turns=1, idle=10)


async def read(process: Process, key: str = "ann", **how: Any) -> Remembered:
    """Read a key that is known; Any: of `RouterRef.read`."""
    found = await process.router.read(key, **how)
    assert found is not None
    return found


@seeds(10)
async def test_a_turn_that_runs_has_changed_nothing_of_what_is_read() -> None:
    """Nor is it waited for; behind its outcome there is what it has left."""
    await _read_while_one_runs(Stage())


async def test_a_turn_that_runs_in_a_file_has_changed_nothing(tmp_path: Path) -> None:
    """As in memory."""
    await _read_while_one_runs(Stage(make_store("sqlite", tmp_path)))


async def _read_while_one_runs(stage: Stage) -> None:
    async with open_process(stage) as process:
        await said(process, "one say:a say:b")
        receipt = await process.router.accept("ann", "two say:c keep wait:door say:d")
        await turn_runs(stage, "two say:c keep wait:door say:d")

        before = await read(process)
        stage.open("door")
        await receipt.outcome()
        after = await read(process)

    assert before.state == ("one say:a say:b",)
    assert (before.history, before.entries, before.waiting) == (("a", "b"), 2, 1)
    assert (before.live, before.phase) == (True, "running")
    assert after.state == ("one say:a say:b", "two say:c keep wait:door say:d")
    assert (after.history, after.entries, after.waiting) == (("a", "b", "c", "d"), 4, 0)
    assert (after.live, after.phase) == (True, "idle")


@seeds(5)
async def test_it_takes_neither_slot_nor_place_and_disturbs_nobody() -> None:
    """All slots and places are taken, and stay so; idle time goes on."""
    stage = Stage()
    async with open_process(stage, limits=ONE) as process:
        await said(process, "one say:a", "bob")
        await trio.sleep(20)  # reaped
        await said(process, "two", "ann")
        await trio.sleep(5)
        info = process.router.inspect("ann")
        assert info is not None
        assert info.idle == 5.0
        await read(process, "ann")
        info = process.router.inspect("ann")
        assert info is not None
        assert info.idle == 5.0

        running = await process.router.accept("ann", "wait:door")
        await turn_runs(stage, "wait:door")
        statistics = process.router.statistics()
        assert (statistics.sessions, statistics.turns_running) == (1, 1)
        started = list(stage.started)

        found = await read(process, "bob")

        assert (found.live, found.phase, found.age) == (False, "passivated", None)
        assert (found.state, found.history) == (("one say:a",), ("a",))
        assert attrs.evolve(process.router.statistics(), store=None) == attrs.evolve(
            statistics, store=None
        )
        assert stage.started == started
        assert [each.key for each in process.router.list()] == ["ann"]
        stage.open("door")
        await running.outcome()


@KINDS
async def test_the_next_process_reads_what_the_one_before_has_left(
    kind: str, tmp_path: Path
) -> None:
    """Nothing of it is started; tenant and generation are there."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        receipt = process.router.send("ann", "one say:a", tenant="acme")
        await receipt.outcome()
    async with open_process(stage) as process:
        found = await _when_open(process)
        assert process.router.list() == []
        await said(process, "two")
        again = await read(process)

    assert (found.tenant, found.generation, found.version) == ("acme", 1, 1)
    assert (found.held, found.node, found.live) == (None, None, False)
    assert (again.tenant, again.generation, again.live) == ("acme", 2, True)
    assert again.age is not None


@KINDS
async def test_pages_of_a_history(kind: str, tmp_path: Path) -> None:
    """`before` leads from one to the page in front of it; numbers outlive a summary."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        await said(process, "say:a say:b say:c say:d say:e")
        last = await read(process, newest=2)
        middle = await read(process, newest=2, before=last.before)
        first = await read(process, newest=2, before=middle.before)
        nothing = await read(process, newest=0)
        nowhere = await read(process, before=0)
        beyond = await read(process, newest=1, before=10**30)
        await said(process, "sum:2")
        summed = await read(process, before=middle.before)

    pages = [(each.history, each.before) for each in (last, middle, first)]
    assert pages == [(("d", "e"), 3), (("b", "c"), 1), (("a",), None)]
    assert (nothing.history, nothing.before, nothing.entries) == ((), 5, 5)
    assert (nowhere.history, nowhere.before) == ((), None)
    assert (beyond.history, beyond.before) == (("e",), 4)
    assert (summed.history, summed.entries) == ((), 4)


@KINDS
async def test_large_entries_come_a_mebibyte_at_a_time(
    kind: str, tmp_path: Path
) -> None:
    """At least one of them; the rest is in front."""
    stage = Stage(make_store(kind, tmp_path, StorePolicy(entry_bytes=2**21)))
    large = 600_000 * "x"
    async with open_process(stage) as process:
        for _ in range(3):
            await said(process, f"say:{large}")
        page = await read(process)
        rest = await read(process, before=page.before)
        huge = 1_100_000 * "y"
        await said(process, "say:" + huge[:1_040_000])
        one = await read(process, newest=1)

    assert (len(page.history), page.before) == (2, 1)
    assert (rest.history, rest.before) == ((large,), None)
    assert (len(one.history), one.before) == (1, 3)


@KINDS
async def test_a_key_that_nothing_is_known_of(kind: str, tmp_path: Path) -> None:
    """None; and a key with no more than a prompt has no state."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        assert await process.router.read("nobody") is None
        await process.router.accept("ann", "wait:door")
        found = await read(process)
        process.router.close("ann")
        while process.router.inspect("ann") is not None:  # noqa: ASYNC110
            await trio.lowlevel.checkpoint()
        closed = await process.router.read("ann")

    assert (found.state, found.history, found.entries) == (None, (), 0)
    assert (found.before, found.waiting, found.version) == (None, 1, None)
    assert found.live
    assert closed is None


@KINDS
async def test_a_key_that_has_nothing_but_a_reminder_is_known(
    kind: str, tmp_path: Path
) -> None:
    """It has no state and no session, and is away already; until it is forgotten."""
    async with open_process(Stage(make_store(kind, tmp_path))) as process:
        router = process.router
        await router.remind("ann", "alarm", after=1000, prompt="one")
        found = await read(process)
        away = await router.passivate("ann")
        await router.forget("ann", "alarm")
        forgotten = await router.read("ann"), await router.passivate("ann")

    assert (found.state, found.history, found.waiting) == (None, (), 0)
    assert (found.phase, found.live) == ("passivated", False)
    assert (away.known, away.away) == (True, True)
    assert forgotten == (None, VerbResult(known=False))


class Slow(Player):
    """Takes its time to end."""

    async def stopped(self, exit: object) -> None:  # noqa: A002 - as its base
        """Wait."""
        del exit
        await trio.sleep(3)


@seeds(2)
async def test_a_key_that_is_being_forgotten_is_forgotten() -> None:
    """From the verb on; after a `reset` it is known, and has nothing."""
    async with open_process(Stage(), Slow) as process:
        await said(process, "one say:a")
        process.router.close("ann")
        assert process.router.inspect("ann") is not None
        assert await process.router.read("ann") is None
        await trio.sleep(10)
        await said(process, "one say:a")
        process.router.reset("ann")
        await trio.sleep(10)
        found = await read(process)

    assert (found.state, found.history, found.live) == (None, (), True)


class Newer(Player):
    """Of a newer release, which cannot read what the older one wrote."""

    state_version: ClassVar[int] = 2


@KINDS
async def test_a_key_that_cannot_be_read_is_said_to_be_held(
    kind: str, tmp_path: Path
) -> None:
    """Before anybody has sent to it, and after; reading it notes nothing."""
    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        await said(process, "one say:a")
    async with open_process(stage, Newer) as process:
        unseen = await _when_open(process)
        assert process.router.statistics().store.held == 0  # type: ignore[union-attr]
        await process.router.accept("ann", "two")
        while not process.router.statistics().store.held:  # type: ignore[union-attr]  # noqa: ASYNC110
            await trio.lowlevel.checkpoint()
        seen = await read(process)

    for each in (unseen, seen):
        assert each.held is not None
        assert "version 1" in each.held
        assert (each.state, each.version, each.phase) == (None, 1, "held")
        assert (each.live, each.history) == (False, ("a",))
    assert (unseen.waiting, seen.waiting) == (0, 1)


async def test_an_older_state_is_read_as_it_would_be_brought_back(
    tmp_path: Path,
) -> None:
    """By the store's upcasters; the version is the one that was written."""
    file = tmp_path / "chat.db"
    async with open_process(Stage(SqliteStore(file))) as process:
        await said(process, "one say:a")
    store = SqliteStore(file, upcasters={1: lambda state: [*state, "from 1"]})
    async with open_process(Stage(store), Newer) as process:
        found = await _when_open(process)

    assert list(found.state) == ["one say:a", "from 1"]
    assert (found.version, found.held, found.phase) == (1, None, "passivated")


async def _when_open(process: Process) -> Remembered:
    """Read what is there, as soon as the store is open."""
    with trio.fail_after(100):
        while process.router.statistics().store.age is None:  # type: ignore[union-attr]  # noqa: ASYNC110
            await trio.lowlevel.checkpoint()
    return await read(process)


class Numbers(Player):
    """Of another kind: what the other one wrote are no entries of it."""

    entry_type = int  # type: ignore[assignment]


@KINDS
async def test_entries_that_cannot_be_read(kind: str, tmp_path: Path) -> None:
    """An error that says so; none of a key that is held anyway."""

    class Both(Numbers, Newer):
        """Reads neither."""

    stage = Stage(make_store(kind, tmp_path))
    async with open_process(stage) as process:
        await said(process, "one say:a")
    async with open_process(stage, Numbers) as process:
        with pytest.raises(CodecError, match="an entry"):
            await _when_open(process)
        assert (await read(process, newest=0)).entries == 1
    async with open_process(stage, Both) as process:
        both = await _when_open(process)

    assert (both.phase, both.history, both.entries) == ("held", (), 1)


@KINDS
async def test_bodies_that_a_seal_has_closed(kind: str, tmp_path: Path) -> None:
    """Opened by the same seal; by another one the key is held."""
    mine: Any = SqliteStore(tmp_path / "chat.db", seal=Keyed(b"mine"))
    if kind == "memory":
        mine = MemoryStore(seal=Keyed(b"mine"))
    async with open_process(Stage(mine)) as process:
        await said(process, "one say:a")
        found = await read(process)
    assert (found.state, found.history) == (("one say:a",), ("a",))
    if kind == "memory":
        return
    other = SqliteStore(tmp_path / "chat.db", seal=Keyed(b"other"))
    async with open_process(Stage(other)) as process:
        closed = await _when_open(process)
    assert (closed.phase, closed.state, closed.history) == ("held", None, ())
    assert closed.held is not None
    assert closed.entries == 1


@seeds(3)
async def test_others_have_their_turn_while_much_is_read() -> None:
    """A thousand entries are not made in one step."""
    stage = Stage()
    async with open_process(stage) as process:
        words = " ".join(f"say:{number}-{600 * 'x'}" for number in range(1000))
        await said(process, words)
        steps = {"few": 0, "many": 0}

        async def count(what: str) -> None:
            while True:
                await trio.lowlevel.checkpoint()
                steps[what] += 1

        async def read_them(what: str, newest: int) -> None:
            async with trio.open_nursery() as nursery:
                nursery.start_soon(count, what)
                found = await read(process, newest=newest)
                assert len(found.history) == newest
                nursery.cancel_scope.cancel()

        await read_them("few", 1)
        await read_them("many", 1000)

    assert steps["many"] >= steps["few"] + 8


@seeds(3)
async def test_a_node_reads_keys_of_others() -> None:
    """Through the store; of its own they are live."""
    async with open_town("a", "b") as town:
        key = town.key_of("b")
        await (await town.nodes["b"].router.accept(key, "one say:x")).outcome()

        there = await town.nodes["a"].router.read(key)
        here = await town.nodes["b"].router.read(key)

        assert there is not None
        assert here is not None
        assert (there.state, there.history) == (here.state, here.history)
        assert (there.state, there.history) == (("one say:x",), ("x",))
        assert (there.live, there.phase, there.node) == (False, "elsewhere", "b")
        assert (here.live, here.phase, here.node) == (True, "idle", None)


@seeds(2)
async def test_a_store_or_a_router_that_does_not_answer() -> None:
    """Errors that say so, and no wait."""
    stage = Stage()
    async with open_process(stage) as process:
        await said(process, "one")
        stage.memory.away(10_000)
        process.router.send("bob", "two")
        await trio.sleep(10)
        with pytest.raises(StoreAwayError, match="told to be away"):
            await process.router.read("ann")
        stage.memory.away(0)
        await trio.sleep(100)
        process.router.ref.stop()
        await process.router.ref.wait_stopped()
        with pytest.raises(ClosedToNewError):
            await process.router.read("ann")


@seeds(1)
async def test_arguments_that_are_none() -> None:
    """By name, at the call; nothing is asked."""
    async with open_process(Stage()) as process:
        router: Any = process.router
        bad: list[tuple[dict[str, Any], type[Exception], str]] = [
            ({"newest": -1}, ValueError, "newest must be at least 0"),
            ({"newest": 10_001}, ValueError, "newest must be at most 10000"),
            ({"newest": 1.0}, TypeError, "newest must be an int"),
            ({"before": "a"}, TypeError, "before must be an int"),
        ]
        for given, error, match in bad:
            with pytest.raises(error, match=match):
                await router.read("ann", **given)
        with pytest.raises(TypeError, match="a session's key"):
            await router.read(1)


@seeds(2)
async def test_it_is_a_checkpoint() -> None:
    """With a store and without, of a key that is known or not."""
    async with open_process(Stage()) as process:
        await said(process, "one")
        plain = start_router(process.system, Player, Stage(), name="plain")
        for router in (process.router, plain):
            for key in ("ann", "bob"):
                with trio.testing.assert_checkpoints():
                    await router.read(key)


# ------------------------------------------------------------------- without a store


@seeds(5)
async def test_without_a_store_a_live_sessions_state_is_read() -> None:
    """As it was before the turn that runs; nothing is known when it has gone."""
    stage = Stage()
    async with open_system() as system:
        router = start_router(system, Player, stage, limits=ONE)
        await router.send("ann", "one say:a say:b say:c").outcome()
        receipt = router.send("ann", "two say:d wait:door")
        await turn_runs(stage, "two say:d wait:door")

        before = await router.read("ann", newest=2)
        first = await router.read("ann", before=1)
        stage.open("door")
        await receipt.outcome()
        after = await router.read("ann")
        await trio.sleep(20)  # reaped

        assert await router.read("ann") is None
        assert await router.read("bob") is None

    assert before is not None
    assert before.state == ("one say:a say:b say:c",)
    assert (before.history, before.before, before.entries) == (("b", "c"), 1, 3)
    assert (before.phase, before.waiting, before.version) == ("running", 1, None)
    assert first is not None
    assert (first.history, first.before) == (("a",), None)
    assert after is not None
    assert after.state == ("one say:a say:b say:c", "two say:d wait:door")
    assert after.history == ("a", "b", "c", "d")


class Listing(Session[str, str, list[str]]):
    """Changes its state in place."""

    def new_state(self) -> list[str]:
        """Make one."""
        return []

    async def take_turn(self, turn: Turn[str, str, list[str]]) -> None:
        """Add the prompt."""
        turn.state.append(turn.prompt)


@attrs.frozen(eq=False)
class Box:
    """Cannot be changed; what is in it can."""

    words: list[str]


class Boxing(Session[str, str, Box]):
    """Changes what its state holds."""

    def new_state(self) -> Box:
        """Make one."""
        return Box([])

    async def take_turn(self, turn: Turn[str, str, Box]) -> None:
        """Add the prompt."""
        turn.state.words.append(turn.prompt)


@seeds(1)
async def test_without_a_store_a_state_that_can_be_changed_is_refused() -> None:
    """Whether a turn runs or not; with a store it is another object each time."""
    async with open_system() as system:
        plain = start_router(system, Listing, name="plain")
        await plain.send("ann", "one").outcome()
        with pytest.raises(
            NoStoreError, match="in place needs a store, and /plain has"
        ):
            await plain.read("ann")
        assert await plain.read("bob") is None
        boxed = start_router(system, Boxing, name="boxed")
        await boxed.send("ann", "one").outcome()
        with pytest.raises(NoStoreError, match="a frozen class of such"):
            await boxed.read("ann")

        stored = start_router(system, Listing, durable=MemoryStore(), name="stored")
        await stored.send("ann", "one").outcome()
        found = await stored.read("ann")
        assert found is not None
        found.state.append("mine")
        await stored.send("ann", "two").outcome()
        again = await stored.read("ann")
        assert again is not None
        assert again.state == ["one", "two"]


@seeds(1)
async def test_without_a_store_a_key_that_has_a_token_is_suspended() -> None:
    """A prompt would resume it; its state is gone."""
    stage = Stage()
    async with open_system() as system:
        router = start_router(system, Player, stage, limits=ONE)
        await router.send("ann", "bind:token").outcome()
        await trio.sleep(20)
        found = await router.read("ann")

    assert found is not None
    assert (found.phase, found.state, found.live) == ("suspended", None, False)


async def test_on_a_server(server: Server, new_schema: Callable[[], str]) -> None:
    """PostgreSQL: while a turn runs; and of nobody."""
    stage = Stage(PostgresStore(server.dsn(), schema=new_schema()))
    async with open_process(stage) as process:
        await said(process, "one say:a say:b")
        receipt = await process.router.accept("ann", "two say:c wait:door")
        await turn_runs(stage, "two say:c wait:door")
        running = await read(process, newest=1)
        stage.open("door")
        await receipt.outcome()
        assert await process.router.read("bob") is None
    assert (running.state, running.history) == (("one say:a say:b",), ("b",))
    assert (running.before, running.waiting) == (1, 1)
