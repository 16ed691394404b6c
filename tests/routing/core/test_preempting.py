"""A prompt that is to be the next one, through all that can be in its way."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from actors import (
    Aborted,
    Batch,
    CloseReason,
    Completed,
    Failed,
    Preempted,
    PromptPolicy,
    SessionBusyError,
    WhileBusy,
    Withdrawn,
)
from actors.hosting import ASIDE, FOLLOW_UP, WORK, More
from supervision import Limits
from supervision._routing.parts.admission import Offer
from tests.routing.core.double import Later, Plain, Slow, check, made, send

INTERRUPT, REPLACE = WhileBusy.INTERRUPT, WhileBusy.REPLACE
BOTH = pytest.mark.parametrize(
    ("busy", "kept"), [(INTERRUPT, True), (REPLACE, False)], ids=["keep", "undo"]
)


@BOTH
def test_it_runs_before_what_waits(*, busy: WhileBusy, kept: bool) -> None:
    """The turn is aborted, its outcome names the prompt, what it did is kept or not."""
    core, world = made()
    first, waits = send(core, "a", 1), send(core, "a", 2)
    world.step()
    assert core.lanes["a"].state == (1,)
    world.said()

    new = send(core, "a", 3, busy=busy)
    assert world.said() == ["kill a 1"]
    assert first.ended is None  # not before it has ended
    check(core, world)
    world.die(1)

    assert first.ended == Aborted(Preempted(new.id, kept=kept), turn=1)
    assert (new.turn, waits.turn) == (2, None)
    world.finish(2)
    world.finish(3)
    assert core.lanes["a"].state == ((1, 3, 2) if kept else (3, 2))
    assert [each.ended for each in (new, waits)] == [
        Completed(None, turn=2),
        Completed(None, turn=3),
    ]
    check(core, world)


@BOTH
def test_in_an_idle_session_it_is_one_as_any(*, busy: WhileBusy, kept: bool) -> None:
    """Nothing is there that could give way."""
    del kept
    core, world = made()
    new = send(core, "a", busy=busy)
    world.finish(1)
    again = send(core, "a", busy=busy)
    world.finish(2)

    assert [new.ended, again.ended] == [
        Completed(None, turn=1),
        Completed(None, turn=2),
    ]


@BOTH
def test_the_last_word_counts(*, busy: WhileBusy, kept: bool) -> None:
    """Of several that are to be the next, the latest is; the others never run."""
    core, world = made()
    send(core, "a", "old")
    waits = send(core, "a", "waits")
    world.step()

    news = [send(core, "a", n, busy=busy) for n in range(2)]  # and capacity is 3
    news.append(send(core, "a", 2, busy=busy))
    check(core, world)
    world.die(1)

    assert [each.ended for each in news[:2]] == [
        Aborted(Preempted(news[1].id, kept=kept)),
        Aborted(Preempted(news[2].id, kept=kept)),
    ]
    assert (news[2].turn, waits.turn) == (2, None)


def test_what_keeps_its_state_by_itself_keeps_it_when_it_is_replaced() -> None:
    """The state goes back to the last `keep_state`, as in any abort."""
    core, world = made()
    send(core, "a", 1)
    world.step()
    turn = core.lanes["a"].turn.turn
    turn.keep_state()
    turn.state = "more"

    send(core, "a", 2, busy=REPLACE)
    world.die(1)

    assert core.lanes["a"].state == (1,)


def test_last_words_of_an_interrupted_turn_are_kept() -> None:
    """Its state is what its code leaves, not what it was when it was interrupted."""
    core, world = made()
    send(core, "a", 1)
    world.step()
    turn = core.lanes["a"].turn.turn

    send(core, "a", 2, busy=INTERRUPT)
    turn.state = "half an answer"
    world.die(1)

    assert core.lanes["a"].state == "half an answer"


@BOTH
def test_a_turn_in_line_for_a_slot_gives_way_on_the_spot(
    *, busy: WhileBusy, kept: bool
) -> None:
    """It never begins; the new one stands in line anew."""
    core, world = made(Limits(sessions=9, turns=1))
    send(core, "x")
    old = send(core, "a", "old")
    other = send(core, "b")
    world.step()
    world.said()

    new = send(core, "a", "new", busy=busy)

    assert old.ended == Aborted(Preempted(new.id, kept=kept), turn=2)
    assert new.turn == 4
    check(core, world)
    world.finish(1)
    assert world.said() == ["begin b 3"]
    world.finish(3)
    assert world.said() == ["begin a 4"]
    assert other.ended == Completed(None, turn=3)


@BOTH
def test_a_turn_that_ends_already_ends_as_it_was_to(
    *, busy: WhileBusy, kept: bool
) -> None:
    """Who was first ends it: the stop of a user, say; then the new one runs."""
    del kept
    core, world = made()
    old, waits = send(core, "a", "old"), send(core, "a")
    world.step()
    core.verbs.cancel("a", hard=True, reason="stop", hint=None)
    world.said()

    new = send(core, "a", "new", busy=busy)
    assert world.said() == []
    world.die(1)

    assert old.ended == Aborted("stop", turn=1)
    assert (new.turn, waits.turn) == (2, None)
    assert core.lanes["a"].state == ()


def test_a_turn_that_is_told_to_end_is_still_told_so_by_one_only() -> None:
    """The first of two that interrupt it is the reason, the second runs."""
    core, world = made()
    old = send(core, "a")
    world.step()
    first = send(core, "a", busy=INTERRUPT)
    second = send(core, "a", busy=REPLACE)
    world.die(1)

    assert old.ended == Aborted(Preempted(first.id, kept=True), turn=1)
    assert first.ended == Aborted(Preempted(second.id, kept=False))
    assert second.turn == 2


def test_steering_prompts_are_withdrawn_with_the_reason() -> None:
    """They were for the turn that is aborted."""
    core, world = made()
    send(core, "a")
    world.step()
    steers = send(core, "a", "more", steer=True)

    new = send(core, "a", busy=INTERRUPT)

    assert steers.ended == Withdrawn(Preempted(new.id, kept=True))
    assert str(Preempted(new.id, kept=True)) == f"interrupted by prompt {new.id}"
    assert str(Preempted(new.id, kept=False)) == f"replaced by prompt {new.id}"
    check(core, world)


def test_side_questions_and_exclusive_work_go_on() -> None:
    """The prompt waits for the work, before all others that do."""
    core, world = made()

    async def upkeep(turn: Any) -> None:
        await Plain.answer_aside(core.lanes["a"].session, turn)

    more = More()
    more.kind, more.work = WORK, upkeep
    work = core.accepting.offer(Offer("a", None, more))
    aside = send(core, "a", "?", kind=ASIDE)
    waits = send(core, "a")
    world.step()
    world.said()

    new = send(core, "a", busy=REPLACE)
    assert world.said() == []
    world.finish(2)
    world.finish(1)

    assert isinstance(aside.ended, Completed)
    assert isinstance(work.ended, Completed)
    assert (new.turn, waits.turn) == (3, None)


@BOTH
def test_what_it_would_begin_with_gives_way(*, busy: WhileBusy, kept: bool) -> None:
    """It starts only: a moment later that would have been the turn."""
    core, world = made(make=Slow)
    first, second = send(core, "a", 1), send(core, "a", 2)

    new = send(core, "a", 3, busy=busy)
    assert first.ended == Aborted(Preempted(new.id, kept=kept))
    check(core, world)
    world.started("a")

    assert (new.turn, second.turn) == (1, None)
    world.finish(1)
    world.finish(2)
    assert core.lanes["a"].state == (3, 2)


def test_a_crash_in_between_does_not_change_who_is_next() -> None:
    """Prompts that are to be tried again stand behind it."""
    core, world = made()
    send(core, "a", "old", attempts=3)
    waits = send(core, "a", "waits")
    world.step()
    new = send(core, "a", "new", busy=INTERRUPT)
    session = core.lanes["a"].session
    world.gone(session)

    assert (new.turn, waits.turn) == (3, None)  # its turn has been made twice
    check(core, world)


def test_front_places_are_by_rank_and_then_by_id() -> None:
    """One that is to be next stands before those that were put back earlier."""
    core, world = made()
    send(core, "a", "first")
    world.step()
    left = [send(core, "a", n, steer=True) for n in range(2)]
    world.finish(1)  # they become turns of their own
    assert [each.turn for each in left] == [2, None]
    world.step()

    new = send(core, "a", "new", busy=REPLACE)
    world.die(2)

    assert (new.turn, left[1].turn) == (3, None)


def test_a_closing_session_is_not_held_up() -> None:
    """After a reset the next one is the new session's."""
    core, world = made()
    world.quick = False
    old = send(core, "a", "old")
    world.step()
    core.verbs.end("a", CloseReason.RESET, "reset")
    session = core.lanes["a"].session
    queued = send(core, "a", "queued")
    new = send(core, "a", "new", busy=INTERRUPT)
    world.die(1)
    world.gone(session)

    assert old.ended == Aborted("reset", turn=1)
    assert (new.turn, queued.turn) == (2, None)
    world.finish(2)
    assert core.lanes["a"].state == ("new",)


