"""Sessions come and go: what follows each end, and who has a place meanwhile."""

from __future__ import annotations

import math
from typing import ClassVar

import attrs
import pytest

from actors import (
    Aborted,
    CloseReason,
    Completed,
    Crashed,
    Failed,
    Finished,
    Killed,
    MailboxFullError,
    QuarantinedError,
    SaturatedError,
    SessionClosed,
    SessionCrashedError,
    SessionOpened,
    SessionStartError,
    TenantLimitError,
    Withdrawn,
)
from actors.hosting import ASIDE
from supervision import Backoff, Limits, RestartLimit
from supervision._routing.core.core import Core
from supervision._routing.core.looking import info
from supervision._routing.parts import lane as lanes
from tests.routing.core.double import Plain, Slow, World, check, made, send

BANG = RuntimeError("bang")
TWO = Limits(sessions=2, turns=9, idle=100.0)


class Sleepy(Plain):
    """It wants to be told before it is forgotten."""

    _suspends: ClassVar[bool] = True


def idle(core: Core, world: World, *keys: str) -> None:
    """These have had a turn each, one after the other."""
    for key in keys:
        send(core, key)
        world.finish(core.turn_ids)
    world.said()


def crash(core: Core, world: World, key: str = "a") -> None:
    """The session of a key crashes."""
    world.gone(core.lanes[key].session, Crashed(BANG))


# ------------------------------------------------------------------------------- places


def test_a_newcomer_has_the_place_of_the_longest_idle() -> None:
    """It starts when that one has ended, its clean-up included."""
    core, world = made(TWO)
    idle(core, world, "a", "b")
    world.quick = False
    old = core.lanes["a"].session

    receipt = send(core, "c")
    assert world.said() == ["end a"]
    assert core.lanes["c"].phase == lanes.PLACE
    check(core, world)
    world.gone(old)

    assert world.said() == ["start c", "begin c 3"]
    assert receipt.turn == 3
    assert list(core.lanes) == ["b", "c"]
    check(core, world)


def test_a_place_is_promised_once() -> None:
    """Two newcomers make two go; a third finds nobody idle."""
    core, world = made(TWO)
    idle(core, world, "a", "b")
    world.quick = False
    send(core, "c")
    send(core, "d")
    assert world.said() == ["end a", "end b"]

    with pytest.raises(SaturatedError):
        send(core, "e")

    check(core, world)
    assert core.books.refused == {"SaturatedError": 1}


def test_one_that_is_leaving_and_is_needed_again_stays() -> None:
    """Its place was promised: another idle one goes for it, or it is refused."""
    core, world = made(TWO)
    idle(core, world, "a", "b")
    world.quick = False
    leaving = core.lanes["a"].session
    send(core, "c")
    world.said()

    again = send(core, "a")
    assert world.said() == ["end b"]
    check(core, world)
    world.gone(leaving)

    assert world.said() == ["start a~2", "begin a 3"]
    assert again.turn == 3
    assert core.lanes["c"].phase == lanes.PLACE
    check(core, world)


def test_one_that_is_leaving_is_refused_if_none_else_is_idle() -> None:
    """Its place is another's; nothing was changed."""
    core, world = made(Limits(sessions=1, turns=9))
    idle(core, world, "a")
    world.quick = False
    leaving = core.lanes["a"].session
    send(core, "b")

    with pytest.raises(SaturatedError):
        send(core, "a")
    world.gone(leaving)

    assert list(core.lanes) == ["b"]
    check(core, world)


def test_one_that_waits_for_a_place_in_vain_is_forgotten() -> None:
    """Its only prompt was taken back: the place goes to the next in line."""
    core, world = made(TWO)
    idle(core, world, "a", "b")
    world.quick = False
    old = [core.lanes[key].session for key in "ab"]
    first, second = send(core, "c", tenant="me"), send(core, "d")
    first.withdraw()
    world.said()

    world.gone(old[0])
    assert world.said() == ["start d", "begin d 3"]
    assert sorted(core.lanes) == ["b", "d"]
    assert (second.turn, core.admission.owns("me")) == (3, 0)
    check(core, world)


