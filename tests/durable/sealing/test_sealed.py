"""Routers whose store has a seal: who calls it, and what is seen when it fails."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import attrs
import pytest
import trio
import trio.testing

from actors import Completed, Failed, Outcome, Rejected, Session, Turn, open_system
from actors.testing import EventLog
from supervision import PromptKeptError, RouterRef, start_router
from supervision.durable import (
    CodecError,
    MemoryStore,
    SessionHeld,
    SessionHeldError,
    SqliteStore,
    StorePolicy,
    StoreRefusedError,
)
from supervision.durable._words.looks import Find, Found
from supervision.durable._words.records import Forget, Forgotten
from tests.durable.sealing.boxes import Choosy, Counted, Keyed, Watched
from tests.durable.store.bench import KINDS, accept, opened

PATIENCE = 60  # seconds until a thread is taken for one that hangs


class Notes(Session[str, str, tuple[str, ...]]):
    """Puts prompts into its state and its history."""

    initial_state = ()
    entry_type = str

    async def take_turn(self, turn: Turn[str, str, tuple[str, ...]]) -> str:
        """Play the prompt."""
        verb, _, what = turn.prompt.partition(" ")
        if verb == "read":
            return ", ".join([each async for each in turn.history.all()])
        if verb == "remind":
            turn.remind("r", after=60, prompt=what)
            return "later"
        if verb == "bind":
            self.bind(what)
        turn.state = (*turn.state, "hushed" if verb == "hush" else turn.prompt)
        turn.history.append(what)
        return "hush" * (verb == "say-hush") or what


@attrs.frozen
class Maker:
    """Makes stores that have the same in them, with one seal or another."""

    kind: str
    path: Path
    memory: MemoryStore = attrs.Factory(MemoryStore)

    def __call__(self, seal: Any, **options: Any) -> Any:
        """Make one; Any: of any kind."""
        if self.kind == "sqlite":
            return SqliteStore(self.path, seal=seal, **options)
        self.memory.encoding = MemoryStore(seal=seal).encoding
        return self.memory


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Maker:
    """Each kind of store."""
    return Maker(request.param, tmp_path / "chat.db")


async def said(router: RouterRef[str, str], key: str, prompt: str) -> Outcome:
    """Send a prompt, and wait for its outcome."""
    return await (await router.accept(key, prompt)).outcome()


# ---------------------------------------------------------------------- in which thread


async def test_the_thread_of_the_store_seals_and_opens(tmp_path: Path) -> None:
    """Not Trio's: prompts, outcomes, states, tokens, entries, what is read of them."""
    threads: set[tuple[str, str]] = set()

    def called(verb: str) -> None:
        threads.add((verb, threading.current_thread().name))

    store = SqliteStore(tmp_path / "chat.db", seal=Watched(b"k", called))
    for _ in range(2):
        async with open_system() as system:
            router = start_router(system, Notes, durable=store)
            await said(router, "ann", "bind milk")
            await said(router, "ann", "read")
            await (await router.accept("ann", "say tea", id="1")).outcome()
            await router.find("ann", "1")

    assert threads == {
        ("seal", "the writer of chat.db"),
        ("open", "the writer of chat.db"),
    }


async def test_a_memory_store_seals_in_trios_thread() -> None:
    """It has no other."""
    threads: set[threading.Thread] = set()
    seal = Watched(b"k", lambda _: threads.add(threading.current_thread()))
    async with open_system() as system:
        router = start_router(system, Notes, durable=MemoryStore(seal=seal))
        await said(router, "ann", "say milk")

    assert threads == {threading.current_thread()}


