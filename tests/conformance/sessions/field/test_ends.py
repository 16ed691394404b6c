"""Turns that end in disorder: A19, A21 and A23."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    ActorStopped,
    ChildOrphaned,
    ClosedToNewError,
    Failed,
    Outcome,
    PromptPolicy,
    PromptRefused,
    Receipt,
    SessionOpened,
    SessionStartError,
    Turn,
    TurnEnded,
    TurnOverError,
    TurnPolicy,
    TurnResumed,
    TurnStalled,
    open_system,
)
from actors.testing import TurnLog
from supervision import Limits, start_router
from tests.conformance.sessions.turns.test_children import (
    Deed,
    Doer,
    Notes,
    open_family,
)


class Watched(Doer):
    """It is asked whether it lives every second; its turns have a while to end."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(
        alive_every=1.0, abort_grace=60.0, stalls=(2.0,), cleanup_within=3.0
    )

    async def alive(self) -> bool:
        self.notes.log.append("alive")
        return True


async def be_slow(turn: Turn[Any, str]) -> None:
    """A child that needs ten seconds to go, whatever happens."""
    del turn
    with trio.CancelScope(shield=True):
        await trio.sleep(10)


@pytest.mark.parametrize("critical", [False, True])
async def test_a19_a_turn_that_fails_waits_for_its_slow_child(
    autojump_clock: trio.abc.Clock, *, critical: bool
) -> None:
    """The alive clock comes ten times meanwhile, and the outcome is the failure."""
    del autojump_clock

    async def fail(turn: Turn[Deed, str]) -> None:
        await turn.start_child(be_slow, critical=critical)
        await trio.sleep(0.5)  # it has begun
        why = "why"
        raise ValueError(why)

    async with open_family(Watched) as (_, router, system):
        log = TurnLog(system)
        begun = trio.current_time()
        first, second = router.send("a", fail), router.send("a", _answer)

        outcome = await first.outcome()

        assert trio.current_time() - begun == 10.0
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, ValueError)
        assert (await second.outcome()).turn != outcome.turn
        assert not log.of(ChildOrphaned)


async def _answer(turn: Turn[Deed, str]) -> str:
    await turn.emit("answer")
    return "answer"


@pytest.mark.parametrize("how", ["finish", "router", "close"])
async def test_a19_no_critical_child_begins_in_a_session_that_is_ending(
    autojump_clock: trio.abc.Clock, how: str
) -> None:
    """Whoever asks for one is refused at once, and everything comes to its end."""
    del autojump_clock
    refused: list[TurnOverError] = []
    sessions: list[Any] = []

    class Leaving(Watched):
        """It can be told to finish."""

        def started(self) -> None:
            sessions.append(self)

    async def ask_late(turn: Turn[Deed, str]) -> None:
        try:
            await trio.sleep_forever()
        finally:
            with trio.CancelScope(shield=True):
                await trio.sleep(2)
                with pytest.raises(TurnOverError) as caught:
                    await turn.start_child(be_slow, critical=True)
                refused.append(caught.value)

    with trio.fail_after(1000):
        async with open_family(Leaving) as (_, router, _system):
            receipt = router.send("a", ask_late)
            await trio.sleep(1)
            match how:
                case "finish":
                    sessions[0].finish()
                case "router":
                    router.ref.stop()
                case _:
                    router.close("a")
            outcome = await receipt.outcome()

    assert isinstance(outcome, Aborted)
    assert len(refused) == 1


async def test_a19_the_block_is_left_whatever_the_child_does(
    autojump_clock: trio.abc.Clock,
) -> None:
    """The system ends while a failing turn waits for its critical child."""
    del autojump_clock

    async def fail(turn: Turn[Deed, str]) -> None:
        await turn.start_child(be_slow, critical=True)
        await trio.sleep(0.5)
        why = "why"
        raise ValueError(why)

    with trio.fail_after(100):
        async with open_family(Watched) as (_, router, _system):
            receipt = router.send("a", fail)
            await trio.sleep(3.5)

    assert isinstance(receipt.ended, Failed)
    assert isinstance(receipt.ended.error, ValueError)


# ---------------------------------------------------------------------------------- A21


def leaves(error: BaseException) -> list[BaseException]:
    """What is in it, without the groups."""
    group: Any = error
    if isinstance(error, BaseExceptionGroup):
        return [leaf for each in group.exceptions for leaf in leaves(each)]
    return [error]


