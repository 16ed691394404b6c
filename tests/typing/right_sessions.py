"""Right uses of sessions: checked by mypy and pyright with no error, never run."""

from __future__ import annotations

import math
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, assert_type

import attrs
import trio

from actors import (
    Abort,
    Aborted,
    Actor,
    ActorRef,
    Batch,
    Bounded,
    ChildPolicy,
    ChildTurn,
    CloseReason,
    Completed,
    Exit,
    Failed,
    Latest,
    Leave,
    Outcome,
    Phase,
    PromptEnded,
    PromptPolicy,
    Receipt,
    Replay,
    Session,
    SessionClosed,
    Steering,
    ToolSkippedError,
    Turn,
    TurnNotCompletedError,
    TurnPolicy,
    WhileBusy,
    Withdrawal,
    open_system,
)
from supervision import (
    Backoff,
    ChildSpec,
    DrainReport,
    FileTokens,
    Limits,
    MemoryTokens,
    RestartLimit,
    Router,
    RouterRef,
    RouterStatistics,
    SessionInfo,
    Shared,
    Supervisor,
    Tokens,
    TurnStream,
    VerbResult,
    router_ref,
    start_router,
)


@attrs.frozen
class Ask:
    """A prompt."""

    text: str


@attrs.frozen
class Chunk:
    """A piece of an answer."""

    text: str


class Chat(Session[Ask, Chunk]):
    """Uses everything that a session may do."""

    turns = TurnPolicy(time_limit=600, stalls=(5,), budget=math.inf)
    prompts = PromptPolicy(
        capacity=3,
        batch=Batch(prompts=3, weight=100, weigh=lambda prompt: len(prompt.text)),
        busy=WhileBusy.STEER,
        steering=Steering.ALL,
    )
    child_turns = ChildPolicy(depth=1, width=2)
    initial_state = ()

    def __init__(self, model: str, *, loud: bool = False) -> None:
        self.model = model
        self.loud = loud

    async def started(self) -> None:
        assert_type(self.key, str)
        assert_type(self.generation, int)
        assert_type(self.token, object)
        self.bind({"model": self.model, "turns": [1, 2, 3]})
        self.bind(None)
        self.after(1.0, "tick")
        assert_type(self.follow_up(Ask("more"), id="m1", origin=3), Receipt[Ask])

    async def take_turn(self, turn: Turn[Ask, Chunk]) -> str:
        assert_type(turn.prompt, Ask)
        assert_type(turn.prompts, tuple[Ask, ...])
        assert_type(turn.receipts, tuple[Receipt[Ask], ...])
        assert_type(turn.phase, Phase)
        assert_type(turn.interrupted, str | None)
        assert_type(turn.parent, Turn[Ask, Chunk] | None)
        turn.state = (*turn.state, turn.prompt)
        await turn.emit(Chunk("hello"))
        turn.emit_nowait(Chunk("hello"))
        turn.progress()
        try:
            with turn.tool("search"):
                await trio.lowlevel.checkpoint()
        except ToolSkippedError as error:
            assert_type(error.reason, str)
        assert_type(await turn.checkpoint(), tuple[Receipt[Ask], ...])
        assert_type(turn.step(), int)
        turn.start_soon(self.help, turn, 3)
        child = await turn.start_child(self.help, 3, critical=True, direct=True)
        assert_type(child, ChildTurn)
        assert_type(await child.outcome(), Outcome)
        assert_type(child.ended, Outcome | None)
        assert_type(child.abort("enough"), Abort)
        assert_type(child.replied, bool)
        assert_type(await turn.run_child(self.help, 3), Outcome)
        assert_type(await turn.consult(self.judge, "x", within=1, default=True), bool)
        turn.note(reason="end_turn", tokens=3)
        turn.spend(3)
        turn.spend(0.5)
        turn.keep_state()
        turn.end_drain()
        if self.loud:
            turn.reject("too loud")
        return turn.prompt.text

    async def help(self, turn: Turn[Ask, Chunk], number: int) -> int:
        """A child turn."""
        await turn.emit(Chunk("from the child"))
        return number

    async def judge(self, text: str) -> bool:
        """A hook."""
        return bool(text)

    async def answer_aside(self, turn: Turn[Ask, Chunk]) -> str:
        return turn.prompt.text

    async def turn_ended(self, turn: Turn[Ask, Chunk], outcome: Outcome) -> None:
        assert_type(outcome.turn, int | None)
        assert_type(turn.id, int)

    async def suspend(self) -> None:
        self.bind([self.model])

    async def alive(self) -> bool:
        return True

    def handle(self, message: Any) -> None:
        running = self.turn
        assert_type(running, Turn[Ask, Chunk] | None)
        number = running.id if running is not None else None
        assert_type(self.deliver(number, Chunk(str(message))), bool)

    def child_orphaned(self, outcome: Outcome, parent: int) -> None:
        self.follow_up(Ask(f"{outcome} of {parent}"))

    async def stopped(self, exit: Exit) -> None:  # noqa: A002
        """Clean up."""


class Plain(Session[str, str]):
    """Needs no arguments, and has every default."""

    async def take_turn(self, turn: Turn[str, str]) -> None:
        """Take it."""


class Owner(Actor[object]):
    """An actor that owns a router."""

    def started(self) -> None:
        router = start_router(self, Plain, name="plain")
        assert_type(router, RouterRef[str, str])

    def receive(self, message: object) -> None:
        """Take it."""


