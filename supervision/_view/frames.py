"""Where a coroutine stands: its frames, from the outermost to what it awaits.

A suspended coroutine keeps what it awaits in `cr_await`, a generator in
`gi_yieldfrom`; the objects between an `async for` and its generator keep it where only
the collector sees it.  Following them runs nothing and changes nothing.  What is found
is cut: a stack may be a thousand frames deep, and is looked at in the loop that it
holds.

No file is read here: who draws a stack may look at the source himself.  Knows nothing
of actors but that who asks one gives his request away.
"""

from __future__ import annotations

import gc
import inspect
import sys
from collections.abc import Iterator
from types import (
    AsyncGeneratorType,
    CodeType,
    CoroutineType,
    FrameType,
    GeneratorType,
)
from typing import Any, Final

import trio

from actors.hosting import Ticket, request_of
from supervision._words.text import cut
from supervision._words.traceback import is_hidden

from .shapes import FrameShape, TaskShape
from .values import show

DEEPEST: Final = 2000
"""Frames that are followed."""
FIRST: Final = 15
"""Of these are shown: the outermost."""
LAST: Final = 35
"""And the innermost."""
TASKS: Final = 25
"""Tasks of one nursery, or of one actor, that are shown."""
NESTED: Final = 5
"""Nurseries in tasks of nurseries in ..., that are followed."""
_OWN: Final = ("actors.", "/")  # how the names of our own tasks begin
_ARGUMENTS: Final = 8  # of a function
_TEXT: Final = 200  # characters of a name

# Any: a checker would ask for their type arguments
_TYPE: Any = type
_COROUTINE: Any = CoroutineType
_GENERATOR: Any = GeneratorType
_ASYNC_GENERATOR: Any = AsyncGeneratorType
_PACKAGES: Final = ("actors", "supervision", "trio")  # what they name is public
# past whatever a stranger's metaclass has to say
_kinds: Any = vars(type)["__mro__"].__get__
_fields: Any = vars(type)["__dict__"].__get__
_class_name: Any = vars(type)["__name__"].__get__
_STEPS: Final = {_COROUTINE, _GENERATOR, _ASYNC_GENERATOR}


def task_shape(
    name: str, kind: str, coroutine: object, tasks: list[TaskShape], hidden: int = 0
) -> TaskShape:
    """A coroutine as it stands, and the tasks that belong to it."""
    frames, left_out = frames_of(coroutine)
    if kind == "hook" or name.startswith(_OWN):  # it runs a function of somebody else
        name = next((each["function"] for each in frames if each["yours"]), name)
    return TaskShape(
        name=cut(name, _TEXT),
        kind=kind,
        frames=frames,
        cut=left_out,
        tasks=tasks,
        hidden=hidden,
    )


def trio_task(
    task: trio.lowlevel.Task,
    deep: int = NESTED,
    *,
    without: trio.Nursery | None = None,
) -> TaskShape:
    """A task of Trio, with those of the nurseries that it has open, but for one."""
    below, hidden = tasks_in(task, deep, without=without)
    return task_shape(task.name, "task", task.coro, below, hidden)


def tasks_in(
    task: trio.lowlevel.Task,
    deep: int = NESTED,
    *,
    without: trio.Nursery | None = None,
) -> tuple[list[TaskShape], int]:
    """The tasks of the nurseries that a task has open, and how many are not shown."""
    found = [
        each
        for nursery in task.child_nurseries
        if nursery is not without
        for each in nursery.child_tasks
    ]
    shown = sorted(found, key=lambda each: each.name)[:TASKS] if deep > 0 else []
    return [trio_task(each, deep - 1) for each in shown], len(found) - len(shown)


def frames_of(coroutine: object) -> tuple[list[FrameShape], int]:
    """Its frames, the outermost first, and how many in the middle are left out."""
    frames = list(_walk(coroutine))
    left_out = max(len(frames) - FIRST - LAST, 0)
    if left_out:
        del frames[FIRST : FIRST + left_out]
    shapes: list[FrameShape] = []
    called_by_yours = False
    for frame, line in frames:
        code = frame.f_code
        yours = not is_hidden(code.co_filename)
        shapes.append(
            FrameShape(
                function=cut(code.co_qualname if yours else _public(frame), _TEXT),
                file=code.co_filename,
                line=line,
                yours=yours,
                # of ours only what somebody else has called says something
                arguments=_arguments(frame) if yours or called_by_yours else [],
            )
        )
        called_by_yours = yours
    return shapes, left_out


