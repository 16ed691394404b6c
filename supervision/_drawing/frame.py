"""`frame`: one picture of a running service, from what it said.  Pure.

The head has the service and what goes through it; below are the supervision tree and
the sessions, the worst first, as many as fit.  Nothing here asks anybody anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import attrs
from rich.console import RenderableType
from rich.text import Text

from supervision._view.shapes import ActorShape, TopShape

from .columns import BAR, Column, lay_out
from .head import head_lines
from .look import DIM, KEY, MARKS, PLAIN, SELECTED, WRONG, Level
from .rates import Rates, rates
from .session_rows import (
    ORDERS,
    session_cells,
    session_columns,
    session_title,
    short_title,
)
from .text import clean, rate, whole
from .tree_rows import tree_cells, tree_columns, tree_rows, without_sessions

NARROWEST, LOWEST = 40, 12
"""Columns and lines below which nothing can be shown."""

_AIRY = 30  # lines from which there are empty ones between the parts
_MANY = 6  # routers that are shown at most


@attrs.frozen(kw_only=True)
class Extras:
    """What a frame shows beside what the service said."""

    selected: int | None = None
    """Number of the session with the cursor."""
    order: str = "worst"
    """In which order the sessions are."""
    match: str = ""
    """What the keys of all that are shown have in them."""
    history: Sequence[float] = ()
    """Prompts accepted a second, frame by frame, the latest last."""
    gone: str | None = None
    """Why the service does not answer any more; None: it does."""
    foot: Text | None = None
    """The last line; None: there is none."""


def frame(
    now: TopShape,
    before: TopShape | None,
    width: int,
    height: int,
    extras: Extras | None = None,
) -> RenderableType:
    """Draw one frame, at most `width` characters wide and `height` lines high.

    Args:
        now: what the service said.
        before: what it said the last time, for rates; None: they are averages of its
            whole life.
        width: columns of the screen.
        height: lines of the screen.
        extras: what is shown beside; default: nothing.
    """
    extras = extras if extras is not None else Extras()
    if width < NARROWEST or height < LOWEST:
        text = f"the screen is too small: {width}x{height}; "
        return Text(f"{text}make it {NARROWEST}x{LOWEST} at least", WRONG)
    changes = rates(now, before)
    lines = head_lines(now, changes, width, history=extras.history, gone=extras.gone)
    airy = [Text()] if height >= _AIRY else []
    routers = now["statistics"]["routers"]
    if len(routers) > 1 and airy:
        lines += airy + _routers(now, changes, width)
    foot = [extras.foot] if extras.foot is not None else []
    room = height - len(lines) - len(foot)
    body = _body(now, width, room, extras, airy)
    if extras.gone is not None:
        for line in body:
            line.stylize(DIM)
    body += [Text() for _ in range(room - len(body))] if foot else []
    return Text("\n", no_wrap=True, overflow="crop", end="").join(
        [*lines, *body, *foot]
    )


def _body(
    now: TopShape, width: int, room: int, extras: Extras, airy: list[Text]
) -> list[Text]:
    """Draw the two tables in the lines that there are."""
    tree = without_sessions(now["tree"])
    if not now["statistics"]["routers"]:
        return airy + _tree(tree, width, room - len(airy))
    lines = room - 2 * len(airy) - 2  # two lines of titles
    wanted = max(len(now["sessions"]["sessions"]), 1)
    above = min(len(tree_rows(tree)), max(lines - wanted, lines * 2 // 3))
    below = _sessions(now, width, lines - above, extras)
    return airy + _tree(tree, width, above + 1) + airy + below


def _tree(tree: ActorShape, width: int, room: int) -> list[Text]:
    """Draw the tree, with its title."""
    rows = [tree_cells(row) for row in tree_rows(tree, room - 1)]
    return lay_out(tree_columns("ACTOR", fixed=True), rows, width, BAR)


def _sessions(now: TopShape, width: int, room: int, extras: Extras) -> list[Text]:
    """Draw the sessions; the cursor is always among those that are shown."""
    known = now["sessions"]["sessions"]
    first = max(0, (extras.selected or 0) - room + 1)
    shown = known[first : first + room]
    title = session_title(shown, now["sessions"]["matching"], extras.order)
    if extras.match:
        title += f", with {clean(extras.match)}"
    short = short_title(shown, now["sessions"]["matching"])
    if extras.match:
        short += f" /{clean(extras.match)}"
    routers = len(now["statistics"]["routers"]) > 1
    columns = session_columns(title, known, short=short, fixed=True, routers=routers)
    cells = [session_cells(each, routers=routers) for each in shown]
    lines = lay_out(columns, cells, width, BAR)
    if extras.selected is not None and first <= extras.selected < first + len(shown):
        at = extras.selected - first + 1
        lines[at] = Text(lines[at].plain, SELECTED, no_wrap=True)  # of one colour
    if not known:
        lines.append(Text("   no session", DIM))
    return lines


def _routers(now: TopShape, changes: Rates, width: int) -> list[Text]:
    """Draw a line for each router, if there are several: the busiest ones."""
    routers = now["statistics"]["routers"]
    busiest = sorted(routers, key=lambda each: -changes.flows[each["path"]].accepted)
    chosen = {each["path"] for each in busiest[:_MANY]}
    title = "ROUTER"
    if len(chosen) < len(routers):
        title += f"  {len(chosen)} of {whole(len(routers))}"
    columns = [
        Column(title="", width=1),
        Column(title=title, gives=20),
        Column(title="SESSIONS", width=9, right=True, matters=2),
        Column(title="RUNNING", width=9, right=True),
        Column(title="WAITING", width=7, right=True, matters=4),
        Column(title="QUEUED", width=7, right=True, matters=5),
        Column(title="ACCEPTED", width=8, right=True, matters=3),
        Column(title="ENDED", width=8, right=True, matters=1),
    ]
    rows: list[list[Text]] = []
    for each in routers:
        if each["path"] in chosen:
            flow = changes.flows[each["path"]]
            mark = MARKS[Level.FINE if each["alive"] else Level.WRONG]
            name = Text(clean(each["path"]), PLAIN)
            if not each["alive"]:
                name.append(" (down)", WRONG)
            rows.append(
                [
                    mark,
                    name,
                    Text(whole(each["sessions"])),
                    Text(f"{whole(each['turns_running'])}/{whole(each['slots'])}"),
                    Text(whole(each["turns_waiting"])),
                    Text(whole(each["queued"])),
                    Text(rate(flow.accepted)),
                    Text(rate(flow.ended)),
                ]
            )
    return lay_out(columns, rows, width, BAR)


def help_text(width: int, height: int) -> Text:
    """Say what the keys do, and what is to be seen."""
    lines = [Text.assemble((f" {key:12}", KEY), text) for key, text in _HELP]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return Text("\n", no_wrap=True, end="").join(lines[:height])


_HELP: Final = (
    ("", ""),
    ("q", "quit"),
    ("up, down", "select a session (also k and j, page up and down, home and end)"),
    ("enter", "open the selected session: where it stands (also right, or l)"),
    ("escape", "back out of it; then select none; then show all (also left)"),
    ("/", "show only sessions whose keys have a text in them"),
    ("s", "another order of the sessions: " + ", ".join(ORDERS.values())),
    ("p", "pause, and go on: the picture stands still, the service does not"),
    ("c", "abort the turn of the selected session; asks first"),
    ("", ""),
    ("!", "something is wrong: held after a crash, quarantined, a full mailbox,"),
    ("", "a message in hand for a minute, a turn silent for three"),
    ("*", "something may be: a mailbox half full, ten seconds, one minute"),
    ("", ""),
    ("IN HAND", "the message that the actor waits with, and FOR how long"),
    ("RESTARTS", "how often that actor has begun anew"),
    ("QUEUED", "prompts that wait for a turn, or for a checkpoint of one"),
    ("SILENT", "for how long the session, or its turn, has not said anything"),
    ("", ""),
    ("", "any key: back"),
)
