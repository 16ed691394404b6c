"""What a session class says of its types: prompts, chunks, state, entries.

They stand in brackets, `Session[Ask, str, tuple[Said, ...]]`, somewhere among the bases
of the class; the state's may also be that of `new_state` or `initial_state`.  That of
entries of a history stands alone (`entry_type`).  What is left open is `UNKNOWN`: also
a type variable with a bound, as nobody says which class it will be.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, ClassVar, Final, TypeVar, get_args, get_origin, get_type_hints

from actors import Session

from .classes import hints_of

# Any in this file: types are anything

UNKNOWN: Final = Any
"""Nobody has said of which type."""
_SESSION: Final[Any] = Session
_NEW_STATE: Final = _SESSION.new_state


class Declared:
    """The types of a session class."""

    def __init__(self, session: Any) -> None:
        prompt, chunk, state = _arguments(session)
        self.prompt: Any = _closed(prompt)
        self.chunk: Any = _closed(chunk)
        self.state: Any = _closed(state)
        if self.state is UNKNOWN:
            self.state = _closed(_hinted(session))
        self.entry: Any = UNKNOWN
        if session.entry_type is not None:
            self.entry = _closed(_read(session.entry_type, session))
        begins_with_none = (
            session.new_state is _NEW_STATE and session.initial_state is None
        )
        if begins_with_none and self.state is not UNKNOWN:
            self.state = self.state | None  # before anybody has set it


def _arguments(cls: Any) -> tuple[Any, ...]:
    """What stands in the brackets of Session, seen from this class."""
    bases: Any = getattr(cls, "__orig_bases__", ())
    for base in bases:
        origin = get_origin(base) or base
        if not (isinstance(origin, type) and issubclass(origin, _SESSION)):
            continue
        given = tuple(_read(each, cls) for each in get_args(base))
        if origin is Session:
            return (*given, *[UNKNOWN] * 3)[:3]
        parameters: Any = getattr(origin, "__parameters__", ())
        table = dict(zip(parameters, given, strict=False))
        return tuple(_put_in(each, table) for each in _arguments(origin))
    parents: tuple[Any, ...] = cls.__mro__[1:]
    for parent in parents:  # a class without brackets of its own
        if parent is not Session and issubclass(parent, _SESSION):
            return tuple(_closed(each) for each in _arguments(parent))
    return (UNKNOWN,) * 3


def _put_in(declared: Any, table: Mapping[Any, Any]) -> Any:
    """Put types in the place of type variables."""
    if isinstance(declared, TypeVar):
        return table.get(declared, UNKNOWN)
    parameters: Any = getattr(declared, "__parameters__", ())
    if not parameters or isinstance(declared, type):
        return declared
    return declared[tuple(table.get(each, UNKNOWN) for each in parameters)]


def _closed(declared: Any) -> Any:
    """The type, or UNKNOWN if something in it is open."""
    is_open = isinstance(declared, TypeVar) or (
        not isinstance(declared, type) and bool(getattr(declared, "__parameters__", ()))
    )
    return UNKNOWN if is_open else declared


def _read(declared: Any, cls: type[Any]) -> Any:
    """Read what was written as text, `Session["Ask", str]`, where it was written."""
    names = vars(sys.modules[cls.__module__]) if cls.__module__ in sys.modules else {}
    holder = type("holder", (), {"__annotations__": {"it": declared}})
    try:
        return get_type_hints(holder, globalns=names, include_extras=True)["it"]
    except Exception:  # noqa: BLE001 - annotations are anybody's code
        return UNKNOWN


def _hinted(session: Any) -> Any:
    """The type that `new_state` returns, or that of `initial_state`."""
    if session.new_state is not _NEW_STATE:
        return hints_of(session.new_state).get("return", UNKNOWN)
    for cls in session.__mro__:
        if cls is Session:
            break
        if "initial_state" in getattr(cls, "__annotations__", {}):
            hint = hints_of(cls).get("initial_state", UNKNOWN)
            return get_args(hint)[0] if get_origin(hint) is ClassVar else hint
    return UNKNOWN
