"""An `ask` that nobody answers: found when the request is dropped, or by a limit."""

from __future__ import annotations

import gc
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorSystem,
    AnyRef,
    NoReplyError,
    Request,
    open_system,
)


@attrs.frozen
class Total(Request[int]):
    """What is asked."""


@attrs.frozen(weakref_slot=False)
class Unwatched(Request[int]):
    """One that takes no weak references."""


class Forgetful(Actor[Any]):
    """A plain `receive` that does not answer."""

    def receive(self, message: Any) -> None:
        del message


class ForgetfulLater(Actor[Any]):
    """One that awaits first."""

    async def receive(self, message: Any) -> None:
        await trio.sleep(1)
        del message


class ForgetfulAsync(Actor[Any]):
    """An `async def` that does not suspend."""

    async def receive(self, message: Any) -> None:
        del message


class Keeper(Actor[Any]):
    """Keeps requests, for later."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def receive(self, message: Any) -> None:
        self.kept.append(message)


class HandsOn(Actor[Any]):
    """Forwards to one that forgets."""

    def __init__(self, other: AnyRef) -> None:
        self.other = other

    def receive(self, message: Any) -> None:
        self.other.forward(message)


class Stasher(Actor[Any]):
    """Stashes the first, and forgets what comes out of the stash."""

    def __init__(self) -> None:
        self.seen = False

    def receive(self, message: Any) -> None:
        if message == "open":
            self.unstash_all()
        elif not self.seen:
            self.seen = True
            self.stash(message)


FORGETFUL = [Forgetful, ForgetfulLater, ForgetfulAsync]


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("cls", FORGETFUL)
async def test_a_request_that_is_dropped_fails_its_asker_at_once(
    cls: type[Actor[Any]], *, debug: bool, autojump_clock: MockClock
) -> None:
    """With an error that names the actor and the request; the actor lives on."""
    del autojump_clock
    async with open_system(debug=debug) as system:
        ref = system.start(cls, name="forgetful")
        begun = trio.current_time()
        for _ in range(3):
            with pytest.raises(NoReplyError) as caught:
                await ref.ask(Total())
            assert caught.value.path == "/forgetful"
            assert caught.value.request == "Total"
            assert "reply()" in str(caught.value)
        took = trio.current_time() - begun
        assert took == pytest.approx(3 if cls is ForgetfulLater else 0)
        assert ref.exit is None


async def test_among_other_messages_too(autojump_clock: MockClock) -> None:
    """Also where many wait, and each asker has its own error."""
    del autojump_clock
    failed: list[str] = []

    async def ask(ref: AnyRef) -> None:
        with pytest.raises(NoReplyError):
            await ref.ask(Total())
        failed.append(ref.name)

    async with open_system() as system, trio.open_nursery() as nursery:
        ref = system.start(ForgetfulLater, name="f")
        for _ in range(5):
            ref.tell_nowait("x")
            nursery.start_soon(ask, ref)

    assert failed == ["f"] * 5


async def test_a_request_that_is_kept_may_be_answered_later() -> None:
    """It waits as long as the actor keeps it; dropped then, it fails."""
    async with open_system() as system:
        ref = system.start(Keeper)
        keeper: Any = ref
        answers: list[object] = []

        async def ask() -> None:
            try:
                answers.append(await ref.ask(Total()))
            except NoReplyError as error:
                answers.append(type(error))

        async with trio.open_nursery() as nursery:
            nursery.start_soon(ask)
            nursery.start_soon(ask)
            await settle()
            gc.collect()
            await settle()
            assert answers == []

            keeper.actor.kept.pop().reply(5)
            await settle()
            assert answers == [5]

            keeper.actor.kept.pop()
        assert answers == [5, NoReplyError]


async def test_who_has_it_last_is_named() -> None:
    """Handed on, it is the second actor's; stashed, it is not dropped."""
    async with open_system() as system:
        last = system.start(Forgetful, name="last")
        first = system.start(HandsOn, last)
        with pytest.raises(NoReplyError, match="/last"):
            await first.ask(Total())

        stasher = system.start(Stasher)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(expect, stasher)
            await settle()
            assert system.statistics().late_replies == 0
            stasher.tell_nowait("open")


async def expect(ref: AnyRef) -> None:
    """Ask, and be told that it was dropped."""
    with pytest.raises(NoReplyError):
        await ref.ask(Total())


async def test_a_request_in_a_circle_is_found_by_the_collector() -> None:
    """Later, when garbage is collected, in whatever thread that is."""

    class Circle(Actor[Any]):
        def receive(self, message: Any) -> None:
            circle: list[Any] = [message]
            circle.append(circle)

    gc.disable()
    try:
        async with open_system() as system, trio.open_nursery() as nursery:
            nursery.start_soon(expect, system.start(Circle))
            await settle()
            await trio.to_thread.run_sync(gc.collect)
    finally:
        gc.enable()


async def test_after_the_run_nobody_is_told() -> None:
    """A request may outlive Trio: nothing happens then."""
    requests: list[Any] = []

    class Keep(Actor[Any]):
        def receive(self, message: Any) -> None:
            requests.append(message)

    async def main() -> None:
        async with open_system() as system:
            ref = system.start(Keep)
            with trio.move_on_after(0.01):
                await ref.ask(Total())

    await trio.to_thread.run_sync(trio.run, main)
    requests.clear()


async def test_where_it_cannot_be_seen_the_limit_of_the_system_holds(
    autojump_clock: MockClock,
) -> None:
    """`ask_within`, unless the ask has its own `within`."""
    del autojump_clock

    async def ask(system: ActorSystem, request: Request[int], **options: Any) -> float:
        ref = system.start(Forgetful)
        begun = trio.current_time()
        with pytest.raises(trio.TooSlowError):
            await ref.ask(request, **options)  # and `request` is kept here
        return trio.current_time() - begun

    async with open_system(ask_within=7) as system:
        assert await ask(system, Total()) == pytest.approx(7)
        assert await ask(system, Unwatched()) == pytest.approx(7)
        assert await ask(system, Total(), within=2) == pytest.approx(2)


@pytest.mark.parametrize(
    ("within", "error"), [(-1, ValueError), ("1", TypeError), (True, TypeError)]
)
async def test_a_wrong_limit_is_refused(within: Any, error: type[Exception]) -> None:
    """A number of seconds."""
    with pytest.raises(error, match="ask_within"):
        async with open_system(ask_within=within):
            pass  # pragma: no cover - never opened
