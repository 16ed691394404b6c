"""Ends that are slow, odd or both: what is waited for, what is cut, what crashes."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    CloseReason,
    Completed,
    Failed,
    Outcome,
    Phase,
    Session,
    SessionClosed,
    Turn,
    TurnPolicy,
    open_system,
)
from actors._sessions.turns.early import LastWords
from supervision import RouterRef, start_router
from tests.sessions.doers import Doer, for_ever, open_router
from tests.sessions.turns.double import House


class Tidy(Session[str, str]):
    """It has a word for the end of each turn."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(
        abort_grace=5.0, cleanup_within=3.0, time_limit=1000.0
    )
    said: ClassVar[list[object]] = []

    def __init__(self) -> None:
        self.said.clear()

    async def take_turn(self, turn: Turn[str, str]) -> str:
        match turn.prompt:
            case "deaf" | "deaf for a while":
                with trio.CancelScope(shield=True):
                    await trio.sleep(100.0 if turn.prompt == "deaf" else 6.0)
            case "children":
                await turn.run_child(self.be_parent)
                await trio.sleep(5.0)
            case _:
                await trio.lowlevel.checkpoint()
        return turn.prompt

    async def be_parent(self, turn: Turn[str, str]) -> None:
        """Start a child that outlives this one."""
        await turn.start_child(self.be_child, critical=True)

    async def be_child(self, turn: Turn[str, str]) -> None:
        """Take a second."""
        del turn
        await trio.sleep(1.0)

    def child_orphaned(self, outcome: Outcome, parent: int) -> None:
        """Write it down."""
        self.said.append((type(outcome), parent))

    async def turn_ended(self, turn: Turn[str, str], outcome: Outcome) -> None:
        """Take as long as the prompt says."""
        self.said.append((turn.id, type(outcome)))
        match turn.prompt:
            case "hook fails":
                raise LookupError("no disk")
            case "hook hangs":
                with trio.CancelScope(shield=True):
                    await trio.sleep(100.0)
            case "deaf" | "deaf for a while":
                await trio.sleep(2.0)
                self.said.append("done")
            case _:
                pass


class Orphaning(Tidy):
    """It fails when a child has outlived its parent."""

    def child_orphaned(self, outcome: Outcome, parent: int) -> None:
        """Fail."""
        del outcome, parent
        raise LookupError("nobody's child")


async def test_an_outcome_waits_for_the_tasks_of_its_turn(
    autojump_clock: MockClock,
) -> None:
    """They come to their end, and their failure is the turn's."""
    del autojump_clock
    done: list[float] = []

    async def task() -> None:
        await trio.sleep(1.0)
        done.append(trio.current_time())

    async def failing() -> None:
        await task()
        raise LookupError

    async def deed(turn: Turn[Any, Any]) -> str:
        await trio.lowlevel.checkpoint()
        turn.start_soon(task)
        return "returned"

    async def odd(turn: Turn[Any, Any]) -> str:
        await trio.lowlevel.checkpoint()
        turn.start_soon(failing)
        return "returned"

    async with open_router() as router:
        first = await router.send("a", deed).outcome()
        second = await router.send("a", odd).outcome()

    assert first == Completed("returned", turn=1)
    assert isinstance(second, Failed)
    assert isinstance(second.error, LookupError)
    assert done == [1.0, 2.0]


async def test_children_that_may_not_stay_end_with_their_parents_code(
    autojump_clock: MockClock,
) -> None:
    """Before the drain window, and before tasks that are waited for."""
    del autojump_clock
    ended: list[object] = []

    async def child(turn: Turn[Any, Any]) -> None:
        try:
            await for_ever(turn)
        finally:
            ended.append(trio.current_time())

    async def deed(turn: Turn[Any, Any]) -> None:
        await turn.start_child(child)
        turn.start_soon(trio.sleep, 3.0)
        await trio.sleep(1.0)

    async with open_router() as router:
        outcome = await router.send("a", deed).outcome()

    assert outcome == Completed(turn=1)
    assert ended == [1.0]


