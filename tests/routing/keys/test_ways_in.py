"""Ways in that few take: what a turn has left, what a session says to itself, lines."""

from __future__ import annotations

from collections import deque
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from actors import (
    Aborted,
    Batch,
    ClosedToNewError,
    Completed,
    Crashed,
    PromptPolicy,
    QuarantinedError,
    QueueFullError,
    RefusedError,
    Replay,
    StillRunningError,
    Turn,
    WhileBusy,
    open_system,
)
from actors.hosting import FOLLOW_UP, PROMPT, ChunkLog, More
from supervision import Backoff, Limits, RestartLimit, start_router
from supervision._routing.core.core import Core
from supervision._routing.core.waiting import Sender, Waiting
from supervision._routing.parts.admission import Offer
from tests.routing.core.double import (
    Later,
    Plain,
    Slow,
    World,
    check,
    handle,
    made,
    send,
)
from tests.sessions.doers import Doer

CRASHED = Crashed(RuntimeError("bang"))


class Bursting(Plain):
    """It waits for more, a second long."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=9, batch=Batch(prompts=9, window=1.0)
    )


class Steered(Plain):
    """What comes while a turn runs steers it."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=2, steering_capacity=1, busy=WhileBusy.STEER
    )


class Forgetful(Plain):
    """It remembers one message."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=9, dedupe=1)


class Sharing(Plain):
    """What comes interrupts the turn, and is taken together with what waits."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=9, batch=Batch(prompts=9), busy=WhileBusy.INTERRUPT
    )


