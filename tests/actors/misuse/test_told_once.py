"""A crash leaves the block once, as itself; what others got of it is a note."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import pytest
import trio
from trio.testing import MockClock

from actors import (
    Actor,
    ActorCrashedError,
    AnyRef,
    Failed,
    Request,
    Session,
    Turn,
    open_system,
)
from supervision import (
    ChildSpec,
    ChildStartError,
    RestartLimit,
    RestartLimitError,
    Supervisor,
    find_child,
    start_router,
)
from tests.actors.cast import leaves

WORDS = "words of the user"
Body = Callable[[AnyRef], Awaitable[None]]
LINE = f"ValueError: {WORDS}"  # once for each time that it is told


class Fragile(Actor[Any]):
    """Crashes at the first message."""

    def receive(self, message: Any) -> None:
        del message
        raise ValueError(WORDS)


class Unstarted(Actor[Any]):
    """Crashes before it."""

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()
        raise ValueError(WORDS)

    def receive(self, message: Any) -> None:
        """Hear nothing."""


class Stillborn(Unstarted):
    """Crashes while it is made."""

    def __init__(self) -> None:
        raise ValueError(WORDS)


@attrs.frozen
class Ask(Request[int]):
    """What is asked."""


class Waits(Actor[Any]):
    """Starts a child, and waits for it."""

    async def started(self) -> None:
        await self.start(Unstarted, name="child").wait_started()

    def receive(self, message: Any) -> None:
        """Hear nothing."""


class AsksItsChild(Actor[Any]):
    """Asks a child that it has started."""

    async def receive(self, message: Any) -> None:
        del message
        await self.start(Fragile, name="child").ask(Ask())


class Starting(Supervisor):
    """Cannot start its child."""

    children = (ChildSpec(Unstarted, id="child"),)


class Making(Supervisor):
    """Cannot make its child."""

    children = (ChildSpec(Stillborn, id="child"),)


class Nested(Supervisor):
    """Has one that cannot."""

    children = (ChildSpec(Starting, id="inner"),)


class Restarting(Supervisor):
    """Gives up at the second crash."""

    limit = RestartLimit(1, within=5.0)
    children = (ChildSpec(Fragile, id="child"),)


async def starts(ref: AnyRef) -> None:
    """Wait until it is ready."""
    await ref.wait_started()


async def asks(ref: AnyRef) -> None:
    """Ask it."""
    await ref.ask(Ask())


async def asks_from_tasks(ref: AnyRef) -> None:
    """Ask it, in two tasks at once."""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(asks, ref)
        nursery.start_soon(asks, ref)


async def asks_on(ref: AnyRef) -> None:
    """Ask its child again and again."""
    child = await find_child(ref, "child", Fragile)
    with trio.CancelScope(shield=True):
        while True:
            try:
                await child.ask(Ask())
            except ActorCrashedError:
                await trio.testing.wait_all_tasks_blocked()


async def tells(ref: AnyRef) -> None:
    """Tell it, until that is refused."""
    with trio.CancelScope(shield=True):
        while True:
            await ref.tell("x")
            await trio.testing.wait_all_tasks_blocked()


async def live(make: type[Actor[Any]], body: Body) -> None:
    """A system with one actor, and what its body does with it."""
    async with open_system() as system:
        await body(system.start(make, name="it"))


BODIES: dict[str, tuple[type[Actor[Any]], Body, type[Exception]]] = {
    "it waits for the start": (Unstarted, starts, ValueError),
    "it asks": (Fragile, asks, ValueError),
    "it asks from tasks": (Fragile, asks_from_tasks, ValueError),
    "it tells": (Fragile, tells, ValueError),
    "an owner waits, and it for the owner": (Waits, starts, ValueError),
    "an owner asks, and it the owner": (AsksItsChild, asks, ValueError),
    "a child of a supervisor crashes": (Starting, starts, ChildStartError),
    "one cannot be made": (Making, starts, ChildStartError),
    "one further below": (Nested, starts, ChildStartError),
    "a supervisor gives up": (Restarting, asks_on, RestartLimitError),
}


@pytest.mark.parametrize("name", BODIES)
async def test_what_the_body_gets_of_a_crash_does_not_count(name: str) -> None:
    """One exception leaves, its cause is shown once, and where the body was."""
    make, body, kind = BODIES[name]

    with pytest.raises(kind) as caught:
        await live(make, body)

    text = "".join(traceback.format_exception(caught.value))
    assert text.count(f"\n{LINE}\n") == 1
    notes = caught.value.__notes__
    assert sum("met by the body of open_system()" in note for note in notes) == 1
    assert f'File "{__file__}"' in notes[-1]
    assert "Group Traceback" not in text


async def test_a_person_reads_a_page_at_most() -> None:
    """Of the commonest: below the user's own line there is nothing but notes."""
    with pytest.raises(ValueError, match=WORDS) as caught:
        await live(Unstarted, starts)

    lines = traceback.format_exception(caught.value)[-3:]
    assert lines[0] == f"{LINE}\n"
    assert lines[1] == "in actor /it (incarnation 1), in started\n"
    assert lines[2].startswith("met by the body of open_system(), as ActorStoppedError")
    assert lines[2].endswith("in live\n")