def test_fewer_places_make_idle_ones_go() -> None:
    """The longest idle first; those that work stay."""
    core, world = made(Limits(sessions=3, turns=9))
    idle(core, world, "a", "b")
    send(core, "c")
    world.said()

    core.verbs.configure(Limits(sessions=1, turns=9))

    assert world.said() == ["end a", "end b"]
    assert list(core.lanes) == ["c"]
    check(core, world)


@pytest.mark.parametrize("seconds", [100.0, math.inf])
def test_a_lowered_limit_is_kept_to_as_sessions_become_idle(seconds: float) -> None:
    """Not only by those that are idle when it is lowered; the longest idle first."""
    core, world = made(Limits(sessions=4, turns=9, idle=seconds))
    for key in "abcd":
        send(core, key)
    world.said()
    core.verbs.configure(Limits(sessions=2, turns=9, idle=seconds))
    assert world.said() == []

    world.finish(1)
    assert world.said() == ["end a"]
    world.finish(3)
    assert world.said() == ["end c"]
    world.finish(2)
    world.finish(4)

    assert world.said() == []
    assert list(core.lanes) == ["b", "d"]
    check(core, world)


def test_a_limit_that_is_raised_again_lets_them_stay() -> None:
    """What becomes idle then is reaped in its time."""
    core, world = made(Limits(sessions=2, turns=9, idle=10.0))
    send(core, "a")
    send(core, "b")
    world.said()
    core.verbs.configure(Limits(sessions=1, turns=9, idle=10.0))
    core.verbs.configure(Limits(sessions=2, turns=9, idle=10.0))

    world.finish(1)
    world.finish(2)
    assert world.said() == []
    world.clock.move(10.0)

    assert world.said() == ["end a", "end b"]
    check(core, world)


def test_as_many_places_as_there_are_sessions_are_enough() -> None:
    """Nobody goes without need."""
    core, world = made(Limits(sessions=3, turns=9))
    idle(core, world, "a", "b")

    core.verbs.configure(Limits(sessions=2, turns=9))

    assert world.said() == []
    assert list(core.lanes) == ["a", "b"]
    check(core, world)


def test_one_that_is_reset_keeps_its_place() -> None:
    """While its old actor cleans up, its place is promised to nobody."""
    core, world = made(Limits(sessions=1, turns=9))
    idle(core, world, "a")
    world.quick = False
    old = core.lanes["a"].session
    core.verbs.end("a", CloseReason.RESET, None)

    with pytest.raises(SaturatedError):
        send(core, "b")
    check(core, world)
    world.gone(old)

    assert list(core.lanes) == ["a"]
    assert core.lanes["a"] in core.idle
    check(core, world)


def test_more_places_let_in_who_waits() -> None:
    """At once, in order."""
    core, world = made(Limits(sessions=1, turns=9))
    idle(core, world, "a")
    world.quick = False
    send(core, "b")
    world.said()

    core.verbs.configure(Limits(sessions=2, turns=9))

    assert world.said() == ["start b", "begin b 2"]
    check(core, world)


def own(core: Core, world: World, *names: str) -> None:
    """Keys of tenants, named "tenant-key", that have had a turn and are idle."""
    for name in names:
        send(core, name, tenant=name.partition("-")[0])
        world.finish(core.turn_ids)
    world.said()


def test_a_tenant_whose_sessions_are_busy_is_refused() -> None:
    """Before anything is changed; until one is closed."""
    core, world = made(Limits(sessions=9, turns=9, sessions_per_tenant=1))
    send(core, "a", tenant="me")

    with pytest.raises(TenantLimitError, match="it has 1, all busy"):
        send(core, "b", tenant="me")
    assert list(core.lanes) == ["a"]
    core.verbs.end("a", CloseReason.CLOSED, None)

    assert send(core, "b", tenant="me").turn == 2
    check(core, world)


def test_a_tenant_at_its_limit_loses_its_own_longest_idle_one() -> None:
    """Never another's, however long that has been idle; as many as are needed."""
    core, world = made(Limits(sessions=9, turns=9, sessions_per_tenant=2))
    own(core, world, "you-1", "me-1", "me-2", "you-2", "me-3")
    assert list(core.lanes) == ["you-1", "me-2", "you-2", "me-3"]

    send(core, "me-2", "again")
    send(core, "me-4", tenant="me")
    with pytest.raises(TenantLimitError):
        send(core, "me-5", tenant="me")

    assert list(core.lanes) == ["you-1", "me-2", "you-2", "me-4"]
    assert core.books.closed == {CloseReason.EVICTED: 2}
    check(core, world)