@pytest.mark.parametrize("first", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("second", [KeyboardInterrupt, SystemExit, ValueError, None])
async def test_a21_an_interrupt_leaves_whatever_the_hook_raises(
    first: type[BaseException], second: type[BaseException] | None
) -> None:
    """Out of the body, and out of `turn_ended`: an interrupt is never swallowed."""
    receipts: list[Receipt[Any]] = []

    class Hooked(Doer):
        """Its hook raises too."""

        async def turn_ended(self, turn: Turn[Deed, str], outcome: Outcome) -> None:
            self.notes.log.append(type(outcome).__name__)
            del turn
            if second is not None:
                raise second

    async def interrupt(turn: Turn[Deed, str]) -> None:
        await turn.emit("one")
        raise first

    notes = Notes()
    with pytest.raises(BaseException) as caught:  # noqa: PT011, PT012 - one story
        async with open_system() as system:
            router = start_router(system, Hooked, notes)
            receipts.append(router.send("a", interrupt))
            await trio.sleep_forever()

    found = {type(each) for each in leaves(caught.value)}
    assert first in found
    if second is not None and not issubclass(second, Exception):
        assert second in found
    assert notes.log == ["Failed"]
    assert isinstance(receipts[0].ended, Failed)


# ---------------------------------------------------------------------------------- A23


@pytest.mark.parametrize("end", ["close", "abort"])
async def test_a23_the_hook_of_a_turn_that_was_given_up_runs_once(
    autojump_clock: trio.abc.Clock, end: str
) -> None:
    """Also while its session ends, before the outcome is told; late words are none."""
    del autojump_clock
    door = trio.Event()

    class Hooked(Doer):
        """It writes down how its turns end."""

        turns: ClassVar[TurnPolicy] = TurnPolicy(abort_grace=5.0, cleanup_within=1.0)

        async def turn_ended(self, turn: Turn[Deed, str], outcome: Outcome) -> None:
            self.notes.log.append(f"{turn.id} {type(outcome).__name__} {outcome.late}")

    async def be_deaf(turn: Turn[Deed, str]) -> None:
        del turn
        with trio.CancelScope(shield=True):
            await door.wait()

    async with open_family(Hooked) as (notes, router, _):
        receipt = router.send("a", be_deaf)
        await trio.sleep(1)
        turn = receipt.turn
        assert turn is not None
        if end == "close":
            router.close("a")
        else:
            router.abort(turn)
        outcome = await receipt.outcome()
        assert isinstance(outcome, Aborted)
        assert outcome.late
        assert notes.log == [f"{turn} Aborted True"]
        door.set()
        await trio.sleep(10)

    assert notes.log == [f"{turn} Aborted True"]


async def test_a23_a_turn_that_has_ended_does_not_resume(
    autojump_clock: trio.abc.Clock,
) -> None:
    """A sign of life in its hook, or later, is told by no event."""
    del autojump_clock
    turns: list[Turn[Any, Any]] = []

    class Lively(Watched):
        """Its hook gives a sign of life."""

        async def turn_ended(self, turn: Turn[Deed, str], outcome: Outcome) -> None:
            del outcome
            turn.progress()
            turns.append(turn)

    async def stall(turn: Turn[Deed, str]) -> None:
        del turn
        await trio.sleep(3)

    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(system, Lively, Notes())
        await router.send("a", stall).outcome()
        turns[0].progress()
        await trio.sleep(5)
        kinds = [type(each) for each in log.events]
        assert kinds.count(TurnStalled) == 1
        assert kinds.count(TurnResumed) == 0
        assert kinds.count(TurnEnded) == 1
    log.check()


async def test_a23_a_session_that_was_never_born_is_no_generation() -> None:
    """Its constructor has failed: the first that is born is the first."""
    broken = [True]

    class Fragile(Doer):
        """It cannot be made at first."""

        def __init__(self, notes: Notes) -> None:
            super().__init__(notes)
            if broken:
                broken.clear()
                why = "why"
                raise ValueError(why)

    async with open_system() as system:
        log = TurnLog(system)
        router = start_router(
            system, Fragile, Notes(), limits=Limits(sessions=1, turns=1)
        )
        assert isinstance(await router.send("a", _answer).outcome(), Failed)
        await router.send("a", _answer).outcome()
        opened = [each for each in log.events if isinstance(each, SessionOpened)]
        assert [each.generation for each in opened] == [1]
    log.check()


@pytest.mark.parametrize("line", ["its key's", "the crowd"])
@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_a23_who_waits_is_refused_before_the_routers_end(
    line: str, end: str
) -> None:
    """In line for a queue, or for a place: nothing is told of a router that is gone."""
    refused: list[str] = []

    class Narrow(Doer):
        """One prompt may wait."""

        prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=1)

    async def wait_for_ever(turn: Turn[Deed, str]) -> None:
        del turn
        await trio.sleep_forever()

    async def wait_for_room(key: str) -> None:
        with pytest.raises(ClosedToNewError):
            await router.send_wait(key, _answer)
        refused.append(key)

    async with open_system() as system:
        told = system.subscribe(PromptRefused, ActorStopped)
        limits = Limits(sessions=1, turns=1)
        router = start_router(system, Narrow, Notes(), limits=limits)
        router.send("a", wait_for_ever)
        await settle()
        async with trio.open_nursery() as nursery:
            if line == "the crowd":
                nursery.start_soon(wait_for_room, "b")
            else:
                router.send("a", _answer)
                nursery.start_soon(wait_for_room, "a")
            await settle()
            if end == "stop":
                router.ref.stop()
            else:
                router.ref.kill()
            await router.ref.wait_stopped()
        events = told.drain()
    mine = [type(each) for each in events if each.ref is router.ref]

    assert refused == ["b" if line == "the crowd" else "a"]
    assert mine == [PromptRefused, ActorStopped]


@pytest.mark.parametrize("how", ["raises", "is late", "constructor"])
async def test_a23_a_failed_start_leaves_no_dead_letter_of_the_engines_own(
    autojump_clock: trio.abc.Clock, how: str
) -> None:
    """Nobody had told that session anything; its prompts have their outcome."""
    del autojump_clock

    class Unable(Doer):
        """It does not start."""

        def __init__(self, notes: Notes) -> None:
            super().__init__(notes)
            if how == "constructor":
                why = "why"
                raise ValueError(why)

        async def started(self) -> None:
            if how == "is late":
                await trio.sleep_forever()
            why = "why"
            raise ValueError(why)

    async with open_system() as system:
        limits = Limits(sessions=1, turns=1, start_within=3.0)
        router = start_router(system, Unable, Notes(), limits=limits)
        outcome = await router.send("a", _answer).outcome()
        assert isinstance(outcome, Failed)
        assert isinstance(outcome.error, SessionStartError)
        router.close("a")
        router.ref.stop()
        await router.ref.wait_stopped()
        letters = system.dead_letters

    assert not letters
