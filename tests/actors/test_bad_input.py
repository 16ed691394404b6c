"""Bad input: each misuse is a clear error at the call, listed in one table."""

# A crash leaves the block of open_system(), so the block is what must raise.
# ruff: noqa: PT012

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    ActorStoppedError,
    ActorSystem,
    AnyRef,
    Decision,
    DuplicateNameError,
    Mailbox,
    Overflow,
    Request,
    open_system,
)
from tests.actors.cast import Cast, Do, Plain, Puppet, Question, Start


@attrs.frozen
class Scene:
    """What the rows of the table act on."""

    system: Any
    """The system, typed Any because every row is a wrong use."""
    ref: Any
    """An idle actor named `here`."""
    me: Any
    """The actor itself."""
    gone: Any
    """The ref of an actor that has ended."""


Row = tuple[str, Callable[[Scene], object], type[Exception], str]


class Mute(Actor[object]):  # type: ignore[misc, unused-ignore]
    """Has no `receive`."""


async def task() -> None:
    """Do nothing."""


def no_task() -> None:
    """Do nothing, in a plain function."""


def closed_coroutine() -> object:
    """Return a coroutine object, which nobody will await."""
    coroutine = task()
    coroutine.close()
    return coroutine


def with_mailbox(mailbox: object) -> type[Actor[Any]]:
    """Make an actor class with this declaration."""
    return type("Declared", (Plain,), {"mailbox": mailbox})


def with_grace(grace: object) -> type[Actor[Any]]:
    """Make an actor class with this grace."""
    return type("Graceful", (Plain,), {"grace": grace})


def mailbox(**options: Any) -> Mailbox:
    """Make a mailbox with options of any type."""
    return Mailbox(**options)


ROWS: list[Row] = [
    (
        "tell_nowait a stopped actor",
        lambda s: s.gone.tell_nowait(1),
        ActorStoppedError,
        "/gone has ended",
    ),
    (
        "not an actor class",
        lambda s: s.system.start(dict),
        TypeError,
        "subclass of Actor",
    ),
    ("an actor", lambda s: s.system.start(Plain()), TypeError, "subclass of Actor"),
    ("a function", lambda s: s.system.start(no_task), TypeError, "subclass of Actor"),
    (
        "an actor without receive",
        lambda s: s.system.start(Mute),
        TypeError,
        "abstract",
    ),
    (
        "wrong arguments",
        lambda s: s.system.start(Plain, 1, 2, 3),
        TypeError,
        "positional",
    ),
    (
        "duplicate name",
        lambda s: s.system.start(Plain, name="here"),
        DuplicateNameError,
        "/here",
    ),
    ("empty name", lambda s: s.system.start(Plain, name=""), ValueError, "name must"),
    ("name with /", lambda s: s.system.start(Plain, name="a/b"), ValueError, "a/b"),
    ("name no str", lambda s: s.system.start(Plain, name=3), TypeError, "name must"),
    (
        "mailbox a number",
        lambda s: s.system.start(Plain, mailbox=5),
        TypeError,
        "must be a Mailbox",
    ),
    ("declared mailbox a number", lambda _: with_mailbox(5), TypeError, "Declared"),
    ("grace a str", lambda s: s.system.start(Plain, grace="1"), TypeError, "grace"),
    ("grace negative", lambda s: s.system.start(Plain, grace=-1), ValueError, "grace"),
    ("declared grace", lambda _: with_grace(-1), ValueError, "grace must be"),
    ("capacity 0", lambda _: mailbox(capacity=0), ValueError, "at least 1"),
    ("capacity -1", lambda _: mailbox(capacity=-1), ValueError, "at least 1"),
    ("capacity True", lambda _: mailbox(capacity=True), TypeError, "an int"),
    ("capacity 1.5", lambda _: mailbox(capacity=1.5), TypeError, "an int"),
    ("stash 0", lambda _: mailbox(stash=0), ValueError, "stash"),
    ("overflow a str", lambda _: mailbox(overflow="wait"), TypeError, "Overflow"),
    ("key without KEEP_LATEST", lambda _: mailbox(key=str), ValueError, "together"),
    (
        "KEEP_LATEST without key",
        lambda _: mailbox(overflow=Overflow.KEEP_LATEST),
        ValueError,
        "together",
    ),
    ("after a str", lambda s: s.me.after("1", 1), TypeError, "seconds"),
    ("after True", lambda s: s.me.after(True, 1), TypeError, "seconds"),  # noqa: FBT003
    ("after -1", lambda s: s.me.after(-1, 1), ValueError, "at least 0"),
    ("after 10**400", lambda s: s.me.after(10**400, 1), ValueError, "that a float hol"),
    ("after nan", lambda s: s.me.after(math.nan, 1), ValueError, "at least 0"),
    ("every -1", lambda s: s.me.every(-1, 1), ValueError, "at least 0"),
    ("every 0", lambda s: s.me.every(0, 1), ValueError, "more than 0"),
    (
        "a plain child task",
        lambda s: s.me.start_soon(no_task),
        TypeError,
        "async function",
    ),
    (
        "a partial of a plain one",
        lambda s: s.me.start_soon(functools.partial(no_task)),
        TypeError,
        "async function",
    ),
    (
        "a coroutine object",
        lambda s: s.me.start_soon(closed_coroutine()),
        TypeError,
        "async function",
    ),
    ("a child task None", lambda s: s.me.start_soon(None), TypeError, "async function"),
    ("watch a path", lambda s: s.me.watch("/here"), TypeError, "ref of an actor"),
    (
        "watch_with None",
        lambda s: s.me.watch_with(None, 1),
        TypeError,
        "ref of an actor",
    ),
    (
        "resume a stranger",
        lambda s: s.me.resume_child(s.gone, Decision.END),
        ValueError,
        "not a child",
    ),
    (
        "resume no ref",
        lambda s: s.me.resume_child("x", Decision.END),
        ValueError,
        "not a child",
    ),
    (
        "subscribe to a str",
        lambda s: s.system.subscribe("x"),
        TypeError,
        "event classes",
    ),
    ("subscribe to int", lambda s: s.system.subscribe(int), TypeError, "event classes"),
    (
        "subscribe to nothing at all",
        lambda s: s.system.subscribe(capacity=0),
        ValueError,
        "at least 1",
    ),
    ("fail with a str", lambda _: Question().fail("x"), TypeError, "Exception"),  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
]


