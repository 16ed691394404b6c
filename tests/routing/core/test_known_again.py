"""A message that is sent again is not answered twice, and costs little memory."""

from __future__ import annotations

from typing import Any

import pytest

from actors import (
    CloseReason,
    Completed,
    Failed,
    OutcomeForgottenError,
    PromptRepeated,
    Receipt,
    Rejected,
)
from actors.hosting import More
from supervision import Limits
from supervision._routing.core.core import Core
from supervision._routing.parts import known as pasts
from supervision._routing.parts.admission import Offer
from supervision._routing.parts.known import BYTES, FOR, Known, Past, barest
from tests.routing.core.double import check, made
from tests.routing.parts.making import lane, receipt

BIG = "x" * BYTES


def say(core: Core, message_id: str, prompt: object = "", key: str = "a") -> Any:
    """Send a message with an id."""
    more = More()
    more.message_id = message_id
    return core.accepting.offer(Offer(key, prompt, more))


@pytest.mark.parametrize("way", ["reaped", "evicted", "finished"])
def test_what_a_session_knew_outlives_it(way: str) -> None:
    """Its key is forgotten, its messages are not."""
    core, world = made(Limits(sessions=1, turns=9, idle=5.0))
    first = say(core, "m1")
    world.finish(1, "done")
    if way == "reaped":
        world.clock.move(6.0)
    elif way == "evicted":
        say(core, "m1", key="b")
        world.finish(2)
    else:
        world.gone(core.lanes["a"].session)
    assert "a" not in core.lanes

    assert say(core, "m1") is first
    assert "a" not in core.lanes  # and nothing was started for it
    assert core.books.repeated == 1
    other = say(core, "m2")
    assert other.turn is not None
    world.finish(other.turn)
    assert say(core, "m1") is first  # its new entry knows
    assert (len(core.past), core.books.repeated) == (1 if way == "evicted" else 0, 2)
    check(core, world)


@pytest.mark.parametrize("how", [CloseReason.RESET, CloseReason.CLOSED])
def test_reset_and_close_forget_it(how: CloseReason) -> None:
    """Whether the session is there or not."""
    core, world = made(Limits(sessions=9, turns=9, idle=5.0))
    for gone in (False, True):
        first = say(core, "m")
        world.finish(first.turn)
        if gone:
            world.clock.move(world.clock.now() + 6.0)
        core.verbs.end("a", how, None)
        assert say(core, "m") is not first
        core.verbs.end("a", CloseReason.CLOSED, None)
        for turn in tuple(world.begun):
            world.die(turn)


def test_it_is_bounded_by_time_and_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """The longest forgotten key goes first."""
    monkeypatch.setattr(pasts, "IDS", 3)
    past, home = Past(), lane()
    memories = [Known() for _ in range(3)]
    for number, known in enumerate(memories):
        for each in "xy":
            known.remember(each, receipt(home, number), 9)
    past.keep("a", memories[0], 0.0)
    past.keep("b", memories[1], 1.0)
    assert (past.get("a", 1.0), past.get("b", 1.0)) == (None, memories[1])
    assert len(past) == 2
    assert past.get("b", 1.0 + FOR) is memories[1]
    assert past.get("b", 1.1 + FOR) is None
    assert len(past) == 0
    past.keep("a", memories[0], 0.0)
    past.keep("a", Known(), FOR)
    past.keep("c", memories[2], 9 * FOR)
    past.keep("c", memories[2], 9 * FOR)
    assert len(past) == 2


def test_large_prompts_and_results_are_not_kept() -> None:
    """Only what came of them; the receipt that the sender has is as it was."""
    core, world = made()
    first = say(core, "m1", BIG)
    world.finish(1, BIG)
    again = say(core, "m1")

    assert first.ended == Completed(BIG, turn=1)
    assert again is not first
    assert (again.id, again.key, again.turn, again.at) == (1, "a", 1, first.at)
    assert again.ended == Completed(None, turn=1, forgotten=True)
    assert again.prompt is None


def test_small_ones_are_kept_and_the_oldest_go_first() -> None:
    """So many bytes for all of a key's messages together."""
    core, world = made()
    half = "x" * (BYTES // 2 - 2000)
    receipts: list[Receipt[Any]] = []
    for number in range(3):
        receipts.append(say(core, str(number), number))
        world.finish(number + 1, half + str(number))

    again = [say(core, str(number)) for number in range(3)]
    assert [a is b for a, b in zip(again, receipts, strict=True)] == [False, True, True]


def test_errors_are_words() -> None:
    """A traceback holds on to whatever ran."""
    core, world = made()
    say(core, "m")
    world.fail(1, ValueError(BIG))
    outcome = say(core, "m").ended

    assert isinstance(outcome, Failed)
    assert outcome.forgotten
    assert isinstance(outcome.error, OutcomeForgottenError)
    assert str(outcome.error) == "session 'a' had failed with ValueError"


def test_a_reason_is_kept_if_it_is_short() -> None:
    """Notes never are."""
    for reason, kept in (("why", "why"), (BIG, None)):
        given: Receipt[Any] = receipt(lane(), 1)
        given.settle(Rejected(reason, notes={"a": 1}))
        assert barest(given).ended == Rejected(kept, forgotten=True)


def test_a_window_that_moves_on_frees_its_bytes() -> None:
    """What is not in it counts no more."""
    known, home = Known(), lane()
    for number in range(50):
        each = receipt(home, number)
        known.remember(str(number), each, 2)
        each.settle(Completed("x" * 20_000))
        known.settled(str(number), each)
        assert known.receipt_of(str(number)) is each
    assert known._bytes < BYTES
    known.settled("0", receipt(home, 0))  # it is not known any more
    known.forget_messages()
    assert (known._bytes, len(known)) == (0, 0)


def leave(core: Core, key: str, prompt: object, message_id: str | None = None) -> None:
    """A turn has completed that has sent this."""
    core.accepting.take([core.accepting.draft(key, prompt, message_id)])


@pytest.mark.parametrize("forgotten", [False, True])
def test_what_a_turn_sends_again_is_passed_over(*, forgotten: bool) -> None:
    """Also by a key that has no entry any more: it is counted, and told."""
    core, world = made(Limits(sessions=9, turns=9, idle=5.0))
    leave(core, "b", "x", "m1")
    world.finish(1)
    if forgotten:
        world.clock.move(6.0)
    assert ("b" in core.lanes) == (not forgotten)
    world.events.wanted.add(PromptRepeated)
    world.said()

    leave(core, "b", "x", "m1")

    assert world.said() == []
    assert ("b" in core.lanes) == (not forgotten)
    assert core.books.repeated == 1
    assert [(each.key, each.prompt) for each in world.published] == [("b", 1)]
    leave(core, "b", "y", "m2")
    assert core.accepted == 2
    check(core, world)
