"""`settled_receipt`: a receipt that has its outcome, without a router."""

from __future__ import annotations

from threading import get_ident
from typing import Any, Final, TypeVar

from actors import Outcome, Receipt, WrongThreadError

P = TypeVar("P")


def settled_receipt(
    prompt: P,
    outcome: Outcome,
    *,
    key: str = "test",
    id: int = 1,  # noqa: A002 - its name to users
    given_id: str | None = None,
    origin: object = None,
    at: float = 0.0,
) -> Receipt[P]:
    """Make a receipt that has this outcome, to test code that takes one.

    It needs no system and no router, and can be made outside of Trio.  All of a receipt
    is there: `outcome()` gives it at once and is a checkpoint, `ended` has it, `turn`
    is that of the outcome, `withdraw` is too late; `durable()` raises RuntimeError, for
    no store has it.  It is for the thread in which it was made, as any receipt is.  A
    receipt whose outcome comes later is a router's: start one, with a session that
    waits.

    Args:
        prompt: what was sent.
        outcome: what has become of it, such as `Completed("hello", turn=3)`.
        key: of the session.  Default "test".
        id: `Receipt.id`.  Default 1.
        given_id: what `send(id=)` was given.  Default None: nothing.
        origin: what `send(origin=)` was given.  Default None.
        at: when it was accepted, seconds on Trio's clock.  Default 0.

    Raises:
        TypeError: `outcome` is no outcome.

    Example:
        >>> receipt = settled_receipt("cats?", Completed("three"), key="ann")
        >>> assert await shown(receipt) == "ann: three"
    """
    given: object = outcome
    if not isinstance(given, Outcome):
        msg = f"outcome must be an Outcome, such as Completed('hello'), got {given!r}"
        raise TypeError(msg)
    receipt = Receipt(_Nobody(key), prompt, id, at)
    if given_id is not None or origin is not None:
        more = receipt.need_more()
        more.message_id, more.origin = given_id, origin
    receipt._turn = outcome.turn
    receipt.settle(outcome)
    return receipt


class _Nobody:
    """Where it waits: nowhere.  Stands for the lane, the host and its events."""

    def __init__(self, key: str) -> None:
        # Any: see `Keeper`
        self.host: Any = self
        self.events: Any = self
        self.turn: Any = None
        self.key: Final = key
        self.thread: Final = get_ident()

    def withdraw(self, receipt: object, outcome: object) -> bool:
        """No: it has its outcome."""
        del receipt, outcome
        return False

    def check_thread(self, what: str) -> None:
        """Refuse a call that comes from another thread."""
        if get_ident() != self.thread:
            raise WrongThreadError(what)
