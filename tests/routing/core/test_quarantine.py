"""A quarantine has a term and then a trial; and an outage puts nobody into it."""

from __future__ import annotations

from typing import Any, ClassVar

import attrs
import pytest

from actors import (
    Completed,
    Crashed,
    Failed,
    Killed,
    PromptEnded,
    PromptPolicy,
    QuarantinedError,
    SessionQuarantined,
    SessionStartError,
)
from actors.hosting import ASIDE, FOLLOW_UP, More
from supervision import Backoff, Limits, RestartLimit
from supervision._routing.core.core import Core
from supervision._routing.core.looking import info
from supervision._routing.core.waiting import Sender
from supervision._routing.parts import lane as lanes
from supervision._routing.parts.admission import Offer
from tests.routing.core.double import Later, Plain, Slow, World, check, made, send

LIMITS = Limits(
    sessions=9,
    turns=9,
    restarts=RestartLimit(1, within=60.0),
    quarantine=Backoff(10.0, 40.0, jitter=0.0),
)


def crash(world: World, core: Core, key: str = "a") -> None:
    """The session of a key crashes."""
    world.gone(core.lanes[key].session, Crashed(RuntimeError("bang")))


def quarantined(make: type[Plain] = Plain) -> tuple[Core, World]:
    """The key a is in quarantine, at 0."""
    core, world = made(LIMITS, make=make)
    for _ in range(2):
        send(core, "a")
        if make.has_started:
            world.started("a")
        world.step()
        crash(world, core)
    assert core.lanes["a"].phase == lanes.QUARANTINED
    world.said()
    return core, world


def assert_refused(core: Core, until: float, **options: Any) -> None:
    """A prompt for a is refused."""
    with pytest.raises(QuarantinedError) as caught:
        send(core, "a", **options)
    assert caught.value.until == until
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_it_has_a_term_that_can_be_seen() -> None:
    """Until then prompts are refused, and start nothing."""
    core, world = quarantined()
    world.clock.move(4.0)
    assert_refused(core, 10.0)
    assert_refused(core, 10.0, kind=ASIDE)
    assert info(core, core.lanes["a"]).quarantined == 6.0
    world.clock.move(99.0)
    assert info(core, core.lanes["a"]).quarantined == 0.0
    assert world.said() == []
    check(core, world)


@pytest.mark.parametrize("fails", [False, True])
def test_one_prompt_is_let_in_and_ends_it(*, fails: bool) -> None:
    """If its turn ends and the session lives; others are refused as long."""
    core, world = quarantined()
    world.clock.move(10.0)
    trial = send(core, "a")
    assert_refused(core, 10.0)
    own = send(core, "a", kind=FOLLOW_UP)
    assert trial.turn is not None
    if fails:
        world.fail(trial.turn, ValueError("why"))
    else:
        world.finish(trial.turn)

    later = send(core, "a")
    assert own.turn is not None
    world.finish(own.turn)
    assert later.turn is not None
    assert info(core, core.lanes["a"]).quarantined is None
    world.step()
    crash(world, core)  # counts as the first
    assert core.lanes["a"].phase != lanes.QUARANTINED
    check(core, world)


def test_a_crash_in_the_trial_makes_the_next_term_longer() -> None:
    """One is enough."""
    core, world = quarantined()
    for now, until in ((10.0, 30.0), (30.0, 70.0), (70.0, 110.0)):
        world.clock.move(now)
        trial = send(core, "a")
        world.step()
        crash(world, core)
        assert isinstance(trial.ended, Failed)
        assert_refused(core, until)
        check(core, world)


def test_a_session_that_does_not_start_is_in_quarantine_again() -> None:
    """Its trial has failed."""
    core, world = quarantined(Slow)
    world.clock.move(10.0)
    trial = send(core, "a")
    crash(world, core)

    assert isinstance(trial.ended, Failed)
    assert_refused(core, 30.0)
    check(core, world)


@pytest.mark.parametrize("late", [False, True])
def test_it_is_told_what_the_trial_has_failed_with(*, late: bool) -> None:
    """The crash; of one that was killed because it took too long: that."""
    core, world = quarantined(Slow)
    world.events.wanted.add(SessionQuarantined)
    world.clock.move(10.0)
    send(core, "a")
    if late:
        world.clock.move(10.0 + LIMITS.start_within)
        world.gone(core.lanes["a"].session, Killed())
    else:
        crash(world, core)

    (event,) = world.published
    assert type(event.error) is (SessionStartError if late else RuntimeError)
    if late:
        assert str(event.error).endswith("not started within 120 seconds")


@pytest.mark.parametrize("how", ["withdraw", "cancel"])
def test_a_trial_that_is_taken_back_is_none(how: str) -> None:
    """The next prompt is let in."""
    core, world = quarantined(Slow)
    world.clock.move(10.0)
    trial = send(core, "a")
    if how == "withdraw":
        trial.withdraw()
    else:
        core.verbs.cancel("a", hard=True, reason="why", hint=None)
    world.started("a")
    again = send(core, "a")
    assert again.turn is not None
    world.finish(again.turn)
    assert isinstance(again.ended, Completed)
    check(core, world)


