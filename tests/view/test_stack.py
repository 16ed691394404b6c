"""Where a session stands: frames, arguments, tasks, children, clocks, what waits."""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import trio

from actors import (
    Actor,
    PromptPolicy,
    Session,
    Turn,
    TurnPolicy,
    WhileBusy,
    open_system,
)
from actors.testing import seeds
from supervision import Limits, RouterRef, start_router
from supervision._view.frames import FIRST, LAST, frames_of, thread_frames
from supervision.service import (
    StackShape,
    TaskShape,
    UnknownPathError,
    UnknownSessionError,
    View,
)


class Trap:
    """Whoever wants to know what it is breaks."""

    def __repr__(self) -> str:
        raise AssertionError


async def look_up(  # the arguments are there to be seen
    query: str,
    *words: str,  # noqa: ARG001
    limit: int,  # noqa: ARG001
    trap: object,  # noqa: ARG001
) -> None:
    """A tool that does not come back."""
    async for _ in pages(query):
        raise AssertionError


async def pages(query: str) -> AsyncIterator[str]:
    """None comes."""
    await trio.sleep(1000)
    yield query


async def deaf(seconds: float) -> None:
    """Cannot be ended."""
    with trio.CancelScope(shield=True):
        await trio.sleep(seconds)


class Chat(Session[str, str]):
    """Does what it is told."""

    prompts = PromptPolicy(busy=WhileBusy.STEER)
    turns = TurnPolicy(
        time_limit=100.0, inactivity=50.0, tool_limit=40.0, abort_grace=5.0
    )

    async def take_turn(self, turn: Turn[str, str]) -> None:
        match turn.prompt:
            case "tool":
                with turn.tool("search"):
                    await look_up("cats", "a", "b", limit=3, trap=Trap())
            case "tasks":
                turn.start_soon(self.first, 1)
                turn.start_soon(self.second, 2)
                await turn.start_child(self.child)
                await trio.sleep(30)
            case "deaf":
                await deaf(60.0)
            case _:
                await trio.sleep(30)

    async def first(self, number: int) -> None:  # noqa: ARG002 - to be seen
        async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - it is to be seen
            nursery.start_soon(trio.sleep, 20, name="napping")

    async def second(self, number: int) -> None:
        await trio.sleep(number)

    async def child(self, turn: Turn[str, str]) -> None:  # noqa: ARG002
        await trio.sleep(30)

    async def answer_aside(self, turn: Turn[str, str]) -> None:  # noqa: ARG002
        await trio.sleep(30)


@asynccontextmanager
async def looking(**limits: Any) -> AsyncGenerator[tuple[RouterRef[str, str], View]]:
    """Start a router, and look at it."""
    async with open_system() as system:
        router = start_router(system, Chat, limits=Limits(**limits))
        yield router, View(system)


def calls(task: TaskShape) -> list[str]:
    """What of a stack is the user's, or what he calls, as text."""
    found: list[str] = []
    before = False
    for each in task["frames"]:
        if each["yours"] or before:
            found.append(f"{each['function']}({', '.join(each['arguments'])})")
        before = each["yours"]
    return found


def only(stack: StackShape) -> Any:
    """The one turn of a session."""
    (turn,) = stack["turns"]
    return turn


@seeds(5)
async def test_a_tool_shows_with_its_arguments_and_what_it_awaits() -> None:
    """Through an async generator too; no value's own code is run."""
    async with looking() as (router, view):
        router.send("alice", "tool")
        await trio.sleep(10)
        stack = view.session_stack("alice")
        router.close("alice")

    turn = only(stack)
    (task,) = turn["tasks"]
    assert task["name"] == "Chat.take_turn"
    assert calls(task) == [
        "Chat.take_turn(turn=<Turn>)",
        "look_up(query='cats', limit=3, trap=<Trap>, words=('a', 'b'))",
        "pages(query='cats')",
        "sleep(seconds=1000)",
    ]
    assert all(each["file"] == __file__ for each in task["frames"] if each["yours"])
    assert [each["line"] for each in task["frames"] if each["yours"]] == [
        line_of("await look_up("),
        line_of("async for _ in pages("),
        line_of("await trio.sleep(1000)"),
    ]
    assert (turn["kind"], turn["phase"], turn["age"]) == ("turn", "tool", 10.0)
    assert turn["tools"] == [{"name": "search", "age": 10.0}]
    assert turn["left"] == {"tool": 30.0, "time": 90.0}
    assert turn["prompts"] == [1]
    assert stack["session"] is not None
    assert stack["session"]["key"] == "alice"
    assert stack["actor"] is not None
    assert stack["actor"]["path"] == "/router/alice"


def line_of(text: str) -> int:
    """The number of the line in this file."""
    with open(__file__, encoding="utf-8") as file:  # noqa: PTH123
        return next(n for n, line in enumerate(file, 1) if text in line)


