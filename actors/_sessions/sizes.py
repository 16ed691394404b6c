"""Roughly how much memory a value holds.  Pure; runs no code of the value's own class.

For limits on what is kept of values that users have made: not exact, but in proportion.
What a value refers to is counted with it, each thing once; classes, modules, functions
and tracebacks are not.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Iterator
from itertools import islice
from types import (
    BuiltinFunctionType,
    FunctionType,
    MemberDescriptorType,
    MethodType,
    ModuleType,
)
from typing import Any, Final

_LEAVES: Final = (str, bytes, bytearray, int, float, complex, bool, type(None))
_SHARED: Final = (type, ModuleType, FunctionType, BuiltinFunctionType, MethodType)
_UNKNOWN: Final = 64  # bytes, of what does not say
_MOST: Final = 10_000  # things looked at

# Any in this file: values are anything


def rough_size(value: Any, most: float) -> int:
    """Bytes that a value holds; stops counting above `most`."""
    total, looked = 0, 0
    seen: set[int] = set()
    rest: list[Any] = [value]
    while rest and total <= most and looked < _MOST:
        each = rest.pop()
        if isinstance(each, _SHARED) or id(each) in seen:
            continue
        seen.add(id(each))
        looked += 1
        try:
            total += sys.getsizeof(each, _UNKNOWN)
        except Exception:  # noqa: BLE001 - a stranger's; it only counts
            total += _UNKNOWN
        if not isinstance(each, _LEAVES):
            rest.extend(islice(_held_by(each), _MOST))
    return total


def _held_by(value: Any) -> Iterator[Any]:
    """What a value refers to."""
    plain: Any = value  # a checker would see the insides of each kind
    if isinstance(value, dict):
        for key, item in _DICT.items(plain):
            yield key
            yield item
    for kind in _SEQUENCES:
        if isinstance(plain, kind):
            yield from kind.__iter__(plain)  # not the value's own
    if isinstance(plain, BaseException):
        yield plain.args
    cls: type
    for cls in type(plain).__mro__:
        for name, slot in vars(cls).items():
            if type(slot) is MemberDescriptorType or name == "__dict__":
                try:
                    yield slot.__get__(plain)
                except Exception:  # noqa: BLE001, S112 - it is empty
                    continue


_DICT: Any = dict
_SEQUENCES: Any = (list, tuple, set, frozenset, deque)
