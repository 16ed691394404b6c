"""`TurnLog`: it finds every broken promise, and only those."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    Aborted,
    Actor,
    AnyRef,
    CloseReason,
    Completed,
    Lost,
    Outcome,
    PromptAccepted,
    PromptEnded,
    PromptKind,
    PromptRefused,
    PromptRepeated,
    SessionClosed,
    SessionEvent,
    SessionOpened,
    Steered,
    ToolEnded,
    ToolStarted,
    TurnEnded,
    TurnResumed,
    TurnStalled,
    TurnStarted,
    open_system,
)
from actors.testing import TurnLog


class Router(Actor[Any]):
    """Stands in for one: the events are about it."""

    def receive(self, message: Any) -> None:
        """Crash."""
        raise ArithmeticError(message)


KEY = "k"
KINDS: dict[str, type[Outcome]] = {
    "Completed": Completed,
    "Aborted": Aborted,
    "Steered": Steered,
}


def made(ref: AnyRef, word: str) -> SessionEvent:  # noqa: C901, PLR0911, PLR0912 - one for each verb
    """Make an event, such as "start:1:2,3": turn 1 starts with prompts 2 and 3."""
    verb, *numbers = word.split(":")
    first, second, third = [*numbers, *["1", "", ""][len(numbers) :]]
    number = int(first)
    head = (0.0, ref, KEY)
    match verb:
        case "open":
            return SessionOpened(*head, number)
        case "close":
            return SessionClosed(*head, number, CloseReason[second or "STOPPED"])
        case "accept":
            goes_first = second == "FIRST"
            kind = PromptKind["SEND" if goes_first else second or "SEND"]
            return PromptAccepted(*head, number, None, kind, goes_first)
        case "refuse":
            return PromptRefused(*head, number, None, None)
        case "repeat":
            return PromptRepeated(*head, number)
        case "start" | "aside":
            prompts = tuple(int(each) for each in second.split(","))
            return TurnStarted(*head, number, prompts, verb == "aside")
        case "over":
            return TurnEnded(*head, number, outcome(number, second), 0.0)
        case "end":
            turn = int(second) if second else None
            return PromptEnded(*head, number, outcome(turn, third), 0.0)
        case "tool":
            return ToolStarted(*head, number, "t")
        case "untool":
            return ToolEnded(*head, number, "t", 0.0)
        case "stall":
            return TurnStalled(*head, number, 10.0)
        case "resume":
            return TurnResumed(*head, number)
        case _:
            raise AssertionError(word)


def outcome(turn: int | None, kind: str) -> Outcome:
    """Make an outcome: "" is Completed, "late" an Aborted."""
    if turn is None:
        return Lost()
    if kind == "late":
        return Aborted(turn=turn, late=True)
    return KINDS[kind or "Completed"](turn=turn)


async def check(words: str, *, ends: bool = True, durable: bool = False) -> None:
    """Publish events, and check the log inside the system's block or after it."""
    async with open_system() as system:
        log = TurnLog(system, durable=durable)
        ref = system.start(Router, name="router")
        for word in words.split():
            system._hub.publish(made(ref, word))
        if not ends:
            log.check()
    if ends:
        log.check()


