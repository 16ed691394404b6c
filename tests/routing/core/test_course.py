"""The course of a prompt: accepted, begun, over; one turn a key, so many in all."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from actors import (
    Aborted,
    Batch,
    CloseReason,
    Completed,
    Failed,
    Lost,
    PromptEnded,
    PromptPolicy,
    QueueFullError,
    Steered,
    TurnEnded,
    TurnStarted,
    WhileBusy,
    Withdrawal,
    Withdrawn,
)
from actors.hosting import ASIDE, FOLLOW_UP
from supervision import Limits, SessionInfo
from supervision._routing.core.looking import info
from supervision._routing.parts.lane import GONE
from tests.routing.core.double import WIDE, Plain, Slow, check, made, send


def test_a_prompt_is_accepted_begun_and_over() -> None:
    """A session is started, its turn begins with a slot, and its outcome is told."""
    core, world = made()

    receipt = send(core, "a", "hello")
    assert world.said() == ["start a", "begin a 1"]
    assert (receipt.turn, receipt.ended) == (1, None)
    check(core, world)

    world.finish(1, "done")
    assert receipt.ended == Completed("done", turn=1)
    assert core.lanes["a"].state == ("hello",)
    assert (core.slots.running, len(core.idle), core.unsettled) == (0, 1, 0)
    assert world.said() == []
    check(core, world)


def test_a_session_has_one_turn_at_a_time() -> None:
    """The next prompt waits for the end of the one before, in the order of sending."""
    core, world = made()
    receipts = [send(core, "a", n) for n in range(3)]
    assert world.said() == ["start a", "begin a 1"]

    world.finish(1)
    assert world.said() == ["begin a 2"]
    world.finish(2)
    assert world.said() == ["begin a 3"]
    world.finish(3)

    assert [each.turn for each in receipts] == [1, 2, 3]
    assert core.lanes["a"].state == (0, 1, 2)


def test_slots_are_given_in_the_order_of_claims() -> None:
    """A session with a queue claims anew for each turn."""
    core, world = made(Limits(sessions=9, turns=1))
    for key in "aabc":
        send(core, key)
    assert [each for each in world.said() if each.startswith("begin")] == ["begin a 1"]

    for turn, next_ in ((1, "begin b 2"), (2, "begin c 3"), (3, "begin a 4")):
        world.finish(turn)
        assert world.said() == [next_]
        check(core, world)
    world.finish(4)
    assert core.slots.running == 0


def test_a_session_that_starts_lets_its_prompts_wait() -> None:
    """They are no turns yet; when it is ready the first becomes one."""
    core, world = made(make=Slow)
    receipt = send(core, "a")
    send(core, "a")
    assert world.said() == ["start a", "ready a"]
    assert receipt.turn is None

    world.started("a")

    assert world.said() == ["begin a 1"]
    assert core.lanes["a"].waiting == 1
    check(core, world)


@pytest.mark.parametrize("ends", ["fails", "aborted"])
def test_a_turn_that_does_not_complete_leaves_no_state(ends: str) -> None:
    """The state is what it was at the turn's begin, and the next one runs."""
    core, world = made()
    first, second = send(core, "a", 1), send(core, "a", 2)
    world.step()
    assert core.lanes["a"].state == (1,)

    if ends == "fails":
        world.fail(1, ValueError("why"))
        assert isinstance(first.ended, Failed)
    else:
        core.verbs.cancel("a", hard=True, reason="why", hint=None)
        assert first.ended is None  # not before it has ended
        assert "kill a 1" in world.log
        world.die(1)
        assert first.ended == Aborted("why", turn=1)

    world.finish(2)
    assert isinstance(second.ended, Completed)
    assert core.lanes["a"].state == (2,)
    check(core, world)


