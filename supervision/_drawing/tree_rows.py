"""The supervision tree as rows of a table.  Pure.

What does not fit is left out by how little it is wanted: sessions first, then those
that are well; whoever is shown, so are its owners.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from rich.text import Text

from supervision._view.shapes import ActorShape

from .columns import Column
from .look import (
    DIM,
    FULL,
    MARKS,
    MAYBE,
    PLAIN,
    SUPERVISOR,
    Level,
    actor_level,
    actor_state,
    hand_level,
    level_style,
    mailbox_level,
)
from .text import clean, plural, span, whole


@attrs.frozen
class TreeRow:
    """One line of a tree: an actor, or how many more there are."""

    guides: str
    """What is drawn before the name."""
    actor: ActorShape
    """The actor, or the owner of those that are not shown."""
    more: int = 0
    """How many are not shown; 0: this line is the actor itself."""


def tree_columns(title: str, *, fixed: bool) -> list[Column]:
    """Describe the table; `fixed`: its columns are to stand still."""

    def wide(width: int) -> int | None:
        return width if fixed else None

    return [
        Column(title="", width=1),
        Column(title=title, gives=_LEAST_NAME),
        Column(title="CLASS", width=wide(14), matters=2),
        Column(title="STATE", width=wide(8)),
        Column(title="MAILBOX", width=wide(11), right=True, matters=4),
        Column(title="IN HAND", width=wide(14), matters=1),
        Column(title="FOR", width=wide(6), right=True, matters=5),
        Column(title="RESTARTS", width=wide(8), right=True, matters=3),
    ]


def tree_cells(row: TreeRow) -> list[Text]:
    """Write the cells of one row."""
    actor = row.actor
    if row.more:
        name = Text(row.guides, DIM).append(f"... {whole(row.more)} more", DIM)
        return [MARKS[Level.FINE], name, *(Text() for _ in range(_CELLS - 2))]
    level = actor_level(actor)
    idle = actor["state"] == "idle" and level is Level.FINE
    kind = SUPERVISOR if actor["kind"] in _OWNERS else PLAIN
    top = not row.guides
    name = Text().append(row.guides, DIM)  # DIM is not for the whole of it
    name.append(clean(actor["path"] if top else actor["name"]), kind)
    if actor["kind"] == "router" and actor["hidden"] == actor["owns"]:
        name.append("  " + plural(actor["owns"], "session"), DIM)
    restarts = actor["incarnation"] - 1
    age = actor["in_hand_age"]
    return [
        MARKS[level],
        name,
        Text(clean(actor["cls"]), DIM if idle else PLAIN),
        Text(clean(actor["state"]), actor_state(actor["state"])),
        _mailbox(actor),
        Text(clean(actor["in_hand"] or "")),
        Text("" if age is None else span(age), level_style(hand_level(actor))),
        Text(whole(restarts) if restarts else "", MAYBE),
    ]


def tree_rows(top: ActorShape, limit: int | None = None) -> list[TreeRow]:
    """Choose what is shown of a tree, in its order.

    Args:
        top: the tree.
        limit: lines at most; default None: all that is in it.
    """
    everybody = list(_walk(top, ()))
    if limit is None:
        return _lines(top, None)
    chosen: set[str] = set()
    order = sorted(
        range(len(everybody)), key=lambda at: (*_wanted(everybody[at][0]), at)
    )
    for at in order:
        actor, owners = everybody[at]
        wanted = chosen | {actor["path"], *owners}
        if len(_lines(top, wanted)) <= limit:
            chosen = wanted
    return _lines(top, chosen)[:limit]


def _walk(
    actor: ActorShape, owners: tuple[str, ...]
) -> Sequence[tuple[ActorShape, tuple[str, ...]]]:
    """List all actors, with the paths of those above."""
    found = [(actor, owners)]
    for child in actor["children"]:
        found.extend(_walk(child, (*owners, actor["path"])))
    return found


def _wanted(actor: ActorShape) -> tuple[bool, int, int]:
    """Sort by how much somebody wants to see an actor, the most first."""
    level = -actor_level(actor)
    return actor["kind"] == "session", level, actor["path"].count("/")


def _lines(top: ActorShape, chosen: set[str] | None) -> list[TreeRow]:
    """Write the tree of those that are chosen; None: everybody."""
    if chosen is not None and top["path"] not in chosen:
        return []
    rows = [TreeRow("", top)]
    rows.extend(_below(top, chosen, ""))
    return rows


def _below(actor: ActorShape, chosen: set[str] | None, guides: str) -> list[TreeRow]:
    shown = [
        child
        for child in actor["children"]
        if chosen is None or child["path"] in chosen
    ]
    more = actor["hidden"] + len(actor["children"]) - len(shown)
    if actor["kind"] == "router" and not shown:
        more = 0  # its own line says how many
    rows: list[TreeRow] = []
    for number, child in enumerate(shown):
        last = number == len(shown) - 1 and not more
        rows.append(TreeRow(guides + ("└─ " if last else "├─ "), child))
        rows.extend(_below(child, chosen, guides + ("   " if last else "│  ")))
    if more > 0:
        rows.append(TreeRow(guides + "└─ ", actor, more))
    return rows


def _mailbox(actor: ActorShape) -> Text:
    depth, capacity = actor["depth"], actor["capacity"]
    level = mailbox_level(actor)
    full = capacity is not None and capacity > 1 and depth >= FULL * capacity
    text = whole(depth)
    if capacity is not None:
        text += f"/{whole(capacity)}"
    return Text(text, level_style(level, PLAIN if depth or full else DIM))


def without_sessions(top: ActorShape) -> ActorShape:
    """Leave out the sessions, and the system if it has but one actor.

    The live view has a table for the sessions; a router's line says how many.
    """
    if top["path"] == "/" and len(top["children"]) == 1 and not top["hidden"]:
        (top,) = top["children"]
    return _pruned(top)


def _pruned(actor: ActorShape) -> ActorShape:
    if actor["kind"] == "router":
        return {**actor, "children": [], "hidden": actor["owns"]}
    return {**actor, "children": [_pruned(each) for each in actor["children"]]}


_CELLS = 8
_LEAST_NAME = 26
_OWNERS = ("supervisor", "router")