GOOD = {
    "nothing": "",
    "a turn": "open accept:1 start:1:1 over:1 end:1:1 close",
    "two turns": "open accept:1 accept:4 start:1:1 over:1 end:1:1 "
    "start:2:4 over:2 end:4:2 close",
    "a batch": "open accept:1 accept:2 start:1:1,2 over:1 end:1:1 end:2:1 close",
    "a refused prompt": "refuse:1 open accept:2 start:1:2 over:1 end:2:1 close",
    "a prompt sent again": "open accept:1 repeat:1 start:1:1 over:1 end:1:1 "
    "repeat:1 close",
    "a lost prompt": "open accept:1 end:1 close",
    "aborted before its slot": "open accept:1 over:1:Aborted end:1:1:Aborted close",
    "steered": "open accept:1 start:1:1 accept:2:STEER end:2:1:Steered over:1 "
    "end:1:1 close",
    "a prompt that goes before all that wait": "open accept:1 start:1:1 accept:2 "
    "accept:3:FIRST over:1:Aborted end:1:1:Aborted start:2:3 over:2 end:3:2 start:3:2 "
    "over:3 end:2:3 close:1",
    "a steering prompt that became a turn": "open accept:1 start:1:1 accept:2 "
    "accept:3:STEER over:1 end:1:1 start:2:3 over:2 end:3:2 start:3:2 over:3 end:2:3 "
    "close",
    "an aside beside the turn, and longer": "open accept:1 start:1:1 accept:2 "
    "accept:3:ASIDE aside:2:3 over:1 end:1:1 start:3:2 over:3 end:2:3 over:2 end:3:2 "
    "close",
    "tried again after a crash": "open accept:1 accept:2 start:1:1 over:1 "
    "close:1:CRASHED open:2 start:2:1 over:2 end:1:2 start:3:2 over:3 end:2:3 close:2",
    "reaped and forgotten": "open close:1:REAPED open close",
    "given up": "open accept:1 start:1:1 tool:1 over:1:late end:1:1:late "
    "close:1:GIVEN_UP open:2 untool:1 close:2",
    "told before it is given up": "open accept:1 start:1:1 end:1:1:late accept:2 "
    "start:2:2 over:1:late over:2 end:2:2 close",
    "tools": "open accept:1 start:1:1 tool:1 tool:1 untool:1 untool:1 over:1 end:1:1 "
    "close",
    "tools of a child turn": "open accept:1 start:1:1 tool:9 untool:9 over:1 end:1:1 "
    "close",
    "a stall": "open accept:1 start:1:1 stall:1 stall:1 resume:1 over:1 end:1:1 close",
}

BAD = {
    "prompt 1 was accepted twice": "accept:1 accept:1",
    "prompt 1 was accepted after 2": "accept:2 accept:1",
    "prompt 1 was accepted after being refused": "refuse:1 accept:1",
    "prompt 1 was refused after being accepted": "accept:1 refuse:1",
    "prompt 1 was refused twice": "refuse:1 refuse:1",
    "prompt 1 was repeated and was never accepted": "repeat:1",
    "prompt 1 ended and was never accepted": "end:1",
    "prompt 1 ended twice": "accept:1 end:1 end:1",
    "prompt 1 ended before its turn 1": "open accept:1 start:1:1 end:1:1",
    "prompt 1 and its turn 1 ended differently": "open accept:1 start:1:1 over:1 "
    "end:1:1:Aborted",
    "prompt 2 ended with turn 1, which had others": "open accept:1 start:1:1 accept:2 "
    "over:1 end:2:1",
    "prompt 2 was put into turn 1, which does not run": "open accept:1 start:1:1 "
    "accept:2:STEER over:1 end:2:1:Steered",
    "prompt 1 had a turn and was put into another": "open accept:1 start:1:1 "
    "end:1:1:Steered",
    "prompt 1 began turn 1 and was never accepted": "open start:1:1",
    "prompt 1 began turn 2 after its end": "open accept:1 start:1:1 over:1 end:1:1 "
    "start:2:1",
    "prompt 1 began turn 2 after 2, a later one": "open accept:1 accept:2 start:1:2 "
    "over:1 end:2:1 start:2:1",
    "prompt 2 began turn 3 after 3, a later one": "open accept:1 start:1:1 "
    "accept:2:STEER accept:3:STEER over:1 start:2:3 over:2 start:3:2",
    "turn 2 started while turn 1 ran": "open accept:1 start:1:1 accept:2 start:2:2",
    "turn 1 started twice": "open accept:1 start:1:1 start:1:1",
    "turn 1 started after its end": "open accept:1 over:1:Aborted start:1:1",
    "turn 1 started in no open session": "accept:1 start:1:1",
    "turn 1 ended twice": "open accept:1 start:1:1 over:1 over:1",
    "turn 1 ended and was never started": "open over:1",
    "turn 1 ended before its tool 't'": "open accept:1 start:1:1 tool:1 over:1",
    "tool 't' of turn 1 ended, not started": "open accept:1 start:1:1 untool:1",
    "came after the end of turn 1": "open accept:1 start:1:1 over:1 tool:1",
    "turn 1 was resumed and had not stalled": "open accept:1 start:1:1 resume:1",
    "generation 2 was opened with 1 open": "open open:2",
    "generation 3 was opened after 1": "open close open:3",
    "generation 1 was closed and is not open": "close",
    "generation 1 was closed while turn 1 ran": "open accept:1 start:1:1 close",
}

