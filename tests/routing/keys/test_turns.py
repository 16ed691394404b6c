"""Turns in corners: sessions that go before they begin, ends that are being kept."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from actors import (
    Aborted,
    Batch,
    Completed,
    Crashed,
    Failed,
    PromptPolicy,
    Receipt,
    Stopped,
)
from actors.hosting import ASIDE, SHUT_DOWN
from supervision import Limits
from supervision._routing.core.core import Core
from tests.routing.core.double import Later, Plain, World, check, handle, made, send

CRASHED = Crashed(RuntimeError("bang"))
ONE = Limits(sessions=9, turns=1)


class Bursting(Plain):
    """It waits for more, a second long."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=9, batch=Batch(prompts=9, window=1.0)
    )


class Pairs(Plain):
    """Two prompts are one turn."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=9, batch=Batch(prompts=2))


def drains(core: Core) -> list[str]:
    """What a drain that waits is told."""
    told: list[str] = []
    changed: Any = SimpleNamespace(set=lambda: told.append("look again"))
    core.changed = changed
    return told


def end_soon(world: World) -> None:
    """The router is to end, and its session a does."""
    world.ending = True
    seat = world.names["a"]._seat
    seat.ending, seat.reason_to_end = True, Stopped()


@pytest.mark.parametrize("late", [(), ("ended",)])
def test_one_that_is_given_up_has_no_successor_that_nobody_needs(
    late: tuple[str, ...],
) -> None:
    """It sleeps, until a prompt comes; also when the end is kept a little later."""
    store = Later(*late)
    core, world = made(keeping=store if late else None)
    receipt = send(core, "a")
    world.step()
    handle(core).cancel("a", reason="why")
    world.said()

    world.clock.move(10.0)
    store.release_all()

    assert receipt.ended == Aborted("why", turn=1, late=True)
    assert "start a~2" not in world.said()
    assert core.lanes["a"] in core.idle
    check(core, world)


def test_no_turn_begins_when_the_router_is_to_end() -> None:
    """What waits is left for the router's own end."""
    core, world = made()
    send(core, "a")
    world.step()
    waits = send(core, "a")
    world.said()
    world.ending = True

    world.finish(1)

    assert (world.said(), waits.turn, core.lanes["a"].waiting) == ([], None, 1)


def test_a_burst_has_one_timer() -> None:
    """Each prompt moves it."""
    core, world = made(Limits(sessions=9, turns=9, idle=math.inf), Bursting)
    for now in (0.0, 0.5, 1.0):
        world.clock.move(now)
        send(core, "a")

    assert world.clock.armed == [2.0]


def test_a_slot_passes_by_a_session_that_is_gone() -> None:
    """Its prompt waits again, and the next in line begins."""
    core, world = made(ONE)
    send(core, "a")
    world.step()
    gone = send(core, "b")
    send(core, "c")
    world.names["b"]._seat.ending = True
    world.said()
    told = drains(core)

    world.finish(1)

    assert world.said() == ["begin c 3"]
    assert (gone.turn, core.lanes["b"].waiting) == (None, 1)
    assert told == ["look again"]
    check(core, world)


def test_a_drain_looks_again_when_what_waits_in_line_waits_for_a_turn_again() -> None:
    """No prompt has its outcome by that."""
    core, world = made(ONE)
    send(core, "a")
    send(core, "b")
    world.step()
    told = drains(core)

    world.gone(world.names["b"])

    assert told == ["look again"]
    assert core.changed is None


def test_a_drain_looks_again_when_a_turn_ends_that_is_tried_again() -> None:
    """Its prompt has no outcome, and its turn is no more."""
    core, world = made()
    receipt = send(core, "a", attempts=2)
    world.step()
    told = drains(core)

    world.ending = True
    seat = world.names["a"]._seat
    seat.ending, seat.reason_to_end = True, CRASHED
    world.die(1)

    assert (receipt.ended, core.turns.running) == (None, {})
    assert told == ["look again"]


def unbegun(
    make: type[Plain], number: int
) -> tuple[Core, World, Later, list[Receipt[Any]]]:
    """The session a has a turn of so many prompts that its store does not know yet."""
    store = Later("begins")
    core, world = made(Limits(sessions=9, turns=9), make, store)
    if make is Pairs:  # both come while a first turn runs
        send(core, "a")
        store.release_all()
        world.step()
    receipts = [send(core, "a", str(n)) for n in range(number)]
    if make is Pairs:
        world.finish(1)
    return core, world, store, receipts