async def test_a_child_has_no_hook_for_its_end(autojump_clock: MockClock) -> None:
    """Not even one that has a child of its own that outlives it."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Tidy)
        outcome = await router.send("a", "children").outcome()

    assert isinstance(outcome, Completed)
    assert Tidy.said == [(Completed, 2), (1, Completed)]


async def test_a_hook_that_fails_is_the_sessions_crash(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its own error; the outcome of the turn stays what it was."""
    async with open_system() as system:
        router = start_router(system, Tidy)
        with system.subscribe(SessionClosed) as events:
            outcome = await router.send("a", "hook fails").outcome()
            event = await events.receive()

    assert outcome == Completed("hook fails", turn=1)
    assert isinstance(event, SessionClosed)
    assert event.reason is CloseReason.CRASHED
    (text,) = [each.getMessage() for each in caplog.records]
    assert "LookupError: no disk" in text


async def test_a_session_that_fails_to_hear_of_an_orphan_crashes(
    caplog: pytest.LogCaptureFixture, autojump_clock: MockClock
) -> None:
    """With its own error."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Orphaning)
        with system.subscribe(SessionClosed) as events:
            outcome = await router.send("a", "children").outcome()
            event = await events.receive()

    assert isinstance(outcome, Failed)
    assert isinstance(event, SessionClosed)
    assert event.reason is CloseReason.CRASHED
    assert "LookupError: nobody's child" in caplog.records[0].getMessage()


async def test_a_hook_that_does_not_end_is_left_behind(
    autojump_clock: MockClock,
) -> None:
    """After the grace of a turn that was told to end; the outcome is certain."""
    del autojump_clock
    async with open_system() as system:
        router = start_router(system, Tidy)
        outcome = await router.send("a", "hook hangs").outcome()

        assert trio.current_time() == pytest.approx(5.0)
        assert outcome == Completed("hook hangs", turn=1, late=True)


async def test_last_words_are_said_to_their_end(autojump_clock: MockClock) -> None:
    """Also if everything ends meanwhile: they are bounded by themselves."""
    del autojump_clock
    async with open_system() as system:
        router: RouterRef[str, str] = start_router(system, Tidy)
        receipt = router.send("a", "deaf")
        await settle()
        router.cancel("a", reason="why")
        await trio.sleep(6.0)
        assert Tidy.said == [(1, Aborted)]

    assert Tidy.said == [(1, Aborted), "done"]
    assert receipt.ended == Aborted("why", turn=1, late=True)


async def test_last_words_are_not_said_twice(autojump_clock: MockClock) -> None:
    """The code that was given up comes to its end while they are being said."""
    del autojump_clock
    async with open_system() as system:
        router: RouterRef[str, str] = start_router(system, Tidy)
        receipt = router.send("a", "deaf for a while")
        await settle()
        router.cancel("a", reason="why")
        outcome = await receipt.outcome()
        assert trio.current_time() == 7.0
        await trio.sleep(5.0)

        assert outcome == Aborted("why", turn=1, late=True)
        assert Tidy.said == [(1, Aborted), "done"]


def test_nothing_is_said_of_a_turn_that_has_ended_meanwhile() -> None:
    """Whoever ended it has told its outcome: there is nothing to say any more."""
    house = House()
    run = house.turn()
    words = LastWords(run)
    seat: Any = SimpleNamespace(finish_work=lambda: house.log.append("over"))
    words._seat = seat
    run.phase = Phase.ENDED

    with pytest.raises(StopIteration):  # it waits for nothing, and has no hook to call
        words.receive(None).send(None)

    assert house.log == ["over"]


async def test_a_child_knows_whose_it_is_until_that_one_has_ended(
    autojump_clock: MockClock,
) -> None:
    """Then it is nobody's."""
    del autojump_clock
    seen: list[object] = []

    async def child(turn: Turn[Any, Any]) -> None:
        seen.append(turn.parent is not None and turn.parent.id)
        await trio.sleep(5.0)
        seen.append(turn.parent)

    async def deed(turn: Turn[Any, Any]) -> None:
        await turn.start_child(child, critical=True)
        await trio.sleep(1.0)

    async with open_router() as router:
        await router.send("a", deed).outcome()
        await trio.sleep(10.0)

    assert seen == [1, None]
    assert Doer.latest