MISSING = {
    "prompt 1 was accepted and never ended": "accept:1",
    "turn 1 never ended": "open accept:1 start:1:1",
    "generation 1 was opened and never closed": "open",
}


@pytest.mark.parametrize("case", GOOD)
async def test_what_may_be_is_let_through(case: str) -> None:
    """No fault is found, neither during the run nor after it."""
    await check(GOOD[case], ends=False)
    await check(GOOD[case])


STORED = {
    "numbered when it was sent": "open accept:2 accept:1 start:1:2 over:1 end:2:1 "
    "start:2:1 over:2 end:1:2 close",
    "put away with nothing kept": "open close:1:REAPED open:1 close",
}


@pytest.mark.parametrize("case", STORED)
async def test_what_may_be_with_a_store_is_let_through(case: str) -> None:
    """And is a fault without one."""
    await check(STORED[case], durable=True)

    with pytest.raises(AssertionError):
        await check(STORED[case].replace("open:1", "open:3"))


async def test_with_a_store_the_order_is_that_of_acceptance() -> None:
    """Whatever the numbers are."""
    words = "open accept:2 accept:1 start:1:1 over:1 end:1:1 start:2:2"
    with pytest.raises(AssertionError, match="prompt 2 began turn 2 after 1, a later"):
        await check(words, ends=False, durable=True)


@pytest.mark.parametrize("fault", BAD)
async def test_a_fault_is_found_while_the_system_runs(fault: str) -> None:
    """The text names it, the router, the session, and the events concerned."""
    with pytest.raises(AssertionError) as caught:
        await check(BAD[fault], ends=False)

    text = str(caught.value)
    assert fault in text
    assert "/router, session 'k'" in text
    assert "the latest events of those sessions:\n  " in text


@pytest.mark.parametrize("fault", MISSING)
async def test_what_is_missing_is_found_at_the_end(fault: str) -> None:
    """Not before: it may still come."""
    await check(MISSING[fault], ends=False)

    with pytest.raises(AssertionError, match=fault):
        await check(MISSING[fault])


async def test_a_router_that_ends_leaves_nothing_open() -> None:
    """It is checked then, and after a restart the numbers begin again."""
    async with open_system() as system:
        log = TurnLog(system)
        for words in ("accept:1", "accept:1 end:1"):
            ref = system.start(Router)
            for word in words.split():
                system._hub.publish(made(ref, word))
            ref.stop()
            await ref.wait_stopped()
        with pytest.raises(AssertionError, match="1 broken promises"):
            log.check()


async def test_the_log_is_of_sessions_only() -> None:
    """By class and by key, in their order; nothing is lost, or it is said."""
    async with open_system() as system:
        log = TurnLog(system, capacity=2)
        ref = system.start(Router)
        opening = SessionOpened(0.0, ref, "a", 1)
        closing = SessionClosed(0.0, ref, "a", 1, CloseReason.REAPED)
        other = SessionOpened(0.0, ref, "b", 1)
        system._hub.publish(opening)
        system._hub.publish(closing)
        log.check()
        system._hub.publish(other)

        assert log.events == (opening, closing, other)
        assert log.of(SessionOpened) == [opening, other]
        assert log.of(SessionEvent, "a") == [opening, closing]
        assert log.dropped == 0
        system._hub.publish(SessionClosed(0.0, ref, "b", 1, CloseReason.REAPED))
    assert log.dropped == 1
    with pytest.raises(AssertionError, match="1 events were lost"):
        log.check()
