"""How a session or a turn fails: raised in a turn, or the `error` of a `Failed`.

Each says whose act it is and what to do.
"""

from __future__ import annotations

import trio

from actors.errors import ActorError


class SessionStartError(ActorError):
    """The session could not be started: the `error` of the prompts that waited for it.

    The act of the session's code.  `__cause__` is what its constructor or `started`
    raised; none when it took longer than `Limits.start_within`.  The key is free again:
    mend the code and send anew.
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
    """The session crashed with the prompt in hand; `__cause__` is the crash.

    The act of the session's code, outside of `take_turn`; the `error` of a `Failed`.
    Prompts that wait go to the next one.  Mend the code; a prompt that may run twice
    can be sent with `attempts` above 1, and is then tried again.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
        """The session's key."""

    def __str__(self) -> str:
        return f"session {self.key!r} crashed with the prompt in hand"


class NotAliveError(ActorError):
    """`Session.alive` said no, or did not answer in time: what is behind it is dead.

    The act of what is behind the session, such as a process.  The turn fails with it
    and the session crashes, so that a new one takes over: send the prompt again.  In
    time means within `TurnPolicy.alive_every` seconds.
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key
        """The session's key."""

    def __str__(self) -> str:
        return f"session {self.key!r} is not alive"


class TurnOverError(ActorError, RuntimeError):
    """The turn has ended: it emits nothing, starts nothing, changes no state.

    The act of code that has kept the turn for longer than `take_turn`.  Do it before
    `take_turn` returns, or in a turn of its own.
    """

    def __init__(self, turn: int, what: str) -> None:
        super().__init__(turn, what)
        self.turn = turn
        """Its id."""
        self.what = what
        """What was tried, in words."""

    def __str__(self) -> str:
        return f"turn {self.turn} has ended: it cannot {self.what}"


class ToolSkippedError(ActorError):
    """The tool is not to be run: somebody steers the turn, or has aborted it softly.

    The act of whoever steers or aborts.
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

    Uncaught the turn fails with it.  How many it has says `TurnPolicy.steps`: raise it,
    or end the loop by `Turn.steps_left` with what there is.
    """

    def __init__(self, turn: int, limit: int) -> None:
        super().__init__(turn, limit)
        self.turn = turn
        """Its id."""
        self.limit = limit
        """How many it had."""

    def __str__(self) -> str:
        return f"turn {self.turn} has used up its {self.limit} steps"


class BudgetExceededError(ActorError):
    """The turn and its children have spent more than `TurnPolicy.budget`.

    The act of the turn's code.  Raised by `Turn.spend`, and the `error` of the outcome
    of the turn at the top, which is ended with all its children.  Raise the budget, or
    spend less.
    """

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


class DepthExceededError(ActorError):
    """A child turn would be nested too deeply: `ChildPolicy.depth`.

    The act of the turn's code, which starts children in children; nothing was started.
    Raise the depth if that is meant, else have this turn do the work itself.
    """

    def __init__(self, turn: int, limit: int) -> None:
        super().__init__(turn, limit)
        self.turn = turn
        """Id of the turn that wanted a child."""
        self.limit = limit
        """How deep they may be."""

    def __str__(self) -> str:
        return f"turn {self.turn} may not have children: {self.limit} levels is all"


class ChildSlotTimeoutError(ActorError, trio.TooSlowError):
    """No room for one more child turn within `ChildPolicy.slot_wait` seconds.

    The act of the turn's code: `ChildPolicy.width` of its children have not ended.
    Nothing was started.  Wait for some of them first, or raise the width or the wait.
    """

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

    The `error` of a `Failed` with `forgotten`, and nobody's act: it was too large to be
    remembered, see `PromptPolicy.dedupe`.  Whoever needs the error itself keeps the
    first receipt.  It has no `__cause__`.
    """

    def __init__(self, key: str, what: str) -> None:
        super().__init__(key, what)
        self.key = key
        """The session's key."""
        self.what = what
        """What the error was, in words."""

    def __str__(self) -> str:
        return f"session {self.key!r} had failed with {self.what}"