async def test_an_owner_that_waits_for_its_child_has_no_crash_of_its_own() -> None:
    """Two notes say who was waiting, in their order."""
    with pytest.raises(ValueError, match=WORDS) as caught:
        await live(Waits, starts)

    notes = [note.partition(" as ")[0] for note in caught.value.__notes__]
    assert notes == [
        "in actor /it/child (incarnation 1), in started",
        "met by actor /it,",
        "met by the body of open_system(),",
    ]


async def test_an_error_of_the_bodys_own_is_kept_behind_the_crash() -> None:
    """A group of both; the crash comes first, and is not told again as a cause."""

    async def body(ref: AnyRef) -> None:
        try:
            await ref.ask(Ask())
        except ActorCrashedError as error:
            msg = "my own"
            raise RuntimeError(msg) from error

    with pytest.raises(ExceptionGroup) as caught:  # noqa: ASYNC401 - its parts are looked at
        await live(Fragile, body)

    assert [type(each) for each in caught.value.exceptions] == [
        ValueError,
        RuntimeError,
    ]
    text = "".join(traceback.format_exception(caught.value))
    assert text.count(f"{LINE}\n") == 1
    assert "RuntimeError: my own" in text


async def test_of_a_group_only_the_news_goes() -> None:
    """What else is in it is the body's."""

    async def fails(ref: AnyRef) -> None:
        with trio.CancelScope(shield=True):
            await ref.wait_stopped()
        raise KeyError

    async def body(ref: AnyRef) -> None:
        with trio.CancelScope(shield=True):
            async with trio.open_nursery() as nursery:
                nursery.start_soon(fails, ref)
                nursery.start_soon(asks, ref)

    with pytest.raises(ExceptionGroup) as caught:  # noqa: ASYNC401 - its parts are looked at
        await live(Fragile, body)

    crash, rest = caught.value.exceptions
    assert isinstance(crash, ValueError)
    assert [type(each) for each in leaves(rest)] == [KeyError]


async def test_news_of_a_crash_that_did_not_end_the_system_leaves_as_it_is() -> None:
    """Somebody has handled the crash: the error is the body's own."""

    async def body(tree: AnyRef) -> None:
        await asks(await find_child(tree, "child", Fragile))

    with pytest.raises(ActorCrashedError) as caught:
        await live(Restarting, body)

    assert isinstance(caught.value.__cause__, ValueError)


async def test_a_prompt_is_told_why_its_session_did_not_start(
    autojump_clock: MockClock,
) -> None:
    """The words of the crash are in the outcome, for who only prints it."""
    del autojump_clock

    class Ill(Session[str, str]):
        def started(self) -> None:
            raise ValueError(WORDS)

        async def take_turn(self, turn: Turn[str, str]) -> None:
            """Never called."""

    class Unmade(Ill):
        def __init__(self) -> None:
            raise ValueError(WORDS)

    whys = ((Ill, "`started` failed"), (Unmade, "its constructor failed"))
    async with open_system() as system:
        for make, why in whys:
            router = start_router(system, make, name=make.__name__)
            outcome = await router.send("alice", "hello").outcome()
            assert isinstance(outcome, Failed)
            assert f"{why}: ValueError" in str(outcome.error)
            assert WORDS in repr(outcome)
