"""A session waits a moment, so that a burst is one turn; what can come meanwhile."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from actors import (
    Aborted,
    Batch,
    CloseReason,
    PromptPolicy,
    Receipt,
    SessionBusyError,
    WhileBusy,
    Withdrawn,
)
from actors.hosting import ASIDE, FOLLOW_UP
from supervision import Limits
from supervision._routing.core.core import Core
from supervision._routing.core.looking import info
from tests.routing.core.double import Plain, Slow, World, check, made, send


class Gathers(Plain):
    """Half a second after the latest, two after the first."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=9, batch=Batch(prompts=4, window=0.5, max_wait=2.0)
    )


class GathersSlowly(Gathers, Slow):
    """And takes its time to start."""


def at(world: World, now: float) -> None:
    """Let time pass until then."""
    world.clock.move(now)


def started(make: type[Plain] = Gathers) -> tuple[Core, World]:
    """A session that is idle, at 0."""
    core, world = made(Limits(sessions=2, turns=1, idle=1.0), make=make)
    send(core, "a")
    at(world, 0.5)
    world.finish(1)
    world.clock.move(0.5)
    world.said()
    return core, world


def test_a_burst_is_one_turn() -> None:
    """The moment begins anew with each; the session is busy, and has no slot."""
    core, world = made(Limits(sessions=2, turns=1, idle=0.1), make=Gathers)
    receipts = [send(core, "a", 1)]
    at(world, 0.4)
    receipts.append(send(core, "a", 2))
    at(world, 0.8)
    lane = core.lanes["a"]
    assert (lane.turn, core.slots.running, len(core.idle)) == (None, 0, 0)
    assert info(core, lane).phase == "gathering"
    check(core, world)
    at(world, 0.9)

    assert [each.turn for each in receipts] == [1, 1]
    assert lane.extra is not None
    assert lane.extra.window is None
    world.step()
    assert lane.state == (1, 2)


def test_it_waits_for_no_more_than_so_long() -> None:
    """Two seconds from the first on, whatever still comes."""
    core, world = made(make=Gathers)
    receipts: list[Receipt[Any]] = []
    for now in (0.0, 0.4, 0.8):
        at(world, now)
        receipts.append(send(core, "a"))
    for now in (1.1, 1.4, 1.7, 1.9):  # none of these is one too many
        at(world, now)
        if receipts[0].turn is None and core.lanes["a"].waiting < 3:
            receipts.append(send(core, "a"))
    at(world, 2.0)

    assert receipts[0].turn == 1


def test_a_full_turn_begins_at_once() -> None:
    """The fourth is the last that fits."""
    core, world = made(make=Gathers)
    receipts = [send(core, "a", n) for n in range(4)]

    assert [each.turn for each in receipts] == [1] * 4
    assert world.said() == ["start a", "begin a 1"]


def test_what_cannot_share_the_turn_ends_the_moment() -> None:
    """Nothing could join any more; it has the next turn."""
    core, _ = started()
    first = send(core, "a")
    other = send(core, "a", kind=FOLLOW_UP)

    assert (first.turn, other.turn) == (2, None)


def test_a_side_question_is_answered_meanwhile() -> None:
    """It ends no moment, and begins none."""
    core, world = started()
    first = send(core, "a")
    aside = send(core, "a", kind=ASIDE)

    assert (first.turn, aside.turn) == (None, 2)
    world.finish(2)
    at(world, 1.0)
    assert first.turn == 3


def test_what_is_taken_back_leaves_the_rest_or_nothing() -> None:
    """The moment is then that of those which are left; an empty one is over."""
    core, world = started()
    first = send(core, "a")
    at(world, 0.8)
    latest = send(core, "a")
    latest.withdraw()
    at(world, 1.0)
    assert first.turn == 2

    world.finish(2)
    only = send(core, "a")
    only.withdraw()
    assert len(core.idle) == 1
    check(core, world)
    at(world, 1.6)
    assert core.turns.running == {}


