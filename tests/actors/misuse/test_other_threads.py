"""What belongs to a system is for Trio's thread: other threads are refused, by name.

Each row of the table is one call, made from three wrong places: a plain thread, another
run of Trio in a thread, an asyncio program in a thread.  It is refused at the call, and
afterwards everything is as it was: nothing was sent, nobody was woken, the same call
made in the right thread does what it says.
"""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Coroutine
from typing import Any, cast

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Actor,
    Bounded,
    Completed,
    Request,
    Session,
    Turn,
    WrongThreadError,
    open_system,
)
from supervision import Limits, RouterRef, start_router

Call = Callable[["Scene"], Any]
Place = Callable[[Callable[[], Any]], Any]


@attrs.frozen
class Count(Request[int]):
    """How many messages have come."""


@attrs.define(eq=False)
class Scene:
    """What the rows act on; Any throughout: rows are made for wrong uses."""

    system: Any
    ref: Any
    """An actor at rest."""
    busy: Any
    """One that awaits something in `receive`."""
    actor: Any
    """The first one itself."""
    child: Any
    """A child of it."""
    router: Any
    receipt: Any
    """Of a prompt whose turn runs."""
    waiting: Any
    """Of one that waits behind it."""
    ended: Any
    """Of one that has its outcome."""
    stream: Any
    """Of a turn that has emitted one chunk and waits."""
    turn: Any
    """The turn of `receipt`."""
    session: Any
    subscription: Any
    held: Any
    """A request that is to be answered later."""


class Counter(Actor[Any]):
    """Counts."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.held: Any = None

    def receive(self, message: Any) -> None:
        if isinstance(message, Count) and self.held is None:
            self.held = message
        elif isinstance(message, Count):
            message.reply(len(self.heard))
        else:
            self.heard.append(message)


class Waiter(Actor[Any]):
    """Awaits."""

    async def receive(self, message: Any) -> None:
        await message.wait()


class Chat(Session[Any, Any]):
    """Its turns end when their prompt, an event, is set."""

    async def take_turn(self, turn: Turn[Any, Any]) -> object:
        await turn.emit("first")
        await turn.prompt.wait()
        return "done"


async def noop(*_: object) -> None:
    """Do nothing."""


def tool(scene: Scene) -> None:
    """Enter a tool's block."""
    with scene.turn.tool("x"):
        pass


def set_state(scene: Scene) -> None:
    """Set a turn's state."""
    scene.turn.state = 1


def set_session_state(scene: Scene) -> None:
    """Set a session's state."""
    scene.session.state = 1


async def open_turn(scene: Scene) -> None:
    """Open a turn."""
    async with scene.router.open_turn("c", "x"):
        pass


