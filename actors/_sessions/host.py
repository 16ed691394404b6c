"""`Host` and `Home`: what a session and its turns need of the house above them.

The house is the router, one floor above; a test can be one.  Sessions and turns reach
it by plain calls: all of them are one step, none is a checkpoint, and none runs a
stranger's code.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from actors._engine.timers import Timer
from actors.events import Event
from actors.ref import AnyRef

from .histories.log import Log
from .outcomes import Outcome, Withdrawn
from .receipt import Receipt
from .turns.looks import FirstLooks


class Home(Protocol):
    """A key's entry in the house, as its session and its turns see it."""

    key: str
    generation: int
    state: Any
    # Any: their rooms stand above this one
    session: Any
    turn: Any
    host: Any


class Host(Protocol):
    """Who owns sessions."""

    now: Callable[[], float]
    """Seconds on Trio's clock."""
    looks: FirstLooks
    """The clocks of turns that nobody has had to look at yet."""
    events: Any
    """Its `wanted`: the classes of events that somebody listens to."""
    chunks: int
    """Emitted so far."""
    epoch: int
    """Rises with each house of these sessions."""
    unread: int
    """Of these: dropped, because nobody reads (any more)."""
    out_of_turn: int
    """Chunks that came for no turn."""

    @property
    def ref(self) -> AnyRef:
        """The house's own ref, for events."""
        ...

    def at(self, deadline: float, call: Callable[[], object]) -> Timer:
        """Call `call()` at `deadline`; it must not raise."""
        ...

    def wants(self, kind: type[Event]) -> bool:
        """Whether somebody listens to events of this class."""
        ...

    def publish(self, event: Event) -> None:
        """Publish, for callers that have asked `wants`."""

    def next_turn_id(self) -> int:
        """An id for a new turn."""
        ...

    def settle(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Give a prompt its outcome, once, and say so."""

    def withdraw(self, home: Any, receipt: Receipt[Any], outcome: Withdrawn) -> bool:
        """Take a prompt back, unless a turn has it."""
        ...

    def session_ready(self, home: Any, session: Any) -> None:
        """A session's `started` is done."""

    def cut_waiting(self, run: Any) -> None:
        """A turn that waits for its slot is to end."""

    def unbegin(self, run: Any) -> None:
        """A turn has not begun and will not: its prompts wait again."""

    def seal(self, run: Any, outcome: Outcome) -> Outcome:
        """A turn's outcome is about to be certain: as it will be told."""
        ...

    def turn_over(self, run: Any, outcome: Outcome) -> None:
        """A turn has ended."""

    def child_over(self, home: Any, session: Any) -> None:
        """A child turn that may have outlived its parent has ended."""

    def critical_begins(self, home: Any) -> None:
        """A child turn that may outlive its parent begins."""

    def give_up(self, run: Any) -> None:
        """A turn does not end: go on without its session."""

    def last_words(self, words: Any) -> bool:
        """Have a piece of work done in the house's own name; False: it is ending."""
        ...

    def committed(self, home: Any) -> Any:
        """The state that asides see: without what a running turn has changed."""

    def history_of(self, home: Any) -> Log:
        """What has been kept of a key's history."""
        ...

    def bind(self, home: Any, session: Any, token: object) -> None:
        """Remember a token for those that come after this session; None forgets it."""

    def token_of(self, key: str) -> object:
        """What has been bound under this key; None."""

    def draft(
        self,
        key: str,
        prompt: Any,
        id: object,  # noqa: A002 - its name to users
        attempts: int = 1,
    ) -> Any:
        """Look at a prompt that a turn is to leave: what is sent when it completes.

        Raises:
            TypeError, ValueError: it cannot be.
        """
        ...

    def draft_reminder(
        self,
        key: str,
        name: str,
        after: object,
        at: object,
        every: object,
        *,
        prompt: Any,
    ) -> Any:
        """Look at a reminder that a turn is to leave: what is kept when it completes.

        Raises:
            TypeError, ValueError: it cannot be.
            RuntimeError: the house keeps none.
        """
        ...

    def draft_forget(self, key: str, name: str) -> str:
        """Look at the name of one that a turn is to forget.  Raises as that."""
        ...

    def enqueue(
        self,
        home: Any,
        prompt: Any,
        origin: object,
        id: object,  # noqa: A002 - its name to users
    ) -> Any:
        """Accept a prompt that a session sends to itself: a turn of its own."""