def test_cancel_takes_the_burst_for_the_turn() -> None:
    """All that would have been in it; what waits behind it runs."""
    core, world = started()
    burst = [send(core, "a", n) for n in range(2)]
    core.verbs.cancel("a", hard=True, reason="stop", hint=None)

    assert [each.ended for each in burst] == [Aborted("stop")] * 2
    assert len(core.idle) == 1
    check(core, world)
    at(world, 9.0)
    assert world.said() == ["end a"]  # reaped


@pytest.mark.parametrize("how", [CloseReason.RESET, CloseReason.CLOSED])
def test_reset_and_close_end_the_moment(how: CloseReason) -> None:
    """What waited is withdrawn, and no timer is left."""
    core, world = started()
    burst = [send(core, "a", n) for n in range(2)]
    result = core.verbs.end("a", how, "why")

    assert result.withdrawn == tuple(each.id for each in burst)
    assert [each.ended for each in burst] == [Withdrawn("why")] * 2
    lane = core.lanes.get("a")
    assert lane is None or lane.extra is None or lane.extra.window is None
    at(world, 1.0)
    assert core.turns.running == {}


def test_a_drain_does_not_wait_for_more() -> None:
    """When no more can come the turn begins."""
    core, _ = started()
    first = send(core, "a")
    core.accepting.close()

    assert first.turn == 2


def test_a_crash_ends_the_moment() -> None:
    """Its successor has the prompts, and the moment is that of the prompts."""
    core, world = started()
    first = send(core, "a")
    session = core.lanes["a"].session
    world.gone(session)

    at(world, 0.9)
    assert first.turn is None
    check(core, world)
    at(world, 1.0)
    assert first.turn == 2


def test_the_moment_may_pass_while_the_session_starts() -> None:
    """Then its turn begins when it is ready."""
    core, world = made(make=GathersSlowly)
    receipts = [send(core, "a", n) for n in range(2)]
    at(world, 3.0)
    world.started("a")
    assert [each.turn for each in receipts] == [1, 1]

    world.finish(1)
    late = send(core, "a")
    assert late.turn is None


def test_what_came_while_a_turn_ran_has_its_moment_too() -> None:
    """Counted from when it came: most often it has passed."""
    core, world = started()
    send(core, "a")
    at(world, 1.0)
    waiting = [send(core, "a", n) for n in range(2)]
    at(world, 1.2)
    world.finish(2)
    assert [each.turn for each in waiting] == [None, None]
    at(world, 1.5)
    assert [each.turn for each in waiting] == [3, 3]


def test_with_interrupts_a_burst_is_one_turn_too() -> None:
    """Those that come while the turn is being aborted, and in the moment after it."""
    core, world = started()
    send(core, "a", "old")
    at(world, 1.0)
    world.step()
    burst = [send(core, "a", n, busy=WhileBusy.INTERRUPT) for n in range(2)]
    world.die(2)
    burst.append(send(core, "a", 2, busy=WhileBusy.INTERRUPT))
    with pytest.raises(SessionBusyError):
        send(core, "a", busy=WhileBusy.REFUSE, stream=object())
    burst.append(send(core, "a", 3, busy=WhileBusy.REFUSE))

    assert [each.turn for each in burst] == [3] * 4


class Weighs(Plain):
    """Two words in a turn, and no more."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=9, batch=Batch(prompts=4, weight=2.0, weigh=len)
    )


def test_what_a_turn_sends_weighs_as_what_others_send() -> None:
    """Three letters are too many for two of them."""
    core, world = made(make=Weighs)
    send(core, "b", "")
    world.step()

    drafts = [core.accepting.draft("b", text, None) for text in ("ab", "c", "d")]
    core.accepting.take(drafts)

    taken: list[list[object]] = []
    for turn in (1, 2, 3):
        taken.append([each.prompt for each in core.turns.running[turn].receipts])
        world.finish(turn)
    assert taken == [[""], ["ab"], ["c", "d"]]
    check(core, world)
