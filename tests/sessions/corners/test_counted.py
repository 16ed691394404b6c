"""What is counted and asked once, bounded, or passed on as it is."""

from __future__ import annotations

import math
import sys
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Bounded,
    Completed,
    Failed,
    Journal,
    Limit,
    Outcome,
    Replay,
    Session,
    SessionCrashedError,
    TimedOut,
    Turn,
    TurnPolicy,
    WrongThreadError,
    open_system,
)
from actors._sessions.histories.draft import Change
from actors._sessions.histories.history import History
from actors._sessions.histories.log import MemoryLog
from actors._sessions.sizes import rough_size
from actors.hosting import ChunkLog
from supervision import start_router
from tests.sessions.doers import Doer, for_ever, open_router

# ------------------------------------------------------------------------ who is asked


class Asked(Session[str, str]):
    """It is asked whether it lives; it has deaf turns, and children."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(
        alive_every=30.0, abort_grace=5.0, reader_limit=60.0
    )
    asked: ClassVar[list[float]] = []
    ended: ClassVar[list[Outcome]] = []

    def __init__(self) -> None:
        self.asked.clear()
        self.ended.clear()

    async def alive(self) -> bool:
        """Count."""
        self.asked.append(trio.current_time())
        await trio.lowlevel.checkpoint()
        return True

    async def take_turn(self, turn: Turn[str, str]) -> None:
        match turn.prompt:
            case "child":
                await turn.run_child(self.be_child)
            case "deaf":
                with trio.CancelScope(shield=True):
                    await trio.sleep(20.0)
            case "one gives up" | "both wait":
                gives_up = turn.prompt == "one gives up"
                turn.start_soon(self.emit, turn, 40.0 if gives_up else math.inf)
                await turn.emit("first")
                await turn.emit("second")
                await trio.sleep_forever()
            case _:
                await trio.sleep_forever()

    async def emit(self, turn: Turn[str, str], seconds: float) -> None:
        """Try for so long."""
        with trio.move_on_after(seconds):
            await turn.emit("third")

    async def be_child(self, turn: Turn[str, str]) -> None:
        """Take a while."""
        for _ in range(7):
            await trio.sleep(10.0)
            turn.progress()

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Count."""
        del turn
        self.ended.append(outcome)


async def test_a_session_is_asked_by_its_turn_and_not_by_its_children(
    autojump_clock: MockClock,
) -> None:
    """As often as the policy says."""
    del autojump_clock
    async with open_system() as system:
        outcome = await start_router(system, Asked).send("a", "child").outcome()

    assert isinstance(outcome, Completed)
    assert Asked.asked == [30.0, 60.0]


async def test_a_turn_that_was_given_up_is_ended_once(
    autojump_clock: MockClock,
) -> None:
    """Not again when its code has come to its end."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Asked)
        receipt = router.send("a", "deaf")
        await settle()
        router.cancel("a", reason="why")
        outcome = await receipt.outcome()
        assert trio.current_time() == 5.0
        await trio.sleep(50.0)

    assert Asked.ended == [outcome]


@pytest.mark.parametrize(
    ("prompt", "ends"), [("one gives up", 60.0), ("both wait", 100.0)]
)
async def test_a_reader_has_its_time_from_the_latest_chunk_that_it_took(
    autojump_clock: MockClock, prompt: str, ends: float
) -> None:
    """That somebody gives up who waits for it gives it no more."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Asked)
        async with router.open_turn("a", prompt, stream=Bounded(1)) as stream:
            await trio.sleep(40.0)
            if prompt == "both wait":
                await anext(stream)
            outcome = await stream.outcome()

            assert isinstance(outcome, TimedOut)
            assert outcome.limit is Limit.READER
            assert trio.current_time() == pytest.approx(ends)


async def test_a_reader_that_is_awake_is_given_what_there_is_room_for() -> None:
    """The turn has woken it, and goes on at once: until the stream is full."""
    sent: list[tuple[int, int]] = []
    got: list[int] = []
    go = trio.Event()

    async def deed(turn: Turn[Any, Any]) -> None:
        await go.wait()
        for number in range(5):
            await turn.emit(number)
            sent.append((number, len(got)))

    async def read(stream: Any) -> None:
        got.append(await anext(stream))

    async with (
        open_router() as router,
        router.open_turn("a", deed, stream=Bounded(2)) as stream,
        trio.open_nursery() as nursery,
    ):
        nursery.start_soon(read, stream)
        await settle()
        go.set()
        await settle()

        assert sent == [(0, 0), (1, 0), (2, 1)]
        assert [chunk async for chunk in stream] == [1, 2, 3, 4]
        assert router.statistics().chunks == 5