@pytest.mark.parametrize(
    ("act", "error", "match"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS]
)
async def test_a_misuse_is_an_error_at_the_call(
    act: Callable[[Scene], object], error: type[Exception], match: str
) -> None:
    """The call raises, and the actor that made it goes on as if nothing had been."""
    caught: list[Exception] = []

    async with open_system() as system:
        gone = system.start(Plain, name="gone")
        gone.stop()
        await gone.wait_stopped()

        def misuse(me: Cast) -> None:
            with pytest.raises(error, match=match) as info:
                act(Scene(system, ref, me, gone))
            caught.append(info.value)

        ref = system.start(Plain, name="here")
        ref.tell_nowait(Do(misuse))
        assert await ref.ask(Question(1)) == 1
        assert len(system.tree().children) == 1

    assert len(caught) == 1


ASYNC_ROWS: list[
    tuple[str, Callable[[ActorSystem, Any], Any], type[Exception], str]
] = [
    (
        "ask a stopped actor",
        lambda s, _: gone(s).ask(Question()),
        ActorStoppedError,
        "has ended",
    ),
    (
        "tell a stopped actor",
        lambda s, _: gone(s).tell(1),
        ActorStoppedError,
        "has ended",
    ),
    ("ask a non-request", lambda _, ref: ref.ask("how?"), TypeError, "takes a Request"),
    ("ask a request class", lambda _, ref: ref.ask(Question), TypeError, "a Request"),
    (
        "within a str",
        lambda _, ref: ref.ask(Question(), within="1"),
        TypeError,
        "within",
    ),
    (
        "within negative",
        lambda _, ref: ref.ask(Question(), within=-1),
        ValueError,
        "within",
    ),
    ("asked twice", lambda _, ref: ask_twice(ref), RuntimeError, "asked already"),
]


def gone(system: ActorSystem) -> AnyRef:
    """Return the ref of an actor that has been stopped."""
    ref = system.start(Puppet)
    ref.stop()
    return ref


async def ask_twice(ref: AnyRef) -> None:
    """Ask the same request object twice."""
    question = Question()
    await ref.ask(question)
    await ref.ask(question)


@pytest.mark.parametrize(
    ("act", "error", "match"),
    [row[1:] for row in ASYNC_ROWS],
    ids=[row[0] for row in ASYNC_ROWS],
)
async def test_a_misuse_in_sending_is_an_error_in_the_sender(
    act: Callable[[ActorSystem, Any], Any], error: type[Exception], match: str
) -> None:
    """The sending call raises; the actor does not notice."""
    async with open_system() as system:
        ref = system.start(Puppet)

        with pytest.raises(error, match=match):
            await act(system, ref)

        assert await ref.ask(Question(2)) == 2


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"stop_within": -1}, ValueError),
        ({"stop_within": "1"}, TypeError),
        ({"dead_letters": -1}, ValueError),
    ],
)
async def test_a_system_with_wrong_options_does_not_open(
    options: dict[str, Any], error: type[Exception]
) -> None:
    """The block is not entered."""
    with pytest.raises(error):
        async with open_system(**options):
            pytest.fail("opened")


async def test_a_misuse_that_nobody_catches_is_an_ordinary_crash() -> None:
    """Inside of an actor a wrong call is a crash like any other."""
    with pytest.raises(TypeError, match="subclass of Actor"):
        async with open_system() as system:
            system.start(Puppet).tell_nowait(Start(dict))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
            await trio.sleep_forever()


async def test_an_async_callable_object_and_a_partial_are_child_tasks() -> None:
    """What can be awaited is taken: objects with an async call, and partials."""
    done: list[str] = []

    class Job:
        async def __call__(self, name: str) -> None:
            done.append(name)

    async with open_system() as system:
        ref = system.start(Plain)
        ref.tell_nowait(Do(lambda me: me.start_soon(Job(), "object")))
        ref.tell_nowait(
            Do(lambda me: me.start_soon(functools.partial(Job(), "partial")))
        )
        await settle()

    assert sorted(done) == ["object", "partial"]


def test_the_class_of_a_request_needs_no_ticket_to_be_looked_at() -> None:
    """A request that nobody has asked is not abandoned."""

    class Bare(Request[int]):
        pass

    assert not Bare().abandoned
    assert not Question().abandoned