def test_a_turn_in_line_is_cut_without_a_slot() -> None:
    """It never begins, and whoever is behind it is not held up."""
    core, world = made(Limits(sessions=9, turns=1))
    receipts = [send(core, key) for key in "abc"]
    world.said()

    core.verbs.cancel("b", hard=True, reason="why", hint=None)
    assert receipts[1].ended == Aborted("why", turn=2)
    check(core, world)

    world.finish(1)
    assert world.said() == ["begin c 3"]


def test_a_turn_that_is_cut_on_its_way_gives_its_slot_back() -> None:
    """It has a slot and no first step: its actor sees the verdict."""
    core, world = made(Limits(sessions=9, turns=1))
    receipt = send(core, "a")
    send(core, "b")
    world.said()

    core.verbs.cancel("a", hard=True, reason="why", hint=None)
    assert receipt.ended is None
    assert core.slots.running == 1
    world.step(1)

    assert receipt.ended == Aborted("why", turn=1)
    assert world.said() == ["begin b 2"]
    check(core, world)


def test_a_prompt_that_waits_is_taken_back() -> None:
    """Not one that a turn has; not twice."""
    core, world = made()
    first, second = send(core, "a"), send(core, "a")

    assert first.withdraw() is Withdrawal.TOO_LATE
    assert second.withdraw("why") is Withdrawal.WITHDRAWN
    assert second.withdraw() is Withdrawal.TOO_LATE

    assert second.ended == Withdrawn("why")
    world.finish(1)
    assert len(core.idle) == 1
    check(core, world)


class Small(Plain):
    """It takes several prompts into one turn."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=5, batch=Batch(prompts=2))


def test_a_batch_has_one_outcome() -> None:
    """All its prompts get it; what did not fit is the next turn."""
    core, world = made(make=Small)
    receipts = [send(core, "a", n) for n in range(4)]

    world.finish(1)
    world.finish(2, "both")
    assert [each.ended and each.ended.turn for each in receipts] == [1, 2, 2, None]
    world.finish(3)
    assert core.books.prompts() == {"Completed": 4}
    assert core.books.turns() == {"Completed": 3}


class Steering(Plain):
    """What is sent while a turn runs steers it."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=3, steering_capacity=2, busy=WhileBusy.STEER
    )


def test_what_steers_waits_for_a_checkpoint_and_then_for_a_turn() -> None:
    """What no checkpoint has taken comes before what waits, in the order of sending."""
    core, world = made()
    send(core, "a", "first")
    queued = send(core, "a", "queued")
    steering = [send(core, "a", n, steer=True) for n in range(2)]
    with pytest.raises(QueueFullError):
        send(core, "a", steer=True)
    world.step()
    assert core.lanes["a"].waiting == 1

    world.finish(1)

    assert core.lanes["a"].waiting == 2
    assert [each.turn for each in (*steering, queued)] == [2, None, None]
    world.finish(2)
    world.finish(3)
    assert queued.turn == 4
    check(core, world)


def test_steering_is_settled_once_it_is_taken() -> None:
    """Its outcome names the turn; it has none of its own any more."""
    core, world = made(make=Steering)
    send(core, "a")
    world.step()
    run = core.lanes["a"].turn
    steering = send(core, "a", "more")
    follow_up = send(core, "a", "own", kind=FOLLOW_UP)
    taken = run.extra.steering.take()
    taken._turn = run.id
    core.settle(taken, Steered(turn=run.id))

    world.finish(1)

    assert steering.ended == Steered(turn=1)
    assert follow_up.turn == 2
    check(core, world)


def test_withdrawn_steering_leaves_room_and_runs_nowhere() -> None:
    """A prompt that is taken back fills no capacity, and begins no turn."""
    core, world = made()
    send(core, "a")
    steering = [send(core, "a", n, steer=True) for n in range(2)]

    assert steering[0].withdraw() is Withdrawal.WITHDRAWN
    third = send(core, "a", steer=True)
    world.finish(1)

    assert steering[0].ended == Withdrawn(None)
    assert [steering[1].turn, third.turn] == [2, None]
    check(core, world)


