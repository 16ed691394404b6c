"""What is wrong, and how it looks: colours, and the words and marks beside them.  Pure.

A colour is never alone: each state has its word, and a row that a person should look at
begins with a mark: `!` something is wrong, `*` something may be.
"""

from __future__ import annotations

import enum

from rich.style import Style
from rich.text import Text

from supervision._view.shapes import ActorShape, SessionShape

from .text import clean


class Level(enum.IntEnum):
    """How much a person should look at a row."""

    FINE = 0
    MAYBE = 1
    WRONG = 2


PLAIN = Style()
DIM = Style(dim=True)
BOLD = Style(bold=True)
GOOD = Style(color="green")
BUSY = Style(color="cyan")
NEW = Style(color="blue")
MAYBE = Style(color="yellow")
WRONG = Style(color="red", bold=True)
LEAVING = Style(color="magenta")
LABEL = Style(color="cyan", dim=True)
SUPERVISOR = Style(bold=True)
SELECTED = Style(bold=True, reverse=True)
KEY = Style(bold=True, color="cyan")

MARKS = {
    Level.FINE: Text(" "),
    Level.MAYBE: Text("*", MAYBE),
    Level.WRONG: Text("!", WRONG),
}

SERVICE_STATES = {
    "starting": Style(color="white", bgcolor="blue", bold=True),
    "ready": Style(color="black", bgcolor="green", bold=True),
    "draining": Style(color="black", bgcolor="yellow", bold=True),
    "stopping": Style(color="white", bgcolor="magenta", bold=True),
    "ended": Style(color="white", bgcolor="red", bold=True),
}
"""Of the badge in the title."""
GONE = Style(color="white", bgcolor="red", bold=True)

_ACTOR_STATES = {
    "idle": DIM,
    "ready": BUSY,
    "running": GOOD,
    "waiting": PLAIN,
    "starting": NEW,
    "stopping": LEAVING,
    "ending": LEAVING,
    "held": WRONG,
}
_OF_TENANT = "waiting for tenant"
_PHASES = {
    "idle": DIM,
    "running": GOOD,
    "tool": BUSY,
    "starting": NEW,
    "draining": GOOD,
    "children": BUSY,
    "gathering": NEW,
    "waiting for a slot": MAYBE,
    "waiting for a place": MAYBE,
    _OF_TENANT: MAYBE,
    "ending": LEAVING,
    "closing": LEAVING,
    "backing off": WRONG,
    "quarantined": WRONG,
    "given up": WRONG,
    "held": WRONG,
    "suspended": DIM,
    "elsewhere": DIM,
}
_CHILD_STATES = {
    "running": GOOD,
    "restarting": WRONG,
    "quarantined": WRONG,
    "stopped": DIM,
    "starting": NEW,
    "halting": LEAVING,
    "stopping": LEAVING,
}
OUTCOMES = {
    "Completed": GOOD,
    "Failed": WRONG,
    "TimedOut": WRONG,
    "Lost": WRONG,
    "Aborted": MAYBE,
    "Rejected": MAYBE,
    "Steered": GOOD,
    "Withdrawn": PLAIN,
}
"""In the order in which they are shown: what is cut off at the end matters least."""

SLOW, STUCK = 10.0, 60.0
"""Seconds with one message in hand from which an actor may be, and is, in trouble."""
SILENT, DEAF = 60.0, 180.0
"""Seconds without a sign of life of a turn, likewise; it is given up after 300."""
LONG, TOO_LONG = 10.0, 60.0
"""Seconds that a turn waits for its slot, or a session for its place, likewise."""
FILLING, FULL = 0.5, 0.9
"""Shares of a mailbox, likewise."""


def by_age(age: float | None, slow: float, stuck: float) -> Level:
    """Judge a time."""
    if age is None or age < slow:
        return Level.FINE
    return Level.WRONG if age >= stuck else Level.MAYBE


def mailbox_level(actor: ActorShape) -> Level:
    """Judge how full a mailbox is; one for a single message is no trouble when full."""
    capacity = actor["capacity"]
    if capacity is None or capacity <= 1:
        return Level.FINE
    share = actor["depth"] / capacity
    if share < FILLING:
        return Level.FINE
    return Level.WRONG if share >= FULL else Level.MAYBE


def hand_level(actor: ActorShape) -> Level:
    """Judge for how long an actor has waited with a message in hand.

    A turn takes as long as its policy lets it: sessions are judged by their silence.
    """
    if actor["kind"] in {"session", "turn"}:
        return Level.FINE
    return by_age(actor["in_hand_age"], SLOW, STUCK)


def actor_level(actor: ActorShape) -> Level:
    """Judge an actor by what it is doing now."""
    if actor["state"] == "held":
        return Level.WRONG
    return max(hand_level(actor), mailbox_level(actor))


def session_level(session: SessionShape) -> Level:
    """Judge a session by what it is doing now."""
    style = _PHASES.get(session["phase"], PLAIN)
    if style is WRONG:
        return Level.WRONG
    return activity_level(session)


def activity_level(session: SessionShape) -> Level:
    """Judge for how long a session has been silent, if it should not be."""
    silent = session["last_activity"]
    if session["phase"] == "running":
        return by_age(silent, SILENT, DEAF)
    if session["phase"].startswith("waiting"):
        return by_age(silent, LONG, TOO_LONG)
    return Level.FINE


def level_style(level: Level, otherwise: Style = PLAIN) -> Style:
    """Colour a value that has been judged."""
    return {Level.WRONG: WRONG, Level.MAYBE: MAYBE}.get(level, otherwise)


def actor_state(state: str) -> Style:
    """Colour the state of an actor."""
    return _ACTOR_STATES.get(state, PLAIN)


def phase(name: str) -> Style:
    """Colour the phase of a session."""
    return _PHASES.get(name, PLAIN)


def phase_in_full(session: SessionShape) -> Text:
    """Write the phase of a session where there is room for whose limit holds it."""
    said, tenant = session["phase"], session["tenant"]
    style = phase(said)
    if said == _OF_TENANT and tenant is not None:
        said = f"waiting for a slot of tenant {tenant!r}"
    return Text(clean(said), style)


def child_state(state: str) -> Style:
    """Colour what a supervisor says of a child."""
    return _CHILD_STATES.get(state, PLAIN)
