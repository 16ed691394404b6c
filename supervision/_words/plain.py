"""Any value as plain JSON: for structured logs, whose fields are anybody's values.

Bounded in depth and in number, so that a field that holds half the program is a short
text.  Never fails: what cannot be said is said so.
"""

from __future__ import annotations

import enum
import math
import os
from collections.abc import Iterable, Mapping
from typing import Any

from actors import ActorRef, Outcome

from .text import cut, error_line, printable, safe_repr

# Any: a checker would ask for the type variables of what is found.
_REF: Any = ActorRef
_PATH: Any = os.PathLike
_MAPPING: Any = Mapping
_SEVERAL: Any = (list, tuple, set, frozenset)
_DEEPEST = 5
_MOST = 2000  # values in one field
_LONGEST = 2000  # characters of one text
_CUT = 500  # characters of what is said of an outcome
_SAYS = ("result", "error", "reason", "limit")  # of outcomes
_WORDS = "StoredError"
_EXACT = 2**63  # integers beyond it are not safe with others, nor quick to write


def plain(value: object) -> Any:  # JSON
    """The value as what `json.dumps` takes: what is no JSON as its `repr`.

    Refs become paths, exceptions `ValueError: text`, members of an enum their names,
    NaN and infinities their names.  Lists and dicts are followed to a depth of 5 and
    for 2,000 values in all, texts are cut at 2,000 characters; where something is left
    out stand three dots.
    """
    try:
        return _plain(value, _DEEPEST, [_MOST])
    except Exception as failure:  # noqa: BLE001 - a stranger's class may do anything
        return f"(cannot be shown: {type(failure).__name__})"


def outcome_text(outcome: Outcome) -> str | None:
    """What an outcome gives, or why it gives nothing, cut; None: it says nothing."""
    for name in _SAYS:
        value = getattr(outcome, name, None)
        if value is not None:
            # that of a turn of an earlier process is words already
            text = str(value) if type(value).__name__ == _WORDS else str(plain(value))
            return printable(cut(text, _CUT))
    return None


def _plain(value: Any, deep: int, left: list[int]) -> Any:  # Any: anything; JSON
    left[0] -= 1
    if deep and left[0] > 0:
        if isinstance(value, _MAPPING):
            return _mapping(value, deep - 1, left)
        if isinstance(value, _SEVERAL):
            return _several(value, deep - 1, left)
    if isinstance(value, int | float):
        return _number(value)
    return None if value is None else _text(value)


def _mapping(value: Mapping[Any, Any], deep: int, left: list[int]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, each in value.items():
        if left[0] <= 0:
            found["..."] = "..."
            break
        found[_key(key)] = _plain(each, deep, left)
    return found


def _several(value: Iterable[Any], deep: int, left: list[int]) -> list[Any]:
    found: list[Any] = []
    for each in value:
        if left[0] <= 0:
            found.append("...")
            break
        found.append(_plain(each, deep, left))
    return found


def _key(key: object) -> str:
    return cut(key, _LONGEST) if isinstance(key, str) else safe_repr(key, _LONGEST)


def _number(value: float) -> Any:  # JSON
    if isinstance(value, bool):
        return value
    if isinstance(value, enum.Enum):
        return _text(value)
    if isinstance(value, int):
        return int(value) if -_EXACT < value < _EXACT else safe_repr(value)
    return float(value) if math.isfinite(value) else repr(float(value))


def _text(value: Any) -> str:  # Any: anything
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, str):
        return cut(str(value), _LONGEST)
    if isinstance(value, _REF):
        return str(value.path)
    if isinstance(value, BaseException):
        return error_line(value)
    if isinstance(value, _PATH):
        return cut(os.fsdecode(value), _LONGEST)
    return safe_repr(value, _LONGEST)
