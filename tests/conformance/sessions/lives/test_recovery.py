"""After a crash of the router, and of the whole program: scenarios S99 and S100."""

from __future__ import annotations

import enum
from collections.abc import Awaitable
from typing import Any, ClassVar

import attrs
import pytest
import trio
from trio.testing import wait_all_tasks_blocked as settle

from actors import (
    Aborted,
    Actor,
    AnyRef,
    Completed,
    Crashed,
    Decision,
    Exit,
    Lost,
    PromptRepeated,
    Receipt,
    Session,
    Turn,
    TurnNotCompletedError,
    open_system,
)
from actors.testing import open_tasks, seeds
from supervision import (
    Limits,
    MemoryTokens,
    Router,
    RouterRef,
    router_ref,
    start_router,
)
from tests.conformance.sessions.conversing import ScriptError, Stage, Talker


@attrs.define
class Fuse:
    """What the router of a test shares with it."""

    lit: trio.Event = attrs.Factory(trio.Event)
    burned: bool = False


class Explosive(Router):
    """A router that crashes, once, when its fuse is lit."""

    fuse: ClassVar[Fuse]

    async def started(self) -> None:
        ready = super().started()
        if isinstance(ready, Awaitable):
            await ready
        if not self.fuse.burned:
            self.start_soon(self._burn)

    async def _burn(self) -> None:
        await self.fuse.lit.wait()
        self.fuse.burned = True
        raise ScriptError("router")


class Leaving(Talker):
    """Says when it starts and when it has cleaned up."""

    async def started(self) -> None:
        self.stage.started.append(self.key)

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        del exit
        await trio.lowlevel.checkpoint()
        self.stage.stopped.append(self.key)


class Above(Actor[object]):
    """Owns the router, and has it restarted when it crashes."""

    def __init__(self, stage: Stage, found: list[AnyRef], exits: list[Exit]) -> None:
        self.stage, self.found, self.exits = stage, found, exits

    def started(self) -> None:
        limits = Limits(sessions=3, turns=2)
        make: Any = Explosive  # what messages it takes is its own business
        self.found.append(self.start(make, Leaving, (self.stage,), limits))

    def receive(self, message: object) -> None:
        """Take nothing."""

    def child_ended(self, child: AnyRef, exit: Exit) -> Decision:  # noqa: A002
        del child
        self.exits.append(exit)
        return Decision.RESTART


async def read_to_the_end(
    router: RouterRef[str, str], key: str, errors: list[Exception]
) -> None:
    """Read an answer that does not come to its end."""
    try:
        async with router.open_turn(key, "say:half wait:never") as stream:
            async for chunk in stream:
                assert chunk == "half"
    except TurnNotCompletedError as error:
        errors.append(error)


@seeds(500)
async def test_s99_a_crash_of_the_router_takes_all_its_sessions_with_it() -> None:
    """Every prompt has its outcome, every reader its error, and no task is left.

    The handle is good for the router that comes after it.
    """
    stage, fuse = Stage(), Fuse()
    Explosive.fuse = fuse
    found: list[AnyRef] = []
    exits: list[Exit] = []
    errors: list[Exception] = []
    async with open_system() as system:
        await system.start(Above, stage, found, exits).wait_started()
        router = router_ref(found[0], Leaving)
        await router.send("idle", "hello").outcome()
        running = [router.send("a", "wait:never")]
        async with trio.open_nursery() as nursery:
            nursery.start_soon(read_to_the_end, router, "b", errors)
            await settle()
            queued = [router.send("a", "later"), router.send("idle", "no slot")]
            aside = router.ask_aside("a", "wait:never")

            fuse.lit.set()
            for receipt in (*running, aside):
                assert isinstance(await receipt.outcome(), Aborted | Lost)
            for receipt in queued:
                assert isinstance(await receipt.outcome(), Lost)

        assert len(errors) == 1
        assert [type(each) for each in exits] == [Crashed]
        await settle()
        assert stage.running.total() == 0
        assert sorted(stage.stopped) == sorted(stage.started) == ["a", "b", "idle"]
        assert router.list() == []
        below = [each.path for each in system.tree().walk()]
        assert [each for each in below if each.startswith(f"{found[0].path}/")] == []

        again = router.send("a", "again")
        assert await again.outcome() == Completed("again", turn=again.turn)
    assert open_tasks() == []


class Recovery(enum.Enum):
    """What an application does about a prompt that a crash left without an answer."""

    RERUN = "run it once more"
    REPORT = "report it"


@attrs.define
class History:
    """What the sessions of a test share; the tokens outlive their process."""

    recovery: Recovery
    ran: list[str] = attrs.Factory(list[str])
    reported: list[str] = attrs.Factory(list[str])
    recovered: list[Receipt[str]] = attrs.Factory(list[Receipt[str]])


class Recovering(Session[str, str]):
    """Binds what it works at, and forgets it with the answer."""

    def __init__(self, history: History) -> None:
        self.history = history

    async def started(self) -> None:
        await trio.lowlevel.checkpoint()
        match self.token, self.history.recovery:
            case {"id": str(id_), "prompt": str(prompt)}, Recovery.RERUN:
                self.history.recovered.append(self.follow_up(prompt, id=id_))
            case {"id": str(id_)}, Recovery.REPORT:
                self.history.reported.append(id_)
                self.bind(None)
            case _:
                pass

    async def take_turn(self, turn: Turn[str, str]) -> str:
        await trio.lowlevel.checkpoint()
        self.history.ran.append(turn.prompt)
        self.bind(None)
        return turn.prompt


UNANSWERED = {"id": "m1", "prompt": "hello"}


@pytest.mark.parametrize("redelivered", [False, True])
@seeds(20)
async def test_s100_an_unanswered_prompt_is_run_once_more(*, redelivered: bool) -> None:
    """By the policy RERUN: once, also if its sender sends it again with its id."""
    history, tokens = History(Recovery.RERUN), MemoryTokens()
    tokens.save("k", UNANSWERED)
    async with open_system() as system:
        router = start_router(system, Recovering, history, tokens=tokens)
        repeated = system.subscribe(PromptRepeated)

        if redelivered:
            first = router.send("k", "hello", id="m1")
        else:
            first = router.send("k", "next", id="m2")
        await first.outcome()
        (recovered,) = history.recovered
        await recovered.outcome()
        late = router.send("k", "hello", id="m1")

        assert late is recovered
        assert (recovered is first) is redelivered
        assert isinstance(late.ended, Completed)
        assert len(repeated.drain()) == 1 + redelivered
        await settle()
        assert sorted(history.ran) == (["hello"] if redelivered else ["hello", "next"])
        assert history.reported == []
        assert tokens.load() == {}


@seeds(20)
async def test_s100_an_unanswered_prompt_is_reported() -> None:
    """By the policy REPORT: once, and it is not run unless somebody sends it again."""
    history, tokens = History(Recovery.REPORT), MemoryTokens()
    tokens.save("k", UNANSWERED)
    async with open_system() as system:
        router = start_router(system, Recovering, history, tokens=tokens)

        await router.send("k", "next", id="m2").outcome()
        await settle()

        assert history.reported == ["m1"]
        assert history.ran == ["next"]
        assert history.recovered == []
        again = router.send("k", "hello", id="m1")
        assert isinstance(await again.outcome(), Completed)
        assert history.reported == ["m1"]
        assert history.ran == ["next", "hello"]
