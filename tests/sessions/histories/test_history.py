"""`turn.history` in memory: what turns see of it, and what becomes of what they do."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import pytest
import trio
import trio.lowlevel
import trio.testing

from actors import (
    Aborted,
    Completed,
    Failed,
    KeepState,
    Outcome,
    Session,
    TimedOut,
    Turn,
    TurnOverError,
    TurnPolicy,
    open_system,
)
from actors.testing import seeds
from supervision import Limits, RouterRef, start_router

# Any in this file: entries are anything


class Writes(Session[str, str]):
    """Appends each word of its prompt, and does what it says."""

    turns: ClassVar[TurnPolicy] = TurnPolicy(time_limit=10)

    def __init__(self, seen: list[Any]) -> None:
        self.seen = seen

    async def take_turn(self, turn: Turn[str, str]) -> list[Any]:
        """One word after the other."""
        for word in turn.prompt.split():
            verb, _, what = word.partition(":")
            await self.play(turn, verb, what)
        return [each async for each in turn.history.all()]

    async def play(self, turn: Turn[str, str], verb: str, what: str) -> None:
        """Do what one word says."""
        match verb:
            case "keep":
                turn.keep_state()
            case "step":
                turn.step()
            case "fail":
                raise ValueError
            case "hang":
                await trio.sleep_forever()
            case "crash":
                self.start_soon(crash)
                await trio.sleep_forever()
            case "sum":
                turn.history.replace(int(what), f"sum of {what}")
            case "child":
                await turn.run_child(self.be_child)
            case "look":
                self.seen.append(await turn.history.window(int(what)))
            case _:
                turn.history.append(verb)

    async def be_child(self, turn: Turn[str, str]) -> None:
        """A child's history is its parent's."""
        turn.history.append("of a child")
        self.seen.append(await turn.history.window(9))


class Steps(Writes):
    """Keeps what it has at each step."""

    turns = TurnPolicy(keep_state=KeepState.STEPS)


class Always(Writes):
    """Keeps what it has."""

    turns = TurnPolicy(keep_state=KeepState.ALWAYS)


async def crash() -> None:
    """Crash its session."""
    await trio.lowlevel.checkpoint()
    raise ValueError


@asynccontextmanager
async def opened(
    make: type[Writes] = Writes, limits: Limits | None = None
) -> AsyncGenerator[tuple[RouterRef[str, str], list[Any]]]:
    """Open a router in memory; what its turns have seen."""
    seen: list[Any] = []
    async with open_system() as system:
        yield start_router(system, make, seen, limits=limits), seen


async def said(router: RouterRef[str, str], prompt: str, key: str = "ann") -> Outcome:
    """Have a prompt answered."""
    return await router.send(key, prompt).outcome()


async def kept(router: RouterRef[str, str], key: str = "ann") -> Any:
    """All that the next turn finds."""
    outcome = await said(router, "", key)
    assert isinstance(outcome, Completed)
    return outcome.result


@seeds(2)
async def test_what_a_turn_appends_the_next_one_finds() -> None:
    """And it itself at once."""
    async with opened() as (router, seen):
        await said(router, "a look:9 b look:9")
        await said(router, "look:9 c look:2 look:0 look:3")

    assert seen == [("a",), ("a", "b"), ("a", "b"), ("b", "c"), (), ("a", "b", "c")]


@pytest.mark.parametrize(
    ("make", "prompt", "left"),
    [
        (Writes, "b fail", ["a"]),
        (Writes, "b hang", ["a"]),
        (Writes, "b keep c fail", ["a", "b"]),
        (Writes, "sum:1 b fail", ["a"]),
        (Writes, "sum:1 keep b sum:2 fail", ["sum of 1"]),
        (Writes, "b keep c sum:3 fail", ["a", "b"]),
        (Writes, "keep b child keep c fail", ["a", "b", "of a child"]),
        (Steps, "b step c fail", ["a", "b"]),
        (Always, "b c fail", ["a", "b", "c"]),
    ],
)
@seeds(1)
async def test_what_does_not_complete_is_kept_as_far_as_its_state(
    make: type[Writes], prompt: str, left: list[str]
) -> None:
    """It failed, or its time was over."""
    async with opened(make) as (router, _):
        await said(router, "a")
        outcome = await said(router, prompt)
        assert isinstance(outcome, Failed | TimedOut)
        assert await kept(router) == left


@seeds(2)
async def test_what_an_abort_takes_back_was_never_there() -> None:
    """Hard, in the middle."""
    async with opened() as (router, _):
        receipt = router.send("ann", "a keep b hang")
        await trio.testing.wait_all_tasks_blocked()
        router.cancel("ann", hard=True)
        assert isinstance(await receipt.outcome(), Aborted)
        assert await kept(router) == ["a"]


@seeds(2)
async def test_a_successor_has_what_was_kept() -> None:
    """After a crash; after `reset` and `close` there is nothing, nor in another key."""
    async with opened() as (router, _):
        await said(router, "a b")
        outcome = await said(router, "c crash")
        assert isinstance(outcome, Failed)
        assert await kept(router) == ["a", "b"]
        assert await kept(router, "bob") == []

        router.reset("ann")
        assert await kept(router) == []
        await said(router, "d")
        router.close("ann")
        assert await kept(router) == []


@seeds(2)
async def test_a_turn_that_is_reset_leaves_nothing() -> None:
    """Also of what it had kept."""
    async with opened() as (router, _):
        await said(router, "a")
        router.send("ann", "b keep hang")
        await trio.testing.wait_all_tasks_blocked()
        router.reset("ann")
        assert await kept(router) == []


@seeds(2)
async def test_it_goes_with_its_session_as_the_state_does() -> None:
    """There is no store: who is reaped is forgotten."""
    async with opened(limits=Limits(idle=10)) as (router, _):
        await said(router, "a")
        await trio.sleep(11)
        assert await kept(router) == []


@seeds(2)
async def test_work_in_the_sessions_order_compacts() -> None:
    """The first entries become one, or none; the others stay."""
    lengths: list[int] = []

    async def compact(turn: Turn[str, str]) -> None:
        first = await turn.history.window(4)
        turn.history.replace(3, " ".join(first[:3]))
        lengths.append(len(turn.history))

    async def drop(turn: Turn[str, str]) -> None:
        turn.history.replace(len(turn.history))

    async with opened() as (router, _):
        await said(router, "a b c d")
        await router.run_exclusive("ann", compact).outcome()
        assert await kept(router) == ["a b c", "d"]
        await router.run_exclusive("ann", drop).outcome()
        assert await kept(router) == []
        await said(router, "e")
        assert await kept(router) == ["e"]

    assert lengths == [2]


@seeds(2)
async def test_an_aside_reads_what_is_kept_and_writes_nothing() -> None:
    """Not what the turn beside it has appended so far."""
    async with opened() as (router, _):
        await said(router, "a")
        running = router.send("ann", "b hang")
        await trio.testing.wait_all_tasks_blocked()
        aside = await router.ask_aside("ann", "").outcome()
        assert isinstance(aside, Completed)
        assert aside.result == ["a"]
        refused = await router.ask_aside("ann", "x").outcome()
        assert isinstance(refused, Failed)
        assert isinstance(refused.error, RuntimeError)
        router.cancel("ann", hard=True)
        await running.outcome()
        assert await kept(router) == ["a"]


@seeds(2)
async def test_a_walk_ends_when_what_it_walks_through_is_changed() -> None:
    """With an error, as of a dict; what is appended meanwhile it does not see."""
    errors: list[str] = []

    async def walk(turn: Turn[str, str]) -> None:
        entries: list[Any] = []
        async for each in turn.history.all(page=2):
            entries.append(each)
            turn.history.append(f"{each}, too")
        assert entries == ["a", "b", "c"]
        try:
            async for _ in turn.history.all(page=1):
                turn.history.replace(1, "A")
        except RuntimeError as error:
            errors.append(str(error))

    async with opened() as (router, _):
        await said(router, "a b c")
        assert isinstance(await router.run_exclusive("ann", walk).outcome(), Completed)
        assert await kept(router) == ["A", "b", "c", "a, too", "b, too", "c, too"]

    (error,) = errors
    assert error.startswith("the history of 'ann' was changed while it was walked")


@seeds(2)
async def test_a_window_is_read_again_when_the_turn_beside_it_compacts() -> None:
    """Whoever reads sees the old or the new."""

    async def compact(turn: Turn[str, str]) -> None:
        turn.history.replace(200, "sum")
        await trio.sleep(1)

    class Reads(Writes):
        async def answer_aside(self, turn: Turn[str, str]) -> object:
            found = [await turn.history.window(300) for _ in range(3)]
            await trio.sleep(2)
            return [*found, await turn.history.window(300)]

    async with opened(Reads) as (router, _):
        await said(router, " ".join(str(each) for each in range(250)))
        work = router.run_exclusive("ann", compact)
        outcome = await router.ask_aside("ann", "").outcome()
        await work.outcome()
    assert isinstance(outcome, Completed)
    old = tuple(str(each) for each in range(250))
    new = ("sum", *old[200:])
    assert outcome.result == [old, old, old, new]


class Misuses(Writes):
    """Calls everything wrongly."""

    turn_of: ClassVar[list[Turn[str, str]]] = []

    async def take_turn(self, turn: Turn[str, str]) -> list[Any]:
        """Collect what is said."""
        self.turn_of.append(turn)
        history: Any = turn.history
        history.append("a")
        calls: list[tuple[Any, Any]] = [
            (lambda: history.replace(0), ValueError),
            (lambda: history.replace("1"), TypeError),
            (lambda: history.replace(True), TypeError),  # noqa: FBT003
            (lambda: history.replace(2, "x"), ValueError),
            (lambda: history.replace(1, "x", "y"), ValueError),
            (lambda: history.all(page=0), ValueError),
        ]
        for call, error in calls:
            with pytest.raises(error) as caught:
                call()
            self.seen.append(str(caught.value))
        for most in (-1, 1.5):
            with pytest.raises((TypeError, ValueError)) as caught:
                await history.window(most)
            self.seen.append(str(caught.value))
        assert repr(history) == "<History of 'ann': 1 entries>"
        return list(await history.window(9))


@seeds(1)
async def test_misuse_is_refused_by_name() -> None:
    """And changes nothing."""
    Misuses.turn_of.clear()
    async with opened(Misuses) as (router, seen):
        outcome = await said(router, "")
        assert isinstance(outcome, Completed), outcome
        assert outcome.result == ["a"]
        (turn,) = Misuses.turn_of
        with pytest.raises(TurnOverError):
            turn.history.append("late")
        with pytest.raises(TurnOverError):
            turn.history.replace(1)
        assert len(turn.history) == 1

    assert seen[3] == "the history has 1 entries, 2 cannot be replaced"
    assert seen[4] == "2 entries cannot stand in place of 1"
    assert [each.split()[0] for each in seen] == [
        *("first", "first", "first", "the", "2", "page", "most", "most")
    ]


async def test_reading_is_a_checkpoint() -> None:
    """A window of nothing, too; each step of a walk can be cancelled."""

    async def look(turn: Turn[str, str]) -> None:
        with trio.testing.assert_checkpoints():
            await turn.history.window(0)
        with trio.testing.assert_checkpoints():
            assert [each async for each in turn.history.all()] == []
        for number in range(3):
            turn.history.append(number)
        with trio.testing.assert_checkpoints():
            await turn.history.window(2)
        walk = turn.history.all()
        assert await anext(walk) == 0
        with trio.CancelScope() as scope:
            scope.cancel()
            await anext(walk)
        assert scope.cancelled_caught

    async with opened() as (router, _):
        outcome = await router.run_exclusive("ann", look).outcome()
        assert isinstance(outcome, Completed), outcome
