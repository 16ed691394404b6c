"""The commonest mistakes of a first week: each is named at the call, in one error."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar, TypeVar

import pytest
import trio
from trio.testing import MockClock

from actors import (
    Aborted,
    Actor,
    ActorSystem,
    Completed,
    DeadlockError,
    Failed,
    Mailbox,
    NoPlaceError,
    Outcome,
    Preempted,
    Session,
    Turn,
    WhileBusy,
    broadcast,
    open_system,
)
from supervision import (
    ChildSpec,
    Limits,
    Router,
    SpecError,
    Supervisor,
    find_child,
    router_ref,
    start_router,
)


class Fine(Actor[Any]):
    """Hears what it is told."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def receive(self, message: Any) -> None:
        self.heard.append(message)


M = TypeVar("M")


class Boxed(Actor[M]):
    """An actor of any messages."""

    def receive(self, message: M) -> None:
        """Take it."""


class Talk(Session[M, str]):
    """A session of any prompts."""

    async def take_turn(self, turn: Turn[M, str]) -> None:
        """Answer nothing."""


class Chat(Session[str, str]):
    """Answers with what it was given."""

    def __init__(self, word: str = "") -> None:
        self.word = word

    async def take_turn(self, turn: Turn[str, str]) -> str:
        del turn
        await trio.lowlevel.checkpoint()
        return self.word


EARLY: dict[str, Callable[[Any], object]] = {
    "every": lambda self: self.every(1, "x"),
    "after": lambda self: self.after(1, "x"),
    "start": lambda self: self.start(Fine),
    "start_soon": lambda self: self.start_soon(trio.sleep, 1),
    "watch": lambda self: self.watch(None),
    "ref": lambda self: self.ref,
    "finish": lambda self: self.finish(),
    "child_refs": lambda self: self.child_refs(),
}


@pytest.mark.parametrize("name", EARLY)
async def test_in_init_an_actor_has_no_place_yet(name: str) -> None:
    """The error names the class, and where to write it instead."""

    class Early(Actor[Any]):
        def __init__(self) -> None:
            EARLY[name](self)

        def receive(self, message: Any) -> None:
            """Hear nothing."""

    async with open_system() as system:
        with pytest.raises(NoPlaceError, match=r"Early has no place.*started\(\)"):
            system.start(Early)


async def test_a_constructor_is_given_positional_arguments_only() -> None:
    """One that needs keywords can never be started, and is told so."""

    class Keyword(Fine):
        def __init__(self, *, size: int, colour: str = "red") -> None:
            """Never called."""

    class Short(Fine):
        def __init__(self, size: int) -> None:
            """Never called."""

    async with open_system() as system:
        start: Any = system.start
        with pytest.raises(TypeError, match="keyword-only argument: 'size'") as needs:
            start(Keyword)
        with pytest.raises(TypeError, match="argument: 'size'") as forgot:
            start(Short)

    (note,) = needs.value.__notes__
    assert note == (
        "an actor's constructor is given positional arguments only: give size of "
        "Keyword a default, or no `*` before"
    )
    assert not hasattr(forgot.value, "__notes__")


async def test_in_init_a_session_has_no_key_yet() -> None:
    """Nor a state, nor a token."""
    for name in ("key", "state", "token", "generation", "turn"):
        with pytest.raises(NoPlaceError, match="Chat has no place"):
            getattr(Chat(), name)


def test_other_missing_attributes_are_what_they_were() -> None:
    """An AttributeError that names them."""
    actor: Any = Fine()
    with pytest.raises(AttributeError, match="'Fine' object has no attribute 'hear'"):
        _ = actor.hear
    assert not hasattr(actor, "hear")


