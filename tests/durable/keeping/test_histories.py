"""D81 to D84: histories, entry by entry, in the store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
import trio

from actors import (
    Completed,
    Failed,
    Outcome,
    Session,
    TimedOut,
    Turn,
    TurnPolicy,
    open_system,
)
from actors.testing import seeds
from supervision import Limits, RouterRef, start_router
from supervision.durable import (
    CodecError,
    MemoryStore,
    SqliteStore,
    StoreAwayError,
    StorePolicy,
    StoreRefusedError,
)
from supervision.durable._words.histories import Read
from supervision.durable._words.records import (
    Accept,
    Begin,
    Complete,
)

from .stage import (
    Player,
    Process,
    Stage,
    completed,
    die_at_each_point,
    make_store,
    open_process,
    turn_runs,
)

# Any in this file: entries, and stores of any kind

KINDS = pytest.mark.parametrize("kind", ["memory", "sqlite"])
BRIEF = Limits(sessions=10, turns=10, idle=10)


async def said(router: RouterRef[str, str], prompt: str, key: str = "ann") -> Outcome:
    """Have a prompt answered."""
    return await (await router.accept(key, prompt)).outcome()


@seeds(2)
async def test_d81_entries_appear_with_state_and_outcome() -> None:
    """At whatever point the process dies: all of a turn, or nothing of it."""

    async def story(process: Process) -> None:
        await process.router.accept("ann", "one say:a say:b", id="one")
        await process.router.accept("ann", "two say:c say:d", id="two")
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        await stage.all_ended()
        outcomes, state = stage.outcomes(), stage.state("ann") or ()
        right: list[str] = []
        for name, prompt in (("one", "one say:a say:b"), ("two", "two say:c say:d")):
            assert (prompt in state) == completed(outcomes.get(name))
            if completed(outcomes.get(name)):
                right += [each[4:] for each in prompt.split()[1:]]
        assert stage.entries("ann") == tuple(right)

        await said(process.router, "look:9 say:new")
        assert stage.seen == [tuple(right)]
        assert stage.entries("ann") == (*right, "new")

    assert await die_at_each_point(story, check) > 12


@seeds(1)
async def test_d81_a_turn_costs_what_it_appends() -> None:
    """A history of 10,000 entries is not read, nor written, nor in memory."""
    stage = Stage()
    async with open_process(stage) as process:
        many = " ".join(f"say:{each}" for each in range(10_000))
        await said(process.router, many)
    async with open_process(stage) as process:
        await trio.sleep(1)
        process.watch()
        await said(process.router, "say:x say:y look:3")
        (accept,), (begin,), (read,), (done,) = process.batches

    assert stage.seen == [("9999", "x", "y")]
    assert isinstance(accept, Accept)
    assert isinstance(begin, Begin)
    assert isinstance(read, Read)
    assert (read.first, read.end) == (9_999, 10_000)
    assert isinstance(done, Complete)
    assert [each.number for each in done.entries] == [10_000, 10_001]
    assert len(stage.entries("ann")) == 10_002


@KINDS
async def test_a_key_that_is_brought_knows_its_history(
    kind: str, tmp_path: Path
) -> None:
    """In the next process."""
    stage = Stage(make_store(kind, tmp_path))
    for life in range(3):
        async with open_process(stage) as process:
            await said(process.router, f"look:9 say:{life} look:1")

    assert stage.seen == [(), ("0",), ("0",), ("1",), ("0", "1"), ("2",)]


@seeds(2)
async def test_a_key_that_was_reaped_knows_its_history() -> None:
    """It costs no memory meanwhile."""
    stage = Stage()
    async with open_process(stage, limits=BRIEF) as process:
        await said(process.router, "say:a say:b")
        await trio.sleep(11)
        assert process.router.inspect("ann") is None
        await said(process.router, "look:9 say:c look:2")

    assert stage.seen == [("a", "b"), ("b", "c")]


class Brief(Player):
    """Its turns have a second."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=1)


