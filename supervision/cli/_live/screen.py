"""The screen of the live view: a page of its own, drawn anew in one write."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType

_BEGIN, _END = "\x1b[?2026h", "\x1b[?2026l"  # show it all at once, where that is known
_HOME, _REST_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"


class Screen:
    """A page of its own on a terminal; what was there is back when its block is left.

    Args:
        console: on the terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._taken = False

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

    @property
    def size(self) -> tuple[int, int]:
        """Columns and lines, as they are now."""
        return self._console.width, self._console.height

    def take(self) -> None:
        """Turn to an empty page without a cursor."""
        if not self._taken:
            self._taken = True
            self._console.set_alt_screen(enable=True)
            self._console.show_cursor(show=False)

    def give_back(self) -> None:
        """Turn back."""
        if self._taken:
            self._taken = False
            self._console.show_cursor(show=True)
            self._console.set_alt_screen(enable=False)

    def draw(self, drawing: RenderableType) -> None:
        """Show this and nothing else."""
        with self._console.capture() as captured:
            self._console.print(drawing, end="")
        lines = captured.get().replace("\n", _REST_OF_LINE + "\n")
        text = f"{_BEGIN}{_HOME}{lines}{_REST_OF_LINE}{_REST}{_END}"
        self._console.file.write(text)
        self._console.file.flush()