def thread_frames(frame: FrameType | None) -> tuple[list[FrameShape], int]:
    """The frames of a thread, the outermost first; with no arguments."""
    found: list[FrameType] = []
    while frame is not None and len(found) < DEEPEST:
        found.append(frame)
        frame = frame.f_back
    found.reverse()
    left_out = max(len(found) - FIRST - LAST, 0)
    if left_out:
        del found[FIRST : FIRST + left_out]
    shapes = [
        FrameShape(
            function=cut(each.f_code.co_qualname, _TEXT),
            file=each.f_code.co_filename,
            line=each.f_lineno,
            yours=not is_hidden(each.f_code.co_filename),
            arguments=[],
        )
        for each in found
    ]
    return shapes, left_out


def _walk(thing: Any) -> Iterator[tuple[FrameType, int | None]]:
    """Follow what is awaited, from the outside in."""
    seen: set[int] = set()
    while thing is not None and id(thing) not in seen and len(seen) < DEEPEST:
        seen.add(id(thing))
        kind = _TYPE(thing)
        if kind is _COROUTINE:
            frame, thing = thing.cr_frame, thing.cr_await
        elif kind is _GENERATOR:
            frame, thing = thing.gi_frame, thing.gi_yieldfrom
        elif kind is _ASYNC_GENERATOR:
            frame, thing = thing.ag_frame, thing.ag_await
        else:
            frame, thing = None, _inside(thing)
        if frame is not None:
            yield frame, frame.f_lineno


def _inside(thing: Any) -> Any:
    """What an awaitable of Python's own stands for: `async for`, `__await__()` ..."""
    if type(thing).__module__ != "builtins":
        return None  # a stranger's iterator: nothing is known of it
    return next(
        (each for each in gc.get_referents(thing) if type(each) in _STEPS), None
    )


def _public(frame: FrameType) -> str:
    """The name of a library's function, by the class that users know it by."""
    code = frame.f_code
    owner, _, name = code.co_qualname.rpartition(".")
    if not owner or code.co_varnames[:1] != ("self",):
        return code.co_qualname
    kinds = _kinds(_TYPE(_local(frame, "self")))
    packages = [sys.modules.get(each) for each in _PACKAGES]
    for place, kind in enumerate(kinds):
        known = _class_name(kind)
        if any(vars(each).get(known) is kind for each in packages if each) and any(
            name in _fields(each) for each in kinds[place:]
        ):
            return f"{known}.{name}"
    return code.co_qualname


def _local(frame: FrameType, name: str) -> Any:
    found: Any = frame.f_locals
    value = found.get(name)
    _forget(found)
    return value


def _forget(found: Any) -> None:
    """Clear a copy that would keep all of it alive for as long as the frame lives."""
    if sys.version_info < (3, 13):
        found.clear()


def _arguments(frame: FrameType) -> list[str]:
    """`name=value` of its function's arguments, as they are now."""
    code = frame.f_code
    names = _names(code)
    found: Any = frame.f_locals
    given = {name: found[name] for name in names if name in found}
    ticket = found.get("ticket")
    _forget(found)
    if "request" in given and given["request"] is None and _TYPE(ticket) is Ticket:
        given["request"] = request_of(ticket)  # given away: see there
    shown: list[str] = []
    for name, value in list(given.items())[:_ARGUMENTS]:
        text = show(value)
        if name not in {"self", "cls"} or text.startswith("/"):  # a ref says its path
            shown.append(f"{name}={text}")
    return shown


def _names(code: CodeType) -> tuple[str, ...]:
    count = code.co_argcount + code.co_kwonlyargcount
    count += bool(code.co_flags & inspect.CO_VARARGS)
    count += bool(code.co_flags & inspect.CO_VARKEYWORDS)
    return code.co_varnames[:count]
