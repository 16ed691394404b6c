"""What conversations hold, as JSON: bounded, and without a step of a stranger's code.

Records become objects of their fields, enums their names; of what has no form in JSON
there is a short text, as `values.show` writes it.  Where something is left out stand
three dots.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, Final

import trio

from supervision._routing.reports import Remembered
from supervision._view.values import fields_of, show

from .shapes import RememberedShape

# Any in this file: values are anything

CHARACTERS: Final = 16 * 1024
"""Of the texts in one value, more or less."""
_VALUES: Final = 2000  # in one value
_DEEPEST: Final = 12
_FIELDS: Final = 100  # of a record
_SHOWN: Final = 200  # characters of what has no form in JSON
_EXACT: Final = 2**63  # whole numbers beyond it are not safe with others
_CUT: Final = "..."
_SEVERAL: Any = (list, tuple, set, frozenset)
_DICT: Any = dict
_OBJECT: Any = object
_class_of: Callable[[Any], Any] = type


def as_json(value: object) -> str:
    """Write a value as JSON, in one line of ASCII."""
    return json.dumps(_Contents().of(value, _DEEPEST))


async def remembered_shape(path: str, told: Remembered) -> RememberedShape:
    """Write values as JSON; others have their turn in between."""
    state = as_json(told.state) if told.state is not None else None
    history: list[str] = []
    for each in told.history:
        await trio.lowlevel.checkpoint()
        history.append(as_json(each))
    return RememberedShape(
        router=path,
        key=told.key,
        state=state,
        version=told.version,
        history=history,
        entries=told.entries,
        before=told.before,
        waiting=told.waiting,
        tenant=told.tenant,
        generation=told.generation,
        live=told.live,
        phase=told.phase,
        held=told.held,
        node=told.node,
        age=told.age,
    )


class _Contents:
    """What is left of the bounds while one value is written."""

    def __init__(self) -> None:
        self._values = _VALUES
        self._characters = CHARACTERS

    def of(self, value: Any, deep: int) -> Any:  # noqa: PLR0911 - a table
        """Give it as what JSON has."""
        self._values -= 1
        kind = _class_of(value)
        if value is None or kind is bool:
            return value
        if issubclass(kind, enum.Enum):
            return self._text(str(_OBJECT.__getattribute__(value, "_name_")))
        if kind is int or kind is float:
            is_exact = -_EXACT < value < _EXACT and math.isfinite(value)
            return value if is_exact else self._text(show(value))
        if kind is str:
            return self._text(value)
        if deep <= 0 or self._values <= 0:
            return _CUT
        for base in _SEVERAL:
            if issubclass(kind, base):  # as Python goes through it, not as its class
                return self._several(base.__iter__(value), deep - 1)
        if issubclass(kind, _DICT):
            return self._pairs(_DICT.items(value), deep - 1)
        fields = fields_of(value, kind, _FIELDS)
        if fields is not None:
            return self._pairs(fields, deep - 1)
        return self._text(show(value, _SHOWN))

    def _text(self, text: str) -> str:
        left = max(self._characters, 0)
        self._characters -= len(text)
        return text if len(text) <= left else text[:left] + _CUT

    def _several(self, values: Iterable[Any], deep: int) -> list[Any]:
        found: list[Any] = []
        for each in values:
            if self._is_over:
                found.append(_CUT)
                break
            found.append(self.of(each, deep))
        return found

    def _pairs(self, pairs: Iterable[tuple[Any, Any]], deep: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, each in islice(pairs, _VALUES):
            if self._is_over:
                found[_CUT] = _CUT
                break
            text = name if type(name) is str else show(name)
            found[self._text(text)] = self.of(each, deep)
        return found

    @property
    def _is_over(self) -> bool:
        return self._values <= 0 or self._characters <= 0