async def test_a_slow_seal_does_not_hold_up_the_loop(tmp_path: Path) -> None:
    """While it seals others have their steps; whoever waits for the store waits."""
    token = trio.lowlevel.current_trio_token()
    sealing, seals = trio.Event(), threading.Event()
    opening, opens = trio.Event(), threading.Event()

    def slow(verb: str) -> None:
        entered, go_on = (sealing, seals) if verb == "seal" else (opening, opens)
        token.run_sync_soon(entered.set)
        assert go_on.wait(PATIENCE), "the loop stands still"

    store = SqliteStore(tmp_path / "chat.db", seal=Watched(b"k", slow))
    async with open_system() as system:
        router = start_router(system, Notes, durable=store)
        receipt = router.send("ann", "say milk", id="1")
        await sealing.wait()
        assert receipt.ended is None
        seals.set()
        assert await receipt.outcome() == Completed(turn=receipt.turn, result="milk")

    async with open_system() as system:
        router = start_router(system, Notes, durable=store)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(router.find, "ann", "1")
            await opening.wait()
            opens.set()


# ------------------------------------------------------------------- it does not seal


async def test_what_cannot_be_sealed_is_refused_alone(make: Maker) -> None:
    """A prompt by itself, and those beside it in its batch are stored."""
    async with open_system() as system:
        store = make(Choosy(b"k", b"PROMPT", b"hush"))
        router = start_router(system, Notes, durable=store)
        with pytest.raises(StoreRefusedError, match="failed with ValueError") as caught:
            await router.accept("ann", "say hush")
        assert "too secret" not in repr(caught.value)
        before, wrong, after = (
            router.send(key, prompt)
            for key, prompt in (("a", "say a"), ("b", "say hush"), ("c", "say c"))
        )
        assert isinstance(await before.outcome(), Completed)
        assert isinstance(await after.outcome(), Completed)
        outcome = await wrong.outcome()
        assert isinstance(outcome, Rejected)
        assert isinstance(outcome.reason, StoreRefusedError)


@pytest.mark.parametrize(
    ("kind", "prompt"),
    [
        (b"OUTCOME", "say hush"),
        (b"STATE", "say hush"),
        (b"ENTRY", "say hush"),
        (b"TOKEN", "bind hush"),
    ],
)
async def test_a_turn_whose_leavings_cannot_be_sealed_has_failed(
    make: Maker, kind: bytes, prompt: str
) -> None:
    """State and history are as they were, and the next turn runs."""
    async with open_system() as system:
        seal = Choosy(b"k", kind, b"hush")
        router = start_router(system, Notes, durable=make(seal))
        assert isinstance(await said(router, "ann", "say milk"), Completed)
        outcome = await said(router, "ann", prompt)
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, StoreRefusedError)
        outcome = await said(router, "ann", "read")
        assert isinstance(outcome, Completed)
        assert outcome.result == "milk"


class Binds(Notes):
    """Binds where no turn runs."""

    async def started(self) -> None:
        """Bind."""
        self.bind("hush")


