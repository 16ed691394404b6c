"""The errors of sessions and turns: when, whose act, and what to do.

Whatever refuses a prompt is a `RefusedError`: raised by `send` and its like in the
sender, before anything is started; a refused prompt was never accepted and has no
outcome.  The rest is raised inside a turn, or is the `error` of a `Failed`.
"""

from __future__ import annotations

import trio

from actors.errors import ActorError

from .outcomes import Outcome


class RefusedError(ActorError):
    """The prompt was not accepted; base of the errors that `send` and its like raise.

    `key` is the session's.  Nothing was started for it.
    """

    text = "refuses the prompt"

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
        """The session's key."""

    def __str__(self) -> str:
        return f"session {self.key!r} {self.text}"


class ClosedToNewError(RefusedError):
    """The router takes no more prompts: it drains, stops or has ended."""

    text = "takes no more prompts: its router is shutting down"


class QueueFullError(RefusedError, trio.WouldBlock):
    """Too many prompts of this session wait: the act of senders faster than it.

    Also for the queue of steering prompts.  Wait with `send_wait`, or say so to whoever
    talks too fast.
    """

    def __init__(self, key: str, depth: int, capacity: int, what: str) -> None:
        super().__init__(key)
        self.depth = depth
        """How many wait."""
        self.capacity = capacity
        """How many may: `PromptPolicy.capacity` or `.steering_capacity`."""
        self.what = what
        """"prompts" or "steering prompts"."""

    def __str__(self) -> str:
        return (
            f"session {self.key!r} is full: {self.depth} {self.what} wait, "
            f"{self.capacity} may"
        )


class SessionBusyError(RefusedError, trio.WouldBlock):
    """The session has a turn, or prompts that wait, and the prompt was not to wait.

    By `WhileBusy.REFUSE`: the act of whoever said so.
    """

    def __init__(self, key: str, turn: int | None) -> None:
        super().__init__(key)
        self.turn = turn
        """Id of its turn; None: prompts wait for their first."""

    def __str__(self) -> str:
        what = "prompts wait" if self.turn is None else f"turn {self.turn} is there"
        return f"session {self.key!r} is busy: {what}"


class SaturatedError(RefusedError, trio.WouldBlock):
    """As many sessions as there may be, and none of them idle: raise `Limits.sessions`.

    The act of all senders together.
    """

    def __init__(self, key: str, limit: int) -> None:
        super().__init__(key)
        self.limit = limit
        """`Limits.sessions`."""

    def __str__(self) -> str:
        return f"no room for session {self.key!r}: all {self.limit} sessions are busy"


class TenantLimitError(RefusedError):
    """This tenant has as many sessions as one tenant may have: the tenant's act."""

    def __init__(self, key: str, tenant: str, limit: int) -> None:
        super().__init__(key)
        self.tenant = tenant
        """Who."""
        self.limit = limit
        """`Limits.sessions_per_tenant`."""

    def __str__(self) -> str:
        return (
            f"no session {self.key!r} for {self.tenant!r}, who has {self.limit} "
            "already, the limit"
        )


class StillRunningError(RefusedError):
    """A job of this name has been accepted before and has not ended: `send(job=)`."""

    def __init__(self, key: str, job: str) -> None:
        super().__init__(key)
        self.job = job
        """Its name."""

    def __str__(self) -> str:
        return f"session {self.key!r}: job {self.job!r} is still running"


class QuarantinedError(RefusedError):
    """The session has crashed too often: the act of its code.

    For a term (`Limits.quarantine`); then one prompt is let in as a trial, others are
    refused until its turn has ended.  `reset` and `close` end it at once.  Prompts that
    waited have failed with this error too.  `__cause__` is the last crash.
    """

    text = "has crashed too often and is in quarantine for a while"

    def __init__(self, key: str, until: float | None = None) -> None:
        super().__init__(key)
        self.until = until
        """When its term is over: seconds on Trio's clock; past: its trial runs."""


class SessionStartError(ActorError):
    """The session could not be started: the `error` of the prompts that waited for it.

    `__cause__` is what its constructor or `started` raised; none when it took longer
    than `Limits.start_within`.  The key is free again.
    """

    def __init__(self, key: str, why: str) -> None:
        super().__init__(key, why)
        self.key = key
        """The session's key."""
        self.why = why
        """In words."""

    def __str__(self) -> str:
        return f"session {self.key!r} could not be started: {self.why}"


class SessionCrashedError(ActorError):
    """The session crashed with the prompt in hand; `__cause__` is the crash."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
        """The session's key."""

    def __str__(self) -> str:
        return f"session {self.key!r} crashed with the prompt in hand"


class NotAliveError(ActorError):
    """`Session.alive` said no, or did not answer in time: what is behind it is dead.

    The turn fails with it and the session crashes, so that a new one takes over.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
        """The session's key."""

    def __str__(self) -> str:
        return f"session {self.key!r} is not alive"


class TurnOverError(ActorError, RuntimeError):
    """The turn has ended: it emits nothing, starts nothing, changes no state.

    The act of code that has kept the turn for longer than `take_turn`.
    """

    def __init__(self, turn: int, what: str) -> None:
        super().__init__(turn, what)
        self.turn = turn
        """Its id."""
        self.what = what
        """What was tried, in words."""

    def __str__(self) -> str:
        return f"turn {self.turn} has ended: it cannot {self.what}"


