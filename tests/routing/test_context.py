"""The context variables of whoever sent a prompt, for its turn to look at."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Awaitable, Callable
from contextvars import ContextVar, copy_context
from typing import Any, ClassVar, TypeAlias

import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Batch,
    Completed,
    Outcome,
    PromptPolicy,
    Replay,
    Session,
    Turn,
    open_system,
)
from supervision import Limits, RouterRef, start_router
from supervision.durable import MemoryStore

TRACE: ContextVar[str] = ContextVar("TRACE")
THING: ContextVar[object] = ContextVar("THING")

Do: TypeAlias = Callable[[Turn[Any, str]], Awaitable[object]]


class Doer(Session[Do, str]):
    """Does what it is told."""

    prompts: ClassVar[PromptPolicy] = PromptPolicy(capacity=1)

    async def take_turn(self, turn: Turn[Do, str]) -> object:
        return await turn.prompt(turn)


Router: TypeAlias = RouterRef[Do, str]


async def look(turn: Turn[Any, str]) -> str | None:
    """Tell whose the turn is, unless its own code sees that without asking."""
    assert TRACE.get(None) is None
    return turn.context.get(TRACE)


async def send(router: Router, key: str) -> object:
    """By the shortest way."""
    return await router.send(key, look).outcome()


async def send_with_all(router: Router, key: str) -> object:
    """With all that may come with a prompt."""
    sent = router.send(key, look, id="one", origin=1, tenant="me", job="job")
    return await sent.outcome()


async def send_kept(router: Router, key: str) -> object:
    """With its chunks kept."""
    return await router.send(key, look, stream=Replay()).outcome()


async def send_wait(router: Router, key: str) -> object:
    """When there is room."""
    receipt = await router.send_wait(key, look)
    return await receipt.outcome()


async def open_turn(router: Router, key: str) -> object:
    """And read it."""
    async with router.open_turn(key, look) as answer:
        return await answer.outcome()


async def open_later(router: Router, key: str) -> object:
    """By somebody else than who has called it."""
    opened = router.open_turn(key, look)
    TRACE.set("of whoever enters the block")
    async with opened as answer:
        return await answer.outcome()


async def steer(router: Router, key: str) -> object:
    """Where there may be no turn to steer."""
    return await router.steer(key, look).outcome()


async def follow_up(router: Router, key: str) -> object:
    """As a turn of its own."""
    return await router.follow_up(key, look).outcome()


async def ask_aside(router: Router, key: str) -> object:
    """Beside the turn."""
    return await router.ask_aside(key, look).outcome()


async def run_exclusive(router: Router, key: str) -> object:
    """Work in the session's order."""
    seen: list[str | None] = []

    async def work(turn: Turn[Any, str]) -> None:
        seen.append(await look(turn))

    await router.run_exclusive(key, work).outcome()
    return Completed(*seen)


WAYS = [
    send,
    send_with_all,
    send_kept,
    send_wait,
    open_turn,
    open_later,
    steer,
    follow_up,
    ask_aside,
    run_exclusive,
]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("there", [False, True])
async def test_a_turn_can_look_at_its_senders_context(
    way: Callable[[Router, str], Awaitable[Any]], *, there: bool
) -> None:
    """However the prompt came, to a new session or to one that is there."""
    async with open_system() as system:
        router = start_router(system, Doer)
        if there:
            await router.send("a", look).outcome()
        TRACE.set("mine")
        outcome = await way(router, "a")

    assert isinstance(outcome, Completed)
    assert outcome.result == "mine"


async def test_it_is_the_senders_also_if_another_makes_room_for_it() -> None:
    """It is what was there when it was sent, not when it was let in."""
    results: dict[str, object] = {}
    door = trio.Event()

    async def wait(turn: Turn[Any, str]) -> str | None:
        await door.wait()
        return await look(turn)

    async def send_as(name: str, do: Do) -> None:
        TRACE.set(name)
        outcome = await (await router.send_wait("a", do)).outcome()
        assert isinstance(outcome, Completed)
        results[name] = outcome.result

    async with open_system() as system:
        router = start_router(system, Doer)
        async with trio.open_nursery() as nursery:
            for name in ("one", "two", "three"):
                nursery.start_soon(send_as, name, wait)
                await settle()
            TRACE.set("nobody's")
            door.set()

    assert results == {"one": "one", "two": "two", "three": "three"}


async def test_what_a_turn_sends_has_the_context_of_that_moment() -> None:
    """What the turn sets afterwards is not there, nor what its router sees."""
    results: list[str | None] = []

    async def answer(turn: Turn[Any, str]) -> None:
        results.append(await look(turn))

    async def act(turn: Turn[Any, str]) -> None:
        await trio.lowlevel.checkpoint()
        token = TRACE.set("then")
        turn.send("b", answer)
        TRACE.reset(token)

    async with open_system() as system:
        router = start_router(system, Doer)
        await router.send("a", act).outcome()
        await settle()

    assert results == ["then"]