def test_a_prompt_of_two_that_is_taken_out_of_its_turn_leaves_the_other() -> None:
    """It is no turn's any more."""
    core, world, store, (first, second) = unbegun(Pairs, 2)
    run = core.lanes["a"].turn
    assert first.turn == second.turn == run.id

    core.turns.discard(run, first)
    store.release_all()
    world.finish(run.id)

    assert (first.turn, first.ended) == (None, None)
    assert second.ended == Completed(turn=run.id)


def test_a_turn_whose_only_prompt_is_taken_out_is_none() -> None:
    """The next prompt has its turn at once."""
    core, world, _, (first, second) = unbegun(Plain, 2)
    run = core.lanes["a"].turn
    assert (first.turn, second.turn) == (run.id, None)

    core.turns.discard(run, first)

    assert run.id not in core.turns.running
    assert (first.turn, second.turn) == (None, run.id + 1)
    check(core, world)


def test_one_that_never_began_spoils_no_figure() -> None:
    """It has waited for ever, and taken no time: it does not count in either sum."""
    core, world = made(ONE)
    send(core, "a")
    world.step()
    send(core, "b")

    handle(core).cancel("b")

    figures = handle(core).statistics()
    assert figures.wait_seconds == 0.0
    assert figures.turn_seconds == {"Aborted": 0.0}
    assert figures.turns == {"Aborted": 1}


def test_the_longest_wait_is_not_the_latest() -> None:
    """A shorter one after it changes nothing."""
    core, world = made(ONE)
    for key, wait in (("a", 0.0), ("b", 5.0), ("c", 1.0)):
        world.clock.move(world.now() + 10.0)
        send(core, key)
        if wait:
            world.clock.move(world.now() + wait)
            world.finish(core.turn_ids - 1)
        world.step()
    world.finish(core.turn_ids)

    assert handle(core).statistics().wait_longest == 5.0


def test_without_a_store_nothing_is_tried_again_when_the_router_ends() -> None:
    """There is nobody who could."""
    core, world = made()
    receipt = send(core, "a", attempts=2)
    world.step()
    end_soon(world)

    world.die(1)

    assert receipt.ended == Aborted(SHUT_DOWN, turn=1)


def test_of_two_prompts_of_a_turn_one_is_tried_again() -> None:
    """The other has the outcome as it is."""
    core, world = made(Limits(sessions=9, turns=9), Pairs, Later())
    send(core, "a")
    world.step()
    patient = send(core, "a", attempts=2)
    other = send(core, "a")
    world.finish(1)
    world.step()
    end_soon(world)

    world.die(2)

    assert (patient.ended, patient.turn) == (None, None)
    assert other.ended == Aborted(SHUT_DOWN, turn=2)


def test_what_has_its_end_does_not_wait_again_when_its_session_goes() -> None:
    """Its end was on its way to the store."""
    store = Later("ended")
    core, world = made(ONE, Plain, store)
    send(core, "a")
    world.step()
    cut = send(core, "b")
    handle(core).cancel("b", reason="why")

    world.gone(world.names["b"], CRASHED)
    assert core.lanes["b"].waiting == 0
    store.release_all()

    assert cut.ended == Aborted("why", turn=2)
    assert core.lanes["b"].waiting == 0
    check(core, world)


def test_what_waits_for_its_slot_waits_again_when_a_side_question_is_given_up() -> None:
    """The session goes with the question, and its successor has the prompt."""
    core, world = made(ONE)
    aside = send(core, "a", kind=ASIDE)
    world.step()
    waits = send(core, "a")
    assert waits.turn == 2
    core.verbs.abort(1, hard=True, reason="why", hint=None, within=None)

    world.clock.move(10.0)

    assert aside.ended == Aborted("why", turn=1, late=True)
    assert waits.ended is None
    world.finish(core.turn_ids)
    assert waits.ended == Completed(turn=core.turn_ids)
    check(core, world)


def test_a_failure_of_its_session_is_counted_for_each_prompt() -> None:
    """An outcome of another kind has no number of attempts."""
    core, world = made(make=Pairs)
    send(core, "a")
    world.step()
    receipts = [send(core, "a") for _ in range(2)]
    world.finish(1)
    world.step()

    world.gone(world.names["a"], CRASHED)

    for each in receipts:
        assert isinstance(each.ended, Failed)
        assert each.ended.attempts == 1