class Sharing(Plain):
    """Several in one turn."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=9, batch=Batch(prompts=3), busy=INTERRUPT
    )


def test_prompts_that_share_a_turn_do_not_give_way() -> None:
    """What comes while the turn is being aborted is one turn, in the order of sending.

    What does not fit is the next one, and no message is lost.
    """
    core, world = made(make=Sharing)
    send(core, "a", 0)
    world.step()
    burst = [send(core, "a", n) for n in range(1, 4)]
    assert [each.ended for each in burst] == [None] * 3

    world.die(1)
    assert [each.turn for each in burst] == [2] * 3
    world.step()
    assert core.lanes["a"].state == (0, 1, 2, 3)

    more = [send(core, "a", n) for n in range(4, 8)]
    check(core, world)
    world.die(2)
    assert [each.turn for each in more] == [3, 3, 3, None]


def test_who_was_to_be_refused_is_told_by_whom() -> None:
    """Nothing is changed; the count of refusals says why."""
    core, world = made()
    send(core, "a")
    with pytest.raises(SessionBusyError) as caught:
        send(core, "a", busy=WhileBusy.REFUSE)

    assert caught.value.turn == 1
    assert core.books.refused == {"SessionBusyError": 1}
    follow = send(core, "a", kind=FOLLOW_UP)
    world.finish(1)
    world.finish(2)
    assert isinstance(follow.ended, Completed)
    assert send(core, "a", busy=WhileBusy.REFUSE).turn == 3


def test_with_a_store_that_takes_its_time_it_is_the_same() -> None:
    """Who gave way waits no more from then on, though it is told later."""
    core, world = made(make=Slow, keeping=Later("settled", "ended", "begins"))
    keeping: Any = core.keeping
    first = send(core, "a", 1)
    new = send(core, "a", 2, busy=REPLACE)
    newest = send(core, "a", 3, busy=REPLACE)
    assert core.lanes["a"].waiting == 1
    assert [each.ended for each in (first, new)] == [None, None]
    world.started("a")
    keeping.release_all()

    assert first.ended == Aborted(Preempted(new.id, kept=False))
    assert new.ended == Aborted(Preempted(newest.id, kept=False))
    assert newest.turn == 1
    world.fail(1, ValueError("why"))
    keeping.release_all()
    assert isinstance(newest.ended, Failed)