async def test_a_session_sees_nobodys_context() -> None:
    """Its start, its turns and their tasks are nobody's, whoever sent the first."""
    seen: list[str | None] = []

    class Looking(Doer):
        """It looks at its start."""

        async def started(self) -> None:
            seen.append(TRACE.get(None))

    async def start_task(turn: Turn[Any, str]) -> None:
        turn.start_soon(task)

    async def task() -> None:
        seen.append(TRACE.get(None))

    async with open_system() as system:
        router = start_router(system, Looking)
        TRACE.set("mine")
        await router.send("a", start_task).outcome()

    assert seen == [None, None]


async def test_it_is_a_copy() -> None:
    """What the sender sets later is not there, and what the turn sets is its own."""
    TRACE.set("at first")
    door = trio.Event()

    async def act(turn: Turn[Any, str]) -> tuple[str, str]:
        await door.wait()
        before = turn.context[TRACE]
        turn.context.run(TRACE.set, "by the turn")
        return before, turn.context.run(TRACE.get)

    async with open_system() as system:
        router = start_router(system, Doer)
        receipt = router.send("a", act)
        TRACE.set("later")
        door.set()
        outcome = await receipt.outcome()

    assert isinstance(outcome, Completed)
    assert outcome.result == ("at first", "by the turn")
    assert TRACE.get() == "later"


async def test_prompts_that_share_a_turn_have_their_own() -> None:
    """The turn's is that of the first; of a batch, and of those that steer it."""
    seen: list[object] = []

    class Together(Doer):
        """It takes two at once."""

        prompts: ClassVar[PromptPolicy] = PromptPolicy(batch=Batch())

    async def act(turn: Turn[Any, str]) -> None:
        seen.append(turn.context[TRACE])
        seen.append([each.context[TRACE] for each in turn.receipts])
        while not (steering := await turn.checkpoint()):
            pass
        seen.append([each.context[TRACE] for each in steering])
        seen.append(turn.context[TRACE])

    async with open_system() as system:
        router = start_router(system, Together)
        router.send("a", look)  # the others wait for it
        TRACE.set("one")
        first = router.send("a", act)
        TRACE.set("two")
        router.send("a", act)
        await settle_until(lambda: len(seen) == 2)
        TRACE.set("three")
        router.steer("a", look, id="steers")
        await first.outcome()

    assert seen == ["one", ["one", "two"], ["three"], "one"]


async def settle_until(done: Callable[[], bool]) -> None:
    """Give the others turns of the loop."""
    while not done():  # noqa: ASYNC110 - there is no event for it
        await trio.lowlevel.checkpoint()


async def test_a_child_turn_has_its_parents() -> None:
    """It answers the same sender."""
    seen: list[str | None] = []

    async def child(turn: Turn[Any, str]) -> None:
        seen.append(await look(turn))

    async def act(turn: Turn[Any, str]) -> None:
        await turn.run_child(child)

    async with open_system() as system:
        router = start_router(system, Doer)
        TRACE.set("mine")
        await router.send("a", act).outcome()

    assert seen == ["mine"]


async def test_a_message_that_is_remembered_holds_no_context() -> None:
    """It may hold on to anything, and messages are remembered for a day."""

    class Thing:
        """Something large."""

    thing = Thing()
    gone = weakref.ref(thing)
    async with open_system() as system:
        router = start_router(system, Doer, limits=Limits(sessions=1))
        THING.set(thing)
        await router.send("a", look, id="one").outcome()
        THING.set(None)
        del thing
        gc.collect()
        assert gone() is None
        again = router.send("a", look, id="one")
        assert not again.context


class Keeper(Session[str, str]):
    """Waits in its first attempt, for ever; looks at its sender's in another."""

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Wait, or look."""
        if turn.attempt == 1:
            await trio.sleep_forever()
        return turn.context.get(TRACE, "none")


@pytest.mark.parametrize("found", ["when it is there", "before it is there"])
def test_a_prompt_of_an_earlier_process_has_none(found: str) -> None:
    """Its sender's has gone with that; who has it started or finds it is no sender."""

    async def live_twice() -> Outcome:
        store = MemoryStore()
        async with open_system() as system:
            router = start_router(system, Keeper, durable=store)
            await router.accept("ann", "go", id="a", attempts=2)
            await settle()
            store.kill()
        async with open_system() as system:
            router = start_router(system, Keeper, durable=store)
            if found == "when it is there":
                await settle()
            receipt = await router.find("ann", "a")
            assert receipt is not None
            return await receipt.outcome()

    here = copy_context()
    here.run(TRACE.set, "of somebody else")
    outcome = here.run(trio.run, live_twice)

    assert isinstance(outcome, Completed)
    assert outcome.result == "none"
