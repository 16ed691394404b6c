"""What is written out for speed comes to what the long way comes to, row by row.

Each row is a situation, made twice: in one router the prompt goes in by `send`, which
may take a short cut; in the other by `offer`, which takes none, and turns end there
with all that a short end leaves out (`hindered`).  Then both are led to
their ends, and are the same at each step.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, ClassVar, TypeAlias

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import (
    Batch,
    CloseReason,
    Finished,
    PromptAccepted,
    PromptPolicy,
    RefusedError,
    WhileBusy,
)
from actors.hosting import ASIDE, FOLLOW_UP, PROMPT, More
from supervision import Limits
from supervision._routing.core.accepting import Accepting
from supervision._routing.core.core import Core
from supervision._routing.core.waiting import Sender
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
from tests.routing.parts.making import PROPERTY

Act: TypeAlias = Callable[[Core, World], object]


class Batching(Plain):
    """Takes two at once."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, batch=Batch(prompts=2))


class Steering(Plain):
    """What comes while a turn runs steers it."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=3, steering_capacity=1, busy=WhileBusy.STEER
    )


class Never(Plain):
    """Nothing steers it."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(
        capacity=2, busy=WhileBusy.NEVER_STEER
    )


class Refusing(Plain):
    """What comes while it has a turn is refused."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, busy=WhileBusy.REFUSE)


class Interrupting(Plain):
    """What comes while a turn runs interrupts it."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=3, busy=WhileBusy.INTERRUPT)


def sends(key: str, number: int = 1) -> Act:
    """Offer so many, the long way."""

    def act(core: Core, _: World) -> None:
        for _n in range(number):
            send(core, key)

    return act


def idle(core: Core, world: World) -> None:
    """The session a has had a turn."""
    send(core, "a")
    world.finish(core.turn_ids)


def running(core: Core, world: World) -> None:
    """The session a has a turn, and had one."""
    idle(core, world)
    send(core, "a")
    world.step()


def both(*acts: Act) -> Act:
    """One after the other."""

    def act(core: Core, world: World) -> None:
        for each in acts:
            each(core, world)

    return act


def fill_slots(core: Core, world: World) -> None:
    """Other keys have all the slots."""
    for key in "xyz":
        send(core, key)
    world.step()


def listen(_: Core, world: World) -> None:
    """Somebody wants to know."""
    world.events.wanted.add(PromptAccepted)


def end_soon(_: Core, world: World) -> None:
    """The router is to end."""
    world.ending = True


def close_door(core: Core, _: World) -> None:
    """No more prompts."""
    core.accepting.close()


def finishing(core: Core, _: World) -> None:
    """The time of a drain is over."""
    core.finishing = True


def crash(core: Core, world: World) -> None:
    """The session's actor is gone, and nothing waits."""
    world.gone(core.lanes["a"].session, Finished())


def end(how: CloseReason) -> Act:
    """Reset or close it while its turn runs."""
    return lambda core, _: core.verbs.end("a", how, None)


def soft_abort(core: Core, _: World) -> None:
    """Ask its turn to end."""
    core.verbs.cancel("a", hard=False, reason=None, hint=None)


def hard_abort(core: Core, _: World) -> None:
    """Tell its turn to end."""
    core.verbs.cancel("a", hard=True, reason=None, hint=None)


def cancel_all(core: Core, _: World) -> None:
    """Take back what waits."""
    core.verbs.cancel_all("a", None)


def other(kind: Any, **options: Any) -> Act:
    """A prompt of another kind."""
    return lambda core, _: send(core, "a", kind=kind, **options)


def reconfigure(core: Core, _: World) -> None:
    """Other limits."""
    core.verbs.configure(Limits(sessions=9, turns=1))