@pytest.mark.parametrize(
    ("prompt", "left"),
    [
        ("say:b fail:why", ("a",)),
        ("say:b keep say:c fail:why", ("a", "b")),
        ("say:b reject:why", ("a",)),
        ("say:b wait:never", ("a",)),
        ("say:b keep sum:2 say:c wait:never", ("a", "b")),
        ("say:b sum:2 keep say:c sum:2 fail:why", ("a+b",)),
        ("say:b odd", ("a",)),
        ("say:b keep odd", ("a", "b")),
        ("say:b crash", ("a",)),
    ],
)
@seeds(1)
async def test_d82_what_does_not_complete_leaves_what_it_has_kept(
    prompt: str, left: tuple[str, ...]
) -> None:
    """It failed, crashed, was rejected, or its time was over."""
    stage = Stage()
    async with open_process(stage, Brief) as process:
        await said(process.router, "say:a")
        outcome = await said(process.router, prompt)
        assert not completed(outcome)
        assert stage.entries("ann") == left
        await said(process.router, "look:9")
    async with open_process(stage, Brief) as process:
        await said(process.router, "look:9")

    assert stage.seen[-2:] == [left, left]


@seeds(2)
async def test_d82_an_abort_and_a_kill_leave_nothing() -> None:
    """Nor what was kept, when the process was killed: it is written at the end."""
    stage = Stage()
    async with open_process(stage) as process:
        await said(process.router, "say:a")
        aborted = await process.router.accept("ann", "say:b wait:never")
        await turn_runs(stage, "say:b wait:never")
        process.router.cancel("ann", hard=True)
        await aborted.outcome()
        await process.router.accept("ann", "say:c keep wait:never")
        await turn_runs(stage, "say:c keep wait:never")
        process.kill()
    async with open_process(stage) as process:
        await said(process.router, "look:9")

    assert stage.seen == [("a",)]


@seeds(2)
async def test_d82_a_turn_that_a_drain_takes_back_has_appended_nothing() -> None:
    """It is tried again in the next process, from where it began."""
    stage = Stage()
    async with open_process(stage) as process:
        await said(process.router, "say:a")
        await process.router.accept("ann", "say:b keep wait:door", attempts=2)
        await turn_runs(stage, "say:b keep wait:door")
        await process.router.drain(1)
    assert stage.entries("ann") == ("a",)
    stage.open("door")
    async with open_process(stage) as process:
        await said(process.router, "look:9")

    assert stage.seen == [("a", "b")]


