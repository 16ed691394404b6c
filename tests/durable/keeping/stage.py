"""The cast: sessions that play their prompts, on a store, in processes that may die.

A process is a system with a router in a block of its own.  It ends in order when the
block is left, or as by `kill -9`: its store hears and tells nothing more, and its tasks
are cancelled.  The next process on the same store is its successor.

A prompt is a small script, one verb for each word:

    "wait:door"     wait until the test opens this door
    "fail:why"      raise `ScriptError("why")`
    "reject:why"    reject the turn
    "keep"          keep the state as it is, however the turn ends
    "bind:token"    bind a token
    "crash"         crash the session
    "point"         a checkpoint; the prompts that it takes are put into the state
    "emit:what"     emit this
    "count:9"       emit "1.1" to "1.9", in its second try "2.1" to "2.9"
    "send:key"      send "sent" to this session
    "odd"           put what no codec knows into the state
    "say:what"      append this to the history
    "sum:3"         put one entry in place of the first three
    "look:4"        write down the newest four entries
    anything else   nothing

A turn adds its prompts to the state, a tuple of str, and returns the first of them.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, ClassVar

import attrs
import trio

from actors import ActorSystem, Completed, Outcome, Session, Turn, open_system
from actors.testing import TurnLog
from supervision import Limits, RouterRef, start_router
from supervision.durable import MemoryStore, SqliteStore, StorePolicy
from supervision.durable._codec.protocol import Where
from supervision.durable._codec.values import Values
from supervision.durable._words.records import Record

WIDE = Limits(sessions=100, turns=100)


class ScriptError(Exception):
    """What a script raises."""


@attrs.define(eq=False)
class Stage:
    """What a test sees of all processes, and the doors it opens."""

    store: Any = attrs.Factory(MemoryStore)
    """Any: of any kind."""
    begun: list[tuple[str, str]] = attrs.Factory(list[tuple[str, str]])
    """(key, first prompt), in order."""
    started: list[tuple[str, int, object]] = attrs.Factory(
        list[tuple[str, int, object]]
    )
    """(key, generation, token) of each session."""
    finals: list[tuple[str, Outcome]] = attrs.Factory(list[tuple[str, Outcome]])
    """(key, outcome), as `turn_ended` has seen it."""
    seen: list[tuple[str, ...]] = attrs.Factory(list[tuple[str, ...]])
    """The windows that turns have looked through."""
    doors: defaultdict[str, trio.Event] = attrs.Factory(lambda: defaultdict(trio.Event))

    def open(self, *doors: str) -> None:
        """Let everybody through, now and later."""
        for door in doors:
            self.doors[door].set()

    # ----------------------------------------------- what the store has, in memory only

    @property
    def memory(self) -> MemoryStore:
        """Its store."""
        assert isinstance(self.store, MemoryStore)
        return self.store

    def outcomes(self) -> dict[str, Outcome | None]:
        """Give `{id: what became of it}` of all that is kept."""
        codec = Values(Player)
        return {
            each.id: codec.decode(each.outcome, Where.OUTCOME)
            if each.outcome is not None
            else None
            for each in self.memory.prompts()
        }

    def state(self, key: str) -> Any:  # Any: whatever a test puts there
        """Give the state that is kept of a key; None: there is none."""
        session = self.memory.session(key)
        if session is None or session.state is None:
            return None
        return Values(Player).decode(session.state.body, Where.STATE)

    def entries(self, key: str) -> tuple[str, ...]:
        """Give the history that is kept of a key."""
        codec = Values(Player)
        return tuple(
            codec.decode(each.body, Where.ENTRY, each.version)
            for each in self.memory.history(key)
        )

    async def all_ended(self) -> None:
        """Wait until no prompt is open."""
        while any(  # noqa: ASYNC110 - the store tells nobody
            each.outcome is None for each in self.memory.prompts()
        ):
            await trio.sleep(1)


class Player(Session[str, str]):
    """Plays its prompts."""

    initial_state: ClassVar[Any] = ()
    entry_type = str

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def started(self) -> None:
        """Say so."""
        self.stage.started.append((self.key, self.generation, self.token))

    async def take_turn(self, turn: Turn[str, str]) -> str:
        """Play the prompts, one after the other."""
        self.stage.begun.append((turn.key, turn.prompt))
        for prompt in turn.prompts:
            turn.state = (*turn.state, prompt)
            for word in prompt.split():
                verb, _, what = word.partition(":")
                await self.play(turn, verb, what)
        return turn.prompt

    async def play(  # noqa: C901, PLR0912 - a case a verb
        self, turn: Turn[str, str], verb: str, what: str
    ) -> None:
        """Do what one word says."""
        match verb:
            case "wait":
                await self.stage.doors[what].wait()
            case "fail":
                raise ScriptError(what)
            case "reject":
                turn.reject(what)
            case "keep":
                turn.keep_state()
            case "bind":
                self.bind(what)
            case "crash":
                self.start_soon(_crash)
                await trio.sleep_forever()
            case "point":
                for steered in await turn.checkpoint():
                    turn.state = (*turn.state, steered.prompt)
            case "say":
                turn.history.append(what)
            case "sum":
                first = (await turn.history.window(len(turn.history)))[: int(what)]
                turn.history.replace(int(what), "+".join(first))
            case "look":
                self.stage.seen.append(await turn.history.window(int(what)))
            case "emit":
                await turn.emit(what)
            case "count":
                for number in range(1, int(what) + 1):
                    await turn.emit(f"{turn.attempt}.{number}")
            case "send":
                turn.send(what, "sent")
            case "odd":
                turn.state = (*turn.state, object())
            case _:
                pass


async def _crash() -> None:
    """Crash."""
    await trio.lowlevel.checkpoint()
    why = "crash"
    raise ScriptError(why)


@attrs.define(eq=False)
class Process:
    """One life of a router on the store of a stage."""

    stage: Stage
    system: ActorSystem
    router: RouterRef[str, str]
    gone: trio.CancelScope
    dead: bool = False
    batches: list[tuple[Record, ...]] = attrs.Factory(list[tuple[Record, ...]])
    """What has been carried out, in memory only."""

    def kill(self) -> None:
        """Let it die, as by `kill -9`; its block is left at the next checkpoint."""
        if not self.dead:
            self.dead = True
            self.stage.memory.kill()
            self.gone.cancel()

    def dies_at(self, number: int) -> None:
        """Let it die at so many points of its batches."""
        left = itertools.count(number - 1, -1)

        def at(*_: object) -> None:
            if not next(left):
                self.kill()

        self.stage.memory.at_point(at)

    def watch(self) -> None:
        """Write down its batches from now on."""

        def at(point: str, batch: Any) -> None:
            if point == "after carry":
                self.batches.append(tuple(batch))

        self.stage.memory.at_point(at)


@asynccontextmanager
async def open_process(
    stage: Stage, make: type[Player] = Player, *, limits: Limits = WIDE
) -> AsyncGenerator[Process]:
    """Open a system with one router on the store of this stage.

    What is promised of its turns is checked when it has ended and was not killed.
    """
    with trio.CancelScope() as gone:
        # who waits for ever is not seen: the router looks now and then what is old
        with trio.fail_after(5000):
            async with open_system() as system:
                log = TurnLog(system, durable=True)
                router = start_router(
                    system, make, stage, limits=limits, durable=stage.store
                )
                process = Process(stage, system, router, gone)
                yield process
            if not process.dead:
                log.check()
    if isinstance(stage.store, MemoryStore):
        stage.store.at_point(None)


async def die_at_each_point(
    story: Callable[[Process], Awaitable[object]],
    check: Callable[[Stage, Process], Awaitable[object]],
    make: type[Player] = Player,
    *,
    limits: Limits = WIDE,
    policy: StorePolicy | None = None,
    stage: Callable[[MemoryStore], Stage] = Stage,
) -> int:
    """Play a story once for each point of its batches, and kill it there.

    The last time it is killed when it is over.

    Args:
        story: what happens in the process that dies.
        check: what must hold of its successor.
        make: the class of the sessions.
        limits: of both.
        policy: of their store.
        stage: makes what they play on.

    Returns:
        How many points it had.
    """
    for point in itertools.count(1):
        played = stage(MemoryStore(policy=policy))
        over = False
        async with open_process(played, make, limits=limits) as process:
            process.dies_at(point)
            await story(process)
            over = not process.dead
            process.kill()
        async with open_process(played, make, limits=limits) as process:
            with trio.fail_after(1000):
                await check(played, process)
        if over:
            return point - 1
    raise AssertionError


async def die_with_one_open(stage: Stage) -> None:
    """A process dies that leaves ann a state, a turn, and "open" in line behind it."""
    async with open_process(stage) as process:
        await (await process.router.accept("ann", "old")).outcome()
        await process.router.accept("ann", "wait:never")
        await process.router.accept("ann", "open", id="open")
        process.kill()


async def turn_runs(stage: Stage, prompt: str) -> None:
    """Wait until a turn with this prompt has begun."""
    while prompt not in (each for _, each in stage.begun):  # noqa: ASYNC110 - nobody tells
        await trio.lowlevel.checkpoint()


def completed(outcome: object) -> bool:
    """Whether it is that."""
    return isinstance(outcome, Completed)


def make_store(kind: str, folder: Any, policy: StorePolicy | None = None) -> Any:
    """Make a store of this kind."""
    if kind == "memory":
        return MemoryStore(policy=policy)
    return SqliteStore(folder / "chat.db", policy=policy)