def test_one_that_goes_does_not_count_for_its_tenant() -> None:
    """The new one begins while the old one cleans up; all count for the router."""
    core, world = made(Limits(sessions=3, turns=9, sessions_per_tenant=2))
    own(core, world, "me-1", "me-2")
    world.quick = False
    old = core.lanes["me-1"].session

    send(core, "me-3", tenant="me")
    assert world.said() == ["end me-1", "start me-3", "begin me-3 3"]
    send(core, "me-4", tenant="me")  # no place until one of the old has gone
    assert world.said() == ["end me-2"]
    check(core, world)

    world.gone(old)
    assert world.said() == ["start me-4", "begin me-4 4"]
    check(core, world)


def test_who_comes_back_while_it_goes_is_asked_as_a_new_one() -> None:
    """Another idle one of its tenant's goes for it, or it is refused."""
    core, world = made(Limits(sessions=9, turns=9, sessions_per_tenant=2))
    own(core, world, "me-1", "me-2")
    world.quick = False
    send(core, "me-3", tenant="me")
    assert world.said() == ["end me-1", "start me-3", "begin me-3 3"]

    back = send(core, "me-1")
    assert world.said() == ["end me-2"]
    with pytest.raises(TenantLimitError):
        send(core, "me-2")
    check(core, world)
    world.gone(core.lanes["me-1"].session)

    assert world.said() == ["start me-1~2", "begin me-1 4"]
    assert back.turn == 4
    check(core, world)


def test_what_a_turn_has_left_for_a_key_that_goes_is_not_refused() -> None:
    """Its turn has completed: the key is its tenant's again, above the limit."""
    core, world = made(Limits(sessions=9, turns=9, sessions_per_tenant=1))
    own(core, world, "me-1")
    world.quick = False
    send(core, "me-2", tenant="me")

    core.accepting.take([core.accepting.draft("me-1", "x", None)])

    assert core.lanes["me-1"].waiting == 1
    assert core.admission.owns("me") == 2
    check(core, world)
    world.gone(core.lanes["me-1"].session)
    assert core.lanes["me-1"].turn is not None
    check(core, world)


def test_with_a_lower_limit_idle_ones_of_each_tenant_go() -> None:
    """The busy ones when they become idle; the refusal says how many there are."""
    core, world = made(Limits(sessions=9, turns=9))
    own(core, world, "me-1", "you-1", "me-2")
    for key in ("me-3", "me-4"):
        send(core, key, tenant="me")

    core.verbs.configure(Limits(sessions=9, turns=9, sessions_per_tenant=1))

    assert list(core.lanes) == ["you-1", "me-3", "me-4"]
    with pytest.raises(TenantLimitError) as caught:
        send(core, "me-5", tenant="me")
    assert (caught.value.limit, caught.value.has) == (1, 2)
    assert str(caught.value) == (
        "no session 'me-5' for 'me': it has 2, all busy, and the limit is 1"
    )
    check(core, world)
    world.finish(4)
    assert list(core.lanes) == ["you-1", "me-4"]
    world.finish(5)
    assert list(core.lanes) == ["you-1", "me-4"]
    check(core, world)


def test_who_comes_back_above_a_lower_limit_is_told_how_many_there_are() -> None:
    """Its session goes because of it, and still cleans up."""
    core, world = made(Limits(sessions=9, turns=9))
    own(core, world, "me-1")
    for key in ("me-2", "me-3"):
        send(core, key, tenant="me")
    world.quick = False
    core.verbs.configure(Limits(sessions=9, turns=9, sessions_per_tenant=1))

    with pytest.raises(TenantLimitError) as caught:
        send(core, "me-1")

    assert (caught.value.limit, caught.value.has) == (1, 2)
    check(core, world)


def test_a_tenants_own_goes_even_when_all_places_are_taken() -> None:
    """And nobody else's: the place that it leaves is enough."""
    core, world = made(Limits(sessions=2, turns=9, sessions_per_tenant=1))
    own(core, world, "you-1", "me-1")

    send(core, "me-2", tenant="me")

    assert list(core.lanes) == ["you-1", "me-2"]
    check(core, world)


# ------------------------------------------------------------------------------ reaping