class Tidies(Player):
    """Puts into the state what cannot be written, when its turn has ended."""

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Only where the prompt says so."""
        if "hook" in turn.prompt and isinstance(outcome, Completed):
            self.state = object()


@seeds(2)
async def test_d82_a_turn_whose_hook_leaves_what_cannot_be_written() -> None:
    """It has failed, and has appended nothing but what it had kept."""
    stage = Stage()
    async with open_process(stage, Tidies) as process:
        await said(process.router, "say:a")
        assert isinstance(await said(process.router, "say:b hook"), Failed)
        assert stage.entries("ann") == ("a",)
        assert isinstance(await said(process.router, "say:b keep say:c hook"), Failed)
        assert stage.entries("ann") == ("a", "b")
        await said(process.router, "look:9")

    assert stage.seen == [("a", "b")]


@seeds(2)
async def test_a_commit_that_is_refused_leaves_the_history_as_it_was() -> None:
    """The turn has failed; the next one goes on behind what is there."""
    stage = Stage()
    async with open_process(stage) as process:
        await said(process.router, "say:a say:b")
        stage.memory.refuse(_has_entries)
        outcome = await said(process.router, "sum:2 say:c")
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, StoreRefusedError)
        stage.memory.refuse(None)
        await said(process.router, "look:9 say:d")

    assert stage.seen == [("a", "b")]
    assert stage.entries("ann") == ("a", "b", "d")


def _has_entries(record: object) -> bool:
    return isinstance(record, Complete) and bool(record.entries)


@pytest.mark.parametrize("verb", ["reset", "close"])
@seeds(2)
async def test_d83_it_is_forgotten_in_the_record_of_its_key(verb: str) -> None:
    """At whatever point the process dies, also while a turn runs that appends."""

    async def story(process: Process) -> None:
        router = process.router
        await said(router, "old say:a")
        await router.accept("ann", "new say:b keep wait:never", id="new")
        await turn_runs(process.stage, "new say:b keep wait:never")
        (router.reset if verb == "reset" else router.close)("ann")
        await trio.sleep(5)

    async def check(stage: Stage, process: Process) -> None:
        await stage.all_ended()
        state = stage.state("ann") or ()
        assert stage.entries("ann") == (("a",) if "old say:a" in state else ())
        await said(process.router, "look:9 say:c")
        assert stage.seen == [("a",) if "old say:a" in state else ()]

    assert await die_at_each_point(story, check) > 12


@seeds(2)
async def test_d83_after_a_reset_it_begins_anew() -> None:
    """In the lane that stays, and of a key without one."""
    stage = Stage()
    async with open_process(stage, limits=BRIEF) as process:
        router = process.router
        await said(router, "say:a say:b")
        router.reset("ann")
        await said(router, "look:9 say:c")
        assert stage.entries("ann") == ("c",)
        await trio.sleep(11)
        assert router.inspect("ann") is None
        router.close("ann")
        await said(router, "look:9 say:d")

    assert stage.seen == [(), ()]
    assert stage.entries("ann") == ("d",)


@attrs.frozen
class Said:
    """An entry of version 2."""

    who: str
    text: str


class Old(Session[str, str]):
    """Its entries are of version 1."""

    entry_type = str

    async def take_turn(self, turn: Turn[str, str]) -> int:
        """Append the prompt."""
        turn.history.append(turn.prompt)
        return len(turn.history)


class New(Session[str, str]):
    """Its entries are of version 2."""

    entry_type = Said
    entry_version = 2

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Append the prompt, and say who has said what."""
        if turn.prompt != "look":
            turn.history.append(Said("ann", turn.prompt))
        found = await turn.history.window(9)
        walked = [each async for each in turn.history.all(page=2)]
        assert list(found) == walked
        return ", ".join(f"{each.who}: {each.text}" for each in found)


def named(text: str) -> dict[str, str]:
    """Version 1 to 2."""
    return {"who": "somebody", "text": text}


def contents(folder: Path) -> bytes:
    """All that is in the files of a folder."""
    return b"".join(each.read_bytes() for each in folder.iterdir())


