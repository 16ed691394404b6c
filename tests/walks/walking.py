"""How a way through the house is measured: by the functions that are entered on it.

A *stay* is a row of entries into functions of one file, a *move* goes from one stay to
the next.  A coroutine that goes on after a wait is entered again.  What Trio, attrs and
the user's own code do in between is not looked at, nor is the return into a caller.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from types import FrameType
from typing import Final

import attrs

ROOT: Final = Path(__file__).resolve().parent.parent.parent
HOUSE: Final = ("actors", "supervision")


@attrs.frozen
class Entry:
    """A function is entered."""

    file: str
    """Its file, such as `actors/ref.py`."""
    function: str
    """Its name in there, such as `Cell.tell`."""

    def __str__(self) -> str:
        return f"{self.file}: {self.function}"


@attrs.frozen
class Stay:
    """What is entered in one file before the way goes on to another."""

    file: str
    functions: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.file}: {', '.join(self.functions)}"


@attrs.define
class Walk:
    """One way, from the first call to the last."""

    entries: list[Entry] = attrs.field(factory=list[Entry])

    @property
    def files(self) -> frozenset[str]:
        """The files that it has entered."""
        return frozenset(entry.file for entry in self.entries)

    @property
    def stays(self) -> list[Stay]:
        """The files in the order of the way, each as often as it was come to."""
        return [
            Stay(file, tuple(entry.function for entry in entries))
            for file, entries in groupby(self.entries, key=lambda entry: entry.file)
        ]

    @property
    def moves(self) -> int:
        """How often it has gone from one file to another."""
        return max(0, len(self.stays) - 1)


@contextmanager
def walked() -> Generator[Walk]:
    """Measure what this thread does in the block."""
    walk = Walk()
    tops = {str(ROOT / top) + "/": len(str(ROOT)) + 1 for top in HOUSE}
    files: dict[str, str | None] = {}  # {file: as it is written down; None: not ours}

    def entered(frame: FrameType, event: str, _: object) -> None:
        if event != "call":
            return
        code = frame.f_code
        name = code.co_filename
        if name not in files:
            ours = next((cut for top, cut in tops.items() if name.startswith(top)), 0)
            files[name] = name[ours:] if ours else None
        file = files[name]
        if file is not None:
            walk.entries.append(Entry(file, code.co_qualname))

    before = sys.getprofile()
    sys.setprofile(entered)
    try:
        yield walk
    finally:
        sys.setprofile(before)