def test_another_time_to_be_idle_is_in_force_at_once() -> None:
    """For who is idle already too; there is one timer, whatever is said how often."""
    core, world = made(TWO)
    idle(core, world, "a", "b")
    world.clock.move(20.0)  # nobody looks after their turns any more
    assert world.clock.armed == [100.0]

    for seconds in (50.0, math.inf, 30.0):
        core.verbs.configure(attrs.evolve(TWO, idle=seconds))

    assert world.clock.armed == [30.0]
    world.clock.move(30.0)
    assert core.lanes == {}


def test_idle_ones_are_reaped_in_their_instant() -> None:
    """One timer, set to the oldest."""
    core, world = made(Limits(sessions=9, turns=9, idle=10.0))
    idle(core, world, "a")
    world.clock.move(4.0)
    idle(core, world, "b")

    world.clock.move(9.9)
    assert world.said() == []
    world.clock.move(10.0)
    assert world.said() == ["end a"]
    world.clock.move(14.0)
    assert world.said() == ["end b"]

    assert core.books.closed == {CloseReason.REAPED: 2}
    assert core.lanes == {}
    check(core, world)


def test_one_that_is_used_is_not_reaped() -> None:
    """Its time counts from its last turn."""
    core, world = made(Limits(sessions=9, turns=9, idle=10.0))
    idle(core, world, "a")
    world.clock.move(6.0)
    idle(core, world, "a")

    world.clock.move(15.9)
    assert list(core.lanes) == ["a"]
    world.clock.move(16.0)
    assert core.lanes == {}


def test_a_prompt_at_the_instant_of_reaping_has_the_successor() -> None:
    """It waits until the old one has cleaned up; nothing of it is remembered."""
    core, world = made(Limits(sessions=9, turns=9, idle=10.0))
    idle(core, world, "a")
    world.quick = False
    old = core.lanes["a"].session
    world.clock.move(10.0)
    assert world.said() == ["end a"]

    receipt = send(core, "a", "new")
    assert (world.said(), receipt.turn) == ([], None)
    check(core, world)
    world.gone(old)

    assert world.said() == ["start a~2", "begin a 2"]
    world.step()
    assert core.lanes["a"].state == ("new",)
    check(core, world)


def test_many_that_are_due_are_reaped_in_portions() -> None:
    """Others have their turn in between."""
    core, world = made(Limits(sessions=2000, turns=9, idle=10.0))
    for number in range(1200):
        idle(core, world, str(number))

    world.clock.move(10.0)
    assert len(core.lanes) == 700
    world.clock.move(10.0011)
    assert len(core.lanes) == 200
    world.clock.move(10.0021)
    assert core.lanes == {}
    assert world.clock.armed == []


def test_one_with_a_hook_is_told_before_it_is_forgotten() -> None:
    """When it is reaped; it ends itself when it has done so."""
    core, world = made(Limits(sessions=9, turns=9, idle=10.0), Sleepy)
    idle(core, world, "a")

    world.clock.move(10.0)
    assert world.said() == ["suspend a"]
    world.gone(core.lanes["a"].session, Finished())

    assert core.lanes == {}
    assert core.books.closed == {CloseReason.REAPED: 1}


def test_one_that_does_not_hear_is_stopped() -> None:
    """Its mailbox is full."""
    core, world = made(Limits(sessions=9, turns=9, idle=10.0), Sleepy)
    idle(core, world, "a")
    world.deaf = MailboxFullError("a", 1, 1)

    world.clock.move(10.0)

    assert world.said() == ["stop a"]


@pytest.mark.parametrize("how", [CloseReason.CLOSED, CloseReason.RESET])
def test_one_that_is_closed_is_not_asked(how: CloseReason) -> None:
    """It is to be forgotten, whatever it would say."""
    core, world = made(TWO, Sleepy)
    idle(core, world, "a")

    core.verbs.end("a", how, None)

    assert world.said() == ["end a"]


# ------------------------------------------------------------------------ failed starts


def test_a_start_that_fails_fails_who_waits() -> None:
    """The key is forgotten; the next prompt begins anew."""
    core, world = made(make=Slow)
    receipts = [send(core, "a") for _ in range(2)]

    crash(core, world)

    for each in receipts:
        assert isinstance(each.ended, Failed)
        assert isinstance(each.ended.error, SessionStartError)
        assert each.ended.error.__cause__ is BANG
    assert core.lanes == {}
    assert core.books.closed == {CloseReason.FAILED_TO_START: 1}
    check(core, world)


