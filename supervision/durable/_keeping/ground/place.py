"""A prompt's place in its store, what is known of a key, who waits for an answer."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import Context
from typing import Any

from actors.hosting import More, wake
from supervision._routing.errors import PromptKeptError
from supervision._routing.parts.lane import Lane
from supervision._routing.tokens import to_json
from supervision.durable._histories.log import StoredLog
from supervision.durable._sharing.words import Lease
from supervision.durable._words.records import Repeated
from supervision.durable._writing.book import Entry


def more_of_nobody() -> More:
    """What comes with a prompt whose sender has gone with the sender's process."""
    more = More()
    more.context = Context()
    return more


class Place:
    """A prompt's place in the store: it is written, or will be, or was refused.

    Args:
        key: the session's.
        number: the prompt's.
        entry: the record on its way; None: the store has the prompt.
    """

    __slots__ = (
        "_key",
        "_waiters",
        "entry",
        "error",
        "in_doubt",
        "number",
        "repeats",
        "unsent",
    )

    def __init__(self, key: str, number: int, entry: Entry | None = None) -> None:
        self._key = key
        self._waiters: Any = None  # Any: it is the receipt that has tasks wait here
        self.number = number
        self.entry = entry
        self.error: Exception | None = None
        """Why the store does not have it, and will not."""
        self.in_doubt = False
        """Its router has ended, and nobody knows what the store has of it."""
        self.repeats: Repeated | None = None
        """Which prompt the store has in its place."""
        self.unsent = False
        """It was taken back on its way: whoever sends its id again sends anew."""

    @property
    def open(self) -> bool:
        """Whether the store has not answered."""
        return self.entry is not None

    @property
    def stored(self) -> bool:
        """Whether the store has it."""
        return self.entry is None and self.error is None

    def written(self, error: Exception | None = None) -> None:
        """The store has answered."""
        self.entry = None
        self.error = error
        if self._waiters is not None:
            wake(self)

    def left(self) -> None:
        """Nobody will know."""
        if self.entry is not None:
            self.written(PromptKeptError(self._key, self.number, certain=False))


class Key:
    """What is known of a key whose lane is there."""

    __slots__ = (
        "again",
        "asked",
        "bound",
        "brought",
        "dropped",
        "forgotten",
        "generation",
        "go",
        "held",
        "history",
        "large",
        "lease",
        "stale",
        "state",
        "token",
        "unread",
    )

    def __init__(self) -> None:
        self.asked = False
        """The store has been asked what it has of it."""
        self.brought = False
        """What the store has of it is the lane's."""
        self.go: Callable[[Any], None] | None = None
        """What follows when it is."""
        self.held: Exception | None = None
        """Why it cannot be: nothing of it begins, and nothing is lost."""
        self.again = 0.0
        """When a prompt may have it tried again, if it is held."""
        self.unread: frozenset[int] = frozenset()
        """Numbers of its prompts that wait in the store alone, if it is held."""
        self.state: Any = None
        """The state that the store has, as the object that was written or read."""
        self.generation = 0
        """Of the session whose turn was written last, if its row, should there be one,
        has not been made or changed since; else 0."""
        self.history: StoredLog | None = None
        """What its turns have appended; None: nothing is known of it yet."""
        self.large = False
        """Its state is so large that this has been told."""
        self.stale = False
        """It was forgotten after the store was asked: the answer is of no use."""
        self.forgotten = False
        """And its session has not ended since."""
        self.bound = False
        """A token has been bound that goes with the commit of the turn that runs."""
        self.token: object = None
        """That token."""
        self.lease: Lease | None = None
        """Of a store that is shared: by what it is this node's."""
        self.dropped = False
        """It is another node's: what its turns come to does not count."""


def key_of(lane: Lane) -> Key:
    """What is known of its key, made now if need be."""
    extra = lane.extra
    if extra is None:
        extra = lane.need_extra()
    key: Key | None = extra.kept
    if key is None:
        key = extra.kept = Key()
    return key


class KeptTokens:
    """`{key: token}` of the keys that are there; the store is told by `Kept.bound`.

    The store has the rest: a key brings its token with it, and leaves it there.
    """

    __slots__ = ("_tokens", "suspended")

    def __init__(self) -> None:
        self._tokens: dict[str, object] = {}
        self.suspended: dict[str, None] = {}
        """Empty: whose tokens wait in the store is not known without asking it."""

    def __len__(self) -> int:
        return len(self._tokens)

    def get(self, key: str) -> object:
        """What has been bound under this key; None."""
        return self._tokens.get(key)

    def entered(self, key: str) -> None:
        """The key has a lane; what it has bound comes with it."""

    def left(self, key: str) -> None:
        """It has none any more."""
        self._tokens.pop(key, None)

    def brought(self, key: str, token: object) -> None:
        """The store has this one."""
        self._tokens[key] = token

    def keep(self, key: str, token: object) -> bool:
        """Keep a token; None forgets it.  False: there was nothing to forget.

        Raises:
            TypeError: it is not a JSON value; nothing was changed.
        """
        if token is None:
            return self._tokens.pop(key, None) is not None
        to_json(token)
        self._tokens[key] = token
        return True

    def close(self) -> None:
        """Its router has ended."""
        self._tokens.clear()