class SlowSharing(Slow):
    """It has not started yet, and is to begin with all that waits."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, batch=Batch(prompts=9))


def parked(core: Core, *keys: str, busy: WhileBusy | None = None) -> list[Sender]:
    """Somebody for each of these keys, who waits if need be."""
    senders = [Sender(Offer(key, "", More(), busy=busy), _nothing) for key in keys]
    for each in senders:
        core.accepting.waiting.enter(each)
    return senders


def _nothing() -> None:
    """Nobody sleeps here."""


def full(make: type[Plain] = Plain) -> tuple[Core, World]:
    """The session a has a turn, and as many prompts wait as may."""
    core, world = made(make=make)
    for _ in range(4):
        send(core, "a")
    world.step()
    return core, world


# ------------------------------------------------------------------- what is remembered


def test_only_messages_with_an_id_are_remembered() -> None:
    """Others put none of them out of its mind."""
    core, world = made(make=Forgetful)
    first = handle(core).send("a", "", id="m")
    for _ in range(3):
        handle(core).send("a", "", origin="here")

    assert handle(core).send("a", "", id="m") is first
    check(core, world)


def test_a_job_runs_until_its_prompt_has_its_outcome() -> None:
    """Its key knows no other by that."""
    core, world = made()
    handle(core).send("a", "", job="nightly")
    handle(core).send("a", "", job="weekly")

    for job in ("nightly", "weekly"):
        with pytest.raises(StillRunningError):
            handle(core).send("a", "", job=job)
    world.finish(1)

    assert handle(core).send("a", "", job="nightly").id == 3


def test_what_is_refused_is_told_to_its_sender_only() -> None:
    """It is no failure to be written down, unless nobody hears of it."""
    core, world = full()

    with pytest.raises(QueueFullError):
        send(core, "a")
    assert world.failures == []
    core.finishing = True
    core.accepting.take([core.accepting.draft("b", "", None)])

    assert world.failures == [
        f"b has not got a prompt that a turn has left for it: {ClosedToNewError('b')}"
    ]


async def test_who_stands_in_line_and_leaves_is_refused_by_nobody() -> None:
    """It is counted as no error."""
    core, _ = full()
    offer = Offer("a", "", More())

    core.accepting.refuse(offer, None)

    assert handle(core).statistics().refused == {}


def test_a_store_changes_nothing_about_who_is_refused() -> None:
    """A queue that is full, and a job that runs: as without one."""
    core, world = made(keeping=Later())
    handle(core).send("a", "", job="nightly")
    world.step()
    with pytest.raises(StillRunningError):
        handle(core).send("a", "", job="nightly")
    for _ in range(3):
        send(core, "a")

    with pytest.raises(QueueFullError):
        send(core, "a")
    assert core.lanes["a"].waiting == 3


def test_a_store_changes_nothing_about_a_trial() -> None:
    """One prompt is let in after a quarantine, and the next when it has ended."""
    limits = Limits(
        sessions=9,
        turns=9,
        restarts=RestartLimit(1, within=60.0),
        quarantine=Backoff(10.0, 40.0, jitter=0.0),
    )
    core, world = made(limits, Plain, Later())
    for _ in range(2):
        send(core, "a")
        world.step()
        world.gone(core.lanes["a"].session, CRASHED)
    world.clock.move(10.0)
    trial = send(core, "a")
    world.step()

    with pytest.raises(QuarantinedError):
        send(core, "a")
    assert trial.turn is not None
    world.finish(trial.turn)

    assert send(core, "a").turn == trial.turn + 1


# ----------------------------------------------------------------------- to be the next


def test_one_that_shares_its_turn_stands_behind_those_that_wait() -> None:
    """Also when it interrupts: they run together, in the order of coming."""
    core, world = made(make=Sharing)
    running = send(core, "a", "0")
    world.step()
    early = send(core, "a", "1", busy=WhileBusy.QUEUE)
    late = send(core, "a", "2")

    assert [each.prompt for each in core.lanes["a"].live()] == ["1", "2"]
    world.die(1)
    world.step()

    assert isinstance(running.ended, Aborted)
    assert early.turn == late.turn == 2


def test_what_gives_way_makes_room() -> None:
    """Whoever waits for it is let in by the same step."""
    core, world = made(make=SlowSharing)
    early = [send(core, "a") for _ in range(3)]
    (sender,) = parked(core, "a", busy=WhileBusy.QUEUE)
    assert sender.receipt is None

    log = ChunkLog[Any](Replay())  # who reads it has a turn of its own
    last = send(core, "a", stream=log, busy=WhileBusy.REPLACE)

    assert {type(each.ended) for each in early} == {Aborted}
    assert sender.receipt is not None
    assert list(core.lanes["a"].live()) == [last, sender.receipt]
    check(core, world)


# ------------------------------------------------------------------- who waits for room


def test_one_that_is_taken_back_lets_in_who_waits() -> None:
    """By the same step."""
    core, _ = full()
    (sender,) = parked(core, "a")
    assert sender.receipt is None

    next(core.lanes["a"].live()).withdraw()

    assert sender.receipt is not None


def test_all_that_is_taken_back_lets_in_who_waits() -> None:
    """Before the turn that was aborted with it has ended."""
    core, _ = full()
    (sender,) = parked(core, "a")

    core.verbs.cancel_all("a", "why")

    assert sender.receipt is not None


def test_a_turn_that_is_taken_back_before_it_is_one_lets_in_who_waits() -> None:
    """The session has not started."""
    core, world = made(make=Slow)
    first, *_ = [send(core, "a") for _ in range(3)]
    (sender,) = parked(core, "a")

    core.verbs.cancel("a", hard=True, reason="why", hint=None)

    assert first.ended == Aborted("why")
    assert sender.receipt is not None
    check(core, world)


@pytest.mark.parametrize("past", [False, True])
def test_a_start_that_fails_lets_in_who_waits(*, past: bool) -> None:
    """The prompts that waited have failed: there is room."""
    core, world = made(Limits(sessions=9, turns=9, backoff=None), Slow)
    if past:
        send(core, "a")
        world.started("a")
        world.step()
        world.gone(world.names["a"], CRASHED)
    for _ in range(3):
        send(core, "a")
    (sender,) = parked(core, "a")
    assert sender.receipt is None

    world.gone(core.lanes["a"].session, CRASHED)

    assert sender.receipt is not None
    world.started("a")
    assert sender.receipt.turn == core.turn_ids
    check(core, world)


def test_a_burst_that_is_taken_back_leaves_an_idle_session() -> None:
    """At once, not when the moment would have been over."""
    core, world = made(make=Bursting)
    send(core, "a")

    core.verbs.cancel_all("a", "why")

    assert core.lanes["a"] in core.idle
    check(core, world)


def test_whoever_is_refused_at_last_is_refused_once() -> None:
    """There was room in the queue all the while, and none at the checkpoint."""
    core, world = made(make=Steered)
    send(core, "a")
    world.step()
    send(core, "a")
    woken: list[str] = []
    sender = Sender(Offer("a", "", More()), lambda: woken.append("once"))
    core.accepting.waiting.enter(sender)
    assert core.lanes["a"].waiting == 0

    core.accepting.close()

    assert isinstance(sender.error, ClosedToNewError)
    assert woken == ["once"]
    assert handle(core).statistics().refused == {"ClosedToNewError": 1}


def test_who_finds_no_room_yet_stays_the_first_in_line() -> None:
    """Others behind it are not asked first the next time."""
    core, world = made(make=Steered)
    send(core, "a")
    world.step()
    send(core, "a")
    senders = parked(core, "a", "a", "a")

    core.accepting.waiting.admit_parked(core.lanes["a"])

    extra = core.lanes["a"].extra
    assert extra is not None
    assert list(extra.parked or ()) == senders


def test_who_comes_later_is_not_let_in_before_the_first() -> None:
    """Not even where there is room for it, and none for the first."""
    core, world = made(make=Steered)
    send(core, "a")
    world.step()
    send(core, "a")
    waits, _ = [send(core, "a", busy=WhileBusy.QUEUE) for _ in range(2)]
    senders = parked(core, "a") + parked(core, "a", busy=WhileBusy.QUEUE)

    waits.withdraw()

    extra = core.lanes["a"].extra
    assert extra is not None
    assert list(extra.parked or ()) == senders


@pytest.mark.parametrize("room", [0, 1, 3])
def test_a_store_lets_in_so_many_in_their_order(room: int) -> None:
    """And the others stay in theirs."""
    line: deque[Sender] = deque()
    left = room

    def admit(offer: Offer) -> Any:
        nonlocal left
        if not left and offer.key != "c":  # the last one is small
            raise RefusedError(offer.key)
        left -= 1
        return offer

    def line_for(error: object) -> deque[Sender]:
        del error
        return line

    def refuse(offer: Offer, error: object) -> None:
        del offer, error

    core = SimpleNamespace(keeping=SimpleNamespace(line_for=line_for))
    waiting = Waiting(core, admit, refuse)
    senders = [Sender(Offer(key, "", More()), _nothing) for key in "abc"]
    for each in senders:
        each.line = line
        line.append(each)

    waiting.admit_line(line)

    assert list(line) == senders[room:]
    assert [each.receipt is not None for each in senders] == [
        number < room for number in range(3)
    ]


# ---------------------------------------------------------------- what turns have left


@pytest.mark.parametrize("why", ["finishing", "ending"])
def test_nothing_that_is_left_starts_a_key_at_the_end(why: str) -> None:
    """When a drain's time is over, and when the router ends."""
    core, world = made()
    if why == "finishing":
        core.finishing = True
    else:
        world.ending = True

    core.accepting.take([core.accepting.draft("b", "", None)])

    assert core.lanes == {}
    assert handle(core).statistics().refused == {"ClosedToNewError": 1}


def test_a_key_that_a_turn_has_sent_to_is_nobodys() -> None:
    """It has no tenant, and counts for none."""
    core, _ = made(Limits(sessions=9, turns=9, sessions_per_tenant=1))

    core.accepting.take([core.accepting.draft("b", "", None)])

    look = handle(core).inspect("b")
    assert look is not None
    assert look.tenant is None
    assert core.admission._tenants == {}


async def test_what_a_session_says_to_itself_has_a_turn_of_its_own() -> None:
    """It is not steered into the turn that says it; the next turn sees where from."""
    seen: list[object] = []

    class Musing(Doer):
        prompts = PromptPolicy(busy=WhileBusy.STEER, batch=Batch())

        async def take_turn(self, turn: Turn[Any, Any]) -> object:
            seen.append([(each.kind, each.origin) for each in turn.receipts])
            if turn.prompt == "first":
                self.follow_up("second", origin="thought")
                self.follow_up("third")
                await turn.checkpoint()
            return turn.prompt

    async with open_system() as system:
        router = start_router(system, Musing)
        assert await router.send("a", "first").outcome() == Completed("first", turn=1)

    assert seen == [[(PROMPT, None)], [(FOLLOW_UP, "thought")], [(FOLLOW_UP, None)]]
