"""What a turn says of itself, and a child turn as its parent sees it."""

from __future__ import annotations

from contextvars import Context
from typing import TYPE_CHECKING, Any, Generic

from .histories.history import History
from .outcomes import Abort, Outcome
from .phase import ENDED, ENDING, RUNNING, Phase
from .receipt import Receipt
from .state import C, P, S, with_default
from .turns.clocks import tool_of
from .turns.early import abort, keep
from .turns.family import depth_of, top_of
from .turns.run import TurnRun
from .turns.steering import steering_of


class TurnFacts(Generic[P, C, S]):
    """The part of a turn that tells what it is, and what it remembers."""

    __slots__ = ("_run",)
    _run: TurnRun

    if not TYPE_CHECKING:  # checkers know the default of S; Python does, from 3.13 on

        def __class_getitem__(cls, types: Any) -> Any:
            return super().__class_getitem__(with_default(cls, types))

    def __repr__(self) -> str:
        return f"<Turn {self.id} of {self.key!r}: {self.phase.value}>"

    @property
    def id(self) -> int:
        """Unique in its router; never used again."""
        return self._run.id

    @property
    def key(self) -> str:
        """The session's key."""
        key: str = self._run.lane.key
        return key

    @property
    def receipts(self) -> tuple[Receipt[P], ...]:
        """The prompts it began with, each with its id and origin; a child's: none."""
        return self._run.receipts

    @property
    def prompt(self) -> P:
        """The first prompt; a child has its parent's."""
        prompt: P = top_of(self._run).receipts[0].prompt
        return prompt

    @property
    def prompts(self) -> tuple[P, ...]:
        """All prompts that it began with; more than one only with `PromptPolicy.batch`.

        A child has its parent's.
        """
        top = top_of(self._run)
        return tuple(receipt.prompt for receipt in top.receipts)

    @property
    def context(self) -> Context:
        """The context variables of whoever sent the first prompt, as they were then.

        The turn's own code does not see them, and need not: `turn.context[VARIABLE]`
        reads one, `turn.context.run(fn)` calls a plain function with them.  It is a
        copy: what is set there the sender does not see.  A child has its parent's.
        Prompts of a batch, and those that steer, have their own: `Receipt.context`.
        """
        context: Context = top_of(self._run).receipts[0].context
        return context

    @property
    def phase(self) -> Phase:
        """Where it is."""
        run = self._run
        if run.phase is not RUNNING:
            return run.phase
        if run.verdict is not None:  # aborted, timed out: its code has not ended yet
            return ENDING
        return RUNNING if tool_of(run) is None else Phase.TOOL

    @property
    def aside(self) -> bool:
        """It answers a side question, beside the session's own turn."""
        return self._run.aside

    @property
    def depth(self) -> int:
        """0 for a turn of its own, 1 for its child, and so on."""
        return depth_of(self._run)

    @property
    def started_at(self) -> float:
        """When it began: seconds on Trio's clock; nan while it waits for its slot."""
        return self._run.started_at

    @property
    def interrupted(self) -> str | None:
        """The hint of a soft abort, "" if there was none; None: nobody has asked.

        Honour it: start nothing new, say what there is to say, return.
        """
        return self._run.interrupted

    @property
    def steering(self) -> int:
        """How many steering prompts wait for `checkpoint`.  Not a sign of life."""
        return len(steering_of(self._run))

    @property
    def steps_left(self) -> int:
        """How many calls of `step` are left."""
        run = self._run
        return run.policy.steps - (run.extra.steps if run.extra is not None else 0)

    @property
    def attempt(self) -> int:
        """Which attempt at its prompts this is, from 1: see `send(attempts=)`.

        With `id` and `epoch` it tells effects outside from those of another attempt.
        """
        run = self._run
        while run.parent is not None:
            run = run.parent
        tried = [each._more.tried for each in run.receipts if each._more is not None]
        return 1 + max(tried, default=0)

    @property
    def epoch(self) -> int:
        """Rises with each router that has these sessions, one after the other.

        With a store through all processes, and with one that is shared with each owner
        of the session's key; without one in this process.
        """
        run = self._run
        epoch: int = run.host.epoch_of(run.lane)
        return epoch

    # --------------------------------------------------------------- what it remembers

    @property
    def state(self) -> S:
        """The session's state, a value: put a new one, do not change it in place.

        Unless the turn completes the session goes back to the state at its start, or at
        the last `keep_state`, or what `TurnPolicy.keep_state` says; when
        `Session.turn_ended` runs it has done so, and from then on only
        `Session.state` can be set.  An aside sees the state at the start of the turn
        that runs beside it, and cannot set it.

        Raises:
            TurnOverError: set after the turn has ended.
            RuntimeError: set in an aside.
        """
        run = top_of(self._run)
        state: S = run.need_extra().snapshot if run.aside else run.lane.state
        return state

    @state.setter
    def state(self, value: S) -> None:
        run = top_of(self._run)
        run.check_open("change the state")
        if run.aside:
            msg = f"turn {run.id} answers a side question: it cannot change the state"
            raise RuntimeError(msg)
        run.lane.state = value

    def keep_state(self) -> None:
        """Keep the state and the history as they are now, however the turn ends."""
        run = top_of(self._run)
        run.check_open("keep the state")
        keep(run)

    # Any: `Session.entry_type` says of which type
    @property
    def history(self) -> History[Any]:
        """The conversation's history: entries that are appended, the oldest first.

        For what grows: with a store a state is written whole by each turn, an entry
        once, and only what is read is in memory.  Without a store it is in memory, and
        goes where the state goes.  A child's is its parent's.  `help(actors.History)`
        has what it can do.

        Example:
            >>> recent = await turn.history.window(20)
            >>> turn.history.append(Said("user", turn.prompt))
        """
        return History(top_of(self._run))


class ChildTurn:
    """A child turn, as its parent sees it."""

    __slots__ = ("_run",)

    def __init__(self, run: TurnRun) -> None:
        self._run = run

    @property
    def id(self) -> int:
        """The id of its turn."""
        return self._run.id

    @property
    def ended(self) -> Outcome | None:
        """Its outcome; None while it runs."""
        return self._run.outcome if self._run.phase is ENDED else None

    @property
    def replied(self) -> bool:
        """It has emitted to the reader: do not say the same again."""
        return self._run.replied

    async def outcome(self) -> Outcome:
        """Wait for its outcome.  A checkpoint."""
        self._run.check_thread("wait for the outcome")
        await self._run.wait_ended()
        assert self._run.outcome is not None
        return self._run.outcome

    def abort(self, reason: object = None) -> Abort:
        """Abort it, hard."""
        self._run.check_thread("abort it")
        return abort(self._run, hard=True, reason=reason, hint=None, within=None)