async def test_a_token_that_cannot_be_sealed_is_not_kept_and_the_log_says_so(
    make: Maker, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody waits for it: the session goes on."""
    async with open_system() as system:
        store = make(Choosy(b"k", b"TOKEN", b"hush"))
        router = start_router(system, Binds, durable=store)
        assert isinstance(await said(router, "ann", "say milk"), Completed)

    (record,) = caplog.records
    assert "the token that it had" in record.getMessage()
    assert "seal() has failed with ValueError" in record.getMessage()


async def test_an_outcome_that_cannot_be_sealed_at_all_is_the_routers_crash(
    make: Maker,
) -> None:
    """There would be none, ever; the prompt is kept."""
    with pytest.RaisesGroup(StoreRefusedError, PromptKeptError):
        async with open_system() as system:
            store = make(Choosy(b"k", b"OUTCOME", b""))
            router = start_router(system, Notes, durable=store)
            await said(router, "ann", "say milk")


async def test_sizes_are_those_before_the_seal(make: Maker) -> None:
    """What is as large as may be is taken; the store does not look again."""
    policy = StorePolicy(prompt_bytes=400, entry_bytes=400)
    if make.kind == "memory":
        make.memory.policy = policy
    store = make(Keyed(b"k"), policy=policy)
    async with open_system() as system:
        router = start_router(system, Notes, durable=store)
        taken = 0
        for length in range(370, 410):
            try:
                outcome = await said(router, "ann", f"say {'x' * length}")
            except ValueError as error:
                assert "a prompt has at most 400 bytes when stored, got 401" in str(  # noqa: PT017 - where it stops is what is asked
                    error
                )
                break
            assert isinstance(outcome, Completed)
            taken += 1
        assert taken > 10


# ------------------------------------------------------------------- it does not open


async def test_d69_with_a_wrong_key_nothing_is_lost(make: Maker) -> None:
    """A key is held, a prompt or an outcome is an error, and the router goes on."""
    async with open_system() as system:
        router = start_router(system, Notes, durable=make(Keyed(b"old")))
        await said(router, "ann", "bind milk")
        await (await router.accept("ann", "say tea", id="1")).outcome()
        await router.remind("bob", "r", after=10**9, prompt="say late")

    async with open_system() as system:
        log = EventLog(system)
        router = start_router(system, Notes, durable=make(Keyed(b"new")))
        found = await router.find("ann", "1")
        assert found is not None
        outcome = await found.outcome()
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, CodecError)
        await router.accept("ann", "say salt", id="2")
        with pytest.raises(SessionHeldError, match="the seal does not open it"):
            await router.release("ann")
        assert isinstance(await said(router, "carl", "say x"), Completed)
    assert [each.key for each in log.of(SessionHeld)] == ["ann"]

    async with open_system() as system:
        router = start_router(system, Notes, durable=make(Keyed(b"new", b"old")))
        found = await router.find("ann", "1")
        assert found is not None
        assert isinstance(await found.outcome(), Completed)
        outcome = await said(router, "ann", "read")
        assert isinstance(outcome, Completed)
        assert outcome.result == "milk, tea, salt"


async def test_a_reminder_that_cannot_be_opened_is_its_prompts_outcome(
    autojump_clock: trio.testing.MockClock,
) -> None:
    """When it is due; it comes once, and the router goes on."""
    del autojump_clock
    make = Maker("memory", Path())
    async with open_system() as system:
        router = start_router(system, Notes, durable=make(Keyed(b"old")))
        await router.remind("bob", "r", after=60, every=60, prompt="say late")
        await router.remind("carl", "r", after=600, prompt="say late")

    async with open_system() as system:
        router = start_router(system, Notes, durable=make(Keyed(b"new")))
        await trio.sleep(61)
        (prompt,) = make.memory.prompts()
        found = await router.find("bob", prompt.id)
        assert found is not None
        outcome = await found.outcome()
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, CodecError)
        assert await router.forget("bob", "r")

    async with open_system() as system:
        router = start_router(system, Notes, durable=make(Keyed(b"new", b"old")))
        await trio.sleep(600)
        outcome = await said(router, "carl", "read")
        assert isinstance(outcome, Completed)
        assert outcome.result == "late"


def contents(folder: Path) -> list[bytes]:
    """Read all files."""
    return [each.read_bytes() for each in folder.iterdir()]


async def test_d69_nothing_that_is_said_is_in_the_files(tmp_path: Path) -> None:
    """Nor in the log beside it, nor in a copy."""
    async with open_system() as system:
        store = SqliteStore(tmp_path / "chat.db", seal=Keyed(b"k"))
        router = start_router(system, Notes, durable=store)
        for prompt in ("say a-secret", "bind a-secret", "remind say a-secret"):
            await said(router, "ann", prompt)
        await router.remind("ann", "s", after=10**9, prompt="a-secret")
        await router.backup(tmp_path / "copy.db")
        said_there = contents(tmp_path)
    said_there += contents(tmp_path)
    assert len(said_there) > 4
    assert not any(b"secret" in each for each in said_there)


async def test_a_batch_whose_answer_was_lost_is_not_sealed_again(make: Maker) -> None:
    """It comes to the same: the outcome is the one of the first time."""
    batch = [Forget("a", b"withdrawn", 2, (), 60.0)]
    async with opened(make(Counted())) as bench:
        await bench.carry(accept(1), accept(2))
        for _ in range(2):
            (answer,) = await bench.carry(*batch)
            assert isinstance(answer, Forgotten)
            assert answer.withdrawn == (1, 2)
        found = await bench.ask(Find("a", "id-1"), Found)
        assert found.outcome == b"withdrawn"