def test_who_waits_for_room_is_refused_when_it_begins() -> None:
    """As those are who come later: nobody waits for what will not be."""
    core, world = made(LIMITS)
    send(core, "a")
    world.step()
    crash(world, core)
    waiting = [send(core, "a") for _ in range(4)]
    woken: list[str] = []
    sender = Sender(Offer("a", "", More()), lambda: woken.append("a"))
    assert not core.accepting.waiting.enter(sender)
    world.step()

    crash(world, core)

    assert core.lanes["a"].phase == lanes.QUARANTINED
    assert all(isinstance(each.ended, Failed) for each in waiting)
    assert isinstance(sender.error, QuarantinedError)
    assert woken == ["a"]
    check(core, world)


def test_a_key_that_nobody_asks_for_is_forgotten() -> None:
    """As one that is idle: its term is no reason to remember it for ever."""
    core, world = made(attrs.evolve(LIMITS, idle=100.0))
    for _ in range(2):
        send(core, "a")
        send(core, "a")  # waits when the session crashes
        world.step()
        crash(world, core)
    assert core.lanes["a"].phase == lanes.QUARANTINED

    world.clock.move(99.0)
    assert "a" in core.lanes
    world.clock.move(101.0)

    assert (core.lanes, core.places.used) == ({}, 0)


def test_a_key_is_not_reaped_before_its_term_is_over() -> None:
    """Its entry is what keeps prompts out: the next look finds it."""
    core, world = made(attrs.evolve(LIMITS, idle=4.0))
    for _ in range(2):
        send(core, "a")
        world.step()
        crash(world, core)
    send(core, "b")
    world.finish(core.turn_ids)
    for now in (3.9, 4.1, 8.1, 9.9):
        world.clock.move(now)
        assert_refused(core, 10.0)
    assert list(core.lanes) == ["a"]  # the other one was behind it

    world.clock.move(13.0)

    assert (core.lanes, core.places.used) == ({}, 0)


def test_a_key_in_quarantine_makes_way_for_another() -> None:
    """As one that is idle; without a store it is forgotten, and begins anew."""
    core, world = quarantined()
    for key in "bcdefghij":
        send(core, key)
        world.step()
    assert "a" not in core.lanes
    check(core, world)

    world.finish(core.turn_ids)
    receipt = send(core, "a")
    world.step()
    crash(world, core)  # the first one, which is not too often

    assert core.lanes["a"].phase != lanes.QUARANTINED
    assert isinstance(receipt.ended, Failed)
    assert not isinstance(receipt.ended.error, QuarantinedError)


def test_a_key_comes_out_of_its_store_in_quarantine() -> None:
    """It is refused for the rest of its term, and the error says what it was."""
    core, world = made(LIMITS, keeping=Later("bring"))
    receipt = send(core, "a")
    bang = RuntimeError("bang")

    core.leaving.confine(core.lanes["a"], 7.0, bang)

    assert isinstance(receipt.ended, Failed)
    assert receipt.ended.error.__cause__ is bang
    assert_refused(core, 7.0)
    check(core, world)


def test_one_that_waits_for_a_place_needs_none() -> None:
    """Its store knows of its quarantine: here it is forgotten."""
    core, world = made(attrs.evolve(LIMITS, sessions=1), keeping=Later("bring"))
    keeping: Any = core.keeping
    send(core, "a")
    keeping.release("bring")
    world.finish(1)
    world.quick = False
    receipt = send(core, "b")
    assert core.lanes["b"].phase == lanes.PLACE
    bang = RuntimeError("bang")

    core.leaving.confine(core.lanes["b"], 7.0, bang)

    assert isinstance(receipt.ended, Failed)
    assert receipt.ended.error.__cause__ is bang
    assert list(core.lanes) == ["a"]
    assert core.places.waiting == 0


@pytest.mark.parametrize(("now", "over"), [(9.9, False), (10.0, True)])
def test_what_a_turn_sends_is_let_in_when_the_term_is_over(
    now: float, *, over: bool
) -> None:
    """It is the trial then; before that it fails, and leaves nothing behind."""
    core, world = quarantined()
    world.clock.move(now)
    world.events.wanted.add(PromptEnded)

    core.accepting.take([core.accepting.draft("a", "x", None)])

    ended = [each.outcome for each in world.published]
    assert [type(each) for each in ended] == ([] if over else [Failed])
    check(core, world)
    if over:
        assert_refused(core, 10.0)
        world.finish(core.turn_ids)
        assert isinstance(world.published[-1].outcome, Completed)
    assert (core.lanes["a"].phase == lanes.QUARANTINED) == (not over)


class Roomy(Plain):
    """It lets many wait."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=9)


def test_an_outage_puts_nobody_into_quarantine() -> None:
    """Four keys that crash together, each as often as would."""
    core, world = made(LIMITS, make=Roomy)
    for now in range(6):
        world.clock.move(float(now))
        for key in "abcd":
            send(core, key)
        world.step()
        for key in "abcd":
            crash(world, core, key)
    phases = {key: each.phase for key, each in core.lanes.items()}
    assert lanes.QUARANTINED not in phases.values()

    for _ in range(2):  # alone, and long after
        world.clock.move(world.clock.now() + 20.0)
        send(core, "a")
        world.step()
        crash(world, core)
    assert core.lanes["a"].phase == lanes.QUARANTINED
    check(core, world)