CALLS: dict[str, Call] = {
    "tell_nowait": lambda s: s.ref.tell_nowait("x"),
    "tell_nowait, busy": lambda s: s.busy.tell_nowait("x"),
    "tell": lambda s: s.ref.tell("x"),
    "tell, busy": lambda s: s.busy.tell("x"),
    "ask": lambda s: s.ref.ask(Count()),
    "ask, busy": lambda s: s.busy.ask(Count()),
    "forward": lambda s: s.ref.forward(Count()),
    "stop": lambda s: s.ref.stop(),
    "kill": lambda s: s.ref.kill(),
    "wait_started": lambda s: s.ref.wait_started(),
    "wait_stopped": lambda s: s.ref.wait_stopped(),
    "reply": lambda s: s.held.reply(1),
    "fail": lambda s: s.held.fail(ValueError()),
    "system.start": lambda s: s.system.start(Counter),
    "system.tree": lambda s: s.system.tree(),
    "system.statistics": lambda s: s.system.statistics(),
    "system.subscribe": lambda s: s.system.subscribe(),
    "Subscription.close": lambda s: s.subscription.close(),
    "Subscription.receive": lambda s: s.subscription.receive(),
    "start": lambda s: s.actor.start(Counter),
    "start_soon": lambda s: s.actor.start_soon(noop),
    "after": lambda s: s.actor.after(1, "x"),
    "every": lambda s: s.actor.every(1, "x"),
    "cancel_timer": lambda s: s.actor.cancel_timer("x"),
    "watch": lambda s: s.actor.watch(s.busy),
    "unwatch": lambda s: s.actor.unwatch(s.busy),
    "stash": lambda s: s.actor.stash("x"),
    "unstash_all": lambda s: s.actor.unstash_all(),
    "resume_child": lambda s: s.actor.resume_child(s.child, None),
    "end_child": lambda s: s.actor.end_child(s.child),
    "halt_child": lambda s: s.actor.halt_child(s.child),
    "place_child": lambda s: s.actor.place_child(s.child, s.child),
    "release_args": lambda s: s.actor.release_args(s.child),
    "postpone_ready": lambda s: s.actor.postpone_ready(),
    "report_ready": lambda s: s.actor.report_ready(),
    "finish": lambda s: s.actor.finish(),
    "send": lambda s: s.router.send("a", "x"),
    "send to a new key": lambda s: s.router.send("c", "x"),
    "send, with an id": lambda s: s.router.send("a", "x", id="i"),
    "send_wait": lambda s: s.router.send_wait("c", "x"),
    "steer": lambda s: s.router.steer("a", "x"),
    "follow_up": lambda s: s.router.follow_up("a", "x"),
    "ask_aside": lambda s: s.router.ask_aside("a", "x"),
    "run_exclusive": lambda s: s.router.run_exclusive("a", noop),
    "open_turn": open_turn,
    "abort": lambda s: s.router.abort(s.receipt.turn),
    "cancel": lambda s: s.router.cancel("a"),
    "cancel_all": lambda s: s.router.cancel_all("a"),
    "reset": lambda s: s.router.reset("a"),
    "close": lambda s: s.router.close("a"),
    "stop_admission": lambda s: s.router.stop_admission(),
    "drain": lambda s: s.router.drain(1),
    "inspect": lambda s: s.router.inspect("a"),
    "list": lambda s: s.router.list(),
    "router.statistics": lambda s: s.router.statistics(),
    "configure": lambda s: s.router.configure(Limits(turns=1)),
    "withdraw": lambda s: s.waiting.withdraw(),
    "outcome": lambda s: s.receipt.outcome(),
    "stream: next": lambda s: s.stream.__anext__(),
    "stream: abort": lambda s: s.stream.abort(),
    "stream: steer": lambda s: s.stream.steer("x"),
    "stream: outcome": lambda s: s.stream.outcome(),
    "stream: close": lambda s: s.stream.close(),
    "emit_nowait": lambda s: s.turn.emit_nowait("x"),
    "progress": lambda s: s.turn.progress(),
    "note": lambda s: s.turn.note(x=1),
    "reject": lambda s: s.turn.reject(),
    "turn.state": set_state,
    "keep_state": lambda s: s.turn.keep_state(),
    "checkpoint": lambda s: s.turn.checkpoint(),
    "tool": tool,
    "turn.start_soon": lambda s: s.turn.start_soon(noop),
    "end_drain": lambda s: s.turn.end_drain(),
    "spend": lambda s: s.turn.spend(1),
    "consult": lambda s: s.turn.consult(noop, within=1, default=None),
    "start_child": lambda s: s.turn.start_child(noop),
    "session.state": set_session_state,
    "bind": lambda s: s.session.bind("t"),
    "deliver": lambda s: s.session.deliver(1, "x"),
    "session.follow_up": lambda s: s.session.follow_up("x"),
}
AWAITS: dict[
    str, Call
] = {  # refused where they are awaited by what is no task of Trio's
    "emit": lambda s: s.turn.emit("x"),
    "outcome that is there": lambda s: s.ended.outcome(),
}


def in_a_thread(call: Callable[[], Any]) -> Any:
    """Call it, and drive what it gives by hand."""
    result = call()
    if inspect.iscoroutine(result):
        try:
            result.send(None)
        finally:
            result.close()