def test_a_start_may_take_for_ever_and_fail() -> None:
    """Without a limit of its time it fails as any other."""
    core, world = made(Limits(sessions=9, turns=9, start_within=math.inf), Slow)
    receipt = send(core, "a")
    assert world.clock.armed == []

    crash(core, world)

    assert isinstance(receipt.ended, Failed)
    assert isinstance(receipt.ended.error, SessionStartError)
    check(core, world)


def test_the_time_of_a_start_that_has_failed_is_not_the_next_ones() -> None:
    """Each has its own, from its own beginning."""
    core, world = made(Limits(sessions=9, turns=9, start_within=100.0), Slow)
    send(core, "a")
    world.started("a")
    world.step()
    crash(core, world)  # its state is kept, and so is its key
    send(core, "a")  # at 0
    world.clock.move(50.0)
    crash(core, world)
    send(core, "a")
    world.said()

    world.clock.move(149.9)
    assert world.said() == []
    world.clock.move(150.0)

    assert world.said() == ["kill a"]


def test_a_start_that_takes_too_long_is_killed() -> None:
    """The error says so."""
    core, world = made(Limits(sessions=9, turns=9, start_within=5.0), Slow)
    receipt = send(core, "a")
    session = core.lanes["a"].session
    world.said()

    world.clock.move(5.0)
    assert world.said() == ["kill a"]
    world.gone(session, Killed())

    assert isinstance(receipt.ended, Failed)
    assert "within 5 seconds" in str(receipt.ended.error)
    check(core, world)


def test_a_start_in_time_disarms_its_timer() -> None:
    """Nothing is left of it."""
    _, world = made(Limits(sessions=9, turns=9, start_within=5.0), Slow)
    send(world.core, "a")
    world.started("a")
    assert world.clock.armed == []

    world.clock.move(5.0)

    assert "kill a" not in world.log


def test_a_constructor_that_fails_counts_no_generation() -> None:
    """It was never born; what waits has failed, and the next one is the first."""
    core, world = made()
    world.events.wanted |= {SessionOpened, SessionClosed}
    world.unborn = BANG
    receipt = send(core, "a")

    assert isinstance(receipt.ended, Failed)
    assert receipt.ended.error.__cause__ is BANG
    assert (core.lanes, core.books.opened, world.published) == ({}, 0, [])

    world.unborn = None
    send(core, "a")
    assert [each.generation for each in world.published] == [1]
    assert world.said() == ["unborn a RuntimeError", "start a", "begin a 1"]
    check(core, world)


def test_a_successor_that_fails_to_start_does_not_throw_the_state_away() -> None:
    """The key sleeps; its next session has the state of the last completed turn."""
    core, world = made()
    idle(core, world, "a")
    crash(core, world)
    state = core.lanes["a"].state
    world.unborn = BANG
    assert isinstance(send(core, "a").ended, Failed)
    assert core.lanes["a"].phase == lanes.ASLEEP
    assert core.lanes["a"].generation == 1

    world.unborn = None
    send(core, "a", "more")
    world.step()

    assert core.lanes["a"].state == (*state, "more")
    check(core, world)


def test_a_name_with_a_slash_is_a_name() -> None:
    """No key is another's path."""
    core, world = made()
    for key in ("a/b", "a%2Fb", "a~2", "50%", "a"):
        send(core, key)
    crash(core, world, "a")

    assert [each for each in world.log if each.startswith("start")] == [
        "start a%2Fb",
        "start a%252Fb",
        "start a%7E2",
        "start 50%25",
        "start a",
        "start a~2",
    ]


# ------------------------------------------------------------------------------ crashes


def test_a_crash_fails_the_turn_and_spares_the_queue() -> None:
    """Its successor takes what waits, with the state of before."""
    core, world = made()
    first, second = send(core, "a", 1), send(core, "a", 2)
    world.step()

    crash(core, world)

    assert isinstance(first.ended, Failed)
    assert isinstance(first.ended.error, SessionCrashedError)
    assert world.said()[-2:] == ["start a~2", "begin a 3"]
    world.step()
    assert core.lanes["a"].state == (2,)
    assert second.turn == 3  # 2 met a session that was ending: it never was
    check(core, world)


