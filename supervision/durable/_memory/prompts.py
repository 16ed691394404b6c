"""A prompt in memory: as the tables have it, and as a test sees it."""

from __future__ import annotations

import attrs

from supervision.durable._words.records import Row


@attrs.frozen(kw_only=True)
class StoredPrompt:
    """A prompt as a store has it: for tests to look at."""

    number: int
    """Its receipt's id."""
    key: str
    """Of its session."""
    id: str
    """With the key its address."""
    owner: str | None
    """As it was sent."""
    attempts: int
    """How often it may be tried."""
    tried: int
    """How often it has been begun."""
    begun: int | None
    """The opening in which a turn was marked for it that has not ended; 0: one was, and
    does not count."""
    body: bytes | None
    """None: it has ended, and only its address and outcome are kept."""
    outcome: bytes | None
    """None: it has none yet."""
    turn: int | None
    """The turn that gave it."""
    at: float
    """When it was accepted."""
    ended_at: float | None
    """When it got its outcome."""


class Prompt:
    """A prompt; the row is nobody else's."""

    __slots__ = ("ended_at", "forgot", "outcome", "row", "turn")

    def __init__(self, row: Row) -> None:
        self.row = row
        self.outcome: bytes | None = None
        self.turn: int | None = None
        self.ended_at: float | None = None
        self.forgot: int | None = None
        """The mark of the `Forget` that has ended it."""


def copy(row: Row) -> Row:
    """Make a row that is nobody else's."""
    return Row(
        row.number,
        row.key,
        row.id,
        row.kind,
        row.owner,
        row.job,
        row.origin,
        row.attempts,
        row.tried,
        row.begun,
        row.steers,
        row.body,
        row.at,
        row.stream,
        row.base,
    )


def stored(prompt: Prompt) -> StoredPrompt:
    """Make what a test sees of a prompt."""
    row, has_ended = prompt.row, prompt.outcome is not None
    return StoredPrompt(
        number=row.number,
        key=row.key,
        id=row.id,
        owner=row.owner,
        attempts=row.attempts,
        tried=row.tried,
        begun=row.begun,
        body=None if has_ended else row.body,
        outcome=prompt.outcome,
        turn=prompt.turn,
        at=row.at,
        ended_at=prompt.ended_at,
    )