def under_trio(call: Callable[[], Any]) -> Any:
    """Call it in another run of Trio."""

    async def main() -> None:
        result = call()
        if inspect.isawaitable(result):
            await result

    trio.run(main)


def under_asyncio(call: Callable[[], Any]) -> Any:
    """Call it in an asyncio program."""

    async def main() -> None:
        result = call()
        if inspect.isawaitable(result):
            await cast("Coroutine[Any, Any, Any]", result)

    asyncio.run(main())


PLACES: dict[str, Place] = {
    "a thread": in_a_thread,
    "another run": under_trio,
    "asyncio": under_asyncio,
}
# to look would cost every message something: see `WrongThreadError`
UNNOTICED = [("ask", "another run"), ("stream: next", "another run")]
ROWS = [
    *(
        (name, place)
        for name in CALLS
        for place in PLACES
        if (name, place) not in UNNOTICED
    ),
    *((name, place) for name in AWAITS for place in ("a thread", "asyncio")),
]


@pytest.mark.parametrize(("name", "place"), ROWS)
async def test_a_call_from_another_thread_is_refused(name: str, place: str) -> None:
    """With an error that names the call, and nothing has changed."""
    call: Call = {**CALLS, **AWAITS}[name]
    with trio.fail_after(60):
        async with open_system() as system:
            go = trio.Event()
            scene, stream_block = await set_the_scene(system, go)
            before = picture(scene)

            with pytest.raises(WrongThreadError, match="nothing was done"):
                await trio.to_thread.run_sync(
                    lambda: PLACES[place](lambda: call(scene))
                )

            assert picture(scene) == before
            await settle()
            assert picture(scene) == before
            # and all goes on
            go.set()
            assert isinstance(await scene.receipt.outcome(), Completed)
            assert isinstance(await scene.waiting.outcome(), Completed)
            assert [chunk async for chunk in scene.stream] == ["first"]
            scene.ref.tell_nowait("told")
            assert await scene.ref.ask(Count()) == 1
            await stream_block.__aexit__(None, None, None)


async def set_the_scene(system: Any, go: trio.Event) -> tuple[Scene, Any]:
    """Make one of everything."""
    ref = system.start(Counter)
    busy = system.start(Waiter)
    busy.tell_nowait(go)
    actor = ref.actor
    child = actor.start(Counter)
    router: RouterRef[Any, Any] = start_router(system, Chat)
    over = trio.Event()
    over.set()
    ended = router.send("ended", over)
    await ended.outcome()
    receipt = router.send("a", go)
    waiting = router.send("a", over)
    block = router.open_turn("b", go, stream=Bounded(4))
    stream = await block.__aenter__()
    await settle()
    session: Any = receipt._lane  # to get at what users see of it
    system.start(Asker, ref)
    await settle()
    subscription = system.subscribe()
    scene = Scene(
        system,
        ref,
        busy,
        actor,
        child,
        router,
        receipt,
        waiting,
        ended,
        stream,
        session.session.turn,
        session.session,
        subscription,
        actor.held,
    )
    return scene, block


class Asker(Actor[Any]):
    """Asks, and waits for its answer."""

    def __init__(self, ref: Any) -> None:
        self.other = ref

    def started(self) -> None:
        self.start_soon(self.other.ask, Count())

    def receive(self, message: Any) -> None:
        """Hear nothing."""


def picture(scene: Scene) -> object:
    """All that could have changed."""
    hub = scene.system._hub
    turns = scene.turn.state, scene.turn.steps_left, scene.turn.phase
    return (
        [
            (actor.path, actor.state, actor.mailbox.depth, actor.tasks)
            for actor in scene.system.tree().walk()
        ],
        {**attrs.asdict(scene.system.statistics()), "timers": 0},
        scene.router.statistics(),
        [(each.key, each.phase, each.queued) for each in scene.router.list()],
        turns,
        scene.stream.ended,
        len(scene.stream._reader.queue),
        list(scene.actor.heard),
        scene.held._ticket.state,
        scene.subscription.closed,
        len(hub.inbox),
        scene.session.token,
        scene.session._lane.host.limits,
    )