def test_a_prompt_is_tried_as_often_as_it_may() -> None:
    """Before what waits; the outcome says how often."""
    core, world = made()
    receipt, other = send(core, "a", attempts=2), send(core, "a")
    world.step()
    crash(core, world)
    assert receipt.ended is None
    assert receipt.turn == core.turn_ids

    world.step()
    crash(core, world)

    assert isinstance(receipt.ended, Failed)
    assert receipt.ended.attempts == 2
    assert other.turn == core.turn_ids
    check(core, world)


def test_a_turn_that_had_no_first_step_waits_again() -> None:
    """A crash before it is no try."""
    core, world = made()
    receipt = send(core, "a")

    crash(core, world)

    assert (receipt.turn, receipt.ended) == (2, None)
    world.finish(2)
    assert receipt.ended == Completed(turn=2)
    check(core, world)


def test_too_many_crashes_are_quarantine() -> None:
    """What waits fails, what comes is refused; a reset ends it."""
    limits = Limits(sessions=9, turns=9, restarts=RestartLimit(1, within=10.0))
    core, world = made(limits)
    receipts = [send(core, "a") for _ in range(3)]
    world.step()
    crash(core, world)
    world.step()
    crash(core, world)

    assert isinstance(receipts[2].ended, Failed)
    assert isinstance(receipts[2].ended.error, QuarantinedError)
    with pytest.raises(QuarantinedError):
        send(core, "a")
    check(core, world)

    core.verbs.end("a", CloseReason.RESET, None)
    send(core, "a")
    crash(core, world)
    assert core.lanes["a"].phase == lanes.OPEN
    check(core, world)


def test_a_successor_waits_longer_each_time_until_it_was_quiet() -> None:
    """Nothing begins meanwhile; a row ends with quiet."""
    backoff = Backoff(1.0, 8.0, jitter=0.0, reset_after=20.0)
    core, world = made(
        Limits(
            sessions=9,
            turns=9,
            restarts=RestartLimit(99, within=1.0),
            backoff=backoff,
        )
    )
    send(core, "a", attempts=99)
    waits: list[float] = []
    for quiet in (0.0, 0.0, 0.0, 19.9, 20.0, 0.0):
        world.clock.move(world.clock.now() + quiet)
        world.step()
        crash(core, world)
        assert core.lanes["a"].phase == lanes.BACKOFF
        waits.append(world.clock.armed[0] - world.clock.now())
        check(core, world)
        world.clock.move(world.clock.armed[0])
        assert core.lanes["a"].phase == lanes.OPEN

    assert waits == pytest.approx([1.0, 2.0, 4.0, 8.0, 1.0, 2.0])


def test_a_reset_ends_the_row_of_waits() -> None:
    """The new session is a new one: its first crash waits as the first of a row."""
    backoff = Backoff(1.0, 8.0, jitter=0.0, reset_after=1000.0)
    core, world = made(Limits(sessions=9, turns=9, backoff=backoff))
    for wait in (1.0, 2.0):
        send(core, "a", attempts=9)
        world.step()
        crash(core, world)
        assert world.clock.armed[0] - world.clock.now() == wait
        world.clock.move(world.clock.armed[0])
        world.finish(core.turn_ids)

    core.verbs.end("a", CloseReason.RESET, None)
    send(core, "a", attempts=9)
    world.step()
    crash(core, world)

    assert world.clock.armed[0] - world.clock.now() == 1.0


def test_a_key_that_waits_for_its_successor_may_be_closed() -> None:
    """Its timer goes with it, and what waits is taken back."""
    core, world = made(Limits(sessions=9, turns=9, backoff=Backoff(1.0, 1.0)))
    receipt = send(core, "a")
    crash(core, world)

    result = core.verbs.end("a", CloseReason.CLOSED, "why")

    assert result.withdrawn == (receipt.id,)
    assert receipt.ended == Withdrawn("why")
    assert (core.lanes, world.clock.armed) == ({}, [])
    check(core, world)


