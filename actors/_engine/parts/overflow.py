"""What becomes of a message, by the depth of the mailbox and its declaration.

Pure; carrying it out is for `cell.inbox`.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from actors.mailbox import Mailbox, Overflow

Verdict: TypeAlias = Literal["accept", "wait", "reject", "drop it", "drop oldest"]

_WHEN_FULL: Final[dict[Overflow, Verdict]] = {
    Overflow.WAIT: "wait",
    Overflow.REJECT: "reject",
    Overflow.DROP_NEWEST: "drop it",
    Overflow.DROP_OLDEST: "drop oldest",  # and accept
    Overflow.KEEP_LATEST: "drop oldest",  # whose key nobody else's message has
}


def verdict(mailbox: Mailbox, depth: int) -> Verdict:
    """What a new message meets that takes no other's place."""
    return "accept" if depth < mailbox.capacity else _WHEN_FULL[mailbox.overflow]
