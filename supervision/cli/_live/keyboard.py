"""The keyboard of the live view: single keys, without echo, and a sane terminal after.

The terminal keeps its signals: Ctrl-C and Ctrl-Z are not keys.
"""

from __future__ import annotations

import os
import re
from types import TracebackType
from typing import Any, Self

import trio

try:
    import termios
    import tty
except ImportError:  # pragma: no cover - not there on Windows: no service is asked
    termios = tty = None  # type: ignore[assignment]

_ARROWS = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
_TILDES = {"1": "home", "4": "end", "5": "page up", "6": "page down", "7": "home"}
_KEY = re.compile(
    r"\x1b[\[O](?P<arrow>[A-Z])"  # an arrow, in either mode of the keyboard
    r"|\x1b\[(?P<tilde>\d+)~"
    r"|\x1b\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]"  # any other key with a long name
    r"|(?P<plain>.)",
    re.DOTALL,
)
_NAMES = {"\x1b": "escape", "\r": "enter", "\n": "enter", "\x7f": "backspace"}


def read_keys(typed: str) -> list[str]:
    """Take what a terminal sent apart: `up`, `escape`, or the letter itself."""
    found: list[str] = []
    for match in _KEY.finditer(typed):
        if (arrow := match["arrow"]) is not None:
            name = _ARROWS.get(arrow)
        elif (tilde := match["tilde"]) is not None:
            name = _TILDES.get(tilde)
        elif (plain := match["plain"]) is not None:
            name = _NAMES.get(plain, plain)
        else:
            name = None
        if name is not None:
            found.append(name)
    return found


class Keyboard:
    """A terminal that gives keys as they are pressed, as long as its block is open.

    Args:
        descriptor: of the terminal.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None

    def __enter__(self) -> Self:
        self.take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.give_back()

    def take(self) -> None:
        """Have single keys, without echo."""
        assert termios is not None  # where it is not, nothing comes so far
        assert tty is not None
        if self._before is None:
            self._before = termios.tcgetattr(self._descriptor)
            tty.setcbreak(self._descriptor, termios.TCSADRAIN)

    def give_back(self) -> None:
        """Put the terminal back as it was; what was typed and not read is dropped."""
        before, self._before = self._before, None
        if before is not None and termios is not None:
            termios.tcsetattr(self._descriptor, termios.TCSAFLUSH, before)

    async def read(self) -> list[str]:
        """Wait for keys.

        Raises:
            EOFError: the terminal is gone.
        """
        await trio.lowlevel.wait_readable(self._descriptor)
        try:
            typed = os.read(self._descriptor, 1024)
        except OSError as error:
            raise EOFError from error
        if not typed:
            raise EOFError
        return read_keys(typed.decode(errors="ignore"))
