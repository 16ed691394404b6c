"""Faults that are known and not mended yet: what storms do not complain about.

Each entry names what is wrong and by which words it shows itself.  Delete an entry with
the change that mends its fault; the options `--storm-known` of pytest and `--known` of
`run` have storms complain about all of them.
"""

from __future__ import annotations

import re

import attrs

from .story import Fault


@attrs.frozen
class Known:
    """One fault that is known."""

    promise: str
    """The sentence that is broken."""
    detail: str
    """A regular expression: found in what was seen."""
    why: str
    """What is wrong, and where."""

    def excuses(self, fault: Fault) -> bool:
        """Whether this is it."""
        return self.promise == fault.promise and bool(
            re.search(self.detail, fault.detail, re.DOTALL)
        )


KNOWN: tuple[Known, ...] = (
    Known(
        "a router at rest has nothing left to do",
        r"not idle: .*GIVEN_UP.*phase='idle'.*idle=None",
        "a key whose turn was given up and to which nobody writes again is never idle: "
        "it is neither reaped nor evicted, and keeps its place",
    ),
    Known(
        "what EventLog promises holds",
        r"^[^\n]*PromptRefused[^\n]* came after ActorStopped\n",
        "A23: who waits for room is refused after the router has ended",
    ),
    Known(
        "nothing is read of a turn after its abort",
        "",
        "A24: what is emitted after an abort, and what is unread, reaches the reader",
    ),
)


def without_known(faults: list[Fault]) -> list[Fault]:
    """The faults that nobody knows of."""
    return [f for f in faults if not any(known.excuses(f) for known in KNOWN)]
