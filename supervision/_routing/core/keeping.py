"""`Keeping`: what is done with a prompt before the next step is taken, if anything.

Accept, begin and complete are three distinct moments, with one place each in the code;
each of these places goes through here.  A store keeps them: nothing runs before its
mark is stored, nothing is told before its commit.  In memory nothing has to be waited
for, and `Straight` calls straight on, in the same step.

A `go` is called once, with what the hook was given, in Trio's thread; at once or later.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from actors import Outcome, Receipt
from actors.hosting import TurnRun
from supervision._routing.parts.lane import Lane

Begin: TypeAlias = Callable[[TurnRun], None]
End: TypeAlias = Callable[[TurnRun, Outcome], None]
Settle: TypeAlias = Callable[[Receipt[Any], Outcome], None]


class Keeping(Protocol):
    """Stands between a router's decisions and what follows from them."""

    plain: bool
    """Nothing is kept: what is quick may pass by."""

    def accepted(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """A prompt has been accepted, and waits."""

    def bring(self, lane: Lane, go: Callable[[Lane], None]) -> None:
        """A key is to have a session: bring what is known of it, then go on."""

    def begins(self, run: TurnRun, go: Begin) -> None:
        """A turn has its slot; `go` tells its session."""

    def seal(self, run: TurnRun, outcome: Outcome) -> Outcome:
        """A turn's outcome is about to be certain: as it will be told."""
        ...

    def ended(self, run: TurnRun, outcome: Outcome, go: End) -> None:
        """A turn has ended; `go` gives its prompts their outcome, and its slot back."""

    def settled(self, receipt: Receipt[Any], outcome: Outcome, go: Settle) -> None:
        """A prompt gets an outcome that no turn has given it; `go` tells it."""

    def bound(self, key: str, token: object) -> None:
        """A token has been bound under a key; None: forgotten."""

    def forgotten(self, lane: Lane) -> None:
        """A key has been reset or closed."""

    def kept(self, receipt: Receipt[Any]) -> bool:
        """Whether a prompt that waits when the router ends is not lost."""
        ...


class Straight:
    """Keeps nothing: calls straight on."""

    __slots__ = ()

    plain = True

    def accepted(self, lane: Lane, receipt: Receipt[Any]) -> None:
        """See `Keeping`."""

    def bring(self, lane: Lane, go: Callable[[Lane], None]) -> None:
        """See `Keeping`."""
        go(lane)

    def begins(self, run: TurnRun, go: Begin) -> None:
        """See `Keeping`."""
        go(run)

    def seal(self, run: TurnRun, outcome: Outcome) -> Outcome:
        """See `Keeping`."""
        del run
        return outcome

    def ended(self, run: TurnRun, outcome: Outcome, go: End) -> None:
        """See `Keeping`."""
        go(run, outcome)

    def settled(self, receipt: Receipt[Any], outcome: Outcome, go: Settle) -> None:
        """See `Keeping`."""
        go(receipt, outcome)

    def bound(self, key: str, token: object) -> None:
        """See `Keeping`."""

    def forgotten(self, lane: Lane) -> None:
        """See `Keeping`."""

    def kept(self, receipt: Receipt[Any]) -> bool:
        """See `Keeping`."""
        del receipt
        return False
