"""The verbs twice, and in the middle of each other: what they name, what follows."""

from __future__ import annotations

import math
from typing import ClassVar

import pytest
import trio

from actors import (
    Aborted,
    Batch,
    CloseReason,
    PromptPolicy,
    Session,
    Turn,
    Withdrawn,
    open_system,
)
from actors.hosting import ASIDE
from supervision import Limits, VerbResult, start_router
from supervision._routing.core.core import Core
from tests.routing.core.double import Plain, World, check, handle, made, send

KNOWN = VerbResult(known=True)


class Bursting(Plain):
    """It waits for more, a second long."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=9, batch=Batch(prompts=9, window=1.0)
    )


def running() -> tuple[Core, World]:
    """The session a has its second turn, with the id 2."""
    core, world = made()
    send(core, "a")
    world.finish(1)
    send(core, "a")
    world.step()
    world.said()
    return core, world


@pytest.mark.parametrize("hard", [False, True])
def test_a_turn_is_named_by_the_call_that_ends_it(*, hard: bool) -> None:
    """The second one finds it told already, and names nothing."""
    core, world = running()

    first = core.verbs.cancel("a", hard=hard, reason="why", hint=None)
    second = core.verbs.cancel("a", hard=hard, reason="other", hint=None)

    assert first == VerbResult(known=True, turn=2)
    assert second == KNOWN
    assert world.said() == (["kill a 2"] if hard else [])


def test_a_turn_that_is_asked_to_end_has_all_of_its_time() -> None:
    """Nobody has said within what."""
    core, world = running()
    receipt = core.lanes["a"].turn.receipts[0]

    core.verbs.cancel("a", hard=False, reason="why", hint="please")
    world.clock.move(60.0)

    assert world.said() == []
    assert receipt.ended is None


def test_what_is_cleared_twice_is_named_once() -> None:
    """Its turn and what waits; side questions end with it."""
    core, world = running()
    waits = send(core, "a")
    aside = send(core, "a", kind=ASIDE)
    world.step()
    world.said()

    first = core.verbs.cancel_all("a", "why")
    second = core.verbs.cancel_all("a", "why")

    assert first == VerbResult(known=True, turn=2, withdrawn=(waits.id,))
    assert second == KNOWN
    assert waits.ended == Withdrawn("why")
    assert sorted(world.said()) == ["kill a 2", "kill a 3"]
    world.die(3)
    assert aside.ended == Aborted("why", turn=3)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (CloseReason.RESET, CloseReason.CLOSED),
        (CloseReason.CLOSED, CloseReason.CLOSED),
        (CloseReason.RESET, CloseReason.RESET),
    ],
)
def test_the_latest_word_says_how_a_key_ends(
    first: CloseReason, second: CloseReason
) -> None:
    """While its turn is ending its place is still its own."""
    core, world = running()
    receipt = core.lanes["a"].turn.receipts[0]
    core.verbs.end("a", first, "why")

    again = core.verbs.end("a", second, "other")
    world.die(2)

    assert again == KNOWN
    assert receipt.ended == Aborted("why", turn=2)
    assert core.books.closed == {second: 1}
    check(core, world)


def test_a_key_that_is_being_closed_is_not_reset_instead() -> None:
    """Its place may be promised to another: whoever comes later starts anew anyway."""
    core, world = running()
    core.verbs.end("a", CloseReason.CLOSED, "why")

    core.verbs.end("a", CloseReason.RESET, "other")
    world.die(2)

    assert core.books.closed == {CloseReason.CLOSED: 1}
    assert "a" not in core.lanes
    check(core, world)


def test_a_burst_that_is_taken_back_is_waited_for_no_more() -> None:
    """Its timer goes with it, and the next burst has its own."""
    core, world = made(Limits(sessions=9, turns=9, idle=math.inf), Bursting)
    first = send(core, "a")
    assert world.clock.armed == [1.0]
    world.clock.move(0.5)

    core.verbs.end("a", CloseReason.RESET, "why")

    assert first.ended == Withdrawn("why")
    assert world.clock.armed == []
    second = send(core, "a")
    assert world.clock.armed == [1.5]
    world.clock.move(1.0)
    assert second.turn is None
    world.clock.move(1.5)
    assert second.turn is not None


def test_a_new_router_has_counted_nothing() -> None:
    """No chunk, and no prompt; what it refuses is none either."""
    core, _ = made()
    figures = handle(core).statistics()

    assert (figures.chunks, figures.unread) == (0, 0)
    assert (core.accepted, core.unsettled, core.out_of_turn) == (0, 0, 0)


def test_a_shorter_life_of_idle_ones_counts_at_once() -> None:
    """Nobody waits for the timer that was set before."""
    core, world = made(Limits(sessions=9, turns=9, idle=1000.0))
    send(core, "a")
    world.finish(1)

    core.verbs.configure(Limits(sessions=9, turns=9, idle=10.0))
    assert min(world.clock.armed) <= 10.0
    world.clock.move(20.0)

    assert core.lanes == {}
    assert core.books.closed == {CloseReason.REAPED: 1}


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (VerbResult(known=False, key="ann"), "nothing was running for 'ann'"),
        (VerbResult(known=True), "nothing was running for that session"),
        (VerbResult(known=True, turn=7, key="ann"), "aborting turn 7 of 'ann'"),
        (
            VerbResult(known=True, turn=7, withdrawn=(1, 2), node="b", key="ann"),
            "aborting turn 7 of 'ann' on node b; took back 2 prompts",
        ),
        (
            VerbResult(known=True, withdrawn=(3,), key="ann"),
            "nothing was running for 'ann'; took back 1 prompt",
        ),
    ],
)
def test_what_a_verb_did_can_be_printed(result: VerbResult, words: str) -> None:
    """It says whether anything was running."""
    assert str(result) == words


async def test_each_verb_says_for_which_key() -> None:
    """Whether it is known, idle or at work, and when the router has ended."""

    class Waits(Session[str, str]):
        async def take_turn(self, turn: Turn[str, str]) -> None:
            del turn
            await trio.sleep_forever()

    async with open_system() as system:
        router = start_router(system, Waits)
        verbs = (router.cancel, router.cancel_all, router.reset, router.close)
        unknown = [str(verb("nobody")) for verb in verbs]
        said: list[bool] = []
        for verb in verbs:
            turn = router.send("ann", "x")
            await trio.testing.wait_all_tasks_blocked()
            said.append(str(verb("ann")) == f"aborting turn {turn.turn} of 'ann'")
            await turn.outcome()
    unknown += [str(verb("nobody")) for verb in verbs]

    assert unknown == ["nothing was running for 'nobody'"] * 8
    assert said == [True] * 4