ROWS: dict[str, tuple[type[Plain], Act]] = {
    "a new key": (Plain, sends("b")),
    "idle": (Plain, idle),
    "idle, and somebody listens": (Plain, both(idle, listen)),
    "idle, the router is to end": (Plain, both(idle, end_soon)),
    "idle, no more prompts": (Plain, both(idle, close_door)),
    "idle, the drain is over": (Plain, both(idle, close_door, finishing)),
    "idle, no slot": (Plain, both(idle, fill_slots)),
    "idle, other limits": (Plain, both(idle, reconfigure)),
    "idle, a session that batches": (Batching, idle),
    "idle, a session that is steered": (Steering, idle),
    "idle, its session has gone": (Plain, both(idle, crash)),
    "idle, was reset": (Plain, both(idle, end(CloseReason.RESET))),
    "idle, was closed": (Plain, both(idle, end(CloseReason.CLOSED))),
    "idle, a side question runs": (Plain, both(idle, other(ASIDE))),
    "starting": (Slow, sends("a")),
    "starting, full": (Slow, sends("a", 3)),
    "its first turn has not begun": (Plain, sends("a")),
    "running": (Plain, running),
    "running, one waits": (Plain, both(running, sends("a"))),
    "running, nearly full": (Plain, both(running, sends("a", 2))),
    "running, full": (Plain, both(running, sends("a", 3))),
    "running, a follow-up waits": (Plain, both(running, other(FOLLOW_UP))),
    "running, steering waits": (Plain, both(running, other(ASIDE), sends("a"))),
    "running, one waits, and somebody listens": (
        Plain,
        both(running, sends("a"), listen),
    ),
    "running, one waits, the router is to end": (
        Plain,
        both(running, sends("a"), end_soon),
    ),
    "running, one waits, no more prompts": (
        Plain,
        both(running, sends("a"), close_door),
    ),
    "running, one waits, is asked to end": (
        Plain,
        both(running, sends("a"), soft_abort),
    ),
    "running, one waits, is told to end": (
        Plain,
        both(running, sends("a"), hard_abort),
    ),
    "running, all were taken back": (Plain, both(running, sends("a", 2), cancel_all)),
    "running, one waits, is reset": (
        Plain,
        both(running, sends("a"), end(CloseReason.RESET)),
    ),
    "running, one waits, is closed": (
        Plain,
        both(running, sends("a"), end(CloseReason.CLOSED)),
    ),
    "running, is closed": (Plain, both(running, end(CloseReason.CLOSED))),
    "running, a session that batches": (Batching, both(running, sends("a"))),
    "running, a session that is steered": (Steering, both(running)),
    "running, a session that is steered, a follow-up waits": (
        Steering,
        both(running, other(FOLLOW_UP)),
    ),
    "running, its checkpoint is full": (Steering, both(running, sends("a"))),
    "idle, a session that refuses": (Refusing, idle),
    "running, a session that refuses": (Refusing, running),
    "idle, a session that is interrupted": (Interrupting, idle),
    "running, a session that is interrupted": (Interrupting, running),
    "running, interrupted, and one waits": (Interrupting, both(running, sends("a"))),
    "running, nothing steers": (Never, both(running, sends("a"))),
    "running, nothing steers, full": (Never, both(running, sends("a", 2))),
}


@attrs.frozen
class Facts:
    """All that can be seen of a router and of what it has done."""

    log: tuple[str, ...]
    events: tuple[object, ...]
    lanes: tuple[object, ...]
    numbers: tuple[object, ...]


def facts(core: Core, world: World) -> Facts:
    """What there is to be seen."""
    lanes: tuple[object, ...] = tuple(
        (
            key,
            lane.phase,
            lane.room,
            lane.waiting,
            lane.husks,
            lane.queue is None,
            tuple((each.id, each.turn, each.ended) for each in lane.live()),
            lane.turn and (lane.turn.id, lane.turn.slot, lane.turn.verdict),
            lane in core.idle,
            lane.since,
            lane.generation,
            repr(lane.state),
        )
        for key, lane in core.lanes.items()
    )
    numbers = (
        *(core.ids, core.unused, core.turn_ids, core.accepted, core.unsettled),
        *(core.slots.running, core.slots.waiting, core.places.used),
        *(dict(core.books.refused), core.books.prompts(), core.books.turns()),
        *(sorted(core.turns.running), dict(core.books.closed)),
    )
    return Facts(tuple(world.log), tuple(world.published), lanes, numbers)


def quickly(core: Core, key: str, prompt: object) -> object:
    """Send as users do; its receipt's number, or what it was refused with."""
    try:
        return handle(core).send(key, prompt).id
    except RefusedError as error:
        return str(error)


def slowly(core: Core, key: str, prompt: object) -> object:
    """The same, the long way."""
    try:
        return send(core, key, prompt).id
    except RefusedError as error:
        return str(error)


class Unheard:
    """An event that there is not: somebody listens, and nothing is told."""


def hindered(core: Core, world: World) -> None:
    """No turn that ends now has a short end."""
    world.events.wanted.add(Unheard)
    for lane in core.lanes.values():
        lane.need_extra()


def lead_to_the_end(core: Core, world: World, steps: int) -> None:
    """Finish what runs, one after the other."""
    for _ in range(steps):
        if world.begun:
            world.clock.move(world.clock.now() + 1.0)
            world.finish(next(iter(world.begun)))
            check(core, world)


@pytest.mark.parametrize("row", ROWS)
def test_a_short_cut_comes_to_what_the_long_way_comes_to(row: str) -> None:
    """Whatever the situation: the same receipts, refusals, turns and books."""
    make, situation = ROWS[row]
    limits = Limits(sessions=9, turns=3)
    (short, world), (long, other_world) = made(limits, make), made(limits, make)
    situation(short, world)
    situation(long, other_world)
    assert facts(short, world) == facts(long, other_world)

    for number in range(3):
        assert quickly(short, "a", number) == slowly(long, "a", number)
        assert facts(short, world) == facts(long, other_world)
        check(short, world)

    for _ in range(8):
        lead_to_the_end(short, world, 1)
        hindered(long, other_world)
        lead_to_the_end(long, other_world, 1)
        assert facts(short, world) == facts(long, other_world)


