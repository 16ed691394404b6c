"""Errors that are copied, or sent to another process, stay whole.

Python makes a copy of an exception by calling its class with its `args`, and forgets
its cause.  Here nothing is called: class, args, attributes, notes and cause are put
back as they were.  What cannot leave its process, as a ref, arrives as its text.  Knows
no error of ours.
"""

from __future__ import annotations

import copy
import copyreg
import pickle
from types import MappingProxyType
from typing import Any


class Whole:
    """What an error class of ours stands on: how it is copied and pickled."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickle: with everything that can be pickled, and the text of the rest."""
        error: Any = self
        own: dict[str, Any] = error.__dict__
        fields = {name: _portable(value) for name, value in own.items()}
        args = tuple(_portable(value) for value in error.args)
        cause = _portable_error(error.__cause__)
        return _again, (type(error), args, fields, cause, error.__suppress_context__)

    def __copy__(self) -> Any:
        error: Any = self
        own: dict[str, Any] = error.__dict__
        hidden = error.__suppress_context__
        return _again(self.__class__, error.args, {**own}, error.__cause__, hidden)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        copied = self.__copy__()
        memo[id(self)] = copied
        copied.args = tuple(_deep(value, memo) for value in copied.args)
        own: dict[str, Any] = copied.__dict__
        for name, value in list(own.items()):
            setattr(copied, name, _deep(value, memo))
        return copied


# outcomes have read-only mappings, which Python itself cannot copy or pickle
def _read_only(mapping: MappingProxyType[Any, Any]) -> tuple[Any, ...]:
    return _mapping, (dict(mapping),)


def _mapping(mapping: dict[Any, Any]) -> MappingProxyType[Any, Any]:
    return MappingProxyType(mapping)


copyreg.pickle(MappingProxyType, _read_only)


def _again(
    cls: type[Any],
    args: tuple[Any, ...],
    fields: dict[str, Any],
    cause: BaseException | None,
    hidden: bool,  # noqa: FBT001 - pickle calls it
) -> Any:
    error: Any = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(fields)
    error.__cause__ = cause
    error.__suppress_context__ = hidden
    return error


def _deep(value: Any, memo: dict[int, Any]) -> Any:
    try:
        return copy.deepcopy(value, dict(memo))  # what fails may leave halves there
    except Exception:  # noqa: BLE001 - a stranger's: then it is shared
        return value


def _portable(value: Any) -> Any:
    try:
        pickle.loads(pickle.dumps(value))  # noqa: S301 - our own
    except Exception:  # noqa: BLE001 - whatever a stranger's class does
        return _text(value)
    return value


def _portable_error(error: BaseException | None) -> BaseException | None:
    portable = _portable(error)
    if isinstance(portable, str):
        return RuntimeError(f"{type(error).__name__}: {portable}")
    return error


def _text(value: object) -> str:
    try:
        return f"{value!r:.500}"
    except Exception:  # noqa: BLE001 - a stranger's
        return f"a {type(value).__name__}"
