"""`Turn`: what `take_turn` gets; one prompt (or a batch) being answered.

Everything here is about this turn, by its own reference: there is no "current" turn to
look up and so none to mistake for another.  A turn that has ended refuses to do more.
What it says of itself is `facts`; its inner side is `run`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Any, Never, TypeVar, TypeVarTuple

import trio
from trio.lowlevel import (
    checkpoint,
    checkpoint_if_cancelled,
    disable_ki_protection,
)

from actors._engine.hub import SCHEDULE_EVERY
from actors._engine.seat import check_async
from actors.errors import ActorStoppedError

from .errors import (
    BudgetExceededError,
    StepLimitError,
    ToolSkippedError,
    TurnOverError,
)
from .events import HookOverdue, ToolEnded, ToolSkipped, ToolStarted
from .facts import ChildTurn, TurnFacts
from .outcomes import Failed, Outcome, Steered
from .phase import DRAINING, ENDED, ENDING, RUNNING
from .policies import Steering, seconds
from .receipt import P, Receipt
from .turns.early import cut
from .turns.ends import RejectTurnError
from .turns.family import top_of
from .turns.run import TurnRun

C = TypeVar("C")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Turn(TurnFacts[P, C]):
    """One turn of a session, taking prompts P and answering with chunks C.

    Made by the session.  Its outcome is `Completed` if `take_turn` returns, `Failed` if
    it raises, and what ended it early otherwise.
    """

    __slots__ = ()

    def __init__(self, run: TurnRun) -> None:
        self._run = run
        run.turn = self

    @property
    def parent(self) -> Turn[P, C] | None:
        """Whose child it is; None for a turn of its own, or if that one has ended."""
        parent = self._run.parent
        return parent.turn if parent is not None else None

    # -------------------------------------------------------------------- what it says

    async def emit(self, chunk: C) -> None:
        """Hand a chunk to the reader; a sign of life.

        With a `Bounded` stream it waits while the reader is behind (meanwhile no clock
        but the time limit runs); with `Latest` it never waits.  Without a reader, as
        for a plain `send`, the chunk is dropped and counted.  A cancellation point
        always, a schedule point at least every 64th time.

        Raises:
            TurnOverError: the turn has ended.
        """
        run = self._run
        phase = run.phase
        if phase is not RUNNING and phase is not DRAINING:
            raise TurnOverError(run.id, "emit")
        host = run.host
        host.chunks += 1
        if host.chunks & SCHEDULE_EVERY:
            await checkpoint_if_cancelled()
        else:
            await checkpoint()
            run.check_open("emit")
        # as `run.sign`, without the call
        extra = run.extra
        if extra is None or not extra.stalled:
            run.signed_at = host.now()
        else:
            run.sign()
        stream = run.stream
        if stream is None:
            host.unread += 1
            return
        run.replied = True
        # as `Chunks.put_if_room`, without the call
        queue = stream.queue
        if len(queue) < stream.room:
            queue.append(chunk)
            if stream.reader is not None:
                stream.wake_reader()
            return
        if stream.put_if_room(chunk):
            return
        clocks = run.need_clocks()
        clocks.pause()
        try:
            await stream.put(chunk)
        finally:
            clocks.resume()

    def emit_nowait(self, chunk: C) -> None:
        """As `emit`, from anywhere and without waiting; also in the drain window.

        Raises:
            trio.WouldBlock: the reader is behind.
            TurnOverError: the turn has ended.
        """
        run = self._run
        run.check_open("emit")
        stream = run.stream
        if stream is not None:
            stream.put_nowait(chunk)
        else:
            run.host.unread += 1
        run.host.chunks += 1
        run.sign()

    def progress(self) -> None:
        """Give a sign of life: the inactivity clock starts again."""
        self._run.sign()

    def note(self, **notes: Any) -> None:
        """Put something into the `notes` of the outcome, such as an agent's reason.

        Raises:
            TurnOverError: the turn has ended.
        """
        run = self._run
        if run.phase in (ENDING, ENDED):
            raise TurnOverError(run.id, "note anything")
        extra = run.need_extra()
        extra.notes = {**(extra.notes or {}), **notes}

    def reject(self, reason: object = None) -> Never:
        """End the turn: its prompts are `Rejected(reason)`.  Call it in `take_turn`."""
        self._run.check_open("reject anything")
        raise RejectTurnError(reason)

    # --------------------------------------------------------------- what it remembers

    @property
    def state(self) -> Any:
        """The session's state, a value: put a new one, do not change it in place.

        Unless the turn completes the session goes back to the state at its start (or at
        the last `keep_state`).  An aside sees the state at the start of the turn that
        runs beside it, and cannot set it.

        Raises:
            TurnOverError: set after the turn has ended.
            RuntimeError: set in an aside.
        """
        run = top_of(self._run)
        return run.need_extra().snapshot if run.aside else run.lane.state

    @state.setter
    def state(self, value: Any) -> None:
        run = top_of(self._run)
        run.check_open("change the state")
        if run.aside:
            msg = f"turn {run.id} answers a side question: it cannot change the state"
            raise RuntimeError(msg)
        run.lane.state = value

    def keep_state(self) -> None:
        """Keep the state as it is now, however the turn ends."""
        run = top_of(self._run)
        run.check_open("keep the state")
        run.before = run.lane.state

    # -------------------------------------------------------------- what happens to it

    async def checkpoint(self) -> tuple[Receipt[P], ...]:
        """Take the steering prompts that wait: one or all, by `PromptPolicy.steering`.

        Each is `Steered` with that.  Uses up a step, is a sign of life and a
        checkpoint.  With the last step none are taken: those that wait become turns of
        their own.

        Raises:
            StepLimitError: there was no step left.
        """
        run = self._run
        run.check_open("go on")
        extra = run.need_extra()
        if extra.steps >= run.policy.steps:
            raise StepLimitError(run.id, run.policy.steps)
        await checkpoint()
        extra.steps += 1
        run.sign()
        taken: list[Receipt[P]] = []
        steering = extra.steering
        if extra.interrupted is not None or extra.steps >= run.policy.steps:
            return ()
        while steering is not None and (receipt := steering.take()) is not None:
            receipt._turn = run.id
            run.host.settle(receipt, Steered(turn=run.id))
            taken.append(receipt)
            if run.session.prompts.steering is Steering.ONE:
                break
        return tuple(taken)

    @contextmanager
    def tool(self, name: str) -> Generator[None]:
        """Run a tool inside this block: `with turn.tool("search"):`.

        While it runs the inactivity clock stands still and its own runs
        (`TurnPolicy.tool_limit`).

        Raises:
            ToolSkippedError: it is not to be run: steering prompts wait, or the turn
                was aborted softly.
            TurnOverError: the turn has ended.
        """
        run = self._run
        run.check_open("use a tool")
        reason = "interrupted" if run.interrupted is not None else ""
        steering = run.need_extra().steering
        if not reason and steering is not None and len(steering):
            reason = "queued user message"
        if reason:
            run.publish(ToolSkipped, name, reason)
            raise ToolSkippedError(name, reason)
        clocks = run.need_clocks()
        begun = run.host.now()
        run.sign()
        clocks.tool_begins(name, begun)
        run.publish(ToolStarted, name)
        try:
            yield
        finally:
            now = run.host.now()
            run.publish(ToolEnded, name, now - begun)
            clocks.tool_ends(name, now)

    def start_soon(
        self, async_fn: Callable[[*Ts], Awaitable[object]], *args: *Ts
    ) -> None:
        """Start a task that belongs to this turn; the outcome waits for it.

        Its exception is the turn's, as in a nursery.

        Raises:
            TypeError: not an async function.
            TurnOverError: the turn has ended.
        """
        check_async("start_soon()", async_fn)
        run = self._run
        run.check_open("start a task")
        try:
            run._seat.start_task(async_fn, args)
        except ActorStoppedError as error:  # it has been cut, or a task of it crashed
            raise TurnOverError(run.id, "start a task") from error
        run.need_extra().tasks = True

    def end_drain(self) -> None:
        """End the drain window: nothing more will come.  Before it: there is none."""
        self._run.drained().set()

    def spend(self, units: float) -> None:
        """Count what the turn and its children use, against `TurnPolicy.budget`.

        Whoever is over it ends the turn at the top and all its children: its outcome is
        `Failed(BudgetExceededError)`.

        Raises:
            BudgetExceededError: it is over.
        """
        given: object = units
        if isinstance(given, bool) or not isinstance(given, int | float):
            msg = f"spend() takes a number of units, got {units!r}"
            raise TypeError(msg)
        if not units >= 0:
            msg = f"spend() takes at least 0 units, got {units!r}"
            raise ValueError(msg)
        self._run.check_open("spend anything")
        top = top_of(self._run)
        extra = top.need_extra()
        extra.spent += units
        if extra.spent > top.policy.budget:
            error = BudgetExceededError(top.id, extra.spent, top.policy.budget)
            cut(top, Failed(error=error))
            raise error

    async def consult(
        self,
        async_fn: Callable[[*Ts], Awaitable[T]],
        *args: *Ts,
        within: float,
        default: T,
    ) -> T:
        """Ask a hook that may be slow or broken: its answer, or `default`.

        The turn goes on in any case; a hook that took longer than `within` seconds is
        cancelled, and it and one that raised are told as a `HookOverdue`.
        """
        check_async("consult()", async_fn)
        seconds("within", within, zero=True)
        self._run.check_open("consult a hook")
        error: Exception | None = None
        with trio.move_on_after(within):
            try:
                return await async_fn(*args)
            except Exception as raised:  # noqa: BLE001 - told, and the default is taken
                error = raised
        name = getattr(async_fn, "__qualname__", repr(async_fn))
        self._run.publish(HookOverdue, name, error)
        return default

    # ------------------------------------------------------------------------ children

    async def start_child(
        self,
        async_fn: Callable[[Turn[P, C], *Ts], Awaitable[object]],
        *args: *Ts,
        critical: bool = False,
        direct: bool = False,
    ) -> ChildTurn:
        """Start a child turn: `async_fn(child, *args)`, with an id and an outcome.

        It takes no slot: its parent holds one.  It ends when its parent is aborted,
        times out or fails, and when its parent's `take_turn` returns.

        Args:
            async_fn: what it does; its first argument is the child's `Turn`.
            args: the others.
            critical: it may outlive a parent that ends in order: then it is the
                session's, which is busy as long.
            direct: what it emits goes to the parent's reader.

        Raises:
            DepthExceededError: `ChildPolicy.depth`, at once.
            ChildSlotTimeoutError: `width` children ran for all of `slot_wait` seconds.
            TypeError: not an async function.
            TurnOverError: the turn has ended.
        """
        check_async("start_child()", async_fn)
        run = self._run
        run.check_open("start a child")
        family = run.need_family()
        await family.wait_for_room()

        def body(turn: Turn[P, C]) -> Awaitable[object]:
            return unprotected(async_fn, turn, *args)

        child = family.start(body, critical=critical, direct=direct)
        Turn[P, C](child)
        return ChildTurn(child)

    async def run_child(
        self,
        async_fn: Callable[[Turn[P, C], *Ts], Awaitable[object]],
        *args: *Ts,
        direct: bool = False,
    ) -> Outcome:
        """Start a child turn and wait for its outcome."""
        child = await self.start_child(async_fn, *args, direct=direct)
        return await child.outcome()


@disable_ki_protection
async def unprotected(
    async_fn: Callable[..., Awaitable[object]], turn: Any, *args: Any
) -> object:
    """A user's function as the body of a turn: Ctrl-C may interrupt it."""
    return await async_fn(turn, *args)