@seeds(5)
async def test_tasks_and_children_of_a_turn_are_below_it() -> None:
    """The first task, which has none of its own, and nurseries in tasks too."""
    async with looking() as (router, view):
        router.send("alice", "tasks")
        await trio.sleep(1)
        turn = only(view.session_stack("alice"))
        await trio.sleep(20)
        later = only(view.session_stack("alice"))
        router.close("alice")

    assert [each["name"] for each in turn["tasks"]] == [
        "Chat.take_turn",
        "Chat.first",
        "Chat.second",
    ]
    (nap,) = turn["tasks"][1]["tasks"]
    assert nap["name"] == "napping"
    assert nap["kind"] == "task"
    (child,) = turn["children"]
    assert (child["kind"], child["turn"], child["prompts"]) == ("child", 2, [])
    assert calls(child["tasks"][0])[0] == "Chat.child(turn=<Turn>)"
    # the first is over, and so the task that held the nursery for it says nothing
    assert [each["name"] for each in later["tasks"]] == ["Chat.take_turn"]


@seeds(5)
async def test_what_waits_is_shown_by_its_kind() -> None:
    """First those for a checkpoint, then those for a turn; side questions run."""
    async with looking() as (router, view):
        router.send("alice", "work")
        await trio.sleep(1)
        router.send("alice", "steers")
        router.follow_up("alice", "x" * 1000)
        router.ask_aside("alice", "aside")
        await trio.sleep(1)
        stack = view.session_stack("alice")
        router.close("alice")

    assert [each["kind"] for each in stack["turns"]] == ["turn", "aside"]
    assert [(each["kind"], each["age"]) for each in stack["queue"]] == [
        ("steer", 1.0),
        ("follow up", 1.0),
    ]
    assert stack["queue"][0]["text"] == "'steers'"
    assert len(stack["queue"][1]["text"]) == 100


@seeds(5)
async def test_clocks_run_down() -> None:
    """Silence counts from the latest sign of life; who is to end has its grace."""
    async with looking() as (router, view):
        receipt = router.send("alice", "deaf")
        await trio.sleep(10)
        before = only(view.session_stack("alice"))
        router.cancel("alice")
        await trio.sleep(2)
        ending = only(view.session_stack("alice"))
        await receipt.outcome()

    assert before["left"] == {"inactivity": 40.0, "time": 90.0}
    assert (before["age"], before["silent"]) == (10.0, 10.0)
    assert ending["left"] == {"grace": 3.0}


@seeds(5)
async def test_a_turn_that_waits_for_a_slot_has_no_stack() -> None:
    """It has not begun."""
    async with looking(turns=1) as (router, view):
        router.send("alice", "work")
        router.send("bob", "work")
        await trio.sleep(1)
        turn = only(view.session_stack("bob"))
        router.close("bob")
        router.close("alice")

    assert (turn["phase"], turn["age"]) == ("waiting for a slot", None)
    assert (turn["tasks"], turn["left"]) == ([], {})


@seeds(5)
async def test_whose_limit_a_turn_waits_for_is_said() -> None:
    """Its tenant's, whose own turns hold it up; else that of all."""
    async with looking(turns=2, turns_per_tenant=1) as (router, view):
        for key, tenant in (("a", "me"), ("b", "me"), ("c", "you"), ("d", "he")):
            router.send(key, "work", tenant=tenant)
        await trio.sleep(1)
        said = {each.key: each.phase for each in router.list()}
        turn, other = only(view.session_stack("b")), only(view.session_stack("d"))
        found = await view.sessions(phase="waiting for tenant")
        for key in "abcd":
            router.close(key)

    assert (said["b"], said["d"]) == ("waiting for tenant", "waiting for a slot")
    assert (turn["phase"], other["phase"]) == (said["b"], said["d"])
    assert [each["key"] for each in found["sessions"]] == ["b"]


@seeds(5)
async def test_a_turn_that_was_given_up_is_seen_until_its_code_ends() -> None:
    """By key, in lists and counts, with its age; also when its key is forgotten."""
    async with looking() as (router, view):
        receipt = router.send("alice", "deaf")
        await trio.sleep(1)
        router.cancel("alice")
        ending = router.inspect("alice")
        assert ending is not None
        assert ending.phase == "ending"  # its code has not, and there is no more to it
        await receipt.outcome()
        await trio.sleep(4)

        stack = view.session_stack("alice")
        (listed,) = (await view.sessions())["sessions"]
        info = router.inspect("alice")
        router.send("alice", "work")
        await trio.sleep(1)
        busy = view.session("alice")
        both = view.session_stack("alice")
        router.close("alice")
        await trio.sleep(1)
        alone = await view.sessions(phase="given up")
        worst = await view.sessions()
        counted = router.statistics().given_up
        await trio.sleep(60)
        after = await view.sessions()

        with pytest.raises(UnknownSessionError):
            view.session("alice")
        assert router.statistics().given_up == 0

    turn = only(stack)
    assert (turn["kind"], turn["turn"], turn["age"]) == ("given up", 1, 10.0)
    assert calls(turn["tasks"][0])[1:] == ["deaf(seconds=60.0)", "sleep(seconds=60.0)"]
    assert (listed["phase"], listed["turn"], listed["burning"]) == ("given up", 1, 4.0)
    assert listed["last_activity"] == 10.0
    assert info is not None
    assert (info.phase, info.given_up, info.burning) == ("given up", 1, 4.0)
    assert (busy["phase"], busy["turn"], busy["given_up"]) == ("running", 2, 1)
    assert [each["kind"] for each in both["turns"]] == ["turn", "given up"]
    assert [each["phase"] for each in alone["sessions"]] == ["given up"]
    assert worst["sessions"] == alone["sessions"]
    assert worst["matching"] == alone["matching"] == counted == 1
    assert after == {"sessions": [], "matching": 0}


