"""Who waits for room is let in in the order of coming, by whatever makes room."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from actors import (
    ClosedToNewError,
    CloseReason,
    Completed,
    Failed,
    PromptPolicy,
    Receipt,
    SaturatedError,
    Steered,
    WhileBusy,
    Withdrawal,
    Withdrawn,
)
from actors._sessions.turns.steering import taken_by
from actors.hosting import More
from supervision import Backoff, Limits
from supervision._routing.core.core import Core
from supervision._routing.core.draining import drain
from supervision._routing.core.waiting import Sender
from supervision._routing.parts import lane as lanes
from supervision._routing.parts.admission import Offer
from tests.routing.core.double import Later, Plain, World, check, made, send
from tests.routing.core.test_lives import crash

ONE = Limits(sessions=1, turns=9)


def waiting(core: Core, *keys: str) -> list[Sender]:
    """Somebody for each of these keys, who waits if need be."""
    senders = [Sender(Offer(key, "", More()), _nothing) for key in keys]
    for each in senders:
        core.accepting.waiting.enter(each)
    return senders


def _nothing() -> None:
    """Nobody sleeps here."""


def let_in(senders: list[Sender]) -> list[str]:
    """The keys of those that have their receipts."""
    return [each.offer.key for each in senders if each.receipt is not None]


def test_those_who_wait_for_a_place_keep_their_order() -> None:
    """Whoever is looked at in vain is the first of the next time."""
    core, world = made(ONE)
    send(core, "a")
    senders = waiting(core, "b", "c", "d")

    for turn, keys in enumerate(["", "b", "bc", "bcd"]):
        assert let_in(senders) == list(keys)
        check(core, world)
        world.finish(turn + 1)


def test_those_who_wait_for_a_queue_keep_their_order() -> None:
    """One is let in for each prompt that a turn takes."""
    core, world = made()
    for _ in range(4):  # one has a turn, three wait
        send(core, "a")
    senders = waiting(core, "a", "a", "a")

    for turn in range(1, 4):
        world.finish(turn)
        assert [each.receipt is not None for each in senders] == [
            number < turn for number in range(3)
        ]
        check(core, world)


def test_a_key_that_is_closed_lets_in_who_waits_for_a_place() -> None:
    """Nobody was idle; now there is room."""
    core, world = made(ONE)
    send(core, "a")
    world.step()
    senders = waiting(core, "b")

    core.verbs.end("a", CloseReason.CLOSED, None)
    world.die(1)

    assert let_in(senders) == ["b"]
    assert list(core.lanes) == ["b"]
    check(core, world)


def test_a_place_that_is_free_soon_is_of_who_waits_for_it() -> None:
    """Its session still cleans up: nobody who comes now passes them."""
    core, world = made(ONE)
    send(core, "a")
    world.step()
    senders = waiting(core, "b", "c")

    core.verbs.end("a", CloseReason.CLOSED, None)

    assert let_in(senders) == ["b"]
    with pytest.raises(SaturatedError):
        send(core, "d")
    check(core, world)
    world.die(1)
    assert list(core.lanes) == ["b"]


def test_who_waits_for_a_key_that_cannot_start_does_not_bring_it_back() -> None:
    """It is let in, fails, and its key is put away, all in one step."""
    limits = Limits(sessions=2, turns=1, backoff=Backoff(1.0, 1.0))
    core, world = made(limits)
    for key in "abbb":
        send(core, key)
    crash(core, world, "b")
    world.unborn = ValueError("unborn")
    (sender,) = waiting(core, "b")
    core.verbs.configure(attrs.evolve(limits, sessions=1))

    core.verbs.end("b", CloseReason.CLOSED, None)

    assert sender.receipt is not None
    assert isinstance(sender.receipt.ended, Failed)
    assert list(core.lanes) == ["a"]
    check(core, world)


def in_place(core: Core, world: World) -> None:
    """The key b waits for the place of a, whose session cleans up."""
    send(core, "a")
    world.finish(1)
    world.quick = False
    send(core, "b")


def in_backoff(core: Core, world: World) -> None:
    """The session of b has crashed; its prompt waits for a successor."""
    send(core, "b", attempts=2)
    world.step()
    crash(core, world, "b")


def in_a_turn(core: Core, world: World) -> None:
    """The session of b has a turn."""
    send(core, "b")
    world.step()


@pytest.mark.parametrize("how", [CloseReason.RESET, CloseReason.CLOSED])
@pytest.mark.parametrize(
    ("lead", "phase"),
    [
        (in_place, lanes.PLACE),
        (in_backoff, lanes.BACKOFF),
        (in_a_turn, lanes.OPEN),
    ],
)
def test_who_waits_for_a_queue_that_is_emptied_is_let_in(
    lead: Callable[[Core, World], None], phase: int, how: CloseReason
) -> None:
    """A key is reset, or closed: they have not been accepted, so they come after it."""
    core, world = made(Limits(sessions=1, turns=9, backoff=Backoff(1.0, 1.0)))
    lead(core, world)
    assert core.lanes["b"].phase == phase
    while core.lanes["b"].waiting < 3:
        send(core, "b")
    senders = waiting(core, "b", "b")
    assert let_in(senders) == []

    core.verbs.end("b", how, "why")

    assert let_in(senders) == ["b", "b"]
    if phase == lanes.PLACE:
        world.gone(core.lanes["a"].session)
    for turn in (1, 2, 3):
        if turn in world.begun and core.turns.running[turn].verdict is not None:
            world.die(turn)
    world.clock.move(2.0)
    for each in senders:
        assert each.receipt is not None
        assert each.receipt.turn is not None
        world.finish(each.receipt.turn)
        assert isinstance(each.receipt.ended, Completed)
    check(core, world)


def test_who_waits_is_refused_when_nobody_is_let_in_any_more() -> None:
    """For room in a queue, and for a place: at once, and woken."""
    core, world = made(ONE)
    for _ in range(4):
        send(core, "a")
    world.step()
    senders = waiting(core, "a", "b", "a")

    core.accepting.close()

    assert [type(each.error) for each in senders] == [ClosedToNewError] * 3
    assert core.books.refused == {"ClosedToNewError": 3}
    assert not core.accepting.waiting.crowd
    check(core, world)


def test_what_a_turn_sends_wakes_an_idle_session() -> None:
    """It is idle no more from that step on."""
    core, world = made()
    send(core, "b")
    world.finish(1)
    assert core.lanes["b"] in core.idle

    core.accepting.take([core.accepting.draft("b", "x", None)])

    assert core.lanes["b"] not in core.idle
    world.finish(2)
    assert core.lanes["b"] in core.idle
    check(core, world)


class Steers(Plain):
    """What comes while a turn runs steers it; one may wait for a checkpoint."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=3, steering_capacity=1, busy=WhileBusy.STEER
    )


