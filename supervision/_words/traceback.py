"""Tracebacks for the user of this library: where *their* code went wrong.

Between a user's `receive` and `trio.run` stand dozens of frames of ours and of Trio's.
They are left out, unless nothing would remain: then the error is ours, and a report of
it needs them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
from pathlib import Path
from traceback import FrameSummary, TracebackException

import outcome
import trio

import actors
from actors import ActorError

from .text import error_line, printable

_HERE = Path(__file__).resolve().parent.parent
_SHOWN = str(_HERE / "demo") + os.sep  # a program as users write them
_HIDDEN = (
    *(
        str(Path(file).parent) + os.sep
        for file in (
            actors.__file__,
            _HERE / "__init__.py",
            trio.__file__,
            outcome.__file__,
            importlib.__file__,
        )
    ),
    contextlib.__file__,  # it stands between a block and who wrote it
)
_FROZEN = ("<frozen importlib", "<frozen runpy")


def user_traceback(error: BaseException) -> str:
    """Format an exception as Python does, with the user's frames only.

    Its causes, contexts, notes and the members of a group are there, each without the
    frames of this library, Trio and the import system.  If no frame at all would be
    left, all are shown, unless the error says where it is (a `SyntaxError`) or is one
    that this library raises on purpose.
    Control characters are shown as escapes.  No newline at the end.  Never fails.
    """
    try:
        shown = TracebackException.from_exception(error, lookup_lines=False)
        stacks = [each.stack for each in _chain(shown)]
        left = [[frame for frame in stack if not _is_hidden(frame)] for stack in stacks]
        if any(left) or isinstance(error, ActorError | SyntaxError):
            for stack, frames in zip(stacks, left, strict=True):
                stack[:] = frames
        text = "".join(shown.format())
    except Exception:  # noqa: BLE001 - a stranger's exception class may do anything
        text = error_line(error)
    return printable(text.rstrip("\n"), lines=True)


def _chain(first: TracebackException) -> list[TracebackException]:
    """List it and all that are shown with it."""
    found: list[TracebackException] = []
    todo: list[TracebackException | None] = [first]
    seen: set[int] = set()
    while todo:
        each = todo.pop()
        if each is not None and id(each) not in seen:
            seen.add(id(each))
            found.append(each)
            todo += [each.__cause__, each.__context__, *(each.exceptions or ())]
    return found


def _is_hidden(frame: FrameSummary) -> bool:
    name = frame.filename
    if name.startswith(_SHOWN):
        return False
    return name.startswith(_HIDDEN) or name.startswith(_FROZEN)