@seeds(5)
async def test_what_burns_comes_before_all_others() -> None:
    """Also before those that are busy."""
    async with looking(turns=50) as (router, view):
        receipt = router.send("alice", "deaf")
        router.send("bob", "tool")
        await trio.sleep(1)
        router.cancel("alice")
        await receipt.outcome()
        first = await view.sessions(limit=1)
        both = await view.sessions()
        router.close("bob")

    assert [each["key"] for each in first["sessions"]] == ["alice"]
    assert [each["key"] for each in both["sessions"]] == ["alice", "bob"]


class Slow(Actor[str]):
    """Has a message in hand, and tasks of its own."""

    async def started(self) -> None:
        self.start_soon(self.task)

    async def task(self) -> None:
        await trio.sleep_forever()

    async def receive(self, message: str) -> None:  # noqa: ARG002 - to be seen
        await trio.sleep(500)


@seeds(5)
async def test_any_actor_has_a_stack() -> None:
    """The hook that it waits in, and its tasks; nothing of one at rest."""
    async with open_system() as system:
        view = View(system)
        slow = system.start(Slow, name="slow")
        slow.tell_nowait("go")
        await trio.testing.wait_all_tasks_blocked()
        router = start_router(system, Chat)
        busy, idle = await view.actor_stack("/slow"), await view.actor_stack("/router")
        with pytest.raises(UnknownPathError):
            await view.actor_stack("/nobody")
        hook, own = busy["tasks"]
        for child in (slow, router.ref):
            child.kill()

    assert calls(hook) == ["Slow.receive(message='go')", "sleep(seconds=500)"]
    assert hook["kind"] == "hook"
    assert own["name"] == "Slow.task"
    assert busy["session"] is None
    assert idle["tasks"] == []


def test_a_deep_stack_is_cut_in_the_middle() -> None:
    """The outermost frames stay, and more of the innermost."""

    async def down(depth: int) -> None:
        if depth:
            await down(depth - 1)
        await pause()

    coroutine = down(200)
    coroutine.send(None)
    frames, left_out = frames_of(coroutine)
    coroutine.close()

    assert len(frames) == FIRST + LAST
    assert left_out == 202 - FIRST - LAST
    assert frames[0]["arguments"] == ["depth=200"]
    assert frames[-2]["arguments"] == ["depth=0"]


@types.coroutine
def pause() -> Generator[None]:
    """Let somebody look."""
    yield


def test_what_stands_between_is_looked_through() -> None:
    """`__await__` of a coroutine, a step of an async generator; not a stranger's."""

    class Wrapped:
        def __await__(self) -> Generator[Any]:
            return inner().__await__()

    class Strange:
        def __await__(self) -> Any:
            return Steps()

    class Steps:
        def __next__(self) -> None:
            return None

        def __iter__(self) -> Any:
            return self

    async def inner() -> None:
        await pause()

    async def outer(thing: Any) -> None:
        await thing

    names: list[list[str]] = []
    for thing in (Wrapped(), Strange()):
        coroutine = outer(thing)
        coroutine.send(None)
        frames, _ = frames_of(coroutine)
        coroutine.close()
        names.append([each["function"].rpartition(".")[2] for each in frames])

    assert names == [["outer", "inner", "pause"], ["outer"]]


def test_looking_keeps_nothing_alive() -> None:
    """A value that a function lets go of after the look is gone."""

    class Thing:
        pass

    async def hold(thing: Any) -> None:
        await pause()
        del thing
        await pause()

    thing = Thing()
    gone = weakref.ref(thing)
    coroutine = hold(thing)
    del thing
    coroutine.send(None)
    frames_of(coroutine)
    coroutine.send(None)
    gc.collect()
    coroutine.close()

    assert gone() is None


def test_a_thread_has_its_frames_too() -> None:
    """From the outermost in, cut likewise; none for no thread."""

    def down(depth: int) -> tuple[list[Any], int]:
        return down(depth - 1) if depth else thread_frames(sys._getframe())

    frames, left_out = down(200)

    assert len(frames) == FIRST + LAST
    assert left_out > 100
    assert frames[-1]["function"].endswith("down")
    assert thread_frames(None) == ([], 0)