def test_a_side_question_has_a_slot_and_no_state() -> None:
    """It runs beside the turn, and its end moves no other on."""
    core, world = made(Limits(sessions=9, turns=2))
    send(core, "a", 1)
    aside = send(core, "a", "?", kind=ASIDE)
    waits = send(core, "a", "?", kind=ASIDE)
    assert world.said() == ["start a", "begin a 1", "begin a 2"]
    check(core, world)

    world.finish(2, "answer")
    assert aside.ended == Completed("answer", turn=2)
    assert world.said() == ["begin a 3"]
    assert waits.turn == 3
    world.finish(1)
    world.finish(3)
    assert len(core.idle) == 1
    check(core, world)


def test_a_side_question_waits_for_the_session() -> None:
    """It has a turn when the session is ready, before the prompts that wait."""
    core, world = made(make=Slow)
    send(core, "a")
    aside = send(core, "a", kind=ASIDE)
    gone = send(core, "a", kind=ASIDE)
    gone.withdraw()
    world.said()

    world.started("a")

    assert world.said() == ["begin a 1", "begin a 2"]
    assert aside.turn == 1
    check(core, world)


def test_a_side_question_that_is_taken_back_leaves_room() -> None:
    """While it waits for the session: it fills no capacity, and keeps nobody busy."""
    core, world = made(Limits(sessions=1, turns=9), make=Slow)
    send(core, "a")
    asides = [send(core, "a", kind=ASIDE) for _ in range(3)]
    with pytest.raises(QueueFullError):
        send(core, "a", kind=ASIDE)

    for each in asides:
        assert each.withdraw() is Withdrawal.WITHDRAWN
    assert core.lanes["a"].asides == 0
    send(core, "a", kind=ASIDE).withdraw()
    core.verbs.cancel_all("a", None)

    assert not core.lanes["a"].busy
    assert world.said() == ["start a", "ready a"]
    check(core, world)


def test_a_tenants_turns_are_counted() -> None:
    """Over its cap a turn steps aside; a slot counts for its tenant until its end."""
    core, world = made(Limits(sessions=9, turns=2, turns_per_tenant=1))
    for key, tenant in (("a", "me"), ("b", "me"), ("c", None)):
        send(core, key, tenant=tenant)
    assert world.said() == ["start a", "begin a 1", "start b", "start c", "begin c 3"]
    check(core, world)

    world.finish(1)

    assert world.said() == ["begin b 2"]
    check(core, world)


def test_new_limits_begin_what_waits() -> None:
    """Each that may run now, in order."""
    core, world = made(Limits(sessions=9, turns=1))
    for key in "abc":
        send(core, key)
    world.said()

    core.verbs.configure(Limits(sessions=9, turns=2))

    assert world.said() == ["begin b 2"]
    check(core, world)


def test_the_books_know_how_long_prompts_have_waited() -> None:
    """For the first step of their turn, each; and how long turns took."""
    core, world = made(Limits(sessions=9, turns=1))
    send(core, "a")
    send(core, "b")
    world.clock.move(2.0)
    world.step()
    world.clock.move(5.0)
    world.finish(1)
    world.step()
    world.clock.move(6.0)
    world.finish(2)

    assert core.books.wait_seconds == 7.0
    assert core.books.wait_longest == 5.0
    assert core.books.turn_seconds() == {"Completed": 4.0}


def test_a_lost_prompt_is_known_by_its_key_and_its_id() -> None:
    """In the books, once; and it is written down."""
    core, world = made()
    send(core, "a")
    second = send(core, "a")
    core.settle(second, Lost("why"))
    core.settle(second, Lost("again"))

    assert core.books.lost == [("a", 2)]
    assert world.failures == ["a has lost prompt 2: why"]