class Tree(Supervisor):
    """A router as a supervised child."""

    children = (
        ChildSpec(Router, Chat, ("model",), Limits(sessions=3), MemoryTokens()),
        ChildSpec(Router, Plain, id="plain"),
    )


LIMITS = Limits(
    sessions=3,
    sessions_per_tenant=1,
    turns=2,
    turns_per_tenant=1,
    idle=math.inf,
    start_within=10,
    restarts=RestartLimit(3, within=60),
    backoff=Backoff(1, 30),
)


async def send() -> None:
    """Start a router, send, wait."""
    async with open_system() as system:
        tokens: Tokens = FileTokens("tokens.jsonl")
        router = start_router(system, Chat, "model", limits=LIMITS, tokens=tokens)
        assert_type(router, RouterRef[Ask, Chunk])
        start_router(system, Plain)
        supervised: ActorRef[Any] = router.ref
        assert_type(router_ref(supervised, Chat), RouterRef[Ask, Chunk])

        receipt = router.send(
            "k", Ask("x"), id="m1", origin=3, tenant="o", job="j", attempts=2
        )
        assert_type(receipt, Receipt[Ask])
        assert_type(receipt.prompt, Ask)
        assert_type(receipt.turn, int | None)
        assert_type(receipt.ended, Outcome | None)
        assert_type(await receipt.outcome(), Outcome)
        assert_type(receipt.withdraw("no"), Withdrawal)
        assert_type(await router.send_wait("k", Ask("x"), job="j"), Receipt[Ask])
        assert_type(router.steer("k", Ask("x"), id="m1"), Receipt[Ask])
        assert_type(router.steer("k", Ask("x"), stream=Replay()), Receipt[Ask])
        assert_type(router.follow_up("k", Ask("x"), tenant="o"), Receipt[Ask])
        assert_type(router.ask_aside("k", Ask("x"), origin=3), Receipt[Ask])
        router.run_exclusive("k", compact)
        await read(router)
        await administrate(router)
        ended = system.subscribe(PromptEnded)
        assert_type((await ended.receive()).outcome, Outcome)
        async for event in system.subscribe(SessionClosed):
            assert_type(event.reason, CloseReason)


async def compact(turn: Turn[Ask, Chunk]) -> None:
    """Exclusive work."""
    turn.state = turn.state[-10:]


async def read(router: RouterRef[Ask, Chunk]) -> None:
    """Read an answer as it comes."""
    async with router.open_turn("k", Ask("x"), stream=Bounded(3)) as stream:
        assert_type(stream, TurnStream[Ask, Chunk])
        assert_type(stream.receipt, Receipt[Ask])
        assert_type(stream.turn, int | None)
        try:
            async for chunk in stream:
                assert_type(chunk, Chunk)
        except TurnNotCompletedError as error:
            assert_type(error.outcome, Outcome)
        stream.steer(Ask("shorter"))
        assert_type(stream.abort("enough"), Abort)
        tell(await stream.outcome())
    merged = Latest(merge=lambda older, newer: older + newer, every=1.5)
    async with router.open_turn("k", Ask("x"), stream=merged, tenant="o"):
        pass
    kept = Replay(chunks=100, keep=60.0)
    receipt = router.send("k", Ask("x"), id="m", stream=kept)
    assert_type(await router.send_wait("k", Ask("x"), stream=kept), Receipt[Ask])
    async with router.open_turn(
        "k", Ask("x"), stream=kept, leave=Leave.DETACH
    ) as stream:
        assert_type(stream.number, int)
        assert_type(stream.phase, Phase)
        await stream.wait_begun()
    async with router.reopen_turn("k", "m", after=stream.number) as again:
        assert_type(again, TurnStream[Ask, Chunk])
        async for chunk in again:
            assert_type(chunk, Chunk)
    async with router.reopen_turn("k", receipt.id):
        pass


def tell(outcome: Outcome) -> object:
    """Look at an outcome."""
    match outcome:
        case Completed(result):
            return result
        case Failed(error=error):
            assert_type(error, BaseException)
            return error
        case Aborted(reason):
            return reason
        case _:
            assert_type(outcome.notes, Mapping[str, Any])
            return None


async def administrate(router: RouterRef[Ask, Chunk]) -> None:
    """Look, abort, configure, drain."""
    assert_type(router.abort(3, hard=False, hint="please", within=3), Abort)
    assert_type(router.cancel("k", hard=False, hint="please"), VerbResult)
    assert_type(router.cancel_all("k", reason="enough"), VerbResult)
    assert_type(router.reset("k"), VerbResult)
    result = router.close("k", "enough")
    assert_type(result.withdrawn, tuple[int, ...])
    assert_type(router.inspect("k"), SessionInfo | None)
    assert_type(router.list(), list[SessionInfo])
    assert_type(router.statistics(), RouterStatistics)
    router.configure(Limits())
    router.stop_admission()
    report = await router.drain(10)
    assert_type(report, DrainReport)
    assert_type(report.aborted, tuple[int, ...])


class Provider:
    """Something that many turns share."""


@asynccontextmanager
async def open_provider() -> AsyncGenerator[Provider]:
    """Open one."""
    yield Provider()


async def share() -> None:
    """Share a provider, and replace it."""
    shared = Shared(open_provider)
    async with shared:
        async with shared.use() as provider:
            assert_type(provider, Provider)
        await shared.replace(open_provider)
