"""Tables without lines: cells, one under the other, in the width that there is.  Pure.

A wide table gives all its room to the column that `gives`; a narrow one takes it from
there first, then leaves out the columns that matter least.  So the others stand still
from frame to frame.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

HEAD = Style(dim=True)
"""Of the line with the titles."""
BAR = Style(bold=True, bgcolor="grey15", color="grey74")
"""The same, across a screen."""


@attrs.frozen(kw_only=True)
class Column:
    """One column of a table."""

    title: str
    short: str | None = None
    """A title for when there is little room.  Default None: the title, cut off."""
    right: bool = False
    """Numbers stand under each other."""
    width: int | None = None
    """Characters, whatever is in it.  Default None: what the longest cell takes."""
    gives: int = 0
    """Characters that it can give way to, if it is the one that gives; 0: it does
    not."""
    matters: int = 0
    """The least matters least, and is left out first; 0: never left out."""


def lay_out(
    columns: Sequence[Column],
    rows: Sequence[Sequence[Text]],
    width: int | None = None,
    head: Style = HEAD,
) -> list[Text]:
    """Write a table: a line of titles, and a line for each row.

    Args:
        columns: what stands above.
        rows: a cell for each column.
        width: characters that each line has at most; None: any.
        head: style of the titles.
    """
    shown = list(range(len(columns)))
    natural = [
        column.width
        if column.width is not None
        else max([cell_len(column.title), *(row[at].cell_len for row in rows)])
        for at, column in enumerate(columns)
    ]
    while width is not None and _needed(columns, natural, shown) > width:
        spare = [at for at in shown if columns[at].matters]
        if not spare:
            break
        shown.remove(min(spare, key=lambda at: columns[at].matters))
    widths = _widths(columns, natural, shown, width)
    titles = [
        Text(_title(columns[at], room)) for at, room in zip(shown, widths, strict=True)
    ]
    right = [columns[at].right for at in shown]
    first = _line(titles, widths, right, width)
    first.stylize(head)
    cells = ([row[at] for at in shown] for row in rows)
    return [first, *(_line(each, widths, right, width) for each in cells)]


def _title(column: Column, room: int) -> str:
    if column.short is None or cell_len(column.title) <= room:
        return column.title
    return column.short


def _needed(columns: Sequence[Column], natural: list[int], shown: list[int]) -> int:
    """Tell how many characters these columns take at least."""
    least = [columns[at].gives or natural[at] for at in shown]
    return sum(least) + len(_GAP) * (len(shown) - 1)


def _widths(
    columns: Sequence[Column], natural: list[int], shown: list[int], width: int | None
) -> list[int]:
    """Give each column its room."""
    widths = [natural[at] for at in shown]
    giving = [number for number, at in enumerate(shown) if columns[at].gives]
    if width is not None and giving:
        others = sum(widths) - widths[giving[0]] + len(_GAP) * (len(shown) - 1)
        widths[giving[0]] = max(width - others, 1)
    return widths


def _line(
    cells: Sequence[Text], widths: list[int], right: list[bool], width: int | None
) -> Text:
    line = Text(no_wrap=True, end="")
    for number, cell in enumerate(cells):
        if number:
            line.append(_GAP)
        room = widths[number]
        shown = cell.copy()
        shown.truncate(room, overflow="ellipsis")
        spaces = " " * (room - shown.cell_len)
        if right[number]:
            line.append(spaces)
        line.append_text(shown)
        if not right[number]:
            line.append(spaces)
    if width is None:
        line.rstrip()
    else:
        line.truncate(width)
    return line


_GAP = "  "