def test_a_session_is_as_old_as_its_entry() -> None:
    """Not as the clock; and it is idle since its last turn."""
    core, world = made()
    world.clock.move(5.0)
    send(core, "a")
    world.clock.move(6.0)
    world.finish(1)
    world.clock.move(8.0)
    found = info(core, core.lanes["a"])

    assert (found.age, found.idle, found.last_activity) == (3.0, 2.0, 2.0)


def test_all_that_there_is_to_say_of_an_idle_session() -> None:
    """Nothing runs, waits, or is read."""
    core, world = made()
    send(core, "a")
    world.clock.move(1.0)
    world.finish(1)
    world.clock.move(3.0)

    assert info(core, core.lanes["a"]) == SessionInfo(
        key="a",
        tenant=None,
        generation=1,
        phase="idle",
        turn=None,
        tool=None,
        queued=0,
        steering=0,
        children=0,
        asides=0,
        readers=0,
        age=3.0,
        idle=2.0,
        last_activity=2.0,
    )


def test_the_end_of_a_prompt_tells_how_long_it_has_waited() -> None:
    """For the first step of its turn; one that had none for its end."""
    core, world = made(Limits(sessions=9, turns=1))
    world.events.wanted.add(PromptEnded)
    world.clock.move(1.0)
    send(core, "a")
    world.clock.move(3.0)
    world.step()
    taken_back = send(core, "b")
    world.clock.move(7.0)
    core.verbs.cancel("b", hard=True, reason=None, hint=None)
    world.clock.move(9.0)
    world.finish(1)

    assert taken_back.ended is not None
    assert [(each.key, each.waited) for each in world.published] == [
        ("b", 4.0),
        ("a", 2.0),
    ]


def test_events_come_in_the_order_of_what_happens() -> None:
    """A turn's end before its prompts' ends; both after its begin."""
    core, world = made()
    world.events.wanted |= {TurnStarted, TurnEnded}
    send(core, "a")
    world.clock.move(1.0)
    world.step()
    world.clock.move(3.0)
    world.finish(1)

    started, ended = world.published
    assert (started.turn, started.prompts, started.aside) == (1, (1,), False)
    assert (ended.turn, ended.seconds, ended.outcome) == (1, 2.0, Completed(turn=1))


def test_one_that_never_began_took_no_time() -> None:
    """Its end is told all the same."""
    core, world = made(Limits(sessions=9, turns=1))
    world.events.wanted |= {TurnStarted, TurnEnded}
    send(core, "a")
    send(core, "b")

    core.verbs.cancel("b", hard=True, reason=None, hint=None)

    assert [(type(each), each.seconds) for each in world.published] == [
        (TurnEnded, 0.0)
    ]


def test_a_closed_stream_is_the_end_of_its_prompt() -> None:
    """Whoever reads is told when the outcome is there."""
    core, world = made()
    closed: list[str] = []

    class Reader:
        """It hears of the begin and of the end."""

        unread = 0
        begun = False
        keeper = None

        def begin(self) -> None:
            """Write it down."""
            self.begun = True
            closed.append("begun")

        def close(self) -> None:
            """Write it down."""
            closed.append("closed")

    send(core, "a", stream=Reader())
    world.step()
    assert closed == ["begun"]
    world.finish(1)
    assert closed == ["begun", "closed"]


def test_a_key_that_is_closed_is_forgotten() -> None:
    """Its session ends when its turn has; nothing of it is left."""
    core, world = made(WIDE)
    receipt = send(core, "a")
    world.step()
    lane: Any = core.lanes["a"]
    world.said()

    core.verbs.end("a", CloseReason.CLOSED, "why")
    assert world.said() == ["kill a 1"]
    assert core.lanes == {"a": lane}
    world.die(1)

    assert receipt.ended == Aborted("why", turn=1)
    assert world.said() == ["end a"]
    assert core.lanes == {}
    assert lane.phase == GONE
    check(core, world)