def _nothing() -> None:
    """They are not told."""


def crowded(core: Core, _: World) -> None:
    """Other keys wait for a place."""
    for key in ("q", "r"):
        more = More()
        more.kind = PROMPT
        core.accepting.waiting.enter(
            Sender(Offer(key, 1, more, None, steer=False), _nothing)
        )


def places(number: int) -> Act:
    """So many sessions at most."""
    limits = Limits(sessions=number, turns=3)
    return lambda core, _: core.verbs.configure(limits)


ENDS: dict[str, tuple[type[Plain], Act]] = {
    "running": (Plain, running),
    "a first turn": (Plain, both(sends("a"), lambda _, world: world.step())),
    "a side question runs": (Plain, both(running, other(ASIDE))),
    "the drain is over": (Plain, both(running, close_door, finishing)),
    "no more prompts": (Plain, both(running, close_door)),
    "others wait for a place": (Plain, both(running, places(1), crowded)),
    "fewer places than sessions": (Plain, both(running, sends("b"), places(1))),
    "it is closed": (Plain, both(running, end(CloseReason.CLOSED))),
    "it is steered": (Steering, running),
    "it is told to end": (Plain, both(running, hard_abort)),
    "the first that is idle": (Plain, both(fill_slots, sends("a"))),
}


@pytest.mark.parametrize("row", ENDS)
def test_a_short_end_comes_to_what_the_long_end_comes_to(row: str) -> None:
    """Whatever the situation, turn after turn."""
    make, situation = ENDS[row]
    limits = Limits(sessions=9, turns=3)
    (short, world), (long, other_world) = made(limits, make), made(limits, make)
    situation(short, world)
    situation(long, other_world)
    for _ in range(8):
        lead_to_the_end(short, world, 1)
        hindered(long, other_world)
        lead_to_the_end(long, other_world, 1)
        assert facts(short, world) == facts(long, other_world)
        for each, around in ((short, world), (long, other_world)):
            around.clock.move(around.clock.now() + each.limits.idle / 2)
        assert facts(short, world) == facts(long, other_world)


@pytest.mark.parametrize("row", ROWS)
def test_what_is_kept_passes_no_hook_by(row: str) -> None:
    """A store is told of each prompt that is accepted, whatever the situation."""
    make, situation = ROWS[row]
    keeping = Later()
    core, world = made(Limits(sessions=9, turns=3), make, keeping)
    situation(core, world)

    for number in range(3):
        quickly(core, "a", number)

    told = [each for each in keeping.log if each.startswith("accepted")]
    assert len(told) == core.accepted


def test_both_short_cuts_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A router of which nothing special is known offers nothing the long way."""
    core, world = made()
    idle(core, world)
    router = handle(core)
    monkeypatch.setattr(Accepting, "admit", None)

    first = router.send("a", 1)  # begins at once
    assert first.turn == 2
    with pytest.raises(TypeError):
        router.send("a", 2)  # the first that waits makes the queue

    monkeypatch.undo()
    core, world = made()
    running(core, world)
    send(core, "a")
    router = handle(core)
    monkeypatch.setattr(Accepting, "admit", None)
    assert [router.send("a", n).turn for n in range(2)] == [None, None]
    with pytest.raises(TypeError):
        router.send("a", 2)  # full: it is asked why


ACTS: dict[str, Act] = {
    "finish": lambda core, world: lead_to_the_end(core, world, 1),
    "step": lambda _, world: world.step(),
    "cancel": hard_abort,
    "cancel all": cancel_all,
    "soft": soft_abort,
    "reset": end(CloseReason.RESET),
    "close": end(CloseReason.CLOSED),
    "others": sends("b"),
    "aside": lambda core, _: _try(core, ASIDE),
    "follow up": lambda core, _: _try(core, FOLLOW_UP),
    "configure": reconfigure,
}


def _try(core: Core, kind: Any) -> None:
    with contextlib.suppress(RefusedError):
        send(core, "a", kind=kind)


@PROPERTY
@given(
    st.sampled_from([Plain, Batching, Steering, Never, Slow]),
    st.lists(st.sampled_from(["send", "send", "send", *ACTS]), max_size=25),
)
def test_whatever_happens_both_ways_come_to_the_same(
    make: type[Plain], plan: list[str]
) -> None:
    """Any plan, once with short cuts and once without."""
    limits = Limits(sessions=2, turns=2)
    (short, world), (long, other_world) = made(limits, make), made(limits, make)
    for act in plan:
        hindered(long, other_world)
        if act == "send":
            assert quickly(short, "a", act) == slowly(long, "a", act)
        else:
            for core, around in ((short, world), (long, other_world)):
                with contextlib.suppress(RefusedError):
                    ACTS[act](core, around)
        assert facts(short, world) == facts(long, other_world)
        check(short, world)