class TurnNotCompletedError(ActorError):
    """The answer that you were reading is not complete: the stream ended early.

    Raised at the end of the stream, so that half an answer never looks like a whole
    one.  `__cause__` is the error of a failed turn.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        """How the turn ended."""

    def __str__(self) -> str:
        return f"the answer is not complete: {self.outcome!r}"


class StreamGapError(ActorError):
    """The chunks that you want to read next are not there (any more).

    From `reopen_turn`: they were dropped, or the number is of no chunk of this answer.
    While you read: you did not read for `TurnPolicy.reader_limit` seconds, so that the
    turn went on without you.  Then it is told once; read on, and you get what there is.
    """

    def __init__(self, after: int, first: int, last: int) -> None:
        super().__init__(after, first, last)
        self.after = after
        """The number behind which you wanted to read."""
        self.first = first
        """Number of the first chunk that there is; above `last`: there is none."""
        self.last = last
        """Number of the last chunk so far."""

    def __str__(self) -> str:
        there = f"chunks {self.first} to {self.last} are there"
        if self.first > self.last:
            there = f"{self.last} were emitted, none is kept"
        return f"there is no chunk {self.after + 1} to go on with: {there}"


class StreamRestartedError(ActorError):
    """The turn is tried again after a crash: what you have read does not count.

    For prompts sent with `attempts` above 1; with a `Journal` after a kill too.  Told
    once; read on, and you get the new try from its beginning.
    """

    def __init__(self, attempt: int, first: int) -> None:
        super().__init__(attempt, first)
        self.attempt = attempt
        """Which try runs, or was the last: 2 for the second."""
        self.first = first
        """Number of its first chunk."""

    def __str__(self) -> str:
        return (
            "what was read does not count: the answer begins anew with chunk "
            f"{self.first}, try {self.attempt}"
        )


class UnknownPromptError(ActorError):
    """The router knows no such prompt: there is nothing to read again.

    It never came, or it ended more than `Replay.keep` seconds ago, or its session was
    reset or closed, or the router has been restarted since and it had no `Journal`, or
    that is not kept any more.  One that was sent without `Replay` and without an id
    of its own is known until it ends; whoever has its receipt has its outcome.
    """

    def __init__(self, key: str, id: str | int) -> None:  # noqa: A002 - its name to users
        super().__init__(key, id)
        self.key = key
        """The session's key."""
        self.id = id
        """What was asked for."""

    def __str__(self) -> str:
        return f"session {self.key!r} has no prompt {self.id!r} (any more)"


class StreamNotKeptError(ActorError):
    """The prompt is there, but its chunks are not kept.

    It was sent without `Replay` or `Journal`.  Its turn has not ended.  Await the
    outcome by its receipt.
    """

    def __init__(self, key: str, id: str | int) -> None:  # noqa: A002
        super().__init__(key, id)
        self.key = key
        """The session's key."""
        self.id = id
        """What was asked for."""

    def __str__(self) -> str:
        return f"the answer to prompt {self.id!r} of session {self.key!r} is not kept"


class ToolSkippedError(ActorError):
    """The tool is not to be run: somebody steers the turn, or has aborted it softly.

    Raised by `with turn.tool(...)` before the tool begins.  Catch it, report the call
    as skipped with `reason`, and go on to the next `checkpoint`.
    """

    def __init__(self, tool: str, reason: str) -> None:
        super().__init__(tool, reason)
        self.tool = tool
        """Its name."""
        self.reason = reason
        """"queued user message", or "interrupted"."""

    def __str__(self) -> str:
        return f"tool {self.tool!r} is skipped: {self.reason}"


class StepLimitError(ActorError):
    """The turn has used up its steps (`Turn.step`): the act of its loop.

    How many it has says `TurnPolicy.steps`.
    """

    def __init__(self, turn: int, limit: int) -> None:
        super().__init__(turn, limit)
        self.turn = turn
        """Its id."""
        self.limit = limit
        """How many it had."""

    def __str__(self) -> str:
        return f"turn {self.turn} has used up its {self.limit} steps"


class DepthExceededError(ActorError):
    """A child turn would be nested too deeply: `ChildPolicy.depth`."""

    def __init__(self, turn: int, limit: int) -> None:
        super().__init__(turn, limit)
        self.turn = turn
        """Id of the turn that wanted a child."""
        self.limit = limit
        """How deep they may be."""

    def __str__(self) -> str:
        return f"turn {self.turn} may not have children: {self.limit} levels is all"


class ChildSlotTimeoutError(ActorError, trio.TooSlowError):
    """No room for one more child turn within `ChildPolicy.slot_wait` seconds."""

    def __init__(self, turn: int, width: int) -> None:
        super().__init__(turn, width)
        self.turn = turn
        """Id of the turn that wanted a child."""
        self.width = width
        """How many it may have at once."""

    def __str__(self) -> str:
        return f"turn {self.turn} has {self.width} children that do not end"


class OutcomeForgottenError(ActorError):
    """A message that was sent again had failed; only what is said here is remembered.

    The `error` of a `Failed` with `forgotten`.
    """

    def __init__(self, key: str, what: str) -> None:
        super().__init__(key, what)
        self.key = key
        """The session's key."""
        self.what = what
        """What the error was, in words."""

    def __str__(self) -> str:
        return f"session {self.key!r} had failed with {self.what}"


class BudgetExceededError(ActorError):
    """The turn and its children have spent more than `TurnPolicy.budget`."""

    def __init__(self, turn: int, spent: float, budget: float) -> None:
        super().__init__(turn, spent, budget)
        self.turn = turn
        """Id of the turn at the top."""
        self.spent = spent
        """Units spent, those that were too many included."""
        self.budget = budget
        """Units it had."""

    def __str__(self) -> str:
        return f"turn {self.turn} has spent {self.spent:g} of {self.budget:g}"