STARTS: dict[str, tuple[Callable[[Any], object], type[Exception], str]] = {
    "a session by itself": (
        lambda system: system.start(Chat, "x"),
        TypeError,
        "Chat cannot be started by itself: a session belongs to a router",
    ),
    "a session as a child": (
        lambda system: system.start(Fine).actor.start(Chat, "x"),
        TypeError,
        "Chat cannot be started by itself",
    ),
    "an actor instead of its class": (
        lambda system: system.start(Fine()),
        TypeError,
        "give it the class, which is called at each restart",
    ),
    "a function that makes one": (
        lambda system: system.start(partial(Fine)),
        TypeError,
        "give it the class itself, and its arguments by position",
    ),
    "no class at all": (
        lambda system: system.start("Fine"),
        TypeError,
        "takes a subclass of Actor and its arguments, got 'Fine'",
    ),
    "a session instead of its class": (
        lambda system: system.start(Chat()),
        TypeError,
        "give it the class",
    ),
    "a session as a spec": (
        lambda _: ChildSpec(Chat, "x"),
        SpecError,
        "make must be a Router for a session",
    ),
    "a router of no sessions": (
        lambda _: Router.spec(Fine),  # type: ignore[arg-type]
        SpecError,
        "make must be a subclass of Session",
    ),
    "an actor with its types": (
        lambda system: system.start(Boxed[int]),
        TypeError,
        "[int]: Boxed, without its [...]",
    ),
    "a child with its types": (
        lambda _: ChildSpec(Boxed[int]),
        SpecError,
        "a subclass of Actor: Boxed, without its [...], got ",
    ),
    "a session with its types": (
        lambda system: start_router(system, Talk[int]),
        TypeError,
        "[int]: Talk, without its [...]",
    ),
    "a session with its types as a spec": (
        lambda _: Router.spec(Talk[int]),
        SpecError,
        "a subclass of Session: Talk, without its [...], got ",
    ),
}


@pytest.mark.parametrize("name", STARTS)
async def test_what_cannot_be_started_is_refused_by_name(name: str) -> None:
    """With what to write instead; nothing was started."""
    call, error, words = STARTS[name]
    async with open_system() as system:
        with pytest.raises(error, match=re.escape(words)):
            call(system)
        assert system.statistics().actors in (0, 1)


class Tree(Supervisor):
    """Has a router, an actor, and a tree."""

    children = (
        Router.spec(Chat, "hello", id="chats"),
        ChildSpec(Fine, id="fine"),
    )


async def test_a_router_is_declared_with_its_sessions_arguments() -> None:
    """And found by its id and its class."""
    async with open_system() as system:
        tree = system.start(Tree)
        router = router_ref(await find_child(tree, "chats", Router), Chat)
        outcome: Any = await router.send("a", "x").outcome()
        assert outcome.result == "hello"

        assert (await find_child(tree, "fine", Fine)).path.endswith("/fine")
        with pytest.raises(TypeError, match="/fine is a Fine, not a Router"):
            await find_child(tree, "fine", Router)
        with pytest.raises(TypeError, match="at least one id"):
            await find_child(tree, Fine)  # type: ignore[call-overload]


async def test_broadcast_tells_all_that_can_be_told() -> None:
    """In their order; those that have not got it are given back."""
    async with open_system() as system:
        first, last = system.start(Fine), system.start(Fine)
        gone = system.start(Fine)
        gone.stop()
        full = system.start(Fine, mailbox=Mailbox(1))
        full.tell_nowait("before")

        assert broadcast(first, gone, full, last, message="x") == (gone, full)
        assert broadcast(message="x") == ()

        await trio.testing.wait_all_tasks_blocked()
        heard = [actor_heard(ref) for ref in (first, last, full)]
        assert heard == [["x"], ["x"], ["before"]]


def actor_heard(ref: Any) -> list[object]:
    """What it has heard."""
    heard: list[object] = ref.actor.heard
    return heard


async def test_a_router_takes_the_class_of_its_sessions() -> None:
    """As ever."""
    system: ActorSystem
    async with open_system() as system:
        router = start_router(system, Chat, "y")
        outcome: Any = await router.send("a", "x").outcome()
        assert outcome.result == "y"


async def test_a_ref_is_not_the_actor() -> None:
    """Its methods are not there: it is sent messages."""
    async with open_system() as system:
        ref: Any = system.start(Fine)
        with pytest.raises(AttributeError, match="no 'receive': send the actor a mess"):
            ref.receive("x")
        assert not hasattr(ref, "heard")


