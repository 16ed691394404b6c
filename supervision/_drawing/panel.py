"""`Panel`: what the live view shows, and what a key does to it.  Pure.

Frames and keys go in; a drawing comes out, and now and then a wish: another order of
the sessions, a turn that is to be aborted, the end.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import attrs
from rich.console import RenderableType
from rich.text import Text

from supervision._view.shapes import SessionShape, StackShape, TopShape

from .frame import Extras, frame, help_text
from .look import DIM, KEY, MAYBE, PLAIN, WRONG
from .rates import rates
from .session_rows import ORDERS
from .stack_lines import stack_lines
from .text import clean, span

Row: TypeAlias = tuple[str, str]  # a session: the path of its router, and its key


class Wish(enum.Enum):
    """What a key asked for that the panel cannot do itself."""

    QUIT = "quit"
    LOOK = "look"
    """Ask the service again, now: there is another order, or the pause is over."""


@attrs.frozen
class AbortWish:
    """The turn that is to be aborted; somebody has said yes."""

    router: str
    key: str
    turn: int


class Panel:
    """The state of the live view.

    Args:
        interval: seconds between two frames; shown.
    """

    def __init__(self, interval: float) -> None:
        self.order = "worst"
        """In which order sessions are wanted."""
        self.paused = False
        """Nobody is to be asked."""
        self._interval = interval
        self._now: TopShape | None = None
        self._before: TopShape | None = None
        self._history: deque[float] = deque(maxlen=_HISTORY)
        self._gone: str | None = None
        self._gone_at = 0.0
        self.match = ""
        """What the keys of the sessions that are shown have in them."""
        self.opened: Row | None = None
        """The session that is looked into; None: there is the list of all."""
        self._stack: StackShape | None = None  # of that one, once it is known
        self._scrolled = 0  # lines of it
        self._typed: str | None = None  # a filter that is being typed
        self._selected: Row | None = None
        self._place = 0  # of the cursor, for when its session is gone
        self._asked: AbortWish | None = None
        self._helping = False
        self._note: tuple[str, bool, float] | None = None  # text, is bad, until

    # ------------------------------------------------------------------------- frames

    def seen(self, now: TopShape) -> None:
        """Take in what the service said."""
        again = self._gone is not None
        before, self._now, self._gone = self._now, now, None
        if before is None or again:  # no rates over a gap
            self._before = None
            self._history.clear()
        elif not self._soon(before):  # else it is compared with what that was
            self._before = before
            changes = rates(now, before)
            if not changes.recent:  # another process
                self._history.clear()
            else:
                self._history.append(changes.flow.accepted)
        self._follow()

    def _soon(self, before: TopShape) -> bool:
        """Tell whether the time between two frames is too short for rates."""
        assert self._now is not None
        here, then = (each["statistics"]["service"] for each in (self._now, before))
        passed = here["uptime"] - then["uptime"]
        return here["pid"] == then["pid"] and 0 <= passed < self._interval / 2

    def looked_into(self, row: Row, stack: StackShape) -> None:
        """Take in where the opened session stands."""
        if row == self.opened:  # it may have been left meanwhile
            self._stack = stack

    def lost(self, at: float) -> None:
        """Note that the service does not answer any more, since that time."""
        if self._gone is None:
            self._gone_at = at
            self._asked = None
        self._gone = "no answer"

    def note(self, text: str, at: float, *, bad: bool = False) -> None:
        """Say something in the last line, for some seconds from that time."""
        self._note = (text, bad, at + _NOTE)

    # --------------------------------------------------------------------------- keys

    def press(self, key: str, at: float) -> Wish | AbortWish | None:
        """Do what a key is for."""
        if self._asked is not None:
            wish, self._asked = self._asked, None
            return wish if key in {"y", "Y"} else None
        if self._typed is not None:
            return self._type(key)
        if self._helping:
            self._helping = False
            return Wish.QUIT if key == "q" else None
        if key in _MOVES:
            self._move(_MOVES[key])
            return None
        act = _ACTS.get(key)
        return act(self, at) if act is not None else None

    def _quit(self, at: float) -> Wish:
        del at
        return Wish.QUIT

    def _help(self, at: float) -> None:
        del at
        self._helping = True

    def _filter(self, at: float) -> None:
        del at
        self._typed, self.opened = self.match, None
        self._follow()

    def _sort(self, at: float) -> Wish:
        del at
        names = list(ORDERS)
        self.order = names[(names.index(self.order) + 1) % len(names)]
        return Wish.LOOK

    def _pause(self, at: float) -> Wish | None:
        del at
        self.paused = not self.paused
        return None if self.paused else Wish.LOOK

    def _type(self, key: str) -> Wish | None:
        """One more letter of a filter; enter takes it, escape leaves the one before."""
        assert self._typed is not None
        if key == "escape":
            self._typed = None
        elif key == "enter":
            self.match, self._typed = self._typed, None
            return Wish.LOOK
        elif key == "backspace":
            self._typed = self._typed[:-1]
        elif len(key) == 1 and key.isprintable():
            self._typed += key
        return None

    def _open(self, at: float) -> Wish | None:
        """Look into the selected session."""
        if self._selected is None:
            self.note("select a session first, with the arrows", at, bad=True)
            return None
        self.opened, self._stack, self._scrolled = self._selected, None, 0
        return Wish.LOOK

    def _back(self, at: float) -> Wish | None:
        """Out of a session, then select none, then show all."""
        del at
        if self.opened is not None:
            self.opened = self._stack = None
            self._follow()
        elif self._selected is not None:
            self._selected = None
        elif self.match:
            self.match = ""
            return Wish.LOOK
        return None

    def _move(self, by: int) -> None:
        if self.opened is not None:
            self._scrolled = max(self._scrolled + by, 0)
            return
        rows = self._rows()
        if not rows:
            return
        if self._selected is None:
            place = 0 if by > 0 else len(rows) - 1
        else:
            place = min(max(self._place + by, 0), len(rows) - 1)
        self._place = place
        self._selected = rows[place]

    def _ask(self, at: float) -> None:
        session = self._session()
        if session is None:
            self.note("select a session first, with the arrows", at, bad=True)
        elif self._gone is not None:
            self.note("the service does not answer", at, bad=True)
        elif session["turn"] is None:
            text = f"session {session['key']} has no turn to cancel"
            self.note(text, at, bad=True)
        else:
            self._asked = AbortWish(session["router"], session["key"], session["turn"])

    # ------------------------------------------------------------------------ drawing

    def draw(self, width: int, height: int, at: float) -> RenderableType:
        """Draw it as it is at that time."""
        if self._helping:
            return help_text(width, height)
        if self._now is None:
            return self._blank(at)
        gone = None
        if self._gone is not None:
            gone = f"no answer for {span(at - self._gone_at)}, trying again"
        if self.opened is not None:
            return self._inside(width, height, at)
        extras = Extras(
            selected=self._place if self._selected is not None else None,
            order=self.order,
            match=self.match,
            history=tuple(self._history),
            gone=gone,
            foot=self._foot(width, at),
        )
        return frame(self._now, self._before, width, height, extras)

    def _inside(self, width: int, height: int, at: float) -> Text:
        """Draw the opened session: the lines of its stack that fit."""
        room = max(height - 1, 1)
        if self._stack is None:
            lines = [Text(" looking ...", DIM)]
        else:
            lines = stack_lines(self._stack, lambda _file, _line: None)
        self._scrolled = min(self._scrolled, max(len(lines) - room, 0))
        shown = lines[self._scrolled : self._scrolled + room]
        for line in shown:
            line.no_wrap = True
            line.truncate(width, overflow="ellipsis")
            if self._gone is not None:
                line.stylize(DIM)
        shown += [Text() for _ in range(room - len(shown))]
        return Text("\n", no_wrap=True, overflow="crop", end="").join(
            [*shown, self._foot(width, at)]
        )

    def _blank(self, at: float) -> Text:
        """Say why there is nothing to be seen yet."""
        line = Text(" waiting for the first answer ...", DIM)
        if self._note is not None and at < self._note[2]:
            line.append(f"  {clean(self._note[0])}", MAYBE)
        return line

    def _foot(self, width: int, at: float) -> Text:
        if self._typed is not None:
            line = Text(" only keys with: ", MAYBE).append(clean(self._typed), KEY)
            line.append("_   ").append("enter", KEY).append(" show   ")
            line.append("escape", KEY).append(" leave it")
        elif self._asked is not None:
            text = f" abort turn {self._asked.turn} "
            text += f"of {clean(self._asked.key)}?  "
            line = Text(text, MAYBE)
            line.append("y", KEY).append(" yes   ").append("n", KEY).append(" no")
        elif self._note is not None and at < self._note[2]:
            line = Text(f" {clean(self._note[0])}", WRONG if self._note[1] else MAYBE)
        else:
            line = self._keys(width)
        line.no_wrap = True
        line.truncate(width, overflow="ellipsis")
        return line

    def _keys(self, width: int) -> Text:
        line = Text()
        for key, text in _KEYS if self.opened is None else _KEYS_INSIDE:
            line.append(f" {key}", KEY).append(f" {text} ", PLAIN)
        right = "PAUSED " if self.paused else f"every {self._interval:g} s "
        room = width - line.cell_len - len(right)
        if room > 0:
            line.append(" " * room).append(right, MAYBE if self.paused else DIM)
        return line

    # ----------------------------------------------------------------------- sessions

    def _rows(self) -> list[Row]:
        return [(each["router"], each["key"]) for each in self._sessions()]

    def _sessions(self) -> Sequence[SessionShape]:
        return self._now["sessions"]["sessions"] if self._now is not None else []

    def _session(self) -> SessionShape | None:
        """The session that is open, or that with the cursor."""
        if self.opened is not None:
            return self._stack["session"] if self._stack is not None else None
        if self._selected is None:
            return None
        return self._sessions()[self._place]

    def _follow(self) -> None:
        """Keep the cursor on its session, or where that was."""
        rows = self._rows()
        if self._selected is None:
            return
        if self._selected in rows:
            self._place = rows.index(self._selected)
        elif rows and self.opened is None:
            self._place = min(self._place, len(rows) - 1)
            self._selected = rows[self._place]
            self._asked = None
        elif self.opened is None:
            self._selected = None


_HISTORY: Final = 120  # frames
_NOTE: Final = 6.0  # seconds
_MOVES: Final = {
    "up": -1,
    "k": -1,
    "down": 1,
    "j": 1,
    "page up": -10,
    "page down": 10,
    "home": -1_000_000,
    "end": 1_000_000,
}
_KEYS: Final = (
    ("q", "quit"),
    ("↑↓", "select"),
    ("enter", "open"),
    ("/", "filter"),
    ("s", "order"),
    ("p", "pause"),
    ("c", "cancel turn"),
    ("?", "help"),
)
_ACTS: Final[dict[str, Callable[[Panel, float], Wish | None]]] = {
    "q": Panel._quit,
    "Q": Panel._quit,
    "?": Panel._help,
    "h": Panel._help,
    "enter": Panel._open,
    "right": Panel._open,
    "l": Panel._open,
    "escape": Panel._back,
    "left": Panel._back,
    "backspace": Panel._back,
    "/": Panel._filter,
    "s": Panel._sort,
    "p": Panel._pause,
    " ": Panel._pause,
    "c": Panel._ask,
}
_KEYS_INSIDE: Final = (
    ("escape", "back"),
    ("↑↓", "scroll"),
    ("p", "pause"),
    ("c", "cancel turn"),
    ("q", "quit"),
)