def test_a_session_that_ends_itself_has_finished() -> None:
    """Its key is forgotten, or begins anew if somebody waits."""
    core, world = made()
    idle(core, world, "a")
    world.gone(core.lanes["a"].session, Finished())
    assert core.lanes == {}

    receipt = send(core, "a")
    session = core.lanes["a"].session
    world.gone(session, Finished())

    assert receipt.turn == 3
    assert core.lanes["a"].generation == 2
    assert core.books.closed == {CloseReason.FINISHED: 2}
    check(core, world)


def test_the_end_of_an_old_session_concerns_nobody() -> None:
    """One that was given up ends some day."""
    core, world = made()
    send(core, "a")
    world.step()
    run = core.lanes["a"].turn
    session = run.session
    core.verbs.cancel("a", hard=True, reason="why", hint=None)
    world.clock.move(10.0)
    assert isinstance(run.outcome, Aborted)
    assert run.outcome.late
    assert core.books.closed == {CloseReason.GIVEN_UP: 1}
    receipt = send(core, "a")

    core.leaving.ended(core.lanes["a"], session, Killed())

    assert receipt.turn == 2
    assert core.books.closed == {CloseReason.GIVEN_UP: 1}
    world.begun.pop(1)
    world.bodies.pop(1).close()
    check(core, world)


def test_a_turn_given_up_while_its_key_is_closed_forgets_it() -> None:
    """The key is gone; what comes next is a new one."""
    core, world = made()
    receipt = send(core, "a")
    world.step()
    core.verbs.end("a", CloseReason.CLOSED, "why")

    world.clock.move(10.0)

    assert isinstance(receipt.ended, Aborted)
    assert core.lanes == {}
    world.bodies.pop(1).close()
    world.begun.pop(1)
    check(core, world)


def test_a_key_is_free_when_its_session_was_given_up() -> None:
    """Also one that was forgotten while the old session, which is deaf, still lives."""
    core, world = made()
    for number in (1, 2, 3):
        send(core, "a", "deaf")
        world.step()
        core.verbs.end("a", CloseReason.CLOSED, "why")
        world.clock.move(10.0 * number)

    receipt = send(core, "a")

    assert receipt.ended is None
    started = [each for each in world.log if each.startswith("start")]
    assert started == ["start a", "start a~~1", "start a~~2", "start a~~3"]


# ------------------------------------------------------------------------------- tokens


def test_a_token_is_kept_for_those_that_come_after() -> None:
    """As long as the session is the key's, and is not to be forgotten."""
    core, world = made()
    idle(core, world, "a")
    lane, session = core.lanes["a"], core.lanes["a"].session
    core.bind(lane, session, "token")
    assert core.token_of("a") == "token"

    crash(core, world)
    core.bind(lane, session, "old")
    assert core.token_of("a") == "token"


@pytest.mark.parametrize("how", [CloseReason.CLOSED, CloseReason.RESET])
def test_a_token_bound_after_the_end_of_its_key_is_not_kept(how: CloseReason) -> None:
    """The session that is to be forgotten may still try."""
    core, world = made()
    idle(core, world, "a")
    world.quick = False
    lane, session = core.lanes["a"], core.lanes["a"].session
    core.bind(lane, session, "token")

    core.verbs.end("a", how, None)
    assert core.token_of("a") is None
    core.bind(lane, session, "late")

    assert core.token_of("a") is None


def test_a_session_that_is_reaped_may_still_bind() -> None:
    """That is what it is told for."""
    core, world = made(Limits(sessions=9, turns=9, idle=10.0), Sleepy)
    idle(core, world, "a")
    world.clock.move(10.0)

    core.bind(core.lanes["a"], core.lanes["a"].session, "token")

    assert core.token_of("a") == "token"


@pytest.mark.parametrize("order", [(1, 2), (2, 1)], ids=["turn first", "aside first"])
def test_an_actor_is_ended_when_all_its_turns_have_ended(
    order: tuple[int, int],
) -> None:
    """The session's own and the one beside it, whichever is the last."""
    core, world = made()
    send(core, "a")
    send(core, "a", kind=ASIDE)
    world.step()
    core.verbs.end("a", CloseReason.CLOSED, "why")
    world.said()

    world.die(order[0])
    assert world.said() == []
    world.die(order[1])
    assert world.said() == ["end a"]


# ----------------------------------------------------------- starts that are overtaken


class Stateless(Plain):
    """Its first state cannot be made."""

    def new_state(self) -> object:
        """Fail."""
        raise BANG


