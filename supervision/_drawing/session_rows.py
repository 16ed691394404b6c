"""Sessions as rows of a table.  Pure."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from supervision._view.shapes import SessionShape

from .columns import Column
from .look import (
    BUSY,
    DIM,
    MARKS,
    MAYBE,
    PLAIN,
    activity_level,
    level_style,
    phase,
    session_level,
)
from .text import clean, span, whole


def session_columns(
    title: str,
    sessions: Sequence[SessionShape],
    *,
    short: str = "SESSION",
    fixed: bool,
    routers: bool,
) -> list[Column]:
    """Describe the table.

    Args:
        title: of the first column.
        sessions: those below it: a whole id of a turn has room.
        short: the same where there is little room.
        fixed: the columns are to stand still from frame to frame.
        routers: say whose session each is.
    """

    def wide(width: int) -> int | None:
        return width if fixed else None

    turns = (str(each["turn"]) for each in sessions if each["turn"] is not None)
    longest = max([7, *map(len, turns)])
    columns = [
        Column(title="", width=1),
        Column(title=title, short=short, gives=_LEAST_KEY),
        Column(title="ROUTER", width=wide(14), matters=1),
        Column(title="PHASE", width=wide(18)),
        Column(title="TURN", width=wide(longest), right=True, matters=4),
        Column(title="TOOL", width=wide(12), matters=3),
        Column(title="QUEUED", width=wide(6), right=True, matters=5),
        Column(title="AGE", width=wide(6), right=True, matters=2),
        Column(title="SILENT", width=wide(6), right=True, matters=6),
    ]
    return columns if routers else [each for each in columns if each.title != "ROUTER"]


def session_cells(session: SessionShape, *, routers: bool) -> list[Text]:
    """Write the cells of one session."""
    style = phase(session["phase"])
    queued = session["queued"] + session["steering"]
    turn, tool = session["turn"], session["tool"]
    cells = [
        MARKS[session_level(session)],
        Text(clean(session["key"]) or "''", DIM if style is DIM else PLAIN),
        Text(clean(session["router"]), DIM),
        Text(clean(session["phase"]), style),
        Text("" if turn is None else str(turn)),
        Text(clean(tool or ""), BUSY),
        Text(whole(queued) if queued else "", MAYBE),
        Text(span(session["age"]), DIM if style is DIM else PLAIN),
        Text(
            span(session["last_activity"]),
            level_style(activity_level(session), DIM if style is DIM else PLAIN),
        ),
    ]
    return cells if routers else [*cells[:2], *cells[3:]]


def session_title(shown: Sequence[SessionShape], matching: int, order: str) -> str:
    """Say what the table has: all, or so many of them, and in which order."""
    if len(shown) >= matching:
        return f"SESSION, {ORDERS[order]}"
    return f"SESSION  {whole(len(shown))} of {whole(matching)}, {ORDERS[order]}"


def short_title(shown: Sequence[SessionShape], matching: int) -> str:
    """Say the same where there is little room."""
    if len(shown) >= matching:
        return "SESSION"
    return f"SESSION {whole(len(shown))}/{whole(matching)}"


ORDERS = {
    "worst": "worst first",
    "key": "by key",
    "age": "oldest first",
    "idle": "longest idle first",
    "queued": "most queued first",
}
"""What each order is called."""

_LEAST_KEY = 18
