"""Why an answer cannot be read on, or not be trusted to be whole.

Raised in the code that reads it.  Each says whose act it is and what to do.
"""

from __future__ import annotations

from actors._sessions.outcomes import Outcome
from actors.errors import ActorError


class TurnNotCompletedError(ActorError):
    """The answer that you were reading is not complete: the stream ended early.

    Raised at the end of the stream, so that half an answer never looks like a whole
    one.  `outcome` says how the turn ended, and by that whose act it was.  Show what
    there is as unfinished, or send again.  `__cause__` is the error of a failed turn.
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome
        """How the turn ended."""

    def __str__(self) -> str:
        return f"the answer is not complete: {self.outcome!r}"


class StreamGapError(ActorError):
    """The chunks that you want to read next are not there (any more).

    The reader's act, who came too late or was too slow.
    From `reopen_turn`: they were dropped, or the number is of no chunk of this answer.
    While you read: you did not read for `TurnPolicy.reader_limit` seconds, so that the
    turn went on without you; or somebody has reset or closed the session, on whichever
    node, and the turn had completed.  Then it is told once; read on, and you get what
    there is.
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

    The act of the session's code that crashed, or of the kill.
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

    The act of the reader, who came too late or has a wrong id.
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
    """The prompt is there, but its chunks are not kept: what was said is not known.

    The act of the sender: it was sent without `Replay` or `Journal`, or without a
    `Journal` and is answered by another process than this one.  Reading raises it
    where a whole answer would end: `TurnStream.ended` has the outcome.  The block of
    `reopen_turn` is not entered with it while the turn has not ended.
    """

    def __init__(self, key: str, id: str | int) -> None:  # noqa: A002
        super().__init__(key, id)
        self.key = key
        """The session's key."""
        self.id = id
        """What was asked for."""

    def __str__(self) -> str:
        return f"the answer to prompt {self.id!r} of session {self.key!r} is not kept"