def test_a_session_without_a_state_does_not_live_on() -> None:
    """Its actor has been made already; who waits is told."""
    core, world = made(make=Stateless)

    receipt = send(core, "a")

    assert "kill a" in world.said()
    assert isinstance(receipt.ended, Failed)
    assert receipt.ended.error.__cause__ is BANG
    assert core.lanes == {}
    check(core, world)


def test_a_start_that_is_done_too_late_opens_nothing() -> None:
    """Its key has been closed meanwhile, and its actor ends."""
    core, world = made(make=Slow)
    world.quick = False
    send(core, "a")
    session = core.lanes["a"].session
    core.verbs.end("a", CloseReason.CLOSED, None)
    send(core, "a")
    world.said()

    world.started("a")

    assert core.lanes["a"].phase == lanes.CLOSING
    assert world.said() == []
    world.gone(session)
    assert world.said() == ["start a~2", "ready a"]
    check(core, world)


# ------------------------------------------------------- children that outlive parents


def test_a_session_is_busy_until_the_last_child_has_ended() -> None:
    """Each counts once."""
    core, world = made()
    idle(core, world, "a")
    lane = core.lanes["a"]
    send(core, "a")
    for _ in range(2):
        core.critical_begins(lane)
    world.finish(2)

    for children in (2, 1):
        found = info(core, lane)
        assert (found.phase, found.children) == ("children", children)
        assert lane not in core.idle
        core.child_over(lane, lane.session)

    assert info(core, lane).children == 0
    assert lane in core.idle
    check(core, world)


def test_a_child_of_a_session_that_is_gone_is_not_its_successors() -> None:
    """When it ends the successor has as many as before."""
    core, world = made()
    send(core, "a")
    world.step()
    lane = core.lanes["a"]
    old = lane.session
    core.critical_begins(lane)
    crash(core, world)
    send(core, "a")
    core.critical_begins(lane)
    world.finish(core.turn_ids)

    core.child_over(lane, old)
    assert info(core, lane).children == 1
    core.child_over(lane, lane.session)

    assert info(core, lane).children == 0
    assert lane in core.idle


def test_what_steers_a_turn_that_has_not_begun_is_not_lost_with_it() -> None:
    """Its session has crashed: both prompts wait for the successor, in their order."""
    core, world = made(Limits(sessions=9, turns=1))
    send(core, "a")
    world.step()
    first = send(core, "b")
    steers = send(core, "b", steer=True)
    crash(core, world, "b")

    world.finish(1)
    world.finish(core.turn_ids)
    world.finish(core.turn_ids)

    assert (type(first.ended), type(steers.ended)) == (Completed, Completed)
    assert core.unsettled == 0
    check(core, world)


def test_one_whose_place_is_promised_goes_also_if_it_is_reset() -> None:
    """Who was promised its place has it."""
    core, world = made(Limits(sessions=1, turns=9))
    idle(core, world, "a")
    world.quick = False
    old = core.lanes["a"].session
    receipt = send(core, "b")
    world.said()

    assert core.verbs.end("a", CloseReason.RESET, None)
    world.gone(old)

    assert world.said() == ["start b", "begin b 2"]
    assert (list(core.lanes), receipt.turn) == (["b"], 2)
    check(core, world)


def test_what_burns_is_seen_until_it_has_ended() -> None:
    """For how long, counted from when it was given up."""
    core, world = made()
    send(core, "a")
    world.step()
    core.verbs.cancel("a", hard=True, reason=None, hint=None)
    world.clock.move(14.0)

    found = info(core, core.lanes["a"])

    assert (found.phase, found.turn, found.given_up) == ("given up", 1, 1)
    assert (found.burning, found.last_activity) == (4.0, 14.0)
    check(core, world)


def test_one_that_is_closed_ends_after_the_last_of_its_side_questions() -> None:
    """Each is aborted, and has its time to end."""
    core, world = made()
    idle(core, world, "a")
    for _ in range(2):
        send(core, "a", kind=ASIDE)
    world.step()
    world.said()

    core.verbs.end("a", CloseReason.CLOSED, None)
    assert sorted(world.said()) == ["kill a 2", "kill a 3"]
    world.die(2)
    assert world.said() == []
    world.die(3)

    assert world.said() == ["end a"]
    assert core.lanes == {}
    check(core, world)
