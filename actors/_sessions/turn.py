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

from actors._engine.checks import seconds
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
from .leaves.leaves import TurnLeaves
from .outcomes import Failed, Outcome
from .phase import DRAINING, ENDED, ENDING, RUNNING
from .policies import KeepState
from .receipt import Receipt
from .state import C, P, S
from .turns.clocks import hand_over
from .turns.early import cut, keep
from .turns.family import top_of
from .turns.run import TurnRun
from .turns.steering import taken_by
from .turns.verdicts import RejectTurnError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class Turn(TurnFacts[P, C, S], TurnLeaves[P]):
    """One turn of a session, taking prompts P and answering with chunks C.

    `Turn[P, C, S]` says of which type its state is, as `Session[P, C, S]`; in
    `Turn[P, C]` it is Any.

    Made by the session.  Its outcome is `Completed` if `take_turn` returns, `Failed` if
    it raises, and what ended it early otherwise.
    """

    __slots__ = ()

    def __init__(self, run: TurnRun) -> None:
        self._run = run
        run.turn = self

    @property
    def parent(self) -> Turn[P, C, S] | None:
        """Whose child it is; None for a turn of its own, or if that one has ended."""
        parent = self._run.parent
        return parent.turn if parent is not None else None

    # -------------------------------------------------------------------- what it says

    async def emit(self, chunk: C) -> None:  # noqa: C901, PLR0912, PLR0915 - written out
        """Hand a chunk to the reader; a sign of life.

        With a `Bounded` or `Replay` stream it waits while the reader is behind
        (meanwhile no clocks but the time limit and `TurnPolicy.reader_limit` run), with
        a `Journal` while too much is unwritten; with `Latest` never.  Without a reader
        the chunk is dropped and counted.  A cancellation point always, a schedule point
        at least every 64th time.

        Raises:
            TurnOverError: the turn has ended.
            TypeError, ValueError: a `Journal`'s store cannot keep the chunk.
        """
        run = self._run
        stream = run.burst
        if stream is not None:
            queue = stream.queue
            if len(queue) < stream.limit:
                try:
                    await checkpoint_if_cancelled()
                except RuntimeError:  # Trio's: not in its thread
                    run.host.events.check_thread("Turn.emit()")
                    raise
                queue.append(chunk)  # nobody else has run, so there still is a burst
                return
        host = run.host
        if run.phase is not RUNNING and run.phase is not DRAINING:
            raise TurnOverError(run.id, "emit")
        if run.calls < SCHEDULE_EVERY:
            try:
                await checkpoint_if_cancelled()
            except RuntimeError:  # as above
                host.events.check_thread("Turn.emit()")
                raise
            run.calls += 1
        else:
            run.check_thread("emit")
            run.calls = 0
            if stream is not None and stream.takes_next:  # that lets others run
                try:
                    await stream.writers.wait(chunk)
                    run.sign()
                except trio.ClosedResourceError:  # as below
                    host.unread += 1
                host.chunks += 1
                return
            await checkpoint()
            run.check_open("emit")
        coming = run.burst  # a stream whose reader is woken, and has not run yet
        if coming is not None:
            coming.end_burst()
        run.signed_at, extra = host.now(), run.extra  # as `run.sign`, not called
        if extra is not None and extra.stalled:
            run.sign()
        stream, taken = run.stream, True
        if stream is None:
            host.unread += 1
        elif stream.reader is not None and len(stream.queue) < stream.room:
            stream.queue.append(chunk)  # as `put_if_room`, without the call
            stream.wake_reader()
            if extra is None:
                stream.begin_burst(run)
            run.replied = True
        else:
            try:
                taken = stream.put_if_room(chunk)
                if taken and stream is coming:  # so its turn is a plain one still
                    stream.begin_burst(run)
            except trio.ClosedResourceError:  # of a parent that it has outlived
                host.unread += 1
            run.replied = True
        if extra is not None and extra.partial is not None:
            extra.partial.add(chunk)
        if not taken:
            await hand_over(run, stream, chunk)
        host.chunks += 1  # it has not been refused, nor cancelled while it waited

    def emit_nowait(self, chunk: C) -> None:
        """As `emit`, from anywhere and without waiting; also in the drain window.

        Raises:
            trio.WouldBlock: the reader is behind.
            TurnOverError: the turn has ended.
        """
        run = self._run
        run.check_open("emit")
        stream = run.stream
        try:
            if stream is not None:
                stream.put_nowait(chunk)
            else:
                run.host.unread += 1
        except trio.ClosedResourceError:  # of a parent that it has outlived
            run.host.unread += 1
        run.host.chunks += 1
        run.sign()
        if run.extra is not None and run.extra.partial is not None:
            run.extra.partial.add(chunk)

    def progress(self) -> None:
        """Give a sign of life: the inactivity clock starts again."""
        self._run.check_thread("give a sign of life")
        self._run.sign()

    def note(self, **notes: Any) -> None:
        """Put something into the `notes` of the outcome, such as an agent's reason.

        Raises:
            TurnOverError: the turn has ended.
        """
        run = self._run
        run.check_thread("note anything")
        if run.phase in (ENDING, ENDED):
            raise TurnOverError(run.id, "note anything")
        extra = run.need_extra()
        extra.notes = {**(extra.notes or {}), **notes}

    def reject(self, reason: object = None) -> Never:
        """End the turn: its prompts are `Rejected(reason)`.  Call it in `take_turn`."""
        self._run.check_open("reject anything")
        raise RejectTurnError(reason)

    # -------------------------------------------------------------- what happens to it

    def step(self) -> int:
        """Begin one more step of the agent's loop; say how many are left after it.

        Call it once for each call of the model: a loop that finds no end is stopped at
        `TurnPolicy.steps`.  A child turn has steps of its own.  A sign of life, and not
        a checkpoint.

        Raises:
            StepLimitError: there was no step left.
            TurnOverError: the turn has ended.
        """
        run = self._run
        run.check_open("take a step")
        left = self.steps_left
        if not left:
            raise StepLimitError(run.id, run.policy.steps)
        run.need_extra().steps += 1
        run.sign()
        if run.policy.keep_state is KeepState.STEPS and run.parent is None:
            keep(run)
        return left - 1

    async def checkpoint(self) -> tuple[Receipt[P], ...]:
        """Take the steering prompts that wait: one or all, by `PromptPolicy.steering`.

        Each is `Steered` with that.  A sign of life and a checkpoint; look as often as
        you like.  In the last step (`step`), and after a soft abort, none are taken:
        those that wait become turns of their own.
        """
        run = self._run
        run.check_open("go on")
        await checkpoint()
        run.sign()
        return taken_by(run) if self.steps_left else ()

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
        self._run.check_thread("end the drain")
        self._run.need_extra().need_drained().set()

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
        async_fn: Callable[[Turn[P, C, S], *Ts], Awaitable[object]],
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

        def body(turn: Turn[P, C, S]) -> Awaitable[object]:
            return unprotected(async_fn, turn, *args)

        child = family.start(body, critical=critical, direct=direct)
        Turn[P, C, S](child)
        return ChildTurn(child)

    async def run_child(
        self,
        async_fn: Callable[[Turn[P, C, S], *Ts], Awaitable[object]],
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
