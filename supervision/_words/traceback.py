"""Tracebacks for the user of this library: where *their* code went wrong.

Between a user's `receive` and `trio.run` stand dozens of frames of ours and of Trio's.
They are left out, unless nothing would remain: then the error is ours, and a report of
it needs them.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from pathlib import Path
from traceback import (
    FrameSummary,
    StackSummary,
    TracebackException,
    walk_stack,
    walk_tb,
)
from types import FrameType
from typing import cast

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
_GUESSING = (3, 15)
_CAUSE = "\nThe above exception was the direct cause of the following exception:\n\n"
_CONTEXT = "\nDuring handling of the above exception, another exception occurred:\n\n"
_MEMBER = "\nThe above exception is one of the following group:\n\n"
_FROZEN = ("<frozen importlib", "<frozen runpy")


def user_traceback(error: BaseException) -> str:
    """Format an exception as Python does, with the user's frames only.

    Its causes, contexts, notes and the members of a group are there, each without the
    frames of this library, Trio and the import system.  If no frame at all would be
    left, all are shown, unless the error says where it is (a `SyntaxError`) or is one
    that this library raises on purpose.
    Control characters are shown as escapes.  No newline at the end.  Never fails.

    Where Python cannot format it, or would run code of the user for it (from 3.15 on it
    imports a package again to guess what a `ModuleNotFoundError` meant), the same is
    written by simpler means: without guesses, groups as one after the other.
    """
    text = None
    if not _guesses(error):
        # a stranger's exception class may do anything, SystemExit too
        with contextlib.suppress(Exception, SystemExit):
            text = _formatted(error)
    if text is None:
        try:
            text = _by_hand(error)
        except (Exception, SystemExit):  # noqa: BLE001 - nor may this one fail
            text = error_line(error)
    return printable(text.rstrip("\n"), lines=True)


def user_stack(frame: FrameType) -> str:
    """Where a thread is: the user's frames from the outermost to this one.

    All of them, if there are none of the user's.  As `user_traceback` it never fails.
    """
    try:
        stack = StackSummary.extract(walk_stack(frame), lookup_lines=False)
        stack.reverse()
        frames = [each for each in stack if not _is_hidden(each)]
        stack[:] = frames or stack
        text = "".join(stack.format())
    except Exception as error:  # noqa: BLE001 - a stranger's source may be anything
        text = error_line(error)
    return printable(text.rstrip("\n"), lines=True)


def _formatted(error: BaseException) -> str:
    shown = TracebackException.from_exception(error, lookup_lines=False)
    stacks = [each.stack for each in _chain(shown)]
    _hide(stacks, error)
    return "".join(shown.format())


def _hide(stacks: list[StackSummary], error: BaseException) -> None:
    """Leave the user's frames in these, unless there are none."""
    left = [[frame for frame in stack if not _is_hidden(frame)] for stack in stacks]
    if any(left) or isinstance(error, ActorError | SyntaxError):
        for stack, frames in zip(stacks, left, strict=True):
            stack[:] = frames


def _guesses(error: BaseException) -> bool:
    """Whether Python's own formatting would import something for it."""
    return sys.version_info >= _GUESSING and any(
        isinstance(each, ModuleNotFoundError) for each, _ in _errors(error)
    )


def _by_hand(error: BaseException) -> str:
    """Frames, type and text of an exception and of all that are shown with it."""
    found = _errors(error)
    stacks = [
        StackSummary.extract(walk_tb(each.__traceback__), lookup_lines=False)
        for each, _ in found
    ]
    _hide(stacks, error)
    parts: list[str] = []
    for (each, before), stack in reversed(list(zip(found, stacks, strict=True))):
        if stack:
            parts.append("Traceback (most recent call last):\n")
            parts += stack.format()
        parts.append(error_line(each) + "\n")
        parts += (f"{note}\n" for note in getattr(each, "__notes__", ()))
        parts.append(before)
    return "".join(parts)


def _errors(error: BaseException) -> list[tuple[BaseException, str]]:
    """List an exception and all that are shown with it, with what stands below each."""
    found: list[tuple[BaseException, str]] = []
    todo: list[tuple[BaseException | None, str]] = [(error, "")]
    seen: set[int] = set()
    while todo:
        each, below = todo.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        found.append((each, below))
        if each.__cause__ is not None:
            todo.append((each.__cause__, _CAUSE))
        elif not each.__suppress_context__:
            todo.append((each.__context__, _CONTEXT))
        if isinstance(each, BaseExceptionGroup):
            group = cast("BaseExceptionGroup[BaseException]", each)
            todo += [(member, _MEMBER) for member in group.exceptions]
    return found


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
    return is_hidden(frame.filename)


def is_hidden(file: str) -> bool:
    """Whether code in this file is this library's, Trio's or the import system's."""
    if file.startswith(_SHOWN):
        return False
    return file.startswith(_HIDDEN) or file.startswith(_FROZEN)