async def test_what_an_orphan_says_is_counted_as_unread() -> None:
    """Its parent's stream is closed: nobody reads it, and it is no error."""
    over = trio.Event()

    async def orphan(turn: Turn[Any, Any]) -> None:
        await over.wait()
        await turn.emit("late")

    async def deed(turn: Turn[Any, Any]) -> None:
        await turn.start_child(orphan, critical=True, direct=True)

    async with open_router() as router:
        async with router.open_turn("a", deed) as stream:
            assert isinstance(await stream.outcome(), Completed)
        over.set()
        await settle()

        figures = router.statistics()
        assert (figures.chunks, figures.unread) == (1, 1)


async def test_what_a_turn_cannot_start_any_more_is_not_why_it_failed() -> None:
    """Its session has crashed under it: that is why, however it hears of it."""

    async def crash() -> None:
        raise RuntimeError("bang")

    async def start(turn: Turn[Any, Any]) -> None:
        try:
            await for_ever(turn)
        finally:
            turn.start_soon(trio.sleep_forever)

    async def deed(turn: Turn[Any, Any]) -> None:
        (session,) = Doer.latest
        async with trio.open_nursery() as nursery:
            nursery.start_soon(start, turn)
            await settle()
            session.start_soon(crash)

    async with open_router() as router:
        outcome = await router.send("a", deed).outcome()

    assert isinstance(outcome, Failed)
    assert isinstance(outcome.error, SessionCrashedError)


# ------------------------------------------------------------------------ what is said