class Box:
    """A seal that turns bytes around, for the place it is told."""

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Turn them around."""
        return context + data[::-1]

    def open(self, data: bytes, context: bytes) -> bytes:
        """And back, if it stands where it did."""
        assert data.startswith(context)
        return data[len(context) :][::-1]


@KINDS
async def test_d83_entries_of_an_older_version_are_read_by_upcasters(
    kind: str, tmp_path: Path
) -> None:
    """When they are read, and not written again; sealed entry by entry."""
    store: Any
    where = tmp_path / "chat.db"
    memory = MemoryStore()

    def made(**options: Any) -> Any:
        if kind == "sqlite":
            return SqliteStore(where, seal=Box(), **options)
        memory.encoding = MemoryStore(seal=Box(), **options).encoding
        return memory

    store = made()
    async with open_system() as system:
        router = start_router(system, Old, durable=store)
        for prompt in ("milk", "bread"):
            await said(router, prompt)
    store = made(entry_upcasters={1: named})
    async with open_system() as system:
        router = start_router(system, New, durable=store)
        outcome = await said(router, "salt")
        assert isinstance(outcome, Completed), outcome
        assert outcome.result == "somebody: milk, somebody: bread, ann: salt"

    store = made()  # without upcasters
    async with open_system() as system:
        router = start_router(system, New, durable=store)
        outcome = await said(router, "look")
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, CodecError)
        assert "entry_upcasters[1]" in str(outcome.error)

    if kind == "memory":
        bodies = [each.body for each in memory.history("ann")]
        assert [each.version for each in memory.history("ann")] == [1, 1, 2]
        assert all(b"klim" in each or b"daerb" in each for each in bodies[:2])
    else:
        texts = contents(tmp_path)
        assert b"klim" in texts
        assert b"milk" not in texts


class Picky(Old):
    """Appends what its prompt says, and says how that went."""

    async def take_turn(self, turn: Turn[str, str]) -> int:
        """Append it."""
        entries: dict[str, Any] = {"number": 1, "large": "x" * 200, "odd": object()}
        turn.history.append("before")
        turn.history.append(entries.get(turn.prompt, turn.prompt))
        return len(turn.history)


@seeds(1)
async def test_an_entry_that_cannot_be_written_is_refused_where_it_stands() -> None:
    """By name; its turn has failed then, if nobody catches it."""
    store = MemoryStore(policy=StorePolicy(entry_bytes=100))
    async with open_system() as system:
        router = start_router(system, Picky, durable=store)
        errors: list[str] = []
        for prompt in ("number", "large", "odd"):
            outcome = await said(router, prompt)
            assert isinstance(outcome, Failed)
            errors.append(f"{type(outcome.error).__name__}: {outcome.error}")
        outcome = await said(router, "fine")

    assert isinstance(outcome, Completed)
    assert outcome.result == 2
    assert errors[0].startswith("TypeError: an entry cannot be stored: 1 of type int")
    assert (
        errors[1] == "ValueError: an entry has at most 100 bytes when stored, got 204"
    )
    assert errors[2].startswith("TypeError: an entry cannot be stored: <object")


@seeds(2)
async def test_d84_work_puts_a_summary_in_place_of_the_first() -> None:
    """In one transaction; killed, it is as if it had never been asked for."""

    async def story(process: Process) -> None:
        await process.router.accept("ann", "say:a say:b say:c", id="one")

        async def compact(turn: Turn[str, str]) -> None:
            first = [each async for each in turn.history.all()]
            turn.history.replace(2, "+".join(first[:2]))

        process.router.run_exclusive("ann", compact)
        await trio.sleep(10)

    async def check(stage: Stage, process: Process) -> None:
        await stage.all_ended()
        found = stage.entries("ann")
        assert found in {(), ("a", "b", "c"), ("a+b", "c")}
        assert bool(found) == completed(stage.outcomes().get("one"))
        await said(process.router, "look:9")
        assert stage.seen == [found]

    assert await die_at_each_point(story, check) > 12


class Reads(Player):
    """Its side questions read the history again and again."""

    async def answer_aside(self, turn: Turn[str, str]) -> list[tuple[str, ...]]:
        """As often as the prompt says."""
        return [await turn.history.window(500) for _ in range(int(turn.prompt))]


async def read_beside(stage: Stage, disturb: Callable[[], object]) -> None:
    """Read while summaries are put in place of a part of several pages."""
    entries = [f"{each}" for each in range(250)]
    async with open_process(stage, Reads) as process:
        router = process.router
        await said(router, " ".join(f"say:{each}" for each in entries))
        aside = router.ask_aside("ann", "20")
        for times in range(5):

            async def compact(turn: Turn[str, str], times: int = times) -> None:
                turn.history.replace(30, f"summary {times}")
                disturb()

            await router.run_exclusive("ann", compact).outcome()
        outcome = await aside.outcome()
        await said(router, "look:500")

    right: list[tuple[str, ...]] = [tuple(entries)]
    for times in range(5):
        right.append((f"summary {times}", *right[-1][30:]))
    assert isinstance(outcome, Completed), outcome
    places = [right.index(each) for each in outcome.result]
    assert places == sorted(places)
    assert stage.seen == [right[-1]]


@seeds(10)
async def test_d84_whoever_reads_sees_the_old_or_the_new() -> None:
    """Also where answers get lost, and a read is carried out again behind a commit."""
    stage = Stage()
    await read_beside(stage, lambda: stage.memory.lose_answers(1))


async def test_d84_whoever_reads_a_file_sees_the_old_or_the_new(tmp_path: Path) -> None:
    """As in memory."""
    await read_beside(Stage(make_store("sqlite", tmp_path)), lambda: None)


@seeds(2)
async def test_a_walk_beside_a_turn_that_compacts_ends_with_an_error() -> None:
    """Never with a part of the old and a part of the new."""
    stage = Stage()
    errors: list[str] = []

    class Walks(Player):
        async def answer_aside(self, turn: Turn[str, str]) -> None:
            try:
                async for _ in turn.history.all(page=2):
                    stage.open("walking")
                    await trio.sleep(1)
            except RuntimeError as error:
                errors.append(str(error))

    async with open_process(stage, Walks) as process:
        router = process.router
        await said(router, " ".join(f"say:{each}" for each in range(9)))
        aside = router.ask_aside("ann", "")
        await stage.doors["walking"].wait()
        await said(router, "sum:4")
        assert completed(await aside.outcome())

    assert errors == [
        "the history of 'ann' was changed while it was walked through: begin again"
    ]


@seeds(2)
async def test_a_read_waits_as_long_as_the_store_stands_still() -> None:
    """And is answered when it goes on; the turn's time limit runs on."""
    stage = Stage()
    async with open_process(stage, Brief) as process:
        await said(process.router, "say:a")
        receipt = await process.router.accept("ann", "wait:door look:1")
        await turn_runs(stage, "wait:door look:1")
        stage.memory.stand_still()
        stage.open("door")
        await trio.sleep(0.5)
        stage.memory.go_on()
        assert completed(await receipt.outcome())
        late = await process.router.accept("ann", "wait:other look:1")
        await turn_runs(stage, "wait:other look:1")
        stage.memory.stand_still()
        stage.open("other")
        await trio.sleep(5)
        stage.memory.go_on()
        assert isinstance(await late.outcome(), TimedOut)

    assert stage.seen == [("a",)]