@pytest.mark.parametrize("place", PLACES)
async def test_a_stream_that_has_nothing_yet_is_not_waited_for_elsewhere(
    place: str,
) -> None:
    """Its reader in the right thread is woken when there is something."""

    class Late(Session[Any, Any]):
        async def take_turn(self, turn: Turn[Any, Any]) -> None:
            await turn.prompt.wait()
            await turn.emit("late")

    go = trio.Event()
    async with (
        open_system() as system,
        start_router(system, Late).open_turn("a", go) as stream,
    ):
        with pytest.raises(WrongThreadError, match="reading a TurnStream"):
            await trio.to_thread.run_sync(lambda: PLACES[place](stream.__anext__))

        go.set()
        assert [chunk async for chunk in stream] == ["late"]


@pytest.mark.parametrize("place", PLACES)
async def test_an_idle_session_is_sent_nothing_from_elsewhere(place: str) -> None:
    """Nor where nobody listens, and a turn would begin on the spot."""
    over = trio.Event()
    over.set()
    async with open_system() as system:
        router: RouterRef[Any, Any] = start_router(system, Chat)
        await router.send("a", over).outcome()

        with pytest.raises(WrongThreadError, match=r"RouterRef\.send"):
            await trio.to_thread.run_sync(
                lambda: PLACES[place](lambda: router.send("a", over))
            )

        assert router.statistics().accepted == 1
        assert isinstance(await router.send("a", over).outcome(), Completed)


async def test_with_debug_also_an_ask_that_is_answered_at_once() -> None:
    """It goes by mail, where it is looked at; asked in the right thread it is new."""
    async with open_system(debug=True) as system:
        ref: Any = system.start(Counter)
        ref.actor.held = Count()
        request = Count()

        with pytest.raises(WrongThreadError):
            await trio.to_thread.run_sync(under_trio, lambda: ref.ask(request))

        assert ref.actor.heard == []
        assert await ref.ask(request) == 0


@pytest.mark.parametrize("way", ["tell_nowait", "tell"])
async def test_with_debug_also_while_the_system_is_at_work(way: str) -> None:
    """Every message goes the long way in, where it is looked at."""

    class Blocking(Actor[Any]):
        def receive(self, message: Any) -> None:
            self.ref.tell_nowait("another waits")
            thread = threading.Thread(target=message)
            thread.start()
            thread.join()

        def undelivered(self, message: Any) -> None:
            assert message == "another waits"

    refused: list[WrongThreadError] = []

    def work() -> None:
        try:
            PLACES["another run"](lambda: getattr(ref, way)("x"))
        except WrongThreadError as error:
            refused.append(error)
        ref.actor.receive = print

    async with open_system(debug=True) as system:
        ref: Any = system.start(Blocking)
        ref.tell_nowait(work)
        await settle()

    assert len(refused) == 1


async def test_the_error_says_what_to_use() -> None:
    """It names the call, the thread, and three ways that are right."""
    async with open_system() as system:
        ref = system.start(Counter)
        with pytest.raises(WrongThreadError) as caught:
            await trio.to_thread.run_sync(ref.stop)

    assert caught.value.what == "stop()"
    assert caught.value.thread in str(caught.value)
    for way in ("trio.from_thread.run_sync", "tell_from_thread", "supervision.bridge"):
        assert way in str(caught.value)


async def test_the_ways_that_it_names_are_right() -> None:
    """`trio.from_thread.run_sync` in a thread of Trio's; `tell_from_thread`."""
    async with open_system() as system:
        ref = system.start(Counter)
        router = start_router(system, Chat)
        over = trio.Event()
        over.set()

        def work() -> Any:
            ref.tell_from_thread("x")
            trio.from_thread.run_sync(ref.tell_nowait, "y")
            receipt: Any = trio.from_thread.run_sync(router.send, "a", over)
            return trio.from_thread.run(receipt.outcome)

        outcome = await trio.to_thread.run_sync(work)
        await settle()

        assert isinstance(outcome, Completed)
        counter: Any = ref
        assert sorted(counter.actor.heard) == ["x", "y"]
