"""`Host`: what a session and its turns need of the actor that owns them.

The router, one floor above, is a host.  Sessions and turns reach it by plain calls: all
of them are one step, none is a checkpoint, and none runs a stranger's code.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import Any

from actors._engine.timers import Timer
from actors.actor import Actor
from actors.events import Event

from .lane import Lane
from .outcomes import Outcome, Withdrawn
from .receipt import Receipt


class Host(Actor[Any]):
    """An actor that owns sessions."""

    __slots__ = ("chunks", "ids", "out_of_turn", "turn_ids", "unread")

    def __init__(self) -> None:
        self.ids: int = 0  # receipts made so far
        self.turn_ids: int = 0  # turns made so far
        self.chunks: int = 0  # emitted
        self.unread: int = 0  # of these: by turns that nobody reads
        self.out_of_turn: int = 0  # chunks that came for no turn

    # ----------------------------------------------------------------- its surroundings

    def now(self) -> float:
        """Seconds on Trio's clock."""
        return float(self._seat.hub.now())

    def at(self, deadline: float, call: Callable[[], object]) -> Timer:
        """Call `call()` at `deadline`; it must not raise."""
        timer: Timer = self._seat.hub.timers.at(deadline, call)
        return timer

    def wants(self, kind: type[Event]) -> bool:
        """Whether somebody listens to events of this class."""
        return kind in self._seat.hub.events.wanted

    def publish(self, event: Event) -> None:
        """Publish, for callers that have asked `wants`."""
        self._seat.hub.publish(event)

    def next_turn_id(self) -> int:
        """An id for a new turn."""
        self.turn_ids += 1
        return self.turn_ids

    # ---------------------------------------------------------- what it hears and does

    @abstractmethod
    def settle(self, receipt: Receipt[Any], outcome: Outcome) -> None:
        """Give a prompt its outcome, once, and say so."""

    @abstractmethod
    def withdraw(self, lane: Lane, receipt: Receipt[Any], outcome: Withdrawn) -> bool:
        """Take a prompt back, unless a turn has it."""

    @abstractmethod
    def session_ready(self, lane: Lane, session: Any) -> None:
        """A session's `started` is done."""

    @abstractmethod
    def cut_waiting(self, turn: Any) -> None:
        """A turn that waits for its slot is to end."""

    @abstractmethod
    def unbegin(self, run: Any) -> None:
        """A turn has not begun and will not: its prompts wait again."""

    @abstractmethod
    def turn_over(self, turn: Any, outcome: Outcome) -> None:
        """A turn has ended."""

    @abstractmethod
    def child_over(self, lane: Lane, session: Any) -> None:
        """A child turn that may have outlived its parent has ended."""

    @abstractmethod
    def give_up(self, turn: Any) -> None:
        """A turn does not end: go on without its session."""

    @abstractmethod
    def committed(self, lane: Lane) -> Any:
        """The state that asides see: without what a running turn has changed."""

    @abstractmethod
    def bind(self, lane: Lane, session: Any, token: object) -> None:
        """Remember a token for those that come after this session; None forgets it."""

    @abstractmethod
    def token_of(self, key: str) -> object:
        """What has been bound under this key; None."""

    @abstractmethod
    def enqueue(self, lane: Lane, prompt: Any, origin: object, id: object) -> Any:  # noqa: A002
        """Accept a prompt that a session sends to itself: a turn of its own."""
