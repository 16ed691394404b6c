"""What turns, children, receipts, outcomes and policies say of themselves."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import attrs
import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Abort,
    Aborted,
    Batch,
    Completed,
    Lost,
    Phase,
    PromptKind,
    Rejected,
    Replay,
    StreamGapError,
    ToolEnded,
    Turn,
    TurnPolicy,
    WrongThreadError,
    open_system,
)
from supervision import start_router
from tests.sessions.doers import Doer, for_ever, open_router


async def test_a_turn_shows_which_it_is_and_where() -> None:
    """Its id, its key, its phase; when it began, and what waits for its checkpoint."""
    seen: list[object] = []
    go = trio.Event()

    async def deed(turn: Turn[Any, Any]) -> None:
        await go.wait()
        seen.extend([repr(turn), turn.steering, turn.parent, turn.started_at >= 0])

    async with open_router() as router:
        receipt = router.send("a/b", deed)
        await settle()
        router.steer("a/b", "one")
        router.steer("a/b", "two")
        go.set()
        await receipt.outcome()

    assert seen == ["<Turn 1 of 'a/b': running>", 2, None, True]


async def test_a_turn_in_line_has_not_begun() -> None:
    """It says when with no number."""
    async with open_router() as router:
        router.configure(attrs.evolve(router.limits, turns=1))
        router.send("a", for_ever)
        router.send("b", for_ever)
        await settle()

        (latest,) = Doer.latest
        assert latest.turn is not None
        assert math.isnan(latest.turn.started_at)
        assert repr(latest.turn) == f"<Turn 2 of 'b': {Phase.WAITING.value}>"


async def _quiet(turn: Turn[Any, Any]) -> str:
    await trio.lowlevel.checkpoint()
    return f"child of {turn.parent and turn.parent.id}"


async def _loud(turn: Turn[Any, Any]) -> None:
    await turn.emit("hello")
    await trio.sleep_forever()


async def test_a_child_is_seen_by_its_parent() -> None:
    """Which it is, whether it has said something, and what became of it: any time."""
    seen: list[object] = []

    async def deed(turn: Turn[Any, Any]) -> None:
        quiet = await turn.start_child(_quiet)
        loud = await turn.start_child(_loud, direct=True)
        seen.extend([quiet.id, loud.id, quiet.ended, loud.ended])
        outcomes: list[object] = []

        async def wait() -> None:
            outcomes.append(await loud.outcome())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            nursery.start_soon(wait)
            await settle()
            seen.extend([quiet.replied, loud.replied, quiet.ended])
            seen.append(loud.abort("enough"))
            seen.append(loud.abort("again"))
        seen.extend([*outcomes, loud.ended])
        # there is nothing left to wait for
        seen.append(await quiet.outcome())

    async with open_router() as router, router.open_turn("a", deed) as stream:
        assert [chunk async for chunk in stream] == ["hello"]
        assert isinstance(await stream.outcome(), Completed)

    done, aborted = Completed("child of 1", turn=2), Aborted("enough", turn=3)
    assert seen == [
        *(2, 3, None, None),
        *(False, True, done, Abort.ABORTING, Abort.ALREADY),
        *(aborted, aborted, aborted, done),
    ]


async def test_a_child_is_not_waited_for_in_another_thread() -> None:
    """Nor aborted there."""
    refused: list[str] = []

    async def deed(turn: Turn[Any, Any]) -> None:
        child = await turn.start_child(_loud)

        def wrong() -> None:
            for call in (lambda: child.outcome().send(None), child.abort):
                try:
                    call()
                except WrongThreadError as error:
                    refused.append(error.what)

        await trio.to_thread.run_sync(wrong)
        assert child.ended is None

    async with open_router() as router:
        assert isinstance(await router.send("a", deed).outcome(), Completed)

    assert refused == [
        "to wait for the outcome in turn 2",
        "to abort it in turn 2",
    ]


async def test_a_history_is_not_read_in_another_thread() -> None:
    """Neither its newest entries, nor all of them."""
    refused: list[str] = []

    async def deed(turn: Turn[Any, Any]) -> None:
        turn.history.append("entry")

        def wrong() -> None:
            for call in (lambda: turn.history.window(1).send(None), turn.history.all):
                try:
                    call()
                except WrongThreadError as error:
                    refused.append(error.what)

        await trio.to_thread.run_sync(wrong)
        assert await turn.history.window(9) == ("entry",)

    async with open_router() as router:
        assert isinstance(await router.send("a", deed).outcome(), Completed)

    assert refused == ["to read the history in turn 1"] * 2


async def test_a_receipt_of_a_plain_prompt_says_little() -> None:
    """It came from nowhere, without an id, and no store has it."""
    async with open_router() as router:
        for _ in range(2):  # a new key, and an idle one
            receipt = router.send("a", "x")
            assert (receipt.origin, receipt.kind) == (None, PromptKind.SEND)
            with pytest.raises(RuntimeError, match="is kept in no store"):
                await receipt.durable()
            await receipt.outcome()


async def test_a_tool_is_told_with_its_seconds(autojump_clock: MockClock) -> None:
    """Its own, whatever the time was."""
    del autojump_clock
    await trio.sleep(100)

    async def deed(turn: Turn[Any, Any]) -> None:
        with turn.tool("search"):
            await trio.sleep(3)

    async with open_system() as system:
        router = start_router(system, Doer)
        with system.subscribe(ToolEnded) as events:
            await router.send("a", deed).outcome()
            event = await events.receive()

    assert isinstance(event, ToolEnded)
    assert (event.tool, event.seconds) == ("search", 3.0)


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        (Completed("x", turn=1), "Completed(turn=1, result='x')"),
        (Completed(), "Completed()"),
        (Aborted("why", turn=1, late=True), "Aborted(turn=1, late=True, reason='why')"),
        (Rejected(None), "Rejected()"),
        (Lost("gone"), "Lost(reason='gone')"),
    ],
)
def test_an_outcome_shows_what_it_has(outcome: object, text: str) -> None:
    """And nothing that is as always."""
    assert repr(outcome) == text


@pytest.mark.parametrize(
    ("first", "last", "there"),
    [
        (3, 5, "chunks 3 to 5 are there"),
        (5, 5, "chunks 5 to 5 are there"),
        (6, 5, "5 were emitted, none is kept"),
    ],
)
def test_a_gap_says_what_is_there(first: int, last: int, there: str) -> None:
    """Which chunks, or that there is none."""
    error = StreamGapError(1, first, last)

    assert str(error) == f"there is no chunk 2 to go on with: {there}"


def test_a_turn_is_looked_at_when_it_could_have_stalled() -> None:
    """The first of its clocks says when."""
    inf = math.inf
    never = TurnPolicy(time_limit=inf, inactivity=inf, alive_every=inf, stalls=())

    assert TurnPolicy().first_look == 10.0
    assert attrs.evolve(never, stalls=(7.0, 9.0)).first_look == 7.0
    assert never.first_look == inf
    assert attrs.evolve(never, alive_every=3.0).first_look == 3.0


def test_prompts_weigh_1_each() -> None:
    """Unless somebody weighs them."""
    assert Batch().weigh("a long prompt") == 1.0


class Odd(Doer):
    """It has hooks of its own, and answers that it lives."""

    heard: ClassVar[list[str]] = []

    async def alive(self) -> bool:
        return await super().alive()


async def test_a_session_that_does_not_say_otherwise_lives(
    autojump_clock: MockClock,
) -> None:
    """One that asks what stands behind it is asked; one that does not is not."""
    del autojump_clock

    async def deed(turn: Turn[Any, Any]) -> None:
        await trio.sleep(100)
        turn.progress()

    async with open_system() as system:
        outcome = await start_router(system, Odd).send("a", deed).outcome()

    assert isinstance(outcome, Completed)
    assert (Odd._probes, Doer._probes) == (True, False)


async def test_what_is_closed_reaches_nobody_who_reads_it() -> None:
    """Whoever is behind when an answer is forgotten is told once, and ends."""

    async def deed(turn: Turn[Any, Any]) -> None:
        for number in range(3):
            await turn.emit(number)

    async with (
        open_router() as router,
        router.open_turn("a", deed, stream=Replay(keep=0.0)) as stream,
    ):
        assert isinstance(await stream.outcome(), Completed)
        await settle()
        router.close("a")

        with pytest.raises(StreamGapError):
            await anext(stream)
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_session_sets_its_state_in_its_turn() -> None:
    """As the turn does; and it is put back with it."""

    async def deed(turn: Turn[Any, Any]) -> None:
        await trio.lowlevel.checkpoint()
        (session,) = Doer.latest
        session.state = "set"
        assert turn.state == "set"

    async def failing(turn: Turn[Any, Any]) -> None:
        await deed(turn)
        raise LookupError

    async with open_router() as router:
        failed = await router.send("a", failing).outcome()
        (session,) = Doer.latest
        assert isinstance(getattr(failed, "error", None), LookupError)
        assert session.state is None

        assert isinstance(await router.send("a", deed).outcome(), Completed)
        assert session.state == "set"