class SteersTwo(Plain):
    """Two may wait for a checkpoint."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=3, steering_capacity=2, busy=WhileBusy.STEER
    )


def steering() -> tuple[Core, World, Receipt[Any], list[Sender]]:
    """A turn, a prompt that waits for its checkpoint, and who waits for room there."""
    core, world = made(make=Steers)
    send(core, "a")
    world.step()
    return core, world, send(core, "a"), waiting(core, "a", "a")


def test_a_checkpoint_lets_in_who_waits_for_room_there() -> None:
    """One for each that it takes: they steer this turn too."""
    core, world, first, senders = steering()
    run = core.lanes["a"].turn
    assert let_in(senders) == []

    assert taken_by(run) == (first,)

    assert let_in(senders) == ["a"]
    second = senders[0].receipt
    assert second is not None
    assert taken_by(run) == (second,)
    assert second.ended == Steered(turn=1)
    assert let_in(senders) == ["a", "a"]
    world.finish(1)
    check(core, world)


def test_one_that_is_taken_back_before_the_checkpoint_makes_room_there() -> None:
    """For the first of those who wait."""
    _, _, first, senders = steering()

    assert first.withdraw() is Withdrawal.WITHDRAWN

    assert let_in(senders) == ["a"]
    assert senders[1].receipt is None


@pytest.mark.parametrize("hard", [False, True])
def test_a_turn_that_ends_lets_in_who_waits_for_its_checkpoint(*, hard: bool) -> None:
    """Of one that is aborted nothing is left that would."""
    core, world, first, senders = steering()

    core.verbs.cancel("a", hard=hard, reason="why", hint="enough")
    assert first.ended == Withdrawn("why")
    if hard:
        world.die(1)
    else:
        world.finish(1)
    world.step()

    assert let_in(senders) == ["a", "a"]
    world.finish(2)
    world.finish(3)
    assert all(each.receipt and each.receipt.ended for each in senders)
    check(core, world)


def test_what_no_checkpoint_has_taken_can_be_taken_back_from_the_queue() -> None:
    """It waits there as any other, and is counted so."""
    core, world = made(make=SteersTwo)
    send(core, "a")
    world.step()
    _, second = send(core, "a"), send(core, "a")
    world.finish(1)
    assert core.lanes["a"].waiting == 1

    assert second.withdraw() is Withdrawal.WITHDRAWN

    assert core.lanes["a"].waiting == 0
    world.finish(2)
    check(core, world)


def test_what_is_tried_again_can_be_taken_back_meanwhile() -> None:
    """No turn has it any more when the end of the first one has been kept."""
    keeping: Any = Later("ended")
    limits = Limits(sessions=9, turns=9, backoff=Backoff(1.0, 1.0))
    core, world = made(limits, keeping=keeping)
    receipt = send(core, "a", attempts=2)
    world.step()
    crash(core, world)
    assert receipt.turn == 1

    keeping.release("ended")

    assert receipt.turn is None
    assert receipt.withdraw() is Withdrawal.WITHDRAWN


def test_a_store_hears_of_a_turn_that_has_its_slot_and_does_not_begin() -> None:
    """Its mark is worth nothing; of one without a slot there is none."""
    keeping: Any = Later("begins")
    core, world = made(Limits(sessions=9, turns=1), keeping=keeping)
    send(core, "a")
    send(core, "b")

    crash(core, world, "b")
    assert "unbegun 2" not in keeping.log
    crash(core, world, "a")

    assert "unbegun 1" in keeping.log


def test_how_long_a_prompt_has_waited_is_from_its_coming() -> None:
    """Not from the beginning of time."""
    core, world = made()
    world.clock.move(5.0)
    send(core, "a")
    world.clock.move(7.0)

    world.finish(1)

    assert (core.books.wait_seconds, core.books.wait_longest) == (2.0, 2.0)


async def test_a_drain_ends_with_the_last_prompt_that_is_taken_back(
    autojump_clock: trio.abc.Clock,
) -> None:
    """It waits for a successor that is not there yet; nothing else is left."""
    del autojump_clock
    core, world = made(Limits(sessions=9, turns=9, backoff=Backoff(1.0, 1.0)))
    receipt = send(core, "a", attempts=2)
    world.step()
    crash(core, world)
    assert (core.lanes["a"].phase, receipt.turn) == (lanes.BACKOFF, None)

    async def end() -> None:
        report = await drain(core, 10.0)
        assert report.outcomes == {"Withdrawn": 1}
        assert (report.aborted, report.lost) == ((), ())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(end)
        await wait_all_tasks_blocked()
        assert receipt.withdraw("why") is Withdrawal.WITHDRAWN

    assert receipt.ended == Withdrawn("why")
    assert trio.current_time() == 0
    assert core.lanes == {}


async def test_a_drain_waits_for_the_clean_up_of_sessions(
    autojump_clock: trio.abc.Clock,
) -> None:
    """Nobody is killed who ends in time; and without a session it is over at once."""
    del autojump_clock
    core, world = made()
    send(core, "a")
    world.finish(1)
    world.quick = False
    world.said()
    session = core.lanes["a"].session
    over = trio.Event()

    async def end() -> None:
        await drain(core, 10.0)
        over.set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(end)
        await wait_all_tasks_blocked()
        assert world.said() == ["end a"]
        assert not over.is_set()
        world.gone(session)

    await drain(core, 10.0)
    assert world.said() == []
    assert trio.current_time() == 0


def test_a_key_that_is_closed_while_it_waits_for_a_place_is_forgotten() -> None:
    """At once, and the place is the next one's."""
    core, world = made(ONE)
    send(core, "a")
    world.finish(1)
    world.quick = False
    old = core.lanes["a"].session
    closed = send(core, "b", tenant="me")
    world.said()

    core.verbs.end("b", CloseReason.CLOSED, "why")

    assert closed.ended == Withdrawn("why")
    assert list(core.lanes) == ["a"]
    assert core.admission.owns("me") == 0
    check(core, world)
    later = send(core, "c")
    world.gone(old)
    assert later.turn is not None
    check(core, world)