async def test_the_code_of_users_is_interrupted_by_ctrl_c() -> None:
    """That around it is not: each hook says which it is."""
    said: dict[str, bool] = {}

    def note(name: str) -> None:
        said[name] = trio.lowlevel.currently_ki_protected()

    class Plain(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> None:
            note("take_turn")
            await turn.consult(self.alive, within=1.0, default=None)
            self.handle("x")

        async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
            del turn, outcome
            note("turn_ended")

        async def alive(self) -> bool:
            note("alive")
            return True

        def handle(self, message: object) -> None:
            del message
            note("handle")

    async with open_system() as system:
        await start_router(system, Plain).send("a", "x").outcome()

    assert said == dict.fromkeys(("take_turn", "alive", "handle", "turn_ended"), False)


def test_only_who_has_something_to_say_is_asked() -> None:
    """A class knows that of its hooks when it is made."""

    class Quiet(Doer):
        pass

    class Loud(Doer):
        async def alive(self) -> bool:
            return True

    class Louder(Loud):
        pass

    assert [each._probes for each in (Quiet, Loud, Louder)] == [False, True, True]


async def test_a_receipt_is_not_waited_for_in_another_thread() -> None:
    """Not even where it would be refused anyway."""
    async with open_router() as router:
        receipt = router.send("a", "x")

        with pytest.raises(WrongThreadError, match=r"Receipt\.durable"):
            await trio.to_thread.run_sync(lambda: receipt.durable().send(None))
        assert isinstance(await receipt.outcome(), Completed)


# ---------------------------------------------------------------------- what is bounded


def test_a_size_is_of_so_many_things_at_most() -> None:
    """Of what is very large it is enough to know that it is."""
    some: list[list[int]] = [[] for _ in range(9_000)]
    many: list[list[list[int]]] = [
        [[] for _ in range(9_000)] for _ in range(3)
    ]  # of each of these so many

    each = rough_size([], math.inf)
    assert rough_size(some, math.inf) == sys.getsizeof(some) + 9_000 * each
    assert rough_size(many, math.inf) < 3 * sys.getsizeof(some) + 11_000 * each


class Silent:
    """It does not say how large it is."""

    __slots__ = ()

    def __sizeof__(self) -> int:
        raise LookupError


class Slotted:
    """It has a place that is empty."""

    __slots__ = ("empty", "full")
    empty: bytes
    full: bytes


def test_what_says_nothing_has_a_size_all_the_same() -> None:
    """A small one; and an empty place hides none behind it."""
    assert rough_size(Silent(), math.inf) == 64
    slotted = Slotted()
    slotted.full = bytes(5_000)

    assert rough_size(slotted, math.inf) > 5_000


async def test_a_log_that_is_cut_lets_its_writers_go() -> None:
    """Their chunks reach nobody, and are counted."""
    log = ChunkLog[int](Replay(chunks=1))
    log.open()
    log.put_nowait(1)
    await cut_while_two_write(log)
    assert log.unread == 3


class Full:
    """A keeper that has no room."""

    has_room = False
    written = 0

    def put(self, number: int, chunk: object) -> bool:
        """There is none."""
        del number, chunk
        return False

    def pack(self, chunk: object) -> object:
        """As it is."""
        return chunk

    def cut(self) -> None:
        """Nothing is on its way."""


async def test_a_log_that_is_cut_waits_for_no_store() -> None:
    """Who waits for room there goes on as well."""
    keeper: Any = Full()
    log = ChunkLog[int](Journal(), keeper=keeper)

    await cut_while_two_write(log)
    assert log.unread == 2


async def cut_while_two_write(log: ChunkLog[int]) -> None:
    """Both go on."""
    async with trio.open_nursery() as nursery:
        for number in (2, 3):
            nursery.start_soon(log.put, number)
        await settle()
        assert log.waiting_writers == 2

        log.cut()

    assert log.waiting_writers == 0


# --------------------------------------------------------------------------- histories


async def test_a_log_is_read_from_here_to_there() -> None:
    """Also when its first entries were replaced, and others forgotten."""
    log = MemoryLog()
    log.commit(Change(0, 6, replaced=False, rows=tuple(enumerate("abcdef"))))
    log.commit(Change(3, 6, replaced=True, rows=((3, "D"),)))

    assert log.first == 3
    assert await log.read(3, 4) == ((3, "D"),)
    assert await log.read(4, 6) == ((4, "e"), (5, "f"))


class Holed(MemoryLog):
    """A log that has lost some of its entries."""

    def __init__(self, *lost: int) -> None:
        super().__init__()
        self.lost = lost
        self.meanwhile: Any = None
        self.commit(Change(0, 4, replaced=False, rows=tuple(enumerate("abcd"))))

    async def read(self, first: int, end: int) -> Any:
        """Leave some out; something may happen meanwhile."""
        rows = await super().read(first, end)
        if self.meanwhile is not None:
            self.meanwhile()
        return tuple(row for row in rows if row[0] not in self.lost)


def history_of(log: MemoryLog) -> History[Any]:
    """A turn's view of it."""

    def log_of(lane: object) -> MemoryLog:
        del lane
        return log

    def check_thread(what: str) -> None:
        del what

    host = SimpleNamespace(history_of=log_of)
    lane = SimpleNamespace(key="a")
    run: Any = SimpleNamespace(
        host=host, lane=lane, extra=None, check_thread=check_thread
    )
    return History(run)


@pytest.mark.parametrize("lost", [(0, 1, 2, 3), (0,), (2,)])
async def test_an_entry_that_is_not_there_is_no_end(lost: tuple[int, ...]) -> None:
    """What is behind it is not taken for what is missing."""
    history = history_of(Holed(*lost))

    with pytest.raises(RuntimeError, match="the history of 'a' has no entry"):
        await history.window(9)


async def test_a_page_that_was_changed_while_it_was_read_is_not_given_out() -> None:
    """It is told at once, and at each try."""
    log = Holed()
    log.meanwhile = lambda: log.commit(Change(2, 4, replaced=True, rows=((2, "C"),)))
    walk = history_of(log).all(page=2)

    for _ in range(2):
        with pytest.raises(RuntimeError, match="was changed while it was walked"):
            await anext(walk)


async def test_a_summary_stands_before_what_is_in_the_log() -> None:
    """In the turn that has put it there; in one page or in several."""
    seen: list[object] = []

    async def fill(turn: Turn[Any, Any]) -> None:
        await trio.lowlevel.checkpoint()
        for entry in "abcdef":
            turn.history.append(entry)

    async def compact(turn: Turn[Any, Any]) -> None:
        turn.history.replace(3, "summary")
        turn.history.append("g")
        seen.append(await turn.history.window(9))
        seen.append([each async for each in turn.history.all(page=2)])
        seen.append(await turn.history.window(3))

    async with open_router() as router:
        await router.send("a", fill).outcome()
        assert isinstance(await router.send("a", compact).outcome(), Completed)

    whole = ("summary", "d", "e", "f", "g")
    assert seen == [whole, list(whole), ("e", "f", "g")]