class Shows(Player):
    """Its turns are in the hands of strangers."""

    shown: ClassVar[list[Turn[str, str]]] = []

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Say so."""
        self.shown.append(turn)
        return await super().take_turn(turn)


@seeds(2)
async def test_who_reads_from_outside_is_told_when_the_router_ends() -> None:
    """`StoreAwayError`: the store has not answered, or is not asked any more."""
    stage = Stage(MemoryStore(policy=StorePolicy(close_within=1)))
    Shows.shown.clear()
    errors: list[Exception] = []

    async def look() -> None:
        try:
            await Shows.shown[0].history.window(1)
        except StoreAwayError as error:
            errors.append(error)

    async with trio.open_nursery() as strangers:
        async with open_process(stage, Shows) as process:
            await said(process.router, "say:a")
            stage.memory.stand_still()
            strangers.start_soon(look)
            await trio.sleep(1)
        await look()

    assert len(errors) == 2
    assert all(str(each).endswith("the router has ended") for each in errors)


@seeds(1)
async def test_a_read_that_the_store_refuses_is_the_turns_failure() -> None:
    """Nothing else is."""
    stage = Stage()
    async with open_process(stage) as process:
        await said(process.router, "say:a")
        stage.memory.refuse(lambda record: isinstance(record, Read))
        outcome = await said(process.router, "look:1")
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, StoreRefusedError)
        stage.memory.refuse(None)
        await said(process.router, "look:1")

    assert stage.seen == [("a",)]