class Inward(Session[str, str]):
    """Sends its own session a prompt, and waits for the outcome."""

    ways: ClassVar[dict[str, Any]] = {}

    async def answer_aside(self, turn: Turn[str, str]) -> str:
        del turn
        await trio.lowlevel.checkpoint()
        return "answered"

    async def take_turn(self, turn: Turn[str, str]) -> Any:
        if turn.prompt != "outer":
            await trio.lowlevel.checkpoint()
            return "inner"
        return await self.ways["now"](self.ways["router"], turn)


async def waits(router: Any, turn: Any) -> Any:
    """Wait for a prompt behind this turn."""
    return await router.send(turn.key, "inner").outcome()


async def waits_beside(router: Any, turn: Any) -> str:
    """In a task of the turn, which may be left."""
    receipt = router.send(turn.key, "inner")
    turn.start_soon(receipt.outcome)
    await trio.sleep(1)
    assert receipt.withdraw().name == "WITHDRAWN"
    return "left"


async def waits_for_another(router: Any, turn: Any) -> Any:
    """Of another session."""
    return (await router.send(f"not {turn.key}", "inner").outcome()).result


async def waits_for_what_replaces_it(router: Any, turn: Any) -> Any:
    """The turn is aborted for it, and does not wait."""
    receipt = router.send(turn.key, "inner", busy=WhileBusy.INTERRUPT)
    try:
        return await receipt.outcome()
    except DeadlockError:
        Inward.ways["refused"] = True
        raise


async def waits_aside(router: Any, turn: Any) -> Any:
    """A side question is answered meanwhile."""
    return (await router.ask_aside(turn.key, "inner").outcome()).result


async def send_to(way: Any) -> Outcome:
    """What becomes of a turn that waits so."""
    async with open_system() as system:
        router = start_router(system, Inward, name="router")
        Inward.ways = {"now": way, "router": router}
        with trio.fail_after(5):
            return await router.send("alice", "outer").outcome()


async def test_a_turn_does_not_wait_for_what_waits_for_it() -> None:
    """It is refused at once: the prompt begins when this turn has ended."""
    outcome = await send_to(waits)

    assert isinstance(outcome, Failed)
    turn = "/router/alice/turn-1"
    assert isinstance(outcome.error, DeadlockError)
    assert outcome.error.cycle == (turn, "/router/alice", turn)


@pytest.mark.parametrize(
    ("way", "result"),
    [(waits_beside, "left"), (waits_for_another, "inner"), (waits_aside, "answered")],
)
async def test_a_turn_may_wait_for_others(
    way: Any, result: str, autojump_clock: MockClock
) -> None:
    """What can come to an end is not refused."""
    del autojump_clock
    outcome = await send_to(way)

    assert outcome == Completed(turn=1, result=result)


async def test_a_turn_may_wait_for_what_ends_it() -> None:
    """It does not wait long."""
    outcome = await send_to(waits_for_what_replaces_it)

    assert isinstance(outcome, Aborted)
    assert isinstance(outcome.reason, Preempted)
    assert "refused" not in Inward.ways


class Slow(Session[str, str]):
    """Answers when it may."""

    go: ClassVar[trio.Event]

    async def take_turn(self, turn: Turn[str, str]) -> str:
        await self.go.wait()
        return turn.prompt


async def test_a_sender_may_wait_behind_a_turn_that_has_no_slot() -> None:
    """It waits for the one before, which waits for another session's."""
    Slow.go = trio.Event()
    async with open_system() as system:
        router = start_router(system, Slow, limits=Limits(turns=1))
        first = router.send("alice", "a")
        router.send("bob", "b")
        last = router.send("bob", "c")
        outcomes: list[Outcome] = []

        async def wait() -> None:
            outcomes.append(await last.outcome())

        async with trio.open_nursery() as nursery:
            nursery.start_soon(wait)
            await trio.testing.wait_all_tasks_blocked()
            assert first.ended is None
            Slow.go.set()

    assert outcomes == [Completed(turn=3, result="c")]
