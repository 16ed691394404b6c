"""`encode_event`: any event as plain JSON, small, whatever is in it.  Pure.

Its fields by their names, but `ref`, which is `actor`.  Outcomes and exits are objects
with a `kind`, members of an enum their names in lower case; the rest is as in the log:
refs become paths, errors their class and text, what is no plain value its `repr`, cut.
Nothing of a stranger's code can break it.
"""

from __future__ import annotations

import enum
from typing import Any, Final

import attrs

from actors import Crashed, Event, Finished, Killed, Outcome, Stopped
from supervision._words.plain import plain
from supervision._words.text import cut

_KINDS: Final = (Outcome, Finished, Stopped, Crashed, Killed)
_SIMPLE: Final = (type(None), bool, int, float)
SHORT: Final = 500
"""Characters of a field, where all together are too many."""

_fields: dict[type, tuple[str, ...]] = {}  # of classes of events, so there are few


def encode_event(event: Event) -> dict[str, Any]:
    """An event as a JSON object: `event`, `at`, `actor`, and its own fields.

    Args:
        event: any, also of a class of yours.
    """
    said: dict[str, Any] = {
        "event": type(event).__name__,
        "at": event.at,
        "actor": event.ref.path,
    }
    for name in _names(type(event)):
        if name not in {"at", "ref"}:
            said[name] = _field(getattr(event, name))
    return said


def shortened(said: dict[str, Any]) -> dict[str, Any]:
    """An event that has become long, with each of its fields as a short text."""
    return {
        name: value if isinstance(value, _SIMPLE) else cut(str(value), SHORT)
        for name, value in said.items()
    }


def _names(cls: type) -> tuple[str, ...]:
    names = _fields.get(cls)
    if names is None:
        given: Any = cls  # checkers cannot know that all of these are classes of attrs
        names = tuple(each.name for each in attrs.fields(given))
        _fields[cls] = names
    return names


def _field(value: object) -> Any:  # JSON
    kind = type(value)
    if issubclass(kind, _KINDS):
        fields = {name: _field(getattr(value, name)) for name in _names(kind)}
        return {"kind": kind.__name__, **fields}
    if issubclass(kind, enum.Enum):
        member: Any = value  # no `isinstance`: it may run a stranger's code
        return member.name.lower()
    return plain(value)
